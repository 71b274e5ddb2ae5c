"""Measure a voice: words understood, cues of every emotion beside people's, exact times, speed.

``mien evaluate voice --json`` prints what :func:`evaluate` returns: one flat object.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from conditioning import EMOTION_NAMES, NEUTRAL, Emotion, Line, Speech
from tts.acoustics import measure
from tts.recogniser import Recogniser, plain_words, word_errors
from tts.voice import Voice, open_voice

__all__ = ["HUMAN_BANDS", "MAIN_CUES", "EvaluationPlan", "evaluate", "evaluation_lines"]

Measured = dict[str, float]

#: Emotion → (cue, direction) that carry it most; an intensity step must move each of them further.
MAIN_CUES: Mapping[str, tuple[tuple[str, int], ...]] = {
    "anger": (("f0_mean_st", 1), ("alpha_db", 1)),
    "joy": (("f0_mean_st", 1), ("f0_range_st", 1)),
    "sadness": (("duration_s", 1), ("alpha_db", -1)),
    "fear": (("f0_mean_st", 1), ("syllable_rate", 1)),
    "disgust": (("duration_s", 1),),
    "surprise": (("f0_range_st", 1),),
    "trust": (("f0_range_st", -1),),
    "anticipation": (("syllable_rate", 1),),
}

#: Quartiles of people's change from their own neutral (EmoDB, 456 emotional utterances): semitones, ratios as
#: fractions, pause share in points, dB. Where both quartiles of the pause share are 0, one point either way counts.
HUMAN_BANDS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "anger": {
        "f0_mean_st": (7.0, 11.1), "f0_range_st": (0.8, 5.1), "syllable_rate": (-0.15, 0.02), "vowel_s": (0.11, 0.41),
        "consonant_s": (-0.12, 0.10), "pause_share": (-1, 1), "alpha_db": (7.3, 13.9), "tilt_db_per_octave": (2.6, 5.8),
    },
    "joy": {
        "f0_mean_st": (6.3, 11.3), "f0_range_st": (1.9, 6.1), "syllable_rate": (-0.09, 0.05), "vowel_s": (0.07, 0.28),
        "consonant_s": (-0.14, 0.05), "pause_share": (-1, 1), "alpha_db": (3.9, 10.6), "tilt_db_per_octave": (1.1, 3.9),
    },
    "sadness": {
        "f0_mean_st": (-3.1, -0.3), "f0_range_st": (-5.1, -1.6), "syllable_rate": (-0.26, -0.16),
        "vowel_s": (0.08, 0.30), "consonant_s": (0.25, 0.45), "pause_share": (0, 27), "alpha_db": (-6.6, -2.5),
        "tilt_db_per_octave": (-0.7, 1.0),
    },
    "fear": {
        "f0_mean_st": (4.3, 8.8), "f0_range_st": (-1.7, 2.4), "syllable_rate": (0.03, 0.21), "vowel_s": (-0.14, 0.06),
        "consonant_s": (-0.18, -0.08), "pause_share": (-1, 1), "alpha_db": (0.2, 5.2), "tilt_db_per_octave": (1.1, 3.0),
    },
    "disgust": {
        "f0_mean_st": (1.9, 4.6), "f0_range_st": (-1.2, 2.8), "syllable_rate": (-0.36, -0.21), "vowel_s": (0.36, 0.73),
        "consonant_s": (0.23, 0.55), "pause_share": (0, 9), "alpha_db": (0.6, 4.3), "tilt_db_per_octave": (0.3, 1.6),
    },
}  # fmt: skip
RATIOS = frozenset({"syllable_rate", "duration_s", "vowel_s", "consonant_s"})
INTENSITIES = (0.25, 0.5, 0.75, 1.0)
MIXTURES = (("joy", "surprise"), ("sadness", "disgust"), ("anger", "disgust"), ("joy", "sadness"), ("fear", "surprise"))
MIXTURE_CUES = ("f0_mean_st", "f0_range_st", "duration_s", "alpha_db")
#: Parents that differ by less than this (semitones, relative time, dB) say nothing about their mixture.
LEAST_DISTANCE = {"f0_mean_st": 2.0, "f0_range_st": 2.0, "duration_s": 0.10, "alpha_db": 3.0}


@dataclass(frozen=True)
class EvaluationPlan:
    """How much is measured.

    Attributes
    ----------
    wer_lines : int
        Sentences whose words are recognised, spoken neutrally; and, each in one emotion after the other.
    cue_lines : int
        Sentences spoken in every emotion and intensity.
    seed : int
    speaker : str or None
    """

    wer_lines: int = 60
    cue_lines: int = 12
    seed: int = 1
    speaker: str | None = None


def evaluation_lines() -> list[str]:
    """Return the 60 sentences, written for this purpose; no voice was trained on them."""
    return (Path(__file__).parent / "evaluation_lines.txt").read_text(encoding="utf-8").splitlines()


def evaluate(
    name: str, plan: EvaluationPlan | None = None, report: Callable[[str], None] = lambda line: None
) -> dict[str, float]:
    """Return all figures of a voice.

    Parameters
    ----------
    name : str
        In the registry of voices.
    plan : EvaluationPlan
    report : callable
        Gets a line of progress now and then.
    """
    plan = plan or EvaluationPlan()
    start = time.perf_counter()
    voice = open_voice(name, speaker=plan.speaker)
    load_s = time.perf_counter() - start
    lines = evaluation_lines()
    report("recognising")
    found = _understood(voice, lines[: plan.wer_lines], plan.seed)
    report("measuring emotions")
    found |= _cues(voice, lines[:: max(1, len(lines) // plan.cue_lines)][: plan.cue_lines], plan.seed)
    report("timing")
    found |= _speed(voice, lines[:10]) | {"load_s": load_s, "memory_mb": _peak_memory_mb()}
    found["repeat_identical"] = float(len({_digest(name, plan) for _ in range(2)}) == 1)
    return found


def _say(voice: Voice, text: str, emotion: Emotion, seed: int) -> Speech:
    return voice.speak(Line.of(text, emotion), seed=seed)


def _understood(voice: Voice, lines: Sequence[str], seed: int) -> dict[str, float]:
    """Return word errors neutral and emotional, and the distance of word borders to a forced alignment."""
    ear = Recogniser()
    errors = {"neutral": 0, "emotional": 0}
    total, gaps = 0, []
    for i, text in enumerate(lines):
        said = plain_words(text)
        neutral = _say(voice, text, NEUTRAL, seed)
        errors["neutral"] += word_errors(ear.hear(neutral.waveform, neutral.sample_rate), said)
        felt = _say(voice, text, Emotion(**{EMOTION_NAMES[i % len(EMOTION_NAMES)]: 1.0}), seed)
        errors["emotional"] += word_errors(ear.hear(felt.waveform, felt.sample_rate), said)
        total += len(said)
        starts = ear.word_starts(said, neutral.waveform, neutral.sample_rate)
        own = [word.start_s for word in neutral.words if word.symbol]
        if starts is not None and len(starts) == len(own):
            gaps += [1000.0 * abs(a - b) for a, b in zip(starts, own, strict=True)]
    wer = errors["neutral"] / total
    return {
        "wer": wer,
        "wer_emotional": errors["emotional"] / total,
        "wer_rise_emotional": errors["emotional"] / total - wer,
        "timing_error_ms": float(np.median(gaps)) if gaps else float("nan"),
    }


def _cues(voice: Voice, lines: Sequence[str], seed: int) -> dict[str, float]:
    """Return the shares of lines whose cues behave."""
    monotone, polar, banded, mixed = [], [], [], []
    by_emotion: dict[str, list[bool]] = {}
    for text in lines:
        neutral = measure(_say(voice, text, NEUTRAL, seed))
        full: dict[str, Measured] = {}
        for emotion in EMOTION_NAMES:
            steps = [measure(_say(voice, text, Emotion(**{emotion: k}), seed)) for k in INTENSITIES]
            full[emotion] = steps[-1]
            monotone.append(_rising([neutral, *steps], MAIN_CUES[emotion]))
            banded += _in_bands(neutral, steps[-1], HUMAN_BANDS.get(emotion, {}))
        for emotion in EMOTION_NAMES:
            opposite = next(name for name, _ in -Emotion(**{emotion: 1.0}))
            good = all(sign * (full[opposite][cue] - neutral[cue]) < 0 for cue, sign in MAIN_CUES[emotion])
            polar.append(good)
            by_emotion.setdefault(emotion, []).append(good)
        mixed += _mixture_errors(voice, text, full, seed)
    return {
        "intensity_monotone": float(np.mean(monotone)),
        "human_band": float(np.mean(banded)),
        "polarity": float(np.mean(polar)),
        **{f"polarity_{emotion}": float(np.mean(good)) for emotion, good in by_emotion.items()},
        "mixture_error": float(np.mean(mixed)),
    }


def _rising(steps: Sequence[Measured], cues: Iterable[tuple[str, int]]) -> bool:
    """Tell whether each cue moves strictly further at every step."""
    return all((np.diff([sign * step[cue] for step in steps]) > 0).all() for cue, sign in cues)


def change(neutral: Measured, felt: Measured, cue: str) -> float:
    """Return a cue's change: a fraction for times and rates, points for the pause share, else a difference."""
    if cue in RATIOS:
        return felt[cue] / neutral[cue] - 1.0
    return (felt[cue] - neutral[cue]) * (100.0 if cue == "pause_share" else 1.0)


