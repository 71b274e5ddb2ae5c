from __future__ import annotations

import numpy as np
import pytest
import soundfile

from avatar.recording import f0_of, read_recording, resample, speech_of
from conditioning import InputError

TONE_HZ = 220.0


def tone(rate: int, seconds: float = 1.0) -> np.ndarray:
    times_s = np.arange(int(rate * seconds)) / rate
    return 0.5 * np.sin(2 * np.pi * TONE_HZ * times_s)


def strongest_hz(waveform: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return float(np.fft.rfftfreq(len(waveform), 1 / rate)[spectrum.argmax()])


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 96000])
@pytest.mark.parametrize("kind", [("wav", "PCM_16"), ("wav", "PCM_24"), ("flac", "PCM_16"), ("ogg", "VORBIS"),
                                  ("mp3", "MPEG_LAYER_III")])  # fmt: skip
@pytest.mark.parametrize("channels", [1, 2])
def test_any_format_rate_and_channels(tmp_path, rate: int, kind: tuple[str, str], channels: int) -> None:
    suffix, subtype = kind
    if suffix == "mp3" and rate == 96000:
        pytest.skip("MP3 has no 96 kHz")
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, np.stack([tone(rate)] * channels, axis=1), rate, subtype=subtype)
    recording = read_recording(path)
    assert recording.sample_rate == min(rate, 48000)
    assert recording.duration_s == pytest.approx(1.0, abs=0.06)
    assert strongest_hz(recording.waveform, recording.sample_rate) == pytest.approx(TONE_HZ, abs=2.0)
    assert np.sqrt(np.mean(recording.waveform**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_channels_are_averaged(tmp_path) -> None:
    path = tmp_path / "sides.wav"
    soundfile.write(path, np.stack([tone(16000), -tone(16000)], axis=1), 16000, subtype="FLOAT")
    assert np.abs(read_recording(path).waveform).max() < 1e-6


def test_a_truncated_file_is_used_as_far_as_it_goes(tmp_path) -> None:
    path = tmp_path / "cut.flac"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 60 * 16000), 16000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(UserWarning, match="breaks off"):
        recording = read_recording(path)
    assert 5.0 < recording.duration_s < 40.0


def test_a_short_truncated_file_is_used_too(tmp_path) -> None:
    path = tmp_path / "cut.flac"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 3 * 16000), 16000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(UserWarning, match="breaks off"):
        recording = read_recording(path)
    assert 1.0 < recording.duration_s < 2.0


@pytest.mark.parametrize("content", [b"", b"not sound at all", b"RIFF\x00\x00\x00\x00WAVE"])
def test_what_is_no_sound_gets_one_clear_line(tmp_path, content: bytes) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.wav"):
        read_recording(path)


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(InputError, match="no file"):
        read_recording(tmp_path / "nowhere.wav")


def test_ten_milliseconds_are_enough(tmp_path) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, tone(16000, 0.01), 16000)
    assert speech_of(read_recording(path)).duration_s == pytest.approx(0.01)


def test_samples_over_one_are_scaled_not_clipped(tmp_path) -> None:
    path = tmp_path / "loud.wav"
    soundfile.write(path, 3 * tone(16000), 16000, subtype="FLOAT")
    waveform = read_recording(path).waveform
    assert np.abs(waveform).max() == pytest.approx(1.0)
    assert strongest_hz(waveform, 16000) == pytest.approx(TONE_HZ, abs=2.0)


def test_resampling_keeps_the_tone() -> None:
    changed = resample(tone(44100).astype(np.float32), 44100, 16000)
    np.testing.assert_allclose(changed[800:-800], tone(16000)[800:-800], atol=2e-3)


def test_f0_is_that_of_the_tone_across_blocks() -> None:
    glottal = np.sign(tone(16000, 45.0)) * 0.3
    f0_hz = f0_of(glottal.astype(np.float32), 16000)
    assert len(f0_hz) == 45 * 200
    voiced = f0_hz[100:-100]
    assert np.mean(voiced > 0) > 0.98
    assert np.median(voiced) == pytest.approx(TONE_HZ, rel=0.01)
