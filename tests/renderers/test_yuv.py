"""Planes of BT.709 against published values and ffmpeg's own conversion."""

from __future__ import annotations

import subprocess

import imageio_ffmpeg
import numpy as np
import pytest

from renderers.yuv import to_yuv420


def _planes(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    height, width = frame.shape[:2]
    flat, count = to_yuv420(frame).ravel(), height * width
    blue, red = (plane.reshape(height // 2, width // 2) for plane in np.split(flat[count:], 2))
    return flat[:count].reshape(height, width), blue, red


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        # Bars of full amplitude in 8-bit BT.709 (the 10-bit codes of ITU-R BT.1729, table 1, divided by 4).
        ((255, 255, 255), (235, 128, 128)),
        ((255, 255, 0), (219, 16, 138)),
        ((0, 255, 255), (188, 154, 16)),
        ((0, 255, 0), (173, 42, 26)),
        ((255, 0, 255), (78, 214, 230)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 0, 255), (32, 240, 118)),
        ((0, 0, 0), (16, 128, 128)),
    ],
)
def test_colour_bars(colour: tuple[int, int, int], expected: tuple[int, int, int]) -> None:
    planes = _planes(np.full((4, 6, 3), colour, np.uint8))
    for plane, value in zip(planes, expected, strict=True):
        assert np.unique(plane).tolist() == [value]


def test_colour_lies_on_even_columns() -> None:
    """A linear ramp has at every place its own value, so that samples show where they lie."""
    ramp = np.zeros((2, 64, 3), np.uint8)
    ramp[..., 2] = np.arange(64) * 4
    _, blue, _ = _planes(ramp)
    at_even = 128 + 224 / 255 * (1 - 0.0722) / 1.8556 * ramp[0, ::2, 2].astype(float)
    assert np.abs(blue[0, 1:] - at_even[1:]).max() <= 0.5


def test_ffmpeg_converts_alike(rng: np.random.Generator) -> None:
    """Luma to a step; colour, which ffmpeg filters more sharply, to a step inside a smooth picture."""
    import cv2

    few = rng.integers(0, 256, (4, 6, 3)).astype(np.uint8)
    frame = cv2.resize(few, (96, 64), interpolation=cv2.INTER_CUBIC)
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "96x64", "-i", "-",
        "-vf", "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int:"
        "out_h_chr_pos=0:out_v_chr_pos=128",
        "-pix_fmt", "yuv420p", "-f", "rawvideo", "-",
    ]  # fmt: skip
    raw = subprocess.run(command, input=frame.tobytes(), capture_output=True, check=True).stdout
    theirs = np.frombuffer(raw, np.uint8).astype(int)
    difference = np.abs(to_yuv420(frame).ravel() - theirs)
    assert difference[: 64 * 96].max() <= 1
    inner = np.s_[:, 2:-2, 2:-2]
    assert difference[64 * 96 :].reshape(2, 32, 48)[inner].max() <= 1
