"""From 52 weights and a rotation to the places of every vertex of a sheet.

Beyond the sum of the shapes: blinks close these very eyes whatever else the lids do, lips never pass
through each other, and closed lips close even where the portrait smiles with open ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from conditioning.arkit import ARKIT_INDEX
from renderers.landmarks import (
    INNER_LOWER,
    INNER_UPPER,
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    OUTER_LIPS,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
)
from renderers.portrait.head import NARROW, Head
from renderers.portrait.raster import blend
from renderers.portrait.sheet import PIVOT, Sheet
from renderers.rig import Rig

__all__ = ["EyeLids", "Poser", "closing_demand", "head_matrix", "planar_inverse"]

Float = npt.NDArray[np.float32]

#: Weights below this move nothing by a visible amount.
_IDLE = 1e-4
#: Distances that the zones of an eye and of the mouth reach (rig units).
_EYE_REACH, _MOUTH_REACH = 3.6, 6.5
#: Overlap of closed lids and lips, pixels.
_OVERLAP_PX = 0.6
#: The lower lid goes this share of the way in a blink, by no more of the squinting shape than this.
_LOWER_RISE, _SQUINT_MOST = 0.06, 1.0
#: How far a lip's correction reaches: along the mouth and away from the line of the lips (rig units).
_ALONG, _ACROSS = 0.55, 1.1

#: Shapes of a portrait's own expression that speech modifies.
_LASTING = ("mouthSmileLeft", "mouthSmileRight")
#: Shapes that raise the upper lip, which an open smile has raised already.
_RAISING = ("mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight")
#: Pairs that raise the upper lip, and how far they may (widths of the mouth: 5 to 6 of 50 mm).
_RAISERS = (("noseSneerLeft", "noseSneerRight"), ("mouthUpperUpLeft", "mouthUpperUpRight"))
_MOST_RISE = 0.115
#: Shapes that no smile goes with, and how much of a shown one each takes back.
_UNSMILING = (
    ("mouthPucker", 0.8), ("mouthFunnel", 0.7), ("mouthFrownLeft", 0.5), ("mouthFrownRight", 0.5),
    ("mouthPressLeft", 0.35), ("mouthPressRight", 0.35), ("browDownLeft", 0.2), ("browDownRight", 0.2),
    ("eyeWideLeft", 0.3), ("eyeWideRight", 0.3), ("noseSneerLeft", 0.2), ("noseSneerRight", 0.2),
)  # fmt: skip

_OPENERS = (
    ("jawOpen", 1.0), ("mouthFunnel", 0.42), ("mouthLowerDownLeft", 0.1), ("mouthLowerDownRight", 0.1),
    ("mouthUpperUpLeft", 0.11), ("mouthUpperUpRight", 0.11), ("noseSneerLeft", 0.09), ("noseSneerRight", 0.09),
)  # fmt: skip


def head_matrix(rotation_rad: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Return ``R_y(yaw) · R_x(pitch) · R_z(roll)`` in the character's axes."""
    pitch, yaw, roll = (float(angle) for angle in rotation_rad)
    cp, sp, cy, sy, cr, sr = np.cos(pitch), np.sin(pitch), np.cos(yaw), np.sin(yaw), np.cos(roll), np.sin(roll)
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    product: npt.NDArray[np.float64] = about_y @ about_x @ about_z
    return product


