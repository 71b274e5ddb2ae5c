"""A jaw that drops in surprise and fear while nothing is said.

Action unit 26 of EMFACS (W. Friesen and P. Ekman, 1983). It waits until speech has settled, and is gone before the
next phone, so that no contact of the lips ever has to fight it; a pause too short for the way down and up has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.animator.noise import drift, smoothstep
from conditioning import EMOTION_NAMES, Segment
from conditioning.phones import SILENCE

__all__ = ["DROP", "Pause", "held_jaw", "jaw_drop", "parted", "pauses_of_gate", "pauses_of_phones"]

#: A stretch without speech, from and to, seconds: from -inf before the first word, to inf after the last.
Pause = tuple[float, float]

#: jawOpen at full strength.
DROP: Mapping[str, float] = MappingProxyType({"surprise": 0.35, "fear": 0.20})
#: From the end of speech to the first movement, the way down, the way up, and from its end to the next phone, seconds.
SETTLE_S, ONSET_S, OFFSET_S, BEFORE_S = 0.08, 0.24, 0.28, 0.05
#: A held jaw waxes and wanes by this share, this often.
WAVER, WAVER_HZ = 0.06, (0.15, 0.5)
#: Lips no longer press on each other when the jaw has dropped this far.
PARTED = 0.06


def jaw_drop(
    times_s: npt.NDArray[np.float64],
    strength: npt.NDArray[np.float64],
    pauses: Sequence[Pause],
    rng: np.random.Generator,
    period_s: float | None = None,
) -> npt.NDArray[np.float64]:
    """Return (T,) jawOpen of the emotion.

    Parameters
    ----------
    times_s : (T,) float64
    strength : (T, 8) float64
        What the face shows of each emotion.
    pauses : sequence of (float, float)
        Where nobody speaks, seconds; in order, apart from each other.
    rng : Generator
    period_s : float, optional
        For a loop.
    """
    free = np.zeros(len(times_s))
    for start_s, end_s in pauses:
        low, high = np.searchsorted(times_s, (start_s, end_s))
        moments = times_s[low:high]
        down = smoothstep((moments - start_s - SETTLE_S) / ONSET_S)
        free[low:high] = down * smoothstep((end_s - BEFORE_S - moments) / OFFSET_S)
    return free * held_jaw(times_s, strength, rng, period_s)


def held_jaw(
    times_s: npt.NDArray[np.float64],
    strength: npt.NDArray[np.float64],
    rng: np.random.Generator,
    period_s: float | None = None,
) -> npt.NDArray[np.float64]:
    """Return (T,) how far the emotion holds the jaw open when it may: :func:`jaw_drop` in a pause without ends."""
    shut = np.prod([1.0 - depth * strength[:, EMOTION_NAMES.index(name)] for name, depth in DROP.items()], axis=0)
    waver = 1.0 + WAVER * drift(times_s, 1, WAVER_HZ, rng, period_s)[:, 0]
    held: npt.NDArray[np.float64] = np.clip((1.0 - shut) * waver, 0.0, 1.0)
    return held


def pauses_of_phones(phones: Sequence[Segment]) -> list[Pause]:
    """Return the pauses before, between and after phones."""
    spoken = [phone for phone in phones if phone.symbol != SILENCE]
    borders = [-np.inf, *(edge for phone in spoken for edge in (phone.start_s, phone.end_s)), np.inf]
    return [(start, end) for start, end in zip(borders[::2], borders[1::2], strict=True) if end > start]


def pauses_of_gate(gate: npt.NDArray[np.floating[Any]], rate_hz: float) -> list[Pause]:
    """Return the pauses of a (F,) gate that is 1 while somebody speaks, sampled ``rate_hz`` times a second."""
    quiet = np.concatenate([[True], gate < 0.5, [True]])
    edges_s = np.flatnonzero(quiet[1:] != quiet[:-1]) / rate_hz
    borders = [-np.inf, *edges_s.tolist(), np.inf]
    return list(zip(borders[::2], borders[1::2], strict=True))


def parted(drop: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (T,) how far a dropped jaw has parted lips that would rest on each other, 0 to 1."""
    return np.clip(drop / PARTED, 0.0, 1.0)
