"""A rasteriser for one lit mesh: numba, bands of rows in threads, four samples a pixel.

Visibility is found at 2×2 samples a pixel; each distinct triangle in a pixel is shaded once, so that edges
are smooth at little more than the cost of one sample. Attributes are correct under perspective; light is
added in linear values and turned to sRGB at the end.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["SAMPLES", "draw_band", "normals_of", "pose_vertices", "srgb_table"]

#: Samples along each side of a pixel.
SAMPLES = 2
#: Samples of a pixel whose distances differ by less than this (metres) lie on one surface.
_SAME_SURFACE = 0.0006
#: Steps of the table from linear light to sRGB.
_TABLE_STEPS = 4096

Array = npt.NDArray[Any]


def srgb_table() -> npt.NDArray[np.uint8]:
    """Return sRGB values of linear light from 0 to 1 (IEC 61966-2-1)."""
    linear = np.linspace(0.0, 1.0, _TABLE_STEPS + 1)
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    table: npt.NDArray[np.uint8] = np.round(255.0 * curve).astype(np.uint8)
    return table


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
def _visible(screen: Array, triangles: Array, top: int, depth: Array, nearest: Array) -> None:
    """Find the nearest triangle of each sample of a band.

    Parameters
    ----------
    screen : (V, 3) float32
        x and y in samples, and 1 / distance.
    triangles : (F, 3) int32
    top : int
        First row of the band, in samples.
    depth : (h, w) float32
        1 / distance, starting at 0.
    nearest : (h, w) int32
        Triangle, starting at -1.
    """
    height, width = depth.shape
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ay, by, cy = screen[a, 1] - top, screen[b, 1] - top, screen[c, 1] - top
        y_low, y_high = max(0, int(np.ceil(min(ay, by, cy)))), min(height - 1, int(np.floor(max(ay, by, cy))))
        if y_low > y_high:
            continue
        ax, bx, cx = screen[a, 0], screen[b, 0], screen[c, 0]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area >= -1e-9:  # seen from behind (y runs down), or without an area
            continue
        x_low, x_high = max(0, int(np.ceil(min(ax, bx, cx)))), min(width - 1, int(np.floor(max(ax, bx, cx))))
        if x_low > x_high:
            continue
        inverse = 1.0 / area
        wb_x, wb_y = (cy - ay) * inverse, -(cx - ax) * inverse
        wc_x, wc_y = -(by - ay) * inverse, (bx - ax) * inverse
        za, zb, zc = screen[a, 2], screen[b, 2], screen[c, 2]
        for y in range(y_low, y_high + 1):
            wb = wb_x * (x_low - ax) + wb_y * (y - ay)
            wc = wc_x * (x_low - ax) + wc_y * (y - ay)
            for x in range(x_low, x_high + 1):
                if wb >= -1e-6 and wc >= -1e-6 and wb + wc <= 1.000001:
                    z = za + wb * (zb - za) + wc * (zc - za)
                    if z > depth[y, x]:
                        depth[y, x] = z
                        nearest[y, x] = t
                wb += wb_x
                wc += wc_x


@numba.njit(cache=True, nogil=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def _add_texel(texture: Array, u: float, v: float, light: Array, share: float, out: Array) -> None:
    """Add the texture between its four nearest pixels, times the light on it."""
    height, width = texture.shape[0], texture.shape[1]
    x = min(max(u * width - 0.5, 0.0), width - 1.0)
    y = min(max(v * height - 0.5, 0.0), height - 1.0)
    x0, y0 = int(x), int(y)
    x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
    fx, fy = x - x0, y - y0
    for k in range(3):
        above = texture[y0, x0, k] * (1 - fx) + texture[y0, x1, k] * fx
        below = texture[y1, x0, k] * (1 - fx) + texture[y1, x1, k] * fx
        out[k] += (above * (1 - fy) + below * fy) * light[k] * share


@numba.njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def _shade(
    t: int, x: float, y: float, screen: Array, triangles: Array, normals: Array, uvs: Array, gloss: Array,
    texture: Array, lights: Array, unlit: bool, light: Array, out: Array,
) -> None:  # fmt: skip
    """Add the linear light of triangle ``t`` at a place of the screen."""
    a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
    ax, ay = screen[a, 0], screen[a, 1]
    abx, aby, acx, acy = screen[b, 0] - ax, screen[b, 1] - ay, screen[c, 0] - ax, screen[c, 1] - ay
    area = abx * acy - aby * acx
    wb = min(max(((x - ax) * acy - (y - ay) * acx) / area, 0.0), 1.0)
    wc = min(max((abx * (y - ay) - aby * (x - ax)) / area, 0.0), 1.0 - wb)
    pa, pb, pc = (1.0 - wb - wc) * screen[a, 2], wb * screen[b, 2], wc * screen[c, 2]
    total = pa + pb + pc
    pa, pb, pc = pa / total, pb / total, pc / total
    u = pa * uvs[a, 0] + pb * uvs[b, 0] + pc * uvs[c, 0]
    v = pa * uvs[a, 1] + pb * uvs[b, 1] + pc * uvs[c, 1]
    if unlit:
        light[:] = 1.0
        _add_texel(texture, u, v, light, 1.0, out)
        return
    nx = pa * normals[a, 0] + pb * normals[b, 0] + pc * normals[c, 0]
    ny = pa * normals[a, 1] + pb * normals[b, 1] + pc * normals[c, 1]
    nz = pa * normals[a, 2] + pb * normals[b, 2] + pc * normals[c, 2]
    length = max(np.sqrt(nx * nx + ny * ny + nz * nz), 1e-9)
    nx, ny, nz = nx / length, ny / length, nz / length
    wet = pa * gloss[a, 0] + pb * gloss[b, 0] + pc * gloss[c, 0]
    open_ = pa * gloss[a, 1] + pb * gloss[b, 1] + pc * gloss[c, 1]
    shine = 0.0
    for k in range(3):
        light[k] = lights[0, 6 + k] * (0.5 + 0.5 * ny)  # sky above, less from below
    for i in range(lights.shape[0]):
        facing = nx * lights[i, 0] + ny * lights[i, 1] + nz * lights[i, 2]
        for k in range(3):
            wrap = lights[i, 9 + k]  # light that skin carries around the edge of the shadow, most of it red
            light[k] += lights[i, 3 + k] * max((facing + wrap) / (1.0 + wrap), 0.0)
    _add_texel(texture, u, v, light, open_, out)
    for i in range(lights.shape[0]):
        half = nx * lights[i, 12] + ny * lights[i, 13] + nz * lights[i, 14]
        if half > 0.6:
            shine += lights[i, 4] * 0.035 * (1.0 - wet) * half**14
            if wet > 0.0 and half > 0.95:
                shine += lights[i, 4] * 0.9 * wet * half**220
    for k in range(3):
        out[k] += shine * open_


@numba.njit(cache=True, nogil=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def _one_surface(depth: Array, nearest: Array, y: int, x: int) -> bool:
    """Tell whether the samples of a pixel lie on one surface: those share one shading."""
    low = high = depth[y, x]
    for sample in range(SAMPLES * SAMPLES):
        sy, sx = y + sample // SAMPLES, x + sample % SAMPLES
        if nearest[sy, sx] < 0:
            return False
        low, high = min(low, depth[sy, sx]), max(high, depth[sy, sx])
    return bool(high - low < _SAME_SURFACE * high * high)


@numba.njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def draw_band(
    screen: Array, triangles: Array, normals: Array, uvs: Array, gloss: Array, texture: Array, lights: Array,
    unlit: bool, ground: Array, table: Array, first: int, last: int, image: Array,
) -> None:  # fmt: skip
    """Draw the rows from ``first`` to ``last`` of a picture.

    Parameters
    ----------
    screen : (V, 3) float32
        x and y in samples (two to a pixel, y down), and 1 / distance.
    triangles : (F, 3) int32
        Counter-clockwise as seen; others are not drawn.
    normals : (V, 3) float32
        In the axes of the lights.
    uvs : (V, 2) float32
        Origin at the top left.
    gloss : (V, 2) float32
        How wet a vertex is, and how open to the light.
    texture : (h, w, 3) float32
        Linear light.
    lights : (L, 15) float32
        Direction towards the light, its colour, the sky's colour (of the first), wrap per channel, and the
        direction half-way to the viewer.
    unlit : bool
        Whether the texture is shown as it is.
    ground : (H, 3) float32
        Linear colour of the background by row.
    table : (4097,) uint8
        From :func:`srgb_table`.
    first, last : int
        Rows of the picture.
    image : (H, W, 3) uint8
        Written.
    """
    rows, columns = last - first, image.shape[1]
    depth = np.zeros((rows * SAMPLES, columns * SAMPLES), np.float32)
    nearest = np.full((rows * SAMPLES, columns * SAMPLES), -1, np.int32)
    _visible(screen, triangles, first * SAMPLES, depth, nearest)
    colour, light, lamp = np.zeros(3, np.float32), np.zeros(3, np.float32), np.zeros(3, np.float32)
    part = 1.0 / (SAMPLES * SAMPLES)
    for y in range(rows):
        for x in range(columns):
            colour[:] = 0.0
            previous = -2
            whole = _one_surface(depth, nearest, y * SAMPLES, x * SAMPLES)
            middle = 0.5 * (SAMPLES - 1) if whole else 0.0
            for sample in range(SAMPLES * SAMPLES):
                sy, sx = y * SAMPLES + sample // SAMPLES, x * SAMPLES + sample % SAMPLES
                t = nearest[sy, sx]
                if t != previous and not (whole and sample):
                    light[:] = 0.0
                    if t < 0:
                        for k in range(3):
                            light[k] = ground[first + y, k]
                    else:
                        _shade(
                            t, sx + middle, sy + first * SAMPLES + middle, screen, triangles, normals, uvs, gloss,
                            texture, lights, unlit, lamp, light,
                        )  # fmt: skip
                    previous = t
                for k in range(3):
                    colour[k] += part * light[k]
            for k in range(3):
                image[first + y, x, k] = table[int(min(max(colour[k], 0.0), 1.0) * 4096.0)]
