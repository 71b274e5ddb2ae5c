"""Eyeballs and the paint of a head without a photo: one small texture for skin, mouth, teeth and eyes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["PAINTS", "eyeball", "paint_uv", "painted_texture"]

#: Radius of an eyeball and of its iris, metres (adult means: 12.0 mm and 5.9 mm).
EYE_RADIUS_M = 0.012
IRIS_RADIUS_M = 0.0059
PUPIL_RADIUS_M = 0.0021

#: Part → sRGB.
PAINTS: dict[str, tuple[int, int, int]] = {
    "skin": (205, 168, 148),
    "socket": (92, 38, 36),
    "gums": (176, 92, 92),
    "teeth": (232, 226, 212),
}

_TILE_PX = 256
_RINGS, _SECTORS = 24, 32


def paint_uv(part: str, bright: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return (V, 2) texture coordinates of a paint, from dark (0) to its full colour (1).

    Engines that cast no shadows would light the inside of a mouth like a cheek; so its shadow is painted.
    """
    row = (list(PAINTS).index(part) + 0.5) / len(PAINTS)
    uvs: npt.NDArray[np.float32] = np.stack([0.51 + 0.48 * bright, np.full_like(bright, row)], axis=1)
    return uvs


def eyeball(
    centre: npt.NDArray[np.float32], radius_m: float = EYE_RADIUS_M
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Return vertices, triangles and texture coordinates of an eyeball that looks along +Z.

    Rings run around the line of sight, so that iris and pupil are round in the texture.
    """
    polar = np.linspace(0.0, np.pi, _RINGS + 1)
    angle = np.arange(_SECTORS) * (2 * np.pi / _SECTORS)
    ring, turn = np.meshgrid(polar, angle, indexing="ij")
    points = np.stack([np.sin(ring) * np.cos(turn), np.sin(ring) * np.sin(turn), np.cos(ring)], -1)
    flat = np.stack([np.cos(turn) * ring, -np.sin(turn) * ring], -1) / np.pi
    uvs = 0.5 + 0.49 * flat
    uvs[..., 0] *= 0.5
    first = (np.arange(_RINGS)[:, None] * _SECTORS + np.arange(_SECTORS)).ravel()
    beside = (np.arange(_RINGS)[:, None] * _SECTORS + (np.arange(_SECTORS) + 1) % _SECTORS).ravel()
    below, across = first + _SECTORS, beside + _SECTORS
    # The second triangles of the first ring would have two corners at the pole.
    triangles = np.concatenate([np.stack([first, below, across], 1), np.stack([first, across, beside], 1)[_SECTORS:]])
    vertices = centre + radius_m * points.reshape(-1, 3)
    return vertices.astype(np.float32), triangles.astype(np.int32), uvs.reshape(-1, 2).astype(np.float32)


@lru_cache(maxsize=1)
def painted_texture() -> npt.NDArray[np.uint8]:
    """Return the (256, 512, 3) uint8 texture: an eye on the left, plain paints on the right."""
    texture = np.zeros((_TILE_PX, 2 * _TILE_PX, 3), np.uint8)
    texture[:, :_TILE_PX] = _eye()
    height = _TILE_PX // len(PAINTS)
    for row, colour in enumerate(PAINTS.values()):
        ramp = np.clip((np.arange(_TILE_PX) / _TILE_PX - 0.02) / 0.96, 0.0, 1.0)
        texture[row * height : (row + 1) * height, _TILE_PX:] = np.round(ramp[:, None] * np.array(colour))
    texture.setflags(write=False)
    return texture


def _eye() -> npt.NDArray[np.uint8]:
    """Return an eye seen along its line of sight; the radius in the picture is the angle from that line."""
    axis = (np.arange(_TILE_PX) + 0.5) / _TILE_PX - 0.5
    x, y = np.meshgrid(axis, axis)
    angle = np.hypot(x, y) / 0.49 * np.pi
    turn = np.arctan2(y, x)
    iris, pupil = np.arcsin(IRIS_RADIUS_M / EYE_RADIUS_M), np.arcsin(PUPIL_RADIUS_M / EYE_RADIUS_M)
    fibres = 0.5 + 0.25 * np.sin(23 * turn + 2 * np.sin(5 * turn)) + 0.25 * np.sin(41 * turn)
    depth = np.clip((angle - pupil) / (iris - pupil), 0, 1)
    brown, dark = np.array([116.0, 82.0, 52.0]), np.array([38.0, 26.0, 20.0])
    shade = (0.35 + 0.45 * fibres * (1 - depth) + 0.35 * (1 - np.abs(2 * depth - 0.9)))[..., None]
    colour = dark + (brown - dark) * np.clip(shade, 0, 1.2)
    white = np.array([236.0, 230.0, 224.0]) - np.clip(angle / np.pi, 0, 1)[..., None] * np.array([10.0, 46.0, 50.0])

    def step(border: float, width: float) -> npt.NDArray[np.float64]:
        part: npt.NDArray[np.float64] = np.clip((angle - border) / width + 0.5, 0, 1)[..., None]
        return part

    colour = np.array([12.0, 10.0, 10.0]) * (1 - step(pupil, 0.05)) + colour * step(pupil, 0.05)
    colour = colour * (1 - 0.75 * step(iris - 0.05, 0.08))
    eye: npt.NDArray[np.uint8] = np.clip(colour * (1 - step(iris, 0.05)) + white * step(iris, 0.05), 0, 255).astype(
        np.uint8
    )
    return eye
