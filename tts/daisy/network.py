"""The acoustic model in numpy: ConvNeXt blocks over phones and over 20 ms steps, each modulated by the style u.

The weights are those of :class:`tts.train_voice.model.AcousticModel` under the same names. Everything is float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tts.convnext import Array, Layers

__all__ = [
    "FRAMES_PER_STEP",
    "N_OUT",
    "POSITION_COLUMNS",
    "Network",
    "Sizes",
    "positions",
    "step_phones",
    "time_columns",
]

FRAMES_PER_STEP = 4  # 20 ms
N_OUT = 64  # of a frame: 60 mel-cepstra, 3 band aperiodicities, voicing logit
POSITION_COLUMNS = 3 * FRAMES_PER_STEP


@dataclass(frozen=True)
class Sizes:
    """Widths and depths; stored with the weights."""

    encoder: int = 192
    encoder_blocks: int = 4
    kernel: int = 7
    prosody: int = 128
    duration_blocks: int = 2
    pitch_blocks: int = 3
    decoder: int = 256
    decoder_hidden: int = 640
    decoder_blocks: int = 6
    speakers: int = 4
    style: int = 0  # columns of u; 0 is the first version, which knows no style
    flow_blocks: int = 0  # of the flow-matching decoder; 0 where there is none


def step_phones(ends: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the phone of every frame, padded to whole steps with the last phone.

    Parameters
    ----------
    ends : (n,) int
        Frame at which each phone ends.

    Returns
    -------
    (steps, 4) int64
    """
    total = int(ends[-1])
    padded = -(-total // FRAMES_PER_STEP) * FRAMES_PER_STEP
    phones = np.searchsorted(ends, np.arange(padded), side="right")
    return np.minimum(phones, len(ends) - 1).reshape(-1, FRAMES_PER_STEP)


def positions(ends: npt.NDArray[np.int64], phones: npt.NDArray[np.int64]) -> Array:
    """Return where each frame lies in its phone: part done, and time since its start and until its end.

    Parameters
    ----------
    ends : (n,) int
    phones : (steps, 4) int
        From :func:`step_phones`.

    Returns
    -------
    (steps, 12) float32
        Times in 100 ms, compressed by tanh.
    """
    starts = np.concatenate([[0], ends[:-1]])
    frame = np.arange(phones.size).reshape(phones.shape) + 0.5
    since, until = frame - starts[phones], ends[phones] - frame
    length = np.maximum(ends[phones] - starts[phones], 1)
    columns = [np.clip(since / length, 0.0, 1.0), np.tanh(since / 20.0), np.tanh(np.maximum(until, 0.0) / 20.0)]
    table: Array = np.concatenate(columns, axis=1).astype(np.float32)
    return table


class Network:
    """Runs the model.

    Parameters
    ----------
    weights : mapping of str to ndarray
        As stored.
    sizes : Sizes
    """

    def __init__(self, weights: Mapping[str, npt.NDArray[np.generic]], sizes: Sizes) -> None:
        self.sizes = sizes
        self._layers = Layers(weights)

    def encode(self, ids: npt.NDArray[np.int64], features: Array, style: Array | None = None) -> Array:
        """(n,), (n, F), (n, S) → (n, encoder)."""
        x = self._layers.weights["symbol.weight"][ids] + self._layers.linear("feature", features)
        x = self._layers.blocks("encoder", self.sizes.encoder_blocks, x, self._known(style, len(ids)))
        return self._layers.norm("encoder_norm", x)

    def durations(self, encoded: Array, speaker: int, style: Array | None = None) -> Array:
        """(n, encoder), (n, S) → (n,) z-scored ln frames."""
        x = self._layers.linear("duration_in", encoded) + self._layers.weights["duration_speaker.weight"][speaker]
        x = self._layers.blocks("duration", self.sizes.duration_blocks, x, self._known(style, len(x)))
        return (self._layers.linear("duration_out", x) + self._direct("duration", style))[:, 0]

    def context(self, encoded: Array, ends: npt.NDArray[np.int64]) -> Array:
        """Spread phones over time: (n, encoder), (n,) → (steps, 2 encoder + 12)."""
        phones = step_phones(ends)
        return np.concatenate([encoded[phones[:, 0]], encoded[phones[:, -1]], positions(ends, phones)], axis=1)

    def pitch(self, context: Array, speaker: int, style: Array | None = None) -> Array:
        """(steps, C), (steps, S) → (4 steps,) z-scored ln F0."""
        x = self._layers.linear("pitch_in", context) + self._layers.weights["pitch_speaker.weight"][speaker]
        x = self._layers.blocks("pitch", self.sizes.pitch_blocks, x, self._known(style, len(x)))
        return (self._layers.linear("pitch_out", x) + self._direct("pitch", style)).reshape(-1)

    def decode(self, context: Array, speaker: int, style: Array | None = None) -> Array:
        """(steps, C), (steps, S) → (4 steps, 64) z-scored features."""
        x = self._layers.linear("decoder_in", context) + self._layers.weights["decoder_speaker.weight"][speaker]
        x = self._layers.blocks("decoder", self.sizes.decoder_blocks, x, self._known(style, len(x)))
        out = self._layers.linear("decoder_out", self._layers.norm("decoder_norm", x))
        return (out + self._direct("decoder", style)).reshape(-1, N_OUT)

    def velocity(self, noisy: Array, time: float, context: Array, speaker: int, style: Array | None = None) -> Array:
        """Return the flow's velocity: (steps, 256) at ``time`` in [0, 1] (1 is noise) → (steps, 256)."""
        x = self._layers.linear("flow_in", np.concatenate([noisy, context], axis=1))
        x = x + self._layers.weights["flow_speaker.weight"][speaker]
        x = x + self._layers.linear("flow_time", time_columns(time)[None])
        x = self._layers.blocks("flow", self.sizes.flow_blocks, x, self._known(style, len(x)))
        return self._layers.linear("flow_out", self._layers.norm("flow_norm", x))

    def _known(self, style: Array | None, length: int) -> Array | None:
        """Return u as the blocks read it: zeros where none is given, nothing in a network that knows none."""
        if not self.sizes.style:
            return None
        return np.zeros((length, self.sizes.style), np.float32) if style is None else style

    def _direct(self, name: str, style: Array | None) -> Array | np.float32:
        """Return what u adds to a head's output without going through its blocks."""
        if style is None or not self.sizes.style:
            return np.float32(0.0)
        found: Array = style @ self._layers.weights[f"{name}_style.weight"].T
        return found


def time_columns(time: float) -> Array:
    """Return (16,) sines and cosines of a flow time in [0, 1]."""
    angles = np.float32(time) * np.float32(np.pi) * 2.0 ** np.arange(8, dtype=np.float32) / 2.0
    found: Array = np.concatenate([np.sin(angles), np.cos(angles)]).astype(np.float32)
    return found
