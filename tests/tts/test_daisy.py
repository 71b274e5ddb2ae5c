"""The daisy voice: contract, cues, times, determinism; its network against torch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import checkpoints
from conditioning import BackendError, Delivery, Emotion, InputError, Line, Span
from tts.acoustics import measure
from tts.daisy.inputs import PAUSES, SYMBOLS, SpokenWord, encode
from tts.daisy.network import FRAMES_PER_STEP, Network, Sizes, positions, step_phones
from tts.syllables import CONSONANTS, VOWELS

TEXT = "You came back, and I had almost stopped hoping."
TEXTS = (
    TEXT,
    "The train leaves at noon from the other side of the river.",
    "Nobody told me that the door was open.",
)


@pytest.fixture(scope="module")
def voice():
    if not {"daisy", "english_phones"} <= checkpoints.manifest().keys():
        pytest.skip("the voice's checkpoints are not in this checkout")
    from tts.daisy import DaisyVoice

    return DaisyVoice()


@pytest.fixture(scope="module")
def neutral(voice):
    return voice.speak(Line.of(TEXT))


words = st.builds(
    SpokenWord,
    text=st.just("w"),
    phones=st.lists(st.sampled_from(sorted(VOWELS | CONSONANTS)), min_size=1, max_size=6).map(tuple),
    accent=st.booleans(),
    pause=st.sampled_from(PAUSES),
)


@given(st.lists(words, min_size=1, max_size=8))
def test_phones_are_laid_out_with_a_silence_for_every_pause(line):
    found = encode(line)
    spoken = [phone for phone, word in zip(found.symbols, found.words, strict=True) if word >= 0]
    assert spoken == [phone for word in line for phone in word.phones]
    inner = sum(bool(word.pause) for word in line[:-1])
    assert sum(word < 0 for word in found.words) == inner + 2
    assert [SYMBOLS[i] for i in found.ids] == [symbol.lstrip("ˈˌ") for symbol in found.symbols]
    assert (found.features >= 0).all()
    assert (found.features <= 1).all()


@given(st.lists(st.integers(1, 30), min_size=1, max_size=20))
def test_every_frame_belongs_to_the_phone_that_lasts_there(lengths):
    ends = np.cumsum(lengths)
    phones = step_phones(ends).reshape(-1)
    np.testing.assert_array_equal(phones[: ends[-1]], np.repeat(np.arange(len(lengths)), lengths))
    assert len(phones) % FRAMES_PER_STEP == 0


def test_positions_run_from_start_to_end_of_a_phone():
    ends = np.array([4, 8])
    table = positions(ends, step_phones(ends))
    np.testing.assert_allclose(table[:, :4], [[0.125, 0.375, 0.625, 0.875]] * 2)  # (i + 0.5) / 4


def test_network_equals_torchs(rng):
    torch = pytest.importorskip("torch")
    from tts.train_voice.model import AcousticModel, to_numpy

    torch.manual_seed(1)
    sizes = Sizes(encoder=16, encoder_blocks=2, prosody=8, decoder=12, decoder_hidden=20, decoder_blocks=2)
    model = AcousticModel(sizes).eval()
    network = Network(to_numpy(model), sizes)
    line = encode([SpokenWord("a", ("h", "ə", "l", "ˈoʊ"), True, ","), SpokenWord("b", ("j", "ˈu"), False, "?")])
    ends = np.cumsum(rng.integers(3, 20, len(line.ids)))
    with torch.no_grad():
        ids, features = torch.from_numpy(line.ids)[None], torch.from_numpy(line.features)[None]
        encoded = model.encode(ids, features, torch.ones(1, len(line.ids), 1))
        spans = model.durations(encoded, torch.tensor([1]), torch.ones(1, len(line.ids), 1))
        context = network.context(encoded[0].numpy(), ends)
        spread = torch.from_numpy(context)[None]
        pitch, out = model.melody(spread, torch.tensor([0])), model.decode(spread, torch.tensor([1]))
    np.testing.assert_allclose(network.encode(line.ids, line.features), encoded[0].numpy(), atol=2e-5)
    np.testing.assert_allclose(network.durations(encoded[0].numpy(), 1), spans[0].numpy(), atol=2e-5)
    np.testing.assert_allclose(network.pitch(context, 0), pitch[0].numpy().reshape(-1), atol=2e-5)
    np.testing.assert_allclose(network.decode(context, 1), out[0].numpy().reshape(-1, 64), atol=5e-5)


def test_same_request_same_samples_and_stream_equals_batch(voice):
    line = Line.of("Stop! Who is there? I can hear you breathing.", Emotion(fear=0.8))
    once, again = voice.speak(line, seed=4), voice.speak(line, seed=4)
    np.testing.assert_array_equal(once.waveform, again.waveform)
    pieces = list(voice.stream(line, seed=4))
    assert len(pieces) == 3
    np.testing.assert_array_equal(np.concatenate(pieces), once.waveform)


def test_words_are_the_written_ones_and_times_tile(voice):
    speech = voice.speak(Line.of("In 1986 we paid $3.50."))
    assert [word.symbol for word in speech.words if word.symbol] == ["In", "1986", "we", "paid", "$3.50"]
    assert speech.phones[-1].end_s == pytest.approx(len(speech.waveform) / 24_000)


def _change(voice, neutral, cue, **emotion):
    return measure(voice.speak(Line.of(TEXT, Emotion(**emotion))))[cue] - measure(neutral)[cue]


@pytest.fixture(scope="module")
def plain_cues(voice):
    return {text: measure(voice.speak(Line.of(text))) for text in TEXTS}


# Quartiles of people's change (tts.evaluate_voice.HUMAN_BANDS), widened by a fifth of the median for three sentences.
@pytest.mark.parametrize(
    ("emotion", "cue", "low", "high"),
    [
        ("anger", "f0_mean_st", 5.2, 12.9),
        ("joy", "f0_mean_st", 4.6, 13.0),
        ("sadness", "f0_mean_st", -3.4, 0.0),
        ("anger", "alpha_db", 5.2, 16.0),
        ("sadness", "alpha_db", -7.5, -1.6),
    ],
)
def test_full_emotions_change_cues_as_people_do(voice, plain_cues, emotion, cue, low, high):
    felt = {text: measure(voice.speak(Line.of(text, Emotion(**{emotion: 1.0})))) for text in TEXTS}
    assert low <= np.mean([felt[text][cue] - plain_cues[text][cue] for text in TEXTS]) <= high


def test_intensity_is_monotone_in_pitch(voice, neutral):
    steps = [_change(voice, neutral, "f0_mean_st", anger=k) for k in (0.25, 0.5, 0.75, 1.0)]
    assert (np.diff([0.0, *steps]) > 0).all()


def test_sadness_pauses_and_disgust_stretches_vowels(voice, neutral):
    assert _change(voice, neutral, "pause_share", sadness=1.0) > 0.03
    ratio = _change(voice, neutral, "vowel_s", disgust=1.0) / measure(neutral)["vowel_s"]
    assert 0.30 <= ratio <= 0.80


def test_delivery_moves_pitch_by_the_asked_semitones(voice, neutral):
    line = Line((Span(TEXT, None, Delivery(pitch_st=4.0)),))
    moved = measure(voice.speak(line))["f0_mean_st"] - measure(neutral)["f0_mean_st"]
    assert moved == pytest.approx(4.0, abs=0.3)  # the tracker's own error


def test_rate_and_gain_of_a_span(voice, neutral):
    fast = voice.speak(Line((Span(TEXT, None, Delivery(rate=1.25, gain_db=-6.0)),)))
    assert neutral.duration_s / fast.duration_s == pytest.approx(1.25, rel=0.06)  # frames of 5 ms are whole
    level = 20.0 * np.log10(np.std(fast.waveform) / np.std(neutral.waveform))
    assert level == pytest.approx(-6.0, abs=1.0)


def test_a_break_of_the_markup_is_silent_and_exact(voice):
    line = Line((Span("Wait.", pause_after_s=30.0), Span("Now go.")))
    speech = voice.speak(line)
    assert speech.duration_s > 30.0
    longest = max(speech.phones, key=lambda phone: phone.duration_s)
    assert longest.symbol == "sil"
    quiet = speech.waveform[int((longest.start_s + 1.0) * 24_000) : int((longest.end_s - 1.0) * 24_000)]
    assert np.abs(quiet).max() < 1e-3


@pytest.mark.parametrize(
    "text",
    ["Xyzzy Qwrtz!", "STOP IT NOW", "naïve café — Zoë…", "a", "word " * 700, "Don't. Won't? Can't!", "日本 tea"],
)
def test_odd_text_is_spoken(voice, text):
    speech = voice.speak(Line.of(text.strip(), Emotion(joy=0.5)))
    assert np.isfinite(speech.waveform).all()
    assert np.abs(speech.waveform).max() > 0.05


def test_another_language_or_speaker_is_refused(voice):
    from tts.daisy import DaisyVoice

    with pytest.raises(InputError, match=r"de.*daisy"):
        voice.speak(Line.of("Guten Tag", language="de"))
    with pytest.raises(BackendError, match=r"nobody.*daisy"):
        DaisyVoice(speaker="nobody")
    with pytest.raises(BackendError, match="style_guidance=9"):
        DaisyVoice(style_guidance=9.0)


@settings(max_examples=5, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=8, max_size=8))
def test_any_mixture_is_spoken_within_full_scale(voice, weights):
    speech = voice.speak(Line.of("We must leave.", Emotion.from_weights(weights)))
    assert np.abs(speech.waveform).max() <= 1.0
    assert 0.4 < speech.duration_s < 6.0
