"""Track F0: normalised cross-correlation and the cheapest path through its peaks.

After D. Talkin, "A robust algorithm for pitch tracking (RAPT)", in *Speech Coding and Synthesis* (1995), on one
decimated signal; WORLD's DIO takes the harmonics of Klatt's synthesis for the fundamental. Where the phones are
known, they say where voicing is likely.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from conditioning import FEATURE_RATE_HZ, Segment
from tts.phonetics import kind_of

__all__ = ["F0_CEILING_HZ", "F0_FLOOR_HZ", "fast_length", "track_pitch", "voicing_threshold"]

Array = npt.NDArray[np.float64]

F0_FLOOR_HZ, F0_CEILING_HZ = 60.0, 420.0
DECIMATED_HZ = 5_500.0
WINDOW_S = 0.018
CANDIDATES = 6
#: Costs: of a long period against a short one, of an octave between two frames, of a change of voicing.
LAG_COST, OCTAVE_COST, VOICING_COST = 0.28, 1.6, 0.12
#: Correlation from which a frame counts as voiced, by kind of phone.
THRESHOLDS = {
    "vowel": 0.30, "sonorant": 0.30, "voiced_fricative": 0.45, "stop": 0.75, "affricate": 0.85, "fricative": 0.92,
    "silence": 0.92,
}  # fmt: skip
UNKNOWN_THRESHOLD = 0.62
#: Frames this far below the loudest are never voiced.
QUIET_DB = -50.0
CHUNK = 4096


def voicing_threshold(phones: Sequence[Segment], n_frames: int) -> Array:
    """Return the correlation from which each frame counts as voiced.

    Parameters
    ----------
    phones : sequence of Segment
        May be empty: then one threshold holds for all.
    n_frames : int
        Frames at :data:`conditioning.FEATURE_RATE_HZ`.
    """
    if not phones:
        return np.full(n_frames, UNKNOWN_THRESHOLD)
    times_s = np.arange(n_frames) / FEATURE_RATE_HZ
    index = np.searchsorted([phone.start_s for phone in phones], times_s, side="right") - 1
    levels = np.array([THRESHOLDS[kind_of(phone.symbol)] for phone in phones])
    found: Array = levels[np.clip(index, 0, len(phones) - 1)]
    return found


def track_pitch(
    waveform: Array, sample_rate: int, phones: Sequence[Segment] = (), ceiling_hz: float = F0_CEILING_HZ
) -> Array:
    """Return F0 at :data:`conditioning.FEATURE_RATE_HZ`.

    Parameters
    ----------
    waveform : (n,) float64
    sample_rate : int
        Hertz.
    phones : sequence of Segment
        Of the same sound, if known.
    ceiling_hz : float
        Highest F0; a woman's joy goes beyond the default.

    Returns
    -------
    (T,) float64
        Hertz, 0 where unvoiced; T = n // (rate / 200) + 1.
    """
    n_frames = int(len(waveform) * FEATURE_RATE_HZ / sample_rate) + 1
    slow, rate = _decimate(np.asarray(waveform, dtype=np.float64), sample_rate)
    lags, scores = _candidates(slow, rate, n_frames, ceiling_hz)
    path = _cheapest_path(lags, scores, voicing_threshold(phones, n_frames), rate)
    chosen = np.take_along_axis(lags, np.maximum(path, 0)[:, None], axis=1)[:, 0]
    return np.where((path >= 0) & (chosen > 0.0), rate / np.maximum(chosen, 1.0), 0.0)


def _decimate(waveform: Array, sample_rate: int) -> tuple[Array, float]:
    """Return the sound at about :data:`DECIMATED_HZ`, cut off there in its spectrum."""
    factor = max(int(sample_rate // DECIMATED_HZ), 1)
    count = fast_length(-(-len(waveform) // factor))
    spectrum = np.fft.rfft(waveform, count * factor)[: count // 2 + 1]
    return np.fft.irfft(spectrum, count) / factor, sample_rate / factor


def fast_length(count: int) -> int:
    """Return the next length of 2, 3 or 5 times a power of two: transforms of other lengths can be slow.

    Examples
    --------
    >>> [fast_length(count) for count in (7, 9, 11, 1025)]
    [8, 10, 12, 1280]
    """
    power = 1 << max(int(np.ceil(np.log2(max(count, 8)))) - 3, 0)
    return power * next(part for part in (4, 5, 6, 8) if power * part >= count)


def _candidates(slow: Array, rate: float, n_frames: int, ceiling_hz: float) -> tuple[Array, Array]:
    """Return (T, :data:`CANDIDATES`) lags in samples (0: none) and their correlations."""
    window = int(WINDOW_S * rate)
    shortest, longest = int(rate / ceiling_hz), int(np.ceil(rate / F0_FLOOR_HZ)) + 2
    length = window + longest
    starts = np.round(np.arange(n_frames) / FEATURE_RATE_HZ * rate).astype(int)
    padded = np.concatenate([np.zeros(length // 2), slow, np.zeros(length)])
    loudest = np.sqrt(np.mean(np.sort(slow**2)[-max(len(slow) // 20, 1) :]))
    floor = window * (loudest * 10.0 ** (QUIET_DB / 20.0)) ** 2 + 1e-12
    lags = np.zeros((n_frames, CANDIDATES))
    scores = np.zeros((n_frames, CANDIDATES))
    for begin in range(0, n_frames, CHUNK):
        rows = slice(begin, min(begin + CHUNK, n_frames))
        segments = padded[starts[rows, None] + np.arange(length)]
        lags[rows], scores[rows] = _peaks(_correlate(segments, window, longest, floor), shortest)
    return lags, scores


def _correlate(segments: Array, window: int, longest: int, floor: float) -> Array:
    """Return (T, longest + 1) normalised correlations of each segment's first window with its later ones."""
    size = int(2 ** np.ceil(np.log2(segments.shape[1])))
    spectrum = np.fft.rfft(segments, size)
    first = np.fft.rfft(segments[:, :window], size)
    raw = np.fft.irfft(spectrum * np.conj(first), size)[:, : longest + 1]
    energy = np.concatenate([np.zeros((len(segments), 1)), np.cumsum(segments**2, axis=1)], axis=1)
    energies = energy[:, window : window + longest + 1] - energy[:, : longest + 1]
    found: Array = raw / np.sqrt(np.maximum(energies[:, :1] * energies, 0.0) + floor**2)
    return found


