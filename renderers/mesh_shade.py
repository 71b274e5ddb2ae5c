"""Lights what is visible of a mesh: numba, row by row.

Each distinct triangle in a pixel is shaded once, so that edges are smooth at little more than the cost of one
sample. Attributes are correct under perspective; light is added in linear values and turned to sRGB at the end. A row
is first gathered as a list of places, one array for each attribute, so that the light on them is computed in vectors.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from renderers.mesh_raster import SAMPLES

__all__ = [
    "SKIN_FROM", "SKIN_POWER", "SKIN_SHINE", "WET_FROM", "WET_POWER", "WET_SHINE", "shade_band", "srgb_table",
]  # fmt: skip

#: Samples of a pixel whose distances differ by less than this (metres) lie on one surface.
_SAME_SURFACE = np.float32(0.0006)
#: Steps of the table from linear light to sRGB.
_TABLE_STEPS = 4096
#: Shine of skin and of wet surfaces: its strength, the power of the cosine that it goes with, and the cosine from which
#: it is seen.
SKIN_SHINE, SKIN_POWER, SKIN_FROM = 0.035, 14, 0.6
WET_SHINE, WET_POWER, WET_FROM = 0.9, 220, 0.95
_SKIN_SHINE, _SKIN_FROM = np.float32(SKIN_SHINE), np.float32(SKIN_FROM)
_WET_SHINE, _WET_FROM = np.float32(WET_SHINE), np.float32(WET_FROM)
_ZERO, _HALF, _ONE, _TINY = np.float32(0.0), np.float32(0.5), np.float32(1.0), np.float32(1e-18)
_STEPS = np.float32(_TABLE_STEPS)
#: Places that are lit together, and where each of their attributes starts in one array. The distances are constants, so
#: that the compiler knows that the attributes do not overlap.
_CHUNK, _ARRAYS = 256, 12
_U, _V, _NX, _NY, _NZ, _WET, _OPEN, _SHARE, _RED, _GREEN, _BLUE, _SHINE = (n * _CHUNK for n in range(_ARRAYS))
#: The middle of a pixel from its first sample, samples.
_MIDDLE = np.float32(0.5 * (SAMPLES - 1))
#: Share of one sample in its pixel.
_PART = np.float32(1.0 / (SAMPLES * SAMPLES))

Array = npt.NDArray[Any]


def srgb_table() -> npt.NDArray[np.uint8]:
    """Return sRGB values of linear light from 0 to 1 (IEC 61966-2-1)."""
    linear = np.linspace(0.0, 1.0, _TABLE_STEPS + 1)
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    table: npt.NDArray[np.uint8] = np.round(255.0 * curve).astype(np.uint8)
    return table


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


@numba.njit(cache=True, nogil=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def _gather(
    at: int, t: int, x: float, y: float, screen: Array, triangles: Array, normals: Array, uvs: Array, gloss: Array,
    places: Array,
) -> None:  # fmt: skip
    """Write the attributes of triangle ``t`` at a place of the screen."""
    a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
    ax, ay = screen[a, 0], screen[a, 1]
    abx, aby, acx, acy = screen[b, 0] - ax, screen[b, 1] - ay, screen[c, 0] - ax, screen[c, 1] - ay
    x, y = x - ax, y - ay
    inverse = _ONE / (abx * acy - aby * acx)
    wb = min(max((x * acy - y * acx) * inverse, _ZERO), _ONE)
    wc = min(max((abx * y - aby * x) * inverse, _ZERO), _ONE - wb)
    pa, pb, pc = (_ONE - wb - wc) * screen[a, 2], wb * screen[b, 2], wc * screen[c, 2]
    total = _ONE / (pa + pb + pc)
    pa, pb, pc = pa * total, pb * total, pc * total
    places[_U + at] = pa * uvs[a, 0] + pb * uvs[b, 0] + pc * uvs[c, 0]
    places[_V + at] = pa * uvs[a, 1] + pb * uvs[b, 1] + pc * uvs[c, 1]
    places[_NX + at] = pa * normals[a, 0] + pb * normals[b, 0] + pc * normals[c, 0]
    places[_NY + at] = pa * normals[a, 1] + pb * normals[b, 1] + pc * normals[c, 1]
    places[_NZ + at] = pa * normals[a, 2] + pb * normals[b, 2] + pc * normals[c, 2]
    places[_WET + at] = pa * gloss[a, 0] + pb * gloss[b, 0] + pc * gloss[c, 0]
    places[_OPEN + at] = pa * gloss[a, 1] + pb * gloss[b, 1] + pc * gloss[c, 1]


@numba.njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def _light(places: Array, count: int, lights: Array) -> None:
    """Write the light on gathered places and their shine, and lessen their shares where little light comes."""
    for i in range(count):
        nx, ny, nz = places[_NX + i], places[_NY + i], places[_NZ + i]
        inverse = _ONE / np.sqrt(max(nx * nx + ny * ny + nz * nz, _TINY))
        places[_NX + i], places[_NY + i], places[_NZ + i] = nx * inverse, ny * inverse, nz * inverse
        places[_SHINE + i] = _ZERO
        places[_SHARE + i] *= places[_OPEN + i]
    for k in range(3):
        sky, start = lights[0, 6 + k], _RED + k * _CHUNK
        for i in range(count):
            places[start + i] = sky * (_HALF + _HALF * places[_NY + i])  # sky above, less from below
    for lamp in range(lights.shape[0]):
        lx, ly, lz = lights[lamp, 0], lights[lamp, 1], lights[lamp, 2]
        # Wrap: light that skin carries around the edge of the shadow, most of it red.
        wrap0, wrap1, wrap2 = lights[lamp, 9], lights[lamp, 10], lights[lamp, 11]
        gain0, gain1, gain2 = (
            lights[lamp, 3] / (_ONE + wrap0), lights[lamp, 4] / (_ONE + wrap1), lights[lamp, 5] / (_ONE + wrap2),
        )  # fmt: skip
        hx, hy, hz, green = lights[lamp, 12], lights[lamp, 13], lights[lamp, 14], lights[lamp, 4]
        skin, water = green * _SKIN_SHINE, green * _WET_SHINE
        for i in range(count):
            nx, ny, nz, wet = places[_NX + i], places[_NY + i], places[_NZ + i], places[_WET + i]
            side = nx * lx + ny * ly + nz * lz
            places[_RED + i] += gain0 * max(side + wrap0, _ZERO)
            places[_GREEN + i] += gain1 * max(side + wrap1, _ZERO)
            places[_BLUE + i] += gain2 * max(side + wrap2, _ZERO)
            half = max(nx * hx + ny * hy + nz * hz, _ZERO)
            half2 = half * half
            half4 = half2 * half2
            half8 = half4 * half4
            half64 = half8 * half8
            half64 *= half64 * half64 * half64  # half**64
            # half**14 (SKIN_POWER), and half**220 = half**(3 · 64 + 3 · 8 + 4) (WET_POWER)
            shine = skin * (_ONE - wet) * (half8 * half4 * half2) if half > _SKIN_FROM else _ZERO
            bright = water * wet * (half64 * half64 * half64 * half8 * half8 * half8 * half4)
            places[_SHINE + i] += shine + (bright if half > _WET_FROM else _ZERO)


@numba.njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def _paint(places: Array, pixels: Array, count: int, texture: Array, row: Array) -> None:
    """Add gathered places to their pixels: the texture between its four nearest pixels, times the light on it."""
    height, width = texture.shape[0], texture.shape[1]
    columns, rows = np.float32(width), np.float32(height)
    for i in range(count):
        x = min(max(places[_U + i] * columns - _HALF, _ZERO), columns - _ONE)
        y = min(max(places[_V + i] * rows - _HALF, _ZERO), rows - _ONE)
        x0, y0 = int(x), int(y)
        x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
        fx, fy = x - np.float32(x0), y - np.float32(y0)
        share = places[_SHARE + i]
        for k in range(3):
            above = texture[y0, x0, k] * (_ONE - fx) + texture[y0, x1, k] * fx
            below = texture[y1, x0, k] * (_ONE - fx) + texture[y1, x1, k] * fx
            texel = above * (_ONE - fy) + below * fy
            row[pixels[i], k] += share * (texel * places[_RED + k * _CHUNK + i] + places[_SHINE + i])


@numba.njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def shade_band(
    depth: Array, nearest: Array, screen: Array, triangles: Array, normals: Array, uvs: Array, gloss: Array,
    texture: Array, lights: Array, unlit: bool, ground: Array, table: Array, first: int, image: Array,
) -> None:  # fmt: skip
    """Draw rows of a picture from ``first`` on.

    Parameters
    ----------
    depth, nearest : (2h, 2w) float32 and int32
        From :func:`renderers.mesh_raster.visible`.
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
    first : int
        First row of the picture.
    image : (H, W, 3) uint8
        Written.
    """
    columns = image.shape[1]
    places = np.ones(_ARRAYS * _CHUNK, np.float32)
    places[_SHINE : _SHINE + _CHUNK] = _ZERO
    pixels = np.zeros(_CHUNK, np.int32)
    row, behind = np.zeros((columns, 3), np.float32), np.zeros(3, np.uint8)
    for y in range(nearest.shape[0] // SAMPLES):
        red, green, blue = ground[first + y, 0], ground[first + y, 1], ground[first + y, 2]
        for k in range(3):
            behind[k] = table[int(min(max(ground[first + y, k], _ZERO), _ONE) * _STEPS)]
        row[:] = _ZERO
        sy0, count = y * SAMPLES, 0
        for x in range(columns):
            sx0 = x * SAMPLES
            whole = _one_surface(depth, nearest, sy0, sx0)
            previous = -2
            for sample in range(1 if whole else SAMPLES * SAMPLES):
                sy, sx = sy0 + sample // SAMPLES, sx0 + sample % SAMPLES
                t = nearest[sy, sx]
                if t < 0:
                    row[x, 0] += _PART * red
                    row[x, 1] += _PART * green
                    row[x, 2] += _PART * blue
                elif t == previous:
                    places[_SHARE + count - 1] += _PART
                else:
                    if count == _CHUNK:
                        if not unlit:
                            _light(places, count, lights)
                        _paint(places, pixels, count, texture, row)
                        count = 0
                    middle = _MIDDLE if whole else _ZERO
                    _gather(
                        count, t, np.float32(sx) + middle, np.float32(sy + first * SAMPLES) + middle,
                        screen, triangles, normals, uvs, gloss, places,
                    )  # fmt: skip
                    places[_SHARE + count], pixels[count] = _ONE if whole else _PART, x
                    count += 1
                previous = t
        if not unlit:
            _light(places, count, lights)
        _paint(places, pixels, count, texture, row)
        for x in range(columns):
            for k in range(3):
                image[first + y, x, k] = table[int(min(max(row[x, k], _ZERO), _ONE) * _STEPS)]
