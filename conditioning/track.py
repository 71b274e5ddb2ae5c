"""An emotion over time."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning.emotion import NEUTRAL, Emotion

__all__ = ["GLIDE_S", "EmotionTrack"]

#: A change of emotion inside a line takes this long, centred on the border between two spans. Facial
#: expressions reach their apex in 0.2–0.5 s (P. Ekman and W. Friesen, *Unmasking the Face*, 1975).
GLIDE_S = 0.35


@dataclass(frozen=True)
class EmotionTrack:
    """Keyframes on the audio clock, linear between them, constant before the first and after the last.

    Attributes
    ----------
    keyframes : tuple of (float, Emotion)
        Seconds, not decreasing; two keys at one time make a jump, of which the later one holds.

    Examples
    --------
    >>> track = EmotionTrack(((0.0, Emotion()), (2.0, Emotion(joy=1.0))))
    >>> str(track.at(0.5))
    'joy:0.25'
    """

    keyframes: tuple[tuple[float, Emotion], ...] = ((0.0, NEUTRAL),)

    def __post_init__(self) -> None:
        times = np.array([time_s for time_s, _ in self.keyframes])
        if not len(times):
            raise InputError("an emotion track needs at least one keyframe; use EmotionTrack.constant(emotion)")
        if not np.isfinite(times).all() or (np.diff(times) < 0).any():
            raise InputError(f"keyframe times must be finite and not decrease: {times.tolist()}")

    @classmethod
    def constant(cls, emotion: Emotion) -> EmotionTrack:
        """Return a track that holds one emotion."""
        return cls(((0.0, emotion),))

    @classmethod
    def from_spans(cls, spans: Iterable[tuple[float, float, Emotion]], glide_s: float = GLIDE_S) -> EmotionTrack:
        """Return a track that glides from span to span.

        Parameters
        ----------
        spans : iterable of (start_s, end_s, Emotion)
            In order, without overlap.
        glide_s : float
            Length of each transition, shortened where a span is shorter.
        """
        keys: list[tuple[float, Emotion]] = []
        previous_end_s = 0.0
        for start_s, end_s, emotion in spans:
            if keys:
                border_s = 0.5 * (previous_end_s + start_s)
                before_s = max(keys[-1][0], border_s - glide_s / 2)
                after_s = min(border_s + glide_s / 2, 0.5 * (start_s + end_s))
                keys += [(before_s, keys[-1][1]), (max(after_s, before_s), emotion)]
            else:
                keys.append((start_s, emotion))
            previous_end_s = end_s
        return cls(tuple(keys)) if keys else cls()

    def weights_at(self, times_s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the weights at many times.

        Parameters
        ----------
        times_s : (T,) array_like
            Seconds on the audio clock.

        Returns
        -------
        (T, 8) float64
            In Plutchik's order.
        """
        moments = np.asarray(times_s, dtype=np.float64)
        keys_s = np.array([time_s for time_s, _ in self.keyframes])
        table = np.stack([emotion.weights for _, emotion in self.keyframes])
        return np.stack([np.interp(moments, keys_s, column) for column in table.T], axis=-1)

    def at(self, time_s: float) -> Emotion:
        """Return the emotion at one moment."""
        times = [key_s for key_s, _ in self.keyframes]
        index = bisect.bisect_right(times, time_s)
        if index == 0 or index == len(times):
            return self.keyframes[min(index, len(times) - 1)][1]
        (left_s, left), (right_s, right) = self.keyframes[index - 1], self.keyframes[index]
        part = (time_s - left_s) / (right_s - left_s)
        return Emotion.from_weights((1.0 - part) * left.weights + part * right.weights)

    def sample(self, fps: float, duration_s: float) -> npt.NDArray[np.float64]:
        """Return (T, 8) weights at times ``i / fps`` that lie before ``duration_s``."""
        return self.weights_at(np.arange(int(np.ceil(duration_s * fps - 1e-9))) / fps)

    def shifted(self, offset_s: float) -> EmotionTrack:
        """Return the same track ``offset_s`` seconds later."""
        return EmotionTrack(tuple((time_s + offset_s, emotion) for time_s, emotion in self.keyframes))
