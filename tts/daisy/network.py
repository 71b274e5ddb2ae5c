"""The acoustic model in numpy: ConvNeXt blocks over phones and over 20 ms steps.

The weights are those of :class:`tts.train_voice.model.AcousticModel` under the same names. Everything is float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tts.convnext import Array, Layers

__all__ = ["FRAMES_PER_STEP", "N_OUT", "POSITION_COLUMNS", "Network", "Sizes", "positions", "step_phones"]

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

    def encode(self, ids: npt.NDArray[np.int64], features: Array) -> Array:
        """(n,), (n, F) → (n, encoder)."""
        x = self._layers.weights["symbol.weight"][ids] + self._layers.linear("feature", features)
        x = self._layers.blocks("encoder", self.sizes.encoder_blocks, x)
        return self._layers.norm("encoder_norm", x)

    def durations(self, encoded: Array, speaker: int) -> Array:
        """(n, encoder) → (n,) z-scored ln frames."""
        x = self._layers.linear("duration_in", encoded) + self._layers.weights["duration_speaker.weight"][speaker]
        x = self._layers.blocks("duration", self.sizes.duration_blocks, x)
        return self._layers.linear("duration_out", x)[:, 0]

    def context(self, encoded: Array, ends: npt.NDArray[np.int64]) -> Array:
        """Spread phones over time: (n, encoder), (n,) → (steps, 2 encoder + 12)."""
        phones = step_phones(ends)
        return np.concatenate([encoded[phones[:, 0]], encoded[phones[:, -1]], positions(ends, phones)], axis=1)

    def pitch(self, context: Array, speaker: int) -> Array:
        """→ (4 steps,) z-scored ln F0."""
        x = self._layers.linear("pitch_in", context) + self._layers.weights["pitch_speaker.weight"][speaker]
        x = self._layers.blocks("pitch", self.sizes.pitch_blocks, x)
        return self._layers.linear("pitch_out", x).reshape(-1)

    def decode(self, context: Array, speaker: int) -> Array:
        """→ (4 steps, 64) z-scored features."""
        x = self._layers.linear("decoder_in", context) + self._layers.weights["decoder_speaker.weight"][speaker]
        x = self._layers.blocks("decoder", self.sizes.decoder_blocks, x)
        return self._layers.linear("decoder_out", self._layers.norm("decoder_norm", x)).reshape(-1, N_OUT)
