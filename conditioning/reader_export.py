"""From trained halves to the tensors of the shipped emotion reader."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from conditioning.reader_linear import Vocabulary
from conditioning.reader_model import N_SCORES, quantize
from conditioning.reader_text import subwords

__all__ = ["export_linear", "export_network"]

Array = npt.NDArray[Any]


def export_linear(vocabulary: Vocabulary, coefficients: Array, intercepts: Array) -> dict[str, Array]:
    """Return the tensors of the linear half: int8 with a scale per label."""
    table, scale = quantize(coefficients, axis=0)
    return {
        "grams": _blob(list(vocabulary.index)),
        "idf": vocabulary.idf.astype(np.float16),
        "linear": table,
        "linear_scale": scale,
        "linear_bias": intercepts.astype(np.float32),
    }


def export_network(words: Sequence[str], weights: dict[str, Array]) -> dict[str, Array]:
    """Return the tensors of the recurrent half.

    A known word's vector already holds the mean of its character n-grams, so that they are looked up for unknown
    words only. Tables are int8 with a scale per row, the rest float16.
    """
    sub = weights["sub.weight"]
    known = weights["word.weight"][2:] + np.stack([_mean_of_parts(word, sub) for word in words])
    word_vectors, word_scale = quantize(known, axis=1)
    sub_table, sub_scale = quantize(sub, axis=1)
    ends = ("", "_reverse")
    half = {
        "unknown": weights["word.weight"][1],
        "case": weights["case.weight"],
        "rated": weights["rated.weight"].T,
        "rnn_input": np.stack([weights[f"rnn.weight_ih_l0{end}"].T for end in ends]),
        "rnn_input_bias": np.stack([weights[f"rnn.bias_ih_l0{end}"] for end in ends]),
        "rnn_hidden": np.stack([weights[f"rnn.weight_hh_l0{end}"].T for end in ends]),
        "rnn_hidden_bias": np.stack([weights[f"rnn.bias_hh_l0{end}"] for end in ends]),
        "attention": weights["attention.weight"].T,
        "attention_bias": weights["attention.bias"],
        "dense": weights["dense.weight"].T,
        "dense_bias": weights["dense.bias"],
        "head": weights["head.weight"][:N_SCORES].T,
        "head_bias": weights["head.bias"][:N_SCORES],
        "word_scale": word_scale,
        "sub_scale": sub_scale,
    }
    tables = {"words": _blob(words), "word_vectors": word_vectors, "sub": sub_table}
    return tables | {name: np.ascontiguousarray(tensor, dtype=np.float16) for name, tensor in half.items()}


def _mean_of_parts(word: str, sub: Array) -> Array:
    rows = [1 + zlib.crc32(part.encode()) % (len(sub) - 1) for part in subwords(word)]
    return np.asarray(sub[rows].mean(axis=0) if rows else np.zeros(sub.shape[1], np.float32))


def _blob(items: Sequence[str]) -> Array:
    return np.frombuffer("\n".join(items).encode(), np.uint8).copy()
