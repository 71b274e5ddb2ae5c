"""The face rig fitted to a person: 52 ARKit shapes on the 478 points of a face found on a picture.

The rig's own frame is that of its head model: x to the character's left, y up, z out of the face, in
units of about a centimetre. A fit places it in the picture: pixels, x right, y down, z towards the viewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from checkpoints import load
from conditioning.arkit import ARKIT_INDEX, ARKIT_NAMES
from renderers.face import Face, find_face, read_picture
from renderers.landmarks import (
    INNER_BROWS,
    INNER_LOWER,
    INNER_UPPER,
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    LEFT_IRIS,
    OUTER_BROWS,
    OUTER_LIPS,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
    RIGHT_IRIS,
)
from renderers.rig_correctives import strengthen

__all__ = ["FaceMesh", "Fit", "Rig", "face_mesh", "fit_rig", "head_axes", "load_rig", "mesh_of_face"]

RIG_VERSION = 1

#: Distance between the pupils of an adult, metres (Dodgson 2004: mean 63 mm); gives the mesh its size.
PUPIL_DISTANCE_M = 0.063

#: Points that hardly move with expression; the head's pose is taken from them.
_STEADY = (
    10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 1, 19, 94, 33, 133, 362, 263, 127, 356, 234, 454, 93, 323, 132, 361,
    109, 338, 67, 297, 103, 332, 54, 284, 21, 251, 162, 389, 98, 327, 129, 358, 122, 351, 193, 417,
)  # fmt: skip
#: Shapes that a portrait may already show.
_SHOWN = (
    "jawOpen", "mouthFrownLeft", "mouthFrownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft",
    "mouthLowerDownRight", "mouthPucker",
)  # fmt: skip
#: Ridge of the expression's fit, against taking a person's features for an expression.
_RIDGE = 0.08


@dataclass(frozen=True, eq=False)
class Rig:
    """The shipped rig.

    Attributes
    ----------
    points : (478, 3) float32
        Landmarks at rest.
    deltas : (52, 478, 3) float32
        Movement of each in each shape at weight 1, in the order of ``ARKIT_NAMES``.
    triangles : (852, 3) int32
        Of the skin, counter-clockwise from the front; eyes and mouth are holes.
    corners : (478, 3) int32
        Vertices of the head model around each landmark (not for irises).
    corner_weights : (478, 3) float32
        Their shares.
    head_points : (V, 3) float32
        The whole head model at rest.
    head_triangles : (T, 3) int32
        Its triangles.
    head_deltas : (52, V, 3) float32
        Its movements.
    parts : dict of str to slice
        Vertices of ``face``, ``head``, ``mouth_socket``, ``gums_tongue`` and ``teeth``.
    tongue : (V,) bool
        Which vertices are the tongue.
    eye_centers : (2, 3) float32
        Of the left and the right eyeball.
    """

    points: npt.NDArray[np.float32]
    deltas: npt.NDArray[np.float32]
    triangles: npt.NDArray[np.int32]
    corners: npt.NDArray[np.int32]
    corner_weights: npt.NDArray[np.float32]
    head_points: npt.NDArray[np.float32]
    head_triangles: npt.NDArray[np.int32]
    head_deltas: npt.NDArray[np.float32]
    parts: dict[str, slice]
    tongue: npt.NDArray[np.bool_]
    eye_centers: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Fit:
    """Where the rig lies in a picture, and the expression that the picture shows.

    A point of the rig goes to ``scale * rotation @ point + translation``.

    Attributes
    ----------
    rotation : (3, 3) float64
        Includes the turn of y downwards, so its determinant is -1.
    scale : float
        Pixels a unit.
    translation : (3,) float64
        Pixels.
    expression : (52,) float32
        Weights that the portrait itself shows.
    """

    rotation: npt.NDArray[np.float64]
    scale: float
    translation: npt.NDArray[np.float64]
    expression: npt.NDArray[np.float32]

    def place(self, points: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
        """Return points of the rig in the picture."""
        return np.ascontiguousarray(points @ (self.scale * self.rotation.T) + self.translation, np.float32)

    def turn(self, deltas: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
        """Return movements of the rig in the picture."""
        return np.ascontiguousarray(deltas @ (self.scale * self.rotation.T).astype(np.float32), np.float32)


@dataclass(frozen=True, eq=False)
class FaceMesh:
    """A person's face as a textured mesh with shapes, for export.

    Axes are glTF's: x to the character's left, y up, z out of the face; the head looks along +z whatever
    its pose in the portrait. The first 478 vertices are the landmarks.

    Attributes
    ----------
    positions : (V, 3) float32
        Metres; the origin lies between the ears.
    triangles : (T, 3) int32
        Counter-clockwise from outside.
    uvs : (V, 2) float32
        0 to 1 from the texture's upper left corner, as glTF has it.
    morphs : (52, V, 3) float32
        Metres, in the order of ``ARKIT_NAMES``.
    texture : (H, W, 3) uint8
        sRGB: the portrait, cropped around the face.
    names : tuple of str
        Of the shapes.
    """

    positions: npt.NDArray[np.float32]
    triangles: npt.NDArray[np.int32]
    uvs: npt.NDArray[np.float32]
    morphs: npt.NDArray[np.float32]
    texture: npt.NDArray[np.uint8]
    names: tuple[str, ...] = ARKIT_NAMES


@lru_cache(maxsize=1)
def load_rig() -> Rig:
    """Load the shipped rig.

    Raises
    ------
    CheckpointError
        If it is absent or damaged.
    """
    tensors = load("face_rig", version=RIG_VERSION).tensors
    points = tensors["head_points"]
    deltas = np.zeros((len(ARKIT_NAMES), len(points), 3), np.float32)
    shape = np.repeat(np.arange(len(ARKIT_NAMES)), tensors["head_delta_count"])
    values = tensors["head_delta_values"] * tensors["head_delta_scale"][shape, None]
    deltas[shape, tensors["head_delta_vertex"]] = values
    ends = [int(end) for end in tensors["head_parts"]]
    names = ("face", "head", "mouth_socket", "gums_tongue", "teeth")
    brows = tuple(tensors["points"][list(ends)] for ends in (INNER_BROWS, OUTER_BROWS))
    return Rig(
        points=tensors["points"],
        deltas=strengthen(tensors["deltas"].astype(np.float32), tensors["points"], *brows),
        triangles=tensors["triangles"].astype(np.int32),
        corners=tensors["corners"].astype(np.int32),
        corner_weights=tensors["corner_weights"],
        head_points=points,
        head_triangles=tensors["head_triangles"].astype(np.int32),
        head_deltas=strengthen(deltas, points, *brows),
        parts={name: slice(*ends[i : i + 2]) for i, name in enumerate(names)},
        tongue=tensors["head_tongue"].astype(bool),
        eye_centers=tensors["eye_centers"],
    )


def fit_rig(rig: Rig, face: Face) -> Fit:
    """Place the rig on a face.

    The pose comes from points that expression hardly moves; the expression that the portrait shows comes
    from the lips, as the non-negative weights that explain them best.
    """
    target = face.points.astype(np.float64)
    steady = list(_STEADY)
    rotation, scale, translation = _similarity(rig.points[steady].astype(np.float64), target[steady])
    inverse = ((target - translation) @ rotation) / scale
    expression = np.zeros(len(ARKIT_NAMES), np.float32)
    shown = [ARKIT_INDEX[name] for name in _SHOWN]
    smiles = [ARKIT_INDEX["mouthSmileLeft"], ARKIT_INDEX["mouthSmileRight"]]
    expression[smiles] = _smile(rig, inverse)
    smiling = rig.points + np.tensordot(expression, rig.deltas, 1)
    expression[shown] = _lip_expression(rig, smiling.astype(np.float64), inverse, shown)
    return Fit(rotation, scale, translation, expression)


def face_mesh(portrait: Path) -> FaceMesh:
    """Make the textured mesh of the person on a portrait.

    Parameters
    ----------
    portrait : Path
        A picture that shows a face.

    Returns
    -------
    FaceMesh
        The 478 landmarks with 52 shapes; the eyes are filled by triangles between lids and irises.

    Raises
    ------
    InputError
        If the picture cannot be read or shows no face.
    """
    picture = read_picture(portrait)
    return mesh_of_face(picture.pixels, find_face(picture))


def mesh_of_face(pixels: npt.NDArray[np.uint8], face: Face) -> FaceMesh:
    """Make the textured mesh of a face that was found on a picture; see :func:`face_mesh`.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
    face : Face
        Its landmarks, in these pixels.
    """
    rig = load_rig()
    fit = fit_rig(rig, face)
    unit_m, origin = head_axes(face, fit)
    head = ((face.points - fit.translation) @ fit.rotation) / fit.scale
    morphs = close_lids(rig.deltas, head)
    texture, uvs = _crop(pixels, face)
    return FaceMesh(
        positions=np.ascontiguousarray((head - origin) * unit_m, np.float32),
        triangles=np.concatenate([rig.triangles, _eye_triangles()]),
        uvs=uvs,
        morphs=np.ascontiguousarray(morphs * unit_m, np.float32),
        texture=texture,
    )


def head_axes(face: Face, fit: Fit) -> tuple[float, npt.NDArray[np.float64]]:
    """Return the metres in a unit of the rig for this person, and the middle between the ears, in the rig's frame."""
    pupils = np.linalg.norm(face.points[LEFT_IRIS[0]] - face.points[RIGHT_IRIS[0]])
    unit_m = PUPIL_DISTANCE_M / max(float(pupils) / fit.scale, 1e-6)
    ears = ((face.points[[234, 454]] - fit.translation) @ fit.rotation) / fit.scale
    return unit_m, ears.mean(0)


