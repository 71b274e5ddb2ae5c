"""Read the emotion of a text from its words.

A small model (:mod:`conditioning.reader_model`), trained on GoEmotions, XED, EmoBank and 84,000 sentences that we
judged ourselves, scores each sentence; its labels become weights of the eight primaries, and a few rules
(:mod:`conditioning.reader_rules`) correct them. English only: other languages are read as neutral, with a warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from conditioning.emotion import EMOTION_NAMES, NEUTRAL, VAD, Emotion
from conditioning.language import foreign_language
from conditioning.line import Line, Span
from conditioning.reader_data import GOEMOTIONS
from conditioning.reader_irony import is_ironic
from conditioning.reader_model import COLUMNS, ReaderModel, Scores
from conditioning.reader_rules import apply_rules
from conditioning.reader_text import tokenize
from conditioning.sentences import sentences
from conditioning.track import EmotionTrack

__all__ = ["LABEL_EMOTIONS", "Reading", "read_emotion", "read_line", "read_sentences", "read_track"]

#: What each label of GoEmotions is in our eight directions; after Plutchik's dyads where the label is one.
LABEL_EMOTIONS: dict[str, Emotion] = {
    label: Emotion.parse(weights)
    for label, weights in {
        "admiration": "joy:0.5, trust:0.7", "amusement": "joy:0.7, surprise:0.15", "anger": "anger:0.9",
        "annoyance": "anger:0.55, disgust:0.15", "approval": "trust:0.5, joy:0.2", "caring": "trust:0.7, joy:0.2",
        "confusion": "surprise:0.45, fear:0.15", "curiosity": "anticipation:0.5, surprise:0.25",
        "desire": "anticipation:0.65, joy:0.3", "disappointment": "sadness:0.65, surprise:0.2",
        "disapproval": "disgust:0.4, anger:0.35", "disgust": "disgust:0.9",
        "embarrassment": "fear:0.35, sadness:0.3, disgust:0.15", "excitement": "joy:0.65, anticipation:0.6",
        "fear": "fear:0.9", "gratitude": "joy:0.55, trust:0.65", "grief": "sadness:1", "joy": "joy:0.85",
        "love": "joy:0.75, trust:0.65", "nervousness": "fear:0.6, anticipation:0.3",
        "optimism": "anticipation:0.6, joy:0.5, trust:0.15", "pride": "joy:0.7, trust:0.2, anger:0.1",
        "realization": "surprise:0.4, anticipation:0.1", "relief": "joy:0.5, trust:0.35",
        "remorse": "sadness:0.65, disgust:0.25", "sadness": "sadness:0.85", "surprise": "surprise:0.85",
        "neutral": "neutral",
    }.items()
}  # fmt: skip

#: Shares of the direct votes for the eight, XED's and that of this project's authors, against GoEmotions' labels.
XED_SHARE, FELT_SHARE = 0.2, 0.4
#: How sharply a label fades in around its decision threshold (logits).
SLOPE = 1.5
#: Strength of a vote that is sure; the authors also called mere plans and questions anticipation.
XED_WEIGHT, FELT_WEIGHT = 0.8, np.array([0.7] * 7 + [0.2])
#: How far EmoBank's valence tips the balance of pleasant and unpleasant weights.
VALENCE_TILT = 0.8
#: Steepness of the final curve ``1 - exp(-GAIN w)``, which leaves room above for emphasis.
GAIN = 1.7
#: A reading weaker than this share is taken as neutral.
FLOOR = 0.06
#: Part of the sentence before that lingers in a running text: emotional inertia, the autocorrelation of feelings from
#: one moment to the next, is about .3 in daily life (P. Kuppens et al., *Psychological Science* 21, 2010).
INERTIA = 0.3
#: Speaking rate to place sentences in time before any voice has spoken: about 15 characters a second.
CHARACTERS_PER_S = 15.0

#: EmoBank's ratings lie close together; this many standard deviations become 1.
EMOBANK_MEAN = np.array([2.978, 3.044, 3.063])
EMOBANK_SPREAD = np.array([0.350, 0.262, 0.211])
VAD_DEVIATIONS = 3.0


@dataclass(frozen=True)
class Reading:
    """What was read from one sentence.

    Attributes
    ----------
    text : str
        The sentence.
    emotion : Emotion
        Eight weights, after the rules.
    vad : VAD
        As EmoBank's raters would put it, in [-1, 1].
    labels : tuple of str
        GoEmotions labels that are present.
    causes : tuple of str
        Rules that changed the reading: event, negation (also of what is over), irony, threat, plea, emoji, emphasis.
    """

    text: str
    emotion: Emotion = NEUTRAL
    vad: VAD = field(default_factory=lambda: VAD(0.0, 0.0, 0.0))
    labels: tuple[str, ...] = ("neutral",)
    causes: tuple[str, ...] = ()


def read_emotion(text: str, *, language: str = "en") -> Emotion:
    """Return the emotion of a text, the mean over its sentences, longer ones counting more.

    Parameters
    ----------
    text : str
        English.
    language : str
        BCP 47 tag; other than English is neutral, with a warning.

    Examples
    --------
    >>> emotion = read_emotion("I'm so happy you came!")
    >>> emotion.joy == emotion.intensity > 0.5
    True
    """
    total, size = np.zeros(len(EMOTION_NAMES)), 0
    for reading in read_sentences(text, language=language):
        total += len(reading.text) * reading.emotion.weights
        size += len(reading.text)
    return Emotion.from_weights(total / size) if size else NEUTRAL


def read_sentences(text: str | Iterable[str], *, language: str = "en", rules: bool = True) -> Iterator[Reading]:
    """Read a text sentence by sentence, as a stream.

    Parameters
    ----------
    text : str or iterable of str
        Whole or in pieces, of any length; memory does not grow with it.
    language : str
        BCP 47 tag.
    rules : bool
        Whether the rules of :mod:`conditioning.reader_rules` act.

    Warns
    -----
    UserWarning
        Once, if the text is not English; it is read as neutral.
    """
    warned = False
    tagged = None if language.lower().split("-")[0] in ("en", "") else language
    for sentence, after in _with_next(sentences(text)):
        foreign = tagged or foreign_language(sentence)
        if foreign and not warned:
            warnings.warn(
                f"emotions are read from English only, and {sentence[:40]!r} seems to be {foreign}: read as neutral; "
                "give the emotion yourself",
                UserWarning,
                stacklevel=2,
            )
            warned = True
        if foreign:
            yield Reading(sentence)
        else:
            # "Oh, wonderful. Another flat tire.": some irony shows only in what comes next.
            yield _read(sentence, rules, rules and is_ironic(sentence, after, _pleasantness))


def _with_next(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each sentence with the one after it; signs without words, such as a last emoji, join the one before."""
    held = ""
    for text in texts:
        if held and not any(character.isalnum() for character in text):
            held = f"{held} {text}"
            continue
        if held:
            yield held, text
        held = text
    if held:
        yield held, ""


