"""What the acoustic model reads: phones with their place in syllable, word, phrase and line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from conditioning.phones import SILENCE, stress_of, strip_stress
from tts.syllables import CONSONANTS, VOWELS, is_vowel, syllabify

__all__ = ["FEATURES", "PAUSES", "SYMBOLS", "PhoneSequence", "SpokenWord", "encode"]

#: The alphabet of the model; the order is part of the checkpoint's format.
SYMBOLS: tuple[str, ...] = (SILENCE, *sorted(VOWELS), *sorted(CONSONANTS))

#: How a word may end: no pause, or a pause after a phrase, a statement, a question, an exclamation.
PAUSES: tuple[str, ...] = ("", ",", ".", "?", "!")

#: Names of the columns beside the symbol; the order is part of the checkpoint's format.
FEATURES: tuple[str, ...] = (
    "stress", "accent", "onset", "nucleus", "coda", "first_syllable", "last_syllable", "word_first", "word_last",
    "word_syllables", "phrase_part", "to_phrase_end", "from_phrase_start", "phrase_final", "before_comma",
    "before_stop", "before_question", "before_exclamation", "last_phrase", "first_phrase", "phrase_syllables",
    "function_word", "silence_first", "silence_inner", "silence_last", "line_part",
)  # fmt: skip


@dataclass(frozen=True)
class SpokenWord:
    """A word as it will be said.

    Attributes
    ----------
    text : str
        As written.
    phones : tuple of str
        IPA, stress as a prefix on vowels.
    accent : bool
        Whether its stressed syllables carry a pitch accent.
    pause : str
        One of :data:`PAUSES`: what follows.
    function : bool
        Article, preposition, auxiliary, pronoun …
    """

    text: str
    phones: tuple[str, ...]
    accent: bool = False
    pause: str = ""
    function: bool = False


@dataclass(frozen=True, eq=False)
class PhoneSequence:
    """The model's input.

    Attributes
    ----------
    symbols : tuple of str
        n phones with stress, silences included; first and last are silence.
    ids : (n,) int64
        Places in :data:`SYMBOLS`.
    features : (n, F) float32
        Columns :data:`FEATURES`, each about 0 to 1.
    words : (n,) int64
        Number of the word, -1 in silence.
    """

    symbols: tuple[str, ...]
    ids: npt.NDArray[np.int64]
    features: npt.NDArray[np.float32]
    words: npt.NDArray[np.int64]


def encode(words: Sequence[SpokenWord]) -> PhoneSequence:
    """Lay words out as phones with silences at both ends and at each pause.

    Parameters
    ----------
    words : sequence of SpokenWord
        One line, not empty; the pause of the last word says how the line ends.

    Examples
    --------
    >>> encode([SpokenWord("no", ("n", "ˈoʊ"), pause="!")]).symbols
    ('sil', 'n', 'ˈoʊ', 'sil')
    """
    symbols: list[str] = [SILENCE]
    rows: list[dict[str, float]] = [{"silence_first": 1.0}]
    numbers = [-1]
    phrases = _phrases(words)
    total = max(1, sum(_n_syllables(word) for word in words))
    done, number = 0, 0
    for k, phrase in enumerate(phrases):
        size = sum(_n_syllables(word) for word in phrase)
        place = {
            "first_phrase": float(k == 0),
            "last_phrase": float(k == len(phrases) - 1),
            **_ending(phrase[-1].pause),
        }
        before = 0
        for word in phrase:
            for symbol, row in zip(word.phones, _word_rows(word, before, size), strict=True):
                row |= place | {"phrase_syllables": min(size, 24) / 24.0, "line_part": (done + before) / total}
                symbols.append(symbol)
                rows.append(row)
                numbers.append(number)
            before += _n_syllables(word)
            number += 1
        done += size
        last = k == len(phrases) - 1
        symbols.append(SILENCE)
        rows.append({("silence_last" if last else "silence_inner"): 1.0, **place})
        numbers.append(-1)
    ids = np.array([SYMBOLS.index(strip_stress(symbol)) for symbol in symbols])
    table = np.array([[row.get(name, 0.0) for name in FEATURES] for row in rows], dtype=np.float32)
    return PhoneSequence(tuple(symbols), ids, table, np.array(numbers))


def _phrases(words: Sequence[SpokenWord]) -> list[list[SpokenWord]]:
    phrases: list[list[SpokenWord]] = [[]]
    for word in words:
        phrases[-1].append(word)
        if word.pause:
            phrases.append([])
    return [phrase for phrase in phrases if phrase]


def _n_syllables(word: SpokenWord) -> int:
    return max(1, sum(is_vowel(phone) for phone in word.phones))


def _ending(pause: str) -> dict[str, float]:
    name = {",": "comma", "?": "question", "!": "exclamation"}.get(pause, "stop")
    return {f"before_{name}": 1.0}


def _word_rows(word: SpokenWord, before: int, size: int) -> list[dict[str, float]]:
    """Return the features of a word's phones that depend on the word and its place in the phrase."""
    syllables = syllabify(word.phones)
    count = _n_syllables(word)
    rows = []
    for i, (phone, syllable) in enumerate(zip(word.phones, syllables, strict=True)):
        nucleus = next((j for j, s in enumerate(syllables) if s == syllable and is_vowel(word.phones[j])), i)
        stressed = bool(stress_of(word.phones[nucleus]))
        place = before + syllable
        rows.append({
            "stress": float(stressed), "accent": float(stressed and word.accent), "onset": float(i < nucleus),
            "nucleus": float(is_vowel(phone)), "coda": float(i > nucleus), "first_syllable": float(syllable == 0),
            "last_syllable": float(syllable == count - 1), "word_first": float(i == 0),
            "word_last": float(i == len(word.phones) - 1), "word_syllables": min(count, 6) / 6.0,
            "phrase_part": place / max(1, size - 1), "to_phrase_end": 1.0 / (size - place),
            "from_phrase_start": 1.0 / (1 + place), "phrase_final": float(place == size - 1),
            "function_word": float(word.function),
        })  # fmt: skip
    return rows
