"""The emotion on the face: eight patterns, mixed, with onset, apex and offset.

Patterns at full strength follow the action units of EMFACS (W. Friesen and P. Ekman, 1983) written in ARKit's
shapes. The mouth's part yields while speech needs the mouth; the jaw is :mod:`avatar.animator.jaw_drop`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from avatar.animator.noise import drift, smoothstep
from avatar.animator.prosody import Accent
from avatar.animator.style import Style
from conditioning import ARKIT_INDEX, ARKIT_NAMES, EMOTION_NAMES, EmotionTrack

__all__ = ["LOWER_FACE", "PATTERNS", "draw_sides", "express", "felt", "shown"]

#: Names without a side stand for both sides.
PATTERNS: Mapping[str, Mapping[str, float]] = MappingProxyType({
    "joy": {"mouthSmile": 1.00, "cheekSquint": 0.75, "eyeSquint": 0.28, "mouthDimple": 0.35, "browOuterUp": 0.06,
            "mouthUpperUp": 0.20},
    "trust": {"mouthSmile": 0.55, "browInnerUp": 0.26, "cheekSquint": 0.40, "eyeSquint": 0.18, "mouthPress": 0.08},
    "fear": {"browInnerUp": 1.00, "browOuterUp": 0.45, "browDown": 0.22, "eyeWide": 1.00, "mouthStretch": 0.95,
             "mouthLowerDown": 0.30, "mouthFrown": 0.30},
    "surprise": {"browInnerUp": 1.00, "browOuterUp": 1.00, "eyeWide": 1.00, "mouthFunnel": 0.14,
                 "mouthShrugUpper": 0.06},
    "sadness": {"browInnerUp": 1.00, "browDown": 0.18, "mouthFrown": 1.00, "mouthShrugLower": 0.45,
                "eyeSquint": 0.26, "eyeBlink": 0.22},
    "disgust": {"noseSneer": 1.00, "mouthUpperUp": 0.55, "browDown": 0.60, "eyeSquint": 0.60,
                "mouthShrugUpper": 0.18, "mouthFrown": 0.55, "cheekSquint": 0.45},
    "anger": {"browDown": 1.00, "eyeSquint": 0.45, "eyeWide": 0.40, "noseSneer": 0.60, "mouthPress": 0.60,
              "mouthFrown": 0.60, "jawForward": 0.35, "mouthStretch": 0.30, "mouthUpperUp": 0.20,
              "mouthLowerDown": 0.30},
    "anticipation": {"browOuterUp": 0.55, "browInnerUp": 0.28, "eyeSquint": 0.24, "eyeWide": 0.32,
                     "mouthSmile": 0.32, "mouthPress": 0.14, "mouthDimple": 0.22},
})  # fmt: skip

#: Seconds from onset to apex and back (surprise is brief, sadness slow: Ekman and Friesen 1975).
ONSET_S: Mapping[str, float] = MappingProxyType({
    "joy": 0.45, "trust": 0.55, "fear": 0.25, "surprise": 0.20, "sadness": 0.70, "disgust": 0.40, "anger": 0.40,
    "anticipation": 0.45,
})  # fmt: skip
#: The face sets out before the emotion's own moment by this share of the onset; the grid for it, seconds.
FELT_LEAD = 0.25
FELT_STEP_S = 0.01
#: How much of the expression is there when the line starts, and stays when it ends.
AT_START = 0.75
AT_END = 0.80
OFFSET_S = 0.6

#: Shapes below the nose, and what is left of each while speaking. Those that speech itself needs yield most.
LOWER_FACE: Mapping[str, float] = MappingProxyType({
    "mouthSmile": 0.95, "mouthFrown": 0.95, "mouthDimple": 0.60, "mouthStretch": 0.65, "mouthPress": 0.25,
    "mouthShrugLower": 0.30, "mouthShrugUpper": 0.30, "mouthUpperUp": 0.16, "mouthLowerDown": 0.22,
    "mouthFunnel": 0.25, "jawForward": 0.8,
})  # fmt: skip

#: The stronger side is a person's own: up to this share on each side of 1. A brow that stays higher is soon noticed.
ASYMMETRY: Mapping[str, float] = MappingProxyType({"brow": 0.03, "mouth": 0.07, "nose": 0.07, "cheek": 0.07})
#: Slow waxing and waning of a held expression, and independent flutter of each shape.
PULSE = 0.05
FLUTTER = 0.035
#: Shapes whose names begin alike flutter together.
REGIONS = ("browInner", "browOuter", "browDown", "eye", "cheek", "nose", "mouthS", "mouth", "jaw", "tongue")
_REGION_OF = np.array([next(i for i, start in enumerate(REGIONS) if name.startswith(start)) for name in ARKIT_NAMES])
#: Brow movement on an accent at expressiveness 1, and its rise and fall.
ACCENT_BROW = 0.22
#: While speaking an emotion keeps this much back for its accents.
ACCENT_SHARE = 0.10
ACCENT_RISE_S = 0.16
ACCENT_FALL_S = 0.34


def felt(times_s: npt.NDArray[np.float64], track: EmotionTrack) -> npt.NDArray[np.float64]:
    """Return what the face shows of each emotion over time: the track at the face's own speed.

    Parameters
    ----------
    times_s : (T,) float64
    track : EmotionTrack

    Returns
    -------
    (T, 8) float64
        Each column is the track averaged over its emotion's onset, centred a little after the moment.
    """
    if len({emotion for _, emotion in track.keyframes}) == 1:
        return np.repeat(track.keyframes[0][1].weights[None], len(times_s), axis=0)
    reach = max(ONSET_S.values())
    first, last = np.floor((times_s[0] - 2 * reach) / FELT_STEP_S), np.ceil((times_s[-1] + 2 * reach) / FELT_STEP_S)
    grid_s = np.arange(first, last) * FELT_STEP_S
    wanted = track.weights_at(grid_s)
    result = np.zeros((len(times_s), len(EMOTION_NAMES)))
    for column, name in enumerate(EMOTION_NAMES):
        shares = np.diff(smoothstep(np.linspace(0.0, 1.0, round(ONSET_S[name] / FELT_STEP_S) + 1)))
        lead_s = FELT_LEAD * ONSET_S[name]
        shown = np.convolve(np.pad(wanted[:, column], (len(shares) - 1, 0), mode="edge"), shares, "valid")
        result[:, column] = np.interp(times_s + lead_s, grid_s, shown)
    return result


def express(
    times_s: npt.NDArray[np.float64],
    track: EmotionTrack,
    duration_s: float,
    speech_gate: npt.NDArray[np.float64],
    accents: tuple[Accent, ...],
    style: Style,
    rng: np.random.Generator,
    period_s: float | None = None,
) -> npt.NDArray[np.float64]:
    """Return the expression as weights of all shapes.

    Parameters
    ----------
    times_s : (T,) float64
    track : EmotionTrack
    duration_s : float
        Length of the line.
    speech_gate : (T,) float64
        1 while the mouth speaks.
    accents : tuple of Accent
        Syllables that the brows mark.
    style : Style
    rng : Generator
    period_s : float, optional
        For a loop: no onset or offset, and everything repeats.

    Returns
    -------
    (T, 52) float64
    """
    strength = felt(times_s, track) if period_s is not None else shown(times_s, track, duration_s)
    waxing = 1.0 + PULSE * drift(times_s, 1, (0.12, 0.5), rng, period_s)
    accent = _accent_pulse(times_s, accents, rng)[:, None]
    waxing = waxing * (1.0 - ACCENT_SHARE * (1.0 - accent)) if accents else waxing
    level = np.clip(style.expressiveness * strength * waxing, 0.0, 1.0)
    weights = _mix(level)
    flutter = 1.0 + FLUTTER * drift(times_s, len(REGIONS), (0.2, 1.2), rng, period_s)
    weights *= flutter[:, _REGION_OF]
    weights *= draw_sides(rng)
    marks = _brow_marks(accent[:, 0], level, style)
    weights = 1.0 - (1.0 - np.clip(weights, 0.0, 1.0)) * (1.0 - marks)
    return _yield_to_speech(weights, speech_gate)


def shown(times_s: npt.NDArray[np.float64], track: EmotionTrack, duration_s: float) -> npt.NDArray[np.float64]:
    """Return (T, 8): :func:`felt`, rising into a line of ``duration_s`` seconds and easing out of it."""
    strength = felt(times_s, track)
    return strength * _arc(times_s, duration_s, strength)


def _arc(
    times_s: npt.NDArray[np.float64], duration_s: float, strength: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return (T, 8) shares of the apex: rising into the line, easing out of it."""
    onset = np.array([ONSET_S[name] for name in EMOTION_NAMES])
    rise = AT_START + (1.0 - AT_START) * smoothstep(times_s[:, None] / onset)
    fall = smoothstep((times_s - (duration_s - OFFSET_S)) / OFFSET_S)
    return rise * (1.0 - (1.0 - AT_END) * fall)[:, None]