def read_line(line: Line) -> Line:
    """Return the line with an emotion on every span; those without one are read, sentence by sentence.

    A sentence keeps some of what the one before it in the same span was read as (``INERTIA``).
    """
    if all(span.emotion is not None for span in line.spans):
        return line
    spans: list[Span] = []
    for span in line.spans:
        spans += [span] if span.emotion is not None else _read_span(span, line.language)
    return replace(line, spans=tuple(spans))


def read_track(text: str, duration_s: float | None = None, *, language: str = "en") -> EmotionTrack:
    """Read a text into an emotion track, smooth from sentence to sentence.

    Parameters
    ----------
    text : str
    duration_s : float, optional
        Length of the speech; estimated from the letters if it is not given.
    language : str
        BCP 47 tag.
    """
    readings = list(read_sentences(text, language=language))
    if not readings:
        return EmotionTrack()
    ends = np.cumsum([len(reading.text) for reading in readings], dtype=np.float64)
    ends *= (duration_s / ends[-1]) if duration_s is not None else 1.0 / CHARACTERS_PER_S
    borders = [0.0, *ends.tolist()]
    felt = _smoothed([reading.emotion for reading in readings])
    return EmotionTrack.from_spans(
        (start, end, emotion) for (start, end), emotion in zip(pairwise(borders), felt, strict=True)
    )


