from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from avatar.animator.visemes import CHANNELS, parts_of, target_of
from conditioning.phones import ARPABET_TO_IPA

#: First formants of American English vowels, men, hertz: J. Hillenbrand et al., "Acoustic characteristics of
#: American English vowels", JASA 97 (1995), table V. F1 rises with the opening of the jaw.
F1_HZ = {
    "i": 342, "ɪ": 427, "e": 476, "ɛ": 580, "æ": 588, "ɑ": 768, "ɔ": 652, "o": 497, "ʊ": 469, "u": 378, "ʌ": 623,
    "ɝ": 474,
}  # fmt: skip


def weight(symbol: str, channel: str) -> float:
    return float(target_of(symbol).weights[CHANNELS.index(channel)])


def test_every_phone_has_parts_whose_shares_fill_its_time() -> None:
    for symbol in ARPABET_TO_IPA.values():
        parts = parts_of(symbol)
        assert sum(share for _, share in parts) == pytest.approx(1.0)
        assert all(np.isfinite(target_of(part).weights).all() for part, _ in parts)
        assert parts != (("ə", 1.0),) or symbol == "ə", f"{symbol} is not known"


@pytest.mark.parametrize("symbol", ["aɪ", "aʊ", "ɔɪ", "eɪ", "oʊ", "tʃ", "dʒ"])
def test_diphthongs_and_affricates_have_two_parts(symbol: str) -> None:
    assert len(parts_of("ˈ" + symbol)) == 2


def test_jaw_opens_as_the_first_formant_rises() -> None:
    jaws = [weight(symbol, "jawOpen") for symbol in F1_HZ]
    assert spearmanr(jaws, list(F1_HZ.values())).statistic > 0.85


def test_rounding_belongs_to_the_rounded() -> None:
    rounded = {s: weight(s, "mouthPucker") + weight(s, "mouthFunnel") for s in ["u", "w", "o", "ɔ", "ʊ", "ɹ", "ʃ"]}
    spread = {
        s: weight(s, "mouthPucker") + weight(s, "mouthFunnel") for s in ["i", "ɪ", "e", "ɛ", "æ", "s", "t", "n", "k"]
    }
    assert min(rounded.values()) > 3 * max(spread.values())


def test_unknown_symbols_and_length_marks_are_survived() -> None:
    assert parts_of("iː") == parts_of("i")
    assert parts_of("🎺") == (("ə", 1.0),)
    assert parts_of("sil") == parts_of("") == (("sil", 1.0),)


def test_dominance_lets_tongue_consonants_inherit_the_lips() -> None:
    column = CHANNELS.index("mouthPucker")
    for symbol in ["t", "n", "l", "k"]:
        assert target_of(symbol).dominance[column] < 0.25 * target_of("u").dominance[column]
