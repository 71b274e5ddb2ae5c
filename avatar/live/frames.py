"""One frame of a live performance: curves together with their sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avatar.stream import Chunk
from avatar.take import Take
from conditioning import ARKIT_NAMES, Motion

__all__ = ["Header", "LiveFrame", "frames_of", "frames_of_chunks", "rest_frame"]

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Header:
    """What all frames of a stream share.

    Attributes
    ----------
    fps : float
        Frames a second.
    sample_rate : int
        Of the sound, hertz.
    subject : str
        The character's name, as receivers list it.
    """

    fps: float
    sample_rate: int
    subject: str = "Mien"


@dataclass(frozen=True, eq=False)
class LiveFrame:
    """One frame.

    Attributes
    ----------
    index : int
        Its number on the stream's clock; its time is ``index / fps``.
    weights : (52,) float32
    head, left_eye, right_eye : (3,) float32
        Pitch, yaw, roll in radians.
    samples : (n,) float32
        The sound from this frame's time to the next one's.
    """

    index: int
    weights: FloatArray
    head: FloatArray
    left_eye: FloatArray
    right_eye: FloatArray
    samples: FloatArray

    @property
    def motion(self) -> Motion:
        """The frame as a motion of one frame."""
        eyes = np.stack([self.left_eye, self.right_eye])[None]
        return Motion(1.0, self.weights[None], self.head[None], eyes)


def rest_frame() -> LiveFrame:
    """Return a face at rest without sound: what a receiver gets before the first frame."""
    zero = np.zeros(3, np.float32)
    return LiveFrame(0, np.zeros(len(ARKIT_NAMES), np.float32), zero, zero, zero, np.zeros(0, np.float32))


def frames_of(take: Take, fps: float) -> Iterator[LiveFrame]:
    """Yield the frames of a take; their samples, joined, are its sound."""
    motion = take.motion.resample(fps, take.duration_s)
    chunk = Chunk(0.0, take.speech.waveform, take.speech.sample_rate, motion, take.text, is_last=True)
    yield from frames_of_chunks([chunk])


def frames_of_chunks(chunks: Iterable[Chunk]) -> Iterator[LiveFrame]:
    """Yield the frames of chunks as they come; frame numbers go on from chunk to chunk."""
    for chunk in chunks:
        motion = chunk.motion
        first = round(chunk.start_s * motion.fps)
        offset = round(first * chunk.sample_rate / motion.fps)
        for i in range(len(motion)):
            left, right = (round((first + j) * chunk.sample_rate / motion.fps) - offset for j in (i, i + 1))
            if i == len(motion) - 1:
                right = max(right, len(chunk.waveform))
            eyes = motion.eye_rotation[i]
            samples = chunk.waveform[left:right]
            yield LiveFrame(first + i, motion.weights[i], motion.head_rotation[i], eyes[0], eyes[1], samples)
