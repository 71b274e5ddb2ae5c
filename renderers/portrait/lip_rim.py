"""The inner edges of lips that part: redder below the opening, and free of what the portrait shows between the lips.

Between closed lips that is the dark line along which they met, seen at the corners of rounded lips; between lips that
stand open, a trace of the teeth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderers.landmarks import INNER_LOWER, INNER_UPPER

__all__ = ["LipRim", "draw_rim", "make_rim"]

Float = npt.NDArray[np.float32]

#: The line is no thicker than this and is sought this near where the lips meet (widths of the mouth).
_LINE, _NEAR = 0.08, 0.05
#: It is gone this near the opening.
_PARTED = 0.05
#: Width of the lower lip's moist edge, which opening turns out, and its red beside the lip's.
_MOIST = 0.022
_REDDER = np.array([1.0, 0.82, 0.82], np.float32)


@dataclass(frozen=True, eq=False)
class LipRim:
    """What the inner edges of a portrait's lips become where they part.

    Attributes
    ----------
    change : (h, w, 3) float32
        From what the portrait shows between the lips to their colour.
    left, top : int
        Where it lies in the frame.
    redder : (3,) float32
        Colour of the lower lip's inner edge, of the lip's.
    width_px : float
        Of the mouth.
    touching : bool
        Whether the portrait's lips meet.
    """

    change: Float
    left: int
    top: int
    redder: Float
    width_px: float
    touching: bool


def make_rim(
    pixels: npt.NDArray[np.uint8], landmarks: Float, lips: Float, colourful: float, *, touching: bool
) -> LipRim:
    """Take the inner edges of the lips from a picture.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        The frame.
    landmarks : (478, 3) float32
        On the frame.
    lips : (3,) float32
        Their colour.
    colourful : float
        0 for a grey picture, 1 for one with colours.
    touching : bool
        Whether the portrait's lips meet.
    """
    import cv2

    upper = landmarks[list(INNER_UPPER), :2]
    lower = landmarks[[INNER_UPPER[0], *INNER_LOWER, INNER_UPPER[-1]], :2]
    width = float(np.linalg.norm(upper[-1] - upper[0]))
    margin = int(np.ceil(2 * _LINE * width)) + 2
    left, top = (int(value) for value in np.maximum(np.floor(upper.min(0)) - margin, 0))
    right, bottom = (int(value) for value in np.ceil(np.maximum(upper.max(0), lower.max(0))) + margin + 1)
    patch = pixels[top:bottom, left:right].astype(np.float32)
    middle, corner = 0.5 * (upper + lower), np.array([left, top])
    if touching:
        tall = 2 * max(1, round(0.5 * _LINE * width)) + 1
        closed = cv2.morphologyEx(patch, cv2.MORPH_CLOSE, np.ones((tall, 1), np.uint8))
        mask = np.full(patch.shape[:2], 255, np.uint8)
        cv2.polylines(mask, [np.round((middle - corner) * 16).astype(np.int32)], False, 0, 1, cv2.LINE_8, 4)
        near = np.clip(2 - cv2.distanceTransform(mask, cv2.DIST_L2, 3) / (0.5 * _NEAR * width), 0, 1)
        change = cv2.GaussianBlur(np.maximum(np.minimum(closed, lips) - patch, 0), (0, 0), 0.6)
    else:
        near = np.zeros(patch.shape[:2], np.float32)
        ring = np.concatenate([upper, lower[::-1]])
        cv2.fillPoly(near, [np.round((ring - corner) * 16).astype(np.int32)], 1.0, shift=4)
        near = cv2.GaussianBlur(cv2.dilate(near, np.ones((3, 3), np.uint8)), (0, 0), 0.6)
        change = np.minimum(lips - patch, 0)
    change *= near[..., None]
    redder = 1 - colourful * (1 - _REDDER)
    return LipRim(change.astype(np.float32), left, top, redder, width, touching)


def draw_rim(
    rim: LipRim, skin: npt.NDArray[np.uint8], source: Float, opening: Float, parted: float, rounded: float
) -> Float:
    """Return the lips (h, w, 3) float32 around an opening.

    Parameters
    ----------
    rim : LipRim
        From :func:`make_rim`.
    skin : (h, w, 3) uint8
        What has been drawn so far.
    source : (h, w, 2) float32
        Where in the portrait each pixel takes its colour.
    opening : (h, w) float32
        Share of each pixel that the lips leave open.
    parted : float
        0 to 1: whether the lips stand further apart than in the portrait.
    rounded : float
        0 to 1: how far they are thrust forward.
    """
    import cv2

    lips = skin.astype(np.float32)
    freed = parted * (rounded if rim.touching else 1.0)
    if freed > 0:
        around = cv2.GaussianBlur(opening, (0, 0), max(0.5, _PARTED * rim.width_px))
        share = freed * np.clip(4 * around, 0, 1)
        at = source - np.array([rim.left, rim.top], np.float32)
        lips += share[..., None] * cv2.remap(rim.change, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    sigma = max(0.5, _MOIST * rim.width_px)
    shift = np.array([[1, 0, 0], [0, 1, sigma]], np.float32)
    lowered = cv2.warpAffine(opening, shift, opening.shape[::-1], borderMode=cv2.BORDER_CONSTANT)
    share = parted * cv2.GaussianBlur(lowered, (0, 0), sigma)
    lips *= 1 - share[..., None] * (1 - rim.redder)
    return lips
