"""Make ``checkpoints/face_rig.safetensors``: the 478-point face mesh as a blendshape rig.

The neutral head of ICT-FaceKit is drawn from the front; the landmarker looks at the picture; each landmark
is cast onto the head's surface, and its place on the surface gives its rest point and its movement in each
of the 52 shapes. The head itself, with teeth and tongue, goes into the checkpoint as well: the portrait
renderer bends it to a person and takes dense movements and depth from it.

Differences from ICT-FaceKit's shapes: ``browInnerUp`` and ``cheekPuff`` are the sum of their halves,
``cheekSquint`` takes a share of ICT's ``cheekRaiser`` (action unit 6 moves both), and ``tongueOut``, which
it lacks, is made here: the tongue moves forward between the teeth.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from checkpoints.store import FOLDER, register
from conditioning.arkit import ARKIT_INDEX, ARKIT_NAMES
from renderers.face import Landmarker, Picture
from renderers.landmarks import INNER_LOWER, INNER_UPPER, LEFT_IRIS, RIGHT_IRIS, mesh_triangles
from renderers.portrait.raster import EMPTY_DEPTH, rasterize

__all__ = ["train_rig"]

RIG_VERSION = 1

# Vertex ranges of the ICT topology, from its README ("Face Model Topology").
FACE = (0, 9409)
HEAD = (9409, 11248)
MOUTH_SOCKET = (11248, 13294)
GUMS_TONGUE = (14062, 17039)
TEETH = (17039, 21451)
EYES = (21451, 24591)
RIGHT_EYE, LEFT_EYE = (23021, 24591), (21451, 23021)
#: What goes into the checkpoint, in this order.
PARTS = {"face": FACE, "head": HEAD, "mouth_socket": MOUTH_SOCKET, "gums_tongue": GUMS_TONGUE, "teeth": TEETH}

_VIEW_PX = 1024
#: Pixels per unit (about a centimetre) in the drawing.
_VIEW_SCALE = 30.0
#: Share of ``cheekRaiser`` in ``cheekSquint``.
_CHEEK_RAISER = 0.5
#: Movements below this (units) are not stored.
_NEGLIGIBLE = 2e-3


@dataclass(frozen=True, eq=False)
class _Head:
    """ICT-FaceKit in memory."""

    neutral: npt.NDArray[np.float32]  # (26719, 3), units of about a centimetre
    shapes: dict[str, npt.NDArray[np.float32]]  # deltas by ICT's names
    triangles: npt.NDArray[np.int32]


def train_rig(folder: Path, target: Path | None = None) -> Path:
    """Make the rig from an ICT-FaceKit folder and enter it into the manifest.

    Parameters
    ----------
    folder : Path
        Holds ``generic_neutral_mesh.obj`` (or ``.obj.gz``) with either
        ``ict_neutral_plus_57_deltas.npz`` or one ``.obj`` per expression, as in ICT-FaceKit's
        ``FaceXModel``.
    target : Path, optional
        File to write; the shipped checkpoint by default.

    Returns
    -------
    Path
        The file written.
    """
    from safetensors.numpy import save_file

    head = _read(folder)
    deltas = _arkit_deltas(head)
    tensors = _head_tensors(head, deltas)
    tensors |= _landmark_tensors(head, deltas)
    # safetensors writes memory as it lies.
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    target = target or FOLDER / "face_rig.safetensors"
    partial = target.with_suffix(".partial")
    save_file(tensors, partial, metadata={"names": ",".join(ARKIT_NAMES), "units": "about 1 cm"})
    partial.replace(target)
    register(
        "face_rig",
        target,
        version=RIG_VERSION,
        licence="MIT",
        attribution="ICT-FaceKit, copyright (c) 2020 USC Institute for Creative Technologies",
        source="https://github.com/ICT-VGL/ICT-FaceKit",
        made_by="mien train rig ICT_FACEKIT_FOLDER",
        seed=0,
    )
    return target


def _read(folder: Path) -> _Head:
    """Read the head and its shapes."""
    plain, packed = folder / "generic_neutral_mesh.obj", folder / "generic_neutral_mesh.obj.gz"
    if plain.is_file():
        text = plain.read_text(encoding="utf-8")
    elif packed.is_file():
        text = gzip.decompress(packed.read_bytes()).decode("utf-8")
    else:
        raise InputError(f"{folder} holds no generic_neutral_mesh.obj; give the folder FaceXModel of ICT-FaceKit")
    vertices, triangles = _parse_obj(text)
    archive = folder / "ict_neutral_plus_57_deltas.npz"
    if archive.is_file():
        with np.load(archive, allow_pickle=False) as arrays:
            shapes = {name: arrays[name].astype(np.float32) for name in arrays.files if name != "neutral"}
    else:
        shapes = {
            path.stem: _parse_obj(path.read_text(encoding="utf-8"))[0] - vertices
            for path in sorted(folder.glob("*.obj"))
            if path != plain and not path.stem.startswith("identity")
        }
    if len(vertices) != 26719 or "jawOpen" not in shapes:
        raise InputError(
            f"{folder} has {len(vertices)} vertices and {len(shapes)} shapes; needs ICT-FaceKit's 26719 and 53"
        )
    return _Head(vertices, shapes, triangles)


def _parse_obj(text: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Return the vertices and the triangles (quads cut in two) of an OBJ file."""
    vertices, triangles = [], []
    for line in text.splitlines():
        if line.startswith("v "):
            vertices.append([float(value) for value in line.split()[1:4]])
        elif line.startswith("f "):
            corners = [int(corner.split("/")[0]) - 1 for corner in line.split()[1:]]
            triangles += [(corners[0], corners[i], corners[i + 1]) for i in range(1, len(corners) - 1)]
    return np.array(vertices, np.float32), np.array(triangles, np.int32)


