"""Hair as curves: head hair, brows, lashes and beard, each an array of strands (n, points, 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from head import OUTER_VERTICES, Floats, Head
from noise import Noise, smoothstep
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

Flow = Callable[[Floats, Floats, Floats, float], Floats]


@dataclass(frozen=True)
class Strands:
    """Curves with one radius per point.

    Attributes
    ----------
    points : (n, p, 3) float64, centimetres
    radius : (n, p) float64, centimetres
    shade : (n,) float64, 0-1, place on the material's colour ramp
    """

    points: Floats
    radius: Floats
    shade: Floats


def join(parts: list[Strands]) -> Strands:
    """Put sets of strands with the same number of points together."""
    return Strands(
        np.concatenate([s.points for s in parts]),
        np.concatenate([s.radius for s in parts]),
        np.concatenate([s.shade for s in parts]),
    )


class Skull:
    """The sculpted skin with normals; finds the nearest place and pushes strands out of it."""

    def __init__(self, head: Head, ears: bool = True) -> None:
        self.vertices = head.vertices
        normal = np.zeros_like(head.vertices)
        triangles = []
        for face in head.faces:
            triangles += [[face[0], face[i], face[i + 1]] for i in range(1, len(face) - 1)]
        self.triangles = np.array(triangles)
        a, b, c = (head.vertices[self.triangles[:, i]] for i in range(3))
        cross = np.cross(b - a, c - a)
        for i in range(3):
            np.add.at(normal, self.triangles[:, i], cross)
        self.normals = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        self.area = 0.5 * np.linalg.norm(cross, axis=1)
        outer = np.unique(self.triangles)
        outer = outer[outer < OUTER_VERTICES]
        x, y = np.abs(head.canonical[outer, 0]), head.canonical[outer, 1]
        self._outer = outer if ears else outer[(x < 7.5) | (y > 5) | (y < -4)]
        self.tree = cKDTree(self.vertices[self._outer])

    def nearest(self, p: Floats) -> tuple[Floats, Floats]:
        """Signed height above the skin (n,) and the outward normal (n, 3) for points (n, 3)."""
        distance, index = self.tree.query(p, k=3)
        weight = 1 / (distance + 1e-3)
        weight /= weight.sum(1, keepdims=True)
        rows = self._outer[index]
        normal = (self.normals[rows] * weight[..., None]).sum(1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        base = (self.vertices[rows] * weight[..., None]).sum(1)
        return ((p - base) * normal).sum(1), normal

    def scatter(
        self, head: Head, density: Callable[[Floats], Floats], count: int, seed: int
    ) -> tuple[Floats, Floats, Floats]:
        """Draw roots with probability `density(canonical)`; returns place, normal and canonical place."""
        rng = np.random.default_rng(seed)
        corner = head.canonical[self.triangles]
        centre = corner.mean(1)
        chance = self.area * np.clip(density(centre), 0, None) * (self.triangles.max(1) < OUTER_VERTICES)
        pick = rng.choice(len(chance), count * 2, p=chance / chance.sum())
        u, v = rng.random((2, len(pick)))
        flip = u + v > 1
        u, v = np.where(flip, 1 - u, u), np.where(flip, 1 - v, v)
        weights = np.stack([1 - u - v, u, v], 1)[..., None]
        canonical = (corner[pick] * weights).sum(1)
        keep = np.flatnonzero(rng.random(len(pick)) < np.clip(density(canonical) * 1.2, 0, 1))[:count]
        place = (self.vertices[self.triangles[pick]] * weights).sum(1)[keep]
        normal = (self.normals[self.triangles[pick]] * weights).sum(1)[keep]
        return place, normal / np.linalg.norm(normal, axis=1, keepdims=True), canonical[keep]


def unit(v: Floats) -> Floats:
    """Normalise the last axis."""
    return np.asarray(v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9))


def grow(
    skull: Skull,
    roots: Floats,
    start: Floats,
    length: Floats,
    points: int,
    flow: Flow,
    clearance: Floats,
    cling: float = 0.0,
    shell: tuple[Floats, Floats, Floats] | None = None,
) -> Floats:
    """Integrate strands from `roots` (n, 3) along `flow(place, direction, root, fraction)`, kept above the skin.

    clearance : (n,) height in centimetres that a strand keeps above the skin once it has left its root
    shell : centre, semi-axes and each strand's relative swelling of an ellipsoid that strands stay outside of
    cling : 0-1, how fast strands that rise higher than that sink back, above the jaw
    """
    path = [roots]
    direction = unit(start)
    step = (length / (points - 1))[:, None]
    for k in range(1, points):
        here = path[-1]
        t = k / (points - 1)
        direction = unit(flow(here, direction, roots, t))
        there = here + step * direction
        height, normal = skull.nearest(there)
        wanted = clearance * min(1.0, 4.0 * t)
        push = np.clip(wanted - height, 0, 1.5)[:, None]
        sink = cling * smoothstep(-5.0, -1.0, there[:, 1]) * np.clip(height - wanted - 0.15, 0, 1.0)
        there = there + (push - sink[:, None]) * normal
        if shell is not None:
            middle, axes, swell = shell
            radius = np.linalg.norm((there - middle) / axes, axis=1) / (1 + swell * min(1.0, 3.0 * t))
            out = np.clip(1 - radius, 0, 0.25) * min(1.0, 3.0 * t) * (there[:, 1] > middle[1] - 0.75 * axes[1])
            there = there + out[:, None] * (there - middle)
        direction = unit(there - here)
        path.append(there)
    return np.stack(path, 1)


def taper(count: int, points: int, radius: float, tip: float = 0.25, root: float = 0.8) -> Floats:
    """Thickness along the strand: thinner at the root, thin at the tip, (count, points)."""
    t = np.linspace(0, 1, points)
    profile = np.interp(t, [0, 0.15, 0.6, 1], [root, 1, 0.85, tip])
    return np.asarray(np.broadcast_to(radius * profile, (count, points)).copy())


def clump(
    guides: Floats, per_guide: int, spread: float, gather: float, frizz: float, noise: Noise, seed: int
) -> Floats:
    """Surround each guide (g, p, 3) with strands that draw together towards the tip.

    spread : root offset in centimetres; gather : 0-1, how much of it is gone at the tip; frizz : wander in centimetres
    """
    rng = np.random.default_rng(seed)
    g, p, _ = guides.shape
    offset = rng.normal(0, 1, (g, per_guide, 1, 3)) * spread
    t = np.linspace(0, 1, p)[None, None, :, None]
    shrink = 1 - gather * smoothstep(0.0, 0.9, t)
    cut = rng.uniform(0.82, 1.0, (g, per_guide, 1, 1))
    base = np.stack(
        [np.interp(np.linspace(0, 1, p), np.linspace(0, 1, p), guides[i, :, k]) for i in range(g) for k in range(3)]
    )
    base = base.reshape(g, 3, p).transpose(0, 2, 1)
    sample = np.clip(t * cut, 0, 1) * (p - 1)
    low = np.clip(sample.astype(int), 0, p - 2)
    part = sample - low
    rows = np.arange(g)[:, None, None]
    low = low[..., 0]
    where = base[rows, low] * (1 - part) + base[rows, low + 1] * part
    out = where + offset * shrink
    key = rng.uniform(-50, 50, (g, per_guide, 1, 3))
    wander = np.stack([noise(out * 0.6 + key + 31.0 * axis, 2.2, 2) for axis in range(3)], -1)
    return np.asarray((out + frizz * t * wander).reshape(g * per_guide, p, 3))


def _skin_depth(head: Head, x: Floats, y: Floats) -> Floats:
    """Frontmost skin z over the grid x (n,), y (m,), (m, n); -inf where there is none."""
    depth = np.full((len(y), len(x)), -np.inf)
    for face in head.faces:
        corner = head.vertices[face]
        if corner[:, 2].max() < 5 or corner[:, 0].max() < x[0] or corner[:, 0].min() > x[-1]:
            continue
        if corner[:, 1].max() < y[0] or corner[:, 1].min() > y[-1]:
            continue
        for k in range(1, len(face) - 1):
            a, b, c = corner[0], corner[k], corner[k + 1]
            i = np.flatnonzero((x >= min(a[0], b[0], c[0])) & (x <= max(a[0], b[0], c[0])))
            j = np.flatnonzero((y >= min(a[1], b[1], c[1])) & (y <= max(a[1], b[1], c[1])))
            area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
            if not len(i) or not len(j) or abs(area) < 1e-9:
                continue
            gx, gy = np.meshgrid(x[i], y[j])
            u = ((gx - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (gy - a[1])) / area
            v = ((b[0] - a[0]) * (gy - a[1]) - (gx - a[0]) * (b[1] - a[1])) / area
            z = np.where((u >= 0) & (v >= 0) & (u + v <= 1), a[2] + u * (b[2] - a[2]) + v * (c[2] - a[2]), -np.inf)
            block = np.ix_(j, i)
            depth[block] = np.maximum(depth[block], z)
    return depth


def lid_edges(head: Head) -> list[tuple[Floats, Floats]]:
    """Visible edge of the upper and lower lid of the left and right eye, inner to outer corner."""
    result = []
    for eye in head.eyes[np.argsort(-head.eyes[:, 0])]:
        x, y = eye[0] + np.arange(-1.9, 1.9, 0.03), eye[1] + np.arange(-1.2, 1.2, 0.02)
        gx, gy = np.meshgrid(x, y)
        depth = _skin_depth(head, x, y)
        ball = eye[2] + np.sqrt(np.clip(eye[3] ** 2 - (gx - eye[0]) ** 2 - (gy - eye[1]) ** 2, 0, None))
        seen = (ball > depth) & (np.abs(gy - eye[1]) < 1.1)
        columns = np.flatnonzero(seen.sum(0) >= 3)
        arcs = []
        for last in (True, False):
            rows = [np.flatnonzero(seen[:, c])[-1] + 1 if last else np.flatnonzero(seen[:, c])[0] - 1 for c in columns]
            edge = np.stack([x[columns], y[rows], depth[rows, columns]], 1)
            edge[:, 1:] = gaussian_filter1d(edge[:, 1:], 3.0, axis=0, mode="nearest")
            arcs.append(edge if eye[0] > 0 else edge[::-1])
        result.append((arcs[0], arcs[1]))
    return result


def lash_lines(head: Head, weight: float = 1.0) -> Strands:
    """The dark line that the roots of the lashes draw along the lids."""
    t = np.linspace(0.06, 1.0, 40)
    lines, widths = [], []
    for arcs in lid_edges(head):
        for arc, width in zip(arcs, (0.045, 0.014), strict=True):
            lines.append(_along(arc, t) + np.array([0.0, 0.0, 0.01]))
            widths.append(weight * width * np.interp(t, [0, 0.4, 0.85, 1.0], [0.25, 0.8, 1.15, 0.5]))
    return Strands(np.array(lines), np.array(widths), np.zeros(len(lines)))


def _along(arc: Floats, t: Floats) -> Floats:
    steps = np.r_[0, np.cumsum(np.linalg.norm(np.diff(arc, axis=0), axis=1))]
    return np.stack([np.interp(t * steps[-1], steps, arc[:, k]) for k in range(3)], 1)


def lashes(head: Head, seed: int, length: float = 0.85, upper: int = 210, lower: int = 75) -> Strands:
    """Upper and lower lashes, in small groups, curling away from the eye."""
    rng = np.random.default_rng(seed)
    parts = []
    s = np.linspace(0, 1, 10)[None, :, None]
    for side, arcs in zip((1, -1), lid_edges(head), strict=True):
        for is_upper, arc, count in ((True, arcs[0], upper), (False, arcs[1], lower)):
            groups = count // 3
            centre = np.sort(rng.uniform(0.12, 0.98, groups))
            t = np.clip(np.repeat(centre, 3) + rng.normal(0, 0.012, groups * 3), 0.08, 0.99)
            tip_t = np.repeat(centre, 3) + rng.normal(0, 0.012, groups * 3)
            root = _along(arc, t) + np.array([0, 0.0, 0.02])
            reach = length * (1.0 if is_upper else 0.5) * np.interp(t, [0, 0.3, 0.75, 1], [0.4, 0.8, 1.05, 0.85])
            reach = reach * rng.uniform(0.8, 1.1, len(t))
            fan = side * (np.interp(tip_t, [0, 0.35, 1], [-0.45, 0.05, 0.95]) + rng.normal(0, 0.06, len(t)))
            lift = 0.55 if is_upper else -0.75
            out = unit(np.stack([fan, np.full_like(fan, 0.1 * lift), np.full_like(fan, 1.0)], 1))[:, None]
            curl = unit(np.stack([0.6 * fan, np.full_like(fan, lift * 1.8), np.full_like(fan, 0.3)], 1))[:, None]
            r = reach[:, None, None]
            strand = root[:, None] + r * (out * (s - 0.42 * s**2) + curl * 0.62 * s**2)
            parts.append(
                Strands(strand, taper(len(t), 10, 0.013 if is_upper else 0.009, 0.15, 1.0), rng.random(len(t)))
            )
    return join(parts)


def brows(
    skull: Skull, head: Head, density: Callable[[Floats], Floats], count: int, length: float, seed: int
) -> Strands:
    """Brow hairs lying on the skin: upright at the nose, sweeping outwards along the arch."""
    rng = np.random.default_rng(seed)
    roots, normals, canonical = skull.scatter(head, density, count, seed)
    side = np.sign(canonical[:, 0])
    x = np.abs(canonical[:, 0])
    arc = head.landmarks[22:27]
    below = np.interp(x, arc[:, 0], arc[:, 1]) - canonical[:, 1]
    angle = np.interp(x, [1.0, 1.8, 3.5, 5.8], [1.25, 0.75, 0.2, -0.42]) + 0.7 * below + rng.normal(0, 0.13, len(x))
    way = np.stack([side * np.cos(angle), np.sin(angle), -0.3 * np.cos(angle)], 1)
    reach = length * np.interp(x, [1.0, 1.6, 4.5, 5.8], [0.7, 1.0, 0.9, 0.6]) * rng.uniform(0.7, 1.15, len(x))

    def flow(here: Floats, direction: Floats, _root: Floats, t: float) -> Floats:
        drift = np.stack([side * 0.5, np.full_like(side, -0.12), -0.2 * np.ones_like(side)], 1)
        return direction + 0.35 * t * drift

    lifted = roots + 0.01 * normals
    strands = grow(skull, lifted, way + 0.35 * normals, reach, 8, flow, rng.uniform(0.02, 0.09, len(x)))
    return Strands(strands, taper(len(x), 8, 0.016, 0.2, 1.0), rng.random(len(x)))
