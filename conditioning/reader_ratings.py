"""Ratings of a sentence from the labels that it gets: kernel ridge regression.

Few sentences have ratings of valence, arousal and dominance, many have labels of emotions. Two sentences that get much
the same labels are rated much the same, so a sentence's ratings are a weighted sum over all rated ones, each counting
by how near its labels are (Saunders, Gammerman & Vovk, "Ridge regression learning algorithm in dual variables", ICML
1998). Fitting needs scipy, inference numpy only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LabelKernel", "similarity"]

Array = npt.NDArray[Any]
Float = npt.NDArray[np.float32]

#: Sharpness of the kernel, chosen on EmoBank's development set among .08, .15 and .3.
SHARPNESS = 0.3
#: Penalty on the dual weights.
PENALTY = 1.0


def similarity(one: Array, other: Array) -> Float:
    """Return the Gaussian kernel ``exp(-SHARPNESS · mean squared difference)``; (n, f) and (m, f) → (n, m)."""
    lengths = [np.einsum("nf,nf->n", points, points) for points in (one, other)]
    distance = lengths[0][:, None] + lengths[1] - 2.0 * one @ other.T
    return np.asarray(np.exp(-SHARPNESS / one.shape[1] * np.maximum(distance, 0.0)), np.float32)


@dataclass(frozen=True)
class LabelKernel:
    """A fitted regression from logits of labels to ratings.

    Attributes
    ----------
    mean, scale : (f,) float32
        Of each logit over the rated sentences.
    support : (m, f) float32
        The rated sentences' logits, of mean 0 and deviation 1.
    duals : (m, k) float32
        How far each of them moves each rating.
    """

    mean: Float
    scale: Float
    support: Float
    duals: Float

    @classmethod
    def fit(cls, logits: Array, ratings: Array) -> LabelKernel:
        """Fit ratings (m, k), of mean 0, on logits (m, f)."""
        from scipy.linalg import cho_factor, cho_solve

        mean, scale = logits.mean(axis=0), logits.std(axis=0) + 1e-6
        support = ((logits - mean) / scale).astype(np.float32)
        gram = similarity(support, support)
        gram[np.diag_indices_from(gram)] += PENALTY
        duals = cho_solve(cho_factor(gram, overwrite_a=True), ratings)
        return cls(mean.astype(np.float32), scale.astype(np.float32), support, duals.astype(np.float32))

    @classmethod
    def of(cls, tensors: Mapping[str, Array]) -> LabelKernel:
        """Read what :meth:`tensors` wrote."""
        support = tensors["rated_support"].astype(np.float32) * tensors["rated_support_step"]
        duals = tensors["rated_duals"].astype(np.float32)
        return cls(tensors["rated_mean"], tensors["rated_scale"], support, duals)

    def tensors(self) -> dict[str, Array]:
        """Return the tensors of the checkpoint: support int8 with a step per column, duals float16."""
        step = np.maximum(np.abs(self.support).max(axis=0) / 127.0, 1e-12)
        return {
            "rated_mean": self.mean,
            "rated_scale": self.scale,
            "rated_support": np.rint(self.support / step).astype(np.int8),
            "rated_support_step": step.astype(np.float32),
            "rated_duals": self.duals.astype(np.float16),
        }

    def __call__(self, logits: Array) -> Float:
        """Return the ratings (n, k) of logits (n, f)."""
        rows = ((logits - self.mean) / self.scale).astype(np.float32)
        return np.asarray(similarity(rows, self.support) @ self.duals)
