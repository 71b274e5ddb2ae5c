"""Eyeballs: a painted sphere with a sunken iris, and a clear cornea over it that carries the highlight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from head import Floats
from noise import smoothstep
from scipy.ndimage import gaussian_filter

TEXELS = 1024
SPAN = 1.0  # the texture covers the disc of radius SPAN * eyeball radius, seen along the gaze


@dataclass(frozen=True)
class Iris:
    """Look of an eye; colours sRGB 0-1, radius in centimetres."""

    inner: tuple[float, float, float]
    outer: tuple[float, float, float]
    rim: tuple[float, float, float]
    white: tuple[float, float, float] = (0.86, 0.82, 0.80)
    radius: float = 0.63
    pupil: float = 0.36


def paint_eye(iris: Iris, eyeball_radius: float, seed: int) -> Floats:
    """Texture of the front of the eyeball, (TEXELS, TEXELS, 3) sRGB, row 0 at the bottom."""
    rng = np.random.default_rng(seed)
    axis = (np.arange(TEXELS) + 0.5) / TEXELS * 2 - 1
    x, y = np.meshgrid(axis, axis)
    ring = np.hypot(x, y) * eyeball_radius * SPAN / iris.radius
    angle = np.arctan2(y, x)
    fibres = _fibres(angle, ring, rng)
    blend = smoothstep(0.42, 0.86, ring + 0.16 * fibres)
    colour = np.array(iris.inner) * (1 - blend)[..., None] + np.array(iris.outer) * blend[..., None]
    colour = colour * (1 + 0.42 * fibres)[..., None]
    collar = np.exp(-(((ring - 0.52 - 0.03 * fibres) / 0.06) ** 2))
    colour = colour * (1 + 0.28 * collar)[..., None]
    limbus = smoothstep(0.80, 1.0, ring)[..., None]
    colour = colour * (1 - limbus) + np.array(iris.rim) * limbus
    below = 0.85 + 0.45 * smoothstep(0.35, -0.75, y * eyeball_radius / iris.radius)
    colour = colour * below[..., None]
    pupil = smoothstep(iris.pupil + 0.05, iris.pupil - 0.04, ring)[..., None]
    colour = colour * (1 - pupil) + 0.012 * pupil
    white = np.broadcast_to(np.array(iris.white), colour.shape).copy()
    far = smoothstep(1.1, 2.2, ring)[..., None]
    white = white * (1 - far * np.array([0.05, 0.13, 0.13]))
    white -= 0.07 * _veins(rng)[..., None] * far * np.array([0.35, 1.0, 0.9])
    edge = smoothstep(0.95, 1.10, ring)[..., None]
    return np.asarray(np.clip(colour * (1 - edge) + white * edge, 0, 1))


def _fibres(angle: Floats, ring: Floats, rng: np.random.Generator) -> Floats:
    """Radial streaks with zero mean, about -1 to 1."""
    table = np.zeros(4096)
    for width, weight in ((3, 1.0), (9, 0.8), (30, 0.6)):
        grain = gaussian_filter(rng.standard_normal(4096), width, mode="wrap")
        table += weight * grain / grain.std()
    twist = 0.05 * np.sin(7 * angle + 4 * ring)
    index = ((angle + twist) / (2 * np.pi) * 4096).astype(int) % 4096
    return np.asarray(np.clip(table[index] / 2.2, -1, 1) * smoothstep(1.05, 0.7, ring))


def _veins(rng: np.random.Generator) -> Floats:
    field = gaussian_filter(rng.standard_normal((TEXELS, TEXELS)), 9)
    field /= field.std()
    return gaussian_filter(np.exp(-((field / 0.07) ** 2)), 1.2)


def eyeball(radius: float, iris_radius: float, rings: int = 96, sectors: int = 96) -> tuple[Floats, list[list[int]]]:
    """Front-facing sphere about the origin, gaze along +z, with the iris sunk into a shallow bowl."""
    theta = np.linspace(0, np.pi * 0.72, rings)
    return _spin(theta, lambda rho: -0.07 * smoothstep(iris_radius * 1.02, iris_radius * 0.75, rho), radius, sectors)


def cornea(radius: float, iris_radius: float, rings: int = 64, sectors: int = 96) -> tuple[Floats, list[list[int]]]:
    """Clear shell just outside the eyeball, bulging over the iris."""
    theta = np.linspace(0, np.pi * 0.6, rings)
    reach = iris_radius * 1.25
    return _spin(theta, lambda rho: 0.006 + 0.15 * np.clip(1 - (rho / reach) ** 2, 0, 1) ** 1.5, radius, sectors)


def _spin(
    theta: Floats, relief: Callable[[Floats], Floats], radius: float, sectors: int
) -> tuple[Floats, list[list[int]]]:
    phi = np.linspace(0, 2 * np.pi, sectors, endpoint=False)
    rho = radius * np.sin(theta)
    lift = np.where(theta < np.pi / 2, relief(rho), 0.006)
    r = radius + lift
    points = np.stack(
        [
            (r * np.sin(theta))[:, None] * np.cos(phi),
            (r * np.sin(theta))[:, None] * np.sin(phi),
            (r * np.cos(theta))[:, None] * np.ones_like(phi),
        ],
        -1,
    ).reshape(-1, 3)
    faces = []
    for i in range(len(theta) - 1):
        for j in range(sectors):
            k = (j + 1) % sectors
            faces.append([i * sectors + j, (i + 1) * sectors + j, (i + 1) * sectors + k, i * sectors + k])
    return points, faces


def aim(points: Floats, centre: Floats, target: Floats) -> Floats:
    """Turn points that look along +z towards `target` and move them to `centre`."""
    forward = target - centre
    forward = forward / np.linalg.norm(forward)
    right = np.cross([0.0, 1.0, 0.0], forward)
    right /= np.linalg.norm(right)
    up = np.cross(forward, right)
    return np.asarray(points @ np.stack([right, up, forward]) + centre)