def _arkit_deltas(head: _Head) -> npt.NDArray[np.float32]:
    """Return (52, 26719, 3) deltas in ARKit's order."""
    deltas = np.zeros((len(ARKIT_NAMES), *head.neutral.shape), np.float32)
    for index, name in enumerate(ARKIT_NAMES):
        side = name[-5:] if name.endswith("Right") else name[-4:] if name.endswith("Left") else ""
        # jawLeft, mouthRight … name a direction, not a half of the face.
        if name in head.shapes:
            deltas[index] = head.shapes[name]
        elif name in ("browInnerUp", "cheekPuff"):
            deltas[index] = head.shapes[f"{name}_L"] + head.shapes[f"{name}_R"]
        elif side:
            deltas[index] = head.shapes[f"{name[: -len(side)]}_{side[0]}"]
    for side in ("Left", "Right"):
        deltas[ARKIT_INDEX[f"cheekSquint{side}"]] += _CHEEK_RAISER * head.shapes[f"cheekRaiser_{side[0]}"]
    deltas[ARKIT_INDEX["tongueOut"]] = _tongue_out(head)
    return deltas


def _tongue_out(head: _Head) -> npt.NDArray[np.float32]:
    """Return the tongue's way out: forward, more at the tip, a little down past the lower teeth."""
    delta = np.zeros_like(head.neutral)
    part = slice(*GUMS_TONGUE)
    points = head.neutral[part]
    tongue = _tongue_vertices(head)
    depth = points[:, 2]
    share = np.clip((depth - depth[tongue].min()) / np.ptp(depth[tongue]), 0, 1) ** 2 * tongue
    delta[part, 2] = 2.2 * share
    delta[part, 1] = 0.25 * share
    return delta


def _tongue_vertices(head: _Head) -> npt.NDArray[np.bool_]:
    """Return which vertices of the gums-and-tongue part are the tongue.

    It follows the jaw and lies inside the lower row of teeth, whose arch is close to a parabola.
    """
    part = slice(*GUMS_TONGUE)
    points = head.neutral[part]
    drop = -head.shapes["jawOpen"][part, 1]
    inside = np.abs(points[:, 0]) < 1.75 * np.sqrt(np.clip((9.75 - points[:, 2]) / 2.5, 0, 1))
    chosen: npt.NDArray[np.bool_] = inside & (drop > 0.25 * drop.max())
    return chosen