def _in_bands(neutral: Measured, felt: Measured, bands: Mapping[str, tuple[float, float]]) -> list[bool]:
    return [low <= change(neutral, felt, cue) <= high for cue, (low, high) in bands.items()]


def _mixture_errors(voice: Voice, text: str, full: Mapping[str, Measured], seed: int) -> list[float]:
    """Return |cue of the half-and-half mixture − mean of the parents' cues| over the parents' distance."""
    errors = []
    for a, b in MIXTURES:
        half = measure(_say(voice, text, Emotion(**{a: 0.5, b: 0.5}), seed))
        for cue in MIXTURE_CUES:
            left, right = full[a][cue], full[b][cue]
            distance = abs(left - right)
            scale = 0.5 * (left + right) if cue in RATIOS else 1.0
            if distance / scale >= LEAST_DISTANCE[cue]:
                errors.append(abs(half[cue] - 0.5 * (left + right)) / distance)
    return errors


def _speed(voice: Voice, lines: Sequence[str]) -> dict[str, float]:
    """Return seconds by the clock per second of sound, and the wait for the first sound of three sentences."""
    spent, length = 0.0, 0.0
    for text in lines:
        start = time.perf_counter()
        length += _say(voice, text, Emotion(joy=1.0), 0).duration_s
        spent += time.perf_counter() - start
    found = {"rtf": spent / length}
    stream = getattr(voice, "stream", None)
    if voice.info.streaming and stream is not None:
        line = Line.of(" ".join(lines[:3]), Emotion(joy=1.0))
        start = time.perf_counter()
        first = next(iter(stream(line)))
        found["first_audio_ms"] = 1000.0 * (time.perf_counter() - start)
        whole = np.concatenate(list(stream(line)))
        found["stream_equals_batch"] = float(np.array_equal(whole, voice.speak(line).waveform) and len(first) > 0)
    return found


def _peak_memory_mb() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def _digest(name: str, plan: EvaluationPlan) -> str:
    """Return the hash of a sentence spoken in a fresh process."""
    code = (
        "import sys,hashlib;from conditioning import Emotion,Line;from tts import open_voice;"
        f"v=open_voice({name!r},speaker={plan.speaker!r});"
        "s=v.speak(Line.of('You came back!',Emotion(joy=.8,fear=.3)),seed=3);"
        "sys.stdout.write(hashlib.sha256(s.waveform.tobytes()).hexdigest())"
    )
    root = str(Path(__file__).resolve().parents[1])
    done = subprocess.run([sys.executable, "-c", code], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout or hashlib.sha256(b"").hexdigest()
