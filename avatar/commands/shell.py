"""What the commands that make a take have in common: an avatar from options, files at the end."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from avatar.animator import Style
from avatar.avatar import DEFAULT_RENDERER, DEFAULT_VOICE, Avatar
from avatar.export import VIDEO_SUFFIXES, check_target, options_of, suffix_of
from avatar.take import Take
from checkpoints.errors import InputError, OutputError
from conditioning import Delivery
from conditioning.progress import watching
from renderers.renderer import RENDERERS, check_options

__all__ = ["Targets", "open_avatar", "save", "show_progress"]

#: Written where no -o is given: a video if there is a face, else the sound.
DEFAULT_VIDEO = Path("take.mp4")
DEFAULT_SOUND = Path("take.wav")
#: Speech that takes less than this shows no progress bar, seconds.
QUICK_S = 1.0
#: Videos without alpha.
OPAQUE_SUFFIXES = frozenset({".mp4", ".gif"})


@dataclass(frozen=True)
class Targets:
    """What to write, and how."""

    paths: tuple[Path, ...]
    fps: float
    size: tuple[int, int]
    quiet: bool
    rig: str | None = None
    beside: bool = False
    label: bool = False


def open_avatar(
    output: tuple[Path, ...],
    *,
    portrait: Path | None,
    voice: str | None = None,
    speaker: str | None = None,
    voice_options: tuple[tuple[str, str | float], ...] = (),
    rate: float = 1.0,
    pitch: float = 0.0,
    range_scale: float = 1.0,
    gain: float = 0.0,
    style_guidance: float | None = None,
    renderer: str | None,
    fps: float,
    size: tuple[int, int],
    style: Style,
    quiet: bool,
    rig: str | None = None,
    beside: bool = False,
    fit: str | None = None,
    transparent: bool = False,
    label: bool = False,
    renderer_option: tuple[str, ...] = (),
    **drawing: Any,
) -> tuple[Avatar, Targets]:
    """Return the avatar and the targets that the options ask for, after checking both; ``drawing`` is the renderer's.

    Raises
    ------
    MienError
        If a file could not be written or a face is missing: before any work is done.
    """
    paths = output or ((DEFAULT_VIDEO,) if portrait else (DEFAULT_SOUND,))
    for path in paths:
        if check_target(path) in VIDEO_SUFFIXES and portrait is None and _needs_portrait(renderer or DEFAULT_RENDERER):
            raise InputError(f"{path.name} needs a face; give a photograph or painting with --portrait")
    _check_rig(rig, paths)
    given = {"fit": fit, "transparent": transparent, **drawing}
    renderer_options = _renderer_options(renderer or DEFAULT_RENDERER, given, renderer_option)
    if renderer_options.get("transparent"):
        _check_alpha(paths)
    if len(set(paths)) < len(paths):
        raise OutputError(f"-o names {max(paths, key=paths.count)} twice; give each file once")
    avatar = Avatar(
        portrait=portrait,
        voice=voice or DEFAULT_VOICE,
        speaker=speaker,
        renderer=renderer or DEFAULT_RENDERER,
        delivery=Delivery(rate=rate, pitch_st=pitch, range_scale=range_scale, gain_db=gain),
        voice_options=dict(voice_options) | ({} if style_guidance is None else {"style_guidance": style_guidance}),
        renderer_options=renderer_options,
        style=style,
    )
    return avatar, Targets(paths, fps, size, quiet, rig, beside, label)


def _check_alpha(paths: tuple[Path, ...]) -> None:
    """Refuse targets that cannot be transparent."""
    for path in paths:
        if suffix_of(path) in OPAQUE_SUFFIXES:
            raise InputError(f"{path.name} cannot be transparent; write .webm or .png.zip, or leave --transparent out")


def _renderer_options(renderer: str, named: dict[str, Any], others: tuple[str, ...]) -> dict[str, Any]:
    """Options of the renderer: those named and given, and ``name=value`` with values as JSON or plain text."""
    options = {name: value for name, value in named.items() if value not in (None, False)}
    for text in others:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise InputError(f"--renderer-option {text!r} is not NAME=VALUE, such as guidance=2.5")
        options[name.strip().replace("-", "_")] = _value(value.strip())
    check_options(renderer, options)
    return options


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return tuple(value) if isinstance(value, list) else value


def _needs_portrait(renderer: str) -> bool:
    return bool(RENDERERS.load(renderer).info.needs_portrait)


def show_progress(targets: Targets, work: str = "speech", unit: str = "phrase") -> AbstractContextManager[None]:
    """Show a progress bar while a long text is spoken or a long recording is heard, where somebody watches."""
    from tqdm import tqdm

    return watching(partial(tqdm, desc=work, unit=unit, leave=False, delay=QUICK_S, disable=targets.quiet or None))


def save(take: Take, targets: Targets) -> None:
    """Write the files and say what was written."""
    take = replace(take, fps=targets.fps, size=targets.size)
    for path in targets.paths:
        is_video = suffix_of(path) in VIDEO_SUFFIXES
        options: dict[str, Any] = {"progress": not targets.quiet, "label": targets.label} if is_video else {}
        if targets.rig and "rig" in options_of(path):
            options["rig"] = targets.rig
        take.save(path, beside=targets.beside, **options)
    if not targets.quiet:
        click.echo(f"{take.duration_s:.2f} s, {take.emotion}: {', '.join(str(path) for path in targets.paths)}")


def _check_rig(rig: str | None, paths: tuple[Path, ...]) -> None:
    if rig is None:
        return
    from avatar.rigs import open_rig

    open_rig(rig)
    if not any("rig" in options_of(path) for path in paths):
        names = ", ".join(path.name for path in paths)
        raise InputError(f"--rig {rig} has nothing to name in {names}; it is for .glb .anim .tres .usda .vrma …")
