"""What the face hears: loudness, pitch, rate and accents of an utterance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avatar.animator.visemes import VOWELS, parts_of
from conditioning import FEATURE_RATE_HZ, Speech
from conditioning.phones import SILENCE, stress_of

__all__ = ["Accent", "Prosody", "prosody_of"]

#: Level below which a frame counts as silent, relative to the loud part of the utterance.
SILENCE_BELOW_DB = 40.0
SMOOTH_S = 0.05
PITCH_SMOOTH_S = 0.12
#: Dynamic range in decibels that moves the jaw by its whole gain.
LOUDNESS_SPAN_DB = 18.0


@dataclass(frozen=True)
class Accent:
    """A prominent syllable: its time in seconds and its strength, about 0 to 1."""

    time_s: float
    strength: float


@dataclass(frozen=True)
class Prosody:
    """Curves at :data:`~conditioning.FEATURE_RATE_HZ` and accents.

    Attributes
    ----------
    loudness : (m,) float64
        Level relative to the utterance's loud part in units of :data:`LOUDNESS_SPAN_DB`: 0 loud, -1 soft.
    envelope : (m,) float64
        Amplitude from 0 to about 1.
    pitch : (m,) float64
        Semitones from the median, bridged over unvoiced frames, smoothed; all zero where F0 is not known.
    accents : tuple of Accent
    """

    loudness: npt.NDArray[np.float64]
    envelope: npt.NDArray[np.float64]
    pitch: npt.NDArray[np.float64]
    accents: tuple[Accent, ...]

    def at(self, name: str, times_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return one of the curves at times."""
        curve: npt.NDArray[np.float64] = getattr(self, name)
        return np.interp(times_s * FEATURE_RATE_HZ, np.arange(len(curve)), curve)


def prosody_of(speech: Speech) -> Prosody:
    """Measure an utterance; F0 and energy are taken from it where it carries them."""
    energy_db = _energy_db(speech)
    loud_db = float(np.percentile(energy_db, 95))
    floor_db = max(loud_db - SILENCE_BELOW_DB, -90.0)
    level_db = _smooth(np.clip(energy_db, floor_db, None), SMOOTH_S)
    envelope = np.clip(10.0 ** ((level_db - loud_db) / 20.0) - 10.0 ** (-SILENCE_BELOW_DB / 20.0), 0.0, 1.5)
    if loud_db < -80.0:
        envelope = np.zeros_like(envelope)
    loudness = np.clip((level_db - loud_db) / LOUDNESS_SPAN_DB, -2.0, 0.5)
    pitch = _pitch(speech.f0_hz, len(energy_db))
    return Prosody(loudness, envelope, pitch, _accents(speech, loudness, pitch))


def _energy_db(speech: Speech) -> npt.NDArray[np.float64]:
    if speech.energy_db is not None and len(speech.energy_db):
        return np.asarray(speech.energy_db, np.float64)
    frames = max(1, int(np.ceil(speech.duration_s * FEATURE_RATE_HZ)))
    power = np.concatenate([[0.0], np.cumsum(np.square(speech.waveform, dtype=np.float64))])
    centres = np.arange(frames) / FEATURE_RATE_HZ
    half = 0.0125
    low = np.clip(((centres - half) * speech.sample_rate).astype(int), 0, len(power) - 1)
    high = np.clip(((centres + half) * speech.sample_rate).astype(int) + 1, 1, len(power) - 1)
    mean = (power[high] - power[low]) / np.maximum(high - low, 1)
    level_db: npt.NDArray[np.float64] = 10.0 * np.log10(np.maximum(mean, 1e-10))
    return level_db


def _smooth(curve: npt.NDArray[np.float64], width_s: float) -> npt.NDArray[np.float64]:
    half = max(1, round(width_s * FEATURE_RATE_HZ))
    kernel = np.hanning(2 * half + 1)
    padded = np.pad(curve, half, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _pitch(f0_hz: npt.NDArray[np.float32] | None, frames: int) -> npt.NDArray[np.float64]:
    if f0_hz is None:
        return np.zeros(frames)
    voiced = np.flatnonzero(f0_hz > 0)
    if len(voiced) < 3:
        return np.zeros(frames)
    semitones = 12.0 * np.log2(f0_hz[voiced].astype(np.float64))
    bridged = np.interp(np.arange(frames), voiced, semitones - np.median(semitones))
    return _smooth(bridged, PITCH_SMOOTH_S)


def _accents(speech: Speech, loudness: npt.NDArray[np.float64], pitch: npt.NDArray[np.float64]) -> tuple[Accent, ...]:
    """Return the stressed vowels (or loudness peaks, without phones) that stand out, in order of time."""
    vowels = [
        (0.5 * (phone.start_s + phone.end_s), stress_of(phone.symbol), phone.duration_s)
        for phone in speech.phones
        if phone.symbol != SILENCE and parts_of(phone.symbol)[0][0] in VOWELS
    ]
    if not vowels:
        return _loudness_peaks(loudness)
    times = np.array([vowel[0] for vowel in vowels])
    stress = np.array([(0.0, 1.0, 0.4)[vowel[1]] for vowel in vowels])
    length = np.array([vowel[2] for vowel in vowels])
    index = np.clip((times * FEATURE_RATE_HZ).astype(int), 0, len(loudness) - 1)
    score = 0.5 * stress + 0.25 * _rank(loudness[index]) + 0.25 * _rank(pitch[index]) + 0.2 * _rank(length)
    return tuple(
        Accent(float(time), float(np.clip((value - 0.45) / 0.7, 0.0, 1.0)))
        for time, value in zip(times, score, strict=True)
        if value > 0.55
    )


def _rank(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return order / max(len(values) - 1, 1)


def _loudness_peaks(loudness: npt.NDArray[np.float64]) -> tuple[Accent, ...]:
    curve = _smooth(loudness, 0.15)
    inner = curve[1:-1]
    peaks = 1 + np.flatnonzero((inner > curve[:-2]) & (inner >= curve[2:]) & (inner > -0.5))
    return tuple(Accent(float(i / FEATURE_RATE_HZ), float(np.clip(1.0 + curve[i], 0.2, 1.0))) for i in peaks)
