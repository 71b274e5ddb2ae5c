"""The melody: what emotions and deliveries make of a neutral F0 contour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tts.world import F0_CEILING_HZ, F0_FLOOR_HZ, FRAME_S

__all__ = ["Accent", "fill_unvoiced", "melody", "reference_hz"]

Array = npt.NDArray[np.float64]

#: The movement at the end of a breath group takes this long.
FINAL_S = 0.33
#: A slope stops adding up after this much on either side of the middle of its breath group.
SLOPE_MAX_ST = 3.0
TREMOR_HZ = 6.0
#: Peak of an emphasised word over its neighbours at emphasis 1 (L. Streefkerk, *Prominence*, 2002: 2–5 st).
EMPHASIS_ST = 3.5
#: Mean absolute difference of neighbouring values of white noise with unit deviation is 2 / sqrt(pi); WORLD draws
#: lines between the frames, which leaves about a third of it from period to period.
NEIGHBOUR_DIFFERENCE = 1.128 / 3.0
#: Measured over whole utterances, declination and its changes hide a part of what the accents' range does.
RANGE_GAIN = 1.5


@dataclass(frozen=True)
class Accent:
    """A stressed vowel on the new clock; ``weight`` is 1 for the last of its breath group, less before."""

    start_s: float
    end_s: float
    weight: float
    emphasis: float


def reference_hz(f0_hz: Array) -> float:
    """Return the geometric mean of the voiced values, 150 Hz if there are none."""
    voiced = f0_hz[f0_hz > 0.0]
    return float(np.exp(np.log(voiced).mean())) if len(voiced) else 150.0


def fill_unvoiced(f0_hz: Array) -> Array:
    """Return the contour with straight lines in semitones through its unvoiced stretches."""
    voiced = np.flatnonzero(f0_hz > 0.0)
    if not len(voiced):
        return np.full(len(f0_hz), 150.0)
    return np.exp(np.interp(np.arange(len(f0_hz)), voiced, np.log(f0_hz[voiced])))


def _bump(times_s: Array, accent: Accent) -> Array:
    """Return a rise to the later part of the vowel and a slower fall after it, 1 at the peak."""
    length = accent.end_s - accent.start_s
    begin, peak, end = accent.start_s - 0.04, accent.start_s + 0.55 * length, accent.end_s + 0.10
    phase = np.interp(times_s, [begin, peak, end], [0.0, np.pi, 2.0 * np.pi])
    return 0.5 - 0.5 * np.cos(phase)


def _group_shape(times_s: Array, groups: Sequence[tuple[float, float]]) -> tuple[Array, Array]:
    """Return seconds from the middle of the breath group, and a ramp 0 → 1 over the group's end."""
    offset, ramp = np.zeros_like(times_s), np.zeros_like(times_s)
    for start_s, end_s in groups:
        inside = (times_s >= start_s) & (times_s <= end_s)
        offset[inside] = times_s[inside] - 0.5 * (start_s + end_s)
        length_s = min(FINAL_S, 0.5 * (end_s - start_s))
        ramp[inside] = np.clip((times_s[inside] - (end_s - length_s)) / max(length_s, FRAME_S), 0.0, 1.0)
    return offset, ramp


def melody(
    source_hz: Array,
    reference: float,
    times_s: Array,
    groups: Sequence[tuple[float, float]],
    accents: Sequence[Accent],
    cues: dict[str, Array],
    pitch_st: Array,
    range_scale: Array,
    rng: np.random.Generator,
) -> Array:
    """Return the new F0 in hertz, as if everything were voiced.

    Parameters
    ----------
    source_hz : (T,) float64
        Neutral F0 without gaps, already on the new clock.
    reference : float
        The speaker's neutral mean in hertz; ranges widen and narrow around it.
    times_s : (T,) float64
        Frame times.
    groups : sequence of (start_s, end_s)
        Breath groups.
    accents : sequence of Accent
    cues : dict of (T,) arrays
        See :mod:`tts.emotion_cues`.
    pitch_st, range_scale : (T,) float64
        Of the deliveries.
    rng : Generator
        For jitter and the phase of the tremor.
    """
    semitones = 12.0 * np.log2(source_hz / reference)
    semitones = semitones * np.exp(RANGE_GAIN * cues["f0_range_ln"]) * range_scale
    offset, ramp = _group_shape(times_s, groups)
    semitones += np.clip(cues["f0_slope_st_per_s"] * offset, -SLOPE_MAX_ST, SLOPE_MAX_ST)
    semitones += cues["final_st"] * ramp
    for accent in accents:
        near = slice(*np.searchsorted(times_s, [accent.start_s - 0.04, accent.end_s + 0.10]))
        height = cues["accent_st"][near] * accent.weight + EMPHASIS_ST * accent.emphasis
        semitones[near] += height * _bump(times_s[near], accent)
    semitones += cues["f0_level_st"] + pitch_st
    semitones += cues["tremor_st"] * np.sin(2.0 * np.pi * (TREMOR_HZ * times_s + rng.random()))
    jitter = np.maximum(cues["jitter_pct"], 0.0)
    factor = 1.0 + 0.01 * jitter / NEIGHBOUR_DIFFERENCE * rng.standard_normal(len(times_s))
    moved: Array = np.clip(reference * 2.0 ** (semitones / 12.0) * factor, F0_FLOOR_HZ, F0_CEILING_HZ)
    return moved
