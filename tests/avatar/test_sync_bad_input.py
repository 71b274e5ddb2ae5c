"""``mien sync`` from the outside: whatever a file holds, whole output or one line and exit code 2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from avatar.cli import main
from avatar.evaluate_motion import read_live_link
from avatar.recording import resample

RATE = 16_000


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    """Two seconds of our own voice at 16 kHz."""
    from conditioning import Line
    from tts import open_voice

    speech = open_voice("daisy").speak(Line.of("People build houses by the big river."), seed=0)
    return resample(speech.waveform, speech.sample_rate, RATE)


def sync(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, list[Path], str]:
    """Run the command into an empty folder; return its exit code, what lies there, and what it said of trouble."""
    folder = path.parent / "out"
    folder.mkdir()
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        main(["sync", str(path), *options, "-o", str(folder / "o.csv"), "-o", str(folder / "o.wav"), "-q"])
    return int(caught.value.code or 0), sorted(folder.iterdir()), capsys.readouterr().err


def chords(seconds: float) -> np.ndarray:
    """A cadence on a plucked instrument."""
    times_s = np.arange(int(2 * RATE)) / RATE
    played = []
    for root in (220.0, 174.6, 261.6, 196.0):
        notes = [root * step for step in (1.0, 1.26, 1.5, 2.0)]
        tones = sum(np.sin(2 * np.pi * note * k * times_s) / k**1.5 for note in notes for k in (1, 2, 3, 4))
        played.append(0.08 * tones * np.exp(-1.2 * times_s))
    return np.concatenate(played)[: int(seconds * RATE)]


SOUNDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "silence": lambda voice: np.zeros(RATE),
    "noise": lambda voice: np.random.default_rng(0).normal(0, 0.1, 2 * RATE),
    "hum": lambda voice: 0.1 * np.sin(2 * np.pi * 50 * np.arange(2 * RATE) / RATE),
    "offset": lambda voice: np.full(RATE, 0.8),
    "music": lambda voice: chords(6.0),
    "clipped": lambda voice: np.clip(30 * voice, -1, 1),
    "ten milliseconds": lambda voice: voice[8000:8160],
    "one sample": lambda voice: voice[:1],
    "broken samples": lambda voice: np.where(np.arange(len(voice)) % 900 == 0, np.nan, voice),
}


@pytest.mark.parametrize("kind", SOUNDS)
def test_any_sound_gives_whole_curves(kind: str, voice, tmp_path: Path, capsys) -> None:
    wave = SOUNDS[kind](voice)
    soundfile.write(tmp_path / "in.wav", wave, RATE, subtype="FLOAT")
    status, files, err = sync(tmp_path / "in.wav", capsys)
    assert (status, [path.name for path in files], err) == (0, ["o.csv", "o.wav"], "")
    motion = read_live_link(files[0])
    assert len(motion) == max(1, int(np.ceil(len(wave) / RATE * 60 - 1e-6)))
    assert soundfile.info(files[1]).frames == len(wave)
    if kind in ("silence", "noise", "hum", "offset"):  # nobody speaks: the mouth is shut, and nothing is felt
        assert motion.curve("jawOpen").max() < 0.02
        assert max(motion.curve(name).max() for name in ("browDownLeft", "mouthSmileLeft", "mouthFrownLeft")) < 0.15
    if kind == "clipped":
        assert motion.curve("jawOpen").max() > 0.1


@pytest.mark.parametrize(("rate", "channels", "name", "subtype"), [
    (8_000, 1, "in.wav", "PCM_16"), (11_025, 1, "in.wav", "PCM_U8"), (22_050, 2, "in.wav", "PCM_24"),
    (44_100, 2, "in.mp3", None), (48_000, 1, "in.ogg", None), (96_000, 6, "in.flac", "PCM_24"),
    (96_000, 1, "in.wav", "DOUBLE"),
])  # fmt: skip
def test_any_format_gives_nearly_the_same_mouth(
    rate: int, channels: int, name: str, subtype: str | None, voice, tmp_path: Path, capsys
) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    soundfile.write(plain / "in.wav", voice, RATE)
    wanted = read_live_link(sync(plain / "in.wav", capsys, "-e", "neutral")[1][0]).curve("jawOpen")
    soundfile.write(tmp_path / name, np.stack([resample(voice, RATE, rate)] * channels, 1), rate, subtype=subtype)
    status, files, err = sync(tmp_path / name, capsys, "-e", "neutral")
    assert (status, err) == (0, "")
    found = read_live_link(files[0]).curve("jawOpen")
    assert abs(len(found) - len(wanted)) <= 4
    frames = min(len(found), len(wanted))
    assert np.corrcoef(found[:frames], wanted[:frames])[0, 1] > (0.85 if rate < RATE else 0.95)


@pytest.mark.parametrize("name", ["in.wav", "in.flac", "in.ogg", "in.mp3"])
@pytest.mark.filterwarnings("always:.*breaks off")
def test_a_truncated_file_is_used_and_said(name: str, voice, tmp_path: Path, capsys) -> None:
    path = tmp_path / name
    soundfile.write(path, np.tile(voice, 4), RATE)
    whole_s = 4 * len(voice) / RATE
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    status, files, err = sync(path, capsys)
    assert status == 0
    assert err.startswith("mien: warning: ")
    assert err.count("\n") == 1
    assert "breaks off after" in err
    assert 0.3 * whole_s < soundfile.info(files[1]).duration < 0.7 * whole_s


@pytest.mark.parametrize(("content", "options", "words"), [
    (b"", (), "cannot be read as sound"),
    (b"hello", (), "cannot be read as sound"),
    (b"RIFF\x24\x00\x00\x00WAVEfmt ", (), "cannot be read as sound"),
    (None, (), "holds no sound"),
    ("voice", ("-t", "the quick brown fox jumps over the lazy dog"), "does not fit the recording"),
    ("voice", ("-t", "people"), "of what is heard unsaid"),
    ("voice", ("-t", "bonjour le monde", "--language", "fr"), "no alignment model for 'fr'"),
    ("voice", ("-t", "???"), "no words to align"),
    ("voice", ("-e", "joyy"), "joyy"),
    ("silence", ("-t", "hello there"), "does not fit the recording"),
    ("noise", ("-t", "hello there my friend"), "does not fit the recording"),
])  # fmt: skip
def test_what_cannot_be_used_is_told_in_one_line(
    content: bytes | str | None, options: tuple[str, ...], words: str, voice, tmp_path: Path, capsys
) -> None:
    path = tmp_path / "in.wav"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        wave = {"voice": voice, None: voice[:0]}[content] if content in ("voice", None) else SOUNDS[content](voice)
        soundfile.write(path, wave, RATE)
    status, files, err = sync(path, capsys, *options)
    assert (status, files) == (2, [])
    assert err.startswith("mien: ")
    assert err.count("\n") == 1
    assert words in err


def test_a_folder_and_a_missing_file(tmp_path: Path, capsys) -> None:
    for path in (tmp_path, tmp_path / "nowhere.wav"):
        (tmp_path.parent / "out").exists() and (tmp_path.parent / "out").rmdir()
        (tmp_path / "out").exists() and (tmp_path / "out").rmdir()
        status, files, err = sync(path, capsys)
        assert (status, files, err.count("\n")) == (2, [], 1)
        assert "there is no file" in err
