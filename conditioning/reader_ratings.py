"""Ratings of a sentence from the labels that it gets and from its rated words: kernel ridge regression.

Few sentences have ratings of valence, arousal and dominance, many have labels of emotions. Two sentences that get much
the same labels, and whose words are rated much the same (:func:`conditioning.reader_lexicon.features`), are rated
alike: a sentence's ratings are a weighted sum over all rated ones, each counting by how near it is (Saunders, Gammerman
& Vovk, "Ridge regression learning algorithm in dual variables", ICML 1998). Fitting needs scipy, inference numpy only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LabelKernel", "similarity"]

Array = npt.NDArray[Any]
Float = npt.NDArray[np.float32]

#: Sharpness of the kernel, chosen on EmoBank's development set among .2, .4, .6 and .8.
SHARPNESS = 0.6
#: Penalty on the dual weights.
PENALTY = 1.0
#: Nothing counts as farther than so many deviations from the mean, of a part of average size.
FARTHEST = 6.0


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
        Of each column over the rated sentences; the scale is such that labels and words count alike.
    support : (m, f) float32
        The rated sentences, less mean, over scale.
    duals : (m, k) float32
        How far each of them moves each rating.
    """

    mean: Float
    scale: Float
    support: Float
    duals: Float

    @classmethod
    def fit(cls, parts: Sequence[Array], ratings: Array) -> LabelKernel:
        """Fit ratings (m, k), of mean 0, on parts (m, f₁), (m, f₂) of what is known of the sentences.

        Parts count alike in the squared distance, whatever the number and the spread of their columns.
        """
        from scipy.linalg import cho_factor, cho_solve

        columns = np.hstack(parts)
        even = columns.shape[1] / len(parts)
        weight = np.concatenate([np.full(part.shape[1], np.sqrt(part.shape[1] / even)) for part in parts])
        mean, scale = columns.mean(axis=0), weight * (columns.std(axis=0) + 1e-6)
        support = _within((columns - mean) / scale)
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

    def __call__(self, columns: Array) -> Float:
        """Return the ratings (n, k) of sentences (n, f)."""
        return np.asarray(similarity(_within((columns - self.mean) / self.scale), self.support) @ self.duals)


def _within(rows: Array) -> Float:
    """Return the rows with what lies far out moved in."""
    return np.clip(rows, -FARTHEST, FARTHEST).astype(np.float32)