def _head_tensors(head: _Head, deltas: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.generic]]:
    """Return the head as stored: kept parts, their triangles, and the deltas where they are not negligible."""
    chosen = np.concatenate([np.arange(*span) for span in PARTS.values()])
    place = np.full(len(head.neutral), -1, np.int32)
    place[chosen] = np.arange(len(chosen))
    triangles = place[head.triangles]
    triangles = triangles[(triangles >= 0).all(1)]
    kept = deltas[:, chosen]
    moving = np.abs(kept).max(2) > _NEGLIGIBLE
    scale = np.maximum(np.abs(kept).max((1, 2)), 1e-6) / 32767
    shape, vertex = np.nonzero(moving)
    values = np.round(kept[shape, vertex] / scale[shape, None]).astype(np.int16)
    ends = np.cumsum([0] + [span[1] - span[0] for span in PARTS.values()]).astype(np.int32)
    tongue = np.zeros(len(chosen), np.uint8)
    start = list(PARTS).index("gums_tongue")
    tongue[ends[start] : ends[start + 1]] = _tongue_vertices(head)
    eyes = np.array([head.neutral[slice(*span)].mean(0) for span in (LEFT_EYE, RIGHT_EYE)], np.float32)
    return {
        "head_points": head.neutral[chosen],
        "head_triangles": triangles.astype(np.uint16),
        "head_parts": ends,
        "head_tongue": tongue,
        "head_delta_vertex": vertex.astype(np.uint16),
        "head_delta_count": moving.sum(1).astype(np.int32),
        "head_delta_values": values,
        "head_delta_scale": scale.astype(np.float32),
        "eye_centers": eyes,
    }


def _landmark_tensors(head: _Head, deltas: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.generic]]:
    """Return the 478 points on the head: where each lies, its rest point, its deltas, and the mesh."""
    seen = _look(head)
    corners, weights = _cast(head, deltas, seen)
    rest = np.einsum("nk,nkc->nc", weights, head.neutral[corners])
    moves = np.einsum("nk,snkc->snc", weights, deltas[:, corners])
    irises = list(LEFT_IRIS + RIGHT_IRIS)
    on_head = corners.astype(np.int32)
    on_head[irises] = 0
    return {
        "points": rest.astype(np.float32),
        "deltas": moves.astype(np.float16),
        "triangles": mesh_triangles(seen[:468, :2]).astype(np.uint16),
        "corners": on_head.astype(np.uint16),
        "corner_weights": weights.astype(np.float32),
    }


def _look(head: _Head) -> npt.NDArray[np.float32]:
    """Return the landmarks (478, 3) on the head's front view, in the head's units."""
    shown = ~(head.triangles >= EYES[1]).any(1)
    points = head.neutral * _VIEW_SCALE * np.array([1, -1, 1], np.float32) + np.array(
        [_VIEW_PX / 2] * 2 + [0], np.float32
    )
    colours, depth = rasterize(points, head.triangles[shown], _paint(head), (_VIEW_PX, _VIEW_PX))
    colours[depth == EMPTY_DEPTH] = (200, 205, 210)
    with Landmarker() as landmarker:
        face = landmarker.find(Picture(np.clip(colours, 0, 255).astype(np.uint8), None, "the ICT-FaceKit head"))
    seen = (face.points - np.array([_VIEW_PX / 2] * 2 + [0])) / _VIEW_SCALE * np.array([1, -1, 1])
    in_units: npt.NDArray[np.float32] = seen.astype(np.float32)
    return in_units


