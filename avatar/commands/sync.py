"""``mien sync``: a recording, performed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from avatar.commands import options


@click.command()
@click.argument("recording", type=click.Path(path_type=Path))
@click.option("-t", "--text", help="What is said. With it the lips follow the words, without it the sound.")
@options.emotion
@options.portrait
@options.outputs
@options.style
@options.picture
@options.drawing
def sync(
    recording: Path,
    text: str | None,
    emotion: str | None,
    language: str,
    seed: int,
    output: tuple[Path, ...],
    **rest: Any,
) -> None:
    """Perform RECORDING, a voice actor's line, and write what -o asks for.

    RECORDING is a sound (wav, flac, ogg, mp3 …) or a film with sound (mp4, mov, mkv, webm …).

    \b
    mien sync line_042.wav --text "You came back!" --portrait guard.png -o line_042.mp4 -o line_042.csv
    """
    from avatar.commands.shell import open_avatar, save, show_progress

    avatar, targets = open_avatar(output, **rest)
    with show_progress(targets, "listening", "part"):
        take = avatar.lip_sync(recording, text, emotion, seed=seed, language=language)
    save(take, targets)
