"""The open mouth that a portrait itself shows: its pixels are kept, uncovered or covered by the lips."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderers.landmarks import INNER_LOWER, INNER_UPPER
from renderers.portrait.matte import fill
from renderers.portrait.mouth_colours import ON_LIPS, mean_colour

__all__ = ["look_up", "own_mouth"]

Float = npt.NDArray[np.float32]

#: Darker pixels than this share of the brighter ones are no teeth to go on with.
_LIT = 0.7
#: Teeth go on for about this much under the lips (widths of the mouth); light on the gums, of the lips'.
_NECKS, _GUMS = 0.04, np.array([0.66, 0.55, 0.54], np.float32)
#: The mouth counts as teeth down to about this share of its height.
_ABOVE = 0.35


def own_mouth(pixels: npt.NDArray[np.uint8], landmarks: Float) -> tuple[Float, int, int]:
    """Return the open mouth that the portrait shows, and where it lies in the frame.

    Its layers (h, w, 8) are the colour and the matte at rest (the first three and the seventh), and both once the lips
    have parted further: of the teeth alone, which go on under the lips.
    """
    import cv2

    ring = landmarks[[*INNER_UPPER, *reversed(INNER_LOWER)], :2]
    low, high = ring.min(0), ring.max(0)
    margin = 0.5 * float(high[0] - low[0])
    left, top = (int(value) for value in np.floor(np.maximum(low - margin, 0)))
    right, bottom = (int(value) for value in np.ceil(high + margin) + 1)
    patch = pixels[top:bottom, left:right].astype(np.float32)
    inside = np.zeros(patch.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round((ring - np.array([left, top])) * 16).astype(np.int32)], 1, shift=4)
    core = cv2.erode(inside, np.ones((3, 3), np.uint8))
    known = core if core.any() else inside
    # Under the lips teeth go on, not the lips' shadow on them.
    light = patch.sum(2)
    bright = np.percentile(light[known > 0], 75) if known.any() else 0.0
    lit = (known * (light > _LIT * bright)).astype(np.float32)
    extended = fill(patch, cv2.GaussianBlur(lit, (0, 0), 0.7) * lit)
    wide = cv2.dilate(inside, np.ones((3, 3), np.uint8))
    colour = np.where(wide[..., None] > 0, patch, extended)
    # Upwards (and hardly sideways) the teeth go on under the lips; downwards the mouth opens.
    rows = max(1, round(0.18 * (high[0] - low[0])))
    up = np.zeros((2 * rows + 1, 2 * rows + 1), np.uint8)
    up[rows:, rows - rows // 6 : rows + rows // 6 + 1] = 1
    reach = cv2.dilate(wide, up)
    matte = cv2.GaussianBlur(reach.astype(np.float32), (0, 0), 0.7)
    matte = np.maximum(matte, wide.astype(np.float32))
    teeth = _teeth_share(patch, core if core.any() else inside, landmarks) * reach
    open_matte = cv2.GaussianBlur(cv2.erode(teeth, np.ones((3, 3), np.uint8)), (0, 0), 0.6)
    lit = cv2.GaussianBlur(cv2.erode(core, np.ones((3, 3), np.uint8)).astype(np.float32), (0, 0), 0.7)[..., None]
    # Above the teeth come gums, in the lips' shadow.
    away = np.minimum(cv2.distanceTransform(1 - known, cv2.DIST_L2, 3), float(len(patch)))
    beyond = np.exp(-away / (_NECKS * float(high[0] - low[0])))[..., None]
    gums = _GUMS * mean_colour(pixels, landmarks, ON_LIPS)
    parted = patch * lit + (extended * beyond + gums * (1 - beyond)) * (1 - lit)
    layers = [colour, parted, matte[..., None], np.minimum(open_matte, matte)[..., None]]
    return np.concatenate(layers, 2).astype(np.float32), left, top


def look_up(layers: Float, x: Float, y: Float) -> Float:
    """Return the eight layers at places of theirs (OpenCV takes four at a time)."""
    import cv2

    parts = [
        cv2.remap(np.ascontiguousarray(part), x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        for part in (layers[..., :4], layers[..., 4:])
    ]
    result: Float = np.concatenate(parts, 2)
    return result


def _teeth_share(patch: Float, core: npt.NDArray[np.uint8], landmarks: Float) -> Float:
    """Return (h, w) 0 to 1: teeth rather than lips, by colour; its upper part counts whatever its colour."""
    import cv2

    inner = patch[core > 0]
    bright = inner[inner.sum(1) >= np.percentile(inner.sum(1), 70)].mean(0)
    soft = cv2.GaussianBlur(patch, (0, 0), 0.8)

    def redness(colour: Float) -> Float:
        result: Float = colour[..., 0] / (colour.mean(-1) + 8)
        return result

    ring = cv2.dilate(core, np.ones((9, 9), np.uint8)) - cv2.dilate(core, np.ones((5, 5), np.uint8))
    lips = patch[ring > 0].mean(0)
    low, high = float(redness(bright)), float(redness(lips))
    share = np.clip((high - redness(soft)) / max(high - low, 0.02) * 1.6 - 0.3, 0, 1)
    light = np.clip((soft.sum(2) / max(float(bright.sum()), 1.0) - 0.45) / 0.2, 0, 1)
    teeth: Float = (share * light).astype(np.float32)
    ys = np.nonzero(core.any(1))[0]
    if len(ys):
        above = np.clip(1.5 - (np.arange(len(patch)) - ys[0]) / (_ABOVE * (ys[-1] - ys[0]) + 1), 0, 1)
        # Beside the last tooth that shows, the corner of the mouth is dark.
        columns = (teeth * core).max(0, keepdims=True)
        teeth = np.maximum(
            teeth, (above[:, None] * cv2.GaussianBlur(columns, (0, 0), 0.03 * patch.shape[1])).astype(np.float32)
        )
    return teeth
