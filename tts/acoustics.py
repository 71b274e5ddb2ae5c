"""Measure what an emotion does to speech: the cues that a listener has, from the waveform and the phone times.

Definitions follow F. Eyben et al., "The Geneva Minimalistic Acoustic Parameter Set", IEEE Trans. Affective
Computing 7 (2016) where it has them: alpha ratio = level of 1–5 kHz over that of 50 Hz–1 kHz, on voiced frames.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from conditioning import FEATURE_RATE_HZ, Speech
from conditioning.phones import SILENCE
from tts import world
from tts.syllables import is_vowel

__all__ = ["CUE_NAMES", "PAUSE_S", "measure", "voiced_spectrum"]

Array = npt.NDArray[np.float64]

#: Shorter silences between words are closures of stops rather than pauses.
PAUSE_S = 0.10
WINDOW_S = 0.032
#: Praat's default for women; joy and surprise at full strength peak between 400 and 600 Hz.
F0_CEILING_HZ = 600.0

CUE_NAMES: tuple[str, ...] = (
    "f0_mean_st", "f0_range_st", "syllable_rate", "duration_s", "vowel_s", "consonant_s", "pause_share", "alpha_db",
    "tilt_db_per_octave",
)  # fmt: skip


def measure(speech: Speech) -> dict[str, float]:
    """Return the cues of an utterance.

    Parameters
    ----------
    speech : Speech
        With phones.

    Returns
    -------
    dict of str to float
        ``f0_mean_st`` and ``f0_range_st`` (5th to 95th percentile) in semitones over 1 Hz, ``syllable_rate`` a second
        of speaking, ``duration_s`` between the first and the last phone, ``vowel_s`` and ``consonant_s`` mean lengths,
        ``pause_share`` of the duration, ``alpha_db``, ``tilt_db_per_octave`` from 100 Hz to 5 kHz.
    """
    wave = speech.waveform.astype(np.float64)
    f0_hz = world.pitch(wave, speech.sample_rate, ceiling_hz=F0_CEILING_HZ)
    semitones = 12.0 * np.log2(f0_hz[f0_hz > 0.0]) if (f0_hz > 0.0).any() else np.zeros(1)
    power, frequencies = voiced_spectrum(wave, speech.sample_rate, f0_hz)
    return {
        "f0_mean_st": float(semitones.mean()),
        "f0_range_st": float(np.subtract(*np.percentile(semitones, [95, 5]))),
        **_times(speech),
        "alpha_db": float(_band_db(power, frequencies, 1000, 5000) - _band_db(power, frequencies, 50, 1000)),
        "tilt_db_per_octave": _tilt(power, frequencies),
    }


def _times(speech: Speech) -> dict[str, float]:
    spoken = [i for i, phone in enumerate(speech.phones) if phone.symbol != SILENCE]
    inner = speech.phones[spoken[0] : spoken[-1] + 1]
    pauses = [p.duration_s for p in inner if p.symbol == SILENCE and p.duration_s >= PAUSE_S]
    vowels = [p.duration_s for p in inner if is_vowel(p.symbol)]
    others = [p.duration_s for p in inner if p.symbol != SILENCE and not is_vowel(p.symbol)]
    total = inner[-1].end_s - inner[0].start_s
    return {
        "syllable_rate": len(vowels) / max(total - sum(pauses), 1e-3),
        "duration_s": total,
        "vowel_s": float(np.mean(vowels)) if vowels else 0.0,
        "consonant_s": float(np.mean(others)) if others else 0.0,
        "pause_share": sum(pauses) / total,
    }


def voiced_spectrum(wave: Array, sample_rate: int, f0_hz: Array) -> tuple[Array, Array]:
    """Return the mean power spectrum of the voiced frames and its frequencies in hertz."""
    size = int(WINDOW_S * sample_rate)
    centres = np.flatnonzero(f0_hz > 0.0)[::2] / FEATURE_RATE_HZ * sample_rate
    starts = centres.astype(int) - size // 2
    starts = starts[(starts >= 0) & (starts + size <= len(wave))]
    if not len(starts):
        starts = np.zeros(1, int)
    frames = np.stack([wave[start : start + size] for start in starts if start + size <= len(wave)])
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2
    return power.mean(axis=0) + 1e-20, np.fft.rfftfreq(size, 1.0 / sample_rate)


def _band_db(power: Array, frequencies: Array, low: float, high: float) -> float:
    return float(10.0 * np.log10(power[(frequencies >= low) & (frequencies < high)].sum()))


def _tilt(power: Array, frequencies: Array) -> float:
    """Fit a line to third-octave levels over log frequency."""
    edges = 100.0 * 2.0 ** (np.arange(0, 18) / 3.0)
    edges = edges[edges <= 5100.0]
    pairs = list(itertools.pairwise(edges))
    inside = [(frequencies >= low) & (frequencies < high) for low, high in pairs]
    used = [
        (np.log2(np.sqrt(a * b)), 10 * np.log10(power[m].mean()))
        for (a, b), m in zip(pairs, inside, strict=True)
        if m.any()
    ]
    octaves, levels = np.array(used).T
    return float(np.polyfit(octaves, levels, 1)[0])
