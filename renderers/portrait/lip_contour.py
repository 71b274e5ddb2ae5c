"""The edge of the opening between the lips: rounded where lips are rounded, never a polygon or a slit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["round_opening"]

Float = npt.NDArray[np.float32]

#: Blur of the opening's shape (widths of the mouth) at rest, in a mouth that is open by :data:`_WIDE` of its width, and
#: with lips thrust forward; and at most of the opening's height.
_SOFT, _YAWNING, _ROUND, _OF_HEIGHT = 0.010, 0.045, 0.055, 0.30
_WIDE = 0.6


def round_opening(opening: Float, source: Float, rounded: float, width_px: float) -> Float:
    """Return the opening with a smooth edge; lips go on where it closes.

    The shape is blurred and cut at half its height again, which takes corners and slits narrower than the blur away
    and leaves long edges where they are.

    Parameters
    ----------
    opening : (h, w) float32
        Share of each pixel that the lips leave open.
    source : (h, w, 2) float32
        Where in the picture each pixel takes its colour; continued into what closes, in place.
    rounded : float
        0 to 1: how far the lips are thrust forward.
    width_px : float
        Of the mouth.
    """
    import cv2

    tall = float(opening.sum(0).max(initial=0.0))
    wide = min(tall / (_WIDE * width_px), 1.0)
    sigma = min(max(_SOFT + (_YAWNING - _SOFT) * wide, _ROUND * rounded) * width_px, _OF_HEIGHT * tall)
    if sigma < 0.5:
        return opening
    blurred = cv2.GaussianBlur(opening, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    # A straight edge keeps its place and is one pixel soft.
    smooth: Float = np.clip(0.5 + (blurred - 0.5) * np.float32(sigma * np.sqrt(2 * np.pi)), 0, 1)
    closed = (opening - smooth > 0.0)[..., None]
    if closed.any():
        known = 1 - opening
        # The nearest lip counts: small neighbourhoods last.
        for size in (2 * int(np.ceil(2 * sigma)) + 1, 3):
            weight = cv2.blur(known, (size, size))[..., None]
            around = cv2.blur(source * known[..., None], (size, size)) / np.maximum(weight, 1e-3)
            source += opening[..., None] * (weight > 1e-3) * closed * (around - source)
    return smooth
