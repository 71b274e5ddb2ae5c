"""Handles on a line: emphasis as it is written, deliveries inside deliveries, marks; by Praat where it is heard."""

from __future__ import annotations

import numpy as np
import pytest

import checkpoints
from avatar import Avatar
from conditioning import NEUTRAL, Delivery, Emotion, InputError, Line, MarkupError, Span, Speech
from conditioning.markup import format_line, parse_line
from conditioning.phones import SILENCE
from tts.acoustics import PAUSE_S, measure
from tts.emphasis import marked_ranges


@pytest.fixture(scope="module")
def voice():
    if not {"daisy", "english_phones"} <= checkpoints.manifest().keys():
        pytest.skip("the voice's checkpoints are not in this checkout")
    from tts.daisy import DaisyVoice

    return DaisyVoice()


def of_word(speech: Speech, word: str) -> tuple[float, float, float]:
    """Praat's highest F0 (st), its RMS level (dB), and the length (s) of a word."""
    parselmouth = pytest.importorskip("parselmouth")
    sound = parselmouth.Sound(speech.waveform.astype(np.float64), speech.sample_rate)
    segment = next(s for s in speech.words if s.symbol.lower() == word)
    pitch = sound.to_pitch(0.005, 75.0, 600.0)
    values = np.array([pitch.get_value_at_time(t) for t in np.arange(segment.start_s, segment.end_s, 0.005)])
    part = sound.extract_part(segment.start_s, segment.end_s)
    level = 20.0 * np.log10(part.get_rms())
    return float(12.0 * np.log2(np.nanpercentile(values, 95))), float(level), segment.duration_s


@pytest.mark.parametrize("written", ["They *never* told her.", "They NEVER told her.", "They _never_ told her."])
def test_emphasis_as_written_is_heard(voice, written):
    plain, marked = voice.speak(Line.of("They never told her.")), voice.speak(Line.of(written))
    f0, level, length = np.subtract(of_word(marked, "never"), of_word(plain, "never"))
    assert f0 > 1.0  # semitones; prominence is heard from about 1.5 (J. 't Hart, A Perceptual Study, 1990)
    assert level > 1.0
    assert length > 0.01
    others = np.subtract(of_word(marked, "told"), of_word(plain, "told"))
    assert f0 > others[0] + 0.5


def test_an_exclamation_lifts_its_last_accent(voice):
    plain, loud = voice.speak(Line.of("They told a sailor.")), voice.speak(Line.of("They told a sailor!"))
    f0, level, _ = np.subtract(of_word(loud, "sailor"), of_word(plain, "sailor"))
    assert f0 > 0.3  # of the 1.05 st that an emphasis of .3 adds at its peak; the network's own contours differ too
    assert level > 0.5


def test_marks_of_emphasis_follow_markdown():
    # Examples 350 ff. of the CommonMark specification 0.31.
    cases = {
        "*foo bar*": ["foo bar"], "a * foo bar*": [], "_foo bar_": ["foo bar"], "foo_bar_": [], "aa_\"bb\"_cc": [],
        "*foo*, and **bar**": ["foo", "bar"], "2 * 3 * 4": [], "snake_case_name": [],
    }  # fmt: skip
    for text, found in cases.items():
        assert [text[start:end] for start, end in marked_ranges(text)] == found, text


def test_an_acronym_alone_or_a_shouted_sentence_is_not_emphasis():
    from tts.daisy.frontend import sentences

    shouted = sentences(Line.of("STOP IT NOW"))[0]
    assert not any(shouted.emphasis)
    marked = sentences(Line.of("She ran *out of the house* at night."))[0]
    words = [word.text for word, strength in zip(marked.words, marked.emphasis, strict=True) if strength]
    assert words[-1] == "house"
    assert "the" not in words


def test_a_delivery_inside_another():
    inner, outer = Delivery(1.5, 2.0, 1.2, -3.0, 0.5), Delivery(0.5, -5.0, 2.0, -2.0, 0.0)
    assert inner.within(outer) == Delivery(0.75, -3.0, 2.4, -5.0, 0.5)
    assert inner.within(Delivery()) == inner
    assert Delivery(rate=4.0).within(Delivery(rate=4.0)).rate == 4.0


