"""What an open mouth shows: teeth, tongue and cavity of the head model in the face's own light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from conditioning.arkit import ARKIT_INDEX
from renderers.landmarks import INNER_LOWER, INNER_UPPER
from renderers.portrait.head import Head, jaw_share
from renderers.portrait.matte import fill
from renderers.portrait.mouth_colours import ON_LIPS, mean_colour, mouth_colours, warmth
from renderers.portrait.pose import planar_inverse
from renderers.portrait.raster import EMPTY_DEPTH, rasterize
from renderers.rig import Rig

__all__ = ["Mouth", "draw_mouth", "make_mouth"]

Float = npt.NDArray[np.float32]

#: Samples a pixel along each axis.
_SAMPLES = 2
#: Shapes that move what lies inside the mouth.
_INSIDE = ("jawForward", "jawLeft", "jawRight", "jawOpen", "tongueOut")
#: The model's teeth are set lower by this (its units), so that speech shows the upper ones as people's do.
_TEETH_DOWN = 0.25
#: Its gums cover too much of them and are drawn back by this.
_GUMS_AWAY = 0.16
#: Lips that have parted this much further show their portrait's teeth without the rim of the lower lip.
_PARTED_PX = 1.5
#: Half the width of the incisors, head model's units.
_INCISORS = 0.8
#: How far the upper incisors reach below the upper lip at rest (1–3 mm of a mouth of 50 mm), and where the lower ones
#: begin, behind the lower lip.
_SHOWN, _LOWER_SHOWN = 0.05, 0.09
#: Lips shade what lies this near them (widths of the mouth).
_SHADOW = 0.05
#: Least share of the light there, between lips that have hardly parted, which show a dark line instead of a row of
#: teeth, and in a mouth that is open by this share of its width.
_NARROW_LIGHT, _WIDE_LIGHT, _WIDE = 0.1, 0.85, 0.16
#: Share of the light that lips thrust forward keep from what lies behind them.
_ROUNDED_DARK = 0.6
#: Gaps between teeth, widths of the mouth, and how bright they are beside the teeth.
_BETWEEN_TEETH, _CLOSED_UP = 0.05, 0.86


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
        Of cavity, gums, tongue and teeth.
    colours : (V, 3) float32
        sRGB in the face's light.
    lips : (3,) float32
        Mean colour of the lips.
    throat : (3,) float32
        What shows where there is nothing.
    warmth : (3,) float32
        Powers of the light in the lips' shadow.
    own : (H, W, 5) float32 or None
        The portrait's own open mouth, where it shows one: colour, its matte at rest, and its matte once the lips
        have parted further (the teeth alone).
    left, top : int
        Where ``own`` lies in the frame.
    anchor : (3,) float32
        A point of the upper jaw.
    width_px : float
        Of the mouth.
    """

    points: Float
    deltas: Float
    shape_index: npt.NDArray[np.intp]
    triangles: npt.NDArray[np.int32]
    colours: Float
    lips: Float
    throat: Float
    warmth: Float
    own: Float | None
    left: int
    top: int
    anchor: Float
    width_px: float


def make_mouth(pixels: npt.NDArray[np.uint8], rig: Rig, head: Head, landmarks: Float) -> Mouth:
    """Make the inside of a mouth for a face.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        The frame.
    rig, head
        Of the person in the frame.
    landmarks : (478, 3) float32
        On the frame.
    """
    start, stop = rig.parts["mouth_socket"].start, rig.parts["teeth"].stop
    triangles = rig.head_triangles[((rig.head_triangles >= start) & (rig.head_triangles < stop)).all(1)] - start
    # The cavity's skin hangs on the lips and would hide the gums.
    triangles = triangles[(triangles >= rig.parts["gums_tongue"].start - start).all(1)]
    index = np.array([ARKIT_INDEX[name] for name in _INSIDE])
    points = head.points[start:stop].copy()
    # The portrait's own expression moved the teeth along with the lips, and bent them; they are bone.
    upper = jaw_share(rig)[start:stop] < 0.5
    placed = head.fit.place(rig.head_points[start:stop])
    for jaw in (upper, ~upper):
        points[jaw] = placed[jaw] + np.median((head.points[start:stop] - placed)[jaw], axis=0)
    gums = slice(rig.parts["gums_tongue"].start - start, rig.parts["gums_tongue"].stop - start)
    points[rig.parts["teeth"].start - start :] += head.fit.turn(np.array([[0.0, -_TEETH_DOWN, 0.0]]))
    if head.mouth_open_px == 0:
        _set_teeth(points, rig, upper, landmarks)
    away = np.where(upper[gums, None], _GUMS_AWAY, -_GUMS_AWAY - _TEETH_DOWN) * np.array([[0.0, 1.0, 0.0]])
    points[gums] += head.fit.turn(away * ~rig.tongue[start:stop][gums, None])
    corners = landmarks[[INNER_UPPER[0], INNER_UPPER[-1]]]
    width = float(np.linalg.norm(corners[1] - corners[0]))
    own, left, top = (None, 0, 0)
    if head.mouth_open_px > 0:
        own, left, top = _own_mouth(pixels, landmarks)
    colours, throat = mouth_colours(pixels, rig, landmarks, own)
    return Mouth(
        points=points,
        deltas=np.ascontiguousarray(head.deltas[index][:, start:stop]),
        shape_index=index,
        triangles=triangles.astype(np.int32),
        colours=colours,
        lips=mean_colour(pixels, landmarks, ON_LIPS),
        throat=throat,
        warmth=warmth(pixels, landmarks),
        own=own,
        left=left,
        top=top,
        anchor=landmarks[[0, 13]].mean(0).astype(np.float32),
        width_px=width,
    )


