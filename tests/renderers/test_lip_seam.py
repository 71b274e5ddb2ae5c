"""Lips are seated on the dark line where they meet, drawn here at a known place."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from renderers.landmarks import INNER_LOWER, INNER_UPPER
from renderers.portrait.lip_seam import seat_lips

CENTER, WIDTH = np.array([128.0, 120.0]), 80.0


def _landmarks(gap_px: float = 0.0, turn_rad: float = 0.0) -> np.ndarray:
    """Only the lips matter: a straight mouth, its inner edges apart by a gap."""
    points = np.zeros((478, 3), np.float32)
    x = np.linspace(-0.5, 0.5, 11) * WIDTH
    points[list(INNER_UPPER), 0], points[list(INNER_LOWER), 0] = x, x[1:-1]
    points[list(INNER_UPPER[1:-1]), 1], points[list(INNER_LOWER), 1] = -gap_px / 2, gap_px / 2
    cos, sin = np.cos(turn_rad), np.sin(turn_rad)
    points[:, :2] = points[:, :2] @ np.array([[cos, sin], [-sin, cos]]) + CENTER
    return points


def _picture(line: Callable[[np.ndarray], np.ndarray], turn_rad: float = 0.0, depth: float = 90.0) -> np.ndarray:
    """Skin with a dark line at ``y = line(x)`` of the mouth's own axes."""
    ys, xs = np.mgrid[0:256, 0:256].astype(float)
    cos, sin = np.cos(turn_rad), np.sin(turn_rad)
    dx, dy = xs - CENTER[0], ys - CENTER[1]
    along, across = cos * dx + sin * dy, cos * dy - sin * dx
    dark = depth * np.exp(-(((across - line(along)) / 1.5) ** 2))
    return np.clip(np.array([170, 110, 100]) - dark[..., None], 0, 255).astype(np.uint8)


@pytest.mark.parametrize("turn_deg", [0.0, 20.0, -35.0])
@pytest.mark.parametrize("bow_px", [0.0, 2.0])
def test_lips_move_onto_the_line(turn_deg: float, bow_px: float) -> None:
    turn = np.radians(turn_deg)

    def line(along: np.ndarray) -> np.ndarray:
        return 4.0 + bow_px * np.cos(2 * np.pi * along / WIDTH)

    seated = seat_lips(_picture(line, turn), _landmarks(turn_rad=turn))
    back = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    for row in (INNER_UPPER[1:-1], INNER_LOWER):
        local = (seated[list(row), :2] - CENTER) @ back
        assert np.abs(local[:, 1] - line(local[:, 0])).max() < 0.7


def test_without_a_line_nothing_moves(rng: np.random.Generator) -> None:
    grain = np.clip(120 + 3 * rng.standard_normal((256, 256, 3)), 0, 255).astype(np.uint8)
    landmarks = _landmarks()
    assert np.array_equal(seat_lips(grain, landmarks), landmarks)


def test_open_lips_stay() -> None:
    landmarks = _landmarks(gap_px=0.1 * WIDTH)
    picture = _picture(lambda along: np.full_like(along, 4.0))
    assert np.array_equal(seat_lips(picture, landmarks), landmarks)


def test_edges_of_lips_are_no_line() -> None:
    """A step in brightness, such as the border of a moustache, has no dark middle."""
    picture = np.full((256, 256, 3), 150, np.uint8)
    picture[: int(CENTER[1]) - 5] = 40
    picture = cv2.GaussianBlur(picture, (0, 0), 1.0)
    landmarks = _landmarks()
    assert np.array_equal(seat_lips(picture, landmarks), landmarks)
