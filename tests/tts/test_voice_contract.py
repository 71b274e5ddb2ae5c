"""What every voice of the registry has to keep."""

from __future__ import annotations

import re

import numpy as np
import pytest

from conditioning import FEATURE_RATE_HZ, Emotion, InputError, Line, MienError, Speech
from conditioning.line import Delivery, Span
from tts import VOICES, Voice, VoiceInfo, open_voice

TEXT = "You came back! I thought I had lost you."


@pytest.fixture(params=sorted(VOICES))
def voice(request: pytest.FixtureRequest) -> Voice:
    try:
        return open_voice(request.param)
    except (MienError, ImportError, TypeError) as error:
        pytest.skip(f"voice {request.param!r} is not available here: {error}")


def check(speech: Speech, voice: Voice) -> None:
    """Times tile the sound (Speech itself refuses others); features and level are what they are called."""
    assert speech.sample_rate == voice.info.sample_rate
    assert speech.waveform.dtype == np.float32
    assert 0.02 < np.abs(speech.waveform).max() <= 1.0
    assert speech.phones
    assert speech.words
    assert speech.phones[-1].end_s == speech.words[-1].end_s == pytest.approx(speech.duration_s)
    frames = speech.duration_s * FEATURE_RATE_HZ
    for feature in (speech.f0_hz, speech.energy_db):
        if feature is not None:
            assert len(feature) == pytest.approx(frames, abs=2)
            assert np.isfinite(feature).all()
    if speech.f0_hz is not None:
        voiced = speech.f0_hz[speech.f0_hz > 0]
        assert len(voiced) > 0.2 * len(speech.f0_hz)
        assert voiced.min() > 50.0
        assert voiced.max() < 800.0


def test_info_is_data(voice: Voice) -> None:
    info = voice.info
    assert isinstance(info, VoiceInfo)
    assert VOICES[info.name].endswith(type(voice).__name__)
    assert info.licence
    assert info.summary
    assert "\n" not in info.summary
    assert all(re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]+)*", tag) for tag in info.languages)


def test_speaks_with_times(voice: Voice) -> None:
    speech = voice.speak(Line.of(TEXT, Emotion(joy=0.8, surprise=0.4)))
    check(speech, voice)
    words = [re.sub(r"\W", "", word.symbol.lower()) for word in speech.words if word.symbol]
    assert words == ["you", "came", "back", "i", "thought", "i", "had", "lost", "you"]
    assert speech.emotion.at(0.5) == Emotion(joy=0.8, surprise=0.4)


def test_no_emotion_is_neutral(voice: Voice) -> None:
    unsaid, neutral = voice.speak(Line.of(TEXT)), voice.speak(Line.of(TEXT, Emotion()))
    assert np.array_equal(unsaid.waveform, neutral.waveform)
    assert unsaid.emotion.at(0.5) == Emotion()


def test_same_request_same_bytes(voice: Voice) -> None:
    line = Line.of(TEXT, Emotion(fear=0.7))
    first, again = voice.speak(line, seed=5), voice.speak(line, seed=5)
    assert first.waveform.tobytes() == again.waveform.tobytes()
    assert first.phones == again.phones


def test_spans_keep_their_feelings_and_pauses(voice: Voice) -> None:
    line = Line(
        (Span("Stay here.", Emotion(fear=0.9), pause_after_s=1.5), Span("I am back.", None, Delivery(rate=1.2)))
    )
    speech = voice.speak(line)
    check(speech, voice)
    words = [word for word in speech.words if word.symbol]
    gap_s = words[2].start_s - words[1].end_s
    assert 1.4 < gap_s < 3.0
    assert speech.emotion.at(words[0].start_s).fear == pytest.approx(0.9)
    assert speech.emotion.at(speech.duration_s) == Emotion()


def test_faster_is_shorter(voice: Voice) -> None:
    slow, fast = (voice.speak(Line((Span(TEXT, None, Delivery(rate=rate)),))) for rate in (0.8, 1.4))
    assert fast.duration_s < 0.75 * slow.duration_s


def test_sadness_is_slower_and_softer_than_anger(voice: Voice) -> None:
    sad, angry = (voice.speak(Line.of(TEXT, emotion)) for emotion in (Emotion(sadness=1.0), Emotion(anger=1.0)))
    assert sad.duration_s > 1.1 * angry.duration_s
    loudness = [np.sqrt(np.mean(speech.waveform.astype(float) ** 2)) for speech in (sad, angry)]
    assert 20 * np.log10(loudness[1] / loudness[0]) > 3.0


def test_numbers_are_read(voice: Voice) -> None:
    speech = voice.speak(Line.of("It costs $5.50 at 10:30."))
    assert speech.duration_s > 1.8


def test_a_foreign_script_is_refused_or_spoken(voice: Voice) -> None:
    line = Line.of("Привет, мир", language=voice.info.languages[0])
    message = ""
    try:
        duration_s = voice.speak(line).duration_s
    except InputError as error:
        message, duration_s = str(error), 0.0
    assert duration_s > 0.3 or "П" in message
