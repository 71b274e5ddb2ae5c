"""The eyeball behind the lids: the portrait's own iris and white, completed under the lids, moved by gaze."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderers.portrait.matte import fill
from renderers.portrait.pose import planar_inverse

__all__ = ["Eye", "draw_eye", "make_eye"]

Float = npt.NDArray[np.float32]

#: Width of a lid's edge in widths of the eye.
_RIM = 0.03
#: Iris or lids that have moved this far show the eyeball without the lids' edges, pixels.
_FREED_PX = 1.5
#: The white under the lids lies in their shadow.
_LID_SHADE = 0.72


@dataclass(frozen=True, eq=False)
class Eye:
    """One eye of a portrait.

    Attributes
    ----------
    texture : (H, W, 3) float32
        The eyeball's front at rest, also where lids hide it.
    clean : (H, W, 3) float32
        The same without the lids' edges and lashes, for when lids or iris have moved.
    left, top : int
        Where the texture lies in the frame.
    center : (2,) float64
        Of the iris, frame pixels.
    iris_px : float
        Its radius.
    ball_px : float
        The eyeball's radius.
    anchor : (3,) float32
        A point that turns with the head, frame pixels and depth.
    """

    texture: Float
    clean: Float
    left: int
    top: int
    center: npt.NDArray[np.float64]
    iris_px: float
    ball_px: float
    anchor: Float


def make_eye(
    pixels: npt.NDArray[np.uint8], opening: Float, box: tuple[int, int, int, int], iris: Float, ball_px: float
) -> Eye:
    """Take an eye from a picture.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        The frame.
    opening : (h, w) float32
        Share of each pixel that lies between the lids.
    box : tuple of int
        Left, top, right, bottom of ``opening`` in the frame.
    iris : (5, 3) float32
        Landmarks: centre, then the rim.
    ball_px : float
        Radius of the eyeball.
    """
    import cv2

    margin = int(np.ceil(0.35 * (box[2] - box[0])))
    left, top = max(0, box[0] - margin), max(0, box[1] - margin)
    right, bottom = min(pixels.shape[1], box[2] + margin), min(pixels.shape[0], box[3] + margin)
    patch = pixels[top:bottom, left:right].astype(np.float32)
    share = np.zeros(patch.shape[:2], np.float32)
    share[box[1] - top : box[3] - top, box[0] - left : box[2] - left] = opening
    center = iris[0, :2].astype(np.float64)
    radius = float(np.linalg.norm(iris[1:, :2] - iris[0, :2], axis=1).mean())
    ys, xs = np.mgrid[top:bottom, left:right]
    distance = np.hypot(xs - center[0], ys - center[1])
    core = cv2.erode((share > 0.99).astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0)
    white = (core > 0) & (distance > 1.12 * radius)
    base = fill(patch, white.astype(np.float32)) if white.sum() > 4 else np.full_like(patch, 200.0)
    # Under the lids the iris goes on in its own mean tones.
    shown = (core > 0) & (distance < 0.95 * radius)
    completed = fill(patch, shown.astype(np.float32)) if shown.sum() > 4 else np.full_like(patch, 60.0)
    soft = np.clip((1.06 * radius - distance) / (0.12 * radius + 0.5), 0, 1)[..., None].astype(np.float32)
    under_lids = _LID_SHADE * (base * (1 - soft) + completed * soft)
    keep = np.clip((share - 0.4) / 0.5, 0, 1)[..., None]
    texture = (patch * keep + under_lids * (1 - keep)).astype(np.float32)
    rim = 2 * max(1, round(_RIM * (box[2] - box[0]))) + 1
    inner = cv2.erode((share > 0.9).astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (rim, rim)))
    keep = cv2.GaussianBlur(inner.astype(np.float32), (0, 0), 0.3 * rim)[..., None]
    whole = base * (1 - soft) + completed * soft
    clean = (patch * keep + whole * (1 - keep)).astype(np.float32)
    return Eye(texture, clean, left, top, center, radius, ball_px, iris[0].astype(np.float32))


def draw_eye(
    eye: Eye,
    box: tuple[int, int, int, int],
    anchor: Float,
    rotation: npt.NDArray[np.float64],
    gaze_px: npt.NDArray[np.float64],
    opening: Float,
    raised_px: float,
) -> Float:
    """Return the eyeball (h, w, 3) float32 in a box of the frame.

    Parameters
    ----------
    eye : Eye
        From :func:`make_eye`.
    box : tuple of int
        Left, top, right, bottom in the frame.
    anchor : (3,) float32
        Where the eye's anchor has gone.
    rotation : (3, 3) float64
        The head's, in the picture's axes.
    gaze_px : (2,) float64
        How far the iris moves in the portrait.
    opening : (h, w) float32
        Share of each pixel between the lids.
    raised_px : float
        How much further the lids stand apart than in the portrait.
    """
    import cv2

    left, top, right, bottom = box
    ys, xs = np.mgrid[top:bottom, left:right].astype(np.float64)
    back = planar_inverse(rotation)
    dx, dy = xs - anchor[0], ys - anchor[1]
    x = back[0, 0] * dx + back[0, 1] * dy + eye.anchor[0]
    y = back[1, 0] * dx + back[1, 1] * dy + eye.anchor[1]
    # The iris moves as a whole; the white around it gives way to the eyeball's edge.
    for _ in range(1):
        distance = np.hypot(x - eye.center[0] - gaze_px[0], y - eye.center[1] - gaze_px[1])
        edge = 1.05 * eye.iris_px
        give = np.clip((distance - edge) / max(1.15 * eye.ball_px - edge, 1.0), 0, 1)
        share = 1 - give * give * (3 - 2 * give)
        x, y = x - gaze_px[0] * share, y - gaze_px[1] * share
    at = (x - eye.left).astype(np.float32), (y - eye.top).astype(np.float32)
    freed = float(np.clip(max(np.hypot(*gaze_px), raised_px) / _FREED_PX, 0, 1))
    drawn: Float = cv2.remap(eye.texture, *at, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    if freed > 0:
        clean = cv2.remap(eye.clean, *at, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        clean *= _lid_shadow(opening, eye.ball_px)[..., None]
        drawn += freed * (clean - drawn)
    return drawn


def _lid_shadow(opening: Float, ball_px: float) -> Float:
    """Return the light on the eyeball: the lids, the upper one most, shade what is near them."""
    import cv2

    sigma = max(0.7, 0.07 * ball_px)
    spread = cv2.GaussianBlur(opening, (0, 0), sigma)
    shift = np.array([[1, 0, 0], [0, 1, 0.9 * sigma]], np.float32)
    from_above = cv2.warpAffine(spread, shift, opening.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    light: Float = _LID_SHADE + (1 - _LID_SHADE) * np.clip(2.2 * np.minimum(spread, from_above) - 0.9, 0, 1)
    return light
