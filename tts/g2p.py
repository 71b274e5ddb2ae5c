"""English words → IPA phones, without any GPL part.

Dictionary, heteronyms by part of speech, letters of abbreviations, and a trained network for the rest.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

import checkpoints
from conditioning.phones import stress_of, strip_stress
from tts.g2p_model import LetterToSound
from tts.heteronyms import EXTRA, part_of_speech
from tts.syllables import CONSONANTS, VOWELS, is_vowel

__all__ = ["CHECKPOINT", "VERSION", "Pronouncer", "is_initials", "pack_phones", "pronouncer", "unpack_phones"]

CHECKPOINT = "english_phones"
VERSION = 1

_ALPHABET: tuple[str, ...] = (*sorted(VOWELS), *sorted(CONSONANTS))
_CODE_START = 65  # "A"; stresses are "1" and "2" before the phone's letter

_VOICELESS, _SIBILANT = frozenset(["p", "t", "k", "f", "θ"]), frozenset(["s", "z", "ʃ", "ʒ", "tʃ", "dʒ"])


def pack_phones(phones: Sequence[str]) -> str:
    """Write phones as one character each, stress as a digit before it.

    Examples
    --------
    >>> unpack_phones(pack_phones(("h", "ə", "l", "ˈoʊ")))
    ('h', 'ə', 'l', 'ˈoʊ')
    """
    marks = ("", "1", "2")
    return "".join(marks[stress_of(p)] + chr(_CODE_START + _ALPHABET.index(strip_stress(p))) for p in phones)


def unpack_phones(packed: str) -> tuple[str, ...]:
    """Read what :func:`pack_phones` wrote."""
    phones, mark = [], ""
    for character in packed:
        if character in "12":
            mark = "ˈ" if character == "1" else "ˌ"
        else:
            phones.append(mark + _ALPHABET[ord(character) - _CODE_START])
            mark = ""
    return tuple(phones)


class Pronouncer:
    """Says words.

    Parameters
    ----------
    dictionary : dict of str to str
        Lower-case word, with ``/n`` ``/v`` ``/j`` behind it for a part of speech → packed phones.
    fallback : LetterToSound
        For all other words.
    """

    def __init__(self, dictionary: dict[str, str], fallback: LetterToSound) -> None:
        self._words = dictionary
        self._fallback = fallback

    def __call__(self, words: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the phones of each word of a sentence.

        Parameters
        ----------
        words : sequence of str
            As written, numbers already spelt out; hyphens and other characters inside a word part it.

        Returns
        -------
        list of tuple of str
            An empty tuple for a word without letters.
        """
        lower = [word.lower().replace("’", "'") for word in words]
        spoken = [self._say(words[i], lower, i) for i in range(len(words))]
        for i in range(len(words) - 1):
            if lower[i] == "the" and spoken[i + 1] and is_vowel(spoken[i + 1][0]):
                spoken[i] = ("ð", "i")
        return spoken

    def __contains__(self, word: str) -> bool:
        """Tell whether the dictionary has a word."""
        return word.lower() in self._words

    def _say(self, written: str, lower: Sequence[str], index: int) -> tuple[str, ...]:
        word = lower[index]
        if word in EXTRA or f"{word}/n" in self._words or f"{word}/v" in self._words:
            return self._heteronym(word, part_of_speech(lower, index))
        if is_initials(written) or (written.isupper() and len(written) < 6 and not self._sayable(word)):
            return self._spell(word)
        if word in self._words:
            return unpack_phones(self._words[word])
        phones: tuple[str, ...] = ()
        for part in re.findall(r"[a-z']+", _plain_letters(word)):
            phones += self._part(part)
        return phones

    def _sayable(self, word: str) -> bool:
        """Tell whether capitals are a word rather than initials."""
        return len(word) < 2 or word in self._words or (len(word) > 3 and any(c in "aeiouy" for c in word))

    def _heteronym(self, word: str, pos: str) -> tuple[str, ...]:
        extra = EXTRA.get(word, {})
        for key in (pos, {"p": "v", "j": "n"}.get(pos, pos)):
            if key in extra:
                return tuple(extra[key].split())
            if f"{word}/{key}" in self._words and "" not in extra:
                return unpack_phones(self._words[f"{word}/{key}"])
        return tuple(extra[""].split()) if extra else unpack_phones(self._words[word])

    def _spell(self, word: str) -> tuple[str, ...]:
        names = [unpack_phones(self._words.get(f"{c}/n", self._words.get(c, ""))) for c in word if c.isalpha()]
        return tuple(phone for name in names for phone in name)

    def _part(self, part: str) -> tuple[str, ...]:
        if part in self._words:
            return unpack_phones(self._words[part])
        for suffix in ("'s", "s", "ing", "ed"):
            stem = part.removesuffix(suffix)
            if stem != part and len(stem) > 2 and stem in self._words:
                return _with_suffix(unpack_phones(self._words[stem]), suffix)
        return self._fallback(part)


#: Words in capitals that are initials although a word is spelt the same.
_INITIALS = frozenset(["US", "IT", "TV", "ID", "AI", "OK", "PC", "UK", "EU", "UN"])


def is_initials(written: str) -> bool:
    """Tell whether a word in capitals is known to be initials."""
    return written.replace(".", "") in _INITIALS


def _plain_letters(word: str) -> str:
    """Return a word with accents taken off its letters: ``café`` → ``cafe``."""
    import unicodedata

    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def _with_suffix(stem: tuple[str, ...], suffix: str) -> tuple[str, ...]:
    last = strip_stress(stem[-1])
    if suffix in ("'s", "s"):
        return (*stem, "ə", "z") if last in _SIBILANT else (*stem, "s" if last in _VOICELESS else "z")
    if suffix == "ed":
        voiceless = last in _VOICELESS | {"s", "ʃ", "tʃ"}
        return (*stem, "ə", "d") if last in ("t", "d") else (*stem, "t" if voiceless else "d")
    return (*stem, "ɪ", "ŋ")


@lru_cache(maxsize=1)
def pronouncer() -> Pronouncer:
    """Return the pronouncer of the shipped dictionary and network.

    Raises
    ------
    CheckpointError
        If the checkpoint is absent or damaged.
    """
    stored = checkpoints.load(CHECKPOINT, version=VERSION)
    text = zlib.decompress(stored.tensors["dictionary"].tobytes()).decode("utf-8")
    dictionary = dict(row.split("\t") for row in text.split("\n"))
    chunks = bytes(np.asarray(stored.tensors["chunks"])).decode("utf-8").split("\n")
    weights = {name[4:]: tensor for name, tensor in stored.tensors.items() if name.startswith("g2p.")}
    return Pronouncer(dictionary, LetterToSound(weights, chunks))
