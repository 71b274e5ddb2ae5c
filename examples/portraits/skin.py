"""Skin painted into texture space: colour, roughness and relief as functions of the place on the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from head import Floats, Head
from noise import Noise, smoothstep
from scipy.interpolate import CubicSpline, LinearNDInterpolator
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

TEXELS = 1280  # per chart; the texture is two charts wide


@dataclass(frozen=True)
class SkinTone:
    """Colours of a complexion, sRGB 0-1, and how strongly each feature shows (0 = absent)."""

    base: tuple[float, float, float]
    flush: tuple[float, float, float]
    shade: tuple[float, float, float]
    lips: tuple[float, float, float]
    freckle: tuple[float, float, float] = (0.55, 0.33, 0.2)
    freckles: float = 0.0
    blush: float = 1.0
    mottle: float = 1.0
    lip_depth: float = 0.8
    hair: tuple[float, float, float] = (0.2, 0.12, 0.08)
    brow_shadow: float = 0.35
    stubble: float = 0.0
    dryness: float = 0.0
    age: float = 0.0


@dataclass(frozen=True)
class SkinMaps:
    """Texture images of shape (TEXELS, 2 TEXELS): colour (…, 3) sRGB, roughness, wetness and relief 0-1."""

    colour: Floats
    roughness: Floats
    relief: Floats


def position_map(head: Head) -> Floats:
    """Canonical position of each texel, (TEXELS, 2 TEXELS, 3), row 0 at v = 0."""
    maps = []
    axis = (np.arange(TEXELS) + 0.5) / TEXELS
    u, v = np.meshgrid(axis, axis)
    for chart in (0, 1):
        seen: dict[tuple[float, float], int] = {}
        for face, corners in zip(head.faces, head.uv, strict=True):
            for vertex, corner in zip(face, corners, strict=True):
                if chart <= corner[0] < chart + 1:
                    seen[(corner[0] - chart, corner[1])] = vertex
        places = np.array(list(seen))
        field = LinearNDInterpolator(places, head.canonical[list(seen.values())])
        grid = field(u, v)
        hole = np.isnan(grid[..., 0])
        grid[hole] = head.canonical[list(seen.values())][cKDTree(places).query(np.c_[u[hole], v[hole]])[1]]
        maps.append(grid)
    return np.concatenate(maps, axis=1)


def _blob(p: Floats, at: tuple[float, float, float], radius: tuple[float, float, float]) -> Floats:
    """Soft ball at `at` and its mirror image, 0-1."""
    offset = np.stack([np.abs(p[..., 0]) - at[0], p[..., 1] - at[1], p[..., 2] - at[2]], -1)
    return np.asarray(np.exp(-0.5 * ((offset / np.array(radius)) ** 2).sum(-1)))


def polygon_distance(x: Floats, y: Floats, ring: Floats) -> Floats:
    """Signed distance to a smooth closed curve through `ring` (n, 2), negative inside."""
    closed = np.r_[ring, ring[:1]]
    steps = np.r_[0, np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))]
    spline = CubicSpline(steps, closed, bc_type="periodic")
    along = np.linspace(0, steps[-1], 800, endpoint=False)
    curve, tangent = spline(along), spline(along, 1)
    flat = np.c_[x.ravel(), y.ravel()]
    distance, index = cKDTree(curve).query(flat)
    offset = flat - curve[index]
    turn = tangent[index, 0] * offset[:, 1] - tangent[index, 1] * offset[:, 0]
    area = np.sum(curve[:, 0] * np.roll(curve[:, 1], -1) - curve[:, 1] * np.roll(curve[:, 0], -1))
    return np.where(turn * area > 0, -distance, distance).reshape(x.shape)


def lip_mask(head: Head, p: Floats, softness: float = 0.14) -> Floats:
    """1 on the red of the lips, easing out over `softness` cm."""
    ring = head.landmarks[48:60, :2].copy()
    near = (np.abs(p[..., 0]) < 4) & (np.abs(p[..., 1] + 3.4) < 3) & (p[..., 2] > 9)
    mask = np.zeros(p.shape[:-1])
    q = p[near]
    mask[near] = smoothstep(softness, -softness, polygon_distance(q[:, 0], q[:, 1], ring))
    return mask


def _freckles(p: Floats, amount: float, seed: int) -> Floats:
    """Pigment spots over nose and cheeks, few elsewhere; 0-1."""
    rng = np.random.default_rng(seed)
    front = p[(p[..., 2] > 5) & (p[..., 1] > -6) & (p[..., 1] < 9)]
    chance = 0.9 * _blob(front, (3.6, 1.0, 9.0), (2.3, 1.1, 4)) + 0.8 * _blob(front, (0, 2.0, 11), (1.2, 1.5, 4))
    chance += 0.06 * _blob(front, (2.5, 7, 9), (3.5, 1.5, 5)) + 0.05 * _blob(front, (1.5, -5, 9), (4, 2, 5))
    chosen = front[rng.choice(len(front), int(2000 * amount), p=chance / chance.sum())]
    size = rng.lognormal(np.log(0.036), 0.42, len(chosen))
    depth = rng.beta(1.6, 2.6, len(chosen)) * np.clip(size / 0.04, 0.6, 1.15)
    near = p[..., 2] > 4
    distance, index = cKDTree(chosen).query(p[near], k=4, distance_upper_bound=0.4)
    size, depth = np.r_[size, 1.0], np.r_[depth, 0.0]
    ink = np.where(np.isfinite(distance), depth[index] * np.exp(-((distance / size[index]) ** 2) * 0.9), 0.0)
    out = np.zeros(p.shape[:-1])
    out[near] = 1 - np.prod(1 - np.clip(ink, 0, 0.95), axis=1)
    return out


def beard_region(p: Floats) -> Floats:
    """Where a full beard grows, 0-1: moustache, chin, jaw up to the ears, a little under the jaw."""
    x, y, z = np.abs(p[..., 0]), p[..., 1], p[..., 2]
    upper = -2.6 + 0.04 * np.clip(x - 1.5, 0, None) ** 2 + 0.25 * np.clip(x - 5.0, 0, None) ** 2
    lower = np.interp(x, [0, 3.0, 4.3, 5.7, 6.6, 7.4], [-8.9, -8.5, -7.5, -5.9, -3.4, -1.0])
    jaw = smoothstep(0.6, -0.6, y - upper) * smoothstep(-0.5, 0.4, y - lower) * smoothstep(1.0, 2.5, z)
    moustache = smoothstep(-1.25, -1.75, y) * smoothstep(3.5, 2.8, x) * smoothstep(-4.0, -3.6, y) * (z > 8)
    moustache = moustache * (0.35 + 0.65 * smoothstep(0.1, 0.35, x))
    side = smoothstep(5.9, 6.6, x) * smoothstep(6.5, 3.5, y) * smoothstep(2.6, 3.4, z) * smoothstep(6.4, 5.4, z)
    mouth = np.hypot(x / 2.75, (y + 3.42) / 0.98)
    bare = smoothstep(0.95, 1.06, mouth)
    patch = 1 - 0.75 * np.exp(-(((x - 1.3) / 0.55) ** 2) - ((y + 4.9) / 0.45) ** 2)
    return np.asarray(np.clip(np.maximum(np.maximum(jaw, moustache), side * (y > -3)), 0, 1) * bare * patch)


def brow_region(head: Head, p: Floats, lift: float = 0.0, width: float = 1.0) -> Floats:
    """The band where brows grow, 0-1."""
    arc = head.landmarks[22:27]
    x = np.abs(p[..., 0])
    centre = np.interp(x, arc[:, 0], arc[:, 1]) + lift
    half = width * np.interp(x, [1.0, 2.0, 4.0, 5.9], [0.32, 0.37, 0.29, 0.12])
    band = smoothstep(1.25, 0.5, np.abs(p[..., 1] - centre) / half)
    return np.asarray(band * smoothstep(0.95, 1.5, x) * smoothstep(6.3, 5.6, x) * (p[..., 2] > 5))


def _mix(colour: Floats, other: tuple[float, float, float] | Floats, weight: Floats) -> Floats:
    w = np.clip(weight, 0, 1)[..., None]
    return np.asarray(colour * (1 - w) + np.asarray(other) * w)


def paint_skin(head: Head, p: Floats, tone: SkinTone, scalp: Floats, seed: int) -> SkinMaps:
    """Paint a complexion.

    Parameters
    ----------
    p : (h, w, 3) canonical position of every texel, from `position_map`
    scalp : (h, w) 0-1, where head hair is rooted
    """
    noise = Noise(seed)
    colour = np.broadcast_to(np.array(tone.base), p.shape).copy()
    mottle = 0.6 * noise(p, 2.4, 3) + 0.4 * noise(p, 0.35, 2)
    colour *= (1 + 0.020 * tone.mottle * mottle)[..., None]
    colour = _mix(colour, tone.flush, 0.05 * tone.mottle * np.clip(noise(p + 40, 0.9, 3), 0, 3))
    flush = 0.40 * _blob(p, (4.2, 0.2, 8.6), (1.9, 1.6, 3)) + 0.34 * _blob(p, (0, 0.6, 12.8), (0.9, 0.8, 1.4))
    flush += 0.30 * _blob(p, (1.2, -0.6, 11), (0.55, 0.6, 1.0)) + 0.22 * _blob(p, (0, -6.2, 11), (1.5, 0.9, 2))
    flush += 0.55 * smoothstep(7.3, 8.2, np.abs(p[..., 0])) * (p[..., 1] > -3) * (p[..., 1] < 7)
    flush += 0.20 * _blob(p, (1.3, 6.0, 10), (2.5, 0.8, 3))
    colour = _mix(colour, tone.flush, tone.blush * flush * (1 + 0.08 * noise(p, 0.9, 2)))
    eye = head.eyes[0][:3]
    shade = 0.30 * _blob(p, (2.2, 2.55, 9.2), (1.2, 0.5, 2)) + 0.36 * _blob(p, (3.1, 4.45, 9.3), (1.6, 0.42, 2))
    shade += 0.30 * _blob(p, (1.75, 3.9, 9.5), (0.6, 0.8, 1.5)) + 0.10 * smoothstep(-5.5, -9, p[..., 1])
    colour = _mix(colour, tone.shade, shade * (1 + 0.3 * tone.age))
    rim = _blob(p, (float(abs(eye[0])), 3.5, 9.2), (1.55, 0.5, 1.2))
    colour = _mix(colour, tone.flush, 0.35 * rim)
    colour = _mix(colour, tone.hair, tone.brow_shadow * brow_region(head, p))
    colour = _mix(colour, tone.hair, 0.6 * gaussian_filter(scalp, 6))
    if tone.stubble:
        grain = np.clip(0.8 + 0.25 * noise(p, 0.06), 0, 1)
        colour = _mix(colour, tone.hair, tone.stubble * beard_region(p) * grain)
    lips = lip_mask(head, p)
    streak = noise(p * np.array([1.0, 0.16, 0.16]), 0.07, 2)
    lip_colour = np.array(tone.lips) * (1 + 0.018 * streak + 0.04 * noise(p, 0.5))[..., None]
    upper = smoothstep(-3.55, -3.25, p[..., 1])
    lip_colour = lip_colour * (1 - 0.12 * upper)[..., None]
    colour = _mix(colour, lip_colour, tone.lip_depth * lips)
    seam = np.exp(-(((p[..., 1] + 3.36 - 0.012 * p[..., 0] ** 2) / 0.10) ** 2)) * lips
    colour = _mix(colour, 0.45 * np.array(tone.lips), 0.6 * seam)
    if tone.freckles:
        ink = _freckles(p, tone.freckles, seed) * (1 - 0.8 * lips)
        colour = _mix(colour, tone.freckle, 0.8 * ink)
    gloss = 0.10 * _blob(p, (0, 1.5, 12), (0.9, 2.0, 2)) + 0.06 * _blob(p, (0, 8, 10), (3, 2, 4))
    roughness = 0.47 + tone.dryness - gloss + 0.02 * noise(p, 0.3, 2) - 0.13 * lips
    relief = 0.5 + 0.09 * noise(p, 0.06, 2) * (1 - lips) + 0.05 * streak * lips + 0.05 * noise(p, 0.3, 2)
    relief = gaussian_filter(relief, 0.7)
    return SkinMaps(np.clip(colour, 0, 1), np.clip(roughness, 0.1, 0.9), np.clip(relief, 0, 1))
