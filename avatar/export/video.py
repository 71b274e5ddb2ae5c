"""Video writers: the take's renderer draws, ffmpeg encodes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from conditioning.motion import frame_count
from renderers.renderer import Renderer, open_renderer
from renderers.video import AUDIO_RATE_HZ, VideoFormat, write_video

if TYPE_CHECKING:
    from avatar.take import Take

__all__ = ["renderer_of", "write_gif", "write_mp4", "write_webm"]

Item = TypeVar("Item")

#: Every video says in its metadata that it was made by a machine.
PROVENANCE = {"comment": "Synthetic media: speech and face generated with Mien", "encoded_by": "mien"}

WEBM = VideoFormat(
    video_codec="libvpx-vp9",
    audio_codec="libopus",
    parameters=("-crf", "28", "-b:v", "0", "-deadline", "realtime", "-cpu-used", "6", "-ar", str(AUDIO_RATE_HZ)),
)
#: One palette for the whole picture: without it, skin is dithered with the web's 216 colours.
GIF = VideoFormat(
    video_codec="gif",
    pixel_format="pal8",
    parameters=("-filter_complex", "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=sierra2_4a"),
    channels=3,
    tag_colour=False,
)


def write_mp4(take: Take, path: Path, *, progress: bool = False) -> None:
    """H.264 and AAC video that plays everywhere.

    Parameters
    ----------
    take : Take
        Its portrait, renderer, fps and size make the picture.
    path : Path
        Target.
    progress : bool
        Show a progress bar on standard error.
    """
    _write(take, path, VideoFormat(), progress)


def write_webm(take: Take, path: Path, *, progress: bool = False) -> None:
    """VP9 and Opus video for the web; see :func:`write_mp4`."""
    _write(take, path, WEBM, progress)


def write_gif(take: Take, path: Path, *, progress: bool = False) -> None:
    """A silent animated picture for pages that take no video; see :func:`write_mp4`."""
    _write(take, path, GIF, progress)


def renderer_of(take: Take) -> Renderer:
    """Return the take's renderer, opened once for each portrait.

    Raises
    ------
    InputError
        If the take has no portrait and the renderer needs one.
    """
    portrait = take.portrait
    changed_ns = portrait.stat().st_mtime_ns if portrait is not None and portrait.is_file() else 0
    return _opened(take.renderer, portrait, changed_ns, tuple(sorted(take.renderer_options.items())))


@lru_cache(maxsize=4)
def _opened(name: str, portrait: Path | None, changed_ns: int, options: tuple[tuple[str, Any], ...]) -> Renderer:
    """Open a renderer; a portrait that was changed on disk is opened again."""
    return open_renderer(name, portrait, **dict(options))


def _write(take: Take, path: Path, video_format: VideoFormat, progress: bool) -> None:
    renderer = renderer_of(take)
    n_frames = frame_count(take.motion.duration_s, take.fps)
    frames = renderer.frames(take.motion, take.speech, fps=take.fps, size=take.size, seed=take.seed)
    write_video(
        path,
        _watched(frames, n_frames, path.name) if progress else frames,
        take.speech,
        n_frames=n_frames,
        fps=take.fps,
        size=take.size,
        video_format=video_format,
        metadata={"title": take.text[:200], **PROVENANCE},
    )


def _watched(frames: Iterable[Item], n_frames: int, name: str) -> Iterable[Item]:
    """Show a progress bar where somebody watches."""
    from tqdm import tqdm

    bar: Iterable[Item] = tqdm(frames, total=n_frames, desc=name, unit="frame", leave=False, disable=None)
    return bar
