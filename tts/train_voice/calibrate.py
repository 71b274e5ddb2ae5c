"""Move the emotions in u until what is heard is what people do, and emphasis until it is heard as much as it should.

u is linear in the emotions, and a cue of the finished voice nearly linear in the axis that carries it. So each
emotion's place is corrected axis by axis, by the distance between the cue that is measured on synthesised
lines and its goal. What an emphasis adds is scaled in the same way: the network's own contour gives or takes some.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from checkpoints import Checkpoint
from conditioning import EMOTION_NAMES, FEATURE_RATE_HZ, NEUTRAL, Emotion, Line, Speech
from tts.acoustics import measure
from tts.contour import EMPHASIS_ST
from tts.daisy.frontend import WRITTEN_EMPHASIS
from tts.daisy.model import CHECKPOINT, SPEAKERS, VERSION, VoiceModel, parse_model
from tts.daisy.render import EMPHASIS_DB
from tts.daisy.style import LIMIT, N_TIMBRE, UNITS, StyleSpace, axis
from tts.daisy.voice import DaisyVoice
from tts.emotion_cues import CUES
from tts.evaluate_voice import HUMAN_BANDS, RATIOS
from tts.function_words import FUNCTION_WORDS
from tts.level import speech_level_db
from tts.recogniser import plain_words

from .calibrate_neutral import calibrate_neutral

__all__ = ["GOALS", "calibrate", "calibrate_emphasis", "calibrated", "corrected", "goals"]

Array = npt.NDArray[np.float64]

#: Cue of :func:`tts.acoustics.measure` → axis of u that carries it, and the cue's change for one unit of u.
CARRIERS: Mapping[str, tuple[str, float]] = {
    "f0_mean_st": ("f0_level_st", UNITS["f0_level_st"]),
    "f0_range_st": ("f0_range_ln", 4.0),
    "vowel_s": ("vowel_ln", UNITS["vowel_ln"]),
    "consonant_s": ("consonant_ln", UNITS["consonant_ln"]),
    "level_db": ("loudness_db", UNITS["loudness_db"]),
}
#: Of the cue table's loudness: the limiter leaves a neutral voice 18 dB, which its own peaks nearly fill.
LOUDNESS_SHARE = 0.5
#: Emphasis of a word between marks of italics: its peak of F0 over the same word without them, which is the low end of
#: the 2–5 st of :data:`tts.contour.EMPHASIS_ST`'s source, and its level.
EMPHASIS_GOAL = (2.0, 2.0)
EMPHASIS_LIMITS = (0.5, 2.5)
#: Most that is added to a speaker's alpha ratio; and texts of its calibration, each in eight emotions.
ALPHA_LIMIT_DB = 6.0
N_ALPHA_LINES = 6
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
        found[emotion]["level_db"] = LOUDNESS_SHARE * table["loudness_db"][emotion]
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
    plain = {text: _cues(DaisyVoice(model=model).speak(Line.of(text, NEUTRAL))) for text in lines}
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
        felt = _cues(voice.speak(Line.of(text, Emotion(**{emotion: 1.0}))))
        rows.append([np.log(felt[c] / base[c]) if c.endswith("_s") else felt[c] - base[c] for c in GOALS])
    return dict(zip(GOALS, np.mean(rows, axis=0).tolist(), strict=True))


def calibrated(
    tensors: Mapping[str, npt.NDArray[Any]],
    metadata: Mapping[str, str],
    lines: Sequence[str],
    report: Callable[[str], None] = print,
) -> tuple[dict[str, npt.NDArray[Any]], Array]:
    """Return a checkpoint's tensors with all that is calibrated, and the places of the emotions.

    Parameters
    ----------
    tensors, metadata : mapping
        Of a voice of version 2; what no network makes (jitter) is taken from the cue table anew.
    lines : sequence of str
    report : callable
    """
    model = parse_model(Checkpoint(CHECKPOINT, tensors, metadata, {"version": VERSION}))
    assert model.style is not None
    first = model.style.emotions.copy()
    jitter = next(cue.values for cue in CUES if cue.name == "jitter_pct")
    first[:, axis("jitter_pct")] = [jitter[name] / UNITS["jitter_pct"] for name in EMOTION_NAMES]
    model = calibrate_neutral(replace(model, style=StyleSpace(first)), lines, report=report)
    emotions = calibrate(model, lines, report=report)
    model = calibrate_alpha(replace(model, style=StyleSpace(emotions)), lines[:N_ALPHA_LINES], report=report)
    emphasis = calibrate_emphasis(model, lines, report=report)
    found = {"style.emotions": emotions, "style.emphasis": emphasis}
    for name in ("f0_mean", "f0_widen", "modulation_db", "alpha_db"):
        found[f"statistics.{name}"] = np.stack([getattr(s, name) for s in model.speakers])
    return {**tensors, **{name: table.astype(np.float32) for name, table in found.items()}}, emotions


def calibrate_alpha(
    model: VoiceModel, lines: Sequence[str], *, rounds: int = 2, report: Callable[[str], None] = print
) -> VoiceModel:
    """Return the model with the emotions' alpha ratio of every speaker but the first, whose colour is calibrated in u.

    Parameters are those of :func:`calibrate`.
    """
    wanted = np.array([goals()[name]["alpha_db"] for name in EMOTION_NAMES])
    speakers = list(model.speakers)
    for number, name in enumerate(SPEAKERS[1:], start=1):
        for _ in range(rounds):
            voice = DaisyVoice(speaker=name, model=replace(model, speakers=tuple(speakers)))
            plain = {text: _cues(voice.speak(Line.of(text, NEUTRAL))) for text in lines}
            missing = wanted - [changes(voice, plain, emotion)["alpha_db"] for emotion in EMOTION_NAMES]
            report(f"{name}: alpha_db off by {np.abs(missing).mean():.2f}")
            moved = np.clip(speakers[number].alpha_db + DAMPING * missing, -ALPHA_LIMIT_DB, ALPHA_LIMIT_DB)
            speakers[number] = replace(speakers[number], alpha_db=moved.astype(np.float32))
    return replace(model, speakers=tuple(speakers))


def _cues(speech: Speech) -> dict[str, float]:
    return {**measure(speech), "level_db": speech_level_db(speech.waveform, speech.sample_rate)}


def calibrate_emphasis(
    model: VoiceModel, lines: Sequence[str], *, rounds: int = 3, report: Callable[[str], None] = print
) -> Array:
    """Return the factors on what emphasis adds to F0 and to the level, so that :data:`EMPHASIS_GOAL` is heard.

    Parameters are those of :func:`calibrate`.
    """
    factors = np.ones(2)
    chosen = [(text, max(own, key=len)) for text in lines if (own := _content_words(text))]
    for _ in range(rounds):
        voice = DaisyVoice(model=replace(model, emphasis=(float(factors[0]), float(factors[1]))))
        heard = np.mean([_stressed(voice, text, word) for text, word in chosen], axis=0)
        report(f"emphasis: {heard[0]:.2f} st, {heard[1]:.2f} dB")
        missing = (np.array(EMPHASIS_GOAL) - heard) / (WRITTEN_EMPHASIS * np.array([EMPHASIS_ST, EMPHASIS_DB]))
        factors = np.clip(factors + missing, *EMPHASIS_LIMITS)
    return factors


def _content_words(text: str) -> list[str]:
    """Return the words that can be marked without doubt: of content, once in the text."""
    words = plain_words(text)
    return [w for w in words if w not in FUNCTION_WORDS and words.count(w) == 1 and f" {w} " in text]


def _stressed(voice: DaisyVoice, text: str, word: str) -> Array:
    """Return how much higher (semitones) and louder (dB) a word is between marks of italics."""
    plain, marked = (voice.speak(Line.of(t)) for t in (text, text.replace(f" {word} ", f" *{word}* ")))
    return _peak(marked, word) - _peak(plain, word)


def _peak(speech: Speech, word: str) -> Array:
    segment = next(s for s in speech.words if s.symbol.lower() == word)
    assert speech.f0_hz is not None
    f0_hz = speech.f0_hz[round(segment.start_s * FEATURE_RATE_HZ) : round(segment.end_s * FEATURE_RATE_HZ)]
    wave = speech.waveform[round(segment.start_s * speech.sample_rate) : round(segment.end_s * speech.sample_rate)]
    high = np.percentile(f0_hz[f0_hz > 0.0], 95) if (f0_hz > 0.0).any() else 1.0
    return np.array([12.0 * np.log2(high), 20.0 * np.log10(wave.std() + 1e-9)])
