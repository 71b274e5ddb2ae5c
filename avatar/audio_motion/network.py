"""The networks of the audio-only path, in numpy: stacks of ConvNeXt blocks over time.

A block is a dilated depthwise convolution, a layer norm and a two-layer perceptron, added to its input (Z. Liu et
al., "A ConvNet for the 2020s", 2022), its norm shifted and scaled by a condition where there is one (FiLM).
:mod:`avatar.train_motion.model` holds the same networks for training; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["DILATIONS", "KERNEL", "ConvStack"]

Array = npt.NDArray[np.float32]

KERNEL = 7
DILATIONS = (1, 2, 4, 1, 2, 4)
EPSILON = 1e-5


@dataclass(frozen=True, eq=False)
class ConvStack:
    """A stack of blocks between two linear layers.

    Attributes
    ----------
    tensors : mapping of str to ndarray
        Named as the training network names them.
    prefix : str
        What the names of this network begin with.
    """

    tensors: Mapping[str, Array]
    prefix: str

    def __call__(self, inputs: Array, condition: Array | None = None) -> Array:
        """Run the network.

        Parameters
        ----------
        inputs : (B, T, C) float32
        condition : (B, D) float32, optional
            For networks that have one.

        Returns
        -------
        (B, T, K) float32
        """
        hidden = inputs @ self._get("inlet.weight").T + self._get("inlet.bias")
        for index, dilation in enumerate(DILATIONS):
            hidden = hidden + self._block(f"blocks.{index}.", hidden, dilation, condition)
        hidden = _normalised(hidden) * self._get("norm.weight") + self._get("norm.bias")
        outputs: Array = hidden @ self._get("outlet.weight").T + self._get("outlet.bias")
        return outputs

    def _get(self, name: str) -> Array:
        return self.tensors[self.prefix + name]

    def _block(self, name: str, hidden: Array, dilation: int, condition: Array | None) -> Array:
        moved = _depthwise(hidden, self._get(name + "depthwise.weight"), dilation) + self._get(name + "depthwise.bias")
        moved = _normalised(moved) * self._get(name + "norm.weight") + self._get(name + "norm.bias")
        if condition is not None:
            film = condition @ self._get(name + "film.weight").T + self._get(name + "film.bias")
            scale, shift = np.split(film[:, None, :], 2, axis=-1)
            moved = moved * (1.0 + scale) + shift
        wide = _gelu(moved @ self._get(name + "widen.weight").T + self._get(name + "widen.bias"))
        narrow: Array = wide @ self._get(name + "narrow.weight").T + self._get(name + "narrow.bias")
        return narrow


def _depthwise(hidden: Array, weight: Array, dilation: int) -> Array:
    """Convolve each channel over time: hidden (B, T, H), weight (H, 1, K) as torch stores it."""
    reach = dilation * (KERNEL // 2)
    frames = hidden.shape[1]
    padded = np.zeros((hidden.shape[0], frames + 2 * reach, hidden.shape[2]), np.float32)
    padded[:, reach : reach + frames] = hidden
    total = padded[:, :frames] * weight[:, 0, 0]
    product = np.empty_like(total)
    for tap in range(1, KERNEL):
        np.multiply(padded[:, tap * dilation : tap * dilation + frames], weight[:, 0, tap], out=product)
        total += product
    return total


def _normalised(hidden: Array) -> Array:
    centred: Array = hidden - hidden.mean(axis=-1, keepdims=True)
    power = np.einsum("...h,...h->...", centred, centred)[..., None] / np.float32(hidden.shape[-1])
    centred /= np.sqrt(power + np.float32(EPSILON))
    return centred


def _gelu(values: Array) -> Array:
    """Return GELU by its tanh form (D. Hendrycks and K. Gimpel, 2016, section 2), using the argument's memory."""
    inner = values * values
    inner *= np.float32(0.7978845608 * 0.044715)
    inner += np.float32(0.7978845608)
    inner *= values
    np.tanh(inner, out=inner)
    inner += np.float32(1.0)
    values *= np.float32(0.5)
    values *= inner
    return values
