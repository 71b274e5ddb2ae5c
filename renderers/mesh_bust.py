"""The rest of a portrait's person in 3-D: hair, ears, neck and shoulders, around the face's mesh.

The front is the picture itself, cut out along the person's outline, as deep as the head model bent to the person where
that reaches and rounded off towards the outline where it does not (hair, clothes). The back, which no picture
shows, bulges like a skull and takes its colours from what surrounds the face. The front is sewn to the outline
of the face: its inner border are those landmarks themselves, so that no seam opens when they move.

Beyond some 40° to the side the guess shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from conditioning import ARKIT_NAMES
from renderers.face import Face
from renderers.landmarks import FACE_OVAL
from renderers.mesh_head import Head
from renderers.portrait.head import Head as BentHead
from renderers.portrait.head import bend_head
from renderers.portrait.matte import fill, person_matte
from renderers.portrait.raster import EMPTY_DEPTH, rasterize
from renderers.rig import Fit, Rig, fit_rig, head_axes, load_rig, mesh_of_face

__all__ = ["make_bust"]

#: What is shown around the face, in its widths: to the sides, above the brow's top, below the chin.
_ASIDE, _ABOVE, _BELOW = 0.95, 0.95, 0.95
#: The bust ends in an ellipse below the chin: half its width and its height, in widths of the face.
_BUST_WIDTH, _BUST_HEIGHT = 1.28, 0.90
#: Longest side of the texture, pixels.
_TEXTURE_PX = 1280
#: Vertices a width of the face, in front and at the back.
_FRONT_NODES, _BACK_NODES = 15, 9
#: The outline lies as deep as this point of the rig: between the ears.
_OUTLINE_POINT = np.array([0.0, 0.0, 0.0])
#: Front and back are round over this way from the outline, units of the rig (about a centimetre).
_FRONT_ROUND, _BACK_ROUND = 3.0, 8.5
#: Movements fade out around the head model over this many units.
_FADE = 3.0
#: What lies this near to the background, in widths of the face, is tinted by it.
_RIM = 0.016
#: Samples of depth and movement between two vertices.
_FINE = 2

Float = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Cut:
    """The part of a picture that becomes a bust, at the size of its texture, and who is on it."""

    pixels: npt.NDArray[np.uint8]
    face: Face
    fit: Fit
    matte: Float
    head: BentHead

    @property
    def face_px(self) -> float:
        return self.face.width_px


def make_bust(pixels: npt.NDArray[np.uint8], face: Face, alpha: npt.NDArray[np.uint8] | None = None) -> Head:
    """Return the head of the person on a picture, its first 478 vertices the landmarks.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        sRGB.
    face : Face
        Found on it.
    alpha : (H, W) uint8, optional
        The picture's own outline of the person.

    Returns
    -------
    Head
        Metres about the middle between the ears, without a mouth's inside; unlit, for the picture holds its light.
    """
    rig = load_rig()
    cut = _cut_out(rig, pixels, face, alpha)
    mesh = mesh_of_face(cut.pixels, cut.face)
    unit_m, origin = head_axes(cut.face, cut.fit)
    outline = _outline(cut)
    fields = _Fields(rig, cut, outline)
    front, front_triangles = _front(cut, outline, fields)
    back, back_triangles = _back(cut, outline, fields)
    added = np.concatenate([front, back])
    on_rig = ((added - cut.fit.translation) @ cut.fit.rotation) / cut.fit.scale
    count, height, width = len(mesh.positions), *cut.pixels.shape[:2]
    back_moves = np.zeros((len(back), len(ARKIT_NAMES), 3), np.float32)
    moves = np.concatenate([fields.moves(front[:, :2]), back_moves])
    # The back begins with the outline: it moves as the front's does.
    moves[len(front) : len(front) + len(outline)] = moves[: len(outline)]
    places = (np.concatenate([cut.face.points[:, :2], added[:, :2]]) + 0.5) / np.array([width, height])
    uvs = np.clip(places, 0.0, 1.0) * np.array([1.0, 0.5])
    uvs[count + len(front) :, 1] += 0.5
    return Head(
        vertices=np.concatenate([mesh.positions, ((on_rig - origin) * unit_m).astype(np.float32)]),
        triangles=np.concatenate([mesh.triangles, front_triangles, back_triangles + count + len(front)]),
        shape_names=mesh.names,
        shapes=np.concatenate([mesh.morphs, unit_m * moves.transpose(1, 0, 2)], axis=1),
        uvs=uvs.astype(np.float32),
        texture=_texture(cut),
        unlit=True,
    )


def _cut_out(rig: Rig, pixels: npt.NDArray[np.uint8], face: Face, alpha: npt.NDArray[np.uint8] | None) -> _Cut:
    """Crop a picture to the bust, reduce it to the texture's size, and tell the person from the background."""
    import cv2

    left, top, right, bottom = face.box
    size = face.width_px
    x0, x1 = max(0, int(left - _ASIDE * size)), min(pixels.shape[1], int(right + _ASIDE * size) + 1)
    y0, y1 = max(0, int(top - _ABOVE * size)), min(pixels.shape[0], int(bottom + _BELOW * size) + 1)
    scale = min(1.0, _TEXTURE_PX / max(x1 - x0, y1 - y0))
    shape = (max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale)))
    factors = np.array([shape[0] / (x1 - x0), shape[1] / (y1 - y0), scale])
    points = (face.points + np.array([0.5 - x0, 0.5 - y0, 0.0])) * factors - np.array([0.5, 0.5, 0.0])
    small = cv2.resize(np.ascontiguousarray(pixels[y0:y1, x0:x1]), shape, interpolation=cv2.INTER_AREA)
    found = Face(points.astype(np.float32))
    fit = fit_rig(rig, found)
    head = bend_head(rig, fit, found.points)
    stop = rig.parts["face"].stop
    skin = rig.head_triangles[(rig.head_triangles < stop).all(1)]
    _, depth = rasterize(head.points, skin, np.ones((len(head.points), 1), np.float32), shape)
    if alpha is None or alpha.min() > 250:
        matte = person_matte(np.ascontiguousarray(small, np.uint8), depth > EMPTY_DEPTH)
    else:
        matte = cv2.resize(alpha[y0:y1, x0:x1], shape, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return _Cut(np.ascontiguousarray(small, np.uint8), found, fit, matte, head)


def _outline(cut: _Cut) -> Float:
    """Return (N, 2) pixels around the person, evenly apart, clockwise in the picture: cut round below the shoulders."""
    import cv2

    height, width = cut.matte.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    chin, size = cut.face.points[152], cut.face_px
    middle = cut.face.points[[234, 454], 0].mean()
    below = np.maximum(y - chin[1], 0.0) / (_BUST_HEIGHT * size)
    inside = ((x - middle) / (_BUST_WIDTH * size)) ** 2 + below**2 < 1.0
    shape = np.where(inside, cut.matte, 0.0).astype(np.float32)
    shape[[0, -1]] = shape[:, [0, -1]] = 0.0
    oval = np.round(cut.face.points[list(FACE_OVAL), :2]).astype(np.int32)
    person = (cv2.GaussianBlur(shape, (0, 0), 0.012 * size) > 0.6).astype(np.uint8)
    cv2.fillPoly(person, [oval], 1)
    # A margin around the face, so that the front goes all around it.
    reach = 2 * max(1, round(0.02 * size)) + 1
    person |= cv2.dilate(cv2.fillPoly(np.zeros_like(person), [oval], 1), np.ones((reach, reach), np.uint8))
    contours, _ = cv2.findContours(person, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    ring = max(contours, key=cv2.contourArea)[:, 0].astype(np.float64)
    return _even(ring, 0.7 * size / _FRONT_NODES)


def _even(ring: npt.NDArray[np.float64], step: float) -> Float:
    """Return a closed line smoothed a little and cut into even steps, clockwise in the picture."""
    from scipy.ndimage import gaussian_filter1d

    smooth = gaussian_filter1d(ring, step / 4, axis=0, mode="wrap")
    closed = np.concatenate([smooth, smooth[:1]])
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    at = np.linspace(0.0, way[-1], max(12, round(way[-1] / step)), endpoint=False)
    even = np.stack([np.interp(at, way, closed[:, axis]) for axis in (0, 1)], axis=1)
    following = np.roll(even, -1, axis=0)
    area = (even[:, 0] * following[:, 1] - following[:, 0] * even[:, 1]).sum()
    return np.ascontiguousarray(even if area > 0 else even[::-1], np.float32)


class _Fields:
    """Depth of front and back and movements of the front, over the picture."""

    def __init__(self, rig: Rig, cut: _Cut, outline: Float) -> None:
        import cv2

        self.step = cut.face_px / _FRONT_NODES / _FINE
        height, width = cut.matte.shape
        size = (int(np.ceil(width / self.step)) + 1, int(np.ceil(height / self.step)) + 1)
        stop, unit_px = rig.parts["head"].stop, cut.fit.scale
        triangles = rig.head_triangles[(rig.head_triangles < stop).all(1)]
        moves = rig.head_deltas[:, :stop].transpose(1, 0, 2).reshape(stop, -1)
        drawn, depth = rasterize(cut.head.points[:stop], triangles, moves, size, scale=1 / self.step)
        covered = depth > EMPTY_DEPTH
        base = float(cut.fit.place(_OUTLINE_POINT[None])[0, 2])
        inside = np.zeros(covered.shape, np.uint8)
        cv2.fillPoly(inside, [np.round(outline / self.step).astype(np.int32)], 1)
        way = cv2.distanceTransform(inside, cv2.DIST_L2, 5) * self.step
        hill = base + _round(way, _FRONT_ROUND * unit_px)
        front = np.where(covered, np.maximum(depth, hill), hill).astype(np.float32)
        self._front = cv2.GaussianBlur(front, (0, 0), 1.5)
        self._edge = base
        self._back = (base - _round(way, _BACK_ROUND * unit_px)).astype(np.float32)
        far = cv2.distanceTransform((~covered).astype(np.uint8), cv2.DIST_L2, 5) * self.step
        near = np.clip(1 - far / (_FADE * unit_px), 0, 1)
        self._moves = fill(drawn, covered.astype(np.float32)) * (near * near * (3 - 2 * near))[..., None]

    def front(self, at: Float) -> Float:
        """Return (N,) depths at (N, 2) pixels."""
        return self._sample(self._front[..., None], at)[:, 0]

    def back(self, at: Float) -> Float:
        """Return (N,) depths at (N, 2) pixels."""
        return self._sample(self._back[..., None], at)[:, 0]

    def edge(self, at: Float) -> Float:
        """Return (N,) depths of the outline at (N, 2) pixels."""
        return np.full(len(at), self._edge, np.float32)

    def moves(self, at: Float) -> Float:
        """Return (N, 52, 3) movements, units and axes of the rig."""
        return self._sample(self._moves, at).reshape(len(at), -1, 3)

    def _sample(self, field: Float, at: Float) -> Float:
        column = np.clip(at[:, 0] / self.step, 0, field.shape[1] - 1.001)
        row = np.clip(at[:, 1] / self.step, 0, field.shape[0] - 1.001)
        x, y = column.astype(int), row.astype(int)
        u, v = (column - x)[:, None], (row - y)[:, None]
        upper = field[y, x] * (1 - u) + field[y, x + 1] * u
        lower = field[y + 1, x] * (1 - u) + field[y + 1, x + 1] * u
        result: Float = (upper * (1 - v) + lower * v).astype(np.float32)
        return result


def _round(way: Float, radius: float) -> Float:
    """Return the height of a quarter circle at a distance from its foot; flat beyond the radius."""
    share = np.clip(way / radius, 0.0, 1.0)
    height: Float = (radius * np.sqrt(1.0 - (1.0 - share) ** 2)).astype(np.float32)
    return height


def _front(cut: _Cut, outline: Float, fields: _Fields) -> tuple[Float, npt.NDArray[np.int32]]:
    """Return the front's own vertices (outline first), pixels, and its triangles between them and the landmarks.

    In the triangles the landmarks are numbered as they are and the own vertices from 478 on.
    """
    step = cut.face_px / _FRONT_NODES
    oval = cut.face.points[list(FACE_OVAL), :2]
    nodes = _nodes(cut, step)
    nodes = nodes[(_within(outline, nodes) > 0.5 * step) & (_within(oval, nodes) < -0.45 * step)]
    triangles = _net(np.concatenate([oval, outline, nodes]), outline)
    # What lies inside the oval is the face's own mesh.
    middle = np.concatenate([oval, outline, nodes])[triangles].mean(1)
    triangles = triangles[(_within(oval, middle.astype(np.float32)) < 0)]
    number = np.concatenate([FACE_OVAL, len(cut.face.points) + np.arange(len(outline) + len(nodes))])
    depths = np.concatenate([fields.edge(outline), fields.front(nodes)])
    own = np.concatenate([np.concatenate([outline, nodes]), depths[:, None]], axis=1)
    return own.astype(np.float32), number[triangles].astype(np.int32)


def _back(cut: _Cut, outline: Float, fields: _Fields) -> tuple[Float, npt.NDArray[np.int32]]:
    """Return the back's vertices (outline first), pixels, and its triangles."""
    step = cut.face_px / _BACK_NODES
    nodes = _nodes(cut, step)
    nodes = nodes[_within(outline, nodes) > 0.4 * step]
    depths = np.concatenate([fields.edge(outline), fields.back(nodes)])
    points = np.concatenate([outline, nodes])
    triangles = _net(points, outline)[:, ::-1]
    return np.concatenate([points, depths[:, None]], axis=1).astype(np.float32), np.ascontiguousarray(triangles)


def _nodes(cut: _Cut, step: float) -> Float:
    """Return (N, 2) pixels of a grid over the picture whose rows are shifted against each other."""
    height, width = cut.matte.shape
    ys = np.arange(0.0, height, step * np.sqrt(0.75))
    xs = np.arange(0.0, width, step)
    shift = (np.arange(len(ys)) % 2) * step / 2
    grid = np.stack([np.add.outer(shift, xs), np.broadcast_to(ys[:, None], (len(ys), len(xs)))], axis=2)
    return np.ascontiguousarray(grid.reshape(-1, 2), np.float32)


def _within(ring: Float, points: Float) -> Float:
    """Return (N,) how far points lie inside a closed line, pixels; negative outside."""
    import cv2

    line = np.ascontiguousarray(ring, np.float32)[:, None]
    return np.array([cv2.pointPolygonTest(line, (float(x), float(y)), True) for x, y in points], np.float32)


def _net(points: Float, outline: Float) -> npt.NDArray[np.int32]:
    """Return Delaunay's triangles inside the outline, counter-clockwise for a viewer (y runs down)."""
    from scipy.spatial import Delaunay

    triangles = Delaunay(points).simplices
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    triangles[area > 0] = triangles[area > 0][:, ::-1]
    inside = (_within(outline, points[triangles].mean(1)) > 0) & (np.abs(area) > 1e-3)
    kept: npt.NDArray[np.int32] = triangles[inside].astype(np.int32)
    return kept


def _texture(cut: _Cut) -> npt.NDArray[np.uint8]:
    """Return the picture without its background, and below it what the back shows: hair and clothes, no face."""
    import cv2

    image = cut.pixels.astype(np.float32)
    # The outermost hair and cloth are tinted by the background: they take the colours from further inside.
    rim = 2 * max(1, round(_RIM * cut.face_px)) + 1
    person = cv2.erode((cut.matte > 0.9).astype(np.uint8), np.ones((rim, rim), np.uint8))
    front = fill(image, person.astype(np.float32)) if person.any() else image
    oval = np.zeros_like(person)
    cv2.fillPoly(oval, [np.round(cut.face.points[list(FACE_OVAL), :2]).astype(np.int32)], 1)
    reach = 2 * round(0.06 * cut.face_px) + 1
    around = person * (1 - cv2.dilate(oval, np.ones((reach, reach), np.uint8)))
    back = fill(image, around.astype(np.float32)) if around.any() else front
    both: npt.NDArray[np.uint8] = (np.clip(np.concatenate([front, back]), 0, 255) + 0.5).astype(np.uint8)
    return both
