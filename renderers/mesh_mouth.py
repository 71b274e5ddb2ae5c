"""Put a mouth behind the lips of a portrait's face: the shipped head's teeth, gums, tongue and cheeks' inside."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from renderers.mesh_eyes import PAINTS
from renderers.mesh_head import Head, vertex_normals

if TYPE_CHECKING:
    from renderers.rig import Rig

__all__ = ["mouth_light", "with_mouth"]

#: Points of the middle of the face that speech moves little: nose and its wings, the groove above the lip.
_ANCHORS = (1, 2, 4, 5, 19, 94, 164, 98, 327)
#: Points all over the face, for its size.
_SPREAD = (10, 151, 9, 168, 6, 5, 4, 1, 33, 133, 362, 263, 127, 356, 234, 454, 93, 323, 58, 288)
_LIPS = (13, 14, 82, 312, 87, 317)
_CORNERS = (291, 61)
#: The front teeth stay this far behind the lips, metres.
_BEHIND_LIPS_M = 0.003
#: The inside of the cheeks is moved back by this much, lest it shows through a slim face, metres.
_BEHIND_CHEEKS_M = 0.004
#: Light falls off over this depth behind the front teeth.
_DEPTH_M = 0.036
#: Rows of the texture for each paint and columns from dark to bright: rows high enough, and columns few enough, that
#: viewers which reduce textures (mipmaps) do not mix the paints.
_ROWS_PX, _RAMP_PX = 24, 96
#: The light that the photo's own is taken to give.
_LIGHT = np.array([-0.30, 0.35, 0.89], np.float32)
_PARTS = {"socket": "mouth_socket", "gums": "gums_tongue", "teeth": "teeth"}

FloatArray = npt.NDArray[np.float32]


def mouth_light(depths_m: FloatArray, front_m: float) -> FloatArray:
    """Return how much light comes to places inside the mouth, 0 to 1: all at the front teeth, little behind.

    Parameters
    ----------
    depths_m : (V,) float32
        Along +Z, metres.
    front_m : float
        Of the front teeth.
    """
    near = np.clip(1.0 - (front_m - depths_m) / _DEPTH_M, 0.0, 1.0)
    light: FloatArray = (0.14 + 0.86 * near**1.2).astype(np.float32)
    return light


def with_mouth(face: Head, rig: Rig) -> Head:
    """Return a photo's face with a mouth behind its lips.

    The photo is shown without light, so the mouth's light is painted: each vertex looks up its brightness in
    a strip below the photo.

    Parameters
    ----------
    face : Head
        The 478 landmarks with the photo as texture.
    rig : Rig
        The shipped rig.
    """
    assert face.texture is not None
    assert face.uvs is not None
    unit_m = _spread(face.vertices) / _spread(rig.points)
    pieces = [rig.parts[part] for part in _PARTS.values()]
    used = np.concatenate([np.arange(piece.start, piece.stop) for piece in pieces])
    offset = face.vertices[list(_ANCHORS)].mean(0) - unit_m * rig.points[list(_ANCHORS)].mean(0)
    points = unit_m * rig.head_points[used] + offset
    cheeks = points[: pieces[0].stop - pieces[0].start]
    front = np.clip(1.0 - (cheeks[:, 2].max() - cheeks[:, 2]) / _DEPTH_M, 0.0, 1.0)
    wider = _widening(face.vertices, rig.points, float(unit_m)) - 1.0
    cheeks[:, 0] += front * wider * (cheeks[:, 0] - offset[0])
    cheeks[:, 2] -= _BEHIND_CHEEKS_M
    shift = min(0.0, float(face.vertices[list(_LIPS), 2].min() - _BEHIND_LIPS_M - points[:, 2].max()))
    points[:, 2] += shift
    number = np.full(len(rig.head_points), -1)
    number[used] = np.arange(len(used))
    triangles = number[rig.head_triangles]
    triangles = triangles[(triangles >= 0).all(1)]
    bright = _brightness(points, triangles.astype(np.int32))
    names = list(_PARTS)
    paint = np.concatenate([np.full(piece.stop - piece.start, i) for i, piece in enumerate(pieces)])
    texture, photo_share = _with_strip(face.texture, names)
    strip_px = _ROWS_PX * len(names)
    v = photo_share + (1 - photo_share) * (paint * _ROWS_PX + _ROWS_PX / 2) / strip_px
    width = texture.shape[1]
    uvs = np.stack([(2.0 + bright * (_ramp_px(width) - 4)) / width, v], axis=1).astype(np.float32)
    return replace(
        face,
        vertices=np.concatenate([face.vertices, points]),
        triangles=np.concatenate([face.triangles, triangles + len(face.vertices)]).astype(np.int32),
        shapes=np.concatenate([face.shapes, unit_m * rig.head_deltas[:, used]], axis=1),
        uvs=np.concatenate([face.uvs * np.array([1.0, photo_share], np.float32), uvs]),
        texture=texture,
        inner=np.concatenate([np.zeros(len(face.vertices), bool), np.ones(len(points), bool)]),
    )


def _spread(points: FloatArray) -> np.float32:
    chosen = points[list(_SPREAD)]
    return np.float32(np.sqrt(((chosen - chosen.mean(0)) ** 2).sum()))


def _widening(face: FloatArray, rest: FloatArray, unit_m: float) -> float:
    """Return how much wider the inside of the cheeks must be for a mouth that smiles on the photo."""
    left, right = _CORNERS
    wide = float(np.linalg.norm(face[left] - face[right])) / (unit_m * float(np.linalg.norm(rest[left] - rest[right])))
    return 1.1 * max(1.0, wide)


def _brightness(points: FloatArray, triangles: npt.NDArray[np.int32]) -> FloatArray:
    """Return (V,) brightness in [0, 1]: less the deeper in the mouth, and by the light's direction."""
    facing = 0.55 + 0.45 * np.clip(vertex_normals(points, triangles) @ _LIGHT, 0.0, 1.0)
    bright: FloatArray = mouth_light(points[:, 2], float(points[:, 2].max())) * facing**0.7
    return bright


def _ramp_px(width: int) -> int:
    return min(_RAMP_PX, width)


def _with_strip(photo: npt.NDArray[np.uint8], names: list[str]) -> tuple[npt.NDArray[np.uint8], float]:
    """Return the photo with a strip of paints below it, dark to bright, and the photo's share of the height."""
    width = photo.shape[1]
    ramp = np.clip((np.arange(width) + 0.5 - 2.0) / (_ramp_px(width) - 4), 0.0, 1.0)[:, None]
    rows = [np.repeat((ramp * np.array(PAINTS[name]))[None], _ROWS_PX, axis=0) for name in names]
    strip = np.round(np.concatenate(rows)).astype(np.uint8)
    texture = np.concatenate([photo[..., :3], strip])
    return np.ascontiguousarray(texture), photo.shape[0] / texture.shape[0]
