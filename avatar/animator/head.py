"""The head: nods on accents, pitch with the voice's pitch, sway, and the posture of an emotion."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from avatar.animator.noise import drift, smoothstep
from avatar.animator.prosody import Prosody
from avatar.animator.style import Style
from conditioning import EMOTION_NAMES

__all__ = ["POSTURE_DEG", "head_motion"]

#: Pitch (down), yaw (left) and roll (to the right shoulder) of each emotion at full strength, degrees. Yaw and
#: roll take the side that the seed draws. Directions: H. Wallbott, Eur. J. Social Psychology 28 (1998).
POSTURE_DEG: Mapping[str, tuple[float, float, float]] = MappingProxyType({
    "joy": (-2.5, 0.0, 3.0), "trust": (-0.5, 0.0, 4.5), "fear": (-2.5, 5.0, -1.5), "surprise": (-4.5, 0.0, 0.0),
    "sadness": (8.0, 2.0, 3.5), "disgust": (-3.0, 6.0, -2.5), "anger": (4.5, 0.0, 0.0),
    "anticipation": (1.5, 1.0, 2.0),
})  # fmt: skip
#: Range of movement relative to neutral (C. Busso et al., IEEE TASLP 15, 2007: emotional heads move more).
ACTIVITY: Mapping[str, float] = MappingProxyType({
    "joy": 1.45, "trust": 0.95, "fear": 1.1, "surprise": 1.3, "sadness": 0.7, "disgust": 1.1, "anger": 1.5,
    "anticipation": 1.15,
})  # fmt: skip
#: Rise of the face per semitone of F0 above the median, degrees, and its limit.
PITCH_PER_SEMITONE_DEG = 0.42
PITCH_LIMIT_DEG = 3.0
#: Depth of a nod on a full accent, degrees; it starts before the accent and is lowest on it.
NOD_DEG = 3.0
NOD_BEFORE_S = 0.20
NOD_AFTER_S = 0.34
#: Slow sway: standard deviation of pitch, yaw and roll, degrees, while speaking and while silent.
SWAY_DEG = (0.55, 1.25, 0.8)
SWAY_SILENT = 0.55
#: Breathing moves the head this much, this often.
BREATH_DEG = 0.30
BREATH_HZ = 0.27
#: Share of a gaze shift that the head makes.
GAZE_SHARE = 0.22


def head_motion(
    times_s: npt.NDArray[np.float64],
    strength: npt.NDArray[np.float64],
    gate: npt.NDArray[np.float64],
    prosody: Prosody | None,
    gaze_rad: npt.NDArray[np.float64],
    style: Style,
    rng: np.random.Generator,
    period_s: float | None = None,
) -> npt.NDArray[np.float64]:
    """Return the head's rotation.

    Parameters
    ----------
    times_s : (T,) float64
    strength : (T, 8) float64
        What the face shows of each emotion.
    gate : (T,) float64
        1 while speaking.
    prosody : Prosody, optional
        Voice to nod with.
    gaze_rad : (T, 2) float64
        Yaw and pitch that the head follows a little.
    style : Style
        ``head_motion`` scales everything.
    rng : Generator
    period_s : float, optional
        For a loop.

    Returns
    -------
    (T, 3) float64
        Radians: pitch, yaw, roll.
    """
    side = 1.0 if rng.uniform() < 0.5 else -1.0
    posture = strength @ np.array([POSTURE_DEG[name] for name in EMOTION_NAMES])
    degrees = np.clip(posture, -10.0, 10.0) * (1.0, side, side)
    activity = _activity(strength)
    sway = drift(times_s, 3, (0.08, 0.45), rng, period_s) * SWAY_DEG
    degrees += sway * (activity * (SWAY_SILENT + (1.0 - SWAY_SILENT) * gate))[:, None]
    breath_hz = BREATH_HZ if period_s is None else max(round(BREATH_HZ * period_s), 1) / period_s
    degrees[:, 0] -= BREATH_DEG * np.sin(2.0 * np.pi * (breath_hz * times_s + rng.uniform()))
    if prosody is not None:
        degrees += _speech_motion(times_s, prosody, rng) * (activity * gate)[:, None]
    degrees[:, :2] += GAZE_SHARE * np.degrees(gaze_rad[:, ::-1])
    motion: npt.NDArray[np.float64] = np.radians(degrees) * style.head_motion
    return motion


def _activity(strength: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    excess = np.array([ACTIVITY[name] - 1.0 for name in EMOTION_NAMES])
    factor: npt.NDArray[np.float64] = np.clip(1.0 + strength @ excess, 0.5, 1.8)
    return factor


def _speech_motion(
    times_s: npt.NDArray[np.float64], prosody: Prosody, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return (T, 3) degrees that go with the voice."""
    degrees = np.zeros((len(times_s), 3))
    lifted = PITCH_PER_SEMITONE_DEG * prosody.at("pitch", times_s)
    degrees[:, 0] = -PITCH_LIMIT_DEG * np.tanh(lifted / PITCH_LIMIT_DEG)
    draws = rng.uniform(size=(len(prosody.accents), 3))
    for accent, (size, turn, tilt) in zip(prosody.accents, draws, strict=True):
        low, high = np.searchsorted(times_s, (accent.time_s - NOD_BEFORE_S, accent.time_s + NOD_AFTER_S))
        moment = times_s[low:high] - accent.time_s
        bump = smoothstep(1.0 + moment / NOD_BEFORE_S) * (1.0 - smoothstep(moment / NOD_AFTER_S))
        depth = NOD_DEG * accent.strength * (0.4 + 0.8 * size)
        degrees[low:high] += bump[:, None] * (depth, depth * 0.8 * (turn - 0.5), depth * 0.6 * (tilt - 0.5))
    return degrees
