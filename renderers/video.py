"""Frames and sound into a video file, by the ffmpeg that imageio-ffmpeg carries."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError, OutputError
from conditioning import Speech

__all__ = ["AUDIO_RATE_HZ", "FULL_DISK_BYTES", "VideoFormat", "write_video"]

#: AAC and Opus are encoded at this rate: a codec frame is then 21 ms or less, so that the end of the sound
#: is kept to half a video frame. (At the voice's own 22.05 kHz an AAC frame would last 46 ms.)
AUDIO_RATE_HZ = 48_000

#: A disk with less free space than this is called full.
FULL_DISK_BYTES = 1 << 20

#: sRGB frames are stored as limited-range BT.709 and said to be so. Untagged files are taken for BT.601 by
#: some players and for BT.709 by others, and skin shifts in hue between them.
_TAGS = [
    "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
]  # fmt: skip
_TAGGED = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
#: Frames that we convert ourselves are only tagged; ffmpeg converts the others.
_COLOUR = {
    True: ["-vf", _TAGGED, *_TAGS],
    False: ["-vf", f"scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int,{_TAGGED}", *_TAGS],
}


@dataclass(frozen=True)
class VideoFormat:
    """How a kind of video file is encoded.

    Attributes
    ----------
    video_codec, audio_codec : str
        ffmpeg's names of the encoders.
    pixel_format : str
        Of the stored picture.
    parameters : tuple of str
        Further arguments of ffmpeg.
    channels : int
        Of the frames given: 3 (RGB) or 4 (RGB with alpha).
    tag_colour : bool
        Whether the file holds YUV, whose matrix has to be said.
    """

    video_codec: str = "libx264"
    audio_codec: str = "aac"
    pixel_format: str = "yuv420p"
    parameters: tuple[str, ...] = (
        "-preset",
        "veryfast",
        "-crf",
        "17",
        "-movflags",
        "+faststart",
        "-b:a",
        "160k",
        "-ar",
        str(AUDIO_RATE_HZ),
    )
    channels: int = 3
    tag_colour: bool = True


def write_video(
    path: Path,
    frames: Iterable[npt.NDArray[np.uint8]],
    speech: Speech | None,
    *,
    n_frames: int,
    fps: float,
    size: tuple[int, int],
    video_format: VideoFormat | None = None,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Encode frames and sound.

    The sound is padded with silence, or cut, to the end of the last frame, so that both streams end together.

    Parameters
    ----------
    path : Path
        Target; its suffix picks the container. It is overwritten, and removed if anything fails.
    frames : iterable of (height, width, 3 or 4) uint8
        sRGB, one per ``1 / fps`` seconds; each an array of its own, for it is encoded while the next one is drawn.
    speech : Speech, optional
        The sound.
    n_frames : int
        How many frames there are.
    fps : float
        Frames a second.
    size : tuple of int
        Width and height in pixels, both even.
    video_format : VideoFormat, optional
        H.264 and AAC by default.
    metadata : mapping of str to str, optional
        Container metadata, such as ``{"comment": …}``.

    Raises
    ------
    InputError
        If a side is odd or not between 16 and 8192 pixels.
    OutputError
        If the file cannot be written, for instance because the disk is full.
    """
    width, height = size
    if width % 2 or height % 2 or not (min(size) >= 16 and max(size) <= 8192):
        raise InputError(f"a video of {width}x{height} is not possible; sides are even numbers from 16 to 8192 pixels")
    chosen = video_format or VideoFormat()
    notes = [item for key, value in (metadata or {}).items() for item in ("-metadata", f"{key}={value}")]
    done = False
    with tempfile.TemporaryDirectory(prefix="mien-") as folder:
        try:
            sound = _sound_arguments(speech, chosen, n_frames / fps, Path(folder))
            _encode(path, frames, sound, notes, fps=fps, size=size, chosen=chosen)
            _check(path, n_frames)
            done = True
        except (OSError, RuntimeError) as error:
            raise OutputError(f"cannot write {path.name} in {path.parent}: {_reason(error, path.parent)}") from error
        finally:
            if not done:
                path.unlink(missing_ok=True)


def _encode(
    path: Path,
    frames: Iterable[npt.NDArray[np.uint8]],
    sound: dict[str, Any],
    notes: list[str],
    *,
    fps: float,
    size: tuple[int, int],
    chosen: VideoFormat,
) -> None:
    """Feed the frames to ffmpeg, from a thread of its own: the next frame is drawn while the last one is on its way."""
    import imageio_ffmpeg

    from renderers.yuv import to_yuv420

    planar = chosen.pixel_format == "yuv420p" and chosen.channels == 3
    writer = imageio_ffmpeg.write_frames(
        str(path),
        size,
        pix_fmt_in="yuv420p" if planar else "rgb24" if chosen.channels == 3 else "rgba",
        pix_fmt_out=chosen.pixel_format,
        fps=fps,
        codec=chosen.video_codec,
        quality=None,
        macro_block_size=1,
        ffmpeg_log_level="quiet",
        output_params=[*(_COLOUR[planar] if chosen.tag_colour else []), *chosen.parameters, *notes],
        **sound,
    )
    writer.send(None)

    def send(frame: npt.NDArray[np.uint8]) -> None:
        writer.send(to_yuv420(frame) if planar else np.ascontiguousarray(frame))

    try:
        with ThreadPoolExecutor(1, thread_name_prefix="encode") as thread:
            waiting: Future[None] | None = None
            for frame in frames:
                if waiting is not None:
                    waiting.result()
                waiting = thread.submit(send, frame)
            if waiting is not None:
                waiting.result()
    finally:
        writer.close()


def _check(path: Path, n_frames: int) -> None:
    """Open what was written: ffmpeg's own exit status is not to be had, and a full disk shows only here."""
    import imageio_ffmpeg

    found, _ = imageio_ffmpeg.count_frames_and_secs(str(path))
    if found != n_frames:
        raise OSError(f"the file holds {found} of {n_frames} frames")


def _sound_arguments(speech: Speech | None, chosen: VideoFormat, duration_s: float, folder: Path) -> dict[str, Any]:
    """Write the sound to a file of the picture's length and return the arguments that bring it in."""
    if speech is None or chosen.video_codec == "gif":
        return {}
    import soundfile

    samples = np.zeros(round(duration_s * speech.sample_rate), np.float32)
    count = min(len(samples), len(speech.waveform))
    samples[:count] = speech.waveform[:count]
    path = folder / "sound.wav"
    soundfile.write(path, samples, speech.sample_rate, subtype="PCM_16")
    return {"audio_path": str(path), "audio_codec": chosen.audio_codec}


def _reason(error: Exception, folder: Path) -> str:
    """Return in a few words why the encoder failed."""
    if shutil.disk_usage(folder).free < FULL_DISK_BYTES:
        return "the disk is full; free some space or choose another folder"
    if not os.access(folder, os.W_OK):
        return "the folder is not writable; choose another"
    return f"the encoder stopped ({(str(error).splitlines() or [type(error).__name__])[0]})"
