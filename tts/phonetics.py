"""What a phone's symbol says about its sound."""

from __future__ import annotations

from functools import lru_cache

from conditioning.phones import SILENCE, strip_stress

__all__ = ["kind_of"]

VOWEL_LETTERS = frozenset("aeiouyæɑɒɐɔəɘɚɛɜɝɞɤɨɪʉɯøœɶʊʌʏᵻɵ")
STOP_LETTERS = frozenset("pbtdkɡgqɢʔʈɖcɟɓɗɠ")
VOICED_FRICATIVE_LETTERS = frozenset("vðzʒβɣʝɮʁʐʑɦʕ")
VOICELESS_FRICATIVE_LETTERS = frozenset("fθsʃxhçχɸʂɕħɬʍ")


@lru_cache(maxsize=4096)
def kind_of(symbol: str) -> str:
    """Return ``silence``, ``vowel``, ``sonorant``, ``stop``, ``affricate``, ``voiced_fricative`` or ``fricative``.

    Parameters
    ----------
    symbol : str
        A phone in IPA, with or without its stress.

    Examples
    --------
    >>> [kind_of(phone) for phone in ("ˈaɪ", "tʃ", "z", "m", "sil")]
    ['vowel', 'affricate', 'voiced_fricative', 'sonorant', 'silence']
    """
    phone = strip_stress(symbol)
    if not phone or phone == SILENCE:
        return "silence"
    if phone[0] in VOWEL_LETTERS:
        return "vowel"
    if phone[0] in STOP_LETTERS:
        rest = phone[1:].lstrip("͡")
        return "affricate" if rest[:1] in VOICED_FRICATIVE_LETTERS | VOICELESS_FRICATIVE_LETTERS else "stop"
    if phone[0] in VOICED_FRICATIVE_LETTERS:
        return "voiced_fricative"
    return "fricative" if phone[0] in VOICELESS_FRICATIVE_LETTERS else "sonorant"
