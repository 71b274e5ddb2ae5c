"""The contact sheet of a run: every line playable on one page that needs nothing but its folder."""

from __future__ import annotations

import io
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from urllib.parse import quote

from avatar.dialogue.journal import Record
from avatar.dialogue.script import safe_name
from avatar.export.targets import write_text
from avatar.plot import EMOTION_COLOURS, SPEAKER_COLOURS
from checkpoints.errors import InputError
from conditioning import Emotion

__all__ = ["SHEET", "moods_picture", "write_sheet"]

SHEET = "index.html"
#: Pictures of the moods, shown on the sheet where there are any.
MOODS = "moods-{}.png"
#: Weaker emotions are not shown beside a line.
FELT = 0.1
_VIDEO = (".mp4", ".webm")
#: Width of the face that is shown until a video has its first frame, pixels.
FACE_PX = 176


def write_sheet(
    folder: Path, records: Iterable[Record], title: str, portraits: Mapping[str, Path] | None = None
) -> Path:
    """Write ``index.html`` into a run's folder.

    Parameters
    ----------
    folder : Path
        The run's folder.
    records : iterable of dict
        As in the manifest.
    title : str
        Headline.
    portraits : mapping, optional
        Pictures of speakers by name, shown small where a video has no frame yet.

    Returns
    -------
    Path
        The page.
    """
    listed = list(records)
    speakers = Counter(record["speaker"] for record in listed)
    colours = {name: SPEAKER_COLOURS[at % len(SPEAKER_COLOURS)] for at, name in enumerate(speakers)}
    faces = [_face(name, path) for name, path in (portraits or {}).items() if name in speakers]
    page = Template(files("avatar.dialogue").joinpath("sheet.html").read_text(encoding="utf-8")).substitute(
        title=escape(title),
        faces="\n".join(faces),
        summary=_summary(listed),
        speakers="".join(_speaker_button(name, count, colours[name]) for name, count in speakers.items()),
        moods="".join(
            f'<img class="moods" src="{quote(picture.name)}" alt="Moods over the scene: {escape(picture.stem)}">'
            for picture in sorted(folder.glob(MOODS.format("*")))
        ),
        rows="\n".join(_row(record, colours[record["speaker"]]) for record in listed),
    )
    write_text(folder / SHEET, page)
    return folder / SHEET


def moods_picture(folder: Path, script: str) -> Path:
    """Return where the moods of a script are drawn, which the manifest calls ``script``: its path from the folder."""
    beside = script.startswith("../")
    return folder / MOODS.format(safe_name(script.removeprefix("../") if beside else f"./{script}"))


def _face(name: str, path: Path) -> str:
    """Return the style that puts a speaker's picture behind the speaker's videos, or none if it is no picture."""
    from PIL import Image

    from renderers.face import read_picture

    held = io.BytesIO()
    try:
        small = Image.fromarray(read_picture(path).pixels)
    except InputError:  # A film to be dubbed, for example.
        return ""
    small.thumbnail((FACE_PX, 2 * FACE_PX))
    small.save(held, "JPEG", quality=80)
    encoded = b64encode(held.getvalue()).decode("ascii")
    rule = f'video {{ background: url("data:image/jpeg;base64,{encoded}") center / cover }}'
    return f'[data-face="{_number(name)}"] {rule}'


def _number(name: str) -> str:
    """Return what stands for a speaker's name in a style, where not every character may."""
    return name.encode("utf-8").hex()


def _summary(records: list[Record]) -> str:
    failed = sum("error" in record for record in records)
    total_s = sum(record.get("duration_s", 0.0) for record in records)
    length = f"{total_s:.0f} seconds" if total_s < 100 else f"{total_s / 60:.1f} minutes"
    return f"{len(records)} lines, {length}" + (f', <b class="error">{failed} failed</b>' if failed else "")


def _speaker_button(name: str, count: int, colour: str) -> str:
    shown = escape(name or "narrator")
    return f'<button data-speaker="{escape(name)}" style="--own:{colour}">{shown} <small>{count}</small></button>'


def _row(record: Record, colour: str) -> str:
    names = sorted(record.get("files", {}))
    links = " ".join(f'<a href="{quote(name)}" download>{escape(Path(name).suffix[1:])}</a>' for name in names)
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in record.get("warnings", ()))
    error = f'<p class="error">{escape(record["error"])}</p>' if "error" in record else ""
    length = f"{record['duration_s']:.1f} s" if "duration_s" in record else ""
    name = record["speaker"]
    return (
        f'<article data-speaker="{escape(name)}" data-face="{_number(name)}" style="--own:{colour}">'
        f'<div class="play">{_player(names)}</div>'
        f"<div><header><b>{escape(name or 'narrator')}</b> {_feelings(record)}</header>"
        f'<p class="text">{escape(record["text"])}</p>{error}{notes}</div>'
        f"<footer><code>{escape(record['line_id'])}</code><span>{length}</span>"
        f'<span class="files">{links}</span></footer></article>'
    )


def _feelings(record: Record) -> str:
    """Return the emotions that can be felt in a line, strongest first, each in its colour."""
    strongest: dict[str, float] = {}
    for _, felt in record.get("emotion", []):
        for name, weight in Emotion.parse(felt):
            strongest[name] = max(weight, strongest.get(name, 0.0))
    felt_most = sorted((item for item in strongest.items() if item[1] >= FELT), key=lambda item: -item[1])
    return "".join(f'<i style="--own:{EMOTION_COLOURS[name]}">{name} {weight:.1f}</i>' for name, weight in felt_most)


def _player(names: list[str]) -> str:
    for name in names:
        if name.endswith(_VIDEO):
            return f'<video controls preload="metadata" src="{quote(name)}"></video>'
    for name in names:
        if name.endswith(".wav"):
            return f'<audio controls preload="none" src="{quote(name)}"></audio>'
    return ""
