"""Where head hair is rooted and how it falls, one function per style."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from head import Floats, Head
from noise import Noise, smoothstep
from scipy.spatial import cKDTree
from skin import beard_region
from strands import Skull, Strands, clump, grow, join, taper, unit


def scalp_region(p: Floats, front: float = 11.2, temple: float = 0.0, soft: float = 0.5) -> Floats:
    """Where hair grows on the canonical head, 0-1; `front` is the height of the hairline over the nose."""
    x, y, z = np.abs(p[..., 0]), p[..., 1], p[..., 2]
    line = np.interp(
        x,
        [0, 1.5, 3.5, 5.0, 5.9, 6.6, 7.3],
        [front - 0.3, front, front + 0.05, front - 0.6, front - 2.3, front - 4.4, 5.6],
    )
    line = line - temple * np.exp(-0.5 * ((x - 5.0) / 1.2) ** 2)
    line = np.where(z > 3.6 + 0.4 * (x - 6.5), line, -40)
    burn = smoothstep(4.7, 4.1, z) * smoothstep(2.2, 4.2, y)
    above = smoothstep(-soft, soft, y - line) * np.where(z > 3.2, np.maximum(smoothstep(6.2, 7.0, y), burn), 1)
    side = np.where(z > 1.0, smoothstep(1.5, 3.5, y), smoothstep(-7.5, -5.5, y))
    not_ear = 1 - (x > 7.35) * (y < 4.4) * (y > -4) * (z > -3.2)
    return np.asarray(above * np.where(z > 3.2, 1, side) * not_ear)


def long_waves(
    skull: Skull, head: Head, seed: int, guides: int = 420, per_guide: int = 62, part: float = 1.1, front: float = 10.4
) -> Strands:
    """Shoulder-length waves, parted off the middle and swept back from the brow to both sides."""
    rng = np.random.default_rng(seed)
    noise = Noise(seed + 1)
    roots, normals, canonical = skull.scatter(head, lambda p: scalp_region(p, front), guides, seed)
    side = np.where(canonical[:, 0] - part + 0.25 * rng.normal(size=guides) > 0, 1.0, -1.0)
    height = smoothstep(4.0, 13.0, canonical[:, 1])
    frontal = smoothstep(1.0, 7.0, canonical[:, 2])
    length = 17.0 + 10.0 * height + rng.normal(0, 1.2, guides)
    start = 0.6 * normals + np.stack([0.9 * side, 0.35 * frontal, -0.75 * frontal - 0.1], 1)
    phase = rng.uniform(0, 2 * np.pi, guides) * 0.45 + 0.9 * canonical[:, 2] + 1.5 * side
    layer = rng.uniform(0.1, 1.0, guides)

    def flow(here: Floats, direction: Floats, _root: Floats, t: float) -> Floats:
        x, y, z = np.abs(here[:, 0]), here[:, 1], here[:, 2]
        over = smoothstep(7.0, 11.0, y)
        pull = np.stack([0.55 * side * over, -0.35 - 0.35 * (1 - over), -0.38 * frontal * smoothstep(0.5, 5.0, z)], 1)
        guard = smoothstep(8.8, 7.0, x) * smoothstep(1.0, 3.0, z) * smoothstep(10.5, 8.0, y)
        pull[:, 0] += 0.8 * guard * side
        pull[:, 2] -= 0.5 * guard
        below = smoothstep(1.0, -5.0, y)
        pull[:, 0] -= 0.22 * side * below * smoothstep(8.0, 11.0, x)
        pull[:, 2] += 0.30 * smoothstep(-4, -10, y) * smoothstep(6.0, 1.0, z)
        swing = 0.48 * smoothstep(0.2, 0.65, np.full(guides, t))
        wave = np.stack([np.sin(phase + 20 * t), 0 * phase, 0.8 * np.cos(phase + 20 * t)], 1) * swing[:, None]
        return direction + 0.5 * pull + wave * 0.7

    clearance = 0.3 + (0.5 + 0.8 * height) * layer
    shell = (np.array([0.0, 4.0, -0.6]), np.array([8.8, 10.5, 9.8]), 0.13 * layer)
    path = grow(skull, roots, start, length, 48, flow, clearance, cling=0.5, shell=shell)
    body = clump(path, per_guide, 0.36, 0.5, 0.30, noise, seed + 2)
    shade = np.clip(np.repeat(rng.uniform(0.2, 0.8, guides), per_guide) + rng.normal(0, 0.16, len(body)), 0, 1)
    main = Strands(body, taper(len(body), 48, 0.021, 0.2), shade)
    under = _undercoat(skull, head, path, lambda p: scalp_region(p, front), 9000, 0.45, seed + 4)
    return join([main, under, _flyaways(path, noise, seed + 3)])


def _undercoat(
    skull: Skull, head: Head, path: Floats, covered: Callable[[Floats], Floats], count: int, share: float, seed: int
) -> Strands:
    """Single strands from all over the scalp that follow the nearest guides `path` over `share` of their length."""
    rng = np.random.default_rng(seed)
    roots, normals, _ = skull.scatter(head, covered, count, seed)
    distance, index = cKDTree(path[:, 0]).query(roots, k=3)
    weight = 1 / (distance + 0.05) ** 2
    weight /= weight.sum(1, keepdims=True)
    way = ((path[index] - path[index][:, :, :1]) * weight[:, :, None, None]).sum(1)
    points = max(8, int(path.shape[1] * share))
    way = way[:, :points] * np.linspace(0.75, 1.0, points)[None, :, None]
    lift = 0.06 + 0.05 * rng.random((len(roots), 1, 1))
    strands = roots[:, None] + way + lift * normals[:, None]
    t = np.linspace(0, path.shape[1] * 1.0, path.shape[1]) / path.shape[1] * (points - 1)
    low = np.clip(t.astype(int), 0, points - 2)
    even = strands[:, low] * (1 - (t - low))[None, :, None] + strands[:, low + 1] * (t - low)[None, :, None]
    return Strands(even, taper(len(even), path.shape[1], 0.016, 0.1), rng.uniform(0.1, 0.8, len(even)))


def _flyaways(path: Floats, noise: Noise, seed: int) -> Strands:
    """Single strands that leave the mass."""
    rng = np.random.default_rng(seed)
    loose = clump(path[rng.choice(len(path), len(path) // 2)], 2, 0.4, -0.4, 0.8, noise, seed)
    return Strands(loose, taper(len(loose), path.shape[1], 0.012, 0.3), rng.uniform(0.4, 1, len(loose)))


def cropped(
    skull: Skull, head: Head, seed: int, count: int = 42000, length: float = 1.5, front: float = 11.6
) -> Strands:
    """Short, tight curls, fuller on top."""
    rng = np.random.default_rng(seed)
    noise = Noise(seed + 1)

    def covered(p: Floats) -> Floats:
        x, y, z = np.abs(p[..., 0]), p[..., 1], p[..., 2]
        burn = smoothstep(6.0, 6.6, x) * smoothstep(2.0, 4.0, y) * smoothstep(9.5, 8.0, y) * smoothstep(5.2, 4.6, z)
        return np.maximum(scalp_region(p, front, temple=0.9), burn * (z > 1.0))

    roots, normals, canonical = skull.scatter(head, covered, count, seed)
    n = len(roots)
    reach = length * (0.35 + 0.65 * smoothstep(5.0, 11.0, canonical[:, 1])) * rng.uniform(0.7, 1.1, n)
    lean = np.stack([noise(canonical + 9, 1.1), 0.3 + noise(canonical + 29, 1.1), noise(canonical + 59, 1.1)], 1)
    phase = 6.3 * noise(canonical, 0.5)
    tangent = unit(np.cross(normals, [0.3, 1.0, 0.2]))
    other = np.cross(normals, tangent)

    def flow(_here: Floats, direction: Floats, _root: Floats, t: float) -> Floats:
        turn = phase + 11 * t
        return (
            0.35 * direction + 0.55 * normals + 0.9 * (np.cos(turn)[:, None] * tangent + np.sin(turn)[:, None] * other)
        )

    path = grow(skull, roots, normals + 0.25 * lean, reach, 14, flow, np.full(n, 0.03))
    return Strands(path, taper(n, 14, 0.017, 0.4), rng.random(n))


def beard(skull: Skull, head: Head, seed: int, count: int = 26000, length: float = 1.9) -> Strands:
    """A kept full beard with moustache, curling slightly."""
    rng = np.random.default_rng(seed)
    noise = Noise(seed + 1)
    roots, normals, canonical = skull.scatter(head, beard_region, count, seed)
    n = len(roots)
    x, y = canonical[:, 0], canonical[:, 1]
    side = np.sign(x)
    lip = smoothstep(-3.2, -2.6, y) * (np.abs(x) < 3.6)
    chin = smoothstep(4.5, 1.0, np.abs(x)) * smoothstep(-4.2, -6.0, y)
    reach = length * (0.32 + 0.25 * smoothstep(2.0, -4.0, y) + 0.45 * chin) * rng.uniform(0.6, 1.1, n)
    reach = np.where(lip > 0.5, 0.95 * rng.uniform(0.7, 1.0, n), reach)
    way = np.stack([0.12 * side + 0.05 * x, np.full(n, -1.0), np.full(n, 0.1)], 1)
    moustache = np.stack([0.85 * side * smoothstep(0.0, 0.8, np.abs(x)), np.full(n, -0.6), np.full(n, 0.1)], 1)
    way = way * (1 - lip[:, None]) + moustache * lip[:, None]
    wander = np.stack([noise(canonical + 70 * k, 0.8, 2) for k in range(3)], 1)

    def flow(here: Floats, direction: Floats, _root: Floats, t: float) -> Floats:
        curl = np.stack([noise(here * 1.0 + 13 * k, 0.45) for k in range(3)], 1)
        return direction + 0.3 * way + (0.10 + 0.25 * t) * curl + 0.06 * wander

    path = grow(
        skull, roots, 0.75 * normals + way + 0.2 * wander, reach, 12, flow, rng.uniform(0.03, 0.35, n) * (1 - 0.7 * lip)
    )
    return Strands(path, taper(n, 12, 0.019, 0.25), rng.random(n))


def swept_back(
    skull: Skull, head: Head, seed: int, guides: int = 360, per_guide: int = 60, front: float = 10.0
) -> Strands:
    """Combed back from the brow in a high wave, gathered behind; two long locks fall before the ears."""
    rng = np.random.default_rng(seed)
    noise = Noise(seed + 1)

    def covered(p: Floats) -> Floats:
        return scalp_region(p, front) * smoothstep(2.5, 4.5, p[..., 1])

    roots, normals, canonical = skull.scatter(head, covered, guides, seed)
    side = np.sign(canonical[:, 0])
    frontal = smoothstep(3.0, 8.5, canonical[:, 2])
    high = smoothstep(5.0, 11.0, canonical[:, 1])
    start = normals * (0.55 + 0.9 * frontal * high)[:, None] + np.stack(
        [0.25 * side * frontal, 0.5 * high, -0.9 * np.ones(guides)], 1
    )
    layer = rng.uniform(0.1, 1.0, guides)
    target = np.array([0.0, 3.0, -11.0])

    def flow(here: Floats, direction: Floats, _root: Floats, t: float) -> Floats:
        aim = unit(target + np.array([0.0, 4.0 * (1 - t), 0.0]) - here)
        ripple = 0.10 * np.stack([noise(here * 0.7 + 40 * k, 4.0) for k in range(3)], 1)
        return direction + 0.22 * aim + ripple * np.array([1.0, 1.0, 0.4])

    clearance = 0.25 + (0.25 + 1.1 * high * frontal + 0.5 * high) * layer
    path = grow(skull, roots, start, 13.0 + 4.0 * frontal + rng.normal(0, 0.8, guides), 40, flow, clearance, cling=0.35)
    body = clump(path, per_guide, 0.34, 0.3, 0.16, noise, seed + 2)
    shade = np.clip(np.repeat(rng.uniform(0.15, 0.85, guides), per_guide) + rng.normal(0, 0.14, len(body)), 0, 1)
    main = Strands(body, taper(len(body), 40, 0.022, 0.3), shade)
    under = _undercoat(skull, head, path, covered, 9000, 0.6, seed + 4)
    return join([main, under, _front_locks(noise, seed + 5)])


def _front_locks(noise: Noise, seed: int, guides: int = 14, per_guide: int = 110) -> Strands:
    """Wavy locks that leave the temples and fall before the ears to the collar."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, 40)
    paths = []
    for side in (1.0, -1.0):
        for _ in range(guides):
            begin = np.array([6.1, 8.8, 5.0]) + rng.normal(0, [0.25, 0.5, 0.5])
            x = np.interp(t, [0, 0.12, 0.35, 0.7, 1], [begin[0], 7.1, 7.6, 7.5, 7.0]) + rng.normal(0, 0.22)
            y = begin[1] - t * (21.5 + rng.normal(0, 1.5))
            z = np.interp(t, [0, 0.3, 0.7, 1], [begin[2], 4.2, 4.5, 6.8]) + rng.normal(0, 0.35)
            swing = 1.0 * smoothstep(0.1, 0.6, t)
            x = x + swing * np.sin(7.5 * t + 0.8 * side + rng.normal(0, 0.2))
            z = z + 0.6 * swing * np.cos(7.5 * t + rng.normal(0, 0.3))
            paths.append(np.stack([side * x, y, z], 1))
    path = np.array(paths)
    body = clump(path, per_guide, 0.16, 0.55, 0.22, noise, seed + 1)
    shade = np.clip(np.repeat(rng.uniform(0.3, 0.9, len(path)), per_guide) + rng.normal(0, 0.14, len(body)), 0, 1)
    return Strands(body, taper(len(body), 40, 0.021, 0.15), shade)
