"""Clothes: a torso to hang them on, and cloth dropped onto it by Blender's cloth solver."""

from __future__ import annotations

from typing import Any

import bpy  # type: ignore[import-not-found]
import numpy as np
from head import Floats
from noise import Noise
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree
from stage import add_mesh, from_blender

# Height, half width, half depth and centre depth of the torso's ellipses, centimetres.
TORSO = np.array(
    [
        [-9.5, 4.6, 5.0, 0.0],
        [-11.5, 5.0, 5.4, -0.4],
        [-13.0, 6.4, 6.0, -0.8],
        [-14.2, 9.0, 6.8, -1.2],
        [-15.4, 12.0, 7.6, -1.6],
        [-17.0, 15.4, 8.4, -1.8],
        [-19.0, 17.6, 9.2, -1.8],
        [-22.0, 18.8, 10.2, -1.6],
        [-27.0, 19.4, 11.2, -1.2],
        [-40.0, 18.0, 11.5, -1.0],
    ]
)

# Rows for `collar_tube`.
CAPE = np.array(
    [
        [-12.2, 8.6, 7.6, -1.2, 2.2],
        [-14.0, 13.0, 9.5, -1.4, 2.6],
        [-17.0, 19.0, 12.5, -1.5, 2.5],
        [-24.0, 24.5, 16.5, -1.0, 1.0],
        [-34.0, 27.0, 19.0, -1.0, 0.0],
    ]
)
HOOD = np.array(
    [
        [-6.2, 10.8, 10.0, -2.4, 5.0],
        [-8.8, 9.8, 9.2, -2.0, 4.6],
        [-11.5, 9.2, 8.8, -1.6, 3.4],
        [-14.0, 11.5, 10.0, -1.6, 2.6],
        [-16.5, 15.0, 12.2, -1.6, 2.4],
    ]
)

FIRST = np.array([1.0, 0.0, 0.0, 0.0, 0.0])  # the height column


def torso(
    build: float = 1.0, top: float = -9.5, drop: float = 0.0, rings: int = 30, sectors: int = 64
) -> tuple[Floats, list[list[int]]]:
    """Lofted shoulders and chest from height `top` down, the front of the upper rim lowered by `drop`."""

    def place(i: int, angle: Floats) -> Floats:
        front = np.clip(np.sin(angle), 0, 1) ** 1.5
        y = top + (TORSO[-1, 0] - top) * (i / (rings - 1)) ** 1.3 - drop * front * max(0.0, 1 - i / 8)
        half_x, half_z, centre = (np.interp(-y, -TORSO[:, 0], TORSO[:, k]) for k in (1, 2, 3))
        wide = half_x * np.where(y < -13, build, 1.0)
        return np.stack(
            [wide * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.9, y, centre + half_z * np.sin(angle)], -1
        )

    return _loft(place, rings, sectors)


def _loft(place: Any, rings: int, sectors: int) -> tuple[Floats, list[list[int]]]:
    """Closed tube: `place(ring, angles)` gives the (sectors, 3) points of a ring, angle 90° in front."""
    angle = np.linspace(0, 2 * np.pi, sectors, endpoint=False)
    points = np.concatenate([place(s, angle) for s in range(rings)])
    faces = []
    for i in range(rings - 1):
        for j in range(sectors):
            k = (j + 1) % sectors
            faces.append([i * sectors + j, i * sectors + k, (i + 1) * sectors + k, (i + 1) * sectors + j])
    return points, faces


def collar_tube(
    profile: Floats, noise: Noise, wobble: float, rings: int = 34, sectors: int = 110
) -> tuple[Floats, list[list[int]]]:
    """Tube around the neck; `profile` rows: height, half width, half depth, centre depth, drop of the front."""
    s = np.linspace(0, 1, len(profile))
    t = np.linspace(0, 1, rings)
    rows = np.stack([np.interp(t, s, profile[:, k]) for k in range(profile.shape[1])], 1)

    def place(i: int, angle: Floats) -> Floats:
        y, a, b, centre, drop = rows[i]
        front = np.clip(np.sin(angle), 0, 1) ** 2
        p = np.stack([a * np.cos(angle), y - drop * front, centre + b * np.sin(angle)], -1)
        return p + wobble * np.stack([noise(p + 20 * k, 5.0, 2) for k in range(3)], -1)

    return _loft(place, rings, sectors)


def collide(thing: Any, distance: float) -> None:
    """Make cloth rest on `thing`."""
    thing.modifiers.new("collision", "COLLISION")
    thing.collision.thickness_outer = distance
    thing.collision.cloth_friction = 20.0


