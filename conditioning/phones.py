"""The phone alphabet of the project: IPA.

Symbols in :class:`~conditioning.speech.Speech` are IPA phones, one per segment. A stressed vowel carries its
stress as a prefix, ``ˈ`` primary or ``ˌ`` secondary; ``"sil"`` is silence. Affricates (``tʃ``, ``dʒ``) and
diphthongs (``aɪ``) are one phone each.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ARPABET_TO_IPA", "SILENCE", "arpabet_to_ipa", "stress_of", "strip_stress"]

SILENCE = "sil"

#: The CMU dictionary's phones (without stress digits) in IPA; AH and ER are written by stress in
#: :func:`arpabet_to_ipa`.
ARPABET_TO_IPA: Mapping[str, str] = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "aʊ", "AY": "aɪ", "B": "b", "CH": "tʃ", "D": "d",
    "DH": "ð", "EH": "ɛ", "ER": "ɝ", "EY": "eɪ", "F": "f", "G": "ɡ", "HH": "h", "IH": "ɪ", "IY": "i",
    "JH": "dʒ", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ", "OW": "oʊ", "OY": "ɔɪ", "P": "p",
    "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "UH": "ʊ", "UW": "u", "V": "v", "W": "w", "Y": "j",
    "Z": "z", "ZH": "ʒ", "SIL": SILENCE,
}  # fmt: skip


def arpabet_to_ipa(phone: str) -> str:
    """Return the IPA symbol of a CMU phone such as ``"AH0"``.

    Raises
    ------
    KeyError
        If it is not one of the CMU dictionary's phones.

    Examples
    --------
    >>> [arpabet_to_ipa(phone) for phone in ("HH", "AH0", "L", "OW1")]
    ['h', 'ə', 'l', 'ˈoʊ']
    """
    base, stress = (phone[:-1], phone[-1]) if phone[-1].isdigit() else (phone, "")
    if stress == "0" and base in ("AH", "ER"):
        return {"AH": "ə", "ER": "ɚ"}[base]
    return {"1": "ˈ", "2": "ˌ"}.get(stress, "") + ARPABET_TO_IPA[base]


def strip_stress(symbol: str) -> str:
    """Return a phone without its stress prefix."""
    return symbol.lstrip("ˈˌ")


def stress_of(symbol: str) -> int:
    """Return 1 for primary stress, 2 for secondary, 0 for none."""
    return {"ˈ": 1, "ˌ": 2}.get(symbol[:1], 0)
