"""The modelling base: the neutral head of ICT-FaceKit (MIT), read from disk and sculpted into a person.

Coordinates everywhere in this folder: centimetres, x to the sitter's left, y up, z towards the camera.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SKIN_FACES = 14034  # polygons of face, scalp, neck, mouth and eye sockets come first
FACE_VERTICES = 9409
OUTER_VERTICES = 11248  # face, scalp and neck
SKIN_VERTICES = 14062
EYEBALL_VERTICES = {"left": slice(21451, 22221), "right": slice(23021, 23791)}
# The 68 Multi-PIE landmarks, from the table in ICT-FaceKit's README.
# fmt: off
LANDMARKS = (
    1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088, 3443,
    268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857,
    1140, 2075, 1147, 4269, 3360, 1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732,
    5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841,
    5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966,
)
# fmt: on


@dataclass(frozen=True)
class Head:
    """A head mesh.

    Attributes
    ----------
    canonical : (V, 3) float64, the untouched neutral head; paint and hair masks are written in it
    vertices : (V, 3) float64, the sculpted person
    faces : list of vertex index lists
    uv : list of (n, 2) corner coordinates, u in [0, 1] for the face and [1, 2] for the rest
    eyes : (2, 4) float64, centre x, y, z and radius of the left and right eyeball, sculpted
    """

    canonical: Floats
    vertices: Floats
    faces: list[list[int]]
    uv: list[Floats]
    eyes: Floats

    @property
    def landmarks(self) -> Floats:
        """The 68 Multi-PIE points on the canonical head, (68, 3)."""
        return self.canonical[list(LANDMARKS)]


@dataclass(frozen=True)
class Brush:
    """One stroke of sculpting: move what lies within a soft ball.

    `at` and `move` are on the sitter's left side and mirrored to the right unless at[0] is 0;
    `grow` scales about `at` (x, y, z) instead of or besides moving.
    """

    at: tuple[float, float, float]
    radius: tuple[float, float, float] | float
    move: tuple[float, float, float] = (0.0, 0.0, 0.0)
    grow: tuple[float, float, float] = (0.0, 0.0, 0.0)


def _read_obj(path: Path) -> tuple[Floats, list[list[int]], list[Floats]]:
    points: list[list[float]] = []
    texture: list[list[float]] = []
    faces: list[list[int]] = []
    corners: list[list[int]] = []
    with gzip.open(path, "rt") as stream:
        for line in stream:
            words = line.split()
            if not words:
                continue
            if words[0] == "v":
                points.append([float(w) for w in words[1:4]])
            elif words[0] == "vt":
                texture.append([float(w) for w in words[1:3]])
            elif words[0] == "f":
                pairs = [w.split("/") for w in words[1:]]
                faces.append([int(p[0]) - 1 for p in pairs])
                corners.append([int(p[1]) - 1 for p in pairs])
    uv_points = np.array(texture)
    return np.array(points), faces, [uv_points[c] for c in corners]


def sculpt(points: Floats, brushes: list[Brush]) -> Floats:
    """Apply brushes in turn to (n, 3) points given in canonical space and return the moved points."""
    total = np.zeros_like(points)
    for brush in brushes:
        for side in (1.0, -1.0) if brush.at[0] else (1.0,):
            mirror = np.array([side, 1.0, 1.0])
            offset = points - np.array(brush.at) * mirror
            reach = np.broadcast_to(np.asarray(brush.radius, float), 3)
            weight = np.exp(-0.5 * ((offset / reach) ** 2).sum(1))[:, None]
            total += weight * (np.array(brush.move) * mirror + offset * np.array(brush.grow))
    return points + total


def fit_sphere(points: Floats) -> Floats:
    """Least-squares sphere through (n, 3) points: centre and radius, (4,)."""
    system = np.c_[2 * points, np.ones(len(points))]
    solution = np.linalg.lstsq(system, (points**2).sum(1), rcond=None)[0]
    return np.r_[solution[:3], np.sqrt(solution[3] + solution[:3] @ solution[:3])]


def _under_clothes(corners: Floats) -> bool:
    """Shoulders and chest that no portrait shows."""
    return bool(np.any((np.abs(corners[:, 0]) > 8.5) & (corners[:, 1] < -9)))


def load_head(folder: Path, brushes: list[Brush], expression: dict[str, float]) -> Head:
    """Read ICT-FaceKit's neutral head from `folder`, add `expression` deltas, then sculpt it with `brushes`."""
    points, faces, uv = _read_obj(folder / "generic_neutral_mesh.obj.gz")
    deltas = np.load(folder / "ict_neutral_plus_57_deltas.npz")
    posed = points + sum((w * deltas[name].astype(float) for name, w in expression.items()), np.zeros_like(points))
    shift = sculpt(points, brushes) - points
    eyes = []
    for rows in EYEBALL_VERTICES.values():
        sphere = fit_sphere(points[rows])
        centre = sculpt(sphere[None, :3], brushes)[0]
        eyes.append(np.r_[centre, sphere[3]])
    bust = [i for i, face in enumerate(faces[:SKIN_FACES]) if not _under_clothes(points[face])]
    faces, uv = [faces[i] for i in bust], [uv[i] for i in bust]
    return Head(
        canonical=points[:SKIN_VERTICES],
        vertices=(posed + shift)[:SKIN_VERTICES],
        faces=faces,
        uv=uv,
        eyes=np.array(eyes),
    )
