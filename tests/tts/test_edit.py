"""Phone-level edits: exact times, F0 as Praat measures it, everything else as it was."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import checkpoints
from conditioning import Emotion, InputError, Line, Speech
from tts.edit import PhoneEdit, edit, phones_of

TEXT = "You came back. I had almost stopped hoping, my friend."


@pytest.fixture(scope="module")
def speech() -> Speech:
    if not {"daisy", "english_phones"} <= checkpoints.manifest().keys():
        pytest.skip("the voice's checkpoints are not in this checkout")
    from tts.daisy import DaisyVoice

    return DaisyVoice().speak(Line.of(TEXT, Emotion(joy=0.3)))


def vowel_of(speech: Speech, word: str) -> int:
    return next(p.index for p in phones_of(speech) if p.word.startswith(word) and p.symbol.startswith("ˈ"))


INSIDE = np.linspace(0.15, 0.85, 15)


def praat_hz(speech: Speech, index: int, parts: np.ndarray = INSIDE) -> np.ndarray:
    """F0 by Praat's autocorrelation method inside a phone, NaN left out."""
    parselmouth = pytest.importorskip("parselmouth")
    sound = parselmouth.Sound(speech.waveform.astype(np.float64), speech.sample_rate)
    pitch = sound.to_pitch(0.005, 75.0, 600.0)
    phone = speech.phones[index]
    values = np.array([pitch.get_value_at_time(phone.start_s + part * phone.duration_s) for part in parts])
    return values[~np.isnan(values)]


def samples(speech: Speech, index: int) -> np.ndarray:
    phone = speech.phones[index]
    return speech.waveform[round(phone.start_s * speech.sample_rate) : round(phone.end_s * speech.sample_rate)]


def test_an_edited_phone_has_the_length_asked_for_and_the_others_theirs(speech):
    index = vowel_of(speech, "stopped")
    longer = edit(speech, [PhoneEdit(index, duration_s=0.3101)])
    assert len(samples(longer, index)) == round(0.3101 * speech.sample_rate)
    for i in range(len(speech.phones)):
        if i != index:
            assert len(samples(longer, i)) == len(samples(speech, i))
    assert [w.symbol for w in longer.words] == [w.symbol for w in speech.words]
    for word in longer.words:  # words still begin where phones begin
        assert any(word.start_s == pytest.approx(phone.start_s, abs=1e-9) for phone in longer.phones)


def test_praat_hears_the_level_that_was_asked_for(speech):
    index = vowel_of(speech, "hoping")
    asked_hz = float(np.median(praat_hz(speech, index))) * 2.0**0.5  # six semitones up
    moved = edit(speech, [PhoneEdit(index, f0_hz=asked_hz)])
    heard = praat_hz(moved, index)
    assert 12 * np.log2(np.exp(np.log(heard).mean()) / asked_hz) == pytest.approx(0.0, abs=0.4)
    assert moved.duration_s == speech.duration_s
    assert phones_of(moved)[index].f0_hz == pytest.approx(asked_hz, rel=0.02)


def test_praat_hears_a_contour(speech):
    index = vowel_of(speech, "stopped")
    moved = edit(speech, [PhoneEdit(index, duration_s=0.3, f0_hz=(180.0, 300.0))])
    parts = np.linspace(0.2, 0.9, 15)
    heard = praat_hz(moved, index, parts)
    wanted = 180.0 * (300.0 / 180.0) ** parts  # points are joined by lines in semitones
    assert len(heard) == len(parts)
    np.testing.assert_allclose(12 * np.log2(heard / wanted), 0.0, atol=0.5)


def test_breath_groups_without_an_edit_keep_their_samples(speech):
    index = vowel_of(speech, "stopped")
    longer = edit(speech, [PhoneEdit(index, duration_s=0.3, f0_hz=250.0)])
    for p in phones_of(speech):
        if p.word in ("You", "came", "back", "my", "friend"):
            np.testing.assert_array_equal(samples(longer, p.index), samples(speech, p.index))


