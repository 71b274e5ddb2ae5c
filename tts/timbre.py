"""Voice quality: formants, spectral tilt, breath and loudness on WORLD's frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["breathe", "colour", "formant_index"]

Array = npt.NDArray[np.float64]

#: LPC follows the harmonics when F0 rises, so that only this part of the people's F1 shift is the mouth's
#: (G. Bloothooft and R. Plomp, JASA 77, 1985, on formants of high voices).
FORMANT_SHARE = 0.4
#: Gain of the tilt in dB for one dB of alpha ratio: a shelf at the ratio's border. Slopes over several octaves cost a
#: recogniser two to three times as much for the same ratio. Less hiss above 5 kHz.
TILT_HZ = (0.0, 800.0, 1100.0, 5000.0, 8000.0, 12000.0)
TILT_SHAPE = (0.0, 0.0, 1.38, 1.38, 0.6, 0.0)
#: Noise of the neutral voices, as Praat measures it (HNR 12 dB), as a share of the power.
NEUTRAL_NOISE = 10.0 ** (-1.3)


def formant_index(frequencies_hz: Array, f1_ln: Array, f2_ln: Array) -> Array:
    """Return, for each frame and bin, the (fractional) bin that moves there when the formants are shifted.

    Parameters
    ----------
    frequencies_hz : (bins,) float64
        Evenly spaced from 0.
    f1_ln, f2_ln : (T,) float64
        Natural logs of the factors on F1 and F2.
    """
    step_hz = frequencies_hz[1]
    knots_hz = np.array([0.0, 250.0, 550.0, 1700.0, 3500.0, frequencies_hz[-1]])
    shape = np.stack([_knots(f1_ln, f2_ln, position) for position in range(len(knots_hz))], axis=1)
    right = np.clip(np.searchsorted(knots_hz, frequencies_hz, side="right"), 1, len(knots_hz) - 1)
    part = (frequencies_hz - knots_hz[right - 1]) / (knots_hz[right] - knots_hz[right - 1])
    logs = (1.0 - part) * shape[:, right - 1] + part * shape[:, right]
    found: Array = np.clip(frequencies_hz * np.exp(-logs) / step_hz, 0.0, len(frequencies_hz) - 1.0)
    return found


def _knots(f1_ln: Array, f2_ln: Array, position: int) -> Array:
    f1, f2 = FORMANT_SHARE * f1_ln, FORMANT_SHARE * f2_ln
    return (np.zeros_like(f1), 0.6 * f1, f1, f2, 0.5 * f2, np.zeros_like(f1))[position]


def colour(log_power: Array, frequencies_hz: Array, alpha_db: Array, gain_db: Array) -> Array:
    """Tilt each frame's spectrum at equal power, then set its level.

    Parameters
    ----------
    log_power : (T, bins) float
        Natural log of the power envelope.
    frequencies_hz : (bins,) float64
    alpha_db, gain_db : (T,) float64

    Returns
    -------
    (T, bins) float64
        Power.
    """
    power = np.exp(log_power)
    if np.any(alpha_db):
        tilt = np.interp(frequencies_hz, TILT_HZ, TILT_SHAPE) * np.log(10.0) / 10.0
        tilted = power * np.exp(alpha_db[:, None] * tilt)
        power = tilted * (power.sum(axis=1) / tilted.sum(axis=1))[:, None]
    coloured: Array = power * (10.0 ** (gain_db / 10.0))[:, None]
    return coloured


def breathe(aperiodicity: Array, source_power: Array, new_power: Array, hnr_db: Array) -> Array:
    """Set the noise of voiced frames so that the harmonics-to-noise ratio changes as wanted and by nothing else.

    A tilt alone would raise the noise with the treble that carries it.

    Parameters
    ----------
    aperiodicity : (T, bins) float64
        Amplitude share of noise of the neutral voice.
    source_power, new_power : (T, bins) float64
        Envelopes before and after :func:`colour`.
    hnr_db : (T,) float64
        Change; negative is breathier.
    """
    noise = aperiodicity**2
    before = (source_power * noise).sum(axis=1) / source_power.sum(axis=1)
    after = (new_power * noise).sum(axis=1) / new_power.sum(axis=1)
    wanted = np.maximum(before + NEUTRAL_NOISE * (10.0 ** (-hnr_db / 10.0) - 1.0), 0.1 * before)
    factor = np.minimum(wanted / after, 1.0)
    extra = np.maximum(wanted - after, 0.0)
    share: Array = np.sqrt(np.clip(noise * factor[:, None] + extra[:, None], 0.0, 1.0))
    return share
