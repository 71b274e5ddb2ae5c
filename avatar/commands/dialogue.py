"""``mien dialogue``: a whole script, resumable, on all cores."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avatar.commands import options

if TYPE_CHECKING:
    from avatar.dialogue.journal import Record
    from avatar.dialogue.plan import Job
    from avatar.dialogue.run import Outcome
    from avatar.dialogue.script import Script

#: Failed lines that are named before it is said how many more there are.
MAX_NAMED = 10


@click.command()
@click.argument("script", type=click.Path(path_type=Path))
@click.argument("cast", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where it goes; scripts may share a folder.",
)
@click.option("--new-cast", is_flag=True, help="Only write CAST: a table for each speaker of the script, to be edited.")
@click.option(
    "--formats", default="wav,csv", show_default=True, metavar="SUFFIXES",
    help="What to write for each line, with commas between: wav,csv,mp4,anim,tres,unreal.csv … (`mien doctor`).",
)  # fmt: skip
@click.option("--language", default="en-us", show_default=True, metavar="TAG", help="Of lines that name none.")
@click.option("--only", multiple=True, metavar="ID|SPEAKER", help="Only this line or speaker. May be repeated.")
@options.fps
@options.size
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes. Default: one for each core.")
@click.option("--ray", "ray_address", metavar="ADDRESS", help='Use a Ray cluster; "local" starts one here.')
@click.option("--moods", is_flag=True, help="Let feelings carry over from line to line and rub off between speakers.")
@click.option("--plot", is_flag=True, help="Draw the moods of all speakers over the scene: FOLDER/moods-SCRIPT.png.")
@click.option("--dry-run", is_flag=True, help="Only say what would be made, how long it takes and how large it is.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar and no report; lines that fail are named.")
def dialogue(
    script: Path,
    cast: Path,
    output: Path | None,
    new_cast: bool,
    formats: str,
    language: str,
    only: tuple[str, ...],
    fps: float,
    size: tuple[int, int],
    workers: int | None,
    ray_address: str | None,
    moods: bool,
    plot: bool,
    dry_run: bool,
    quiet: bool,
) -> None:
    """Perform every line of SCRIPT with the characters of CAST.

    SCRIPT is a Yarn Spinner file, a Ren'Py dialogue.tab, a sheet (.csv, .tsv, .xlsx) with the columns line_id, speaker,
    text and, if you like, emotion, intensity, direction, language, seed, a .jsonl, or an Ink story. CAST is a TOML file
    with one table per character.

    Files go to FOLDER/<language>/<speaker>/<line id>.<suffix>, with manifest.jsonl and a page index.html on which
    every line can be played. Scripts whose ids differ may share a folder: both files hold the lines of all.

    Stop it whenever you like; started again, it goes on where it was, and a line is made again only if something that
    shapes it has changed.

    \b
    mien dialogue scene.yarn cast.toml --new-cast
    mien dialogue scene.yarn cast.toml -o out --formats wav,csv,mp4
    """
    from tqdm import tqdm

    from avatar.dialogue import NARRATOR, Settings, plan, read_cast, read_script
    from avatar.dialogue.estimate import estimate
    from avatar.dialogue.plan import feel
    from avatar.dialogue.run import run
    from avatar.dialogue.sheet import moods_picture, write_sheet
    from avatar.export import suffix_of
    from avatar.export.targets import write_whole
    from avatar.plot import plot_scene, save_figure

    if new_cast:
        _write_cast(script, cast)
        return
    if output is None:
        raise click.UsageError("Missing option '-o' / '--output', the folder to write into, such as -o out.")
    suffixes = tuple(suffix_of(Path(f"line.{name.strip().lstrip('.')}")) for name in formats.split(",") if name.strip())
    lines = read_script(script)
    characters = read_cast(cast)
    jobs = plan(lines, characters, Settings(suffixes, language, fps, size, moods), only)
    if dry_run:
        click.echo(estimate(jobs, output, workers))
        return
    scene = feel(lines, characters, language).lines if plot else []
    called = _name(script, output)
    with tqdm(total=len(jobs), unit="line", disable=quiet or None) as bar:
        outcome = run(
            jobs,
            output,
            script=called,
            workers=workers,
            ray_address=ray_address,
            keep_others=bool(only),
            on_done=bar.update,
        )
    if plot:
        picture = plot_scene(scene)
        write_whole(moods_picture(output, called), lambda path: save_figure(picture, path))
    portraits = {character.name.casefold(): character.portrait for character in characters.characters}
    faces = {name: face for name in lines.speakers if (face := portraits.get((name or NARRATOR).casefold()))}
    shared = len({record["script"] for record in outcome.records}) > 1
    page = write_sheet(output, outcome.records, output.resolve().name if shared else script.stem, faces)
    _name_failures(jobs, outcome.records)
    if not quiet:
        click.echo(f"{_summary(outcome, lines, jobs)}: {page}")
    if outcome.failed:
        raise SystemExit(1)


def _summary(outcome: Outcome, script: Script, jobs: list[Job]) -> str:
    """Count what was made, and what somebody should look at."""
    ours = {job.fingerprint for job in jobs}
    noted = sum(bool(record.get("warnings")) for record in outcome.records if record["fingerprint"] in ours)
    counts = [f"{outcome.rendered} made", f"{outcome.kept} kept", f"{outcome.failed} failed"]
    more = {"with warnings": noted, "without text": len(script.textless)}
    return ", ".join([*counts, *(f"{count} {what}" for what, count in more.items() if count)])


def _name(script: Path, output: Path) -> str:
    """Return how a script is called in a folder's manifest: its path from there, which moves with both."""
    try:
        return Path(os.path.relpath(script.resolve(), output.resolve())).as_posix()
    except ValueError:  # On another drive.
        return script.name


def _name_failures(jobs: list[Job], records: list[Record]) -> None:
    """Say which of the jobs failed and why, the first few of them."""
    errors = {record["fingerprint"]: record["error"] for record in records if "error" in record}
    failed = [(job.line, errors[job.fingerprint]) for job in jobs if job.fingerprint in errors]
    for line, error in failed[:MAX_NAMED]:
        click.echo(f"mien: {line.place}: {line.line_id}: {error}", err=True)
    if failed[MAX_NAMED:]:
        click.echo(f"mien: … and {len(failed) - MAX_NAMED} more; the page and manifest.jsonl name them all", err=True)


def _write_cast(script: Path, cast: Path) -> None:
    """Write a first cast of a script, unless there is one already."""
    from avatar.dialogue import new_cast, read_script
    from avatar.export.targets import write_text
    from checkpoints.errors import OutputError

    if cast.exists():
        raise OutputError(f"{cast} exists and may have been edited; give another name, or move it away")
    text = new_cast(read_script(script))
    write_text(cast, text)
    click.echo(f"{cast}: {text.count(chr(10) + '[')} characters; edit it, then leave out --new-cast")