def test_other_phones_of_the_group_keep_level_and_f0(speech):
    index = vowel_of(speech, "stopped")
    longer = edit(speech, [PhoneEdit(index, duration_s=0.3)])
    for p in phones_of(speech):
        if p.word in ("had", "almost") and p.f0_hz:
            level = 20 * np.log10(samples(longer, p.index).std() / samples(speech, p.index).std())
            assert abs(level) < 1.0
            heard, was = praat_hz(longer, p.index), praat_hz(speech, p.index)
            if len(heard) and len(was):
                assert abs(12 * np.log2(np.median(heard) / np.median(was))) < 0.5


def test_a_pause_is_lengthened_by_silence_alone(speech):
    index = next(i for i, phone in enumerate(speech.phones) if phone.symbol == "sil" and i)
    longer = edit(speech, [PhoneEdit(index, duration_s=1.5)])
    for i in range(len(speech.phones)):
        if i != index:
            np.testing.assert_array_equal(samples(longer, i), samples(speech, i))
    middle = samples(longer, index)[12_000:-12_000]
    assert not middle.any()


def test_the_emotion_moves_with_the_words():
    from conditioning import EmotionTrack, tile

    rate = 16_000
    wave = np.random.default_rng(0).normal(0, 0.1, rate).astype(np.float32)
    track = EmotionTrack(((0.0, Emotion()), (0.5, Emotion(joy=1.0))))
    phones = tile(["sil", "s", "ʃ", "sil"], [0, 4000, 8000, 12_000, 16_000], rate)
    speech = Speech(wave, rate, phones, emotion=track)
    longer = edit(speech, [PhoneEdit(1, duration_s=0.5)])
    assert [time_s for time_s, _ in longer.emotion.keyframes] == pytest.approx([0.0, 0.75])


def test_no_edits_no_change(speech):
    assert edit(speech, []) is speech


@settings(max_examples=6, deadline=None)
@given(st.dictionaries(st.integers(0, 38), st.floats(0.01, 0.6), min_size=1, max_size=6))
def test_any_lengths_tile_to_the_sample(speech, lengths):
    longer = edit(speech, [PhoneEdit(i % len(speech.phones), duration_s=s) for i, s in lengths.items()])
    borders = [round(p.start_s * speech.sample_rate) for p in longer.phones] + [len(longer.waveform)]
    for i, (left, right) in enumerate(pairwise(borders)):
        wanted = lengths.get(i, speech.phones[i].duration_s)
        assert right - left == round(wanted * speech.sample_rate)
    assert np.abs(longer.waveform).max() <= 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: PhoneEdit(3, duration_s=float("nan")), "phone 3: duration_s=nan"),
        (lambda: PhoneEdit(3, duration_s=0.0), "from 0.01 to 10 s"),
        (lambda: PhoneEdit(3, f0_hz=(200.0, float("inf"))), "f0_hz=inf"),
        (lambda: PhoneEdit(3, f0_hz=9.0), "from 65 to 650 Hz"),
    ],
)
def test_values_out_of_range_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        change()


def test_edits_that_do_not_fit_are_refused(speech):
    with pytest.raises(InputError, match="no phone 999"):
        edit(speech, [PhoneEdit(999, duration_s=0.1)])
    with pytest.raises(InputError, match="edited twice"):
        edit(speech, [PhoneEdit(2, duration_s=0.1), PhoneEdit(2, f0_hz=200.0)])
    silent = next(p.index for p in phones_of(speech) if p.symbol == "s")
    with pytest.raises(InputError, match="has no voice"):
        edit(speech, [PhoneEdit(silent, f0_hz=200.0)])
    with pytest.raises(InputError, match="without phones"):
        edit(Speech(speech.waveform, speech.sample_rate), [PhoneEdit(0, duration_s=0.1)])
