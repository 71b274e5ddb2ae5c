"""How steady and how clear a voice vibrates: harmonics-to-noise ratio, jitter and shimmer.

Definitions are Praat's (P. Boersma, "Accurate short-term analysis of the fundamental frequency and the
harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17 (1993), and its manual's pages "Jitter (local)" and
"Shimmer (local)"), on the pulses that cross-correlation finds along a known F0. The numbers are those of
continuous speech, in which F0 moves: they are higher than the ones of a sustained vowel.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from conditioning import FEATURE_RATE_HZ

__all__ = ["pulses_of", "voice_quality"]

Array = npt.NDArray[np.float64]

#: The sound is read at this many times its rate: the peak of a correlation is narrower than a sample.
OVERSAMPLING = 4
#: A window of the harmonicity, one period of Praat's default lowest pitch; and the step between two.
HARMONICITY_WINDOW_S, HARMONICITY_STEP_S = 1.0 / 75.0, 0.01
#: Of a period: how far the next pulse may be from where F0 says.
SEARCH = 0.2
#: Praat's limits for two neighbours that count: longest period, ratio of two periods, ratio of two amplitudes.
LONGEST_S, PERIOD_FACTOR, AMPLITUDE_FACTOR = 0.02, 1.3, 1.6
#: Praat weighs an amplitude by a Hann window over this part of a period to either side of the pulse.
AMPLITUDE_SIDE = 0.2
LEAST_CORRELATION = 0.3


def voice_quality(waveform: npt.ArrayLike, sample_rate: int, f0_hz: Array) -> dict[str, float]:
    """Return ``hnr_db``, ``jitter_pct`` and ``shimmer_pct`` (both local), nan where nothing is voiced.

    Parameters
    ----------
    waveform : (n,) array_like
    sample_rate : int
        Hertz.
    f0_hz : (T,) float64
        At :data:`conditioning.FEATURE_RATE_HZ`, 0 where unvoiced.
    """
    from scipy.signal import resample_poly

    wave = resample_poly(np.asarray(waveform, np.float64), OVERSAMPLING, 1)
    rate = OVERSAMPLING * sample_rate
    period_jumps, periods, amplitude_jumps, amplitudes = [], [], [], []
    for pulses in pulses_of(wave, rate, f0_hz):
        lengths = np.diff(pulses)
        good = _alike(lengths, PERIOD_FACTOR) & (np.maximum(lengths[1:], lengths[:-1]) <= LONGEST_S)
        period_jumps += np.abs(np.diff(lengths))[good].tolist()
        periods += lengths[1:][good].tolist()
        sizes = _amplitudes(wave, rate, pulses)
        near = good[1:] & good[:-1] & _alike(sizes, AMPLITUDE_FACTOR)[: max(len(good) - 1, 0)]
        amplitude_jumps += np.abs(np.diff(sizes))[: len(near)][near].tolist()
        amplitudes += sizes[: len(near)][near].tolist()
    return {
        "hnr_db": _harmonicity_db(wave, rate, f0_hz),
        "jitter_pct": 100.0 * float(np.mean(period_jumps) / np.mean(periods)) if periods else float("nan"),
        "shimmer_pct": 100.0 * float(np.mean(amplitude_jumps) / np.mean(amplitudes)) if amplitudes else float("nan"),
    }


def _alike(values: Array, factor: float) -> npt.NDArray[np.bool_]:
    """Tell which neighbours differ by less than a factor."""
    ratio = values[1:] / np.maximum(values[:-1], 1e-12)
    alike: npt.NDArray[np.bool_] = (ratio < factor) & (ratio > 1.0 / factor)
    return alike


def pulses_of(wave: Array, rate: int, f0_hz: Array) -> Iterator[Array]:
    """Yield the times in seconds of one pulse a period, for each voiced stretch."""
    voiced = np.flatnonzero(np.diff(np.concatenate([[0], f0_hz > 0.0, [0]]).astype(int)))
    for begin, end in voiced.reshape(-1, 2):
        stretch = np.arange(begin, end) / FEATURE_RATE_HZ
        middle = int(0.5 * (stretch[0] + stretch[-1]) * rate)
        half = int(0.5 * rate / f0_hz[(begin + end) // 2])
        if middle - half < 0 or middle + half >= len(wave):
            continue
        start = middle - half + int(np.abs(wave[middle - half : middle + half]).argmax())
        left, right = (
            _walk(wave, rate, start, sign, (stretch[0], stretch[-1]), (stretch, f0_hz[begin:end])) for sign in (-1, 1)
        )
        yield np.array([*left[::-1], start, *right]) / rate


def _walk(
    wave: Array, rate: int, start: float, sign: int, limits: tuple[float, float], contour: tuple[Array, Array]
) -> list[float]:
    """Return the pulses from one on, in (fractional) samples, to one side."""
    found: list[float] = []
    place = float(start)
    while True:
        period = rate / float(np.interp(place / rate, *contour))
        lag, correlation = _best_lag(wave, place, sign * period, round(period), SEARCH)
        place += lag
        if correlation < LEAST_CORRELATION or not limits[0] <= place / rate <= limits[1]:
            return found
        found.append(place)


def _best_lag(wave: Array, centre: float, lag: float, width: int, search: float) -> tuple[float, float]:
    """Return the lag near a given one at which a window looks most like itself, and the correlation; 0, 0 outside."""
    start = round(centre) - width // 2
    first, last = round(lag - search * abs(lag)), round(lag + search * abs(lag))
    if start < 0 or start + first < 0 or max(start, start + last) + width > len(wave):
        return 0.0, 0.0
    window, other = wave[start : start + width], wave[start + first : start + last + width]
    energy = np.concatenate([[0.0], np.cumsum(other**2)])
    scale = np.sqrt((window @ window) * np.maximum(energy[width:] - energy[:-width], 0.0)) + 1e-12
    scores = np.correlate(other, window, mode="valid") / scale
    best = int(scores.argmax())
    if not 0 < best < len(scores) - 1:
        return float(first + best), float(scores[best])
    a, b, c = scores[best - 1 : best + 2]
    offset = 0.5 * (a - c) / (a - 2.0 * b + c) if a - 2.0 * b + c < 0.0 else 0.0
    return first + best + offset, float(min(b - 0.25 * (a - c) * offset, 1.0))


def _amplitudes(wave: Array, rate: int, pulses: Array) -> Array:
    """Return the Hann-weighted RMS around each pulse but the first and the last."""
    found = np.zeros(max(len(pulses) - 2, 0))
    for k in range(len(found)):
        before, at, after = pulses[k : k + 3] * rate
        sides = AMPLITUDE_SIDE * (at - before), AMPLITUDE_SIDE * (after - at)
        place = np.arange(max(int(np.ceil(at - sides[0])), 0), min(int(at + sides[1]) + 1, len(wave)))
        part = np.where(place < at, (place - at) / sides[0], (place - at) / sides[1])
        weight = 0.5 + 0.5 * np.cos(np.pi * part)
        found[k] = np.sqrt((weight * wave[place] ** 2).sum() / max(weight.sum(), 1e-12))
    return found


def _harmonicity_db(wave: Array, rate: int, f0_hz: Array) -> float:
    """Return the mean over voiced frames of 10 log10(r / (1 - r)), r the correlation one period apart."""
    step = round(HARMONICITY_STEP_S * FEATURE_RATE_HZ)
    width = round(HARMONICITY_WINDOW_S * rate)
    values = []
    for frame in np.flatnonzero(f0_hz[::step] > 0.0) * step:
        period = rate / f0_hz[frame]
        _, r = _best_lag(wave, frame / FEATURE_RATE_HZ * rate - 0.5 * period, period, width, 0.5 * SEARCH)
        if r > 0.0:
            r = min(r, 1.0 - 1e-6)
            values.append(10.0 * np.log10(r / (1.0 - r)))
    return float(np.mean(values)) if values else float("nan")
