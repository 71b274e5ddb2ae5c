"""Move the emotions in u until what is heard is what people do.

u is linear in the emotions, and a cue of the finished voice nearly linear in the axis that carries it. So each
emotion's place is corrected axis by axis, by the distance between the cue that is measured on synthesised
lines and its goal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from conditioning import EMOTION_NAMES, NEUTRAL, Emotion, Line
from tts.acoustics import measure
from tts.daisy.model import VoiceModel
from tts.daisy.style import LIMIT, N_TIMBRE, UNITS, StyleSpace, axis
from tts.daisy.voice import DaisyVoice
from tts.emotion_cues import CUES
from tts.evaluate_voice import HUMAN_BANDS, RATIOS

__all__ = ["GOALS", "calibrate", "corrected", "goals"]

Array = npt.NDArray[np.float64]

#: Cue of :func:`tts.acoustics.measure` → axis of u that carries it, and the cue's change for one unit of u.
CARRIERS: Mapping[str, tuple[str, float]] = {
    "f0_mean_st": ("f0_level_st", UNITS["f0_level_st"]),
    "f0_range_st": ("f0_range_ln", 4.0),
    "vowel_s": ("vowel_ln", UNITS["vowel_ln"]),
    "consonant_s": ("consonant_ln", UNITS["consonant_ln"]),
}
#: F0 range (5th to 95th percentile) of neutral speech in EmoDB, semitones; the cue table has factors on it.
NEUTRAL_RANGE_ST = 8.8
GOALS = (*CARRIERS, "alpha_db")
#: Part of a distance that one round removes, and how far from its measured place a colour may be scaled.
DAMPING = 0.8
MARGIN = 0.2
COLOUR_LIMITS = (0.4, 2.2)


def inside(value: float, band: tuple[float, float]) -> float:
    """Move a value into a band, a fifth of its width from the edges.

    Examples
    --------
    >>> inside(7.0, (7.0, 12.0))
    8.0
    """
    low, high = band
    margin = MARGIN * (high - low)
    return min(max(value, low + margin), high - margin)


def goals() -> dict[str, dict[str, float]]:
    """Return emotion → cue → change from neutral: semitones, ln of lengths, dB.

    They are those of the cue table, which keeps to the near side of what people do, moved inside people's quartiles.
    """
    table = {cue.name: cue.values for cue in CUES}
    sources = {
        "f0_mean_st": "f0_level_st",
        "vowel_s": "vowel_ln",
        "consonant_s": "consonant_ln",
        "alpha_db": "alpha_db",
    }
    found = {}
    for emotion in EMOTION_NAMES:
        found[emotion] = {cue: table[name][emotion] for cue, name in sources.items()}
        found[emotion]["f0_range_st"] = NEUTRAL_RANGE_ST * (np.exp(table["f0_range_ln"][emotion]) - 1.0)
        for cue, band in HUMAN_BANDS.get(emotion, {}).items():
            if cue in found[emotion]:
                low, high = np.log1p(band) if cue in RATIOS else band
                found[emotion][cue] = inside(found[emotion][cue], (float(low), float(high)))
    return found


def corrected(style: Array, heard: Mapping[str, float], wanted: Mapping[str, float], colour: float) -> Array:
    """Return u of an emotion after one round.

    Parameters
    ----------
    style : (N_STYLE,) float64
    heard, wanted : mapping of str to float
        Changes from neutral of the cues in :data:`GOALS`.
    colour : float
        Scale of the timbre axes so far, which bounds the next one.
    """
    moved = style.copy()
    for cue, (name, gain) in CARRIERS.items():
        moved[axis(name)] += DAMPING * (wanted[cue] - heard[cue]) / gain
    if abs(heard["alpha_db"]) > 0.3 and heard["alpha_db"] * wanted["alpha_db"] > 0.0:
        factor = (wanted["alpha_db"] / heard["alpha_db"]) ** DAMPING
        low, high = COLOUR_LIMITS
        moved[-N_TIMBRE:] *= np.clip(factor, low / colour, high / colour)
    return np.clip(moved, -LIMIT, LIMIT)


def calibrate(
    model: VoiceModel, lines: Sequence[str], *, rounds: int = 3, report: Callable[[str], None] = print
) -> Array:
    """Return the (8, N_STYLE) places of the emotions.

    Parameters
    ----------
    model : VoiceModel
        Of version 2.
    lines : sequence of str
        Texts to measure on; none of the evaluation's.
    rounds : int
    report : callable
        Gets the mean distance of every round.
    """
    assert model.style is not None
    first = emotions = model.style.emotions
    wanted = goals()
    plain = {text: measure(DaisyVoice(model=model).speak(Line.of(text, NEUTRAL))) for text in lines}
    for _ in range(rounds):
        voice = DaisyVoice(model=replace(model, style=StyleSpace(emotions)))
        heard = {name: changes(voice, plain, name) for name in EMOTION_NAMES}
        gaps = {cue: np.mean([abs(heard[e][cue] - wanted[e][cue]) for e in EMOTION_NAMES]) for cue in GOALS}
        report(", ".join(f"{cue} off by {gap:.2f}" for cue, gap in gaps.items()))
        colours = np.linalg.norm(emotions[:, -N_TIMBRE:], axis=1) / np.linalg.norm(first[:, -N_TIMBRE:], axis=1)
        emotions = np.stack([
            corrected(emotions[k], heard[name], wanted[name], float(colours[k])) for k, name in enumerate(EMOTION_NAMES)
        ])  # fmt: skip
    return emotions


def changes(voice: DaisyVoice, plain: Mapping[str, Mapping[str, float]], emotion: str) -> dict[str, float]:
    """Return the mean change of each cue of :data:`GOALS`; ``plain`` has the neutral cues of each line."""
    rows = []
    for text, base in plain.items():
        felt = measure(voice.speak(Line.of(text, Emotion(**{emotion: 1.0}))))
        rows.append([np.log(felt[c] / base[c]) if c.endswith("_s") else felt[c] - base[c] for c in GOALS])
    return dict(zip(GOALS, np.mean(rows, axis=0).tolist(), strict=True))
