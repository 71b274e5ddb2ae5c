"""Folds that expression presses into skin: shading on the portrait, by the strength of the shapes that make them.

Lines run along the landmarks: across the forehead with raised brows, between the brows with a frown, from the
nose to the mouth's corners with a smile or a sneer, beside the eyes with raised cheeks (folds and the muscles
behind them: Ekman & Friesen, "Facial Action Coding System", action units 1, 2, 4, 6, 9, 10, 12).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from conditioning.arkit import ARKIT_INDEX
from renderers.portrait.compiled import compiled
from renderers.portrait.frame_map import box_around

__all__ = ["Creases", "crease_strengths", "make_creases", "press"]

Float = npt.NDArray[np.float32]

#: Deepest shading of a fold at full strength.
_DEPTH = 0.24
#: Skin as light as this (of 255) shows them so; darker skin in proportion to this power, or its folds would be lost.
_LIGHT_SKIN, _DARKER_MORE = 170.0, 0.8
#: Half width of a fold in face widths.
_WIDTH = 0.0125
#: The light beside a fold is softer by this factor, and ends at so many half widths.
_LIT_SIGMAS, _REACH = 2.6, 4 * 2.6
#: Weaker folds are not drawn.
_FAINT = 0.02

#: For each group of folds: shapes that press it, with their shares.
_CAUSES: tuple[tuple[tuple[str, float], ...], ...] = (
    (("browInnerUp", 0.6), ("browOuterUpLeft", 0.25), ("browOuterUpRight", 0.25)),
    (("browDownLeft", 0.5), ("browDownRight", 0.5)),
    (("mouthSmileLeft", 0.7), ("noseSneerLeft", 0.5), ("mouthUpperUpLeft", 0.35), ("cheekSquintLeft", 0.2)),
    (("mouthSmileRight", 0.7), ("noseSneerRight", 0.5), ("mouthUpperUpRight", 0.35), ("cheekSquintRight", 0.2)),
    (("cheekSquintLeft", 0.6), ("eyeSquintLeft", 0.35)),
    (("cheekSquintRight", 0.6), ("eyeSquintRight", 0.35)),
    (("noseSneerLeft", 0.5), ("noseSneerRight", 0.5)),
    (("mouthFrownLeft", 0.4), ("mouthFrownRight", 0.4), ("mouthShrugLower", 0.5)),
)

_BROW_ROW = (63, 105, 66, 9, 296, 334, 293)
_MIDDLE_ROW = (104, 69, 108, 151, 337, 299, 333)
_TOP_ROW = (103, 67, 109, 10, 338, 297, 332)


@dataclass(frozen=True, eq=False)
class Creases:
    """Folds of one face.

    Attributes
    ----------
    shading : (8, h, w) float32
        Change of light at full strength by group, about -1 to 0.5.
    left, top : int
        Where they lie in the frame.
    """

    shading: Float
    left: int
    top: int


def crease_strengths(weights: Float) -> Float:
    """Return (8,) float32: how strongly each group of folds is pressed, 0 to 1."""
    sums = [sum(share * float(weights[ARKIT_INDEX[name]]) for name, share in causes) for causes in _CAUSES]
    strengths: Float = np.clip(np.array(sums, np.float32), 0, 1)
    return strengths


def make_creases(pixels: npt.NDArray[np.uint8], landmarks: Float) -> Creases:
    """Lay the folds on a face; hair over the skin stays free of them.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        The frame.
    landmarks : (478, 3) float32
        On the frame.
    """
    width = float(np.linalg.norm(landmarks[454, :2] - landmarks[234, :2]))
    low, high = landmarks[:468, :2].min(0), landmarks[:468, :2].max(0)
    left, top = max(0, int(low[0] - 0.05 * width)), max(0, int(low[1] - 0.05 * width))
    right = min(pixels.shape[1], int(high[0] + 0.05 * width) + 2)
    bottom = min(pixels.shape[0], int(high[1] + 0.05 * width) + 2)
    size = (bottom - top, right - left)
    sigma = max(0.7, _WIDTH * width)
    skin = _skin_share(pixels[top:bottom, left:right], landmarks - np.array([left, top, 0], np.float32))
    maps = np.zeros((len(_CAUSES), *size), np.float32)
    for group, path, strength in _paths(landmarks[:, :2].astype(np.float64)):
        points = _smooth(path) - np.array([left, top])
        x0, y0, x1, y1 = box_around(points, _REACH * sigma + 1, size[1], size[0])
        if x0 < x1 and y0 < y1:
            maps[group, y0:y1, x0:x1] += _fold(points - np.array([x0, y0]), strength, sigma, (y1 - y0, x1 - x0))
    lit = float(np.median(pixels[top:bottom, left:right][skin > 0.9])) if (skin > 0.9).any() else _LIGHT_SKIN
    more = max(1.0, (_LIGHT_SKIN / max(lit, 40.0)) ** _DARKER_MORE)
    return Creases(maps * skin * np.float32(more), left, top)


def _fold(points: npt.NDArray[np.float64], strength: float, sigma: float, size: tuple[int, int]) -> Float:
    """Return the shading (h, w) of one fold along a polyline: dark, with light on both sides."""
    import cv2

    line = np.zeros(size, np.float32)
    along = np.linspace(0, 1, len(points))
    for start, end, at in zip(points[:-1], points[1:], along[:-1], strict=True):
        value = strength * np.sin(np.pi * (0.12 + 0.76 * at)) ** 0.8
        ends = [tuple(round(v * 16) for v in point) for point in (start, end)]
        cv2.line(line, ends[0], ends[1], float(value), 1, cv2.LINE_AA, 4)
    dark = cv2.GaussianBlur(line, (0, 0), sigma) * (2.5 * sigma)
    light = cv2.GaussianBlur(line, (0, 0), _LIT_SIGMAS * sigma) * (2.5 * _LIT_SIGMAS * sigma)
    return np.asarray(np.clip(-dark + 0.45 * light, -1, 0.5), np.float32)


def press(creases: Creases, person: npt.NDArray[np.uint8], source: Float, strengths: Float) -> None:
    """Press folds into the drawn person, in place.

    Parameters
    ----------
    creases : Creases
        From :func:`make_creases`.
    person : (h, w, 4) uint8
        Drawn, with multiplied alpha.
    source : (h, w, 2) float32
        Where in the portrait each pixel comes from.
    strengths : (8,) float32
        From :func:`crease_strengths`.
    """
    if float(strengths.max()) < _FAINT:
        return
    total = np.zeros(creases.shading.shape[1:], np.float32)
    for group in np.nonzero(strengths >= _FAINT)[0]:
        total += np.float32(_DEPTH * strengths[group]) * creases.shading[group]
    _shade(person, source, total, creases.left, creases.top)


@compiled
def _shade(person: npt.NDArray[np.uint8], source: Float, total: Float, left: int, top: int) -> None:
    """Multiply a layer with multiplied alpha by one plus a shading of the portrait, in place."""
    height, width = total.shape
    for y in range(person.shape[0]):
        for x in range(person.shape[1]):
            u, v = source[y, x, 0] - left, source[y, x, 1] - top
            if u < 0 or v < 0 or u >= width - 1 or v >= height - 1:
                continue
            i, j = int(u), int(v)
            u, v = u - i, v - j
            change = (total[j, i] * (1 - u) + total[j, i + 1] * u) * (1 - v)
            change += (total[j + 1, i] * (1 - u) + total[j + 1, i + 1] * u) * v
            if abs(change) > 0.002:
                alpha = float(person[y, x, 3])
                for k in range(3):
                    # Shaded skin turns warmer: red loses least.
                    lit = person[y, x, k] * (1.0 + change * (0.8 + 0.18 * k)) + 0.5
                    person[y, x, k] = int(min(max(lit, 0.0), alpha))


def _paths(points: npt.NDArray[np.float64]) -> list[tuple[int, npt.NDArray[np.float64], float]]:
    """Return (group, polyline, strength) of every fold."""
    brow, middle, top = (points[list(row)] for row in (_BROW_ROW, _MIDDLE_ROW, _TOP_ROW))
    paths = [
        (0, (0.45 * brow + 0.55 * middle)[1:-1], 0.6),
        (0, (0.85 * middle + 0.15 * top), 0.8),
        (0, (0.5 * middle + 0.5 * top)[1:-1], 0.55),
        (1, _between_brows(points, (107, 55, 193)), 1.2),
        (1, _between_brows(points, (336, 285, 417)), 1.2),
        (2, _beside_mouth(points, (358, 423, 426, 436, 432), 291), 1.0),
        (3, _beside_mouth(points, (129, 203, 206, 216, 212), 61), 1.0),
        (6, points[[122, 6, 351]], 0.6),
        (6, 0.5 * points[[122, 6, 351]] + 0.5 * points[[193, 168, 417]], 0.5),
        (7, points[[201, 200, 421]] * 0.5 + points[[83, 18, 313]] * 0.5, 0.8),
    ]
    for group, corner, side, below in ((4, 263, 356, 454), (5, 33, 127, 234)):
        outward = points[side] - points[corner]
        for share, start in ((0.0, 0.22), (0.35, 0.24), (-0.3, 0.24)):
            way = outward + share * (points[below] - points[side])
            length = 0.55 * np.linalg.norm(outward)
            unit = way / max(float(np.linalg.norm(way)), 1e-6)
            begin = points[corner] + unit * start * np.linalg.norm(outward)
            paths.append((group, np.stack([begin, begin + 0.5 * length * unit, begin + length * unit]), 0.6))
    return paths


def _between_brows(points: npt.NDArray[np.float64], row: tuple[int, int, int]) -> npt.NDArray[np.float64]:
    """Return the upright fold at the inner end of a brow."""
    outer, middle = points[list(row)], points[[9, 8, 168]]
    ends = 0.6 * outer + 0.4 * middle
    ends[0] = 0.6 * ends[0] + 0.4 * ends[1]
    return ends


def _beside_mouth(points: npt.NDArray[np.float64], row: tuple[int, ...], corner: int) -> npt.NDArray[np.float64]:
    """Return the fold from the nose's wing around a corner of the mouth."""
    toward = np.array([0.0, 0.1, 0.3, 0.35, 0.35])[:, None]
    path: npt.NDArray[np.float64] = (1 - toward) * points[list(row)] + toward * points[corner]
    return path


