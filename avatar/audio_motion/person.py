"""Does this sound like a person or like a synthesiser: a logistic classifier of a recording's texture.

The two teachers of the lips disagree: synthetic voices were taught with the phone path's curves, people with captured
faces. A recording of a person follows the captured faces, a synthetic voice the phone path; in doubt both count.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from avatar.audio_motion.features import N_MELS, SCALE_DB

__all__ = ["TEXTURE_SIZE", "person_share", "texture"]

Array = npt.NDArray[np.float32]

#: Frames at most this far below the loud part count as spoken, decibels.
SPOKEN_DB = 25.0
#: Percentiles of the level that are looked at.
LEVELS = (5, 10, 25, 50, 75)
TEXTURE_SIZE = 3 * N_MELS + N_MELS - 2 + len(LEVELS)
#: The classifier's odds are read from this much in favour of a synthesiser, and this steeply.
DOUBT, STEEPNESS = 1.2, 4.0
#: Five minutes tell enough, frames.
LONGEST = 15_000


def texture(features: Array) -> Array:
    """Return (TEXTURE_SIZE,) measures of (F, 82) features.

    Over the spoken frames: each band's spread, its mean change and change of change over time, and the mean bend of
    the spectrum at each band; then percentiles of the level.
    """
    table = features.reshape(-1, N_MELS + 1)
    bands, level_db = table[:, :N_MELS], table[:, N_MELS] * SCALE_DB
    spoken = level_db > -SPOKEN_DB
    spoken = spoken if spoken.sum() > 5 else np.ones(len(table), bool)
    change = np.abs(np.diff(bands, axis=0))[spoken[1:]].mean(axis=0)
    jitter = np.abs(np.diff(bands, 2, axis=0))[spoken[2:]]
    bend = np.abs(np.diff(bands, 2, axis=1))[spoken].mean(axis=0)
    levels = np.percentile(level_db, LEVELS) / SCALE_DB
    still = np.zeros(N_MELS) if not len(jitter) else jitter.mean(axis=0)
    measures: Array = np.concatenate([bands[spoken].std(axis=0), change, still, bend, levels]).astype(np.float32)
    return measures


def person_share(features: Array, tensors: Mapping[str, Array]) -> float:
    """Return how much a recording counts as a person's, 0 to 1.

    Parameters
    ----------
    features : (F, 82) float32
        From :func:`~avatar.audio_motion.features.audio_features`.
    tensors : mapping
        ``person.weight`` (TEXTURE_SIZE,) and ``person.bias`` ().
    """
    if len(features) < 5:
        return 0.0
    odds = float(texture(features[:LONGEST]) @ tensors["person.weight"] + tensors["person.bias"])
    return float(1.0 / (1.0 + np.exp(-np.clip(STEEPNESS * (odds - DOUBT), -30.0, 30.0))))
