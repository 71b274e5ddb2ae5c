"""Where in the portrait each pixel of a frame takes its colour: maps drawn from the sheet's meshes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderers.portrait.compiled import compiled
from renderers.portrait.raster import EMPTY_DEPTH, rasterize
from renderers.portrait.sheet import Sheet

__all__ = ["Box", "Mesh", "box_around", "draw_face", "extent", "grid_map", "open_share"]

Float = npt.NDArray[np.float32]
#: Left, top, right, bottom; whole pixels.
Box = tuple[int, int, int, int]
#: Points, triangles, and where each point takes its colour.
Mesh = tuple[Float, npt.NDArray[np.int32], Float]

#: The grid is drawn at this fraction of the output's resolution; it is smooth.
_COARSE = 4
#: Samples a pixel along each axis where lips and lids need soft edges.
_FINE = 2


def grid_map(points: Float, sheet: Sheet, width: int, height: int) -> Float:
    """Return (H, W, 2): where in the portrait each pixel of the frame takes its colour, from the grid alone."""
    import cv2

    columns, rows = -(-width // _COARSE) + 2, -(-height // _COARSE) + 2
    start = (_COARSE - 1) / 2 - _COARSE
    coarse, depth = rasterize(
        points, sheet.grid_triangles, sheet.colour_at, (columns, rows), origin=(start, start), scale=1 / _COARSE
    )
    empty = depth == EMPTY_DEPTH
    if empty.any():
        ys, xs = np.nonzero(empty)
        coarse[ys, xs, 0], coarse[ys, xs, 1] = xs * _COARSE + start, ys * _COARSE + start
    whole = cv2.resize(coarse, (columns * _COARSE, rows * _COARSE), interpolation=cv2.INTER_LINEAR)
    result: Float = np.ascontiguousarray(whole[_COARSE : _COARSE + height, _COARSE : _COARSE + width])
    return result


def draw_face(mesh: Mesh, box: Box, source: Float) -> None:
    """Draw the face's mesh over the map, in place."""
    left, top, right, bottom = box
    if right <= left or bottom <= top:
        return
    drawn, depth = rasterize(*mesh, (right - left, bottom - top), origin=(left, top))
    part = source[top:bottom, left:right]
    _where_drawn(drawn, depth, part)


def open_share(mesh: Mesh, box: Box, outline: Float, source: Float) -> Float:
    """Return (h, w): the share of each pixel within an outline that the face's mesh leaves open.

    The map is refined in the box, in place.
    """
    import cv2

    left, top, right, bottom = box
    size = (max(right - left, 0), max(bottom - top, 0))
    if not size[0] or not size[1]:
        return np.zeros((size[1], size[0]), np.float32)
    offset = (1 / _FINE - 1) / 2
    drawn, depth = rasterize(
        *mesh,
        (size[0] * _FINE, size[1] * _FINE),
        origin=(left + offset, top + offset),
        scale=_FINE,
    )
    part = source[top:bottom, left:right]
    opening = np.empty((size[1], size[0]), np.float32)
    _average(drawn, depth, part, opening)
    within = np.zeros(opening.shape, np.uint8)
    ring = np.round((outline - np.array([left, top])) * 16).astype(np.int32)
    cv2.fillPoly(within, [ring], 1, shift=4)
    opening *= cv2.dilate(within, np.ones((3, 3), np.uint8))
    return opening


@compiled
def _where_drawn(drawn: Float, depth: Float, out: Float) -> None:
    """Copy what was drawn."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            if depth[y, x] > -1e29:
                out[y, x, 0] = drawn[y, x, 0]
                out[y, x, 1] = drawn[y, x, 1]


@compiled
def _average(drawn: Float, depth: Float, source: Float, opening: Float) -> None:
    """Average the fine map over each pixel's covered samples."""
    fine = drawn.shape[0] // opening.shape[0]
    for y in range(opening.shape[0]):
        for x in range(opening.shape[1]):
            sum_x, sum_y, count = 0.0, 0.0, 0
            for j in range(y * fine, y * fine + fine):
                for i in range(x * fine, x * fine + fine):
                    if depth[j, i] > -1e29:
                        sum_x += drawn[j, i, 0]
                        sum_y += drawn[j, i, 1]
                        count += 1
            opening[y, x] = 1.0 - count / (fine * fine)
            if count:
                source[y, x, 0] = sum_x / count
                source[y, x, 1] = sum_y / count


def extent(alpha: npt.NDArray[np.uint8]) -> Float:
    """Return (2, 2): the first and the last column and row, as x and y, where a matte is not empty."""
    ys, xs = np.nonzero(alpha)
    if not len(xs):
        return np.zeros((2, 2), np.float32)
    return np.array([[xs.min(), ys.min()], [xs.max(), ys.max()]], np.float32)


def box_around(points: Float, margin: float, width: int, height: int) -> Box:
    """Return the whole-pixel box around points, inside the frame."""
    x, y = points[:, 0], points[:, 1]
    left, top = max(0, int(np.floor(x.min() - margin))), max(0, int(np.floor(y.min() - margin)))
    right, bottom = int(np.ceil(x.max() + margin)) + 1, int(np.ceil(y.max() + margin)) + 1
    return left, top, max(left, min(width, right)), max(top, min(height, bottom))
