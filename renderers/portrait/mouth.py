"""What an open mouth shows: teeth, tongue and cavity of the head model in the face's own light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from conditioning.arkit import ARKIT_INDEX
from renderers.landmarks import INNER_UPPER
from renderers.portrait.head import Head
from renderers.portrait.lip_rim import LipRim, make_rim
from renderers.portrait.mouth_colours import ON_LIPS, colourful, mean_colour, mouth_colours, warmth
from renderers.portrait.mouth_light import light_inside
from renderers.portrait.mouth_model import INSIDE, MouthModel, mouth_model
from renderers.portrait.mouth_own import look_up, own_mouth
from renderers.portrait.pose import planar_inverse
from renderers.portrait.raster import EMPTY_DEPTH, rasterize
from renderers.rig import Rig

__all__ = ["Mouth", "draw_mouth", "draw_seam", "make_mouth"]

Float = npt.NDArray[np.float32]

#: Samples a pixel along each axis.
_SAMPLES = 2
#: How far the upper incisors reach below the upper lip at rest (1–4 mm of a mouth of 50 mm), and where the lower ones
#: begin, behind the lower lip.
_SHOWN, _LOWER_SHOWN = 0.085, 0.055
#: The back of the throat lies this far behind the incisors, and lips thrust forward lie this much further before them
#: (widths of the mouth).
_THROAT, _THRUST = 1.1, 0.12
#: Triangles whose normals have a smaller part towards the viewer are never seen.
_AWAY = -0.5
#: Light is worked out in linear units, colours are sRGB's.
_GAMMA = 1.4
#: Gaps between teeth, widths of the mouth, and how bright they are beside the teeth.
_BETWEEN_TEETH, _CLOSED_UP = 0.05, 0.72
#: Softest edges inside, widths of the mouth, and sharpest, pixels.
_SOFTEST, _SHARPEST_PX = 0.02, 0.6


@dataclass(frozen=True, eq=False)
class Mouth:
    """The inside of one person's mouth.

    Attributes
    ----------
    points : (V, 3) float32
        Frame pixels, at rest.
    deltas : (5, V, 3) float32
        Movements in the shapes of ``shape_index``.
    shape_index : (5,) intp
        Positions of those shapes among the 52.
    triangles : (T, 3) int32
        Of gums, tongue and teeth.
    colours : (V, 3) float32
        sRGB in the light before the lips.
    lips : (3,) float32
        Mean colour of the lips.
    throat : (3,) float32
        What shows where there is nothing.
    rim : LipRim
        The inner edges of the lips.
    warmth : (3,) float32
        Powers of the light inside.
    front : (2,) intp
        Vertices of the upper and the lower jaw that stand out furthest.
    own : (H, W, 8) float32 or None
        The portrait's own open mouth, where it shows one: from :func:`own_mouth`.
    left, top : int
        Where ``own`` lies in the frame.
    anchor : (3,) float32
        A point of the upper jaw.
    width_px : float
        Of the mouth.
    soft_px : float
        Standard deviation of the blur of what is drawn.
    """

    points: Float
    deltas: Float
    shape_index: npt.NDArray[np.intp]
    triangles: npt.NDArray[np.int32]
    colours: Float
    lips: Float
    throat: Float
    rim: LipRim
    warmth: Float
    front: npt.NDArray[np.intp]
    own: Float | None
    left: int
    top: int
    anchor: Float
    width_px: float
    soft_px: float


def make_mouth(pixels: npt.NDArray[np.uint8], rig: Rig, head: Head, landmarks: Float, soft_px: float) -> Mouth:
    """Make the inside of a mouth for a face.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        The frame.
    rig, head
        Of the person in the frame.
    landmarks : (478, 3) float32
        On the frame.
    soft_px : float
        Standard deviation of the picture's own blur.
    """
    model = mouth_model()
    jaws = (model.upper, ~model.upper)
    corners = landmarks[[INNER_UPPER[0], INNER_UPPER[-1]]]
    width = float(np.linalg.norm(corners[1] - corners[0]))
    points = _placed(rig, head, model)
    _set_teeth(points, model, landmarks, width, upper_too=head.mouth_open_px == 0)
    own, left, top = (None, 0, 0)
    if head.mouth_open_px > 0:
        own, left, top = own_mouth(pixels, landmarks)
    colours = mouth_colours(pixels, model, landmarks, own)
    lips = mean_colour(pixels, landmarks, ON_LIPS)
    return Mouth(
        points=points,
        deltas=head.fit.turn(model.deltas),
        shape_index=np.array([ARKIT_INDEX[name] for name in INSIDE]),
        triangles=_seen_from_front(points, model.triangles),
        colours=colours.vertices,
        lips=lips,
        throat=colours.throat,
        rim=make_rim(pixels, landmarks, lips, colourful(pixels, landmarks), touching=head.mouth_open_px == 0),
        warmth=warmth(pixels, landmarks),
        front=np.array([np.argmax(np.where(model.incisors & jaw, points[:, 2], -np.inf)) for jaw in jaws]),
        own=own,
        left=left,
        top=top,
        anchor=landmarks[[0, 13]].mean(0).astype(np.float32),
        width_px=width,
        soft_px=float(np.clip(soft_px, _SHARPEST_PX, max(_SHARPEST_PX, _SOFTEST * width))),
    )


def _placed(rig: Rig, head: Head, model: MouthModel) -> Float:
    """Return the model's points in the frame.

    The portrait's own expression moved the teeth along with the lips, and bent them; they are bone.
    """
    start, stop = rig.parts["mouth_socket"].start, rig.parts["teeth"].stop
    points = head.fit.place(model.points)
    bent = head.points[start:stop] - head.fit.place(rig.head_points[start:stop])
    for jaw in (model.upper, ~model.upper):
        points[jaw] += np.median(bent[jaw[: stop - start]], axis=0)
    return points


def _seen_from_front(points: Float, triangles: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Leave out what faces away: the backs of teeth and gums, which no turn of the head shows."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    # The way into the frame turns y over, and with it the sense of the triangles.
    normal = -np.cross(b - a, c - a)
    away = normal[:, 2] < _AWAY * np.linalg.norm(normal, axis=1)
    kept: npt.NDArray[np.int32] = np.ascontiguousarray(triangles[~away])
    return kept


def _set_teeth(points: Float, model: MouthModel, landmarks: Float, width: float, *, upper_too: bool) -> None:
    """Set both rows of teeth to the lips, in place: at rest the upper incisors show a little, the lower ones do not."""
    down = landmarks[152, :2] - landmarks[10, :2]
    down = down / np.linalg.norm(down)
    heights = points[:, :2] @ down
    for jaw, lip, percent, shown in ((model.upper, 13, 96, _SHOWN), (~model.upper, 14, 4, _LOWER_SHOWN)):
        if lip == 13 and not upper_too:
            continue
        edge = float(np.percentile(heights[model.incisors & jaw], percent))
        change = float(landmarks[lip, :2] @ down) + shown * width - edge
        points[jaw, :2] += (change * down).astype(np.float32)


def draw_mouth(
    mouth: Mouth,
    box: tuple[int, int, int, int],
    points: Float,
    anchor: Float,
    rotation: npt.NDArray[np.float64],
    opening: Float,
    parted: float,
    rounded: float,
) -> Float:
    """Return the inside (h, w, 3) float32 in a box of the frame.

    Parameters
    ----------
    mouth : Mouth
        From :func:`make_mouth`.
    box : tuple of int
        Left, top, right, bottom in the frame.
    points : (V, 3) float32
        Where the mouth's vertices have gone.
    anchor : (3,) float32
        Where its anchor has gone.
    rotation : (3, 3) float64
        The head's, in the picture's axes.
    opening : (h, w) float32
        Share of each pixel that the lips leave open.
    parted : float
        0 to 1: whether the lips stand further apart than in the portrait.
    rounded : float
        0 to 1: how far the lips are thrust forward.
    """
    import cv2

    left, top, right, bottom = box
    small = (right - left, bottom - top)
    size = (small[0] * _SAMPLES, small[1] * _SAMPLES)
    offset = (1 / _SAMPLES - 1) / 2
    drawn, depth = rasterize(
        points, mouth.triangles, mouth.colours, size, origin=(left + offset, top + offset), scale=_SAMPLES
    )
    empty = depth == EMPTY_DEPTH
    drawn[empty] = mouth.throat
    # The plane of the opening leans back as the jaw drops.
    (upper, lower), rows = points[mouth.front], top + offset + np.arange(size[1]) / _SAMPLES
    lean = (lower[2] - upper[2]) / max(float(lower[1] - upper[1]), 1.0)
    plane = upper[2] + np.clip(lean, -1, 0) * np.clip(rows - upper[1], 0, lower[1] - upper[1])
    behind = ((plane[:, None] - depth) / mouth.width_px).astype(np.float32)
    behind[empty] = _THROAT
    gap = max(2, round(_SAMPLES * _BETWEEN_TEETH * mouth.width_px))
    # Between neighbouring teeth the model is cut too deep.
    closed = cv2.morphologyEx(drawn, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    drawn = np.maximum(drawn, _CLOSED_UP * closed)
    behind = cv2.morphologyEx(behind, cv2.MORPH_OPEN, np.ones((1, gap), np.uint8))
    inside = cv2.resize(drawn, small, interpolation=cv2.INTER_AREA)
    behind = cv2.resize(behind, small, interpolation=cv2.INTER_AREA) + np.float32(_THRUST * rounded)
    # What the lips shade is lit by light that they have reflected.
    inside *= light_inside(opening, behind, mouth.width_px)[..., None] ** (mouth.warmth / _GAMMA)
    inside = cv2.GaussianBlur(inside, (0, 0), mouth.soft_px)
    if mouth.own is not None:
        back = planar_inverse(rotation)
        ys, xs = np.mgrid[top:bottom, left:right].astype(np.float64)
        dx, dy = xs - anchor[0], ys - anchor[1]
        x = back[0, 0] * dx + back[0, 1] * dy + mouth.anchor[0] - mouth.left
        y = back[1, 0] * dx + back[1, 1] * dy + mouth.anchor[1] - mouth.top
        own = look_up(mouth.own, x.astype(np.float32), y.astype(np.float32))
        share = np.clip(own[..., 6:7] * (1 - parted) + own[..., 7:] * parted, 0, 1)
        inside = (own[..., :3] * (1 - parted) + own[..., 3:6] * parted) * share + inside * (1 - share)
    result: Float = inside
    return result


def draw_seam(frame: npt.NDArray[np.uint8], line: Float, mouth: Mouth, strength: float) -> None:
    """Draw the dark line between closed lips, in place, for portraits that show them open.

    Parameters
    ----------
    frame : (H, W, 3) uint8
        Drawn so far.
    line : (N, 2) float32
        From corner to corner.
    mouth : Mouth
        From :func:`make_mouth`.
    strength : float
        0 to 1.
    """
    import cv2

    margin = 4 + int(0.05 * mouth.width_px)
    low, high = np.floor(line.min(0)).astype(int) - margin, np.ceil(line.max(0)).astype(int) + margin
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    part = frame[top : min(frame.shape[0], int(high[1])), left : min(frame.shape[1], int(high[0]))]
    if not part.size:
        return
    mask = np.zeros(part.shape[:2], np.float32)
    points = np.round((line - np.array([left, top])) * 16).astype(np.int32)
    cv2.polylines(mask, [points], False, 1.0, 1, cv2.LINE_AA, 4)
    sigma = max(0.6, 0.014 * mouth.width_px)
    # The inner rim of lips that stood open carries a trace of teeth: lips cover it.
    rim = np.clip(cv2.GaussianBlur(mask, (0, 0), 2 * sigma) * 7 * sigma, 0, 1)[..., None] * strength
    part[:] = np.minimum(part, part * (1 - rim) + np.minimum(part, mouth.lips) * rim + 0.5).astype(np.uint8)
    mask = np.clip(cv2.GaussianBlur(mask, (0, 0), sigma) * 2.2 * sigma, 0, 1) * strength
    part[:] = np.clip(part * (1 - 0.45 * mask[..., None]) + 0.5, 0, 255).astype(np.uint8)
