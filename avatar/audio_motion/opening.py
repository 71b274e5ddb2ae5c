"""How people really open and round their mouths: a linear reader of sound, learnt from captured faces.

Each captured channel is a weighted sum of the bands and the loudness around the moment. The reader is small on
purpose: five clips of one speaker teach no more, and a network of the lips' size remembers clips instead.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from avatar.audio_motion.features import N_MELS, SCALE_DB

__all__ = ["READER_CHANNELS", "READER_SIZE", "SHIFTS", "around", "read_opening"]

Array = npt.NDArray[np.float32]

#: What is read, in the lips' names.
READER_CHANNELS: tuple[str, ...] = ("jawOpen", "mouthFunnel", "mouthPucker", "mouthLowerDown", "mouthUpperUp")
#: Frames of 20 ms that are looked at, relative to the moment.
SHIFTS: tuple[int, ...] = (-16, -12, -8, -6, -4, -2, 0, 2, 4, 6, 8, 12, 16)
#: Bands, loudness in decibels, and amplitude to the powers of one half and one.
BASE_SIZE = N_MELS + 3
READER_SIZE = len(SHIFTS) * BASE_SIZE


def around(features: Array) -> Array:
    """Return (F, READER_SIZE): what the reader looks at, from (F, 82) features at 50 Hz."""
    bands = 0.5 * (features[:, :N_MELS] + features[:, N_MELS + 1 : 2 * N_MELS + 1])
    level = features[:, N_MELS : N_MELS + 1]
    level_db = SCALE_DB * level
    mean = 0.5 * (level + features[:, 2 * N_MELS + 1 :])
    base = np.concatenate([bands, mean, 10.0 ** (level_db / 40.0), 10.0 ** (level_db / 20.0)], axis=1)
    reach = SHIFTS[-1]
    padded = np.pad(base, ((reach, reach), (0, 0)), mode="edge")
    table: Array = np.concatenate([padded[reach + shift :][: len(base)] for shift in SHIFTS], axis=1)
    return table.astype(np.float32)


def read_opening(features: Array, tensors: Mapping[str, Array], block: int = 6000) -> Array:
    """Return the captured channels that a sound suggests, in the lips' units.

    Parameters
    ----------
    features : (F, 82) float32
    tensors : mapping
        ``opening.weight`` (READER_SIZE, 5) and ``opening.bias`` (5,).
    block : int
        Frames handled at once.

    Returns
    -------
    (F, 5) float32
        Between 0 and 1, in the order of :data:`READER_CHANNELS`.
    """
    weight, bias = tensors["opening.weight"], tensors["opening.bias"]
    reach = SHIFTS[-1]
    pieces = []
    for first in range(0, len(features), block):
        begin = max(first - reach, 0)
        part = around(features[begin : first + block + reach]) @ weight + bias
        pieces.append(part[first - begin : first - begin + min(block, len(features) - first)])
    read: Array = np.clip(np.concatenate(pieces), 0.0, 1.0)
    return read
