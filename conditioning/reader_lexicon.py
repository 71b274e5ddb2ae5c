"""Words rated by hand: how pleasant, how exciting, how much in control what they name is, and which emotions it evokes.

``lexicon.txt`` holds our own ratings of some 35,000 words and phrases. They teach the reader words that occur
too rarely in the corpora to be learnt from. A negation and an adverb before a word act on its rating as they do on
words of emotion (:mod:`conditioning.words`); a word such as "stop" or "cured" near it is told to the models, which
learn what it does (L. Polanyi & A. Zaenen, "Contextual valence shifters", 2006).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from conditioning.reader_text import NEGATION_SCOPE, NEGATORS
from conditioning.words import ADVERBS, NEGATED

__all__ = [
    "NEUTRAL_RATING", "N_FEATURES", "N_RATED", "PRIMARY_LETTERS", "Entry", "Rated", "entries", "features", "lines_of",
    "rated", "rated_words", "rating",
]  # fmt: skip

LEXICON, IRREGULAR_FORMS = "lexicon.txt", "irregular_forms.txt"
NEUTRAL_RATING, SPREAD = 5, 4
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
#: Letters of the eight primaries, in the order of Plutchik's wheel that all of this package has.
PRIMARY_LETTERS = "JTFUSDAN"
#: How much of an emotion is evoked that comes first, second or third.
_PLACES = (1.0, 0.6, 0.4)
#: "colour", "realise", "analyse", "travelled".
_SPELLINGS = (("our", "or"), ("ise", "ize"), ("isi", "izi"), ("yse", "yze"), ("isa", "iza"), ("ll", "l"))

#: What may stand between the words of a phrase.
_BETWEEN = frozenset(
    """
    a an the my your his her its our their this that these those some any all own very so really just quite too
    me you him it us them
    """.split()  # noqa: SIM905
)

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
    evoked : tuple of float
        The eight primaries, 0 to 1.
    """

    start: int
    end: int
    rating: tuple[int, int, int]
    degree: float = 1.0
    negated: bool = False
    evoked: tuple[float, ...] = (0.0,) * len(PRIMARY_LETTERS)

    @property
    def deviations(self) -> tuple[float, float, float]:
        """The rating as it stands, -1 to 1: a negation turns valence and dominance round and halves them."""
        turn = -NEGATED if self.negated else 1.0
        valence, arousal, dominance = (self.degree * value / SPREAD for value in self.rating)
        return turn * valence, arousal, turn * dominance


def lines_of(name: str) -> list[str]:
    """Return the lines of a file beside this module, without its comments."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return [line for line in text.split("\n") if line.strip() and not line.startswith("#")]


class Entry(NamedTuple):
    """A line of ``lexicon.txt``: valence, arousal and dominance, 1 to 9, and the letters of what is evoked."""

    ratings: tuple[int, int, int]
    letters: str = ""


_NEUTRAL = Entry((NEUTRAL_RATING,) * 3)


@lru_cache(maxsize=1)
def entries() -> dict[str, Entry]:
    """Return every word and phrase of ``lexicon.txt``."""
    table: dict[str, Entry] = {}
    for line in lines_of(LEXICON):
        rest, _, letters = line.rpartition(" ") if line[-1].isupper() else (line, "", "")
        words, valence, arousal, dominance = rest.rsplit(" ", 3)
        table[words] = Entry((int(valence), int(arousal), int(dominance)), letters)
    return table


def rating(word: str) -> tuple[int, int, int] | None:
    """Return the rating of a lower-case word, -4 to 4 from neutral, or None if it is neutral in all and evokes nothing.

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
        if found != _NEUTRAL:
            valence, arousal, dominance = (value - NEUTRAL_RATING for value in found.ratings)
            yield Rated(start, end, (valence, arousal, dominance), degree, reach > 0, _evoked(found.letters))
        degree = ADVERBS.get(word, 1.0) if end == start + 1 else 1.0
        if word in NEGATORS and (end == start + 1 or words[start:end] == ("no", "one")):
            reach = NEGATION_SCOPE
        elif word[0].isalpha() or word[0] == "'":
            reach = max(0, reach - 1)
        else:
            reach = 0
        start = end


@lru_cache(maxsize=1024)
def _evoked(letters: str) -> tuple[float, ...]:
    return tuple(_PLACES[letters.index(letter)] if letter in letters else 0.0 for letter in PRIMARY_LETTERS)


def _longest(words: Sequence[str], start: int) -> tuple[int, Entry]:
    """Return the end and the entry of the longest phrase that begins at ``start``, or of the word there."""
    found = max(_phrases(words, start, _tree()), default=None, key=lambda item: item[:2])
    return (found[1], found[2]) if found else (start + 1, _entry(words[start]))


def _phrases(words: Sequence[str], place: int, node: _Node, depth: int = 0) -> Iterator[tuple[int, int, Entry]]:
    """Yield the words matched, the end and the entry of each phrase that goes on at ``place``."""
    if node.entry:
        yield depth, place, node.entry
    if place == len(words):
        return
    # "lose temper" is also "lost her own temper".
    while True:
        for form in _bases(words[place]):
            if form in node.next:
                yield from _phrases(words, place + 1, node.next[form], depth + 1)
        if not depth or words[place] not in _BETWEEN or place + 1 == len(words):
            return
        place += 1


