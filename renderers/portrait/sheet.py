"""One elastic sheet over the whole frame: the face's mesh in front, a grid of nodes around it.

Every vertex knows its place in the picture at rest (which is also where its colour comes from), its depth,
its movement in each of the 52 shapes, and how far it follows the head's rotation. Where both the face and
the grid cover a pixel the face wins; at the face's border both move alike, so that no seam shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderers.portrait.head import NARROW, Head
from renderers.portrait.matte import fill
from renderers.portrait.raster import EMPTY_DEPTH, rasterize
from renderers.rig import Rig

__all__ = ["Sheet", "make_sheet"]

Float = npt.NDArray[np.float32]

#: Nodes of the grid along the longer side, and their reach beyond the frame in shares of it.
_NODES = 72
_REACH = 0.12
#: Steepest depth around the face: steeper slopes would fold when the head turns.
_SLOPE = 1.1
#: Height (head model's units) above which a point turns with the head, and below which it rests.
_TURNING_Y, _RESTING_Y = -6.5, -13.5
#: Depth below the model's middle at which the body no longer sways.
_STILL_Y = 45.0
#: What lies further to the side than this (model's units) at the neck's height is shoulder rather than hair.
_WIDE = 5.5
#: Point about which the head turns: between the uppermost vertebrae.
PIVOT = np.array([0.0, -4.0, 0.5])
#: Triangles whose normals have a smaller part towards the viewer are left out, save within this reach of
#: eyes, mouth and nose (model's units).
_FACING, _FOLD_UNITS = 0.12, 2.5
#: Movements around the head fade out over this many of the model's units.
_FADE_UNITS = 3.0


@dataclass(frozen=True, eq=False)
class Sheet:
    """The sheet of one person in one frame; the face's vertices come first, then the grid's.

    Attributes
    ----------
    points : (V, 3) float32
        Pixels at rest.
    deltas : (52, V, 3) float32
        Pixels.
    turning : (V,) float32
        Share of the head's rotation that a vertex follows.
    body : (V,) float32
        Share of the shoulders' sway that a vertex follows.
    face_triangles : (F, 3) int32
        Of the face's mesh.
    grid_triangles : (G, 3) int32
        Of the grid.
    face_count : int
        Vertices of the face.
    colour_at : (V, 2) float32
        Where in the picture each vertex takes its colour from.
    spacing_px : float
        Between nodes of the grid.
    silhouette : (H, W) bool
        Pixels of the frame that the head model's face covers.
    """

    points: Float
    deltas: Float
    turning: Float
    body: Float
    face_triangles: npt.NDArray[np.int32]
    grid_triangles: npt.NDArray[np.int32]
    face_count: int
    colour_at: Float
    spacing_px: float
    silhouette: npt.NDArray[np.bool_]


def make_sheet(rig: Rig, head: Head, size: tuple[int, int]) -> Sheet:
    """Make the sheet for a head in a frame of (width, height) pixels."""
    width, height = size
    xs, ys = _axes(width, height)
    spacing = float(xs[1] - xs[0])
    fields, covered = _head_on_grid(rig, head, xs, ys)
    nodes = np.stack(np.meshgrid(xs, ys), 2).astype(np.float32)
    unit_px = head.fit.scale
    depth = _relaxed_depth(fields[..., 0], covered, float(head.fit.place(PIVOT[None])[0, 2]), spacing)
    near = _nearness(covered, spacing, unit_px)
    moves = fill(fields[..., 1:], covered.astype(np.float32)) * near[..., None]
    grid_points = np.concatenate([nodes, depth[..., None]], 2).reshape(-1, 3)
    shapes = rig.deltas.shape[0]
    grid_deltas = moves.reshape(-1, shapes, 3).transpose(1, 0, 2)

    face_points = head.points[:NARROW].copy()
    triangles = _facing(rig, rig.head_triangles[(rig.head_triangles < NARROW).all(1)], face_points)
    border = _border_share(triangles, face_points, unit_px)
    near_border = border > 0
    share = border[near_border, None]
    around = np.concatenate([depth[..., None], moves], 2)
    at_border = _sample(around, xs, ys, face_points[near_border, :2])
    face_points[near_border, 2:] += share * (at_border[:, :1] - face_points[near_border, 2:])
    face_deltas = head.deltas[:, :NARROW].copy()
    wanted = at_border[:, 1:].reshape(-1, shapes, 3).transpose(1, 0, 2)
    face_deltas[:, near_border] += share * (wanted - face_deltas[:, near_border])
    points = np.concatenate([face_points, grid_points]).astype(np.float32)
    deltas = np.concatenate([face_deltas, grid_deltas], 1)
    turning = _turning(head, points)
    silhouette, front = rasterize(head.points, _skin(rig), np.ones((len(head.points), 1), np.float32), size)
    del silhouette
    return Sheet(
        points=points,
        deltas=np.ascontiguousarray(deltas, np.float32),
        turning=turning,
        body=_body(head, points, turning),
        face_triangles=triangles,
        grid_triangles=_grid_triangles(len(xs), len(ys)) + NARROW,
        face_count=NARROW,
        colour_at=points[:, :2].copy(),
        spacing_px=spacing,
        silhouette=front > EMPTY_DEPTH,
    )


def _axes(width: int, height: int) -> tuple[Float, Float]:
    """Return the x and y of the grid's nodes; they reach beyond the frame."""
    spacing = max(width, height) * (1 + 2 * _REACH) / _NODES
    axes = []
    for side in (width, height):
        count = int(np.ceil(side * (1 + 2 * _REACH) / spacing)) + 1
        axes.append(((np.arange(count) - (count - 1) / 2) * spacing + (side - 1) / 2).astype(np.float32))
    return axes[0], axes[1]


