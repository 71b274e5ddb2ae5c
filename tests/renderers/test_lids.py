"""The lid that a blink shows, and the line along which it closes."""

from __future__ import annotations

import numpy as np
import pytest

from renderers.portrait.lashes import Lashes, _covered
from renderers.portrait.lids import _skin

CHEEKS = np.array([214.0, 178.0, 140.0], np.float32)


def _inside() -> np.ndarray:
    ys, xs = np.mgrid[0:80, 0:120]
    return (((xs - 60) / 30) ** 2 + ((ys - 40) / 10) ** 2 < 1).astype(np.float32)


def test_lid_in_a_blue_shadow_is_of_skin() -> None:
    """Between the hue of the shadow around the eye and that of shaded cheeks, and as light as the shadow at least."""
    shadow = np.array([120.0, 115.0, 118.0], np.float32)
    lid = _skin(np.tile(shadow, (80, 120, 1)), _inside(), 20.0, CHEEKS)[35:45, 50:70].mean((0, 1))
    assert shadow[0] / shadow[2] + 0.1 < lid[0] / lid[2] < (CHEEKS[0] / CHEEKS[2]) ** 3
    assert lid.mean() > 0.95 * shadow.mean()


def test_lid_of_evenly_lit_skin_is_that_skin() -> None:
    lid = _skin(np.tile(CHEEKS, (80, 120, 1)), _inside(), 20.0, CHEEKS)[35:45, 50:70].mean((0, 1))
    assert np.abs(lid - CHEEKS).max() < 2.0


@pytest.mark.parametrize("soft_px", [0.0, 1.0, 3.0])
def test_line_of_lashes_is_as_soft_as_the_picture(soft_px: float) -> None:
    """Up from its middle the line fades like an edge of that blur: its slope has the variance of soft_px."""
    lashes = Lashes(np.zeros(3, np.float32), np.full((24, 3), 200, np.float32), 30.0, soft_px)
    below = np.linspace(-30, 0, 601)[:, None] + np.zeros((1, 3))
    drawn = _covered(lashes, np.full((601, 3, 3), 200, np.float32), np.full(below.shape, 0.5), below, 1.0, 0.0)
    slope = -np.diff(drawn[:, 1, 0])
    place = below[:-1, 0]
    mean = (slope * place).sum() / slope.sum()
    spread = np.sqrt((slope * (place - mean) ** 2).sum() / slope.sum())
    assert spread == pytest.approx(max(soft_px, np.sqrt(1 / 12)), rel=0.05)
