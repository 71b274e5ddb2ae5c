"""Words rated by hand: how pleasant, how exciting, how much in control what they name is.

``lexicon.txt`` holds our own ratings of some nine thousand words and phrases. They teach the reader words that occur
too rarely in the corpora to be learnt from. A negation and an adverb before a word act on its rating as they do on
words of emotion (:mod:`conditioning.words`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from conditioning.reader_text import NEGATION_SCOPE, NEGATORS
from conditioning.words import ADVERBS, NEGATED

__all__ = ["NEUTRAL_RATING", "N_FEATURES", "N_RATED", "Rated", "features", "rated", "rated_words", "rating"]

FILE = Path(__file__).with_name("lexicon.txt")
NEUTRAL_RATING, SPREAD = 5, 4
NEUTRAL = (NEUTRAL_RATING,) * 3
#: Words of the longest phrase.
MAX_PHRASE = 5

#: Endings and what may have stood in their place: "tried" from "try", "hoping" from "hope".
_ENDINGS = (
    *((ending, ("y",)) for ending in ("iest", "ies", "ied", "ier", "ily", "iness")),
    ("bly", ("ble",)),
    ("ally", ("", "al")),
    ("ly", ("", "le")),
    ("ness", ("",)),
    *((ending, ("", "e")) for ending in ("ing", "ed", "er", "est", "es")),
    ("s", ("",)),
    ("in", ("ing",)),
)
_SHORTEST_STEM = 3
#: "colour", "realise", "analyse", "travelled".
_SPELLINGS = (("our", "or"), ("ise", "ize"), ("isi", "izi"), ("yse", "yze"), ("isa", "iza"), ("ll", "l"))

Float = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Rated:
    """A rated word or phrase where it stands.

    Attributes
    ----------
    start, end : int
        Its tokens.
    rating : tuple of int
        Valence, arousal and dominance, -4 to 4 from neutral.
    degree : float
        What the adverb before it makes of it; 1 without one.
    negated : bool
        Whether a negation reaches it.
    """

    start: int
    end: int
    rating: tuple[int, int, int]
    degree: float = 1.0
    negated: bool = False

    @property
    def deviations(self) -> tuple[float, float, float]:
        """The rating as it stands, -1 to 1: a negation turns valence and dominance round and halves them."""
        turn = -NEGATED if self.negated else 1.0
        valence, arousal, dominance = (self.degree * value / SPREAD for value in self.rating)
        return turn * valence, arousal, turn * dominance


@lru_cache(maxsize=1)
def entries() -> dict[str, tuple[int, int, int]]:
    """Return every word and phrase of ``lexicon.txt`` with valence, arousal and dominance, 1 to 9."""
    table: dict[str, tuple[int, int, int]] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            words, valence, arousal, dominance = line.rsplit(" ", 3)
            table[words] = int(valence), int(arousal), int(dominance)
    return table


def rating(word: str) -> tuple[int, int, int] | None:
    """Return the rating of a lower-case word, -4 to 4 from neutral, or None if it is not rated.

    Examples
    --------
    >>> rating("funerals"), rating("wharf")
    ((-4, -2, -4), None)
    """
    return next((found.rating for found in rated((word,))), None)


@lru_cache(maxsize=4096)
def rated(words: tuple[str, ...]) -> tuple[Rated, ...]:
    """Return the rated words and phrases of a sentence; the longest phrase wins.

    Parameters
    ----------
    words : tuple of str
        Lower-case tokens.

    Examples
    --------
    >>> [(found.rating, found.negated) for found in rated(("not", "happy"))]
    [((3, 1, 1), True)]
    """
    return tuple(_rated(words))


def _rated(words: Sequence[str]) -> Iterator[Rated]:
    start, reach, degree = 0, 0, 1.0
    while start < len(words):
        end, found = _longest(words, start)
        word = words[start]
        if found != NEUTRAL:
            valence, arousal, dominance = (value - NEUTRAL_RATING for value in found)
            yield Rated(start, end, (valence, arousal, dominance), degree, reach > 0)
        degree = ADVERBS.get(word, 1.0) if end == start + 1 else 1.0
        if word in NEGATORS and (end == start + 1 or words[start:end] == ("no", "one")):
            reach = NEGATION_SCOPE
        elif word[0].isalpha() or word[0] == "'":
            reach = max(0, reach - 1)
        else:
            reach = 0
        start = end


def _longest(words: Sequence[str], start: int) -> tuple[int, tuple[int, int, int]]:
    """Return the end and the ratings of the longest phrase that begins at ``start``."""
    for end in range(min(start + MAX_PHRASE, len(words)), start + 1, -1):
        found = entries().get(" ".join(words[start:end]))
        if found:
            return end, found
    return start + 1, _entry(words[start])


@lru_cache(maxsize=65536)
def _entry(word: str) -> tuple[int, int, int]:
    table = entries()
    return next((table[form] for form in _forms(word) if form in table), NEUTRAL)


def _forms(word: str) -> Iterator[str]:
    """Yield a word and what it may be an inflection of, the likeliest first."""
    yield word
    for ending, replacements in _ENDINGS:
        stem = word[: -len(ending)]
        if word.endswith(ending) and len(stem) >= _SHORTEST_STEM:
            if len(stem) > _SHORTEST_STEM and stem[-1] == stem[-2] and stem[-1] not in "sl":
                yield stem[:-1]
            for replacement in replacements:
                yield stem + replacement
    for british, american in _SPELLINGS:
        if british in word:
            yield from _forms(word.replace(british, american))


#: Numbers that :func:`rated_words` gives for a word.
N_RATED = 4


def rated_words(words: tuple[str, ...]) -> Float:
    """Return for each word valence, arousal and dominance, -1 to 1, and whether it is rated; (n, 4).

    Every word of a rated phrase has the phrase's rating; what stands around it is left to the network.
    """
    rows = np.zeros((len(words), N_RATED), np.float32)
    for found in rated(words):
        rows[found.start : found.end] = [*(value / SPREAD for value in found.rating), 1.0]
    return rows


#: Numbers that :func:`features` gives for a sentence.
N_FEATURES = 29
_CLAUSE_ENDS = frozenset([",", ";", ":", ".", "-", "...", "but", "however", "yet", "although", "though"])
_CONTRAST = frozenset(["but", "however"])


@lru_cache(maxsize=4096)
def features(words: tuple[str, ...]) -> Float:
    """Return what the rated words of a sentence say together; (29,), read-only.

    For each of valence, arousal and dominance: sum over the root of the number of words, sum over that number, mean,
    largest, smallest, and signed squares; then pleasant and unpleasant words apart, standing and negated ones; the
    balance of both; the last clause, the first one, and before and after a "but"; how many words are rated; length.
    """
    found = rated(words)
    length = max(1, sum(word[0].isalpha() for word in words))
    root = (length + 3) ** 0.5
    rows = np.array([item.deviations for item in found] or [(0.0, 0.0, 0.0)], np.float32)
    squares = rows * np.abs(rows)
    each = [rows.sum(0) / root, rows.sum(0) / length, rows.mean(0), rows.max(0), rows.min(0), squares.sum(0) / root]
    valence = rows[:, 0]
    size = float(np.abs(valence).sum())
    places = np.array([item.start for item in found] or [0])
    negated = np.array([item.negated for item in found] or [False])
    ends = [place for place, word in enumerate(words) if word in _CLAUSE_ENDS]
    turn = max((place for place, word in enumerate(words) if word in _CONTRAST), default=0)
    parts = [
        (valence > 0) & ~negated,
        (valence < 0) & ~negated,
        (valence > 0) & negated,
        (valence < 0) & negated,
        places >= (ends[-1] if ends else 0),
        places <= (ends[0] if ends else length),
        (places >= turn) & (turn > 0),
        places < turn,
    ]
    sums = [valence[part].sum() / root for part in parts]
    rest = [float(valence.sum()) / (size + 0.5), len(found) / length, float(np.log(length))]
    result = np.asarray(np.concatenate([*each, sums, rest]), np.float32)
    result.setflags(write=False)
    return result