def drape(thing: Any, frames: int, stiffness: float = 6.0, bend: float = 0.8, pinned: Floats | None = None) -> None:
    """Let the cloth fall for `frames` and keep the result.

    pinned : (vertices,) weights 0-1 of what stays in place
    """
    if pinned is not None:
        group = thing.vertex_groups.new(name="pin")
        for index in np.flatnonzero(pinned > 0):
            group.add([int(index)], float(pinned[index]), "REPLACE")
    cloth = thing.modifiers.new("cloth", "CLOTH")
    settings = cloth.settings
    settings.quality = 6
    settings.mass = 0.35
    settings.tension_stiffness = settings.compression_stiffness = settings.shear_stiffness = stiffness
    settings.bending_stiffness = bend
    settings.air_damping = 2.0
    if pinned is not None:
        settings.vertex_group_mass = "pin"
    settings.effector_weights.gravity = 12.0  # the scene's unit is a centimetre
    cloth.collision_settings.distance_min = 0.25
    cloth.collision_settings.use_self_collision = True
    cloth.collision_settings.self_distance_min = 0.3
    cloth.collision_settings.collision_quality = 3
    cloth.point_cache.frame_end = frames
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, frames
    for frame in range(1, frames + 1):
        scene.frame_set(frame)
    graph = bpy.context.evaluated_depsgraph_get()
    mesh = bpy.data.meshes.new_from_object(thing.evaluated_get(graph))
    thing.modifiers.clear()
    thing.data = mesh


def finish_cloth(thing: Any, thickness: float, levels: int = 2) -> None:
    """Give dropped cloth a thickness and smooth it."""
    solid = thing.modifiers.new("solid", "SOLIDIFY")
    solid.thickness = thickness
    solid.offset = 0.0
    smooth = thing.modifiers.new("smooth", "SUBSURF")
    smooth.levels = smooth.render_levels = levels


def green_cloak(material: Any, inner: Any, trim: Any, metal: Any, seed: int) -> None:
    """A hooded travelling cloak with its hood down, over a linen shirt."""
    noise = Noise(seed)
    raise_by = np.array([0.0, 1.3, 0.0])
    points, faces = torso()
    points = points + raise_by
    form = add_mesh("form", points, faces, material)
    collide(form, 0.25)
    form.hide_render = True
    below, below_faces = torso(top=-15.5, drop=3.5, rings=40, sectors=128)
    add_mesh("tunic", below + raise_by, below_faces, material)
    points, faces = torso(top=-13.2, drop=4.2, rings=40, sectors=128)
    faces = [f for f in faces if np.all((points[f, 1] > -19.5) & (np.abs(points[f, 0]) < 9.0))]
    finish_cloth(add_mesh("shirt", points + raise_by + 0.2 * noise(points, 2.5, 2)[:, None], faces, inner), 0.3)
    cape = add_mesh("cape", *collar_tube(CAPE + raise_by[1] * FIRST, noise, 0.9), material)
    drape(cape, 26)
    collide(cape, 0.25)
    hood = add_mesh("hood", *collar_tube(HOOD + raise_by[1] * FIRST, Noise(seed + 1), 0.7), material)
    drape(hood, 24, bend=0.4)
    for piece in (cape, hood):
        rows = np.array([from_blender(np.array(v.co)) for v in piece.data.vertices[-110:]])
        _rope("trim", np.r_[rows, rows[:2]] + np.array([0.0, 0.05, 0.0]), 0.17, trim)
        finish_cloth(piece, 0.22)
    front = np.array([from_blender(np.array(v.co)) for v in hood.data.vertices])
    _brooch(_on_front(np.array([[0.0, -18.0]]), front, 0.3)[0], metal)


def _quilted(points: Floats, faces: list[list[int]], sectors: int, ribs: int, puff: float, pinch: float) -> Floats:
    """Push a lofted surface out between `ribs` vertical seams and pinch it along rows `pinch` centimetres apart."""
    rings = len(points) // sectors
    grid = points.reshape(rings, sectors, 3)
    along = np.gradient(grid, axis=0)
    around = np.roll(grid, -1, 1) - np.roll(grid, 1, 1)
    normal = np.cross(around, along)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    outward = np.sign((normal * (grid - grid.mean(1, keepdims=True)) * [1, 0, 1]).sum())
    turn = np.arange(sectors) / sectors * ribs
    bulge = np.abs(np.sin(np.pi * turn)) ** 0.6 * np.ones((rings, 1))
    if pinch:
        depth = np.r_[0, np.cumsum(np.linalg.norm(np.diff(grid, axis=0), axis=-1).mean(1))] / pinch
        knots = np.exp(-(((depth - np.round(depth)) / 0.16) ** 2))[:, None]
        bulge = bulge * (1 - 0.28 * knots)
    return np.asarray((grid + outward * puff * bulge[..., None] * normal).reshape(-1, 3))


