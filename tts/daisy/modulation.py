"""Give a network's smooth trajectories the movement that speech has.

A network that learns means moves its spectrum too slowly: most of what is missing lies above 8 Hz. After S. Takamichi
et al., "Postfilters to modify the modulation spectrum for statistical parametric speech synthesis", IEEE/ACM TASLP 24
(2016), the level of the trajectories' spectra is brought back by a filter over time; theirs works on each utterance's
own spectrum, this one has fixed gains, which is their mean, and so a short symmetric impulse response.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from conditioning import FEATURE_RATE_HZ

__all__ = ["BANDS_HZ", "apply_filter", "modulation_filter"]

Array = npt.NDArray[np.float64]

#: Bands of modulation frequency whose level is set.
BANDS_HZ = ((8.0, 16.0), (16.0, 25.0))
#: Syllables stay as they are up to the first, and from the second on there is only roughness.
UNCHANGED_HZ = (5.0, 40.0)
SIDE_FRAMES = 40


def modulation_filter(gains_db: npt.ArrayLike) -> Array:
    """Return the (81,) impulse response that has these gains in the middle of :data:`BANDS_HZ` and 1 at 0 Hz."""
    knots_hz = [UNCHANGED_HZ[0], *(0.5 * (low + high) for low, high in BANDS_HZ), BANDS_HZ[-1][1], UNCHANGED_HZ[1]]
    gains = np.asarray(gains_db, np.float64)
    frequencies = np.linspace(0.0, FEATURE_RATE_HZ / 2.0, 4 * SIDE_FRAMES + 1)
    response = 10.0 ** (np.interp(frequencies, knots_hz, [0.0, *gains, gains[-1], 0.0]) / 20.0)
    pulse = np.fft.irfft(response)
    taps = np.concatenate([pulse[-SIDE_FRAMES:], pulse[: SIDE_FRAMES + 1]]) * np.hanning(2 * SIDE_FRAMES + 3)[1:-1]
    found: Array = taps / taps.sum()
    return found


def apply_filter(table: npt.NDArray[np.float32], taps: Array) -> npt.NDArray[np.float32]:
    """Return the (T, n) trajectories after a symmetric filter over time, edges held."""
    side = len(taps) // 2
    padded = np.pad(table, ((side, side), (0, 0)), mode="edge")
    found = np.zeros_like(table)
    for k, tap in enumerate(taps.astype(np.float32)):
        found += tap * padded[k : k + len(table)]
    return found
