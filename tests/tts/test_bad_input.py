"""What the daisy voice does with input that nobody should give it."""

from __future__ import annotations

import math

import numpy as np
import pytest

import checkpoints
from conditioning import Delivery, Emotion, InputError, Line, MienError, Span
from conditioning.markup import parse_line
from tts.acoustics import PAUSE_S


@pytest.fixture(scope="module")
def voice():
    if not {"daisy", "english_phones"} <= checkpoints.manifest().keys():
        pytest.skip("the voice's checkpoints are not in this checkout")
    from tts.daisy import DaisyVoice

    return DaisyVoice()


def test_three_thousand_characters_without_punctuation_get_breaths(voice):
    words = "and then the old captain walked along the harbour because he could not sleep that night "
    text = (words * 40)[:3000]
    speech = voice.speak(Line.of(text))
    assert [w.symbol for w in speech.words if w.symbol] == text.split()
    quiet = [p for p in speech.phones if p.symbol == "sil" and p.duration_s >= PAUSE_S]
    starts = np.array([0.0, *(p.end_s for p in quiet)])
    ends = np.array([*(p.start_s for p in quiet), speech.duration_s])
    assert (ends - starts).max() < 9.0  # nobody says more in one breath (A. Winkworth et al., JSHR 38, 1995: 2–8 s)


def test_a_jump_of_emotion_within_a_word_does_not_click(voice):
    plain = voice.speak(Line.of("Unbelievable things."))
    speech = voice.speak(parse_line("[joy:1]Un[sadness:1]believ[anger:1]able[fear:1] things."))
    assert np.isfinite(speech.waveform).all()
    steps = [np.abs(np.diff(s.waveform)).max() / np.abs(s.waveform).max() for s in (speech, plain)]
    assert steps[0] < 2.0 * steps[1]
    weights = speech.emotion.sample(200.0, speech.duration_s)
    assert np.abs(np.diff(weights, axis=0)).max() < 0.2  # it glides, whatever the text asks for


@pytest.mark.parametrize("text", ["Zyxwvut Qntm brgl.", "Schadenfreude, façade, Dvořák.", "GET OUT OF MY HOUSE NOW!!!"])
def test_unknown_words_and_capitals_are_said_word_by_word(voice, text):
    speech = voice.speak(Line.of(text, Emotion(anger=0.7)))
    said = [word.symbol for word in speech.words if word.symbol]
    assert said == [word.strip(".,!") for word in text.split()]
    assert all(word.duration_s > 0.05 for word in speech.words if word.symbol)


def test_a_break_of_half_a_minute_by_ssml(voice):
    speech = voice.speak(parse_line("<speak>Wait. <break time='30s'/> Go on.</speak>"))
    longest = max(speech.phones, key=lambda phone: phone.duration_s)
    assert 30.0 <= longest.duration_s < 31.0
    with pytest.raises(MienError, match=r"0 to 60 s|60"):
        parse_line("<speak>Wait. <break time='300s'/> Go on.</speak>")


def test_nan_is_refused_everywhere():
    nan = math.nan
    for make in (
        lambda: Emotion(joy=nan), lambda: Emotion.from_weights([nan] * 8), lambda: Delivery(rate=nan),
        lambda: Delivery(gain_db=math.inf), lambda: Span("Hello", pause_after_s=nan),
    ):  # fmt: skip
        with pytest.raises(InputError):
            make()
    from tts import open_voice

    with pytest.raises(MienError, match="style_guidance=nan"):
        open_voice("daisy", style_guidance=nan)


def test_a_checkpoint_of_another_version_is_refused(voice, tmp_path, monkeypatch):
    from tts.daisy.model import CHECKPOINT, VERSION

    with pytest.raises(checkpoints.CheckpointError, match=rf"{CHECKPOINT}.*version"):
        checkpoints.load(CHECKPOINT, version=VERSION + 1)