def gambeson(material: Any, trim: Any, leather: Any, metal: Any, seed: int) -> None:
    """A quilted arming jacket with a standing collar, a leather strap and its buckle."""
    noise = Noise(seed)
    sectors = 660
    points, faces = torso(build=1.10, top=-12.2, drop=2.4, rings=90, sectors=sectors)
    points = points * np.array([1.03, 1.0, 1.05]) + np.array([0, 0.5, -0.2])
    points += 0.35 * np.stack([noise(points + 30 * k, 6.0, 2) for k in range(3)], -1)
    jacket = _quilted(points, faces, sectors, 44, 0.75, 5.5)
    add_mesh("jacket", jacket, faces, material)
    profile = np.array(
        [
            [-9.3, 7.3, 7.0, -0.9, 2.6],
            [-10.5, 7.5, 7.2, -0.9, 2.5],
            [-12.6, 8.0, 7.6, -1.0, 2.4],
            [-14.2, 9.2, 8.2, -1.2, 2.2],
            [-15.6, 11.0, 8.8, -1.4, 2.2],
        ]
    )
    collar, collar_faces = collar_tube(profile, noise, 0.12, rings=50, sectors=480)
    angle = np.linspace(0, 2 * np.pi, 480, endpoint=False)
    collar = _quilted(collar, collar_faces, 480, 30, 0.45, 0.0)
    gap = np.abs((angle - np.pi / 2 + np.pi) % (2 * np.pi) - np.pi) < 0.09
    open_front = [f for f in collar_faces if not gap[np.array(f) % 480].all()]
    finish_cloth(add_mesh("collar", collar, open_front, material), 0.5, levels=1)
    rim = collar.reshape(50, 480, 3)[0][~gap]
    start = int(np.flatnonzero(np.diff(np.flatnonzero(~gap)) > 1)[0]) + 1
    _rope("trim", np.roll(rim, -start, 0), 0.32, trim)
    t = np.linspace(0, 1, 70)[:, None]
    line = (1 - t) * np.array([13.0, -14.2]) + t * np.array([-12.0, -31.0])
    _band("strap", line, jacket, 3.2, 0.35, leather)
    _buckle(line[34], jacket, metal)


def high_collar(material: Any, inner: Any, gold: Any, seed: int) -> None:
    """A fitted coat with a flaring collar that stands open in front, gold cord on its edges."""
    noise = Noise(seed)
    points, faces = torso(build=0.97, top=-12.0, drop=3.5, rings=80, sectors=240)
    points = points * np.array([1.02, 1.0, 1.04])
    points += 0.25 * np.stack([noise(points + 30 * k, 5.0, 2) for k in range(3)], -1)
    finish_cloth(add_mesh("coat", points, faces, material), 0.2, levels=1)
    shirt = np.array(
        [
            [-9.6, 5.6, 5.9, -0.5, 1.6],
            [-11.5, 5.9, 6.2, -0.5, 1.6],
            [-14.5, 8.0, 7.6, -0.9, 2.0],
            [-17.0, 8.0, 7.4, -1.2, 2.0],
        ]
    )
    finish_cloth(add_mesh("shirt", *collar_tube(shirt, noise, 0.25), inner), 0.2, levels=1)
    sectors, rings = 360, 40
    profile = np.array(
        [
            [-5.2, 10.4, 8.8, -2.6, 6.5],
            [-8.0, 8.9, 8.0, -1.9, 5.0],
            [-11.0, 7.9, 7.5, -1.2, 3.6],
            [-13.2, 8.6, 7.9, -1.2, 3.2],
            [-15.4, 11.2, 9.2, -1.4, 3.4],
        ]
    )
    collar, collar_faces = collar_tube(profile, noise, 0.12, rings=rings, sectors=sectors)
    angle = np.linspace(0, 2 * np.pi, sectors, endpoint=False)
    away = np.abs((angle - np.pi / 2 + np.pi) % (2 * np.pi) - np.pi)
    row = np.arange(rings)[:, None] / (rings - 1)
    shut = away[None, :] > 0.85 * np.clip(1 - row / 0.72, 0, 1)
    keep = [f for f in collar_faces if shut.reshape(-1)[f].all()]
    finish_cloth(add_mesh("collar", collar, keep, material), 0.35, levels=1)
    grid = collar.reshape(rings, sectors, 3)
    for sign in (1, -1):
        edge = [
            grid[
                i,
                np.flatnonzero(shut[i] & (np.sign(np.cos(angle)) == sign))[
                    np.argmin(away[shut[i] & (np.sign(np.cos(angle)) == sign)])
                ],
            ]
            for i in range(rings)
        ]
        _rope("edge", gaussian_filter1d(np.array(edge), 2.0, axis=0, mode="nearest"), 0.26, gold)
    order = np.argsort((angle - np.pi / 2) % (2 * np.pi))
    _rope("rim", grid[0, order[shut[0][order]]], 0.26, gold)
    t = np.linspace(-13.8, -30.0, 60)
    _rope("seam", _on_front(np.c_[0.0 * t, t], points, 0.3), 0.22, gold)
    _brooch(_on_front(np.array([[0.0, -16.6]]), np.r_[points, collar], 0.45)[0], gold)


