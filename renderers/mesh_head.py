"""A head as a mesh: points, triangles, texture and the shapes that move it.

Axes are those of a motion and of glTF: +X to the character's left, +Y up, +Z out of the face. Lengths are
metres, the origin is the joint that the head turns about. Texture coordinates have their origin at the top
left, as in glTF.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning import ARKIT_INDEX, Motion

__all__ = [
    "Head", "NormalMaker", "quaternion_matrices", "rotation_matrices", "rotation_quaternions", "triangles_between",
    "vertex_normals", "vertex_tangents", "weights_of",
]  # fmt: skip

FloatArray = npt.NDArray[np.float32]

#: The normal of a vertex that no triangle with an area touches.
_FORWARD = np.array([0.0, 0.0, 1.0], np.float32)


@dataclass(frozen=True, eq=False)
class Head:
    """A head that shapes can move.

    Attributes
    ----------
    vertices : (V, 3) float32
        Metres.
    triangles : (F, 3) int32
        Counter-clockwise seen from outside.
    shape_names : tuple of str
        N names.
    shapes : (N, V, 3) float32
        What each shape adds to the vertices at weight 1.
    uvs : (V, 2) float32, optional
        Texture coordinates, origin at the top left.
    texture : (H, W, 3 or 4) uint8, optional
        sRGB, with alpha if four channels.
    colour : tuple of float
        sRGB in [0, 1] where there is no texture.
    unlit : bool
        Whether the texture holds its own light, as a photo does.
    eyes : (2, 3) float32
        Centres of the left and the right eyeball.
    eye_parts : (V,) int8, optional
        1 for vertices of the left eyeball, 2 of the right one, 0 for the rest: those turn with the eyes.
    inner : (V,) bool, optional
        Vertices inside the mouth, where little light comes.
    name, attribution : str
        What it is called, and whom to thank.
    """

    vertices: FloatArray
    triangles: npt.NDArray[np.int32]
    shape_names: tuple[str, ...]
    shapes: FloatArray
    uvs: FloatArray | None = None
    texture: npt.NDArray[np.uint8] | None = None
    colour: tuple[float, float, float] = (0.78, 0.66, 0.60)
    unlit: bool = False
    eyes: FloatArray = field(
        default_factory=lambda: np.array([[0.0315, 0.03, 0.07], [-0.0315, 0.03, 0.07]], np.float32)
    )
    eye_parts: npt.NDArray[np.int8] | None = None
    inner: npt.NDArray[np.bool_] | None = None
    name: str = "head"
    attribution: str = ""

    def __post_init__(self) -> None:
        count = len(self.vertices)
        for name, kind in (("vertices", np.float32), ("triangles", np.int32), ("shapes", np.float32)):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype=kind))
        if self.vertices.shape != (count, 3) or not count or not np.isfinite(self.vertices).all():
            raise InputError(
                f"the head {self.name!r} has vertices of shape {self.vertices.shape}, needs (V, 3), finite"
            )
        bad = self.triangles.size and not 0 <= self.triangles.min() <= self.triangles.max() < count
        if self.triangles.ndim != 2 or self.triangles.shape[1] != 3 or bad:
            raise InputError(f"the head {self.name!r} has triangles that point outside its {count} vertices")
        if self.shapes.shape != (len(self.shape_names), count, 3) or not np.isfinite(self.shapes).all():
            raise InputError(f"the head {self.name!r} has shapes of {self.shapes.shape}, needs (names, {count}, 3)")

    def posed(self, motion: Motion, weights: FloatArray | None = None) -> FloatArray:
        """Return (T, V, 3) float32: the vertices of each frame, before the head turns.

        Parameters
        ----------
        motion : Motion
        weights : (T, N) float32, optional
            Of this head's own shapes; by default the motion's, by name.
        """
        values = weights_of(motion, self.shape_names) if weights is None else weights
        flat = self.shapes.reshape(len(self.shape_names), -1)
        posed: FloatArray = self.vertices + (values @ flat).reshape(len(values), -1, 3)
        return posed


def weights_of(motion: Motion, names: tuple[str, ...]) -> FloatArray:
    """Return (T, N) float32: the motion's weights for shapes by name; unknown shapes rest."""
    weights = np.zeros((len(motion), len(names)), np.float32)
    for column, name in enumerate(names):
        if name in ARKIT_INDEX:
            weights[:, column] = motion.weights[:, ARKIT_INDEX[name]]
    return weights