@dataclass(slots=True)
class _Node:
    """What may follow the words of a phrase so far, and the entry if it may end here."""

    next: dict[str, _Node] = field(default_factory=dict)
    entry: Entry | None = None


@lru_cache(maxsize=1)
def _tree() -> _Node:
    root = _Node()
    for phrase, entry in entries().items():
        if " " in phrase:
            node = root
            for word in phrase.split():
                node = node.next.setdefault(word, _Node())
            node.entry = entry
    return root


@lru_cache(maxsize=65536)
def _bases(word: str) -> tuple[str, ...]:
    """Return a word and what it may be a form of, in a phrase: "lost" of "lose", "n't" of "not"."""
    return tuple(dict.fromkeys([word, *_irregular().get(word, ()), *_forms(word)]))


@lru_cache(maxsize=1)
def _irregular() -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for line in lines_of(IRREGULAR_FORMS):
        base, *forms = line.split()
        for form in forms:
            table.setdefault(form, []).append(base)
    return table


@lru_cache(maxsize=65536)
def _entry(word: str) -> Entry:
    table = entries()
    return next((table[form] for form in _forms(word) if form in table), _NEUTRAL)


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
N_RATED = 12


def rated_words(words: tuple[str, ...]) -> Float:
    """Return for each word valence, arousal and dominance, -1 to 1, whether it is rated, and the eight; (n, 12).

    Every word of a rated phrase has the phrase's rating; what stands around it is left to the network.
    """
    rows = np.zeros((len(words), N_RATED), np.float32)
    for found in rated(words):
        rows[found.start : found.end] = [*(value / SPREAD for value in found.rating), 1.0, *found.evoked]
    return rows


#: Numbers that :func:`features` gives for a sentence.
N_FEATURES = 49
_CLAUSE_ENDS = frozenset([",", ";", ":", ".", "-", "...", "but", "however", "yet", "although", "though"])
_CONTRAST = frozenset(["but", "however"])
#: What ends, averts, lessens or takes away what is named next to it, and how many words farther it may be named.
_SHIFTERS = frozenset(
    """
    abandon abate abolish absence against avert avoid ban barely beat block bust cancel cease clear combat conquer
    contain curb cure cut decline decrease defeat defuse delay deny deprive despite destroy die diminish disappear
    discourage dodge drop ease eliminate end endure eradicate erase escape evade expel fade fail fall fewer fight
    finish flee foil forbid forget forgive free freed gone halt handle hardly heal help impossible kill lack last
    less lessen lift limit lose loss lost lower manage mend minimize miss missing mitigate never off out over
    overcome pass past prevent prohibit protect quell quit rare rarely reduce refuse reject release relief relieve
    remedy remove repair rescue resist resolve rid ruin save scarce shield slow solve soothe spare spoil stop
    subside suppress survive survivor tackle thwart treat undo vanish void waste weaken withdraw withstand worse
    """.split()  # noqa: SIM905
)
_SHIFT_REACH = 4


@lru_cache(maxsize=65536)
def _shifts(word: str) -> bool:
    return any(form in _SHIFTERS for form in _forms(word))


def _shifted(words: tuple[str, ...], found: Rated) -> tuple[bool, bool]:
    """Return whether a shifter stands before the rated words, and whether one stands after them, in their clause."""
    before = _clause(reversed(words[max(0, found.start - _SHIFT_REACH) : found.start]))
    after = _clause(words[found.end : found.end + _SHIFT_REACH])
    return any(map(_shifts, before)), any(map(_shifts, after))


def _clause(words: Iterable[str]) -> Iterator[str]:
    return takewhile(lambda word: word not in _CLAUSE_ENDS, words)


@lru_cache(maxsize=4096)
def features(words: tuple[str, ...]) -> Float:
    """Return what the rated words of a sentence say together; (49,), read-only.

    For each of valence, arousal and dominance: sum over the root of the number of words, sum over that number, mean,
    largest, smallest, and signed squares; then pleasant and unpleasant words apart, standing and negated ones; the last
    clause, the first one, after and before a "but"; pleasant and unpleasant words after a shifter and before one; the
    balance; how many words are rated; length; and of each of the eight primaries, for words that no negation reaches,
    the sum over the root of the number of words, and the largest.
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
    before, after = np.array([_shifted(words, item) for item in found] or [(False, False)]).T
    evoked = np.array([item.evoked for item in found if not item.negated] or [_evoked("")], np.float32)
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
        (valence > 0) & before,
        (valence < 0) & before,
        (valence > 0) & after,
        (valence < 0) & after,
    ]
    sums = [valence[part].sum() / root for part in parts]
    rest = [float(valence.sum()) / (size + 0.5), len(found) / length, float(np.log(length))]
    result = np.asarray(np.concatenate([*each, sums, rest, evoked.sum(0) / root, evoked.max(0)]), np.float32)
    result.setflags(write=False)
    return result
