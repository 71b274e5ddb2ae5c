"""What the audio-only model hears: log-mel bands and loudness, normalised per recording.

A recording is heard at 16 kHz, whatever its rate, level and tone colour: the mean of each band over its loud frames
and the level of its loud part are taken out.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from avatar.recording import resample
from conditioning import FEATURE_RATE_HZ

__all__ = ["FEATURE_SIZE", "FRAME_RATE_HZ", "audio_features", "mel_bands", "slow_features"]

SAMPLE_RATE = 16_000
#: The model's frames; two audio frames make one.
FRAME_RATE_HZ = 50.0
HOP = 160
N_FFT = 512
WINDOW = 400
N_MELS = 40
MEL_RANGE_HZ = (60.0, 7600.0)
#: Two audio frames of bands, and of loudness.
FEATURE_SIZE = 2 * (N_MELS + 1)
#: Dynamics below the loud part that are kept, decibels.
FLOOR_DB = 50.0
SCALE_DB = 15.0
#: Frames handled at once, so that an hour needs no more memory than its features.
BLOCK = 6000


def audio_features(waveform: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float32]:
    """Return features of a waveform.

    Parameters
    ----------
    waveform : (n,) float32
        Mono.
    sample_rate : int
        Hertz.

    Returns
    -------
    (F, 82) float32
        At 50 frames a second; frame i is centred on second ``i / 50``.
    """
    sound = resample(waveform, sample_rate, SAMPLE_RATE)
    frames = 2 * max(1, int(np.ceil(len(sound) / (2 * HOP))))
    bands_db, level_db = mel_bands(sound, frames)
    loud_db = float(np.percentile(level_db, 95))
    if loud_db < -75.0:
        return np.full((frames // 2, FEATURE_SIZE), -FLOOR_DB / SCALE_DB, np.float32)
    spoken = level_db > loud_db - 25.0
    bands = np.clip(bands_db - bands_db[spoken].mean(axis=0), -FLOOR_DB, 40.0) / SCALE_DB
    level = np.clip(level_db - loud_db, -FLOOR_DB, 10.0) / SCALE_DB
    table = np.concatenate([bands, level[:, None]], axis=1).astype(np.float32)
    features: npt.NDArray[np.float32] = table.reshape(frames // 2, FEATURE_SIZE)
    return features


def slow_features(features: npt.NDArray[np.float32], f0_hz: npt.NDArray[np.float32] | None) -> npt.NDArray[np.float32]:
    """Return what the diffusion model hears, at 25 frames a second.

    Parameters
    ----------
    features : (F, 82) float32
        From :func:`audio_features`.
    f0_hz : (m,) float32, optional
        At :data:`~conditioning.FEATURE_RATE_HZ`, 0 where unvoiced.

    Returns
    -------
    (ceil(F / 2), 44) float32
        40 bands, loudness in each half of the frame, octaves from the median F0, and 1 where voiced.
    """
    frames = -(-len(features) // 2)
    even = np.concatenate([features, features[-1:]])[: 2 * frames].reshape(frames, 2, 2, N_MELS + 1)
    slow = np.zeros((frames, N_MELS + 4), np.float32)
    slow[:, :N_MELS] = even[..., :N_MELS].mean(axis=(1, 2))
    slow[:, N_MELS : N_MELS + 2] = even[..., N_MELS].mean(axis=2)
    if f0_hz is not None and (f0_hz > 0).sum() > 2:
        centres = np.minimum(np.arange(frames) * round(2 * FEATURE_RATE_HZ / FRAME_RATE_HZ), len(f0_hz) - 1)
        voiced = np.flatnonzero(f0_hz > 0)
        octaves = np.log2(f0_hz[voiced] / np.median(f0_hz[voiced]))
        slow[:, -2] = np.clip(np.interp(centres, voiced, octaves), -1.5, 1.5)
        slow[:, -1] = f0_hz[centres] > 0
    return slow


def mel_bands(sound: npt.NDArray[np.float32], frames: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return (frames, 40) log-mel in dB and (frames,) level in dB; frames are centred."""
    padded = np.pad(sound, (WINDOW // 2, WINDOW // 2 + frames * HOP - len(sound) + HOP))
    bands = np.empty((frames, N_MELS), np.float32)
    level = np.empty(frames, np.float32)
    window = np.hanning(WINDOW).astype(np.float32)
    for first in range(0, frames, BLOCK):
        count = min(BLOCK, frames - first)
        piece = padded[first * HOP : (first + count - 1) * HOP + WINDOW]
        cut = np.lib.stride_tricks.sliding_window_view(piece, WINDOW)[::HOP]
        power = np.abs(np.fft.rfft(cut * window, N_FFT, axis=1)).astype(np.float32) ** 2
        bands[first : first + count] = 10.0 * np.log10(power @ _mel_filters() + 1e-6)
        level[first : first + count] = 10.0 * np.log10(np.mean(np.square(cut), axis=1) + 1e-9)
    return bands, level


@lru_cache(maxsize=1)
def _mel_filters() -> npt.NDArray[np.float32]:
    """Return (257, 40) triangles, evenly spaced in mel (HTK's formula), each of unit sum."""
    low, high = (2595.0 * np.log10(1.0 + edge / 700.0) for edge in MEL_RANGE_HZ)
    edges = 700.0 * (10.0 ** (np.linspace(low, high, N_MELS + 2) / 2595.0) - 1.0)
    bins = np.fft.rfftfreq(N_FFT, 1.0 / SAMPLE_RATE)
    rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0.0, np.minimum(rising, falling))
    scaled: npt.NDArray[np.float32] = (filters / filters.sum(axis=0)).astype(np.float32)
    return scaled