def test_marks_set_a_delivery_from_there_on():
    line = parse_line("Wait. [rate 0.8][pitch +2] Slowly [gain -6 dB] and softly. [plain] [emphasis 0.5] Now!")
    assert [(span.text, span.delivery) for span in line.spans] == [
        ("Wait.", Delivery()),
        ("Slowly", Delivery(0.8, 2.0)),
        ("and softly.", Delivery(0.8, 2.0, gain_db=-6.0)),
        ("Now!", Delivery(emphasis=0.5)),
    ]
    assert parse_line(format_line(line)) == line
    with pytest.raises(MarkupError, match=r"rate=9\.0 is not allowed.*0\.25 to 4"):
        parse_line("[rate 9] Too fast.")


def test_say_takes_a_delivery(voice):
    avatar = Avatar(delivery=Delivery(pitch_st=1.0))
    plain = avatar.say("They told a sailor.", "neutral").speech
    moved = avatar.say("They told a sailor.", "neutral", rate=0.8, pitch_st=3.0, range_scale=0.5, gain_db=-6.0)
    assert moved.line is not None
    assert moved.line.spans[0].delivery == Delivery(0.8, 4.0, 0.5, -6.0)
    speech = moved.speech
    assert speech.duration_s / plain.duration_s == pytest.approx(1 / 0.8, rel=0.08)
    f0, base = speech.f0_hz[speech.f0_hz > 0], plain.f0_hz[plain.f0_hz > 0]
    assert 12 * np.log2(np.exp(np.log(f0).mean() - np.log(base).mean())) == pytest.approx(3.0, abs=0.4)
    assert np.std(np.log(f0)) < 0.75 * np.std(np.log(base))
    assert 20 * np.log10(speech.waveform.std() / plain.waveform.std()) == pytest.approx(-6.0, abs=1.2)
    with pytest.raises(InputError, match="pitch_st=99"):
        avatar.say("No.", pitch_st=99.0)


@pytest.mark.parametrize(
    "text", ["The old man, who was tired, sat down.", "You came back, and I had almost stopped hoping."]
)
def test_a_pause_that_is_heard_stays_one_under_any_emotion(voice, text):
    def heard(emotion: Emotion) -> int:
        phones = voice.speak(Line.of(text, emotion)).phones
        return sum(p.symbol == SILENCE and p.duration_s >= PAUSE_S for p in phones)

    plain = heard(NEUTRAL)
    assert plain > 2  # the two ends, and one inside
    for name in ("fear", "anticipation", "joy"):
        assert all(heard(Emotion(**{name: weight})) >= plain for weight in (0.1, 0.25, 0.5, 0.75, 1.0))


def test_a_raised_voice_has_a_flatter_spectrum_by_what_the_effort_says(voice, monkeypatch):
    from tts.daisy import render
    from tts.daisy.model import load_model

    def said(pitch_st: float, db_per_st: float) -> tuple[float, float]:
        monkeypatch.setattr(render, "EFFORT_DB_PER_ST", db_per_st)
        line = Line((Span("We waited for the morning by the river.", NEUTRAL, Delivery(pitch_st=pitch_st)),))
        speech = voice.speak(line)
        level_st = 12.0 * (np.log2(speech.f0_hz[speech.f0_hz > 0]) - load_model().speakers[0].f0_mean / np.log(2.0))
        return measure(speech)["alpha_db"], float(np.maximum(level_st - render.EFFORT_FROM_ST, 0.0).mean())

    rate = render.EFFORT_DB_PER_ST
    raised, by_st = said(10.0, rate)
    assert raised - said(10.0, 0.0)[0] == pytest.approx(rate * by_st, rel=0.4)
    assert abs(said(0.0, rate)[0] - said(0.0, 0.0)[0]) < 0.2  # the daily voice keeps its colour
