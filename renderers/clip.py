"""A video of a person: its frames on disk, and where the face is on each of them."""

from __future__ import annotations

import io
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from renderers.face import Face, Landmarker, Picture

__all__ = ["CLIP_SUFFIXES", "Clip", "ffmpeg_input", "read_clip", "track_face"]

Float = npt.NDArray[np.float32]

#: What is taken for a video rather than a picture.
CLIP_SUFFIXES = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"})
#: ffmpeg's names of the containers that are read: none that refers to other files, such as a playlist.
CLIP_FORMATS = "mov,matroska,avi,mpegts,mpeg,asf,flv"
#: Longer clips are cut: frames lie on disk at full size while they are used.
MAX_SECONDS = 120.0
#: The largest picture, pixels.
MAX_PIXELS = 4096 * 2304
#: Width of the square that the landmarker sees, in face sizes.
_LOOK = 1.9
_LOOK_PX = 384
#: Longest stretch without a face that is bridged, seconds.
_GAP_S = 0.5


@dataclass(frozen=True, eq=False)
class Clip:
    """A video in reach.

    Attributes
    ----------
    frames : (T, H, W, 3) uint8
        On disk, mapped into memory.
    fps : float
        Frames a second.
    name : str
        For messages.
    """

    frames: npt.NDArray[np.uint8]
    fps: float
    name: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, both even."""
        return self.frames.shape[2], self.frames.shape[1]

    def index_at(self, time_s: float) -> int:
        """Return the frame shown at a time; at its ends the clip turns and runs back."""
        count = len(self.frames)
        step = int(time_s * self.fps + 1e-6) % max(2 * count - 2, 1)
        return step if step < count else 2 * count - 2 - step


def read_clip(path: Path) -> Clip:
    """Decode a video file.

    Raises
    ------
    InputError
        If the file is absent, no video, or too large.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no video {path}; give the path of an MP4, MOV, MKV or WebM file")
    (width, height), fps = _facts(path)
    if width * height > MAX_PIXELS:
        raise InputError(f"{path} is {width}x{height}, larger than 4096x2304; reduce it first")
    even = (height - height % 2, width - width % 2)
    raw = ["-r", f"{fps:g}", "-t", f"{MAX_SECONDS:g}", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    command = [*ffmpeg_input(path, "v"), *raw]
    count = 0
    with (
        tempfile.TemporaryFile(prefix="mien-clip-") as store,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as decoder,
    ):
        assert decoder.stdout is not None
        while len(data := decoder.stdout.read(3 * width * height)) == 3 * width * height:
            frame = np.frombuffer(data, np.uint8).reshape(height, width, 3)
            store.write(np.ascontiguousarray(frame[: even[0], : even[1]]).data)
            count += 1
        if count == 0:
            raise InputError(f"{path} holds no frames; give an MP4, MOV, MKV or WebM file")
        store.flush()
        # The map outlives the file's handle, and the file goes with the map.
        return Clip(np.memmap(store, np.uint8, "r", shape=(count, *even, 3)), fps, str(path))


def ffmpeg_input(path: Path, stream: str) -> list[str]:
    """Return the beginning of a command that reads a film's picture (``"v"``) or sound (``"a"``), and no other file."""
    import imageio_ffmpeg

    only = ["-protocol_whitelist", "file", "-format_whitelist", CLIP_FORMATS]
    source = ["-i", f"file:{path}", "-map", f"0:{stream}:0"]
    return [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", *only, *source]


def _facts(path: Path) -> tuple[tuple[int, int], float]:
    """Return size, as it is shown, and frames a second of a video."""
    from PIL import Image

    command = [*ffmpeg_input(path, "v"), "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-"]
    probe = subprocess.run(command, capture_output=True, check=False)
    rate = re.search(r"([\d.]+) fps", probe.stderr.decode(errors="replace"))
    if probe.returncode or not probe.stdout:
        raise InputError(f"{path} is not a video that can be read; give an MP4, MOV, MKV or WebM file")
    with Image.open(io.BytesIO(probe.stdout)) as first:
        size = first.size
    return size, float(rate[1]) if rate else 25.0


def track_face(clip: Clip, landmarker: Landmarker) -> Float:
    """Find the face on every frame.

    Returns
    -------
    (T, 478, 3) float32
        Pixels of the clip, as found: one look at each frame.

    Raises
    ------
    InputError
        If there is no face, or it is lost for longer than half a second.
    """
    first = landmarker.find(Picture(np.ascontiguousarray(clip.frames[0]), None, clip.name))
    tracked = np.full((len(clip.frames), *first.points.shape), np.nan, np.float32)
    points, missing = first.points, 0
    for index, frame in enumerate(clip.frames):
        found = _look(landmarker, frame, points)
        if found is None:
            missing += 1
            if missing > _GAP_S * clip.fps:
                raise InputError(
                    f"the face on {clip.name} is lost at {index / clip.fps:.1f} s; cut the clip to where it is seen"
                )
            continue
        tracked[index], points, missing = found, found, 0
    return _bridged(tracked)


def _look(landmarker: Landmarker, frame: npt.NDArray[np.uint8], last: Float) -> Float | None:
    """Return the landmarks of a frame, looked for where they were last."""
    import cv2

    left, top, right, bottom = Face(last).box
    span = _LOOK * max(right - left, bottom - top)
    corner = np.array([(left + right) / 2 - span / 2, (top + bottom) / 2 - span / 2])
    scale = _LOOK_PX / span
    matrix = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
    way = cv2.INTER_CUBIC if scale > 0.6 else cv2.INTER_AREA
    crop = cv2.warpAffine(frame, matrix, (_LOOK_PX, _LOOK_PX), flags=way, borderMode=cv2.BORDER_REPLICATE)
    found = landmarker.points(crop)
    if found is None:
        return None
    placed: Float = (found / scale + np.array([*corner, 0])).astype(np.float32)
    return placed


def _bridged(tracked: Float) -> Float:
    """Fill frames without a face from those around."""
    seen = ~np.isnan(tracked[:, 0, 0])
    if seen.all():
        return tracked
    times = np.arange(len(tracked))
    flat = tracked.reshape(len(tracked), -1)
    filled = np.stack([np.interp(times, times[seen], flat[seen, k]) for k in range(flat.shape[1])], 1)
    return filled.reshape(tracked.shape).astype(np.float32)
