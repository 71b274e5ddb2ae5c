"""The contact sheet of a run: every line playable on one page."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from urllib.parse import quote

from avatar.dialogue.journal import Record
from avatar.export.targets import write_whole

__all__ = ["write_sheet"]

SHEET = "index.html"
_VIDEO = (".mp4", ".webm")
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; color: #222; background: #fafafa }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ padding: .5rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid #ddd }}
video {{ width: 160px; border-radius: 6px; background: #000 }}
.id {{ color: #777; font-size: 12px }} .feeling {{ color: #7a4a00 }} .error {{ color: #b00020 }}
</style>
<h1>{title}</h1><p>{summary}</p>
<table><tr><th>Line</th><th>Speaker</th><th>Text</th><th>Play</th><th>Files</th></tr>
{rows}
</table></html>
"""


def write_sheet(folder: Path, records: Iterable[Record], title: str) -> Path:
    """Write ``index.html`` into a run's folder.

    Parameters
    ----------
    folder : Path
        The run's folder.
    records : iterable of dict
        As in the manifest.
    title : str
        Headline.

    Returns
    -------
    Path
        The page.
    """
    listed = list(records)
    failed = sum("error" in record for record in listed)
    total_s = sum(record.get("duration_s", 0.0) for record in listed)
    summary = f"{len(listed)} lines, {total_s / 60:.1f} minutes" + (f", {failed} failed" if failed else "")
    page = _PAGE.format(title=escape(title), summary=summary, rows="\n".join(_row(record) for record in listed))

    def job(path: Path) -> None:
        path.write_text(page, encoding="utf-8")

    write_whole(folder / SHEET, job)
    return folder / SHEET


def _row(record: Record) -> str:
    files = sorted(record.get("files", {}))
    links = " ".join(f'<a href="{quote(name)}">{escape(Path(name).suffix)}</a>' for name in files)
    feeling = "; ".join(dict.fromkeys(name for _, name in record.get("emotion", [])))
    notes = "".join(f'<br><span class="id">{escape(note)}</span>' for note in record.get("warnings", ()))
    error = f'<span class="error">{escape(record["error"])}</span>' if "error" in record else ""
    return (
        f'<tr><td class="id">{escape(record["line_id"])}</td><td>{escape(record["speaker"])}</td>'
        f'<td>{escape(record["text"])}<br><span class="feeling">{escape(feeling)}</span>{notes}</td>'
        f"<td>{error or _player(files)}</td><td>{links}</td></tr>"
    )


def _player(files: list[str]) -> str:
    for name in files:
        if name.endswith(_VIDEO):
            return f'<video controls preload="metadata" src="{quote(name)}"></video>'
    for name in files:
        if name.endswith(".wav"):
            return f'<audio controls preload="none" src="{quote(name)}"></audio>'
    return ""