def _skin(rig: Rig) -> npt.NDArray[np.int32]:
    """Return the triangles of the face part (face, ears, front of the neck)."""
    triangles: npt.NDArray[np.int32] = rig.head_triangles[(rig.head_triangles < rig.parts["face"].stop).all(1)]
    return triangles


def _head_on_grid(rig: Rig, head: Head, xs: Float, ys: Float) -> tuple[Float, npt.NDArray[np.bool_]]:
    """Return depth and movements (rows, columns, 1 + 52·3) of the head at the nodes, and where it covers them."""
    stop = rig.parts["head"].stop
    triangles = rig.head_triangles[(rig.head_triangles < stop).all(1)]
    values = np.concatenate([head.points[:stop, 2:], head.deltas[:, :stop].transpose(1, 0, 2).reshape(stop, -1)], 1)
    spacing = float(xs[1] - xs[0])
    fields, depth = rasterize(
        head.points[:stop],
        triangles,
        values,
        (len(xs), len(ys)),
        origin=(float(xs[0]), float(ys[0])),
        scale=1 / spacing,
    )
    return fields, depth > EMPTY_DEPTH


def _relaxed_depth(depth: Float, covered: npt.NDArray[np.bool_], base: float, spacing: float) -> Float:
    """Return depth everywhere: the head's, falling no steeper than the limit to the plane of the neck."""
    result = np.where(covered, depth, base)
    result = np.maximum(result, base).astype(np.float32)
    step = _SLOPE * spacing
    for _ in range(max(result.shape)):
        before = result.copy()
        for axis in (0, 1):
            for shift in (1, -1):
                moved = np.roll(result, shift, axis)
                edge = [slice(None), slice(None)]
                edge[axis] = slice(0, 1) if shift == 1 else slice(-1, None)
                moved[tuple(edge)] = base
                result = np.maximum(result, moved - step)
        if np.array_equal(before, result):
            break
    import cv2

    smooth: Float = cv2.GaussianBlur(result, (0, 0), 1.2)
    return smooth


def _nearness(covered: npt.NDArray[np.bool_], spacing: float, unit_px: float) -> Float:
    """Return 1 on the head, falling smoothly to 0 around it."""
    import cv2

    distance = cv2.distanceTransform((~covered).astype(np.uint8), cv2.DIST_L2, 3) * spacing / unit_px
    ramp = np.clip(1 - distance / _FADE_UNITS, 0, 1)
    near: Float = (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)
    return near


