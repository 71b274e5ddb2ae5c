"""Video writers: the take's renderer draws, ffmpeg encodes."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning.motion import frame_count
from renderers.credentials import check_signer, sign
from renderers.label import labelled
from renderers.renderer import DEFAULT_FPS, DEFAULT_SIZE, Renderer, open_renderer
from renderers.video import AUDIO_RATE_HZ, VideoFormat, write_video

if TYPE_CHECKING:
    from avatar.take import Take

__all__ = ["renderer_of", "write_gif", "write_mp4", "write_png_zip", "write_webm"]

Frames = Iterable[npt.NDArray[np.uint8]]

#: Every video says in its metadata that it was made by a machine.
PROVENANCE = {"comment": "Synthetic media: speech and face generated with Mien", "encoded_by": "mien"}

WEBM = VideoFormat(
    video_codec="libvpx-vp9",
    audio_codec="libopus",
    parameters=("-crf", "28", "-b:v", "0", "-deadline", "realtime", "-cpu-used", "6", "-ar", str(AUDIO_RATE_HZ)),
)
#: The same with an alpha channel: VP9 carries it in a second stream, which alternate reference frames would break.
WEBM_ALPHA = replace(WEBM, pixel_format="yuva420p", parameters=(*WEBM.parameters, "-auto-alt-ref", "0"), channels=4)
#: One palette for the whole picture: without it, skin is dithered with the web's 216 colours.
GIF = VideoFormat(
    video_codec="gif",
    pixel_format="pal8",
    parameters=("-filter_complex", "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=sierra2_4a"),
    channels=3,
    tag_colour=False,
)


def write_mp4(take: Take, path: Path, *, progress: bool = False, label: bool = False) -> None:
    """H.264 and AAC video that plays everywhere.

    Parameters
    ----------
    take : Take
        Its portrait, renderer, fps and size make the picture. Where the portrait is a video, its size and rate are
        kept unless the take asks for others.
    path : Path
        Target.
    progress : bool
        Show a progress bar on standard error.
    label : bool
        Draw a small mark that says that the picture is generated.
    """
    _write(take, path, VideoFormat(), progress, label)


def write_webm(take: Take, path: Path, *, progress: bool = False, label: bool = False) -> None:
    """VP9 and Opus video for the web, with alpha where the renderer is transparent; see :func:`write_mp4`."""
    _write(take, path, WEBM_ALPHA if _transparent(take) else WEBM, progress, label)


def write_gif(take: Take, path: Path, *, progress: bool = False, label: bool = False) -> None:
    """A silent animated picture for pages that take no video; see :func:`write_mp4`."""
    _write(take, path, GIF, progress, label)


def write_png_zip(take: Take, path: Path, *, progress: bool = False, label: bool = False) -> None:
    """Frames as numbered PNG files in one archive, for compositing; see :func:`write_mp4`.

    With a transparent renderer they carry straight alpha.
    """
    import zipfile

    import cv2

    frames, _, _, _ = _frames(take, label, path.name if progress else "")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for index, frame in enumerate(frames):
            order = cv2.COLOR_RGBA2BGRA if frame.shape[2] == 4 else cv2.COLOR_RGB2BGR
            _, data = cv2.imencode(".png", cv2.cvtColor(frame, order))
            archive.writestr(f"{index:06d}.png", data.tobytes())


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


def _transparent(take: Take) -> bool:
    return bool(take.renderer_options.get("transparent"))


def _frames(take: Take, label: bool, watched: str) -> tuple[Frames, int, tuple[int, int], float]:
    """Return the frames, their number, size and rate; a progress bar named ``watched`` follows them, if named."""
    renderer = renderer_of(take)
    size, fps = take.size, take.fps
    native = getattr(renderer, "native", None)
    if native is not None:
        size, fps = (native[0] if size == DEFAULT_SIZE else size), (native[1] if fps == DEFAULT_FPS else fps)
    n_frames = frame_count(take.motion.duration_s, fps)
    frames: Frames = renderer.frames(take.motion, take.speech, fps=fps, size=size, seed=take.seed)
    if label:
        frames = labelled(frames, size)
    if watched:
        frames = _watched(frames, n_frames, watched, renderer)
    return frames, n_frames, size, fps


def _write(take: Take, path: Path, video_format: VideoFormat, progress: bool, label: bool) -> None:
    if _transparent(take) and video_format.channels == 3:
        raise InputError(f"{path.name} cannot be transparent; write .webm or .png.zip, or leave transparency out")
    check_signer()
    frames, n_frames, size, fps = _frames(take, label, path.name if progress else "")
    write_video(
        path,
        frames,
        take.speech,
        n_frames=n_frames,
        fps=fps,
        size=size,
        video_format=video_format,
        metadata={"title": take.text[:200], **PROVENANCE},
    )
    sign(path, take.text[:200], from_portrait=take.portrait is not None)


def _watched(frames: Frames, n_frames: int, name: str, renderer: Renderer) -> Frames:
    """Show a progress bar with frames a second and the time left where somebody watches."""
    from tqdm import tqdm

    with tqdm(total=n_frames, desc=name, unit="frame", leave=False, disable=None) as bar:
        for frame in frames:
            yield frame
            bar.set_postfix_str(getattr(renderer, "status", ""), refresh=False)
            bar.update()
    if status := getattr(renderer, "status", ""):
        sys.stderr.write(f"{name}: {status}\n")
