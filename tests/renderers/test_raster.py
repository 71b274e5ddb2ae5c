"""The rasteriser against planes in closed form."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose
from scipy.spatial import Delaunay

from renderers.portrait.raster import EMPTY_DEPTH, blend, rasterize


def test_linear_attributes_are_exact(rng: np.random.Generator) -> None:
    """Any triangulation of a plane gives the plane back."""
    points = np.concatenate([[[-5, -5], [40, -5], [-5, 40], [40, 40]], rng.uniform(0, 32, (60, 2))])
    triangles = Delaunay(points).simplices
    slope = rng.normal(size=(3, 2))
    values = points @ slope.T
    vertices = np.concatenate([points, values[:, :1]], 1).astype(np.float32)
    out, depth = rasterize(vertices, triangles, values.astype(np.float32), (32, 32), origin=(0.25, -0.5), scale=2.0)
    ys, xs = np.mgrid[0:32, 0:32] / 2.0
    exact = np.stack([xs + 0.25, ys - 0.5], 2) @ slope.T
    assert_allclose(out, exact, atol=1e-3)
    assert_allclose(depth, exact[..., 0], atol=1e-3)


def test_nearer_surface_wins_in_any_order() -> None:
    square = np.array([[0, 0], [10, 0], [0, 10], [10, 10]], np.float32)
    near = np.concatenate([square, np.full((4, 1), 2.0)], 1)
    far = np.concatenate([square, np.full((4, 1), 1.0)], 1)
    points = np.concatenate([near, far]).astype(np.float32)
    colours = np.repeat([[5.0], [7.0]], 4, axis=0).astype(np.float32)
    triangles = np.array([[0, 1, 2], [1, 3, 2], [4, 5, 6], [5, 7, 6]], np.int32)
    for order in (triangles, triangles[::-1]):
        out, _ = rasterize(points, order, colours, (11, 11))
        assert (out == 5.0).all()


def test_nothing_is_drawn_outside() -> None:
    points = np.array([[2, 2, 0], [6, 2, 0], [2, 6, 0]], np.float32)
    _, depth = rasterize(points, np.array([[0, 1, 2]], np.int32), np.ones((3, 1), np.float32), (10, 10))
    ys, xs = np.mgrid[0:10, 0:10]
    inside = (xs >= 2) & (ys >= 2) & (xs + ys <= 8)
    assert ((depth > EMPTY_DEPTH) == inside).all()


def test_blend_is_the_weighted_sum(rng: np.random.Generator) -> None:
    rest = rng.normal(size=(50, 3)).astype(np.float32)
    deltas = rng.normal(size=(7, 50, 3)).astype(np.float32)
    weights = rng.normal(size=7).astype(np.float32)
    weights[2] = 0
    assert_allclose(blend(rest, deltas, weights), rest + np.tensordot(weights, deltas, 1), atol=1e-5)
