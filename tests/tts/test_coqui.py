"""The coqui voice with coqui-tts's own classes and small random weights; what it says where something is missing."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from conditioning import BackendError, Delivery, Emotion, InputError, Line, MissingDependency, Span
from tts import open_voice
from tts.coqui.times import tokens_to_phones

sys.path.insert(0, str(Path(__file__).parent))
import coqui_models

#: What the library itself warns of is not ours to mend.
pytestmark = [pytest.mark.filterwarnings(f"ignore::{kind}") for kind in ("DeprecationWarning", "FutureWarning")]
spread = pytest.mark.filterwarnings("ignore:the words could not be found")  # random weights say no words


@pytest.fixture(scope="session")
def vits(tmp_path_factory):
    coqui_models.available()
    return coqui_models.vits(tmp_path_factory.mktemp("vits"), speakers=2)


@pytest.fixture(scope="session")
def gst(tmp_path_factory):
    coqui_models.available()
    return coqui_models.gst(tmp_path_factory.mktemp("gst"), {"joy": {"1": 0.5, "2": 0.25}, "fear": {"1": 1.0}})


@pytest.fixture(scope="session")
def xtts(tmp_path_factory):
    coqui_models.available()
    return coqui_models.xtts(tmp_path_factory.mktemp("xtts"))


@spread
def test_vits_speaks_with_times_that_tile(vits):
    voice = open_voice("coqui", model=vits)
    speech = voice.speak(Line.of("You came back!", Emotion(joy=0.6)), seed=3)
    assert speech.sample_rate == voice.sample_rate == 22_050
    assert [word.symbol for word in speech.words if word.symbol] == ["You", "came", "back"]
    spoken = [phone.symbol for phone in speech.phones if phone.symbol != "sil"]
    assert len(spoken) == 8  # j u k eɪ m b æ k
    np.testing.assert_array_equal(speech.waveform, voice.speak(speech_line(), seed=3).waveform)
    assert speech.emotion.at(0.5 * speech.duration_s) == Emotion(joy=0.6)


def speech_line() -> Line:
    return Line.of("You came back!", Emotion(joy=0.6))


@spread
def test_vits_speakers_differ_and_unknown_ones_are_refused(vits):
    one, other = (open_voice("coqui", model=vits, speaker=name) for name in ("0", "1"))
    assert not np.array_equal(one.speak(Line.of("Hello.")).waveform, other.speak(Line.of("Hello.")).waveform)
    with pytest.raises(BackendError, match="no speaker 'ann'; it has 0, 1"):
        open_voice("coqui", model=vits, speaker="ann")


def test_vits_tokens_become_phones_at_the_models_own_durations(tmp_path):
    coqui_models.available()
    from tts.coqui.engines import VitsEngine
    from tts.coqui.library import open_folder

    folder = coqui_models.vits(tmp_path, characters=coqui_models.IPA)
    engine = VitsEngine(open_folder(folder), None, "cpu")
    sound = engine.say("həlˈoʊ wˈɜːld", np.zeros(8), language="en", seed=0)
    frames = sum(length for _, length in sound.tokens)
    assert len(sound.waveform) == 256 * frames  # the decoder's hop: 8 × 8 × 2 × 2
    times = tokens_to_phones(sound.tokens, ["Hello", "world"], len(sound.waveform), engine.sample_rate)
    assert [symbol for symbol, _ in times.phones if symbol != "sil"][:4] == ["h", "ə", "l", "ˈoʊ"]


def test_tokens_of_a_worked_example():
    tokens = [("", 1), ("h", 2), ("", 1), ("ə", 3), ("l", 4), ("ˈ", 1), ("o", 5), ("", 1), ("ʊ", 3), (" ", 1), ("d", 2),
              ("ʒ", 2), ("ˈ", 0), ("i", 6), ("ː", 2), (",", 20), (" ", 2), ("s", 4), ("i", 4)]  # fmt: skip
    times = tokens_to_phones(tokens, ["hello", "gee", "see"], 6400, 10_000)  # 64 frames of 10 ms
    assert times.phones == (
        ("sil", 100), ("h", 400), ("ə", 700), ("l", 1200), ("ˈoʊ", 2200), ("dʒ", 2600), ("ˈiː", 3400), ("sil", 5600),
        ("s", 6000), ("i", 6400),
    )  # fmt: skip
    assert times.words == (("", 100), ("hello", 2200), ("gee", 3400), ("", 5600), ("see", 6400))


@spread
def test_gst_mixes_its_tokens_linearly(gst):
    voice = open_voice("coqui", model=gst)
    engine = voice._engine
    mixed = engine.tokens_of(Emotion(joy=0.5, fear=0.2).weights)
    assert mixed == pytest.approx({"1": 0.25 + 0.2, "2": 0.125})
    assert engine.tokens_of(Emotion().weights) == {}
    calm, glad = (voice.speak(Line.of("Hello there.", e)).waveform for e in (Emotion(), Emotion(joy=1.0)))
    assert not np.array_equal(calm, glad)


@spread
@pytest.mark.slow
def test_xtts_mixes_latents_with_the_speaker_held_fixed(xtts):
    import torch

    voice = open_voice("coqui", model=xtts)
    engine = voice._engine
    assert voice.sample_rate == 24_000  # what comes out, not config.audio.sample_rate
    neutral, joy = engine.conditioning(Emotion().weights), engine.conditioning(Emotion(joy=1.0).weights)
    half = engine.conditioning(Emotion(joy=0.5, anger=0.25).weights)
    anger = engine.conditioning(Emotion(anger=1.0).weights)
    torch.testing.assert_close(half, neutral + 0.5 * (joy - neutral) + 0.25 * (anger - neutral))
    assert not torch.equal(neutral, joy)
    before = torch.get_rng_state()
    line = Line(
        (Span("Stop it.", Emotion(anger=0.5), pause_after_s=0.5), Span("Now.", Emotion(joy=1.0), Delivery(gain_db=-3)))
    )
    speech, again = voice.speak(line, seed=5), voice.speak(line, seed=5)
    np.testing.assert_array_equal(speech.waveform, again.waveform)
    assert torch.equal(before, torch.get_rng_state())
    assert [word.symbol for word in speech.words if word.symbol] == ["Stop", "it", "Now"]
    chunks = list(voice.stream(Line.of("Stop it.", Emotion(anger=0.5)), seed=5))
    whole = engine.say("Stop it.", Emotion(anger=0.5).weights, language="en", seed=5).waveform
    np.testing.assert_array_equal(np.concatenate(chunks), whole)
    with pytest.raises(InputError, match="'de' cannot be spoken by this model; it speaks en"):
        voice.speak(Line.of("Halt.", language="de"))


def test_what_is_missing_is_said_in_one_line(tmp_path, monkeypatch):
    with pytest.raises(BackendError, match="model=FOLDER"):
        open_voice("coqui")
    with pytest.raises(BackendError, match="not a coqui model"):
        open_voice("coqui", model=tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model": "bark"}))
    with pytest.raises(BackendError, match=r"'bark' is not supported.*xtts, vits"):
        open_voice("coqui", model=tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model": "vits"}))
    with pytest.raises(BackendError, match=r"no weights.*model\.pth"):
        open_voice("coqui", model=tmp_path)
    with pytest.raises(BackendError, match=r"no option 'modle'.*did you mean|no option 'modle'"):
        open_voice("coqui", modle=tmp_path)


def test_an_import_that_fails_names_the_command(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text(json.dumps({"model": "vits"}))
    (tmp_path / "model.pth").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "TTS", None)
    monkeypatch.setitem(sys.modules, "TTS.tts.configs.vits_config", None)
    with pytest.raises(MissingDependency, match=r"pip install 'mien\[coqui\]'") as caught:
        open_voice("coqui", model=tmp_path, device="cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(importlib.util.find_spec("TTS") is None, reason="coqui-tts is not installed")
@pytest.mark.parametrize("weights", [b"", b"no weights at all"])
def test_damaged_weights_are_named(vits, tmp_path, weights):
    (tmp_path / "config.json").write_bytes((vits / "config.json").read_bytes())
    (tmp_path / "model.pth").write_bytes(weights)
    with pytest.raises(BackendError, match="cannot be loaded by coqui-tts"):
        open_voice("coqui", model=tmp_path, device="cpu")


def test_styles_that_do_not_fit_are_named(tmp_path):
    from tts.coqui.engines import _styles

    path = tmp_path / "styles.json"
    for content, message in [
        ("[]", "must hold the tokens"), ('{"happy": {"1": 1}}', "'happy' is not one of"),
        ('{"joy": {"9": 1}}', "token 9"),
        ('{"joy": {"1": "much"}}', "must hold"), ('{"joy": {"1": NaN}}', "nan"),
    ]:  # fmt: skip
        path.write_text(content)
        with pytest.raises(BackendError, match=message):
            _styles(path, 4)
