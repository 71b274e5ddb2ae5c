"""The head model bent to the person of a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from conditioning.arkit import ARKIT_INDEX
from renderers.landmarks import INNER_LOWER, INNER_UPPER
from renderers.rig import Fit, Rig

__all__ = ["Head", "bend_head", "landmarks_of"]

Float = npt.NDArray[np.float32]

#: Vertices of the model's face proper ("narrow face area" of ICT-FaceKit).
NARROW = 6706
#: Lips closer than this share of the mouth's width touch.
_TOUCHING = 0.035


@dataclass(frozen=True, eq=False)
class Head:
    """A person's head in the picture: pixels, x right, y down, z towards the viewer.

    Attributes
    ----------
    points : (V, 3) float32
        The head model's vertices as the portrait shows them.
    deltas : (52, V, 3) float32
        Their movements, pixels.
    fit : Fit
        The rig's place in this picture.
    mouth_open_px : float
        How far the lips stand apart in the portrait; 0 where they touch.
    mouth_width_px : float
        Between the corners.
    """

    points: Float
    deltas: Float
    fit: Fit
    mouth_open_px: float
    mouth_width_px: float


def bend_head(rig: Rig, fit: Fit, landmarks: Float) -> Head:
    """Bend the head model so that its landmarks are those of the picture.

    The rig is placed by its fit, takes the portrait's expression, and the rest of the way is made by
    biharmonic splines (kernel r in space) that end exactly at the landmarks.

    Parameters
    ----------
    rig : Rig
        The shipped rig.
    fit : Fit
        Its place, in the same pixels as ``landmarks``.
    landmarks : (478, 3) float32
        Found on the picture.
    """
    from scipy.interpolate import RBFInterpolator

    deltas = fit.turn(rig.head_deltas)
    posed = fit.place(rig.head_points) + np.tensordot(fit.expression, deltas, 1)
    centers = landmarks_of(rig, posed)
    targets = landmarks[:468].astype(np.float64).copy()
    gap_px = _close_touching(targets)
    spline = RBFInterpolator(centers, targets - centers, kernel="linear", degree=0, smoothing=0.0)
    moved = np.empty_like(posed)
    for start in range(0, len(posed), 4096):
        part = posed[start : start + 4096].astype(np.float64)
        moved[start : start + 4096] = part + spline(part)
    corners = landmarks[[INNER_UPPER[0], INNER_UPPER[-1]]]
    return Head(moved.astype(np.float32), deltas, fit, gap_px, float(np.linalg.norm(corners[1] - corners[0])))


def landmarks_of(rig: Rig, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return (468, 3) places of the skin landmarks on the head's vertices."""
    corners, weights = rig.corners[:468], rig.corner_weights[:468].astype(np.float64)
    places: npt.NDArray[np.float64] = np.einsum("nk,nkc->nc", weights, points[corners].astype(np.float64))
    return places


def _close_touching(targets: npt.NDArray[np.float64]) -> float:
    """Bring lips that touch onto one line, in place; return the gap in the middle of the mouth."""
    upper, lower = np.array(INNER_UPPER[1:-1]), np.array(INNER_LOWER)
    width = float(np.linalg.norm(targets[INNER_UPPER[0]] - targets[INNER_UPPER[-1]]))
    gaps = targets[lower, 1] - targets[upper, 1]
    middle = float(np.sort(gaps)[-3:].mean())
    if middle < _TOUCHING * width:
        line = (targets[upper] + targets[lower]) / 2
        targets[upper], targets[lower] = line, line
        return 0.0
    return middle


def jaw_share(rig: Rig) -> Float:
    """Return (V,) float32: how much each vertex follows the jaw, 0 to 1."""
    drop = -rig.head_deltas[ARKIT_INDEX["jawOpen"], :, 1]
    share: Float = np.clip(drop / np.percentile(drop[rig.parts["teeth"]], 75), 0, 1).astype(np.float32)
    return share
