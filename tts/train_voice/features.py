"""Recordings as mono sound at 24 kHz; their WORLD features are :mod:`tts.daisy.analysis`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tts.daisy.analysis import analyse, continuous_log_f0
from tts.daisy.vocoder import SAMPLE_RATE

__all__ = ["analyse", "continuous_log_f0", "read_24k"]


def read_24k(path: Path) -> npt.NDArray[np.float64]:
    """Read a file as mono at 24 kHz."""
    import soundfile
    from scipy.signal import resample_poly

    wave, rate = soundfile.read(str(path))
    wave = wave if wave.ndim == 1 else wave.mean(1)
    sound: npt.NDArray[np.float64] = wave if rate == SAMPLE_RATE else resample_poly(wave, SAMPLE_RATE, rate)
    return sound
