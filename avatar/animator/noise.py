"""Smooth random curves that are functions of time, so that any frame rate samples the same curve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["drift", "smoothstep"]

#: Sinusoids in one curve; their sum is close to Gaussian.
N_PARTIALS = 5


def drift(
    times_s: npt.NDArray[np.float64],
    channels: int,
    band_hz: tuple[float, float],
    rng: np.random.Generator,
    period_s: float | None = None,
) -> npt.NDArray[np.float64]:
    """Return slow random curves of unit variance.

    Parameters
    ----------
    times_s : (T,) float64
        Seconds.
    channels : int
        How many independent curves.
    band_hz : (float, float)
        Lowest and highest frequency.
    rng : Generator
        Source of frequencies and phases; the number of values drawn does not depend on ``times_s``.
    period_s : float, optional
        If given, every curve repeats with this period.

    Returns
    -------
    (T, channels) float64
    """
    low_hz, high_hz = band_hz
    frequencies = np.exp(rng.uniform(np.log(low_hz), np.log(high_hz), (channels, N_PARTIALS)))
    if period_s is not None:
        frequencies = np.maximum(np.round(frequencies * period_s), 1.0) / period_s
    phases = rng.uniform(0.0, 2.0 * np.pi, (channels, N_PARTIALS))
    angles = 2.0 * np.pi * times_s[:, None, None] * frequencies + phases
    curves: npt.NDArray[np.float64] = np.sin(angles).sum(axis=-1) * np.sqrt(2.0 / N_PARTIALS)
    return curves


def smoothstep(position: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return 0 below 0, 1 above 1, and between them the quintic with no velocity or acceleration at its ends.

    Minimum-jerk movement: T. Flash and N. Hogan, J. Neuroscience 5 (1985), equation 8.
    """
    x = np.clip(position, 0.0, 1.0)
    return x * x * x * (x * (6.0 * x - 15.0) + 10.0)
