"""From our emotions to the mixtures of label embeddings that the networks take.

The weights were trained with one of nine labels a window (emotion2vec's order, an inference from the
published code's use of it) or none. The label enters through a table of ten embeddings, so that a weighted
sum of rows is a continuous input, and each frame may have its own: emotion glides inside and across windows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from conditioning import EMOTION_NAMES, EmotionTrack

__all__ = ["EMOTION_LABELS", "LABEL_SHARES", "NEUTRAL_LABEL", "emotion_mixtures", "label_mixture", "majority_label"]

EMOTION_LABELS = ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad", "surprised", "unknown", "null")
NEUTRAL_LABEL = EMOTION_LABELS.index("neutral")

#: How much of each label a primary emotion at full weight stands for; what is left to 1 is neutral. Trust and
#: anticipation have no label of their own: they are heard as mild joy and mild surprise.
LABEL_SHARES: dict[str, dict[str, float]] = {
    "joy": {"happy": 1.0},
    "trust": {"happy": 0.4},
    "fear": {"fearful": 1.0},
    "surprise": {"surprised": 1.0},
    "sadness": {"sad": 1.0},
    "disgust": {"disgusted": 1.0},
    "anger": {"angry": 1.0},
    "anticipation": {"surprised": 0.3},
}


def label_mixture(weights: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Mixtures of the ten embeddings for emotions.

    Parameters
    ----------
    weights : (..., 8) array_like
        Plutchik weights, 0–1.

    Returns
    -------
    (..., 10) float32
        Not negative, each summing to 1; what emotion leaves over is neutral.

    Examples
    --------
    >>> mixture = label_mixture([0.75, 0, 0, 0, 0, 0, 0, 0])
    >>> float(mixture[EMOTION_LABELS.index("happy")]), float(mixture[NEUTRAL_LABEL])
    (0.75, 0.25)
    """
    mixture = np.asarray(weights, np.float64) @ _share_matrix()
    total = mixture.sum(axis=-1, keepdims=True)
    mixture = mixture / np.maximum(total, 1.0)
    mixture[..., NEUTRAL_LABEL] += np.maximum(1.0 - total[..., 0], 0.0)
    out: npt.NDArray[np.float32] = mixture.astype(np.float32)
    return out


def emotion_mixtures(track: EmotionTrack, times_s: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """(F, 10) float32 mixtures of a track at the times of frames."""
    return label_mixture(track.weights_at(times_s))


def _share_matrix() -> npt.NDArray[np.float64]:
    matrix = np.zeros((len(EMOTION_NAMES), len(EMOTION_LABELS)))
    for row, name in enumerate(EMOTION_NAMES):
        for label, share in LABEL_SHARES[name].items():
            matrix[row, EMOTION_LABELS.index(label)] = share
    return matrix


def majority_label(labels: Sequence[int]) -> int:
    """Return the most frequent label, the smallest of equally frequent ones, as the published code chooses.

    Examples
    --------
    >>> majority_label([3, 6, 6, 3, 7])
    3
    """
    counts = Counter(labels)
    most = max(counts.values())
    return min(label for label, count in counts.items() if count == most)
