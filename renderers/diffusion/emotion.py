"""From our emotions to the mixtures of label embeddings that the networks take.

The weights were trained with one of nine labels a window (emotion2vec's order, an inference from the
published code's use of it) or none. The label enters through a table of ten embeddings, so that a weighted
sum of rows is a continuous input.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

__all__ = ["EMOTION_LABELS", "majority_label"]

EMOTION_LABELS = ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad", "surprised", "unknown", "null")


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