def _paint(head: _Head) -> npt.NDArray[np.float32]:
    """Return (26719, 3) colours of the vertices: skin, eyes and mouth in flat frontal light."""
    points = head.neutral
    normals = np.zeros_like(points)
    a, b, c = (points[head.triangles[:, k]] for k in range(3))
    for k in range(3):
        np.add.at(normals, head.triangles[:, k], np.cross(b - a, c - a))
    facing = normals[:, 2] / (np.linalg.norm(normals, axis=1) + 1e-9)
    colours = np.tile(np.array([205.0, 160.0, 135.0], np.float32), (len(points), 1))
    colours[slice(*MOUTH_SOCKET)] = (90, 30, 30)
    colours[slice(*GUMS_TONGUE)] = (170, 90, 90)
    colours[slice(*TEETH)] = (235, 230, 220)
    colours[slice(*EYES)] = (235, 232, 228)
    for span in (LEFT_EYE, RIGHT_EYE):
        eye = points[slice(*span)]
        off_axis = np.linalg.norm(eye[:, :2] - eye.mean(0)[:2], axis=1)
        part = colours[slice(*span)]
        part[(off_axis < 0.62) & (eye[:, 2] > eye[:, 2].mean())] = (95, 65, 45)
        part[(off_axis < 0.28) & (eye[:, 2] > eye[:, 2].mean())] = (15, 12, 10)
    lit: npt.NDArray[np.float32] = (colours * (0.45 + 0.55 * np.clip(facing, 0, 1))[:, None]).astype(np.float32)
    return lit


def _cast(
    head: _Head, deltas: npt.NDArray[np.float32], seen: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return three vertices and three weights on the head's surface for each landmark.

    The lips touch at rest, so an inner lip point is cast onto the lip that it belongs to: the vertices that
    the open jaw leaves are the upper lip's.
    """
    corners = np.zeros((len(seen), 3), np.int64)
    weights = np.zeros((len(seen), 3))
    jaw_drop = -deltas[ARKIT_INDEX["jawOpen"], :, 1]
    skin = head.triangles[(head.triangles < FACE[1]).all(1)]
    lips = jaw_drop[skin].max(1)
    groups = {"any": skin, "upper": skin[lips < 0.9], "lower": skin[jaw_drop[skin].min(1) > 0.9]}
    irises = set(LEFT_IRIS + RIGHT_IRIS)
    for index, point in enumerate(seen):
        if index in irises:
            span = LEFT_EYE if index in LEFT_IRIS else RIGHT_EYE
            group = head.triangles[((head.triangles >= span[0]) & (head.triangles < span[1])).all(1)]
        else:
            group = groups["upper" if index in INNER_UPPER else "lower" if index in INNER_LOWER else "any"]
        corners[index], weights[index] = _nearest_front(head.neutral, group, point[:2])
    return corners, weights


def _nearest_front(
    points: npt.NDArray[np.float32], triangles: npt.NDArray[np.int32], target: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the triangle and weights that lie foremost under a point of the front view, or else nearest to it."""
    a, b, c = (points[triangles[:, k], :2].astype(np.float64) for k in range(3))
    area = _cross(b - a, c - a)
    area = np.where(np.abs(area) < 1e-12, 1e-12, area)
    wb, wc = _cross(target - a, c - a) / area, _cross(b - a, target - a) / area
    all_weights = np.stack([1 - wb - wc, wb, wc], 1)
    inside = (all_weights >= -1e-9).all(1)
    if inside.any():
        depth = (all_weights * points[triangles, 2]).sum(1)
        best = int(np.argmax(np.where(inside, depth, -np.inf)))
        return triangles[best].astype(np.int64), all_weights[best]
    # Outside all triangles, such as between the lids: the nearest vertex, foremost among near ones.
    used = np.unique(triangles)
    distance = np.linalg.norm(points[used, :2] - target, axis=1)
    near = used[distance < distance.min() + 0.05]
    vertex = int(near[np.argmax(points[near, 2])])
    return np.array([vertex] * 3), np.array([1.0, 0.0, 0.0])


def _cross(u: npt.NDArray[np.float64], v: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    result: npt.NDArray[np.float64] = u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]
    return result