def _rope(name: str, path: Floats, radius: float, material: Any, sectors: int = 12) -> None:
    """A round cord along an open path (n, 3)."""
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    side = np.cross(tangent, [0.0, 1.0, 0.0])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(side, tangent)

    def place(i: int, angle: Floats) -> Floats:
        c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
        return np.asarray(path[i] + radius * (c * side[i] + s * up[i]))

    add_mesh(name, *_loft(place, len(path), sectors), material)


def _on_front(flat: Floats, surface: Floats, lift: float) -> Floats:
    """Lay (n, 2) points x, y on the front of a surface (m, 3), `lift` centimetres above it."""
    front = surface[surface[:, 2] > surface[:, 2].mean() - 4.0]
    distance, index = cKDTree(front[:, :2]).query(flat, k=24)
    near = front[index, 2] - 0.3 * distance
    return np.c_[flat, np.max(near, axis=1) + lift]


def _band(name: str, line: Floats, surface: Floats, width: float, thickness: float, material: Any) -> None:
    """A flat strap whose middle follows (n, 2) points x, y on the front of `surface`."""
    way = np.gradient(line, axis=0)
    across = np.stack([-way[:, 1], way[:, 0]], 1) / np.linalg.norm(way, axis=1, keepdims=True)
    rails = []
    for share in (-0.5, -0.42, 0.0, 0.42, 0.5):
        rail = _on_front(line + share * width * across, surface, 0.25 if abs(share) < 0.45 else 0.1)
        rail[:, 2] = gaussian_filter1d(rail[:, 2], 2.5, mode="nearest")
        back = np.linspace(1, 0, 12, endpoint=False)[:, None]  # over the shoulder and down behind
        behind = rail[0] + back * np.array([1.6, 0.4, -6.0]) - back**2 * np.array([0.0, 3.5, 0.0])
        rails.append(np.r_[behind, rail])
    points = np.stack(rails, 1).reshape(-1, 3)
    faces = [
        [5 * i + k, 5 * i + k + 1, 5 * i + k + 6, 5 * i + k + 5] for i in range(len(rails[0]) - 1) for k in range(4)
    ]
    finish_cloth(add_mesh(name, points, faces, material), thickness, levels=2)


def _buckle(at: Floats, surface: Floats, material: Any) -> None:
    """A square brass buckle with its tongue."""
    angle = np.linspace(0, 2 * np.pi, 49)
    c, s = np.cos(angle), np.sin(angle)
    ring = np.stack([np.sign(c) * np.abs(c) ** 0.4 * 1.3, np.sign(s) * np.abs(s) ** 0.4 * 2.0], 1)
    turn = np.array([[0.84, -0.54], [0.54, 0.84]])
    frame = _on_front(ring @ turn.T + at, surface, 0.55)
    frame[:, 2] = frame[:, 2].mean()
    _rope("buckle", frame, 0.24, material)
    tongue = np.linspace([-1.3, 0.0], [1.4, 0.0], 10) @ turn.T + at
    _rope("tongue", np.c_[tongue, np.full(10, frame[0, 2] + 0.15)], 0.16, material)


def _brooch(at: Floats, material: Any) -> None:
    """A round ring brooch with a raised boss."""
    angle = np.linspace(0, 2 * np.pi, 65)
    ring = at + np.stack([1.35 * np.cos(angle), 1.35 * np.sin(angle), 0.0 * angle], 1)
    _rope("brooch", ring, 0.24, material)
    rho = np.linspace(1.25, 0.0, 16)

    def place(i: int, turn: Floats) -> Floats:
        rim = 0.10 * np.cos(8 * turn) * np.sin(np.pi * rho[i] / 1.25)
        height = 0.1 + 0.42 * (1 - (rho[i] / 1.25) ** 2) + rim
        return np.asarray(at + np.stack([rho[i] * np.cos(turn), rho[i] * np.sin(turn), height], 1))

    add_mesh("boss", *_loft(place, 16, 64), material)
