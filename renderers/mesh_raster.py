"""Poses a mesh and finds what is visible of it: numba, bands of rows in threads, four samples a pixel.

What is found is lit by :mod:`renderers.mesh_shade`.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["SAMPLES", "facing", "normals_of", "pose_vertices", "visible"]

#: Samples along each side of a pixel.
SAMPLES = 2
#: Triangles of less than this are not drawn, samples².
_NO_AREA = np.float32(1e-9)
#: Triangles reach this far beyond their edges, so that rounding leaves no gaps between neighbours; samples.
_EDGE = np.float32(1e-3)
_ZERO, _ONE = np.float32(0.0), np.float32(1.0)

Array = npt.NDArray[Any]


@numba.njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def pose_vertices(rest: Array, starts: Array, at: Array, values: Array, weights: Array) -> Array:
    """Return ``rest + Σ weights · shapes``; shapes are lists of the vertices that they move.

    Parameters
    ----------
    rest : (V, 3) float32
    starts : (S + 1,) int64
        Where each shape's list starts.
    at : (M,) int32
        Vertex numbers.
    values : (M, 3) float32
        Movements.
    weights : (S,) float32
    """
    out = rest.copy()
    for s in range(len(weights)):
        weight = weights[s]
        if weight == 0.0:
            continue
        for k in range(starts[s], starts[s + 1]):
            v = at[k]
            out[v, 0] += weight * values[k, 0]
            out[v, 1] += weight * values[k, 1]
            out[v, 2] += weight * values[k, 2]
    return out


@numba.njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def normals_of(points: Array, triangles: Array) -> Array:
    """Return (V, 3) float32 unit normals, weighted by area."""
    out = np.zeros_like(points)
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for v in (a, b, c):
            out[v, 0] += x
            out[v, 1] += y
            out[v, 2] += z
    for v in range(len(out)):
        length = np.sqrt(out[v, 0] ** 2 + out[v, 1] ** 2 + out[v, 2] ** 2)
        if length > 0.0:
            out[v] /= length
    return out


@numba.njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def facing(screen: Array, triangles: Array, width: int, height: int) -> Array:
    """Return (n, 3) int32: triangles seen from in front that may cover a sample, their first and their last row.

    Parameters
    ----------
    screen : (V, 3) float32
        x and y in samples, y down, and 1 / distance.
    triangles : (F, 3) int32
        Counter-clockwise as seen; others are left out.
    width, height : int
        Of the picture, in samples.
    """
    found = np.empty((len(triangles), 3), np.int32)
    count = 0
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1], screen[c, 0], screen[c, 1]
        if (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) >= -_NO_AREA:  # y runs down
            continue
        low, high = max(np.ceil(min(ay, by, cy)), _ZERO), min(np.floor(max(ay, by, cy)), np.float32(height - 1))
        left, right = max(np.ceil(min(ax, bx, cx)), _ZERO), min(np.floor(max(ax, bx, cx)), np.float32(width - 1))
        if low > high or left > right:
            continue
        found[count, 0], found[count, 1], found[count, 2] = t, int(low), int(high)
        count += 1
    return found[:count]


@numba.njit(cache=True, nogil=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def _slope(x0: Any, y0: Any, x1: Any, y1: Any) -> Any:
    """Return how far an edge runs aside in each row; a level edge bounds no row."""
    return (x1 - x0) / (y1 - y0) if y1 != y0 else _ZERO


@numba.njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def visible(screen: Array, triangles: Array, found: Array, top: int, depth: Array, nearest: Array) -> None:
    """Find the nearest triangle of each sample of a band.

    A row of a triangle runs from the right-most of its left edges to the left-most of its right edges.

    Parameters
    ----------
    screen, triangles
        As for :func:`facing`.
    found : (n, 3) int32
        From :func:`facing`.
    top : int
        First row of the band, in samples.
    depth : (h, w) float32
        Written: 1 / distance, 0 where there is nothing.
    nearest : (h, w) int32
        Written: the triangle, or -1.
    """
    height, width = depth.shape
    depth[:], nearest[:] = _ZERO, np.int32(-1)
    first_x, last_x = _ZERO, np.float32(width - 1)
    for n in range(len(found)):
        y_low, y_high = max(found[n, 1], top), min(found[n, 2], top + height - 1)
        if y_low > y_high:
            continue
        t = found[n, 0]
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1], screen[c, 0], screen[c, 1]
        za, zb, zc = screen[a, 2], screen[b, 2], screen[c, 2]
        inverse = _ONE / ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
        z_x = ((zb - za) * (cy - ay) - (zc - za) * (by - ay)) * inverse
        z_y = ((zc - za) * (bx - ax) - (zb - za) * (cx - ax)) * inverse
        z_low, z_high = min(za, zb, zc), max(za, zb, zc)
        ab, bc, ca = _slope(ax, ay, bx, by), _slope(bx, by, cx, cy), _slope(cx, cy, ax, ay)
        for row in range(y_low, y_high + 1):
            y, depths, numbers = np.float32(row), depth[row - top], nearest[row - top]
            left, right = first_x, last_x
            # Seen from in front and with y down, an edge that runs down is a left one.
            x_ab, x_bc, x_ca = ax + ab * (y - ay), bx + bc * (y - by), cx + ca * (y - cy)
            left = max(left, x_ab - _EDGE) if by > ay else left
            left = max(left, x_bc - _EDGE) if cy > by else left
            left = max(left, x_ca - _EDGE) if ay > cy else left
            right = min(right, x_ab + _EDGE) if by < ay else right
            right = min(right, x_bc + _EDGE) if cy < by else right
            right = min(right, x_ca + _EDGE) if ay < cy else right
            z_row = za + z_y * (y - ay)
            for x in range(int(np.ceil(left)), int(np.floor(right)) + 1):
                z = min(max(z_row + z_x * (np.float32(x) - ax), z_low), z_high)
                if z > depths[x]:
                    depths[x], numbers[x] = z, t
