"""Spectacles: two wire rims with clear lenses, a bridge over the nose, temples to the ears."""

from __future__ import annotations

from typing import Any

import numpy as np
from head import Floats
from stage import add_mesh, clear_material

#: Half the width and height of a rim, its wire's radius, and the way from the cornea to the lens, centimetres.
RIM = (2.35, 2.1)
WIRE = 0.115
VERTEX_DISTANCE = 1.35
#: How far a lens lies below the pupil, and how squarish its rim is (exponent of the superellipse).
DROP, SQUARE = 0.4, 2.5


def wear(eyes: Floats, metal: Any) -> None:
    """Put spectacles before a sculpted head's eyes (2, 4), centre and radius each."""
    for name, (x, y, z, radius) in zip(("left", "right"), eyes, strict=True):
        side = float(np.sign(x))
        centre = np.array([x, y - DROP, z + radius + VERTEX_DISTANCE])
        angle = np.linspace(0, 2 * np.pi, 97)
        ring = centre + _wrapped(_superellipse(angle), side)
        _wire(f"{name} rim", ring, metal)
        _lens(f"{name} lens", centre, ring[:-1])
        hinge = centre + np.array([side * (RIM[0] + 0.1), 0.55, -0.45])
        temple = np.array(
            [hinge, [side * 7.35, hinge[1] + 0.05, 5.5], [side * 7.9, hinge[1], 1.5], [side * 8.1, y, -1.5]]
        )
        _wire(f"{name} temple", _curve(temple, 60), metal)
    inner = np.array([[x - np.sign(x) * RIM[0], y - DROP + 0.55, z + r + VERTEX_DISTANCE] for x, y, z, r in eyes])
    top = inner.mean(0) + np.array([0.0, 0.28, 0.75])
    _wire("bridge", _curve(np.array([inner[0], top, inner[1]]), 30), metal)


def _superellipse(angle: Floats) -> Floats:
    c, s = np.cos(angle), np.sin(angle)
    power = 2 / SQUARE
    return np.c_[RIM[0] * np.sign(c) * np.abs(c) ** power, RIM[1] * np.sign(s) * np.abs(s) ** power, 0 * c]


def _wrapped(ring: Floats, side: float) -> Floats:
    """Bend a flat ring's outer half back around the face."""
    outward = np.maximum(ring[:, 0] * side, 0)
    return ring - np.c_[0 * outward, 0 * outward, 0.08 * outward**2]


def _curve(points: Floats, count: int) -> Floats:
    """Smooth way through points (n, 3)."""
    from scipy.interpolate import PchipInterpolator

    return np.asarray(PchipInterpolator(np.linspace(0, 1, len(points)), points)(np.linspace(0, 1, count)))


def _wire(name: str, path: Floats, material: Any, sectors: int = 12) -> None:
    """A round wire along a way (n, 3) that nowhere runs straight to or from the camera."""
    tangent = np.gradient(path, axis=0)
    if np.allclose(path[0], path[-1]):
        tangent[0] = tangent[-1] = path[1] - path[-2]
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    reference = np.where(np.abs(tangent[:, 2:]) > 0.9, [0.0, 1.0, 0.0], [0.0, 0.0, 1.0])
    side = np.cross(tangent, reference)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(side, tangent)
    turn = np.linspace(0, 2 * np.pi, sectors, endpoint=False)[None, :, None]
    points = path[:, None] + WIRE * (np.cos(turn) * side[:, None] + np.sin(turn) * up[:, None])
    at = np.arange(points.shape[0] * sectors).reshape(-1, sectors)
    after = np.roll(at, -1, axis=1)
    faces = np.stack([at[:-1], after[:-1], after[1:], at[1:]], -1).reshape(-1, 4)
    add_mesh(name, points.reshape(-1, 3), faces.tolist(), material)


def _lens(name: str, centre: Floats, ring: Floats) -> None:
    """A thin clear pane, slightly domed, within a ring."""
    shares = np.linspace(1, 0, 8)[:-1]
    points = [centre + share * (ring - centre) + np.array([0, 0, 0.18 * (1 - share**2)]) for share in shares]
    vertices = np.concatenate([*points, [centre + np.array([0, 0, 0.18])]])
    n = len(ring)
    at = np.arange(len(shares) * n).reshape(-1, n)
    after = np.roll(at, -1, axis=1)
    faces = np.stack([at[:-1], after[:-1], after[1:], at[1:]], -1).reshape(-1, 4).tolist()
    faces += [[int(a), int(b), len(vertices) - 1] for a, b in zip(at[-1], after[-1], strict=True)]
    add_mesh(name, vertices, faces, clear_material(strength=0.5))