def planar_inverse(rotation: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the (2, 2) matrix that takes moved picture offsets back, for points of one depth."""
    (a, b), (c, d) = rotation[0, :2], rotation[1, :2]
    result: npt.NDArray[np.float64] = np.array([[d, -b], [-c, a]]) / (a * d - b * c)
    return result


@dataclass(frozen=True, eq=False)
class EyeLids:
    """The lids of one eye on the face's mesh.

    Attributes
    ----------
    blink : int
        Index of the eye's blink shape.
    upper, lower : (7,) intp
        Landmarks of the two edges, in pairs.
    edge : (9,) intp
        Landmarks of the upper lid's edge with the corners.
    ring : (16,) intp
        Landmarks around the opening.
    vertices : (N,) intp
        Vertices that bound the eye's zone.
    gap_px : (7,) float64
        Distance between the pairs at rest.
    """

    blink: int
    upper: npt.NDArray[np.intp]
    lower: npt.NDArray[np.intp]
    edge: npt.NDArray[np.intp]
    ring: npt.NDArray[np.intp]
    vertices: npt.NDArray[np.intp]
    gap_px: npt.NDArray[np.float64]


class Poser:
    """Moves the vertices of one sheet.

    Parameters
    ----------
    rig, head, sheet
        Of one person in one frame.
    """

    def __init__(self, rig: Rig, head: Head, sheet: Sheet) -> None:
        self._rig, self._head, self._sheet = rig, head, sheet
        self._deltas = sheet.deltas.copy()
        self.eyes = (
            self._lids("eyeBlinkLeft", LEFT_EYE_UPPER, LEFT_EYE_LOWER),
            self._lids("eyeBlinkRight", RIGHT_EYE_UPPER, RIGHT_EYE_LOWER),
        )
        for eye, side in zip(self.eyes, ("Left", "Right"), strict=True):
            self._lift_lower(eye, ARKIT_INDEX[f"eyeSquint{side}"])
            self._meet(eye)
        self._pairs = (np.array(INNER_UPPER[1:-1]), np.array(INNER_LOWER))
        for left, right in _RAISERS:
            self._bound_rise(ARKIT_INDEX[left], ARKIT_INDEX[right])
        #: Landmarks around the lips.
        self.mouth_ring = np.array(OUTER_LIPS)
        #: Vertices that bound the mouth's zone.
        self.lip_vertices = np.unique(rig.corners[[*OUTER_LIPS, *INNER_UPPER, *INNER_LOWER]])
        at_eyes = rig.eye_centers[:, :2]
        #: Triangles of the face that can come into the zones of the left eye, the right eye and the mouth.
        self.near_eyes = tuple(_near(rig, sheet.face_triangles, center, _EYE_REACH) for center in at_eyes)
        self.near_mouth = _near(rig, sheet.face_triangles, rig.points[[78, 308], :2].mean(0), _MOUTH_REACH)
        self._upper_pull, self._lower_pull = _lip_pulls(rig, self._pairs)
        self._hold_upper_lip()
        self._lip_overlap_px = max(_OVERLAP_PX, 0.022 * head.mouth_width_px) if head.mouth_open_px > 0 else 0.3
        #: (3,) float64, pixels: the point about which the head turns.
        self.pivot = head.fit.place(PIVOT[None].astype(np.float32))[0].astype(np.float64)
        basis = head.fit.rotation
        self._basis = basis

    def _bound_rise(self, left: int, right: int) -> None:
        """Scale a pair of shapes that raise the upper lip, so that they do not bare a small mouth's whole teeth."""
        middle = self._pairs[0][2:7]
        raised = self._sheet.points + self._deltas[left] + self._deltas[right]
        rise = (self._landmark_y(self._sheet.points, middle) - self._landmark_y(raised, middle)).mean()
        share = np.float32(min(1.0, _MOST_RISE * self._head.mouth_width_px / max(float(rise), 1e-3)))
        self._deltas[left] *= share
        self._deltas[right] *= share

    def _hold_upper_lip(self) -> None:
        """Let the jaw's drop leave the middle of the upper lip where it is: the model draws it down over the teeth."""
        jaw, upper = self._deltas[ARKIT_INDEX["jawOpen"]], self._pairs[0]
        drop = self._landmark_y(self._sheet.points + jaw, upper) - self._landmark_y(self._sheet.points, upper)
        jaw[:NARROW, 1] -= self._upper_pull @ np.full(len(upper), max(float(drop.min()), 0.0), np.float32)

    def parted_px(self, points: Float) -> float:
        """Return how much further the lips stand apart than in the portrait, pixels, in the middle of the mouth."""
        upper, lower = (index[3:6] for index in self._pairs)
        change = self._gaps(points, upper, lower) - self._gaps(self._sheet.points, upper, lower)
        return float(change.mean())

    def raised_px(self, points: Float, eye: EyeLids) -> float:
        """Return how much further an eye's lids stand apart than in the portrait, pixels."""
        return float((self._gaps(points, eye.upper, eye.lower) - eye.gap_px).mean())

    def seam(self, points: Float) -> Float:
        """Return the (11, 2) line along which closed lips meet, from corner to corner."""
        upper = self.outline(points, np.array(INNER_UPPER))
        lower = self.outline(points, np.array([INNER_UPPER[0], *INNER_LOWER, INNER_UPPER[-1]]))
        line: Float = 0.5 * (upper + lower)
        return line

    def rotation(self, rotation_rad: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Return the head's rotation in the picture's axes."""
        result: npt.NDArray[np.float64] = self._basis @ head_matrix(rotation_rad) @ self._basis.T
        return result

    def rotate(self, points: Float, rotation: npt.NDArray[np.float64], turning: Float | None = None) -> Float:
        """Return points turned about the neck; each by its share."""
        offset = points - self.pivot.astype(np.float32)
        turned = offset @ (rotation - np.eye(3)).T.astype(np.float32)
        if turning is not None:
            turned *= turning[:, None]
        result: Float = points + turned
        return result

    def shape(self, weights: Float) -> Float:
        """Return the (V, 3) vertices in the given expression, before the head turns."""
        weights = weights.astype(np.float32).copy()
        blinks = [(eye, float(weights[eye.blink])) for eye in self.eyes]
        for eye, _ in blinks:
            weights[eye.blink] = 0.0
        weights = _beside_shown(weights, self._head.fit.expression)
        weights[np.abs(weights) < _IDLE] = 0.0
        points: Float = blend(self._sheet.points, self._deltas, weights)
        for eye, blink in blinks:
            if blink > 1e-4:
                open_px = self._gaps(points, eye.upper, eye.lower)
                share = np.clip(open_px.mean() / max(float(eye.gap_px.mean()), 1e-3), 0.0, 1.8)
                points += np.float32(blink * share) * self._deltas[eye.blink]
        self._part_lips(points, weights)
        return points

    def outline(self, points: Float, landmarks: npt.NDArray[np.intp]) -> Float:
        """Return the (N, 2) places of some landmarks."""
        corners, weights = self._rig.corners[landmarks], self._rig.corner_weights[landmarks]
        ring: Float = np.einsum("nk,nkc->nc", weights, points[corners, :2]).astype(np.float32)
        return ring

    def _part_lips(self, points: Float, weights: Float) -> None:
        """Keep the lips from passing through each other; close them where the curves say closed."""
        closure = closing_demand(weights)
        upper, lower = self._pairs
        for _ in range(2):
            gaps = self._gaps(points, upper, lower)
            wanted = np.maximum(gaps, 0.0) * (1.0 - closure)
            if closure > 0.5:
                wanted = wanted - self._lip_overlap_px * (closure - 0.5) * 2
            change = (wanted - gaps).astype(np.float32)
            if np.abs(change).max() < 0.02:
                return
            points[:NARROW, 1] -= self._upper_pull @ (0.4 * change)
            points[:NARROW, 1] += self._lower_pull @ (0.6 * change)

    def _gaps(self, points: Float, upper: npt.NDArray[np.intp], lower: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        """Return how far the lower landmarks lie below the upper ones, pixels."""
        return self._landmark_y(points, lower) - self._landmark_y(points, upper)

    def _landmark_y(self, points: Float, index: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        corners, weights = self._rig.corners[index], self._rig.corner_weights[index]
        y: npt.NDArray[np.float64] = (points[corners, 1] * weights).sum(1).astype(np.float64)
        return y

    def _lids(self, blink: str, upper: tuple[int, ...], lower: tuple[int, ...]) -> EyeLids:
        """Return the lids of one eye; landmarks run from the outer to the inner corner."""
        above, below = np.array(upper[1:-1]), np.array(lower)
        vertices = np.unique(self._rig.corners[[*upper, *lower]])
        gaps = np.maximum(self._gaps(self._sheet.points, above, below), 0.0)
        ring = np.array([*upper, *reversed(lower)])
        return EyeLids(ARKIT_INDEX[blink], above, below, np.array(upper), ring, vertices, gaps)

    def _lift_lower(self, eye: EyeLids, squint: int) -> None:
        """Let a blink raise the lower lid, which the head model leaves still, as squinting does."""
        raised = np.minimum(self._sheet.deltas[squint], 0.0) * np.array([0, 1, 0], np.float32)
        rise = -(raised[self._rig.corners[eye.lower], 1] * self._rig.corner_weights[eye.lower]).sum(1)[2:5].mean()
        share = np.clip(_LOWER_RISE * eye.gap_px[2:5].mean() / max(float(rise), 1e-3), 0.0, _SQUINT_MOST)
        self._deltas[eye.blink] += np.float32(share) * raised

    def _meet(self, eye: EyeLids) -> None:
        """Scale the upper lid's way in a blink so that it ends at the lower lid."""
        points, blink = self._sheet.points, self._deltas[eye.blink]
        left = self._gaps(points + blink, eye.upper, eye.lower)
        travel = np.maximum(eye.gap_px - left, 0.2 * eye.gap_px.max())
        factor = np.clip((1.06 * eye.gap_px + _OVERLAP_PX) / travel, 0.4, 2.5)
        corners, weights = self._rig.corners[eye.upper], self._rig.corner_weights[eye.upper]
        x = (points[corners, 0] * weights).sum(1)
        sure = eye.gap_px > 0.5 * eye.gap_px.max()
        order = np.argsort(x[sure])
        around = (np.abs(points[:, 0] - x.mean()) < 1.6 * np.ptp(x)) & (blink[:, 1] > 0)
        scale = np.interp(points[around, 0], x[sure][order], factor[sure][order])
        blink[around] *= scale[:, None].astype(np.float32)

    def shut(self, eye: EyeLids) -> Float:
        """Return the (V, 3) vertices at rest with one eye shut."""
        closed: Float = self._sheet.points + self._deltas[eye.blink]
        return closed


def _beside_shown(weights: Float, shown: Float) -> Float:
    """Return the weights to add to a portrait that already shows an expression.

    What is shown leaves less to add, and rounded or closed lips take a shown smile back.
    """
    result = weights.copy()
    against = sum(share * float(weights[ARKIT_INDEX[name]]) for name, share in _UNSMILING)
    for name in _LASTING:
        index = ARKIT_INDEX[name]
        taken = min(against, 0.9) * max(0.0, 1.0 - float(weights[index]))
        result[index] = weights[index] * (1.0 - 0.85 * shown[index]) - taken * shown[index]
    raised = float(shown[ARKIT_INDEX["mouthSmileLeft"]])
    for name in _RAISING:
        result[ARKIT_INDEX[name]] *= 1.0 - 0.65 * raised
    for side in ("Left", "Right"):
        # Both pull the same muscle; their sum would bare the gums.
        sneer = float(result[ARKIT_INDEX[f"noseSneer{side}"]])
        result[ARKIT_INDEX[f"mouthUpperUp{side}"]] *= 1.0 - 0.7 * min(max(sneer, 0.0), 1.0)
    return result


def closing_demand(weights: Float) -> float:
    """Return 0 to 1: how far the curves ask for closed lips, whatever opening the portrait shows.

    ``mouthClose`` takes back the opening of jaw and lips; where it takes all of it back, lips are closed.
    Lips rolled in or pressed are closed as well.
    """
    opening = sum(share * float(weights[ARKIT_INDEX[name]]) for name, share in _OPENERS)
    close = float(weights[ARKIT_INDEX["mouthClose"]])
    taken = close / max(opening, close, 1e-6) * min(1.0, close / 0.012)
    roll = 0.5 * float(weights[ARKIT_INDEX["mouthRollLower"]] + weights[ARKIT_INDEX["mouthRollUpper"]])
    press = 0.5 * float(weights[ARKIT_INDEX["mouthPressLeft"]] + weights[ARKIT_INDEX["mouthPressRight"]])
    still = max(0.0, 1.0 - opening / 0.15)
    demand = max((taken - 0.55) / 0.45, (roll - 0.2) / 0.4 * still, (press - 0.3) / 0.5 * still, 0.0)
    demand = min(demand, 1.0)
    return demand * demand * (3 - 2 * demand)


def _near(rig: Rig, triangles: npt.NDArray[np.int32], center: Float, reach: float) -> npt.NDArray[np.int32]:
    """Return the triangles within a distance of a point of the front view (rig units)."""
    middle = rig.head_points[triangles].mean(1)[:, :2]
    chosen: npt.NDArray[np.int32] = triangles[np.linalg.norm(middle - center, axis=1) < reach]
    return chosen


def _lip_pulls(rig: Rig, pairs: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]) -> tuple[Float, Float]:
    """Return (NARROW, P) shares with which the vertices of either lip follow each pair of inner lip points."""
    points = rig.head_points[:NARROW]
    drop = -rig.head_deltas[ARKIT_INDEX["jawOpen"], :NARROW, 1]
    pulls = []
    for index, chosen in ((pairs[0], drop < 1.2), (pairs[1], drop >= 1.2)):
        at = rig.points[index]
        along = np.exp(-0.5 * ((points[:, None, 0] - at[None, :, 0]) / _ALONG) ** 2)
        share = along / np.maximum(along.sum(1, keepdims=True), 1e-6)
        line = np.interp(points[:, 0], at[:, 0], at[:, 1])
        beyond = np.maximum(np.abs(points[:, 0]) - 2.0, 0.0)
        fade = np.exp(-(((points[:, 1] - line) / _ACROSS) ** 2) - (beyond / 0.5) ** 2)
        fade *= points[:, 2] > 8.5
        pulls.append(np.ascontiguousarray(share * (fade * chosen)[:, None], np.float32))
    return pulls[0], pulls[1]
