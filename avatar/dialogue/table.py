"""Sheets: CSV and TSV with named columns, Yarn Spinner's string tables, Ren'Py's ``dialogue.tab``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from avatar.dialogue.script import ScriptLine, read_text
from avatar.dialogue.yarn import split_tags, spoken_text
from checkpoints.errors import InputError
from conditioning.markup import escape
from conditioning.registry import nearest

__all__ = ["has_text_column", "line_of", "lines_of", "read_renpy", "read_table"]

#: Column → other names that sheets give it (compared in lower case, without spaces and underscores).
_ALIASES: dict[str, tuple[str, ...]] = {
    "line_id": ("lineid", "id", "key", "identifier", "stringid", "name"),
    "speaker": ("speaker", "character", "actor", "who"),
    "text": ("text", "dialogue", "line", "string", "source", "english"),
    "language": ("lang", "language", "locale"),
    "emotion": ("emotion", "mood", "feeling"),
    "direction": ("direction", "directions", "note", "notes", "comment"),
    "intensity": ("intensity", "strength"),
    "seed": ("seed", "take"),
}
#: Doubled brackets, while single ones are taken away: two of Unicode's private characters.
_OPEN_BRACE, _OPEN_BRACKET = "\ue000", "\ue001"
_RENPY_COLUMNS = ("Identifier", "Character", "Dialogue")


def read_table(path: Path) -> Iterator[ScriptLine]:
    """Yield the rows of a sheet in text form that has at least the column text.

    Raises
    ------
    InputError
        As :func:`lines_of`, or if a quote is not closed.
    """
    text = read_text(path)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        yield from lines_of(((f"{path.name}:{reader.line_num}", row) for row in reader), header, str(path))
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: {error}; check the quotes of that row") from error


def lines_of(rows: Iterable[tuple[str, Sequence[str]]], header: Sequence[str], name: str) -> Iterator[ScriptLine]:
    """Yield the lines of a sheet's rows, whatever file they came from; empty rows are passed over.

    A Yarn Spinner string table (columns language, id, text, file, node, …) is known by its columns: there the
    speaker stands before the text.

    Parameters
    ----------
    rows : iterable of (str, sequence of str)
        Where a row stands, for messages, and its cells.
    header : sequence of str
        Names of the columns.
    name : str
        Of the sheet, for messages.

    Raises
    ------
    InputError
        If the text column is missing, or a row's intensity or seed is not a number.
    """
    columns = _columns(name, header)
    is_yarn = {"language", "id", "text", "node"} <= {title.strip().lower() for title in header}
    for place, row in rows:
        if any(cell.strip() for cell in row):
            record = {key: row[at].strip() for key, at in columns.items() if at < len(row)}
            yield _yarn_row(record, place) if is_yarn else line_of(record, place)


def read_renpy(path: Path) -> Iterator[ScriptLine]:
    """Yield the lines of Ren'Py's ``dialogue.tab`` (column 1 is the id that ``config.auto_voice`` asks for).

    ``extend`` is no character: it goes on with the line before, in the voice of whoever said that.
    """
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = [name for name in _RENPY_COLUMNS if name not in (reader.fieldnames or [])]
    if missing:
        raise InputError(
            f"{path} has no column {missing[0]!r}; make it with Ren'Py's 'Extract Dialogue', tab-delimited"
        )
    speaker = ""
    for row in reader:
        who = (row["Character"] or "").strip().strip('"')
        speaker = speaker if who == "extend" else who
        yield ScriptLine(
            line_id=(row["Identifier"] or "").strip(),
            speaker=speaker,
            text=_renpy_text(row["Dialogue"] or ""),
            place=f"{path.name}:{reader.line_num}",
        )


def _renpy_text(text: str) -> str:
    r"""Return what is spoken of a Ren'Py text: without tags, and with ``[variable]`` written as ``{variable}``.

    Examples
    --------
    >>> _renpy_text("Hi {b}there{/b}, [name]! {{1} [[sic]")
    'Hi there, {name}! {1} \\[sic\\]'
    """
    text = text.replace("{{", _OPEN_BRACE).replace("[[", _OPEN_BRACKET)
    text = re.sub(r"\[([^\[\]]*)\]", r"{\1}", re.sub(r"\{[^{}]*\}", "", text))
    return escape(text.replace(_OPEN_BRACE, "{").replace(_OPEN_BRACKET, "[")).strip()


def line_of(record: dict[str, str], place: str) -> ScriptLine:
    """Make a line of named text fields.

    Raises
    ------
    InputError
        If ``intensity`` or ``seed`` is not a number.
    """
    return ScriptLine(
        line_id=record.get("line_id", ""),
        speaker=record.get("speaker", ""),
        text=record.get("text", ""),
        language=record.get("language", ""),
        emotion=record.get("emotion", ""),
        direction=record.get("direction", ""),
        intensity=_number(record, "intensity", place, 1.0),
        seed=int(_number(record, "seed", place, 0.0)) if record.get("seed") else None,
        place=place,
    )


def _yarn_row(record: dict[str, str], place: str) -> ScriptLine:
    tagged = split_tags(record.get("text", ""))
    speaker, words = spoken_text(tagged.text)
    line_id = record.get("line_id", "").removeprefix("line:")
    return ScriptLine(line_id=line_id, speaker=speaker, text=words, language=record.get("language", ""), place=place)


def _columns(name: str, header: Sequence[str]) -> dict[str, int]:
    """Return the position of each column that we know; there must be one of text."""
    found = _known_columns(header)
    if "text" not in found:
        offered = nearest("text", [title.lower() for title in header])
        raise InputError(f"{name} has no column 'text' among {list(header[:12])}{offered or '; name it so'}")
    return found


def has_text_column(header: Sequence[str]) -> bool:
    """Tell whether a sheet with these columns can hold lines."""
    return "text" in _known_columns(header)


def _known_columns(header: Sequence[str]) -> dict[str, int]:
    names = [re.sub(r"[\s_-]", "", title.strip().lower()) for title in header]
    return {key: names.index(n) for key, aliases in _ALIASES.items() for n in reversed(aliases) if n in names}


def _number(record: dict[str, str], key: str, place: str, default: float) -> float:
    value = record.get(key, "")
    if not value:
        return default
    try:
        number = float(value)
    except ValueError:
        raise InputError(f"{place}: {key}={value!r} is not a number") from None
    if not 0.0 <= number <= 2**31:
        raise InputError(f"{place}: {key}={value} is not allowed; it is 0 or more")
    return number


def _delimiter(text: str) -> str:
    """Return the delimiter of the header line: Excel writes semicolons in many countries."""
    header = text.split("\n", 1)[0]
    return max(",;\t", key=header.count)
