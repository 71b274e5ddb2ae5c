"""Preparation and fitting of the voice, without teachers: alignments, logistic fit, reading of labels."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from tts.train_voice.corpus import festival_utterance, flite_utterance, to_ipa
from tts.train_voice.features import continuous_log_f0
from tts.train_voice.fit_phrasing import logistic
from tts.train_voice.lexicon import Aligner, phone_error_rate, phone_errors
from tts.train_voice.teachers import TeacherPhone
from tts.train_voice.texts import clean_subtitle


def _phone(symbol: str, end: float, word: int, stress: int = 0) -> TeacherPhone:
    return TeacherPhone(symbol, end, stress, stress, 1, "you" if word else "no", "", "", "0", word, word)


LAB = [
    TeacherPhone("pau", 0.1, 0, 0, 0, "", "", "", "", -1, -1),
    _phone("n", 0.2, 0),
    _phone("ow", 0.35, 0, 1),
    _phone("y", 0.4, 1),
    _phone("uw", 0.5, 1, 1),
    TeacherPhone("pau", 0.7, 0, 0, 0, "", "", "", "", -1, -1),
]


def test_festivals_labels_become_phones_on_the_grid():
    found = festival_utterance(LAB)
    assert found is not None
    assert found.sequence.symbols == ("sil", "n", "ˈoʊ", "j", "ˈu", "sil")
    np.testing.assert_array_equal(found.ends, [20, 40, 70, 80, 100, 140])


def test_another_readers_pause_is_kept_and_another_pronunciation_refused():
    spoken = [("pau", 0.1), ("n", 0.2), ("ow", 0.3), ("pau", 0.4), ("y", 0.5), ("uw", 0.6), ("pau", 0.8)]
    found = flite_utterance(LAB, spoken)
    assert found is not None
    assert found.sequence.symbols == ("sil", "n", "ˈoʊ", "sil", "j", "ˈu", "sil")
    assert flite_utterance(LAB, spoken[:2] + spoken[3:]) is None


def test_reduced_vowels_have_their_own_symbols():
    assert [to_ipa("ax", 0), to_ipa("er", 0), to_ipa("er", 1), to_ipa("hh", 0)] == ["ə", "ɚ", "ˈɝ", "h"]


def test_phone_errors_are_the_edit_distance():
    assert phone_errors("kitten", "sitting") == 3  # V. Levenshtein's own standard example
    assert phone_error_rate([(["ˈæ", "t"], ["æ", "d"])]) == 0.5
    assert phone_error_rate([(["ˈæ", "t"], ["æ", "d"])], stress=True) == 1.0


def test_letters_align_with_the_phones_they_stand_for():
    words = [("cat", "k æ t"), ("ship", "ʃ ɪ p"), ("fish", "f ɪ ʃ"), ("tap", "t æ p"), ("sip", "s ɪ p"),
             ("pit", "p ɪ t"), ("hat", "h æ t"), ("box", "b ɑ k s"), ("cot", "k ɑ t"), ("kiss", "k ɪ s"),
             ("dot", "d ɑ t"), ("tax", "t æ k s"), ("fix", "f ɪ k s"), ("not", "n ɑ t")] * 3  # fmt: skip
    pairs = [(word, tuple(phones.split())) for word, phones in words]
    aligner = Aligner()
    aligner.start(pairs)
    for _ in range(3):
        aligner.improve(pairs)
    for word, phones in pairs:
        chunks = aligner.align(word, phones)
        assert chunks is not None
        assert " ".join(chunk for chunk in chunks if chunk).split() == list(phones)
    assert aligner.align("cat", ("k", "æ", "t")) == ["k", "æ", "t"]
    assert sorted(aligner.align("ship", ("ʃ", "ɪ", "p")) or []) == sorted(["ʃ", "", "ɪ", "p"])
    assert aligner.align("a", ("k", "s", "t")) is None


def test_logistic_fit_finds_the_log_odds():
    x = np.stack([np.ones(200), np.repeat([0.0, 1.0], 100)], axis=1)
    y = np.concatenate([np.arange(100) < 20, np.arange(100) < 70]).astype(float)
    weights = logistic(x, y, price=1e-9)
    np.testing.assert_allclose(weights, [np.log(20 / 80), np.log(70 / 30) - np.log(20 / 80)], atol=1e-6)


def test_unvoiced_stretches_are_bridged_in_log_frequency():
    found = continuous_log_f0(np.array([0.0, 100.0, 0.0, 0.0, 800.0, 0.0]))
    np.testing.assert_allclose(np.exp(found), [100, 100, 200, 400, 800, 800], rtol=1e-5)


def test_subtitles_lose_the_tokenisers_spaces():
    assert clean_subtitle("I do n't know , she 's gone !") == "I don't know, she's gone!"
