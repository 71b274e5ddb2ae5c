"""Loudness of finished speech: one reference for the neutral voice, and a limiter that never clips."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from conditioning import FEATURE_RATE_HZ

__all__ = ["energy_db", "limit", "neutral_gain", "speech_level_db"]

Array = npt.NDArray[np.float64]

#: Level of the neutral voice while it speaks, dB relative to full scale.
TARGET_DB = -20.0
#: Sample peaks stay below this, so that the true peak between two samples stays below -1 dB.
PEAK_DB = -2.0
#: Frames this far below the loudest are pauses, as in the gate of EBU R 128 (relative gate -10 LU, then absolute).
GATE_DB = -30.0
FLOOR_DB = -120.0
LIMITER_BLOCK = 64


def energy_db(waveform: npt.ArrayLike, sample_rate: int, window_s: float = 0.02) -> npt.NDArray[np.float32]:
    """Return the RMS level around each feature frame, dB relative to full scale, at least -120.

    Parameters
    ----------
    waveform : (n,) array_like
    sample_rate : int
        Hertz.
    window_s : float
        Length that each value averages over.
    """
    wave = np.asarray(waveform, dtype=np.float64)
    total = np.concatenate([[0.0], np.cumsum(wave**2)])
    centres = np.arange(int(len(wave) * FEATURE_RATE_HZ / sample_rate) + 1) / FEATURE_RATE_HZ
    left = np.clip(np.round((centres - window_s / 2) * sample_rate), 0, len(wave)).astype(int)
    right = np.clip(np.round((centres + window_s / 2) * sample_rate), 0, len(wave)).astype(int)
    mean = np.maximum(total[right] - total[left], 0.0) / np.maximum(right - left, 1)
    levels: npt.NDArray[np.float32] = np.maximum(10.0 * np.log10(np.maximum(mean, 1e-12)), FLOOR_DB).astype(np.float32)
    return levels


def speech_level_db(waveform: npt.ArrayLike, sample_rate: int) -> float:
    """Return the RMS level of the frames that are not pauses, dB relative to full scale."""
    levels = energy_db(waveform, sample_rate, window_s=0.05).astype(np.float64)
    active = levels > levels.max() + GATE_DB
    return float(10.0 * np.log10(np.mean(10.0 ** (levels[active] / 10.0))))


def neutral_gain(waveform: npt.ArrayLike, sample_rate: int) -> float:
    """Return the factor that brings a neutral utterance to :data:`TARGET_DB`, 1 for silence."""
    level = speech_level_db(waveform, sample_rate)
    return 10.0 ** ((TARGET_DB - level) / 20.0) if level > FLOOR_DB + 20.0 else 1.0


def limit(waveform: Array) -> Array:
    """Hold the peaks below :data:`PEAK_DB` by a gain that moves slowly, a block ahead of them."""
    ceiling = 10.0 ** (PEAK_DB / 20.0)
    blocks = -(-len(waveform) // LIMITER_BLOCK)
    padded = np.zeros(blocks * LIMITER_BLOCK)
    padded[: len(waveform)] = np.abs(waveform)
    peaks = padded.reshape(blocks, LIMITER_BLOCK).max(axis=1)
    wanted = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    if wanted.min() >= 1.0:
        return waveform
    around = np.concatenate([[1.0] * 4, wanted, [1.0] * 4])
    # The least gain of nine blocks, then a mean over five of those: smooth, and never above what a block needs.
    least = np.lib.stride_tricks.sliding_window_view(around, 9).min(axis=1)
    smooth = np.convolve(np.pad(least, 2, mode="edge"), np.ones(5) / 5.0, mode="valid")
    centres = (np.arange(blocks) + 0.5) * LIMITER_BLOCK
    gain = np.interp(np.arange(len(waveform)), centres, smooth)
    return waveform * gain
