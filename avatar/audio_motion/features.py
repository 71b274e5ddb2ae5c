"""What the audio-only model hears: log-mel bands and loudness, normalised per recording.

A recording is heard at 16 kHz, whatever its rate, level and tone colour: the mean of each band over its loud frames
and the level of its loud part are taken out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from avatar.recording import resample
from conditioning import FEATURE_RATE_HZ

__all__ = ["FEATURE_SIZE", "FRAME_RATE_HZ", "Hearing", "audio_features", "band_frames", "doubt_of", "floor_of",
           "hearing_of", "mel_bands", "normalised", "recording_bands", "slow_features"]  # fmt: skip

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
#: Frames this far below the loud part are spoken; a recording whose loud part is below this is silence, decibels.
SPOKEN_DB = 25.0
SILENT_DB = -75.0
#: Distances of the 95th from the 10th percentile of the level at which a sound is surely none, and surely is speech.
SPEECH_RANGE_DB = (8.0, 18.0)
#: A lasting pause is at most this loud, relative to the loud part, decibels.
PAUSE_DB = -30.0
#: Steady noise goes this far above its 10th percentile, decibels.
NOISE_DB = 3.0
#: Frames handled at once, so that an hour needs no more memory than its features.
BLOCK = 6000


@dataclass(frozen=True, eq=False)
class Hearing:
    """What is taken out of a recording so that its level and tone colour are not heard.

    Attributes
    ----------
    loud_db : float
        Level of its loud part.
    bands_db : (40,) float32
        Mean of each band over its spoken frames.
    """

    loud_db: float
    bands_db: npt.NDArray[np.float32]


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
    bands_db, level_db = recording_bands(waveform, sample_rate)
    return normalised(bands_db, level_db, hearing_of(bands_db, level_db))


def recording_bands(
    waveform: npt.NDArray[np.float32], sample_rate: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return (2 F, 40) bands and (2 F,) levels in dB of a waveform, 100 frames a second."""
    sound = resample(waveform, sample_rate, SAMPLE_RATE)
    return mel_bands(sound, 2 * max(1, int(np.ceil(len(sound) / (2 * HOP)))))


def hearing_of(bands_db: npt.NDArray[np.float32], level_db: npt.NDArray[np.float32]) -> Hearing:
    """Return the hearing of (F, 40) bands and (F,) levels in dB: 95th percentile, and means over what is near it."""
    loud_db = float(np.percentile(level_db, 95))
    return Hearing(loud_db, bands_db[level_db > loud_db - SPOKEN_DB].mean(axis=0))


def normalised(
    bands_db: npt.NDArray[np.float32], level_db: npt.NDArray[np.float32], hearing: Hearing
) -> npt.NDArray[np.float32]:
    """Return (F, 82) features of (2 F, 40) bands and (2 F,) levels in dB."""
    if hearing.loud_db < SILENT_DB:
        return np.full((len(level_db) // 2, FEATURE_SIZE), -FLOOR_DB / SCALE_DB, np.float32)
    bands = np.clip(bands_db - hearing.bands_db, -FLOOR_DB, 40.0) / SCALE_DB
    level = np.clip(level_db - hearing.loud_db, -FLOOR_DB, 10.0) / SCALE_DB
    table = np.concatenate([bands, level[:, None]], axis=1).astype(np.float32)
    features: npt.NDArray[np.float32] = table.reshape(-1, FEATURE_SIZE)
    return features


def doubt_of(low_db: float, high_db: float) -> float:
    """Return how much a sound is doubted to be speech, 0 to 1: levels of speech (10th, 95th percentile) lie apart."""
    least, enough = SPEECH_RANGE_DB
    return 1.0 - float(np.clip((high_db - low_db - least) / (enough - least), 0.0, 1.0))


def floor_of(low_db: float, doubt: float) -> float:
    """Return the level, relative to the loud part, up to which nobody speaks: in doubt, that of the steady noise."""
    return PAUSE_DB + doubt * (max(low_db, PAUSE_DB) + NOISE_DB - PAUSE_DB)


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
    bands = np.empty((frames, N_MELS), np.float32)
    level = np.empty(frames, np.float32)
    for first in range(0, frames, BLOCK):
        count = min(BLOCK, frames - first)
        begin, end = first * HOP - WINDOW // 2, (first + count - 1) * HOP + WINDOW // 2
        piece = sound[max(begin, 0) : end]
        piece = np.pad(piece, (max(-begin, 0), end - max(begin, 0) - len(piece)))
        bands[first : first + count], level[first : first + count] = band_frames(piece)
    return bands, level


def band_frames(piece: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return bands and levels in dB of every whole window of a 16 kHz sound: (F, 40) and (F,)."""
    cut = np.lib.stride_tricks.sliding_window_view(piece, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(cut * np.hanning(WINDOW).astype(np.float32), N_FFT, axis=1)).astype(np.float32) ** 2
    bands: npt.NDArray[np.float32] = 10.0 * np.log10(power @ _mel_filters() + 1e-6)
    level: npt.NDArray[np.float32] = 10.0 * np.log10(np.mean(np.square(cut), axis=1) + 1e-9)
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
