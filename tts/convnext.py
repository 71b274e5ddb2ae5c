"""ConvNeXt blocks over time in numpy (Z. Liu et al., "A ConvNet for the 2020s", 2022), float32.

The weights carry the names of the torch modules that trained them; a test holds the two implementations together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Layers"]

Array = npt.NDArray[np.float32]


class Layers:
    """Named weights and the layers that use them.

    Parameters
    ----------
    weights : mapping of str to ndarray
        Any float type; computed in float32.
    """

    def __init__(self, weights: Mapping[str, npt.NDArray[Any]]) -> None:
        self.weights: dict[str, Array] = {
            name: np.ascontiguousarray(tensor, dtype=np.float32) for name, tensor in weights.items()
        }

    def linear(self, name: str, x: Array) -> Array:
        """(T, in) → (T, out)."""
        y: Array = x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return y

    def norm(self, name: str, x: Array) -> Array:
        """Layer norm over channels."""
        centred = x - x.mean(-1, keepdims=True)
        spread = np.sqrt(np.mean(centred * centred, -1, keepdims=True) + np.float32(1e-5))
        y: Array = centred / spread * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]
        return y

    def blocks(self, name: str, count: int, x: Array, style: Array | None = None) -> Array:
        """Run blocks ``name.0`` to ``name.{count - 1}``; ``style`` (T, S) scales and shifts each one's channels.

        Feature-wise linear modulation: E. Perez et al., "FiLM: visual reasoning with a general conditioning layer",
        AAAI 2018, eq. 1 and 2, with the factor written as 1 + gamma.
        """
        for i in range(count):
            x = self._block(f"{name}.{i}", x, style)
        return x

    def _block(self, name: str, x: Array, style: Array | None) -> Array:
        w = self.weights
        y = _depthwise(x, w[f"{name}.depthwise.weight"][:, 0, 0], w[f"{name}.depthwise.bias"])
        y = self.norm(f"{name}.norm", y)
        if style is not None:
            gamma, beta = np.split(self.linear(f"{name}.film", style), 2, axis=-1)
            y = y * (1 + gamma) + beta
        y = _gelu(self.linear(f"{name}.up", y))
        return x + w[f"{name}.scale"] * self.linear(f"{name}.down", y)


def _depthwise(x: Array, kernel: Array, bias: Array) -> Array:
    """Convolve each channel: (T, C), (C, K), (C,) → (T, C), zeros outside."""
    size = kernel.shape[1]
    padded = np.pad(x, ((size // 2, size // 2), (0, 0)))
    total = np.broadcast_to(bias, x.shape).copy()
    for k in range(size):
        total += padded[k : k + len(x)] * kernel[:, k]
    return total


def _gelu(x: Array) -> Array:
    """Tanh approximation (D. Hendrycks and K. Gimpel, 2016)."""
    y: Array = np.float32(0.5) * x * (1 + np.tanh(np.float32(0.7978845608) * (x + np.float32(0.044715) * x * x * x)))
    return y