def _read_span(span: Span, language: str) -> list[Span]:
    if span.phones or not span.text.strip():
        return [replace(span, emotion=NEUTRAL if not span.text.strip() else read_emotion(span.text, language=language))]
    readings = list(read_sentences(span.text, language=language))
    felt = _smoothed([reading.emotion for reading in readings])
    parts = [Span(reading.text, emotion, span.delivery) for reading, emotion in zip(readings, felt, strict=True)]
    parts[-1] = replace(parts[-1], pause_after_s=span.pause_after_s)
    return parts


def _smoothed(emotions: list[Emotion]) -> list[Emotion]:
    felt: list[Emotion] = []
    for emotion in emotions:
        before = felt[-1].weights if felt else emotion.weights
        felt.append(Emotion.from_weights((1 - INERTIA) * emotion.weights + INERTIA * before))
    return felt


def _pleasantness(text: str) -> float:
    """Return the valence of a text in standard deviations from EmoBank's mean."""
    return float(_deviations(ReaderModel.shipped().score(tokenize(text)))[0])


def _deviations(scores: Scores) -> npt.NDArray[np.float64]:
    """Return the (3,) ratings in standard deviations from EmoBank's means."""
    return np.asarray((scores.vad - EMOBANK_MEAN) / EMOBANK_SPREAD, np.float64)


@lru_cache(maxsize=4096)
def _read(sentence: str, rules: bool, ironic: bool) -> Reading:
    """Read one English sentence."""
    tokens = tokenize(sentence)
    if not tokens.words:
        return Reading(sentence)
    scores = ReaderModel.shipped().score(tokens)
    emotion = emotion_of(scores)
    vad = np.clip(_deviations(scores) / VAD_DEVIATIONS, -1.0, 1.0)
    causes: tuple[str, ...] = ()
    if rules:
        ruled = apply_rules(sentence, tokens, emotion, valence=float(vad[0]), ironic=ironic)
        emotion, causes = ruled.emotion, ruled.causes
    if "irony" in causes:
        vad[0] = -abs(vad[0])
    return Reading(sentence, emotion, VAD(*vad.tolist()), scores.labels or ("neutral",), causes)


def emotion_of(scores: Scores) -> Emotion:
    """Turn labels and ratings into weights of the eight primaries."""
    sure = 1.0 / (1.0 + np.exp(-SLOPE * scores.margins.astype(np.float64)))
    go, xed, felt = (sure[COLUMNS[name]] for name in ("goemotions", "xed", "felt"))
    labels, calm = go[:-1], go[-1]
    shares = labels**2 / max(float((labels**2).sum()), 1e-9)
    blend = shares @ _label_table()
    # As strong as the surest label, less where neutral is surer still.
    strength = float(labels.max()) * min(1.0, 2.0 * float(labels.max()) / (float(labels.max()) + calm + 1e-9))
    weights = (1 - XED_SHARE - FELT_SHARE) * strength * blend
    weights += XED_SHARE * XED_WEIGHT * xed[:8] * (1.0 - xed[8]) + FELT_SHARE * FELT_WEIGHT * felt
    weights *= np.exp(VALENCE_TILT * np.tanh(0.5 * _deviations(scores)[0]) * _SIGNS)
    weights = 1.0 - np.exp(-GAIN * weights)
    weights[weights < FLOOR] = 0.0
    return Emotion.from_weights(weights)


_SIGNS = np.array([1.0, 0.6, -0.5, 0.0, -1.0, -1.0, -1.0, 0.3])


@lru_cache(maxsize=1)
def _label_table() -> npt.NDArray[np.float64]:
    """Return the (27, 8) weights of GoEmotions' labels without neutral."""
    return np.stack([LABEL_EMOTIONS[label].weights for label in GOEMOTIONS[:-1]])
