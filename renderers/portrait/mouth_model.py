"""Teeth, gums and tongue in the head model's own frame, before they are set into a person's mouth.

Teeth and gums are the model's. Its tongue hangs low and folds as the jaw opens; here the tongue is a surface of its
own that lies on the floor of the mouth, behind the lower incisors, and moves as the jaw's bone does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from conditioning.arkit import ARKIT_INDEX
from renderers.portrait.head import jaw_share
from renderers.rig import Rig, load_rig

__all__ = ["INSIDE", "MouthModel", "mouth_model"]

Float = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]

#: Shapes that move what lies inside the mouth.
INSIDE = ("jawForward", "jawLeft", "jawRight", "jawOpen", "tongueOut")
#: The model's teeth are set lower by this (its units), so that speech shows the upper ones as people's do.
_TEETH_DOWN = 0.25
#: Its gums cover too much of them and are drawn back by this.
_GUMS_AWAY = 0.16
#: Half the width of the incisors.
_INCISORS = 0.8
#: The tongue from its back over its tip and down in front: depth, height of its ridge (both relative to the lower
#: incisors' edge), and half its width, units; its sides fall by this, its middle groove is this deep.
_TONGUE_Z = (-5.6, -4.4, -3.2, -2.1, -1.3, -0.8, -0.5, -0.55, -0.9)
_TONGUE_Y = (0.15, 0.40, 0.45, 0.25, -0.05, -0.35, -0.75, -1.40, -2.40)
_TONGUE_X = (1.60, 1.75, 1.80, 1.70, 1.45, 1.20, 1.00, 1.05, 1.20)
_SIDES, _GROOVE = 0.8, 0.10
#: Rows and columns of its surface.
_ROWS, _COLUMNS = 26, 21
#: Out of the mouth its tip rises and comes forward by this.
_OUT = np.array([0.0, 1.6, 2.2], np.float32)
#: The tongue keeps nearer to the palate than the jaw does.
_TONGUE_STAYS = 0.12


@dataclass(frozen=True, eq=False)
class MouthModel:
    """The inside of the head model's mouth at rest, head model's units.

    Attributes
    ----------
    points : (V, 3) float32
        The model's own vertices of the mouth (in its order), then the tongue's.
    deltas : (5, V, 3) float32
        Their movements in :data:`INSIDE`.
    normals : (V, 3) float32
        Outwards, unit length.
    triangles : (T, 3) int32
        What is drawn: teeth, gums, tongue.
    upper, teeth, tongue : (V,) bool
        What belongs to the upper jaw; the teeth; the tongue.
    incisors : (V,) bool
        The teeth in the middle, of both jaws.
    """

    points: Float
    deltas: Float
    normals: Float
    triangles: npt.NDArray[np.int32]
    upper: Bool
    teeth: Bool
    tongue: Bool
    incisors: Bool


@lru_cache(maxsize=1)
def mouth_model() -> MouthModel:
    """Return the inside of the shipped rig's mouth."""
    rig = load_rig()
    start, stop = rig.parts["mouth_socket"].start, rig.parts["teeth"].stop
    own = np.arange(start, stop)
    teeth = own >= rig.parts["teeth"].start
    gums = (own >= rig.parts["gums_tongue"].start) & ~teeth & ~rig.tongue[start:stop]
    upper = jaw_share(rig)[start:stop] < 0.5
    points = rig.head_points[start:stop].copy()
    points[teeth, 1] -= _TEETH_DOWN
    points[gums & upper, 1] += _GUMS_AWAY
    points[gums & ~upper, 1] -= _GUMS_AWAY + _TEETH_DOWN
    triangles = rig.head_triangles[((rig.head_triangles >= start) & (rig.head_triangles < stop)).all(1)] - start
    # The cavity's skin hangs on the lips and would hide the gums.
    triangles = triangles[(teeth | gums)[triangles].all(1)]
    incisors = teeth & (np.abs(points[:, 0]) < _INCISORS)
    edge = points[incisors & ~upper]
    edge = edge[edge[:, 1] >= np.percentile(edge[:, 1], 96)].mean(0)
    tongue_points, tongue_triangles = _tongue(edge)
    deltas = rig.head_deltas[[ARKIT_INDEX[name] for name in INSIDE], start:stop]
    tongue_deltas = _tongue_deltas(rig, tongue_points)
    count, more = len(points), len(tongue_points)
    points = np.concatenate([points, tongue_points]).astype(np.float32)
    triangles = np.concatenate([triangles, tongue_triangles + count]).astype(np.int32)
    none = np.zeros(more, bool)
    return MouthModel(
        points=points,
        deltas=np.ascontiguousarray(np.concatenate([deltas, tongue_deltas], 1), np.float32),
        normals=_normals(points, triangles),
        triangles=triangles,
        upper=np.concatenate([upper, none]),
        teeth=np.concatenate([teeth, none]),
        tongue=np.concatenate([np.zeros(count, bool), ~none]),
        incisors=np.concatenate([incisors, none]),
    )


def _tongue(edge: Float) -> tuple[Float, npt.NDArray[np.int32]]:
    """Return points and triangles of a tongue behind the lower incisors, whose edge is given."""
    from scipy.interpolate import PchipInterpolator

    along = np.linspace(0, 1, _ROWS)
    knots = np.linspace(0, 1, len(_TONGUE_Z))
    z, y, half = (PchipInterpolator(knots, values)(along)[:, None] for values in (_TONGUE_Z, _TONGUE_Y, _TONGUE_X))
    across = np.sin(0.5 * np.pi * np.linspace(-1, 1, _COLUMNS))[None]
    fall = _SIDES * (1 - np.sqrt(1 - 0.98 * across**2)) + _GROOVE * np.exp(-((across / 0.16) ** 2))
    surface = np.stack([half * across, y - fall, z + 0 * across], 2).reshape(-1, 3) + edge
    index = np.arange(_ROWS * _COLUMNS).reshape(_ROWS, _COLUMNS)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, :-1].ravel(), index[1:, 1:].ravel()
    triangles = np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])
    return surface.astype(np.float32), triangles.astype(np.int32)


def _tongue_deltas(rig: Rig, points: Float) -> Float:
    """Return (5, V, 3): movements of the tongue; it goes with the lower teeth as one solid (an affine field)."""
    teeth = rig.parts["teeth"]
    lower = np.flatnonzero(jaw_share(rig)[teeth] >= 0.5) + teeth.start
    known = np.concatenate([rig.head_points[lower], np.ones((len(lower), 1))], 1)
    wanted = np.concatenate([points, np.ones((len(points), 1))], 1)
    moves = []
    for name in INSIDE:
        delta = rig.head_deltas[ARKIT_INDEX[name]]
        if name == "tongueOut":
            along = ((points[:, 2] - points[:, 2].min()) / np.ptp(points[:, 2]))[:, None]
            moves.append(_OUT * along ** np.array([1, 2, 1]))
            continue
        field, *_ = np.linalg.lstsq(known, delta[lower], rcond=None)
        moves.append(wanted @ field * (1 - _TONGUE_STAYS))
    result: Float = np.array(moves, np.float32)
    return result


def _normals(points: Float, triangles: npt.NDArray[np.int32]) -> Float:
    """Return unit normals of the vertices."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    face_normals = np.cross(b - a, c - a)
    normals = np.zeros_like(points)
    for k in range(3):
        np.add.at(normals, triangles[:, k], face_normals)
    unit: Float = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return unit