def _set_teeth(points: Float, rig: Rig, upper: npt.NDArray[np.bool_], landmarks: Float) -> None:
    """Set both rows of teeth to the lips, in place: at rest the upper incisors show a little, the lower ones do not."""
    start, stop = rig.parts["mouth_socket"].start, rig.parts["teeth"].stop
    corners = landmarks[[INNER_UPPER[0], INNER_UPPER[-1]], :2]
    width = float(np.linalg.norm(corners[1] - corners[0]))
    down = landmarks[152, :2] - landmarks[10, :2]
    down = down / np.linalg.norm(down)
    heights = points[:, :2] @ down
    teeth = np.zeros(len(points), bool)
    teeth[rig.parts["teeth"].start - start :] = True
    front = teeth & (np.abs(rig.head_points[start:stop, 0]) < _INCISORS)
    lip = float(landmarks[13, :2] @ down)
    edge = float(np.percentile(heights[front & upper], 96))
    change = lip + _SHOWN * width - edge
    points[upper, :2] += (change * down).astype(np.float32)
    lower_edge = float(np.percentile(heights[front & ~upper], 4))
    change = lip + _LOWER_SHOWN * width - lower_edge
    points[~upper, :2] += (change * down).astype(np.float32)


def draw_mouth(
    mouth: Mouth,
    box: tuple[int, int, int, int],
    points: Float,
    anchor: Float,
    rotation: npt.NDArray[np.float64],
    opening: Float,
    parted_px: float,
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
    parted_px : float
        How much further the lips stand apart than in the portrait.
    rounded : float
        0 to 1: how far the lips are thrust forward.
    """
    import cv2

    left, top, right, bottom = box
    size = ((right - left) * _SAMPLES, (bottom - top) * _SAMPLES)
    offset = (1 / _SAMPLES - 1) / 2
    drawn, depth = rasterize(
        points, mouth.triangles, mouth.colours, size, origin=(left + offset, top + offset), scale=_SAMPLES
    )
    drawn[depth == EMPTY_DEPTH] = mouth.throat
    gap = max(2, round(_SAMPLES * _BETWEEN_TEETH * mouth.width_px))
    # Between neighbouring teeth the model is cut too deep.
    closed = cv2.morphologyEx(drawn, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    drawn = np.maximum(drawn, _CLOSED_UP * closed)
    inside = cv2.resize(drawn, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    inside = cv2.GaussianBlur(inside, (0, 0), 0.6)
    # What the lips shade is lit by light that they have reflected.
    light = _shadow(opening, mouth.width_px) * (1 - _ROUNDED_DARK * rounded)
    inside *= light[..., None] ** mouth.warmth
    if mouth.own is not None:
        back = planar_inverse(rotation)
        ys, xs = np.mgrid[top:bottom, left:right].astype(np.float64)
        dx, dy = xs - anchor[0], ys - anchor[1]
        x = back[0, 0] * dx + back[0, 1] * dy + mouth.anchor[0] - mouth.left
        y = back[1, 0] * dx + back[1, 1] * dy + mouth.anchor[1] - mouth.top
        own = _lookup(mouth.own, x.astype(np.float32), y.astype(np.float32))
        moved = min(abs(parted_px) / _PARTED_PX, 1.0)
        share = np.clip(own[..., 3:4] * (1 - moved) + own[..., 4:5] * moved, 0, 1)
        inside = own[..., :3] * share + inside * (1 - share)
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


def _shadow(opening: Float, width_px: float) -> Float:
    """Return the light that reaches each pixel between the lips: less near the lips, least below the upper one."""
    import cv2

    sigma = max(0.8, _SHADOW * width_px)
    spread = cv2.GaussianBlur(opening, (0, 0), sigma)
    shift = np.array([[1, 0, 0], [0, 1, 0.6 * sigma]], np.float32)
    from_above = cv2.warpAffine(spread, shift, opening.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    wide = min(float(opening.sum(0).max(initial=0.0)) / (_WIDE * width_px), 1.0)
    least = _NARROW_LIGHT + (_WIDE_LIGHT - _NARROW_LIGHT) * wide
    light: Float = least + (1 - least) * np.clip(1.6 * np.minimum(spread, from_above), 0, 1)
    return light


def _own_mouth(pixels: npt.NDArray[np.uint8], landmarks: Float) -> tuple[Float, int, int]:
    """Return the open mouth that the portrait shows (h, w, 4) with its matte, and where it lies."""
    import cv2

    ring = landmarks[[*INNER_UPPER, *reversed(INNER_LOWER)], :2]
    low, high = ring.min(0), ring.max(0)
    margin = 0.5 * float(high[0] - low[0])
    left, top = (int(value) for value in np.floor(np.maximum(low - margin, 0)))
    right, bottom = (int(value) for value in np.ceil(high + margin) + 1)
    patch = pixels[top:bottom, left:right].astype(np.float32)
    inside = np.zeros(patch.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round((ring - np.array([left, top])) * 16).astype(np.int32)], 1, shift=4)
    core = cv2.erode(inside, np.ones((3, 3), np.uint8))
    known = core if core.any() else inside
    extended = fill(patch, known.astype(np.float32))
    wide = cv2.dilate(inside, np.ones((3, 3), np.uint8))
    colour = np.where(wide[..., None] > 0, patch, extended)
    # Upwards and sideways the teeth go on under the lips; downwards the mouth opens.
    rows = max(1, round(0.18 * (high[0] - low[0])))
    up = np.zeros((2 * rows + 1, 2 * rows + 1), np.uint8)
    up[rows:, rows // 2 : -(rows // 2) or None] = 1
    reach = cv2.dilate(wide, up)
    matte = cv2.GaussianBlur(reach.astype(np.float32), (0, 0), 0.7)
    matte = np.maximum(matte, wide.astype(np.float32))
    teeth = _teeth_share(patch, core if core.any() else inside, landmarks) * reach
    open_matte = cv2.GaussianBlur(cv2.erode(teeth, np.ones((3, 3), np.uint8)), (0, 0), 0.6)
    layers = [colour, matte[..., None], np.minimum(open_matte, matte)[..., None]]
    return np.concatenate(layers, 2).astype(np.float32), left, top


def _lookup(layers: Float, x: Float, y: Float) -> Float:
    """Return five layers at places of theirs (OpenCV takes four at a time)."""
    import cv2

    parts = [
        cv2.remap(np.ascontiguousarray(part), x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        for part in (layers[..., :3], layers[..., 3:])
    ]
    result: Float = np.concatenate(parts, 2)
    return result


def _teeth_share(patch: Float, core: npt.NDArray[np.uint8], landmarks: Float) -> Float:
    """Return (h, w) 0 to 1: teeth rather than lips, by colour; above the mouth's middle everything counts."""
    import cv2

    inner = patch[core > 0]
    bright = inner[inner.sum(1) >= np.percentile(inner.sum(1), 70)].mean(0)
    soft = cv2.GaussianBlur(patch, (0, 0), 0.8)

    def redness(colour: Float) -> Float:
        result: Float = colour[..., 0] / (colour.mean(-1) + 8)
        return result

    ring = cv2.dilate(core, np.ones((9, 9), np.uint8)) - cv2.dilate(core, np.ones((5, 5), np.uint8))
    lips = patch[ring > 0].mean(0)
    low, high = float(redness(bright)), float(redness(lips))
    share = np.clip((high - redness(soft)) / max(high - low, 0.02) * 1.6 - 0.3, 0, 1)
    light = np.clip((soft.sum(2) / max(float(bright.sum()), 1.0) - 0.45) / 0.2, 0, 1)
    teeth = (share * light).astype(np.float32)
    ys = np.nonzero(core.any(1))[0]
    above = np.arange(len(patch)) < (ys[0] + 0.35 * (ys[-1] - ys[0]) if len(ys) else 0)
    return np.maximum(teeth, above[:, None].astype(np.float32))
