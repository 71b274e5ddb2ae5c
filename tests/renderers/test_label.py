"""The mark, alpha in files, and bodies that loop."""

from __future__ import annotations

import io
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from avatar.take import Take
from checkpoints.errors import InputError
from conditioning import Motion, Speech
from renderers.label import labelled, make_label
from renderers.portrait.sway import body_sway

SIZE = (160, 160)


@pytest.mark.parametrize("size", [(64, 64), (512, 512), (1920, 1080)])
def test_the_mark_is_small_readable_and_in_the_corner(size: tuple[int, int]) -> None:
    frame = np.full((size[1], size[0], 3), 200, np.uint8)
    (marked,) = labelled([frame], size)
    changed = np.argwhere((marked != frame).any(2))
    assert len(changed) < (0.03 if size[0] > 64 else 0.3) * size[0] * size[1]
    assert changed.min(0)[0] > 0.5 * size[1]
    assert np.ptp(marked[changed[:, 0], changed[:, 1]].astype(int)) > 100  # light letters on a dark plate
    assert frame.min() == 200
    assert make_label(size)[0].shape[2] == 4


@pytest.fixture(scope="module")
def transparent(tmp_path_factory: pytest.TempPathFactory) -> Take:
    from skimage.data import astronaut

    path = tmp_path_factory.mktemp("alpha") / "astronaut.png"
    Image.fromarray(astronaut()).save(path)
    speech = Speech(np.zeros(2400, np.float32), 24_000)
    options = {"transparent": True}
    return Take(speech, Motion.still(0.1), portrait=path, size=SIZE, renderer_options=options)


def test_webm_and_png_frames_carry_alpha(transparent: Take, tmp_path: Path) -> None:
    transparent.save(tmp_path / "a.png.zip")
    with zipfile.ZipFile(tmp_path / "a.png.zip") as archive:
        assert archive.namelist() == ["000000.png", "000001.png", "000002.png"]
        first = np.asarray(Image.open(io.BytesIO(archive.read("000000.png"))))
    assert first.shape == (160, 160, 4)
    assert first[4, 4, 3] == 0  # background
    assert first[80, 80, 3] == 255  # face
    transparent.save(tmp_path / "a.webm")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-c:v", "libvpx-vp9", "-i", str(tmp_path / "a.webm")]
    command += ["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    decoded = np.frombuffer(data, np.uint8).reshape(160, 160, 4)
    assert np.abs(decoded[..., 3].astype(int) - first[..., 3]).mean() < 3


def test_mp4_refuses_transparency(transparent: Take, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be transparent; write \.webm"):
        transparent.save(tmp_path / "a.mp4")
    replace(transparent, renderer_options={}).save(tmp_path / "b.mp4", label=True)
    assert (tmp_path / "b.mp4").stat().st_size > 500


def test_shoulders_and_breath_close_a_loop() -> None:
    """Where a head's movement is periodic, the last frame leads to the first as any frame to its next."""
    count, fps = 150, 25.0
    phase = 2 * np.pi * np.arange(count) / count
    head = np.radians(6) * np.stack([np.sin(phase), np.sin(phase + 1), np.cos(2 * phase)], 1)
    motion = Motion(fps, np.zeros((count, 52), np.float32), head.astype(np.float32), np.zeros((count, 2, 3)))
    for curve in body_sway(motion, breathing=True, seed=3):
        path = curve.reshape(count, -1)
        steps = np.abs(np.diff(path, axis=0)).max(1)
        assert np.abs(path[0] - path[-1]).max() <= 1.5 * steps.max()
