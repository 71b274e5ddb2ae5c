"""``mien stream``: a line, live to an engine or a browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avatar.commands import options

if TYPE_CHECKING:
    from avatar.animator import Style


@click.command()
@click.argument("text")
@options.emotion
@options.portrait
@options.voice
@options.style
@click.option(
    "--to",
    multiple=True,
    metavar="ADDRESS",
    default=("ws://127.0.0.1:8765",),
    show_default=True,
    help="livelink://HOST (Unreal), vmc://HOST (VMC over OSC) or ws://HOST (a page in the browser). May be repeated.",
)
@click.option(
    "--rate-hz", "fps", type=click.FloatRange(1, 240), default=60.0, show_default=True, help="Frames a second."
)
@click.option("--subject", default="Mien", show_default=True, help="The character's name, as receivers list it.")
@click.option("--rig", metavar="NAME", help="Which curves VMC receivers get: arkit (default), vrm1, vrm0 …")
@click.option("--head", metavar="NAME", help="Which head the page shows: a registered name or a .glb file.")
@click.option(
    "--wait",
    type=click.FloatRange(0, 600),
    help="Seconds before it begins.  [default: begins when the page is open; at once without one]",
)
@click.option("-q", "--quiet", is_flag=True, help="No report.")
def stream(
    text: str, emotion: str | None, language: str, seed: int, to: tuple[str, ...], fps: float, subject: str,
    rig: str | None, head: str | None, wait: float | None, quiet: bool, portrait: Path | None, voice: str | None,
    speaker: str | None, voice_options: tuple[tuple[str, str | float], ...], rate: float, pitch: float, style: Style,
) -> None:  # fmt: skip
    """Speak TEXT live: curves to receivers as its sound plays. Sound goes to ws:// receivers.

    \b
    mien stream "You came back!" -e joy --to ws://127.0.0.1:8765     then open http://127.0.0.1:8765
    mien stream "Leave. Now." -e anger --to livelink://192.168.1.20
    """
    from avatar.avatar import DEFAULT_VOICE, Avatar
    from avatar.live import stream as send
    from avatar.live.targets import open_sender
    from conditioning import Delivery

    for address in to:
        open_sender(address)
    avatar = Avatar(
        portrait=portrait,
        voice=voice or DEFAULT_VOICE,
        speaker=speaker,
        voice_options=dict(voice_options),
        delivery=Delivery(rate=rate, pitch_st=pitch),
        style=style,
    )
    take = avatar.say(sys.stdin.read() if text == "-" else text, emotion=emotion, seed=seed, language=language)
    pages = [f"http://{address.partition('://')[2]}" for address in to if address.startswith("ws:")]

    def tell() -> None:
        if not quiet:
            click.echo(f"{take.duration_s:.2f} s to {', '.join(to)}" + "".join(f"; open {page}" for page in pages))

    report = send(take, to, fps=fps, subject=subject, rig=rig, head=head, wait_s=wait, ready=tell)
    if not quiet:
        click.echo(f"{report.frames} frames, the latest 1 % over {report.late_p99_ms:.1f} ms late")
