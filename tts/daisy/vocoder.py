"""Features → waveform with WORLD (M. Morise et al., IEICE Trans. E99-D, 2016).

Conventions: 24 kHz, one frame each 5 ms; ``mcep`` is pyworld's coded envelope (60 coefficients on a mel axis),
``bap`` pyworld's coded aperiodicity (3 bands, dB), F0 in hertz with 0 for unvoiced.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["FFT_SIZE", "FRAME_MS", "HOP_LENGTH", "N_CEPSTRUM", "SAMPLE_RATE", "synthesise"]

SAMPLE_RATE = 24_000
FRAME_MS = 5.0
HOP_LENGTH = 120  # samples of a frame
FFT_SIZE = 1024
N_CEPSTRUM = 60
N_BANDS = 3


#: Noise of a breathy voice beside its harmonics, dB at 0 Hz and from 3 kHz on: aspiration is stronger in the treble.
#: WORLD's coded aperiodicity knows none below its first band.
BREATH_DB = (-25.0, -15.0)
BREATH_HZ = (0.0, 3000.0)


def synthesise(
    mcep: npt.NDArray[Any],
    bap: npt.NDArray[Any],
    f0_hz: npt.NDArray[Any],
    breath: npt.NDArray[Any] | None = None,
) -> npt.NDArray[np.float32]:
    """Return the waveform of T frames.

    Parameters
    ----------
    mcep : (T, 60) float
    bap : (T, 3) float
        dB, at most 0.
    f0_hz : (T,) float
        0 where unvoiced.
    breath : (T,) float, optional
        0 is the voice's own, 1 breathy: at least :data:`BREATH_DB` of noise while it is voiced.

    Returns
    -------
    (T * 120,) float32
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyworld 0.3.5 asks for its version through pkg_resources
        import pyworld

    contiguous = [np.ascontiguousarray(array, dtype=np.float64) for array in (mcep, np.minimum(bap, 0.0), f0_hz)]
    envelope = pyworld.decode_spectral_envelope(contiguous[0], SAMPLE_RATE, FFT_SIZE)
    aperiodicity = pyworld.decode_aperiodicity(contiguous[1], SAMPLE_RATE, FFT_SIZE)
    if breath is not None and breath.any():
        floor = 10.0 ** (
            np.interp(np.linspace(0.0, SAMPLE_RATE / 2.0, aperiodicity.shape[1]), BREATH_HZ, BREATH_DB) / 20.0
        )
        aperiodicity = np.maximum(aperiodicity, np.minimum(breath[:, None], 1.5) * floor)
    wave = pyworld.synthesize(contiguous[2], envelope, aperiodicity, SAMPLE_RATE, FRAME_MS)
    whole = np.zeros(len(f0_hz) * HOP_LENGTH, np.float32)
    count = min(len(whole), len(wave))
    whole[:count] = wave[:count]
    return whole
