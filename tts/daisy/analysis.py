"""Sound → WORLD features at 5 ms, 24 kHz: mel-cepstrum, band aperiodicity, log F0, voicing."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from tts.daisy.vocoder import FFT_SIZE, FRAME_MS, N_CEPSTRUM, SAMPLE_RATE

__all__ = ["F0_CEIL_HZ", "F0_FLOOR_HZ", "analyse", "continuous_log_f0"]

F0_FLOOR_HZ, F0_CEIL_HZ = 71.0, 600.0


def analyse(wave: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[Any]]:
    """Take sound apart.

    Parameters
    ----------
    wave : (n,) float64
        24 kHz.

    Returns
    -------
    dict
        ``mcep`` (T, 60), ``bap`` (T, 3) in dB, ``lf0`` (T,) interpolated over unvoiced frames, ``vuv`` (T,).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyworld 0.3.5 asks for its version through pkg_resources
        import pyworld

    wave = np.ascontiguousarray(wave, dtype=np.float64)
    f0, times = pyworld.dio(wave, SAMPLE_RATE, f0_floor=F0_FLOOR_HZ, f0_ceil=F0_CEIL_HZ, frame_period=FRAME_MS)
    f0 = pyworld.stonemask(wave, f0, times, SAMPLE_RATE)
    envelope = pyworld.cheaptrick(wave, f0, times, SAMPLE_RATE, fft_size=FFT_SIZE)
    aperiodicity = pyworld.d4c(wave, f0, times, SAMPLE_RATE, fft_size=FFT_SIZE)
    return {
        "mcep": pyworld.code_spectral_envelope(envelope, SAMPLE_RATE, N_CEPSTRUM).astype(np.float32),
        "bap": pyworld.code_aperiodicity(aperiodicity, SAMPLE_RATE).astype(np.float32),
        "lf0": continuous_log_f0(f0),
        "vuv": (f0 > 0).astype(np.float32),
    }


def continuous_log_f0(f0_hz: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return ln F0, linear over unvoiced stretches; zeros where nothing is voiced."""
    voiced = np.flatnonzero(f0_hz > 0)
    if not len(voiced):
        return np.zeros(len(f0_hz), np.float32)
    return np.interp(np.arange(len(f0_hz)), voiced, np.log(f0_hz[voiced])).astype(np.float32)
