"""Word vectors of the training text itself, to start the network from.

Positive pointwise mutual information of words within four of each other, its context counts raised to 0.75, reduced
by a truncated singular value decomposition: Levy, Goldberg & Dagan, "Improving distributional similarity with lessons
learned from word embeddings", TACL 3 (2015). It equals what word2vec learns, and takes seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["word_vectors"]

WINDOW, MIN_COUNT, SMOOTHING = 4, 3, 0.75


def word_vectors(sentences: Sequence[Sequence[str]], dim: int) -> dict[str, npt.NDArray[np.float32]]:
    """Return a vector for each word that occurs three times.

    Parameters
    ----------
    sentences : sequence of sequence of str
        Tokens.
    dim : int
        Length of the vectors; their mean norm is 1. The strongest directions come first.
    """
    from scipy.sparse.linalg import svds

    counts = Counter(word for sentence in sentences for word in sentence)
    words = [word for word, count in counts.most_common() if count >= MIN_COUNT]
    information = _ppmi(sentences, {word: i for i, word in enumerate(words)})
    left, values, _ = svds(information, k=dim, v0=np.ones(len(words)))
    vectors = (left * np.sqrt(values))[:, ::-1]
    vectors /= np.linalg.norm(vectors, axis=1).mean()
    return {word: vectors[i].astype(np.float32) for i, word in enumerate(words)}


def _ppmi(sentences: Sequence[Sequence[str]], index: dict[str, int]) -> Any:
    from scipy.sparse import coo_matrix, csr_matrix

    left, right, near = [], [], []
    for sentence in sentences:
        known = [index.get(word, -1) for word in sentence]
        for i, word in enumerate(known):
            if word >= 0:
                others = [(known[j], j - i) for j in range(i + 1, min(i + 1 + WINDOW, len(known))) if known[j] >= 0]
                left += [word] * len(others)
                right += [other for other, _ in others]
                near += [1.0 / distance for _, distance in others]
    size = (len(index), len(index))
    pairs = coo_matrix((near, (left, right)), shape=size).tocsr()
    pairs = (pairs + pairs.T).tocoo()
    totals = np.asarray(pairs.sum(axis=1)).ravel()
    contexts = totals**SMOOTHING
    contexts /= contexts.sum()
    values = np.log(pairs.data / (totals[pairs.row] * contexts[pairs.col]))
    kept = values > 0
    return csr_matrix((values[kept], (pairs.row[kept], pairs.col[kept])), shape=size)
