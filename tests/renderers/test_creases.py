"""Folds of the skin on faces of known colour."""

from __future__ import annotations

import numpy as np

from renderers.portrait.creases import make_creases
from renderers.rig import load_rig


def _deepest(skin: tuple[int, int, int]) -> float:
    """The deepest shading between the brows of a face of one colour."""
    points = load_rig().points * np.array([12, -12, 12], np.float32) + np.array([256, 256, 0], np.float32)
    return -float(make_creases(np.tile(np.array(skin, np.uint8), (512, 512, 1)), points).shading[1].min())


def test_folds_show_on_dark_skin_as_on_light_skin() -> None:
    """Steps of sRGB at a fold: those of skin a third as light are less than proportionally smaller."""
    light, dark = (210, 170, 150), (70, 57, 50)
    steps = [_deepest(skin) * float(np.mean(skin)) for skin in (light, dark)]
    assert steps[1] > 0.6 * steps[0]
    assert _deepest((240, 200, 180)) == _deepest(light)
