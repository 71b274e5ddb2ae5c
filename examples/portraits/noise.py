"""Smooth random fields in space, the grain of skin, cloth and strands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

GRID = 64  # cells of the periodic lattice that all fields are read from


class Noise:
    """Periodic cubic noise; `noise(points, scale)` has zero mean and unit deviation, features of `scale` cm."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._lattice = rng.standard_normal((GRID, GRID, GRID)).astype(np.float32)

    def __call__(self, points: NDArray[np.float64], scale: float, octaves: int = 1) -> NDArray[np.float64]:
        """Evaluate at (..., 3) points in centimetres; each octave halves the scale and the weight."""
        total = np.zeros(points.shape[:-1])
        power = 0.0
        for octave in range(octaves):
            weight = 0.5**octave
            where = points * (2.0**octave / scale) + 17.31 * octave
            coordinates = np.moveaxis(where, -1, 0).reshape(3, -1)
            value = map_coordinates(self._lattice, coordinates, order=1, mode="grid-wrap")
            total += weight * value.reshape(total.shape)
            power += weight**2
        return total * (1.6 / np.sqrt(power))


def smoothstep(low: float, high: float, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ease from 0 at `low` to 1 at `high` (either order)."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))
