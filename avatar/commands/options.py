"""Options that several commands share, each written once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

__all__ = ["drawing", "emotion", "fps", "manner", "outputs", "picture", "portrait", "seed", "size", "style", "voice"]

Command = TypeVar("Command", bound=Callable[..., Any])

if TYPE_CHECKING:
    _SizeType = click.ParamType[tuple[int, int]]
    _SettingType = click.ParamType[tuple[str, str | float]]
else:  # Generic only since click 8.5.
    _SizeType = _SettingType = click.ParamType


class Size(_SizeType):
    """Width and height in pixels: ``512x512``, or one number for a square."""

    name = "WIDTHxHEIGHT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Return (width, height)."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{1,9})(?:[x×](\d{1,9}))?", str(value).strip())
        if match is None:
            self.fail(f"{value!r} is not a size; write 512x512, or 512 for a square", param, ctx)
        return int(match[1]), int(match[2] or match[1])


class Setting(_SettingType):
    """A name and a value: ``style_guidance=1.5``; what looks like a number is one."""

    name = "KEY=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str | float]:
        """Return (name, value)."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"\s*([A-Za-z]\w*)=(.*)", str(value), re.DOTALL)
        if match is None:
            self.fail(f"{value!r} is not KEY=VALUE, such as style_guidance=1.5", param, ctx)
        number = re.fullmatch(r"[+-]?\d+(\.\d*)?", match[2])
        return match[1], float(match[2]) if number else match[2]


def _bundle(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return one decorator that applies several, listed in the order in which help shows them."""

    def decorate(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


seed = click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Another seed, another take of the same line."
)

emotion = _bundle(
    click.option(
        "-e",
        "--emotion",
        metavar="EMOTION",
        help='Words and weights: "joy:0.8, surprise:0.4", "bittersweet", "-joy". Default: read from the text.',
    ),
    click.option("--language", default="en-us", show_default=True, metavar="TAG", help="BCP 47 tag of the text."),
    seed,
)

portrait = click.option(
    "-p",
    "--portrait",
    type=click.Path(path_type=Path),
    metavar="PICTURE",
    help="The face: a photograph or painting, or a video to dub. Video needs one, a .glb wears it.",
)

voice = _bundle(
    click.option("--voice", metavar="NAME", help="Which voice; `mien doctor` lists them."),
    click.option("--speaker", metavar="NAME", help="Which speaker of the voice; `mien doctor` lists them."),
    click.option(
        "--voice-option",
        "voice_options",
        type=Setting(),
        multiple=True,
        metavar="KEY=VALUE",
        help="Of that voice, such as model=FOLDER for coqui, rate_wpm=140 for formant. May be repeated.",
    ),
    click.option("--rate", type=float, default=1.0, show_default=True, help="Speed of speech; 1.2 is a fifth faster."),
    click.option("--pitch", type=float, default=0.0, show_default=True, help="Shift of the pitch in semitones."),
)

manner = _bundle(
    click.option(
        "--range", "range_scale", type=float, default=1.0, show_default=True, help="Factor on the range of the pitch."
    ),
    click.option("--gain", type=float, default=0.0, show_default=True, help="Loudness in dB."),
)

fps = click.option(
    "--fps", type=click.FloatRange(1, 240), default=25.0, show_default=True, help="Video frames a second."
)
size = click.option("--size", type=Size(), default="512x512", show_default=True, help="Video size in pixels.")

picture = _bundle(
    click.option("--renderer", metavar="NAME", help="Which renderer; `mien doctor` lists them."),
    fps,
    size,
    click.option("--fit", type=click.Choice(["face", "full"]), help="Show head and shoulders (default) or all of it."),
    click.option("--transparent", is_flag=True, help="Leave the background out (.webm, .png.zip)."),
    click.option("--label", is_flag=True, help="Draw a small mark that says that the picture is generated."),
)

#: Of the renderer; only those that are given reach it.
drawing = _bundle(
    click.option("--weights", metavar="FOLDER|ID", help="diffusion: where its weights are."),
    click.option("--mode", type=click.Choice(["exact", "fast"]), help="diffusion: as published, or fewer steps."),
    click.option("--steps", type=click.IntRange(1, 1000), help="diffusion: network calls a window; 20, fast: 8."),
    click.option(
        "--drive",
        type=click.Choice(["audio", "motion"]),
        help="diffusion: whether the facial curves steer the picture as well.",
    ),
    click.option("--device", metavar="NAME", help="diffusion: cuda, cuda:1, cpu. Default: cuda."),
    click.option("--dtype", metavar="NAME", help="diffusion: bfloat16, float16, float32. Default: what the card has."),
    click.option("--attention", metavar="NAME", help="diffusion: sdpa, xformers, math. Default: sdpa."),
    click.option("--offload", is_flag=True, help="diffusion: keep idle networks off the card; slower."),
    click.option(
        "-R",
        "--renderer-option",
        multiple=True,
        metavar="NAME=VALUE",
        help="Any other option of the renderer, such as guidance=2.5. May be repeated.",
    ),
)

_knobs = _bundle(
    click.option("--expressiveness", type=float, default=1.0, show_default=True, help="Emotion on the face; 0: none."),
    click.option("--head-motion", type=float, default=1.0, show_default=True, help="Head movement; 0: none."),
    click.option("--blink-rate", type=float, default=1.0, show_default=True, help="Blinks; 0: none, 2: twice as many."),
    click.option("--gaze-motion", type=float, default=1.0, show_default=True, help="Eye movement; 0: none."),
    click.option("--gaze-aversion", type=float, default=1.0, show_default=True, help="Glances away; 0: none."),
    click.option(
        "--gaze-target",
        type=(click.FloatRange(-30, 30), click.FloatRange(-30, 30)),
        default=(0.0, 0.0),
        metavar="YAW PITCH",
        help="Where the eyes look: degrees to the character's own left, and down.",
    ),
)


def style(command: Command) -> Command:
    """Give a command the options of how much a face moves, as one ``style``."""

    @wraps(command)
    def styled(
        *args: Any, expressiveness: float, head_motion: float, blink_rate: float, gaze_motion: float,
        gaze_aversion: float, gaze_target: tuple[float, float], **others: Any,
    ) -> Any:  # fmt: skip
        from avatar.animator import Style

        yaw_deg, pitch_deg = gaze_target
        target_rad = (math.radians(yaw_deg), math.radians(pitch_deg))
        chosen = Style(expressiveness, head_motion, blink_rate, gaze_motion, gaze_aversion, target_rad)
        return command(*args, style=chosen, **others)

    return _knobs(cast(Command, styled))


outputs = _bundle(
    click.option(
        "-o",
        "--output",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="What to write; the suffix picks the kind (.mp4 .wav .csv .glb .json …). May be repeated.",
    ),
    click.option(
        "--rig",
        metavar="NAME",
        help="Whose curve names exports carry: arkit, claire, metahuman, oculus, vrm1, facs … or a retarget file.",
    ),
    click.option("--beside", is_flag=True, help="Write the sound and a manifest beside each file."),
    click.option("-q", "--quiet", is_flag=True, help="No progress bars and no report."),
)
