"""Fit :mod:`tts.phrasing` to the teacher's accents and pauses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from tts.daisy.inputs import SpokenWord
from tts.phrasing import accent_features, break_features
from tts.syllables import is_vowel

Array = npt.NDArray[np.float64]
MIN_COUNT = 8


def accent_table(lines: Iterable[Sequence[SpokenWord]]) -> dict[str, float]:
    """Return the log odds of an accent of words that occur at least eight times."""
    seen, accented = Counter[str](), Counter[str]()
    for words in lines:
        for word in words:
            seen[word.text.lower()] += 1
            accented[word.text.lower()] += word.accent
    return {
        word: round(float(np.log((accented[word] + 0.5) / (n - accented[word] + 0.5))), 2)
        for word, n in seen.items()
        if n >= MIN_COUNT
    }


def logistic(x: Array, y: Array, price: float = 1.0) -> Array:
    """Fit by Newton's method with an L2 price."""
    weights = np.zeros(x.shape[1])
    for _ in range(30):
        p = 1.0 / (1.0 + np.exp(-x @ weights))
        gradient = x.T @ (p - y) + price * weights
        hessian = (x * (p * (1 - p))[:, None]).T @ x + price * np.eye(len(weights))
        weights -= np.linalg.solve(hessian, gradient)
    return weights


def phrases_of(words: Sequence[SpokenWord]) -> list[list[SpokenWord]]:
    """Part a line at its pauses."""
    groups: list[list[SpokenWord]] = [[]]
    for word in words:
        groups[-1].append(word)
        if word.pause:
            groups.append([])
    return [group for group in groups if group]


def accent_data(lines: Iterable[Sequence[SpokenWord]], table: dict[str, float]) -> tuple[Array, Array]:
    """Return features and accents of all words."""
    xs, ys = [], []
    for words in lines:
        for phrase in phrases_of(words):
            syllables = [sum(is_vowel(p) for p in word.phones) for word in phrase]
            xs.append(accent_features([word.text.lower() for word in phrase], syllables, table))
            ys += [word.accent for word in phrase]
    return np.concatenate(xs), np.array(ys, dtype=np.float64)


def break_data(lines: Iterable[tuple[Sequence[SpokenWord], Sequence[bool]]]) -> tuple[Array, Array]:
    """Return features and pauses of all places between two words where the text has no mark.

    ``lines`` holds words and, for each, whether punctuation follows it in the text.
    """
    xs, ys = [], []
    for words, marked in lines:
        texts, since = [word.text.lower() for word in words], 0
        for i in range(len(words) - 1):
            since += 1
            left = next((j - i for j in range(i + 1, len(words)) if marked[j]), len(words) - 1 - i)
            if not marked[i] and since > 1 and left > 1:
                xs.append(break_features(texts, i, since, left))
                ys.append(bool(words[i].pause))
            if words[i].pause:
                since = 0
    return np.array(xs), np.array(ys, dtype=np.float64)
