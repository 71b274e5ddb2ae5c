"""Video files, read back by ffmpeg itself."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile

from conditioning import InputError, OutputError, Speech
from renderers.video import write_video

SIZE = (96, 64)
FPS = 25.0


def frames_of(colours: np.ndarray) -> Iterator[np.ndarray]:
    for colour in colours:
        yield np.broadcast_to(colour.astype(np.uint8), (SIZE[1], SIZE[0], 3))


def tone(duration_s: float, sample_rate: int = 22050) -> Speech:
    times = np.arange(int(duration_s * sample_rate)) / sample_rate
    return Speech((0.3 * np.sin(2 * np.pi * 220 * times)).astype(np.float32), sample_rate)


def facts(path: Path) -> str:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path), "-f", "null", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


def stream_end_s(path: Path, stream: str) -> float:
    """Decode one stream and return where it ends."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-map", stream, "-f", "null", "-"]
    log = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    hours, minutes, seconds = re.findall(r"time=(\d+):(\d+):([\d.]+)", log)[-1]
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)


@pytest.mark.parametrize("n_samples", [44100, 45000, 30001])
def test_streams_are_h264_and_aac_and_end_together(tmp_path: Path, n_samples: int) -> None:
    path = tmp_path / "out.mp4"
    n_frames = int(np.ceil(n_samples / 22050 * FPS))
    write_video(
        path, frames_of(np.full((n_frames, 3), 90)), tone(n_samples / 22050), n_frames=n_frames, fps=FPS, size=SIZE
    )
    text = facts(path)
    assert re.search(r"Video: h264 .*yuv420p\(tv, bt709", text)
    assert re.search(r"Audio: aac", text)
    assert "25 fps" in text
    assert abs(stream_end_s(path, "0:v") - stream_end_s(path, "0:a")) <= 0.040
    # The index comes before the media data, so that a browser can begin to play at once.
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_colours_come_back_as_they_went_in(tmp_path: Path) -> None:
    colours = np.array([[200, 120, 90], [40, 90, 180], [230, 230, 230], [15, 15, 15]])
    path = tmp_path / "out.mp4"
    write_video(path, frames_of(colours), None, n_frames=4, fps=FPS, size=SIZE)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    seen = np.frombuffer(raw, np.uint8).reshape(len(colours), -1, 3).mean(axis=1)
    np.testing.assert_allclose(seen, colours, atol=4)


def test_a_failing_source_leaves_no_file(tmp_path: Path) -> None:
    def failing() -> Iterator[np.ndarray]:
        yield from frames_of(np.full((3, 3), 90))
        raise KeyboardInterrupt

    path = tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt):
        write_video(path, failing(), tone(1.0), n_frames=25, fps=FPS, size=SIZE)
    assert list(tmp_path.iterdir()) == []


def test_too_few_frames_are_noticed(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="3 of 25 frames"):
        write_video(tmp_path / "out.mp4", frames_of(np.full((3, 3), 9)), None, n_frames=25, fps=FPS, size=SIZE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [(95, 64), (96, 8), (9000, 64)])
def test_impossible_sizes_are_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"{size[0]}x{size[1]}"):
        write_video(tmp_path / "out.mp4", iter(()), None, n_frames=0, fps=FPS, size=size)


def test_a_sound_that_the_disk_does_not_take_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise soundfile.LibsndfileError(2, "Error: ")

    monkeypatch.setattr(soundfile, "write", full)
    path = tmp_path / "out.mp4"
    with pytest.raises(OutputError, match=r"out\.mp4"):
        write_video(path, frames_of(np.full((3, 3), 9)), tone(1.0), n_frames=25, fps=FPS, size=SIZE)
    assert not path.exists()
