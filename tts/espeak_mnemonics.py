"""IPA phones → espeak-ng's own letters for American English, for spans that say their phones themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from conditioning import InputError
from conditioning.phones import SILENCE
from conditioning.registry import nearest

__all__ = ["to_mnemonics"]

#: docs/phonemes.md and phsource/ph_english_us of espeak-ng 1.52.
MNEMONICS: Mapping[str, str] = {
    "p": "p", "b": "b", "t": "t", "d": "d", "k": "k", "ɡ": "g", "tʃ": "tS", "dʒ": "dZ", "f": "f", "v": "v",
    "θ": "T", "ð": "D", "s": "s", "z": "z", "ʃ": "S", "ʒ": "Z", "h": "h", "m": "m", "n": "n", "ŋ": "N",
    "l": "l", "ɹ": "r", "j": "j", "w": "w", "ɾ": "t#", "ʔ": "?", "x": "x",
    "i": "i:", "ɪ": "I", "ɛ": "E", "æ": "a", "ɑ": "A:", "ɔ": "O:", "ʊ": "U", "u": "u:", "ʌ": "V", "ə": "@",
    "ɝ": "3:", "ɚ": "3", "ɐ": "a#", "ᵻ": "I2", "eɪ": "eI", "aɪ": "aI", "aʊ": "aU", "ɔɪ": "OI", "oʊ": "oU",
    SILENCE: "_:",
}  # fmt: skip
#: Other ways to write the same phones.
SYNONYMS: Mapping[str, str] = {
    "r": "ɹ", "g": "ɡ", "ɜ": "ɝ", "ɒ": "ɑ", "a": "æ", "e": "eɪ", "o": "oʊ", "əʊ": "oʊ", "ʧ": "tʃ", "ʤ": "dʒ",
    "ɫ": "l", "y": "j", "ɛɪ": "eɪ", "ʍ": "w", "ä": "ɑ", "ei": "eɪ", "ai": "aɪ", "au": "aʊ", "ou": "oʊ", "oi": "ɔɪ",
}  # fmt: skip


def to_mnemonics(phones: Iterable[str]) -> str:
    """Return espeak-ng's letters for phones in IPA.

    Parameters
    ----------
    phones : iterable of str
        One phone each, a vowel's stress in front of it.

    Raises
    ------
    InputError
        For a phone that American English does not have; the nearest is offered.

    Examples
    --------
    >>> to_mnemonics(("h", "ə", "l", "ˈoʊ"))
    "[[h@l'oU]]"
    """
    letters = ""
    for phone in phones:
        stress = "'" if phone.startswith("ˈ") else "," if phone.startswith("ˌ") else ""
        bare = phone.lstrip("ˈˌ").replace("ː", "").replace("͡", "")
        known = MNEMONICS.get(SYNONYMS.get(bare, bare))
        if known is None:
            raise InputError(
                f"phone {phone!r} cannot be spoken{nearest(bare, [*MNEMONICS])}; IPA phones of American English are "
                f"{' '.join(MNEMONICS)}"
            )
        # Two letters of neighbours must not be read as one: "t" + "S" is not "tS".
        letters += ("|" if letters and letters[-1].isalpha() and known[0] in "SZ" else "") + stress + known
    return f"[[{letters}]]"
