"""Phones by class, and the syllables of an English word."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from conditioning.phones import stress_of, strip_stress

__all__ = ["CONSONANTS", "VOICED_CONSONANTS", "VOWELS", "is_vowel", "mark_primary", "syllabify"]

VOWELS = frozenset(["ɑ", "æ", "ʌ", "ə", "ɔ", "aʊ", "aɪ", "ɛ", "ɝ", "ɚ", "eɪ", "ɪ", "i", "oʊ", "ɔɪ", "ʊ", "u"])
CONSONANTS = frozenset([
    "b", "tʃ", "d", "ð", "f", "ɡ", "h", "dʒ", "k", "l", "m", "n", "ŋ", "p", "ɹ", "s", "ʃ", "t", "θ", "v", "w", "j",
    "z", "ʒ",
])  # fmt: skip
VOICED_CONSONANTS = frozenset(["b", "d", "ð", "ɡ", "dʒ", "l", "m", "n", "ŋ", "ɹ", "v", "w", "j", "z", "ʒ"])

#: Clusters that may begin an English word (R. Kreidler, *The Pronunciation of English*, 2004, ch. 5).
ONSETS = frozenset([
    "pɹ", "pl", "pj", "bɹ", "bl", "bj", "tɹ", "tw", "tj", "dɹ", "dw", "dj", "kɹ", "kl", "kw", "kj", "ɡɹ", "ɡl",
    "ɡw", "fɹ", "fl", "fj", "vj", "θɹ", "θw", "ʃɹ", "sp", "st", "sk", "sm", "sn", "sf", "sl", "sw", "mj", "nj",
    "hj", "lj", "spɹ", "spl", "spj", "stɹ", "stj", "skɹ", "skw", "skj",
])  # fmt: skip


def is_vowel(symbol: str) -> bool:
    """Tell whether an IPA phone, with or without stress, is a vowel.

    Examples
    --------
    >>> [is_vowel(phone) for phone in ("ˈaɪ", "m", "sil")]
    [True, False, False]
    """
    return strip_stress(symbol) in VOWELS


def syllabify(phones: Sequence[str]) -> list[int]:
    """Return each phone's syllable number by the maximal-onset rule.

    Parameters
    ----------
    phones : sequence of str
        IPA phones of one word.

    Returns
    -------
    list of int
        Starting at 0; a word without a vowel is one syllable.

    Examples
    --------
    >>> syllabify(["ɪ", "k", "s", "t", "ɹ", "ˈi", "m"])
    [0, 0, 1, 1, 1, 1, 1]
    """
    nuclei = [i for i, phone in enumerate(phones) if is_vowel(phone)]
    starts = [0]
    for left, right in itertools.pairwise(nuclei):
        start = right
        while start - 1 > left and _may_begin(phones[start - 1 : right]):
            start -= 1
        starts.append(start)
    numbers, current = [], 0
    for i in range(len(phones)):
        if current + 1 < len(starts) and i >= starts[current + 1]:
            current += 1
        numbers.append(current)
    return numbers


def mark_primary(phones: Sequence[str]) -> tuple[str, ...]:
    """Make all primary stresses but one of a word secondary: the last one that is not on the final syllable stays.

    The dictionary that we read marks stress only as present or absent.

    Examples
    --------
    >>> mark_primary(["ˈɑ", "ɹ", "d", "v", "ˈɑ", "ɹ", "k"])
    ('ˈɑ', 'ɹ', 'd', 'v', 'ˌɑ', 'ɹ', 'k')
    """
    stressed = [i for i, phone in enumerate(phones) if stress_of(phone)]
    if len(stressed) < 2:
        return tuple(phones)
    last_vowel = max(i for i, phone in enumerate(phones) if is_vowel(phone))
    keep = stressed[-2] if stressed[-1] == last_vowel else stressed[-1]
    return tuple("ˌ" + strip_stress(p) if i in stressed and i != keep else p for i, p in enumerate(phones))


def _may_begin(cluster: Sequence[str]) -> bool:
    return (len(cluster) == 1 and cluster[0] != "ŋ") or "".join(cluster) in ONSETS
