"""``mien say --like`` and ``Avatar.say(like=…)``: prosody of a recording, heard by Praat; recordings that have none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from avatar import Avatar
from avatar.cli import main
from conditioning import Delivery, Line, Span

RATE = 24_000
TEXT = "You came back, and I had almost stopped hoping."
OTHER = "The train leaves at noon from the other side of the river."


def mien(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)


@pytest.fixture(autouse=True)
def _warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warnings.showwarning", None)  # the command line sets its own; put back afterwards


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings: two manners of speaking, silence, noise, a snippet, a file that is no sound."""
    from tts import open_voice
    from tts.daisy.model import load_model

    if load_model().prosody is None:
        pytest.skip("the shipped voice has no prosody encoder")
    folder = tmp_path_factory.mktemp("recordings")
    voice = open_voice("daisy", speaker="rowan")
    for name, delivery in {
        "high_fast": Delivery(rate=1.35, pitch_st=5.0, range_scale=1.3),
        "low_slow": Delivery(rate=0.7, pitch_st=-2.0, range_scale=0.7),
    }.items():
        speech = voice.speak(Line((Span(OTHER, None, delivery),)))
        soundfile.write(folder / f"{name}.wav", speech.waveform, RATE)
    rng = np.random.default_rng(0)
    soundfile.write(folder / "silence.wav", np.zeros(2 * RATE), RATE)
    soundfile.write(folder / "noise.wav", 0.1 * rng.standard_normal(2 * RATE), RATE)
    soundfile.write(folder / "short.wav", 0.1 * np.sin(np.arange(RATE // 10) / 20.0), RATE)
    (folder / "text.wav").write_text("not a sound")
    return folder


def _praat(wave: np.ndarray) -> tuple[float, float]:
    """Return the median F0 in semitones over 1 Hz, and the length in seconds between the first and last sound."""
    parselmouth = pytest.importorskip("parselmouth")
    sound = parselmouth.Sound(wave.astype(np.float64), RATE)
    f0 = sound.to_pitch(pitch_floor=75.0, pitch_ceiling=600.0).selected_array["frequency"]
    level = sound.to_intensity(minimum_pitch=75.0)
    loud = level.xs()[level.values[0] > level.values.max() - 30.0]
    return float(12.0 * np.log2(np.median(f0[f0 > 0]))), float(loud[-1] - loud[0])


def test_a_high_and_fast_reference_raises_and_hastens_the_voice(folder: Path) -> None:
    """The reference is a man's voice saying something else; what is spoken is a woman's."""
    high, low = (Avatar().say(TEXT, emotion="neutral", like=folder / f"{n}.wav") for n in ("high_fast", "low_slow"))
    (high_st, high_s), (low_st, low_s) = (_praat(take.speech.waveform) for take in (high, low))
    assert high_st > low_st + 1.5
    assert high_s < 0.97 * low_s


def test_the_face_keeps_the_emotion_and_the_voice_the_recording(folder: Path) -> None:
    joyful, sad = (Avatar().say(TEXT, emotion=e, like=folder / "low_slow.wav") for e in ("joy", "sadness"))
    np.testing.assert_array_equal(joyful.speech.waveform, sad.speech.waveform)
    assert np.abs(joyful.motion.weights - sad.motion.weights).max() > 0.1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("silence", "silent"),
        ("noise", "no voice"),
        ("short", "0.10 s"),
        ("text", "text.wav"),
        ("missing", "missing.wav"),
    ],
)
def test_a_recording_without_prosody_gets_one_line_and_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, says: str
) -> None:
    out = folder / "out.wav"
    assert mien("say", TEXT, "--like", folder / f"{name}.wav", "-o", out) == 2
    written = capsys.readouterr().err
    assert len(written.strip().splitlines()) == 1
    assert says in written
    assert not out.exists()


def test_guidance_overdoes_a_style_or_takes_it_away(folder: Path) -> None:
    levels = []
    for factor in ("0", "1", "1.5"):
        out = folder / f"guided{factor}.wav"
        assert mien("say", TEXT, "-e", "joy:0.8", "--style-guidance", factor, "-o", out, "--quiet") == 0
        levels.append(_praat(soundfile.read(out)[0])[0])
    assert levels[0] + 2.0 < levels[1] < levels[2] - 0.5


def test_a_voice_that_cannot_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("espeakng_loader")
    assert mien("say", TEXT, "--voice", "formant", "--like", folder / "low_slow.wav", "-o", folder / "f.wav") == 2
    assert "'formant' does not take 'like'" in capsys.readouterr().err
