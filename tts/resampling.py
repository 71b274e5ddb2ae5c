"""Sound at another rate."""

from __future__ import annotations

from math import gcd

import numpy as np
import numpy.typing as npt

__all__ = ["resampled"]


def resampled(waveform: npt.ArrayLike, rate_hz: int, target_hz: int) -> npt.NDArray[np.float64]:
    """Return a waveform (n,) at another rate, by a polyphase filter."""
    from scipy.signal import resample_poly

    shared = gcd(target_hz, rate_hz)
    sound = np.asarray(waveform, np.float64)
    return np.asarray(resample_poly(sound, target_hz // shared, rate_hz // shared), np.float64)