def _facing(rig: Rig, triangles: npt.NDArray[np.int32], points: Float) -> npt.NDArray[np.int32]:
    """Leave out what turns away from the viewer, such as a far cheek; folds of lips, lids and nose stay."""
    a, b, c = (points[triangles[:, k]].astype(np.float64) for k in range(3))
    normal = np.cross(b - a, c - a)
    away = -normal[:, 2] / np.maximum(np.linalg.norm(normal, axis=1), 1e-9)
    middle = rig.head_points[triangles].mean(1)
    folds = [*rig.eye_centers, rig.points[[78, 308]].mean(0), rig.points[2]]
    inner = np.min([np.hypot(middle[:, 0] - x, middle[:, 1] - y) for x, y, _ in folds], axis=0) < _FOLD_UNITS
    kept: npt.NDArray[np.int32] = triangles[inner | (away > _FACING)]
    return kept


def _border_share(triangles: npt.NDArray[np.int32], points: Float, unit_px: float) -> Float:
    """Return 1 at the face mesh's outer border, falling to 0 inside (eyes, nostrils and mouth are not it)."""
    from scipy.spatial import cKDTree

    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), 1)
    unique, counts = np.unique(edges, axis=0, return_counts=True)
    open_edges = unique[counts == 1]
    loop = _longest_loop(open_edges, points)
    distance, _ = cKDTree(points[loop, :2]).query(points[:, :2])
    ramp = np.clip(1 - distance / (2.0 * unit_px), 0, 1)
    share: Float = (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)
    return share


def _longest_loop(edges: npt.NDArray[np.int64], points: Float) -> npt.NDArray[np.int64]:
    """Return the vertices of the connected border that spans the largest area."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    count = len(points)
    graph = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    used = np.unique(edges)
    best = max(np.unique(labels[used]), key=lambda label: float(np.ptp(points[used[labels[used] == label], 1])))
    loop: npt.NDArray[np.int64] = used[labels[used] == best]
    return loop


def _sample(field: Float, xs: Float, ys: Float, at: Float) -> Float:
    """Return a field (rows, columns, K) of the grid at points (N, 2), linear between nodes."""
    column = np.clip((at[:, 0] - xs[0]) / (xs[1] - xs[0]), 0, len(xs) - 1.001)
    row = np.clip((at[:, 1] - ys[0]) / (ys[1] - ys[0]), 0, len(ys) - 1.001)
    x, y = column.astype(int), row.astype(int)
    u, v = (column - x)[:, None], (row - y)[:, None]
    upper = field[y, x] * (1 - u) + field[y, x + 1] * u
    lower = field[y + 1, x] * (1 - u) + field[y + 1, x + 1] * u
    result: Float = (upper * (1 - v) + lower * v).astype(np.float32)
    return result


def _turning(head: Head, points: Float) -> Float:
    """Return the share of the head's rotation that each point follows, by its height on the head model."""
    fit = head.fit
    on_rig = ((points - fit.translation) @ fit.rotation) / fit.scale
    heights = on_rig[:, 1] - 2 * np.maximum(np.abs(on_rig[:, 0]) - _WIDE, 0)
    ramp = np.clip((heights - _RESTING_Y) / (_TURNING_Y - _RESTING_Y), 0, 1)
    # Above the chin everything at the head's side is hair.
    above = np.clip((on_rig[:, 1] + 5.0) / 4.0, 0, 1)
    ramp = np.maximum(ramp, above)
    turning: Float = (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)
    return turning


def _body(head: Head, points: Float, turning: Float) -> Float:
    """Return the share of the shoulders' sway that each point follows; it dies away far below them."""
    heights = ((points - head.fit.translation) @ head.fit.rotation)[:, 1] / head.fit.scale
    fade = np.clip((heights + _STILL_Y) / (_STILL_Y + _RESTING_Y), 0, 1)
    body: Float = ((1 - turning) * fade * fade * (3 - 2 * fade)).astype(np.float32)
    return body


def _grid_triangles(columns: int, rows: int) -> npt.NDArray[np.int32]:
    """Return the triangles of a grid of nodes stored row by row."""
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, :-1].ravel(), index[1:, 1:].ravel()
    return np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])
