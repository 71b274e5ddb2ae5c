"""``mien stream``: a line, live to an engine or a browser."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avatar.commands import options

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from avatar.animator import Style
    from avatar.sound_stream import SoundStream
    from avatar.take import Take

#: Blocks a second that are read of a sound.
BLOCKS_HZ = 50


@click.command()
@click.argument("text", required=False)
@click.option(
    "--sound",
    metavar="FILE",
    help="Instead of TEXT: follow a voice. A recording, or - for raw 16-bit mono sound as it comes in.",
)
@click.option(
    "--sound-rate", type=click.IntRange(4000, 192_000), default=16_000, show_default=True, help="Of raw sound, hertz."
)
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
    text: str | None, sound: str | None, sound_rate: int, emotion: str | None, language: str, seed: int,
    to: tuple[str, ...], fps: float, subject: str, rig: str | None, head: str | None, wait: float | None,
    quiet: bool, portrait: Path | None, voice: str | None, speaker: str | None,
    voice_options: tuple[tuple[str, str | float], ...], rate: float, pitch: float, style: Style,
) -> None:  # fmt: skip
    """Speak TEXT, or follow a voice, live: curves to receivers as the sound plays. Sound goes to ws:// receivers.

    \b
    mien stream "You came back!" -e joy --to ws://127.0.0.1:8765     then open http://127.0.0.1:8765
    mien stream "Leave. Now." -e anger --to livelink://192.168.1.20
    arecord -t raw -f S16_LE -r 16000 -c 1 | mien stream --sound - --to vmc://127.0.0.1
    """
    from avatar.avatar import DEFAULT_VOICE, Avatar
    from avatar.live import stream as send
    from avatar.live.targets import open_sender
    from checkpoints.errors import InputError
    from conditioning import Delivery

    if (text is None) == (sound is None):
        raise InputError("give either TEXT or --sound FILE; `mien stream --help` shows examples")
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
    source: Take | SoundStream
    if text is not None:
        source = avatar.say(sys.stdin.read() if text == "-" else text, emotion=emotion, seed=seed, language=language)
        length = f"{source.duration_s:.2f} s"
    else:
        assert sound is not None
        source = avatar.follow(*_blocks(sound, sound_rate), emotion, seed=seed)
        length = f"a voice, {1000 * source.latency_s:.0f} ms late,"
    pages = [f"http://{address.partition('://')[2]}" for address in to if address.startswith("ws:")]

    def tell() -> None:
        if not quiet:
            click.echo(f"{length} to {', '.join(to)}" + "".join(f"; open {page}" for page in pages))

    report = send(source, to, fps=fps, subject=subject, rig=rig, head=head, wait_s=wait, ready=tell)
    if not quiet:
        click.echo(f"{report.frames} frames, the latest 1 % over {report.late_p99_ms:.1f} ms late")


def _blocks(sound: str, rate: int) -> tuple[Iterator[npt.NDArray[np.generic]], int]:
    """Return the blocks of a sound, 20 ms each, and their rate: from a file, or raw from standard input."""
    import numpy as np

    if sound != "-":
        from avatar.recording import read_recording

        recording = read_recording(sound)
        step = recording.sample_rate // BLOCKS_HZ
        wave = recording.waveform
        return (wave[first : first + step] for first in range(0, len(wave), step)), recording.sample_rate
    size = 2 * (rate // BLOCKS_HZ)
    raw = iter(lambda: sys.stdin.buffer.read(size), b"")
    return (np.frombuffer(part[: len(part) // 2 * 2], "<i2") for part in raw), rate