def _smooth(path: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a dense smooth curve through the points of a polyline."""
    from scipy.interpolate import CubicSpline

    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1) + 1e-6)])
    dense = np.linspace(0, steps[-1], max(8, int(steps[-1])))
    curve: npt.NDArray[np.float64] = CubicSpline(steps, path)(dense)
    return curve


def _skin_share(patch: npt.NDArray[np.uint8], landmarks: Float) -> Float:
    """Return (h, w) 0 to 1: how much each pixel looks like this face's skin."""
    import cv2

    blurred = cv2.GaussianBlur(patch, (0, 0), 1.5).astype(np.float32)
    at = np.round(landmarks[[50, 280, 205, 425, 151, 4, 117, 346], :2]).astype(int)
    at[:, 0], at[:, 1] = np.clip(at[:, 0], 0, patch.shape[1] - 1), np.clip(at[:, 1], 0, patch.shape[0] - 1)
    samples = blurred[at[:, 1], at[:, 0]]
    center = np.median(samples, 0)
    ratio = np.log((blurred + 12) / (center + 12))
    tint = ratio - ratio.mean(2, keepdims=True)
    distance = (ratio.mean(2) / 0.55) ** 2 + (np.abs(tint).max(2) / 0.16) ** 2
    share: Float = cv2.GaussianBlur(np.exp(-(distance**2)).astype(np.float32), (0, 0), 1.0)
    return share
