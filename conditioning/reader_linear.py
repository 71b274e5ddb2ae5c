"""The linear half of the emotion reader: TF-IDF of word and character n-grams, one weight per n-gram and label.

Joachims (ECML 1998) showed why sparse linear models do well on text. Training is L2-regularised logistic regression
(labels) and ridge regression (ratings), by scipy; inference needs numpy only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from conditioning.reader_text import Tokens, char_ngrams, word_ngrams

__all__ = ["Vocabulary", "association", "fit_logistic", "fit_ridge", "matrix"]

Array = npt.NDArray[Any]

MIN_WORD_SENTENCES, MIN_CHAR_SENTENCES = 3, 10
"""An n-gram must occur in so many training sentences to be kept."""

MAX_ITERATIONS = 60


@dataclass(frozen=True)
class Vocabulary:
    """The n-grams and their weights by rarity.

    Attributes
    ----------
    index : dict of str to int
        n-gram → row. Character n-grams start with ``#``.
    idf : (n,) float32
        ``1 + ln(N / df)``.
    """

    index: dict[str, int]
    idf: npt.NDArray[np.float32]

    @classmethod
    def of(cls, sentences: Sequence[Tokens]) -> Vocabulary:
        """Count the n-grams of training sentences."""
        words: Counter[str] = Counter()
        characters: Counter[str] = Counter()
        for sentence in sentences:
            words.update(set(word_ngrams(sentence)))
            characters.update(set(char_ngrams(sentence)))
        kept = sorted(gram for gram, count in words.items() if count >= MIN_WORD_SENTENCES and gram[0] != "#")
        kept += sorted(gram for gram, count in characters.items() if count >= MIN_CHAR_SENTENCES)
        counts = np.array([characters[gram] if gram[0] == "#" else words[gram] for gram in kept], np.float64)
        idf = (1.0 + np.log(len(sentences) / counts)).astype(np.float32)
        return cls({gram: row for row, gram in enumerate(kept)}, idf)

    def features(self, sentence: Tokens) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
        """Return rows and values of a sentence: ``(1 + ln tf)·idf``, each half of length 1."""
        parts = [self._half(word_ngrams(sentence)), self._half(char_ngrams(sentence))]
        return np.concatenate([rows for rows, _ in parts]), np.concatenate([values for _, values in parts])

    def _half(self, grams: Iterable[str]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
        index = self.index
        counts: dict[int, int] = {}
        for gram in grams:
            row = index.get(gram)
            if row is not None:
                counts[row] = counts.get(row, 0) + 1
        rows = np.fromiter(counts.keys(), np.intp, len(counts))
        values = (1.0 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))) * self.idf[rows]
        return rows, (values / (np.linalg.norm(values) + 1e-9)).astype(np.float32)


def matrix(vocabulary: Vocabulary, sentences: Sequence[Tokens]) -> Any:
    """Return the (n, features) float32 CSR matrix of sentences."""
    from scipy.sparse import csr_matrix

    parts = [vocabulary.features(sentence) for sentence in sentences]
    pointers = np.concatenate([[0], np.cumsum([len(rows) for rows, _ in parts])])
    rows = np.concatenate([rows for rows, _ in parts]).astype(np.int32)
    values = np.concatenate([values for _, values in parts])
    return csr_matrix((values, rows, pointers), shape=(len(sentences), len(vocabulary.idf)), dtype=np.float32)


def fit_logistic(
    features: Any, labels: Array, strength: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Fit one logistic regression per column, all at once.

    Minimises ``strength · Σ loss + ½ ‖W‖²`` as LIBLINEAR does, the intercept free.

    Parameters
    ----------
    features : (n, f) CSR matrix
    labels : (n, k) 0/1
    strength : float
        LIBLINEAR's C.

    Returns
    -------
    coefficients : (f, k) float32
    intercepts : (k,) float32
    """
    from scipy.optimize import minimize

    targets = np.asarray(labels, np.float32)
    shape = (features.shape[1] + 1, targets.shape[1])
    transposed = features.T.tocsr()

    def objective(flat: Array) -> tuple[float, Array]:
        table = flat.reshape(shape).astype(np.float32)
        logits = features @ table[:-1] + table[-1]
        loss = float((np.logaddexp(0.0, logits) - targets * logits).sum(dtype=np.float64))
        slope = strength * (1.0 / (1.0 + np.exp(-logits)) - targets)
        gradient = np.empty(shape, np.float64)
        gradient[:-1] = transposed @ slope + table[:-1]
        gradient[-1] = slope.sum(axis=0)
        return strength * loss + 0.5 * float((table[:-1].astype(np.float64) ** 2).sum()), gradient.ravel()

    start = np.zeros(shape)
    rate = np.clip(targets.mean(axis=0), 1e-5, 1 - 1e-5)
    start[-1] = np.log(rate / (1 - rate))
    options = {"maxiter": MAX_ITERATIONS, "maxcor": 10, "ftol": 1e-6}
    result = minimize(objective, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    table = result.x.reshape(shape).astype(np.float32)
    return table[:-1], table[-1]


def fit_ridge(features: Any, ratings: Array, penalty: float) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Fit one ridge regression per column; returns coefficients (f, k) and intercepts (k,)."""
    from scipy.sparse.linalg import LinearOperator, cg

    targets = np.asarray(ratings, np.float64)
    mean = targets.mean(axis=0)
    size = features.shape[0]

    # The dual has one unknown per sentence: (X Xᵀ + penalty) a = y, and W = Xᵀ a.
    operator = LinearOperator(
        (size, size), matvec=lambda v: features @ (features.T @ v) + penalty * v, dtype=np.float64
    )
    duals = [cg(operator, column, rtol=1e-5, maxiter=400)[0] for column in (targets - mean).T]
    return np.asarray(features.T @ np.stack(duals, axis=1), np.float32), mean.astype(np.float32)


def association(features: Any, labels: Array) -> npt.NDArray[np.float64]:
    """Return how strongly each feature goes with some label: the largest |z| of its covariance with one; (f,)."""
    targets = np.asarray(labels, np.float64)
    spread = targets - targets.mean(axis=0)
    power = np.asarray(features.power(2).sum(axis=0), np.float64).ravel()
    together = np.abs(np.asarray(features.T @ spread.astype(np.float32), np.float64)) / spread.std(axis=0)
    return np.asarray(together.max(axis=1) / np.sqrt(np.maximum(power, 1e-12)))
