"""WORLD in both directions: waveform → spectral envelope → waveform.

M. Morise, F. Yokomori, K. Ozawa, "WORLD: a vocoder-based high-quality speech synthesis system for real-time
applications", IEICE Trans. E99-D (2016), through ``pyworld``. The aperiodicity is not analysed (D4C would take
half of the time) where a whole neutral voice is re-shaped: there it comes from the kind of phone, see
:data:`NOISE_SHARE`. :func:`aperiodicity` analyses it where a sound is to stay as it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from types import ModuleType

import numpy as np
import numpy.typing as npt

from conditioning import FEATURE_RATE_HZ, MissingDependency, Segment
from tts.pitch import F0_CEILING_HZ as TRACKED_UP_TO_HZ
from tts.pitch import track_pitch

__all__ = [
    "F0_CEILING_HZ",
    "F0_FLOOR_HZ",
    "FRAME_S",
    "aperiodicity",
    "envelope",
    "fft_size",
    "noise_share",
    "pitch",
    "synthesise",
]

Array = npt.NDArray[np.float64]

FRAME_S = 1.0 / FEATURE_RATE_HZ
F0_FLOOR_HZ, F0_CEILING_HZ = 65.0, 650.0

NOISE_HZ = (0.0, 100.0, 500.0, 1000.0, 2000.0, 3000.0, 4000.0, 6000.0, 8000.0, 11000.0)
#: Amplitude share of noise in voiced frames at :data:`NOISE_HZ`: D4C's medians over twelve sentences of espeak-ng.
NOISE_SHARE = {
    "vowel": (0.001, 0.001, 0.002, 0.006, 0.041, 0.26, 0.35, 0.63, 0.76, 0.98),
    "sonorant": (0.001, 0.001, 0.003, 0.007, 0.049, 0.34, 0.42, 0.66, 0.77, 0.98),
    "voiced_fricative": (0.001, 0.001, 0.003, 0.009, 0.084, 0.77, 0.77, 0.78, 0.86, 0.99),
}


def _pyworld() -> ModuleType:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyworld 0.3.5 asks for its version through pkg_resources
            import pyworld
    except ImportError as error:
        raise MissingDependency(f"no WORLD vocoder: {error}; run `pip install pyworld 'setuptools<81'`") from error
    return pyworld  # type: ignore[no-any-return]


def pitch(
    waveform: Array, sample_rate: int, phones: Sequence[Segment] = (), ceiling_hz: float = TRACKED_UP_TO_HZ
) -> Array:
    """Return F0 as :func:`tts.pitch.track_pitch` finds it, corrected by StoneMask on the harmonics' frequencies."""
    f0_hz = track_pitch(waveform, sample_rate, phones, ceiling_hz)
    times = np.arange(len(f0_hz)) * FRAME_S
    refined: Array = _pyworld().stonemask(waveform, f0_hz, times, sample_rate)
    # StoneMask gives up some frames; they keep the value that they had.
    return np.where((refined > 0.0) & (np.abs(refined - f0_hz) < 0.1 * f0_hz), refined, f0_hz)


def fft_size(sample_rate: int) -> int:
    """Return the length of WORLD's spectra: three periods of the lowest F0, to the next power of two."""
    return int(2 ** np.ceil(np.log2(3.0 * sample_rate / F0_FLOOR_HZ + 1.0)))


def envelope(waveform: Array, f0_hz: Array, sample_rate: int) -> Array:
    """Return the (T, bins) power envelope of the frames of ``f0_hz``."""
    times = np.arange(len(f0_hz)) * FRAME_S
    found: Array = _pyworld().cheaptrick(waveform, f0_hz, times, sample_rate, fft_size=fft_size(sample_rate))
    return found


def aperiodicity(waveform: Array, f0_hz: Array, sample_rate: int) -> Array:
    """Return the (T, bins) amplitude share of noise of the frames of ``f0_hz``, by D4C."""
    times = np.arange(len(f0_hz)) * FRAME_S
    found: Array = _pyworld().d4c(waveform, f0_hz, times, sample_rate, fft_size=fft_size(sample_rate))
    return found


def noise_share(kind: str, frequencies_hz: Array) -> Array:
    """Return the amplitude share of noise in voiced frames of a kind of phone, at given frequencies."""
    table = NOISE_SHARE.get(kind, NOISE_SHARE["vowel" if kind == "silence" else "voiced_fricative"])
    return np.exp(np.interp(frequencies_hz, NOISE_HZ, np.log(table)))


def synthesise(f0_hz: Array, power: Array, aperiodicity: Array, sample_rate: int, n_samples: int) -> Array:
    """Return exactly ``n_samples`` samples of sound.

    Parameters
    ----------
    f0_hz : (T,) float64
        0 where unvoiced.
    power, aperiodicity : (T, bins) float64
        Power envelope; amplitude share of noise, from 0 to 1.
    """
    made = _pyworld().synthesize(
        np.ascontiguousarray(f0_hz), np.ascontiguousarray(power), np.ascontiguousarray(aperiodicity),
        sample_rate, 1000.0 * FRAME_S,
    )  # fmt: skip
    sound = np.zeros(n_samples)
    count = min(n_samples, len(made))
    sound[:count] = made[:count]
    return sound
