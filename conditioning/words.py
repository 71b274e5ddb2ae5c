"""Words for emotions."""

from __future__ import annotations

import re

import numpy as np

from checkpoints.errors import InputError
from conditioning.emotion import EMOTION_NAMES, NEUTRAL, Emotion
from conditioning.registry import nearest

__all__ = ["WORDS", "nearest_word", "parse_emotion"]

#: Words beyond the eight primaries, each as weights.
WORDS: dict[str, Emotion] = {
    "neutral": NEUTRAL,
    "bittersweet": Emotion(joy=0.6, sadness=0.6),
}

_TERM = re.compile(r"^(?P<sign>-?)\s*(?P<word>[^:]+?)\s*(?::\s*(?P<weight>\S+))?$")


def parse_emotion(text: str) -> Emotion:
    """Read an emotion from words and weights; see :meth:`Emotion.parse`."""
    total = NEUTRAL
    for term in re.split(r"[,+]", text):
        if term.strip():
            total = total + _parse_term(term.strip())
    return total


def nearest_word(emotion: Emotion) -> str:
    """Return the word whose weights are nearest to those of ``emotion``."""
    known = {name: Emotion(**{name: 1.0}) for name in EMOTION_NAMES} | WORDS
    return min(known, key=lambda word: float(np.linalg.norm(known[word].weights - emotion.weights)))


def _parse_term(term: str) -> Emotion:
    match = _TERM.match(term)
    word = match["word"].lower() if match else term.lower()
    if match is None or word not in (*EMOTION_NAMES, *WORDS):
        known = [*EMOTION_NAMES, *WORDS]
        raise InputError(
            f"unknown emotion {word!r}{nearest(word, known)} (primaries: {', '.join(EMOTION_NAMES)})"
        )
    weight = _parse_weight(term, match["weight"])
    emotion = WORDS.get(word) if word in WORDS else Emotion(**{word: 1.0})
    assert emotion is not None
    return (-weight if match["sign"] else weight) * emotion


def _parse_weight(term: str, text: str | None) -> float:
    if text is None:
        return 1.0
    try:
        weight = float(text)
    except ValueError:
        weight = float("nan")
    if not 0.0 <= weight <= 1.0:
        raise InputError(
            f"weight {text!r} in {term!r} is not allowed; weights run from 0 (absent) to 1 (full)"
        )
    return weight