def _mix(level: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (T, 52) weights: shapes that several emotions share saturate, opposite mouth corners share."""
    missing = np.ones((len(level), len(ARKIT_NAMES)))
    for column, pattern in enumerate(_pattern_matrix()):
        active = np.flatnonzero(pattern)
        if level[:, column].any():
            missing[:, active] *= 1.0 - level[:, column, None] * pattern[active]
    weights = 1.0 - missing
    for side in ("Left", "Right"):
        smile, frown = ARKIT_INDEX["mouthSmile" + side], ARKIT_INDEX["mouthFrown" + side]
        shared = 0.4 * np.minimum(weights[:, smile], weights[:, frown])
        weights[:, smile] -= shared
        weights[:, frown] -= shared
    return weights


def _pattern_matrix() -> npt.NDArray[np.float64]:
    matrix = np.zeros((len(EMOTION_NAMES), len(ARKIT_NAMES)))
    for row, name in enumerate(EMOTION_NAMES):
        for shape, value in PATTERNS[name].items():
            for column in _columns(shape):
                matrix[row, column] = value
    return matrix


def _columns(shape: str) -> tuple[int, ...]:
    if shape in ARKIT_INDEX:
        return (ARKIT_INDEX[shape],)
    return ARKIT_INDEX[shape + "Left"], ARKIT_INDEX[shape + "Right"]


def draw_sides(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return (52,) gains: a little more on one side, drawn once for brows, eyes and mouth each."""
    gains = np.ones(len(ARKIT_NAMES))
    tilt = {region: rng.uniform(-limit, limit) for region, limit in ASYMMETRY.items()}
    for name, column in ARKIT_INDEX.items():
        region = next((region for region in tilt if name.startswith(region)), None)
        if region and name.endswith(("Left", "Right")):
            gains[column] += tilt[region] * (1.0 if name.endswith("Left") else -1.0)
    return gains


def _accent_pulse(
    times_s: npt.NDArray[np.float64], accents: tuple[Accent, ...], rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return (T,) 0 to 1: bumps on the accents that the face joins in; strong ones more often than weak ones."""
    chance = rng.uniform(size=(len(accents), 2))
    pulse = np.zeros(len(times_s))
    for accent, (keep, size) in zip(accents, chance, strict=True):
        if keep > 0.35 + 0.5 * accent.strength:
            continue
        low, high = np.searchsorted(times_s, (accent.time_s - ACCENT_RISE_S, accent.time_s + ACCENT_FALL_S))
        moment = times_s[low:high] - accent.time_s
        bump = smoothstep(1.0 + moment / ACCENT_RISE_S) * (1.0 - smoothstep(moment / ACCENT_FALL_S))
        pulse[low:high] = np.maximum(pulse[low:high], (0.5 + 0.5 * size) * accent.strength * bump)
    return pulse


def _brow_marks(
    pulse: npt.NDArray[np.float64], level: npt.NDArray[np.float64], style: Style
) -> npt.NDArray[np.float64]:
    """Return (T, 52) brow movement on accents: up, or down where the face is angry or disgusted."""
    marks = np.zeros((len(pulse), len(ARKIT_NAMES)))
    frowning = np.clip(level[:, [5, 6]].sum(axis=1), 0.0, 1.0)
    rise = ACCENT_BROW * style.expressiveness * pulse
    for shape, share in (("browInnerUp", 0.8), ("browOuterUp", 1.0)):
        marks[:, _columns(shape)] = (share * rise * (1.0 - frowning))[:, None]
    marks[:, _columns("browDown")] = (0.6 * rise * frowning)[:, None]
    return np.clip(marks, 0.0, 1.0)


def _yield_to_speech(weights: npt.NDArray[np.float64], speech_gate: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    for shape, share in LOWER_FACE.items():
        for column in _columns(shape):
            weights[:, column] *= 1.0 - (1.0 - share) * speech_gate
    return weights
