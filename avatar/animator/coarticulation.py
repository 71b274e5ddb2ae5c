"""From phones to lip curves: targets blended by dominance.

``F(t) = Σ D_i(t) T_i / Σ D_i(t)`` with ``D_i = α_i exp(-(τ_i / w_i)²)``, where τ is the time from the nearest edge
of phone i's plateau (Cohen and Massaro 1993, equations 1–3; their exponent c is free, 2 gives curves without
corners). Each articulator has its own dominance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from avatar.animator.noise import smoothstep
from avatar.animator.visemes import CHANNELS, parts_of, target_of
from conditioning import Segment
from conditioning.phones import SILENCE, stress_of

__all__ = ["Gestures", "gestures_of", "lip_curves", "speaking"]

#: Neighbours on each side that may still be felt.
N_NEIGHBOURS = 4
#: Share of a phone that its target is held.
PLATEAU = 0.4
#: Half width of the blend, seconds, before and after the plateau: tweens of 40–80 ms.
WIDTH_BEFORE_S = 0.055
WIDTH_AFTER_S = 0.050
#: Jaw targets by stress: none, primary, secondary.
STRESS_GAIN = (0.88, 1.12, 1.0)
#: A pause shorter than this pulls the mouth shut less than a full one.
FULL_PAUSE_S = 0.12
#: The face may lead the voice by this much after a pause (Schwartz and Savariaux 2014), and settles after it.
ONSET_LEAD_S = 0.13
RELEASE_S = 0.13


@dataclass(frozen=True)
class Gestures:
    """Articulations in time; G rows, C channels.

    Attributes
    ----------
    start_s, end_s : (G,) float64
    weights, dominance, reach : (G, C) float64
    silent : (G,) bool
    parts : tuple of str
    phone : (G,) intp
        Which phone each belongs to.
    """

    start_s: npt.NDArray[np.float64]
    end_s: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    dominance: npt.NDArray[np.float64]
    reach: npt.NDArray[np.float64]
    silent: npt.NDArray[np.bool_]
    parts: tuple[str, ...]
    phone: npt.NDArray[np.intp]


@lru_cache(maxsize=1024)
def _rows(symbol: str) -> tuple[tuple[str, float, npt.NDArray[np.float64]], ...]:
    """Return (part, share, stacked (3, C) weights, dominance, reach) of a phone."""
    rows = []
    gain = STRESS_GAIN[stress_of(symbol)]
    for part, share in parts_of(symbol):
        target = target_of(part)
        weights = target.weights.copy()
        weights[0] *= gain if weights[0] > 0.1 else 1.0
        rows.append((part, share, np.stack([weights, target.dominance, target.reach])))
    return tuple(rows)


def gestures_of(phones: tuple[Segment, ...]) -> Gestures:
    """Return the articulations of phones, each diphthong and affricate as two."""
    parts: list[str] = []
    starts: list[float] = []
    ends: list[float] = []
    tables: list[npt.NDArray[np.float64]] = []
    owners: list[int] = []
    for index, phone in enumerate(phones):
        if phone.end_s <= phone.start_s:
            continue
        moment = phone.start_s
        for part, share, table in _rows(phone.symbol):
            parts.append(part)
            starts.append(moment)
            moment += share * phone.duration_s
            ends.append(moment)
            tables.append(table)
            owners.append(index)
    stacked = np.stack(tables)
    silent = np.array([part == SILENCE for part in parts])
    length = np.array(ends) - np.array(starts)
    stacked[silent, 1] *= np.clip(length[silent] / FULL_PAUSE_S, 0.02, 1.0)[:, None]
    return Gestures(
        np.array(starts), np.array(ends), stacked[:, 0], stacked[:, 1], stacked[:, 2], silent, tuple(parts),
        np.array(owners, np.intp),
    )  # fmt: skip


def lip_curves(times_s: npt.NDArray[np.float64], gestures: Gestures) -> npt.NDArray[np.float64]:
    """Blend the targets of neighbouring articulations.

    Parameters
    ----------
    times_s : (T,) float64
    gestures : Gestures

    Returns
    -------
    (T, C) float64
        Weights of :data:`~avatar.animator.visemes.CHANNELS`, before loudness and closures.
    """
    n = len(gestures.start_s)
    hold_start, hold_end = _plateaus(gestures)
    here = np.clip(np.searchsorted(gestures.start_s, times_s, side="right") - 1, 0, n - 1)
    total = np.zeros((len(times_s), len(CHANNELS)))
    norm = np.full_like(total, 1e-12)
    for offset in range(-N_NEIGHBOURS, N_NEIGHBOURS + 1):
        index = here + offset
        inside = (index >= 0) & (index < n)
        index = np.clip(index, 0, n - 1)
        early = np.maximum(hold_start[index] - times_s, 0.0) / WIDTH_BEFORE_S
        late = np.maximum(times_s - hold_end[index], 0.0) / WIDTH_AFTER_S
        distance = ((early + late)[:, None] / gestures.reach[index]) ** 2
        dominance = gestures.dominance[index] * np.exp(-distance) * inside[:, None]
        total += dominance * gestures.weights[index]
        norm += dominance
    return total / norm


def _plateaus(gestures: Gestures) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return where each target's plateau starts and ends; silence gives way at its ends."""
    length = gestures.end_s - gestures.start_s
    inset = 0.5 * (1.0 - PLATEAU) * length
    lead = np.minimum(ONSET_LEAD_S * 0.6, 0.4 * length)
    settle = np.minimum(RELEASE_S * 0.6, 0.4 * length)
    hold_start = gestures.start_s + np.where(gestures.silent, settle, inset)
    hold_end = gestures.end_s - np.where(gestures.silent, lead, inset)
    return hold_start, hold_end


def speaking(times_s: npt.NDArray[np.float64], gestures: Gestures) -> npt.NDArray[np.float64]:
    """Return 1 where the mouth may move for speech and 0 inside pauses, with soft flanks.

    Parameters
    ----------
    times_s : (T,) float64
    gestures : Gestures

    Returns
    -------
    (T,) float64
    """
    gate = np.ones(len(times_s))
    last = len(gestures.silent) - 1
    for index in np.flatnonzero(gestures.silent):
        start, end = gestures.start_s[index], gestures.end_s[index]
        first, final = index == 0, index == last
        shut = start - 1.0 if first else start + RELEASE_S
        wake = end + 1.0 if final else end - ONSET_LEAD_S
        if wake <= shut and not (first or final):
            continue
        low = int(np.searchsorted(times_s, start)) if not first else 0
        high = int(np.searchsorted(times_s, end)) if not final else len(times_s)
        moments = times_s[low:high]
        falling = 1.0 - smoothstep((moments - (shut - RELEASE_S)) / RELEASE_S)
        rising = smoothstep((moments - wake) / ONSET_LEAD_S)
        gate[low:high] = np.maximum(falling, rising)
    return gate
