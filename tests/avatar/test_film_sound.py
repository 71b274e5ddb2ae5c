"""The sound of a film, against the sound that went into it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile

from avatar.recording import read_recording
from checkpoints.errors import InputError

RATE = 24_000


@pytest.fixture(scope="module")
def wave() -> np.ndarray:
    """A second and a half of noise, which differs everywhere from itself."""
    return np.random.default_rng(0).uniform(-0.5, 0.5, RATE * 3 // 2).astype(np.float32)


def film(path: Path, wave: np.ndarray | None, *options: str, late_s: float = 0.0) -> Path:
    """Make a film of two seconds; the sound begins ``late_s`` after the picture."""
    sound = []
    if wave is not None:
        soundfile.write(path.with_name("sound.wav"), wave, RATE, subtype="PCM_16")
        sound = ["-itsoffset", str(late_s), "-i", str(path.with_name("sound.wav"))]
    picture = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=2"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *picture, *sound, *options, str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.mark.parametrize(
    ("name", "late_s"),
    # AVI has no time stamps.
    [("a.mov", 0.0), ("a.mov", 0.25), ("a.mkv", 0.0), ("a.mkv", 0.25), ("a.avi", 0.0)],
)
def test_the_sound_is_that_of_the_film_on_its_clock(name: str, late_s: float, wave: np.ndarray, tmp_path: Path) -> None:
    """Stored without loss, so that each sample comes back; a sound that begins late has silence before it."""
    found = read_recording(film(tmp_path / name, wave, "-c:a", "pcm_s16le", late_s=late_s))
    assert found.sample_rate == RATE
    late = round(late_s * RATE)
    step = 2.0**-15
    assert np.abs(found.waveform[:late]).max(initial=0.0) == 0.0
    np.testing.assert_allclose(found.waveform[late : late + len(wave)], wave, atol=step)
    assert len(found.waveform) == late + len(wave)


def test_channels_are_averaged_as_those_of_a_recording(wave: np.ndarray, tmp_path: Path) -> None:
    stereo = np.stack([wave, np.roll(wave, 100)], 1)
    found = read_recording(film(tmp_path / "a.mov", stereo, "-c:a", "pcm_s16le"))
    np.testing.assert_allclose(found.waveform, stereo.mean(axis=1), atol=2.0**-14)


def test_a_film_without_sound_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mute\.mp4 is a film without sound; give one with sound"):
        read_recording(film(tmp_path / "mute.mp4", None))


def test_a_film_that_breaks_off_is_used_and_said(wave: np.ndarray, tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", wave, "-c:a", "pcm_s16le")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(UserWarning, match=r"a\.mkv breaks off; its sound is used as far as it goes"):
        found = read_recording(path)
    assert 0.3 * len(wave) < len(found.waveform) < 0.8 * len(wave)
    np.testing.assert_allclose(found.waveform, wave[: len(found.waveform)], atol=2.0**-15)


def test_a_playlist_that_names_other_files_is_no_film(wave: np.ndarray, tmp_path: Path) -> None:
    film(tmp_path / "other.ts", wave)
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXTINF:2,\nother.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(InputError, match="cannot be read as sound"):
        read_recording(tmp_path / "list.mp4")
