"""A mouth that follows loudness, for sound without phones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avatar.animator.noise import smoothstep
from avatar.animator.prosody import Prosody
from avatar.animator.visemes import CHANNELS

__all__ = ["loudness_lips", "loudness_speaking"]

#: Weights at full loudness.
OPEN = {"jawOpen": 0.34, "mouthLowerDown": 0.20, "mouthUpperUp": 0.08, "mouthFunnel": 0.06, "mouthStretch": 0.06}
#: Amplitude, relative to the loud part, at which the mouth starts to move, and at which it fully may.
GATE = (0.03, 0.12)


def loudness_lips(times_s: npt.NDArray[np.float64], prosody: Prosody) -> npt.NDArray[np.float64]:
    """Return (T, C) weights of the lips' channels."""
    level = np.clip(prosody.at("envelope", times_s), 0.0, 1.2) ** 0.8
    curves = np.zeros((len(times_s), len(CHANNELS)))
    for name, value in OPEN.items():
        curves[:, CHANNELS.index(name)] = value * level
    return curves


def loudness_speaking(times_s: npt.NDArray[np.float64], prosody: Prosody) -> npt.NDArray[np.float64]:
    """Return (T,) 1 where there is sound."""
    low, high = GATE
    return smoothstep((prosody.at("envelope", times_s) - low) / (high - low))
