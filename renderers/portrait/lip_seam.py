"""Where closed lips meet in this very picture: the dark line, which the landmarker misses on some faces.

A mouth that opens beside that line opens through a lip. The line is the path of the darkest ridge along the
mouth that stays near the landmarks (a shortest path, Dijkstra's problem on a strip, solved row by row).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderers.landmarks import INNER_LOWER, INNER_UPPER
from renderers.portrait.view import look_around

__all__ = ["seat_lips"]

Float = npt.NDArray[np.float32]
Double = npt.NDArray[np.float64]

#: Lips closer than this share of the mouth's width touch (as in ``head``).
_TOUCHING = 0.035
#: The line is sought this far from the landmarks and beyond the corners, widths of the mouth.
_REACH, _BEYOND = 0.13, 0.04
#: Samples along the mouth, and across in steps of a width.
_ALONG, _STEP = 49, 0.004
#: A ridge is darker than what lies this far above and below it (widths).
_SIDES = 0.05
#: Least contrast (of the lips' light) that counts in full, and what it is worth beside: distance from the
#: landmarks, bends.
_CONTRAST, _FAR, _BEND = 0.06, 1.2, 1000.0
#: A line is believed from this mean contrast on, and wholly at twice it.
_SURE = 0.04

#: Rows of landmarks between the inner and the outer edge of either lip, with the share in which they follow.
_ROWS = (
    ((191, 80, 81, 82, 13, 312, 311, 310, 415), 1.0),
    ((95, 88, 178, 87, 14, 317, 402, 318, 324), 1.0),
    ((183, 42, 41, 38, 12, 268, 271, 272, 407), 0.66),
    ((96, 89, 179, 86, 15, 316, 403, 319, 325), 0.66),
    ((184, 74, 73, 72, 11, 302, 303, 304, 408), 0.33),
    ((77, 90, 180, 85, 16, 315, 404, 320, 307), 0.33),
)
#: Corners, from the inner edge outwards.
_CORNERS = ((78, 62, 76, 61), (308, 292, 306, 291))


def seat_lips(pixels: npt.NDArray[np.uint8], landmarks: Float) -> Float:
    """Return landmarks whose inner lips lie on the line where closed lips meet.

    Lips that stand open, and pictures without such a line, keep theirs.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        The picture.
    landmarks : (478, 3) float32
        On it.
    """
    first, last = landmarks[INNER_UPPER[0], :2].astype(np.float64), landmarks[INNER_UPPER[-1], :2].astype(np.float64)
    width = float(np.hypot(*(last - first)))
    upper = landmarks[list(INNER_UPPER[1:-1]), :2].astype(np.float64)
    lower = landmarks[list(INNER_LOWER), :2].astype(np.float64)
    along = (last - first) / max(width, 1e-6)
    across = np.array([-along[1], along[0]])
    gaps = (lower - upper) @ across
    if width < 8 or float(np.sort(gaps)[-3:].mean()) >= _TOUCHING * width:
        return landmarks
    line = np.concatenate([[first], (upper + lower) / 2, [last]]) - first
    places = (line @ along) / width
    strip, offsets = _strip(pixels, first, along * width, across * width, places, (line @ across) / width)
    shift, contrast = _darkest(strip, offsets)
    sure = float(np.clip(contrast / _SURE - 1, 0, 1))
    if sure == 0:
        return landmarks
    moved = landmarks.copy()
    spots = np.linspace(-_BEYOND, 1 + _BEYOND, _ALONG)

    def move(index: int, place: float, share: float) -> None:
        way = sure * share * float(np.interp(place, spots, shift)) * width
        moved[index, :2] += (way * across).astype(np.float32)

    for row, share in _ROWS:
        for index, place in zip(row, places[1:-1], strict=True):
            move(index, float(place), share)
    for corner, place in zip(_CORNERS, (0.0, 1.0), strict=True):
        for index, share in zip(corner, (1.0, 1.0, 0.9, 0.8), strict=True):
            move(index, place, share)
    return moved


def _strip(
    pixels: npt.NDArray[np.uint8], origin: Double, along: Double, across: Double, places: Double, heights: Double
) -> tuple[Float, Double]:
    """Return light (across, along) around the landmarks' line, of the lips' mean, and the offsets across."""
    offsets = np.arange(-_REACH - _SIDES, _REACH + _SIDES + 1e-9, _STEP)
    spots = np.linspace(-_BEYOND, 1 + _BEYOND, _ALONG)
    middle = np.interp(spots, places, heights)
    at = origin + spots[None, :, None] * along + (middle[None, :] + offsets[:, None])[..., None] * across
    view = look_around(pixels, at.reshape(-1, 2), _light, blur_px=max(0.5, 0.01 * float(np.hypot(*along))))
    strip = view.at(at)
    result: Float = strip / max(float(strip.mean()), 1.0)
    return result, offsets


def _light(pixels: npt.NDArray[np.uint8]) -> Float:
    """Return (h, w) luma."""
    return np.asarray(pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32))


def _darkest(strip: Float, offsets: Double) -> tuple[Double, float]:
    """Return the darkest smooth path (along) as offsets, and its mean contrast."""
    import cv2

    sides = round(_SIDES / _STEP)
    inner = slice(sides, len(offsets) - sides)
    above, below = strip[: -2 * sides], strip[2 * sides :]
    ridge = np.minimum(above, below) - strip[inner]
    ridge = cv2.GaussianBlur(ridge, (0, 0), 1.0, sigmaY=0.5)
    height = offsets[inner]
    full = max(float(np.median(ridge.max(0))), _CONTRAST)
    cost = -np.clip(ridge / full, -1, 1.5) + _FAR * (height[:, None] / _REACH) ** 2
    bend = _BEND * (height[:, None] - height[None, :]) ** 2
    total, came = cost[:, 0].astype(np.float64), []
    for column in range(1, cost.shape[1]):
        ways = total[None, :] + bend
        came.append(ways.argmin(1))
        total = ways.min(1) + cost[:, column]
    path = [int(total.argmin())]
    for step in reversed(came):
        path.append(int(step[path[-1]]))
    chosen = np.array(path[::-1])
    contrast = float(ridge[chosen, np.arange(len(chosen))].mean())
    smooth: Double = cv2.GaussianBlur(height[chosen][None], (0, 0), 3.0, borderType=cv2.BORDER_REPLICATE)[0]
    return smooth, contrast
