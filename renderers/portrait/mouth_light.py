"""Light inside an open mouth: it comes through the lips, from in front and a little from above.

What lies deeper sees a smaller part of the sky through the opening. That part is the opening itself, blurred by a
width that grows with depth and shifted down against the light (an area light seen through an aperture), so one rule
gives the shadow of the upper lip on the teeth, dim corners, a dark throat, a dark line between lips that have hardly
parted, and light on the tongue of a wide mouth.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["light_inside"]

Float = npt.NDArray[np.float32]

#: Depths behind the incisors' front (widths of the mouth) at which the light is worked out, each twice the last.
_DEPTHS = (0.03, 0.06, 0.12, 0.24, 0.48, 0.96)
#: Blur and shift of the opening, of the depth.
_SPREAD, _FROM_ABOVE = 0.55, 0.35
#: Reflected light that reaches every place, of the light in front of the lips.
_REFLECTED = 0.08
#: The light is smooth: it is worked out with the mouth this many pixels wide.
_COARSE_PX = 64


def light_inside(opening: Float, depth: Float, width_px: float) -> Float:
    """Return (h, w) float32, 0 to 1: the light at the depth of each pixel.

    Parameters
    ----------
    opening : (h, w) float32
        Share of each pixel that the lips leave open.
    depth : (h, w) float32
        Behind the front of the incisors, in widths of the mouth.
    width_px : float
        Of the mouth.
    """
    import cv2

    height, width = opening.shape
    scale = min(1.0, _COARSE_PX / width_px)
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    coarse = cv2.resize(opening, small, interpolation=cv2.INTER_AREA)
    levels = []
    for level in _DEPTHS:
        sigma = max(0.4, _SPREAD * level * width_px * scale)
        spread = cv2.GaussianBlur(coarse, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        shift = np.array([[1, 0, 0], [0, 1, _FROM_ABOVE * level * width_px * scale]], np.float32)
        shifted = cv2.warpAffine(spread, shift, small, borderMode=cv2.BORDER_CONSTANT)
        levels.append(cv2.resize(shifted, (width, height), interpolation=cv2.INTER_LINEAR))
    place = np.log2(np.maximum(depth, _DEPTHS[0]) / _DEPTHS[0])
    light = np.zeros_like(opening)
    for index, level in enumerate(levels):
        share = 1 - np.abs(place - index) if index < len(levels) - 1 else 1 - np.maximum(index - place, 0)
        light += np.maximum(share, 0).astype(np.float32) * level
    result: Float = _REFLECTED + (1 - _REFLECTED) * np.clip(light, 0, 1)
    return result
