"""Build the pronouncing dictionary, and train the network for words outside it.

Dictionary: the CMU dictionary 0.4 as festival's package ``festlex-cmu`` has it (stress, part of speech), with the
words that only the later one inside pocketsphinx's wheel has; those lack stress, which the network adds.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from conditioning.phones import strip_stress
from tts.g2p_model import LETTERS
from tts.syllables import mark_primary

from .corpus import to_ipa

FESTIVAL_DICTIONARY = Path("/usr/share/festival/dicts/cmu/cmudict-0.4.out")
ENTRY = re.compile(r'\("([a-z\']+)" (\S+) \((.*)\)\)\s*$')
SYLLABLE = re.compile(r"\(\(([a-z ]+)\) (\d)\)")
Pronunciation = tuple[str, ...]


def read_festival(path: Path = FESTIVAL_DICTIONARY) -> dict[str, dict[str, Pronunciation]]:
    """Return word → part of speech (``""`` for any) → phones."""
    words: dict[str, dict[str, Pronunciation]] = defaultdict(dict)
    for row in path.read_text(encoding="latin-1").splitlines():
        match = ENTRY.match(row)
        if not match:
            continue
        word, pos, syllables = match.groups()
        phones = [to_ipa(p, int(stress)) for group, stress in SYLLABLE.findall(syllables) for p in group.split()]
        words[word].setdefault("" if pos == "nil" else pos[0], mark_primary(phones))
    return dict(words)


def read_sphinx() -> dict[str, Pronunciation]:
    """Return word → phones without stress of pocketsphinx's dictionary, first pronunciations."""
    import pocketsphinx

    path = Path(pocketsphinx.get_model_path()) / "en-us" / "cmudict-en-us.dict"
    words = {}
    for row in path.read_text(encoding="utf-8").splitlines():
        word, _, phones = row.partition(" ")
        if word and all(c in LETTERS[1:] for c in word):
            words[word] = tuple(to_ipa(p.lower(), 0) for p in phones.split())
    return words


class Aligner:
    """Viterbi-trained alignment of letters with chunks of at most two phones."""

    def __init__(self) -> None:
        self.cost: dict[tuple[str, str], float] = {}

    def start(self, pairs: Iterable[tuple[str, Pronunciation]]) -> None:
        """Begin with how often a letter meets a chunk at about the same relative place."""
        counts: Counter[tuple[str, str]] = Counter()
        for word, phones in pairs:
            for i, letter in enumerate(word):
                centre = (i + 0.5) * len(phones) / len(word)
                counts[letter, ""] += 1
                for j in range(len(phones)):
                    near = math.exp(-abs(j + 0.5 - centre))
                    counts[letter, phones[j]] += near  # type: ignore[assignment]
                    if j + 1 < len(phones):
                        counts[letter, f"{phones[j]} {phones[j + 1]}"] += 0.1 * near  # type: ignore[assignment]
        self._set(counts)

    def _set(self, counts: Counter[tuple[str, str]]) -> None:
        totals: Counter[str] = Counter()
        for (letter, _), n in counts.items():
            totals[letter] += n
        self.cost = {key: -math.log(n / totals[key[0]]) for key, n in counts.items() if n >= 0.5}

    def improve(self, pairs: Iterable[tuple[str, Pronunciation]]) -> None:
        """One round of Viterbi training."""
        counts: Counter[tuple[str, str]] = Counter()
        for word, phones in pairs:
            for key in zip(word, self.align(word, phones) or (), strict=False):
                counts[key] += 1
        self._set(counts)

    def align(self, word: str, phones: Pronunciation) -> list[str] | None:
        """Return each letter's chunk, or None if there are more than two phones a letter."""
        inf = math.inf
        n = len(phones)
        singles = list(phones)
        doubles = [f"{a} {b}" for a, b in itertools.pairwise(phones)]
        best = [0.0] + [inf] * n
        back: list[list[int]] = []
        for letter in word:
            row, take = [inf] * (n + 1), [0] * (n + 1)
            for j in range(n + 1):
                value, step = best[j] + self.cost.get((letter, ""), 12.0), 0
                if j >= 1 and best[j - 1] < inf:
                    other = best[j - 1] + self.cost.get((letter, singles[j - 1]), 9.0)
                    if other < value:
                        value, step = other, 1
                if j >= 2 and best[j - 2] < inf:
                    other = best[j - 2] + self.cost.get((letter, doubles[j - 2]), 14.0)
                    if other < value:
                        value, step = other, 2
                row[j], take[j] = value, step
            best = row
            back.append(take)
        if best[n] == inf:
            return None
        chunks, j = [], n
        for take in reversed(back):
            chunks.append(" ".join(phones[j - take[j] : j]))
            j -= take[j]
        return chunks[::-1]


def phone_errors(guess: Sequence[str], truth: Sequence[str]) -> int:
    """Return the edit distance of two phone strings."""
    previous = list(range(len(truth) + 1))
    for i, a in enumerate(guess, 1):
        current = [i]
        for j, b in enumerate(truth, 1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (a != b)))
        previous = current
    return previous[-1]


def phone_error_rate(pairs: Iterable[tuple[Sequence[str], Sequence[str]]], *, stress: bool = False) -> float:
    """Return errors over phones of (guess, truth) pairs; without stress unless asked."""
    errors = total = 0
    for guess, truth in pairs:
        if not stress:
            guess, truth = [_bare(p) for p in guess], [_bare(p) for p in truth]
        errors += phone_errors(guess, truth)
        total += len(truth)
    return errors / max(1, total)


def _bare(phone: str) -> str:
    """Return a phone without stress; the reduced vowels are the full ones, as in the dictionary's own alphabet."""
    base = strip_stress(phone)
    return {"ə": "ʌ", "ɚ": "ɝ"}.get(base, base)
