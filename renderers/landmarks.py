"""Which of the 478 landmarks is what, and the triangles between them.

Numbers are MediaPipe's. "Left" is the character's left, on the right of a picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "FACE_OVAL",
    "INNER_BROWS",
    "INNER_LOWER",
    "INNER_UPPER",
    "LEFT_EYE_LOWER",
    "LEFT_EYE_UPPER",
    "LEFT_IRIS",
    "MOUTH_CORNERS",
    "OUTER_BROWS",
    "OUTER_LIPS",
    "RIGHT_EYE_LOWER",
    "RIGHT_EYE_UPPER",
    "RIGHT_IRIS",
    "mesh_triangles",
]

#: Inner edge of the lips from the character's right corner to the left one, corners included.
INNER_UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
INNER_LOWER = (95, 88, 178, 87, 14, 317, 402, 318, 324)
#: Outer edge, clockwise in the picture from the character's right corner, over the upper lip.
OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
MOUTH_CORNERS = (61, 291)
#: Inner end of the left and the right brow.
INNER_BROWS = (285, 55)
#: Outer ends.
OUTER_BROWS = (300, 70)

#: Lid edges from the outer to the inner corner, corners included in the upper ones.
RIGHT_EYE_UPPER = (33, 246, 161, 160, 159, 158, 157, 173, 133)
RIGHT_EYE_LOWER = (7, 163, 144, 145, 153, 154, 155)
LEFT_EYE_UPPER = (263, 466, 388, 387, 386, 385, 384, 398, 362)
LEFT_EYE_LOWER = (249, 390, 373, 374, 380, 381, 382)

#: Centre, then four points of the rim.
RIGHT_IRIS = (468, 469, 470, 471, 472)
LEFT_IRIS = (473, 474, 475, 476, 477)

#: Outline of the face, clockwise in the picture from the top.
FACE_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176,
    149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip


def mesh_triangles(points: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """Return (T, 3) triangles of the 468 skin points, with holes for eyes and mouth.

    MediaPipe publishes the edges of its mesh. Three edges that form a ring are a triangle unless another
    point lies inside.

    Parameters
    ----------
    points : (468, 2)
        The landmarks in a front view, y up.

    Returns
    -------
    (T, 3) int32
        Counter-clockwise as seen from the front.
    """
    from mediapipe.python.solutions.face_mesh_connections import FACEMESH_TESSELATION

    near: dict[int, set[int]] = {}
    for a, b in FACEMESH_TESSELATION:
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)
    rings = {tuple(sorted((a, b, c))) for a in near for b in near[a] for c in near[a] & near[b]}
    triangles = []
    for ring in sorted(rings):
        a, b, c = (points[k] for k in ring)
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        common = near[ring[0]] & near[ring[1]] & near[ring[2]]
        if any(_inside(points[k], a, b, c) for k in common):
            continue
        triangles.append(ring if area > 0 else (ring[0], ring[2], ring[1]))
    return np.array(triangles, np.int32)


def _inside(p: npt.NDArray[Any], a: npt.NDArray[Any], b: npt.NDArray[Any], c: npt.NDArray[Any]) -> bool:
    """Whether p lies in the triangle a b c."""
    sides = [(v[0] - u[0]) * (p[1] - u[1]) - (v[1] - u[1]) * (p[0] - u[0]) for u, v in ((a, b), (b, c), (c, a))]
    return bool(min(sides) > 0 or max(sides) < 0)
