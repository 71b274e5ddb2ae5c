"""Which emotion is in a voice, and when: an emotion track read from a recording.

A linear classifier over statistics of half-overlapping windows: spectrum, its movement, fundamental frequency,
rhythm. It knows how to place acted emotions of German speakers (EmoDB) and is used where nobody says what the
character feels; level plays no part, so that a quiet recording is not a sad one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

import checkpoints
from avatar.audio_motion.features import doubt_of, mel_bands
from avatar.recording import Recording, f0_of, resample
from conditioning import FEATURE_RATE_HZ, Emotion, EmotionTrack

__all__ = [
    "CHECKPOINT",
    "CLASSES",
    "VERSION",
    "available",
    "chances_of",
    "emotion_from",
    "emotion_of",
    "window_features",
]

CHECKPOINT = "sound_emotion"
VERSION = 1
SAMPLE_RATE = 16_000
FRAME_HZ = 100.0
#: What the classes of EmoDB are on Plutchik's wheel; boredom is weak disgust there.
CLASSES: dict[str, Emotion] = {
    "W": Emotion(anger=1.0), "L": Emotion(disgust=0.3, sadness=0.2), "E": Emotion(disgust=1.0), "A": Emotion(fear=1.0),
    "F": Emotion(joy=1.0), "T": Emotion(sadness=1.0), "N": Emotion(),
}  # fmt: skip
WINDOW_S = 2.0
STEP_S = 1.0
#: Frames this far below the loud part are pauses.
PAUSE_DB = 25.0
#: A window needs this share of speech to say anything; a recording this loud a part.
MIN_SPEECH = 0.15
#: Chance below which a class does not show, and the strength of an emotion that is sure. Readers' voices, which are
#: neither acted nor German, would otherwise seem a little of everything.
DOUBT = 0.4
FULL = 0.9
#: The track changes its mind over this many windows.
SMOOTH_WINDOWS = 3


def available() -> bool:
    """Tell whether the classifier is shipped with this installation."""
    return CHECKPOINT in checkpoints.manifest()


def emotion_of(recording: Recording) -> EmotionTrack:
    """Return the emotion of a recording over time; neutral where nobody speaks.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    EmotionTrack
        A key for each second.

    Examples
    --------
    >>> emotion_of(Recording(np.zeros(16000, np.float32), 16000)).at(0.5).intensity
    0.0
    """
    sound = resample(recording.waveform, recording.sample_rate, SAMPLE_RATE)
    centres = np.arange(max(1, round((len(sound) / SAMPLE_RATE) / STEP_S))) * STEP_S + STEP_S / 2
    tables = []
    for centre in centres:
        low = max(int((centre - WINDOW_S / 2) * SAMPLE_RATE), 0)
        tables.append(chances_of(sound[low : low + int(WINDOW_S * SAMPLE_RATE)]))
    smooth = _smoothed(np.array(tables))
    return EmotionTrack(tuple((float(t), emotion_from(row)) for t, row in zip(centres, smooth, strict=True)))


def chances_of(sound: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the probabilities of :data:`CLASSES` in a window at 16 kHz; less where it may be no speech, or little."""
    features = window_features(sound)
    if features is None:
        return np.zeros(len(CLASSES))
    low_db, high_db = np.percentile(mel_bands(sound, len(sound) // 160)[1], (10, 95))
    return (1.0 - doubt_of(low_db, high_db)) * _chances(features)


def emotion_from(chances: npt.NDArray[np.float64]) -> Emotion:
    """Return the emotion that probabilities of :data:`CLASSES` stand for."""
    shown = np.maximum(chances - DOUBT, 0.0) / (1.0 - DOUBT)
    weights = shown @ np.array([emotion.weights for emotion in CLASSES.values()]) * FULL
    return Emotion.from_weights(np.round(weights, 3))


def _smoothed(tables: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    half = SMOOTH_WINDOWS // 2
    padded = np.pad(tables, ((half, half), (0, 0)), mode="edge")
    stacked = np.stack([padded[shift : shift + len(tables)] for shift in range(SMOOTH_WINDOWS)])
    mean: npt.NDArray[np.float64] = stacked.mean(axis=0)
    return mean


@lru_cache(maxsize=1)
def _tensors() -> dict[str, npt.NDArray[Any]]:
    return dict(checkpoints.load(CHECKPOINT, version=VERSION).tensors)


def _chances(features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the probabilities of :data:`CLASSES`."""
    tensors = _tensors()
    scores = ((features - tensors["mean"]) / tensors["scale"]) @ tensors["weight"].T + tensors["bias"]
    raised = np.exp(scores - scores.max())
    chances: npt.NDArray[np.float64] = raised / raised.sum()
    return chances


def window_features(sound: npt.NDArray[np.float32]) -> npt.NDArray[np.float64] | None:
    """Return the statistics of a window, or None where too little is said.

    Parameters
    ----------
    sound : (n,) float32
        At 16 kHz, up to a few seconds.

    Returns
    -------
    (F,) float64 or None
    """
    if len(sound) < SAMPLE_RATE // 4:
        return None
    frames = len(sound) // 160
    bands, level = mel_bands(sound, frames)
    loud = float(np.percentile(level, 95))
    spoken = level > loud - PAUSE_DB
    if loud < -70.0 or spoken.mean() < MIN_SPEECH:
        return None
    coarse = bands.reshape(frames, -1, 2).mean(axis=2).astype(np.float64)
    shape = coarse[spoken] - coarse[spoken].mean(axis=1, keepdims=True)
    moving = np.abs(np.diff(coarse, axis=0)).mean(axis=0)
    f0 = f0_of(sound, SAMPLE_RATE)
    found: npt.NDArray[np.float64] = np.concatenate([
        shape.mean(axis=0), shape.std(axis=0), moving, _melody(f0), _rhythm(level - loud, spoken),
    ])  # fmt: skip
    return found


def _melody(f0_hz: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    voiced = f0_hz > 0
    if voiced.sum() < 10:
        return np.zeros(9)
    semitones = 12.0 * np.log2(f0_hz[voiced].astype(np.float64) / 100.0)
    places = np.flatnonzero(voiced)
    steps = np.diff(semitones)[np.diff(places) == 1]
    slope = float(np.polyfit(places / FEATURE_RATE_HZ, semitones, 1)[0])
    low, quarter, middle, three, high = np.percentile(semitones, [5, 25, 50, 75, 95])
    jumps = np.abs(steps).mean() if len(steps) else 0.0
    wobble = np.abs(np.diff(steps)).mean() if len(steps) > 1 else 0.0
    return np.array([low, middle, high, high - low, three - quarter, slope, jumps, wobble, voiced.mean()])


def _rhythm(level_db: npt.NDArray[np.float32], spoken: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    smooth = np.convolve(level_db, np.hanning(11) / np.hanning(11).sum(), mode="same")
    inner = smooth[1:-1]
    peaks = int(((inner > smooth[:-2]) & (inner >= smooth[2:]) & (inner > -15.0)).sum())
    return np.array([
        peaks / (len(level_db) / FRAME_HZ), spoken.mean(), level_db[spoken].std(), np.abs(np.diff(smooth)).mean(),
        float(level_db[spoken].mean()),
    ])  # fmt: skip