def close_lids(deltas: npt.NDArray[np.float32], points: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    """Return the shapes with blinks that close these eyes: the upper lid goes to the lower one.

    The rig's own blink fits its own eyes; on wider or narrower ones it would leave a slit or overshoot.

    Parameters
    ----------
    deltas : (52, 478, 3) float32
        In the frame of ``points``.
    points : (478, 3)
        The landmarks at rest.
    """
    result = deltas.copy()
    sides = (("eyeBlinkLeft", LEFT_EYE_UPPER, LEFT_EYE_LOWER), ("eyeBlinkRight", RIGHT_EYE_UPPER, RIGHT_EYE_LOWER))
    for name, upper, lower in sides:
        blink = result[ARKIT_INDEX[name]]
        for above, below in zip(upper[1:-1], lower, strict=True):
            gap = (points[below] + blink[below]) - (points[above] + blink[above])
            blink[above] += np.array([0.0, gap[1], 0.0])
    return result


def _similarity(
    source: npt.NDArray[np.float64], target: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], float, npt.NDArray[np.float64]]:
    """Return rotation (with y turned down), scale and translation (Umeyama 1991, without its sign rule)."""
    flip = np.diag([1.0, -1.0, 1.0])
    source_mean, target_mean = source.mean(0), target.mean(0)
    a, b = (source - source_mean) @ flip, target - target_mean
    u, singular, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * sign) @ vt @ flip
    scale = float((singular * sign).sum() / (a**2).sum())
    return rotation, scale, target_mean - scale * rotation @ source_mean