def rotation_matrices(angles: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Return (…, 3, 3) matrices ``R_y(yaw) · R_x(pitch) · R_z(roll)`` of (…, 3) pitch, yaw, roll in radians."""
    return quaternion_matrices(rotation_quaternions(angles))


def quaternion_matrices(quaternions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (…, 3, 3) rotation matrices of (…, 4) unit quaternions x, y, z, w."""
    x, y, z, w = np.moveaxis(quaternions, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def rotation_quaternions(angles: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Return (…, 4) unit quaternions x, y, z, w of (…, 3) pitch, yaw, roll in radians.

    Their order is a motion's: roll first, then pitch, then yaw. Neighbours in time lie on one side of the
    sphere for angles below half a turn, so that linear interpolation between keys is safe.
    """
    half = np.asarray(angles, np.float64) / 2
    (sp, sy, sr), (cp, cy, cr) = np.moveaxis(np.sin(half), -1, 0), np.moveaxis(np.cos(half), -1, 0)
    return np.stack(
        [
            cy * sp * cr + sy * cp * sr,
            sy * cp * cr - cy * sp * sr,
            cy * cp * sr - sy * sp * cr,
            cy * cp * cr + sy * sp * sr,
        ],
        axis=-1,
    )


def triangles_between(triangles: npt.NDArray[np.integer[Any]], used: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """Return the (F', 3) int32 triangles of (F, 3) between the used ones of V vertices, which are numbered anew."""
    number = np.cumsum(used) - 1
    between: npt.NDArray[np.int32] = number[triangles[used[triangles].all(1)]].astype(np.int32)
    return between


def vertex_normals(vertices: FloatArray, triangles: npt.NDArray[np.int32]) -> FloatArray:
    """Return (V, 3) float32 unit normals: the mean of the triangles around each vertex, weighted by area."""
    return NormalMaker(triangles, len(vertices))(vertices)


class NormalMaker:
    """Makes the normals of one mesh in many poses; see :func:`vertex_normals`."""

    def __init__(self, triangles: npt.NDArray[np.int32], vertex_count: int) -> None:
        from scipy.sparse import csr_matrix

        self._corners = [np.ascontiguousarray(triangles[:, corner]) for corner in range(3)]
        columns = np.repeat(np.arange(len(triangles)), 3)
        ones = np.ones(columns.size, np.float32)
        self._gather = csr_matrix((ones, (triangles.ravel(), columns)), shape=(vertex_count, len(triangles)))

    def __call__(self, vertices: FloatArray) -> FloatArray:
        """Return (V, 3) float32 unit normals of (V, 3) vertices."""
        a, b, c = (vertices[corner] for corner in self._corners)
        (x1, y1, z1), (x2, y2, z2) = (b - a).T, (c - a).T
        faces = np.stack([y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2], axis=1)
        total = self._gather @ faces
        length = np.sqrt(np.einsum("ij,ij->i", total, total))[:, None]
        result: FloatArray = np.where(length > 1e-20, total / np.maximum(length, 1e-20), _FORWARD)
        return result


def vertex_tangents(
    vertices: FloatArray, triangles: npt.NDArray[np.int32], uvs: FloatArray, normals: FloatArray
) -> FloatArray:
    """Return (V, 4) float32 tangents: along growing u, at right angles to the normal, and the side of growing v.

    E. Lengyel, "Computing Tangent Space Basis Vectors for an Arbitrary Mesh", 2001.
    """
    a, b, c = (vertices[triangles[:, corner]].astype(np.float64) for corner in range(3))
    ua, ub, uc = (uvs[triangles[:, corner]].astype(np.float64) for corner in range(3))
    edge1, edge2, d1, d2 = b - a, c - a, ub - ua, uc - ua
    area = d1[:, 0] * d2[:, 1] - d2[:, 0] * d1[:, 1]
    scale = np.divide(1.0, area, out=np.zeros_like(area), where=np.abs(area) > 1e-12)[:, None]
    along_u = (edge1 * d2[:, 1:] - edge2 * d1[:, 1:]) * scale
    along_v = (edge2 * d1[:, :1] - edge1 * d2[:, :1]) * scale
    corners = triangles.ravel()

    def gathered(faces: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        columns = [np.bincount(corners, np.repeat(faces[:, axis], 3), minlength=len(vertices)) for axis in range(3)]
        return np.stack(columns, axis=1).astype(np.float64)

    tangents, bitangents = gathered(along_u), gathered(along_v)
    tangents -= normals * np.sum(normals * tangents, axis=1, keepdims=True)
    other = np.where(np.abs(normals[:, :1]) < 0.9, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]])
    other = other - normals * np.sum(normals * other, axis=1, keepdims=True)
    unit = _unit(tangents, other)
    # glTF's v runs down the picture: its bitangent is cross(normal, tangent) · w with v upwards.
    side = np.where(np.sum(np.cross(normals, unit) * bitangents, axis=1) > 0, -1.0, 1.0)
    tangents4: FloatArray = np.concatenate([unit, side[:, None]], axis=1).astype(np.float32)
    return tangents4


def _unit(vectors: npt.NDArray[np.float64], otherwise: npt.NDArray[np.float64]) -> FloatArray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    safe = np.where(length > 1e-12, vectors, otherwise)
    result: FloatArray = (safe / np.linalg.norm(safe, axis=1, keepdims=True)).astype(np.float32)
    return result