def _peaks(correlation: Array, shortest: int) -> tuple[Array, Array]:
    """Return the highest local maxima, refined by parabolas."""
    inner = correlation[:, 1:-1]
    is_peak = (inner > correlation[:, :-2]) & (inner >= correlation[:, 2:])
    is_peak[:, : max(shortest - 1, 0)] = False
    ranked = np.where(is_peak, inner, -1.0)
    best = np.argpartition(-ranked, CANDIDATES - 1, axis=1)[:, :CANDIDATES]
    height = np.take_along_axis(ranked, best, axis=1)
    left = np.take_along_axis(correlation, best, axis=1)
    right = np.take_along_axis(correlation, best + 2, axis=1)
    bend = left - 2.0 * height + right
    offset = np.where(bend < -1e-9, 0.5 * (left - right) / np.where(bend < -1e-9, bend, -1.0), 0.0)
    real = height > 0.0
    return np.where(real, best + 1 + np.clip(offset, -0.5, 0.5), 0.0), np.where(real, np.minimum(height, 1.0), 0.0)


def _cheapest_path(lags: Array, scores: Array, threshold: Array, rate: float) -> npt.NDArray[np.int64]:
    """Return the chosen candidate of each frame, -1 where unvoiced."""
    longest = rate / F0_FLOOR_HZ
    real = lags > 0.0
    local = np.where(real, 1.0 - scores * (1.0 - LAG_COST * lags / longest), 9.0)
    local = np.concatenate([local, (1.0 - threshold)[:, None]], axis=1)
    octaves = np.log2(np.where(real, lags, longest))
    count, states = local.shape
    total = local[0].copy()
    back = np.zeros((count, states), dtype=np.int64)
    step = np.full((states, states), VOICING_COST)
    step[-1, -1] = 0.0
    every = np.arange(states)
    for frame in range(1, count):
        step[:-1, :-1] = OCTAVE_COST * np.abs(octaves[frame - 1][:, None] - octaves[frame][None, :])
        costs = total[:, None] + step
        back[frame] = costs.argmin(axis=0)
        total = costs[back[frame], every] + local[frame]
    path = np.empty(count, dtype=np.int64)
    path[-1] = int(total.argmin())
    for frame in range(count - 1, 0, -1):
        path[frame - 1] = back[frame, path[frame]]
    return np.where(path == states - 1, -1, path)
