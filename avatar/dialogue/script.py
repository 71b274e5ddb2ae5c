"""A script: lines of dialogue with their speakers and ids, from whatever a studio writes them in."""

from __future__ import annotations

import codecs
import hashlib
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path

from checkpoints.errors import InputError
from conditioning.emotion import Emotion
from conditioning.registry import nearest

__all__ = ["MAX_SCRIPT_BYTES", "Script", "ScriptLine", "read_script", "read_text", "safe_name"]

#: Larger files are refused: a script of a hundred thousand lines has about ten megabytes.
MAX_SCRIPT_BYTES = 200_000_000

#: Suffix → reader. A reader takes a path and yields lines in order; lines without an id get one afterwards.
READERS: dict[str, str] = {
    ".yarn": "avatar.dialogue.yarn:read_yarn",
    ".tab": "avatar.dialogue.table:read_renpy",
    ".csv": "avatar.dialogue.table:read_table",
    ".tsv": "avatar.dialogue.table:read_table",
    ".xlsx": "avatar.dialogue.xlsx:read_xlsx",
    ".jsonl": "avatar.dialogue.jsonl:read_jsonl",
    ".ink": "avatar.dialogue.ink:read_ink",
    ".json": "avatar.dialogue.ink:read_ink_json",
}

#: Rows without a text that a warning names before it says how many more there are.
MAX_NAMED = 8
#: Names that Windows keeps for devices, whatever their suffix.
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(10))})


@dataclass(frozen=True)
class ScriptLine:
    """One line of dialogue.

    Attributes
    ----------
    line_id : str
        The script's own id, or one made of speaker and text.
    speaker, text : str
        Who says what.
    language : str
        BCP 47 tag; empty for the run's default.
    emotion : str
        As :meth:`conditioning.Emotion.parse` reads it; empty: read from the words.
    direction : str
        The writer's note to the actor, taken as further emotion words where it holds any.
    intensity : float
        Factor on the emotion.
    seed : int or None
        ``None``: made from the id.
    place : str
        ``file:line`` where it stands, for messages.
    """

    line_id: str
    speaker: str
    text: str
    language: str = ""
    emotion: str = ""
    direction: str = ""
    intensity: float = 1.0
    seed: int | None = None
    place: str = ""

    @property
    def direction_emotion(self) -> str:
        """The direction where it is made of emotion words (``"slightly annoyed"``), else empty (``"to the door"``)."""
        try:
            return self.direction if Emotion.parse(self.direction) else ""
        except InputError:
            return ""


@dataclass(frozen=True)
class Script:
    """Lines in the order in which they are spoken; every id stands once.

    Attributes
    ----------
    lines : tuple of ScriptLine
    source : str
        Path of the file, if there is one.
    textless : tuple of ScriptLine
        Rows that have an id but no text yet; nobody speaks them.
    speakers : tuple of str
        Those of the lines.
    """

    lines: tuple[ScriptLine, ...]
    source: str = ""
    textless: tuple[ScriptLine, ...] = ()
    speakers: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        seen: dict[tuple[str, str], str] = {}
        for line in self.lines:
            key = (line.language, line.line_id)
            if key in seen:
                raise InputError(
                    f"the line id {line.line_id!r} stands at {seen[key]} and again at {line.place}; "
                    "ids must be unique per language"
                )
            seen[key] = line.place
        object.__setattr__(self, "speakers", tuple(dict.fromkeys(line.speaker for line in self.lines)))

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[ScriptLine]:
        return iter(self.lines)


def read_script(path: Path) -> Script:
    """Read a script; its suffix says in which form.

    Parameters
    ----------
    path : Path
        ``.yarn`` (Yarn Spinner), ``.csv``/``.tsv``/``.xlsx`` (sheets with the columns line_id, speaker, text, or
        Yarn Spinner's string table), ``.tab`` (Ren'Py's dialogue.tab), ``.jsonl``, ``.ink`` and Ink's compiled
        ``.json``.

    Warns
    -----
    UserWarning
        If rows have an id but no text; they are left out.

    Raises
    ------
    InputError
        If the form is unknown, the file cannot be read, an id stands twice, or there is no line in it.
    """
    suffix = path.suffix.lower()
    if suffix not in READERS:
        known = sorted(READERS)
        raise InputError(
            f"cannot read a script from {path.name!r}; known are {', '.join(known)}{nearest(suffix, known)}"
        )
    module, _, function = READERS[suffix].partition(":")
    reader: Callable[[Path], Iterable[ScriptLine]] = getattr(import_module(module), function)
    rows = list(reader(path))
    lines = tuple(_with_ids(row for row in rows if row.text.strip()))
    if not lines:
        raise InputError(f"{path} holds no line of dialogue; each needs at least a speaker and a text")
    textless = tuple(row for row in rows if row.line_id and not row.text.strip())
    if textless:
        named = ", ".join(f"{row.line_id!r} at {row.place}" for row in textless[:MAX_NAMED])
        more = f" and {len(textless) - MAX_NAMED} more" if textless[MAX_NAMED:] else ""
        warnings.warn(
            f"{path.name}: {len(textless)} of {len(rows)} rows have an id but no text, and nobody speaks them: "
            f"{named}{more}",
            stacklevel=2,
        )
    return Script(lines, str(path), textless)


def read_text(path: Path) -> str:
    """Return a file's text, in UTF-8, UTF-16 with its mark, or else CP1252 with a warning.

    Raises
    ------
    InputError
        If the file cannot be read, is too large or holds binary data.
    """
    try:
        if path.stat().st_size > MAX_SCRIPT_BYTES:
            raise InputError(f"{path} is larger than {MAX_SCRIPT_BYTES // 10**6} MB; split it")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; check the path") from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is not valid UTF-16: {error.reason}; save it as UTF-8") from error
    if b"\0" in data:
        raise InputError(f"{path} is not a text file; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        warnings.warn(f"{path.name} is not UTF-8; read as CP1252: save it as UTF-8 to be sure", stacklevel=2)
        return data.decode("cp1252", errors="replace")


def safe_name(name: str) -> str:
    """Return a file name for an id or a speaker: no path, no reserved name, no two ids alike.

    Examples
    --------
    >>> safe_name("line_042")
    'line_042'
    >>> safe_name("../../etc/passwd").startswith("etc_passwd-")
    True
    """
    plain = re.sub(r"[^\w.+ -]+", "_", name).strip("_. ")[:80]
    reserved = plain.split(".")[0].strip().lower() in _RESERVED
    if plain == name and plain and not reserved:
        return plain
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{'_' if reserved else ''}{plain or 'line'}-{mark}"


def _with_ids(lines: Iterable[ScriptLine]) -> Iterator[ScriptLine]:
    """Give each line without an id one that is made of its speaker and text, so that edits elsewhere keep it."""
    counts: dict[str, int] = {}
    for line in lines:
        if line.line_id:
            yield line
            continue
        digest = hashlib.sha256(f"{line.speaker}\0{line.text}".encode()).hexdigest()[:10]
        counts[digest] = counts.get(digest, 0) + 1
        yield replace(line, line_id=digest if counts[digest] == 1 else f"{digest}-{counts[digest]}")
