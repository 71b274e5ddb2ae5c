"""A performance of the face: 52 curves, head and eyes over time.

Conventions
-----------
Axes are right-handed and belong to the character, as in glTF: +X to the character's left, +Y up, +Z out of
the face. Rotations are radians about them, applied roll first, then pitch, then yaw
(``R = R_y(yaw) · R_x(pitch) · R_z(roll)``):

- pitch > 0 lowers the face (looks down), yaw > 0 turns it to the character's left,
  roll > 0 tilts the head towards the character's right shoulder.

Frame ``i`` belongs to the time ``i / fps`` of the sound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning.arkit import ARKIT_INDEX, ARKIT_NAMES

__all__ = ["MAX_FPS", "Motion", "frame_count"]

MAX_FPS = 1_000.0


@dataclass(frozen=True, eq=False)
class Motion:
    """Facial curves at one rate.

    Attributes
    ----------
    fps : float
        Frames a second.
    weights : (T, 52) float32
        Weights in the order of :data:`~conditioning.arkit.ARKIT_NAMES`, 0 to 1.
    head_rotation : (T, 3) float32
        Radians: pitch, yaw, roll.
    eye_rotation : (T, 2, 3) float32
        Radians: left eye, right eye; pitch, yaw, roll relative to the head.

    Raises
    ------
    InputError
        If shapes disagree, a value is not finite or ``fps`` is not in (0, 1000].
    """

    fps: float
    weights: npt.NDArray[np.float32]
    head_rotation: npt.NDArray[np.float32]
    eye_rotation: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        if not 0.0 < self.fps <= MAX_FPS:
            raise InputError(f"fps={self.fps} is not allowed; it runs from above 0 to {MAX_FPS:g}")
        frames = len(self.weights)
        shapes = {"weights": (len(ARKIT_NAMES),), "head_rotation": (3,), "eye_rotation": (2, 3)}
        for name, tail in shapes.items():
            array = np.ascontiguousarray(getattr(self, name), dtype=np.float32)
            if array.shape != (frames, *tail) or frames < 1:
                raise InputError(f"{name} has shape {array.shape}, needs {(max(frames, 1), *tail)}")
            if not np.isfinite(array).all():
                raise InputError(f"{name} holds values that are not finite")
            object.__setattr__(self, name, array)

    @classmethod
    def still(cls, duration_s: float, fps: float = 60.0) -> Motion:
        """Return a face at rest."""
        frames = max(1, frame_count(duration_s, fps))
        weights = np.zeros((frames, len(ARKIT_NAMES)), np.float32)
        return cls(fps, weights, np.zeros((frames, 3), np.float32), np.zeros((frames, 2, 3), np.float32))

    def __repr__(self) -> str:
        return f"<Motion: {len(self)} frames at {self.fps:g} fps>"

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def duration_s(self) -> float:
        """Length in seconds: frames divided by rate."""
        return len(self) / self.fps

    @property
    def times_s(self) -> npt.NDArray[np.float64]:
        """(T,) float64: the time of each frame on the audio clock."""
        return np.arange(len(self)) / self.fps

    def curve(self, name: str) -> npt.NDArray[np.float32]:
        """Return the (T,) weights of one shape by its ARKit name."""
        if name not in ARKIT_INDEX:
            from conditioning.registry import nearest

            raise InputError(f"no ARKit shape is called {name!r}{nearest(name, list(ARKIT_NAMES))}")
        return self.weights[:, ARKIT_INDEX[name]]

    def resample(self, fps: float, duration_s: float | None = None) -> Motion:
        """Return the same motion at another rate, linear between frames, the last pose held.

        Parameters
        ----------
        fps : float
            The new rate.
        duration_s : float, optional
            The new length; this motion's own by default.
        """
        frames = max(1, frame_count(self.duration_s if duration_s is None else duration_s, fps))
        positions = np.clip(np.arange(frames) * (self.fps / fps), 0.0, len(self) - 1.0)
        left = np.floor(positions).astype(np.intp)
        right = np.minimum(left + 1, len(self) - 1)
        part = (positions - left).astype(np.float32)

        def between(array: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            share = part.reshape(-1, *([1] * (array.ndim - 1)))
            mixed: npt.NDArray[np.float32] = array[left] + share * (array[right] - array[left])
            return mixed

        return Motion(fps, between(self.weights), between(self.head_rotation), between(self.eye_rotation))


def frame_count(duration_s: float, fps: float) -> int:
    """Return how many frames of ``fps`` start before ``duration_s``.

    Examples
    --------
    >>> frame_count(2.0, 25.0), frame_count(2.01, 25.0)
    (50, 51)
    """
    return int(np.ceil(duration_s * fps - 1e-6))
