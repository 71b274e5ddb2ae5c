"""``mien idle``: a face that waits or listens, in a loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from avatar.commands import options

#: Written where neither -o nor a face is given: there is nothing to hear.
DEFAULT_CURVES = Path("take.csv")


@click.command()
@click.argument("seconds", type=float, required=False)
@click.option("-e", "--emotion", default="neutral", show_default=True, metavar="EMOTION", help="What the face feels.")
@click.option("--listen", is_flag=True, help="Look at a speaker and nod now and then.")
@click.option(
    "--listen-to",
    type=click.Path(path_type=Path),
    metavar="SOUND",
    help="Instead of SECONDS: listen to this recording, and nod in its pauses.",
)
@options.seed
@options.portrait
@options.outputs
@options.style
@options.picture
@options.drawing
def idle(
    seconds: float | None,
    emotion: str,
    listen: bool,
    listen_to: Path | None,
    seed: int,
    output: tuple[Path, ...],
    **rest: Any,
) -> None:
    """Be there for SECONDS without speaking: breath, blinks, glances; the end flows into the beginning.

    \b
    mien idle 8 -e trust --portrait guard.png -o waiting.mp4 -o waiting.glb
    mien idle 8 --listen --portrait guard.png -o listening.mp4
    mien idle --listen-to line_042.wav --portrait guard.png -o reaction.mp4
    """
    from avatar.commands.shell import open_avatar, save
    from checkpoints.errors import InputError

    if (seconds is None) == (listen_to is None):
        raise InputError("give either SECONDS or --listen-to SOUND; `mien idle --help` shows examples")
    if not output and rest["portrait"] is None:
        output = (DEFAULT_CURVES,)
    avatar, targets = open_avatar(output, **rest)
    if listen_to is not None:
        take = avatar.listen(listen_to, emotion, seed=seed)
    else:
        assert seconds is not None
        take = avatar.listen(seconds, emotion, seed=seed) if listen else avatar.idle(seconds, emotion, seed=seed)
    save(take, targets)