def _smile(rig: Rig, seen: npt.NDArray[np.float64]) -> float:
    """Return how much a face smiles, 0 to 1: the least of what the mouth's width and its corners' height say.

    Either alone may be the person's own; a smile has both.
    """

    def measures(points: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        width = np.linalg.norm(points[291] - points[61])
        eyes = np.linalg.norm(points[263] - points[33])
        corners = (points[61, 1] + points[291, 1]) / 2 - (points[0, 1] + points[17, 1]) / 2
        return np.array([width / eyes, corners / width])

    smile = rig.deltas[ARKIT_INDEX["mouthSmileLeft"]] + rig.deltas[ARKIT_INDEX["mouthSmileRight"]]
    rest, full = measures(rig.points), measures(rig.points + smile)
    shares = (measures(seen) - rest) / (full - rest)
    return float(np.clip(shares.min(), 0, 1))


def _lip_expression(
    rig: Rig, start: npt.NDArray[np.float64], seen: npt.NDArray[np.float64], shown: list[int]
) -> npt.NDArray[np.float64]:
    """Return weights (0 to 1) of the shapes that explain the lips of a face in the rig's frame.

    The mouth's place belongs to the person, so lips are compared about their centre; gaps between the lips belong
    to the expression and weigh most.
    """
    from scipy.optimize import lsq_linear

    lips = list(OUTER_LIPS)
    pairs = list(zip(INNER_UPPER[1:-1], INNER_LOWER, strict=True))

    def features(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        shape = points[lips, :2] - points[lips, :2].mean(0)
        gaps = np.array([points[a, 1] - points[b, 1] for a, b in pairs])
        return np.concatenate([0.3 * shape[:, 1], 0.2 * shape[:, 0], gaps])

    rest = features(start)
    basis = np.stack([features(start + rig.deltas[index]) - rest for index in shown], 1)
    difference = features(seen) - rest
    ridge = _RIDGE * np.sqrt((basis**2).sum(0).max())
    matrix = np.concatenate([basis, ridge * np.eye(len(shown))])
    solution = lsq_linear(matrix, np.concatenate([difference, np.zeros(len(shown))]), bounds=(0.0, 1.0))
    weights: npt.NDArray[np.float64] = solution.x
    return weights


def _crop(pixels: npt.NDArray[np.uint8], face: Face) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Return the picture around the face and the landmarks' places in it, 0 to 1."""
    left, top, right, bottom = face.box
    margin = 0.04 * (right - left)
    x0, y0 = max(0, int(left - margin)), max(0, int(top - margin))
    x1, y1 = min(pixels.shape[1], int(right + margin) + 2), min(pixels.shape[0], int(bottom + margin) + 2)
    texture = np.ascontiguousarray(pixels[y0:y1, x0:x1])
    uvs = (face.points[:, :2] + 0.5 - np.array([x0, y0])) / np.array([x1 - x0, y1 - y0])
    return texture, np.clip(uvs, 0, 1).astype(np.float32)


def _eye_triangles() -> npt.NDArray[np.int32]:
    """Return triangles that fill the eyes: from the lids to the iris, and the iris itself.

    The rim of an iris runs right, top, left, bottom in the picture for both eyes alike.
    """
    triangles: list[tuple[int, int, int]] = []
    eyes = ((RIGHT_EYE_UPPER, RIGHT_EYE_LOWER, RIGHT_IRIS), (LEFT_EYE_UPPER, LEFT_EYE_LOWER, LEFT_IRIS))
    for upper, lower, iris in eyes:
        ring = [*upper, *reversed(lower)]
        middle = iris[0]
        triangles += [(ring[i], ring[(i + 1) % len(ring)], middle) for i in range(len(ring))]
    array = np.array(triangles, np.int32)
    # The rings run outer corner → upper lid → inner corner: clockwise for the right eye in the picture,
    # counter-clockwise for the left one. Counter-clockwise from the front is wanted.
    half = len(array) // 2
    array[:half] = array[:half, ::-1]
    return array
