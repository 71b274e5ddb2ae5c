"""Score a sentence with the shipped emotion reader. Needs numpy only.

Two halves see the same tokens: a linear model over n-grams (:mod:`conditioning.reader_linear`) and a small recurrent
network (:mod:`conditioning.reader_net`). Their logits are averaged with shares chosen on the development sets. The
ratings of valence, arousal and dominance are EmoBank's and our own by both halves, and what their labels and the words
that were rated by hand (:mod:`conditioning.reader_lexicon`) say of them (:mod:`conditioning.reader_ratings`).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from checkpoints import load
from conditioning.reader_data import EKMAN_NAMES, GOEMOTIONS
from conditioning.reader_lexicon import features, rated_words
from conditioning.reader_linear import Vocabulary
from conditioning.reader_ratings import LabelKernel
from conditioning.reader_text import MARKS, Tokens, subwords

__all__ = [
    "CHECKPOINT",
    "COLUMNS",
    "N_LABELS",
    "N_SCORES",
    "N_VOICES",
    "VERSION",
    "ReaderModel",
    "Scores",
    "dequantize",
    "label_logits",
    "quantize",
    "rating_voices",
]

CHECKPOINT = "emotion_reader"
VERSION = 5

#: Columns of the outputs: GoEmotions, its Ekman grouping, XED, the primaries that this project's authors felt; then
#: EmoBank's ratings, and the authors'.
COLUMNS = {
    "goemotions": slice(0, 28),
    "ekman": slice(28, 35),
    "xed": slice(35, 44),
    "felt": slice(44, 52),
    "vad": slice(52, 55),
    "judged": slice(55, 58),
}
N_LABELS, N_SCORES = 52, 58
#: Rows of :func:`rating_voices`.
N_VOICES = 5

Array = npt.NDArray[Any]
Float = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Scores:
    """What the model says of one sentence.

    Attributes
    ----------
    goemotions : (28,) float32
        Probabilities, in the order of :data:`conditioning.reader_data.GOEMOTIONS`.
    ekman : (7,) float32
        Probabilities of the Ekman grouping.
    xed : (9,) float32
        Probabilities of Plutchik's eight and of neutral.
    felt : (8,) float32
        Probabilities of the eight as this project's authors felt them.
    vad : (3,) float32
        Valence, arousal, dominance on EmoBank's scale of 1 to 5.
    margins : (52,) float32
        Logit above the decision threshold of each of the labels before ``vad``; positive means present.
    """

    goemotions: Float
    ekman: Float
    xed: Float
    felt: Float
    vad: Float
    margins: Float

    @property
    def labels(self) -> tuple[str, ...]:
        """The GoEmotions labels that are present."""
        return tuple(name for name, margin in zip(GOEMOTIONS, self.margins, strict=False) if margin > 0)

    @property
    def ekman_labels(self) -> tuple[str, ...]:
        """The labels of the Ekman grouping that are present."""
        margins = self.margins[COLUMNS["ekman"]]
        return tuple(name for name, margin in zip(EKMAN_NAMES, margins, strict=True) if margin > 0)


class ReaderModel:
    """The emotion reader, from its tensors.

    Parameters
    ----------
    tensors : mapping of str to ndarray
        As :func:`conditioning.reader_export.export` writes them.
    """

    def __init__(self, tensors: Mapping[str, Array]) -> None:
        grams = bytes(tensors["grams"]).decode().split("\n")
        idf = tensors["idf"].astype(np.float32)
        self.vocabulary = Vocabulary({gram: row for row, gram in enumerate(grams)}, idf)
        words = bytes(tensors["words"]).decode().split("\n")
        self._words = {word: row for row, word in enumerate(words)}
        self._tensors = dict(tensors)
        self._ratings = LabelKernel.of(tensors)
        half = {name for name, tensor in tensors.items() if tensor.dtype == np.float16 and tensor.size < 1_000_000}
        self._tensors |= {name: tensors[name].astype(np.float32) for name in half}

    @classmethod
    @lru_cache(maxsize=1)
    def shipped(cls) -> ReaderModel:
        """Return the reader of this installation, loaded once."""
        return cls(load(CHECKPOINT, version=VERSION).tensors)

    def score(self, sentence: Tokens) -> Scores:
        """Score one sentence."""
        t = self._tensors
        outputs = np.stack([self.linear(sentence), self.network(sentence)])
        logits = (t["blend"] * outputs).sum(axis=0) + t["blend_bias"]
        logits[COLUMNS["vad"]] = self._rate(outputs, features(sentence.words))
        probabilities = _sigmoid(logits)
        return Scores(
            goemotions=probabilities[COLUMNS["goemotions"]],
            ekman=probabilities[COLUMNS["ekman"]],
            xed=probabilities[COLUMNS["xed"]],
            felt=probabilities[COLUMNS["felt"]],
            vad=logits[COLUMNS["vad"]],
            margins=logits[:N_LABELS] - t["thresholds"],
        )

    def _rate(self, outputs: Float, rated: Float) -> Float:
        """Return valence, arousal and dominance from the (2, 58) outputs of both halves and the rated words."""
        t = self._tensors
        known = np.concatenate([label_logits(outputs), rated])
        voices = rating_voices(outputs, self._ratings(known[None])[0])
        return np.asarray((t["vad_mix"] * voices).sum(axis=0) + t["vad_bias"], np.float32)

    def linear(self, sentence: Tokens) -> Float:
        """Return the (58,) outputs of the linear half."""
        t = self._tensors
        rows, values = self.vocabulary.features(sentence)
        return np.asarray((values @ t["linear"][rows].astype(np.float32)) * t["linear_scale"] + t["linear_bias"])

    def network(self, sentence: Tokens) -> Float:
        """Return the (58,) outputs of the recurrent half."""
        t = self._tensors
        words = np.stack([self._vector(word) for word in sentence.words or ("",)]) + self._cases(sentence)
        if sentence.words:
            words += rated_words(sentence.words) @ t["rated"]
        states = self._states(words)
        shares = states @ t["attention"] + t["attention_bias"]
        shares = np.exp(shares - shares.max(axis=0))
        focus = (shares / shares.sum(axis=0)).T @ states
        marks = np.array([mark in sentence.marks for mark in MARKS], np.float32)
        pooled = np.concatenate([focus.ravel(), states.max(axis=0), marks, features(sentence.words)])
        dense = np.maximum(pooled @ t["dense"] + t["dense_bias"], 0.0)
        return np.asarray(dense @ t["head"] + t["head_bias"])

    def _cases(self, sentence: Tokens) -> Float:
        return np.asarray(self._tensors["case"][np.array(sentence.case or (0,))])

    def _vector(self, word: str) -> Float:
        t = self._tensors
        row = self._words.get(word)
        if row is not None:
            return np.asarray(t["word_vectors"][row] * t["word_scale"][row], np.float32)
        buckets = [1 + zlib.crc32(part.encode()) % (len(t["sub"]) - 1) for part in subwords(word)]
        vector = t["unknown"]
        if buckets:
            vector = vector + (t["sub"][buckets] * t["sub_scale"][buckets][:, None]).mean(axis=0)
        return np.asarray(vector, np.float32)

    def _states(self, vectors: Float) -> Float:
        """Run the GRU both ways; (T, d) → (T, 2h). Gate order as in torch: reset, update, new."""
        t = self._tensors
        hidden = t["rnn_hidden"].shape[1]
        length = len(vectors)
        inputs = np.stack([vectors, vectors[::-1]]) @ t["rnn_input"] + t["rnn_input_bias"][:, None]
        state = np.zeros((2, 1, hidden), np.float32)
        out = np.empty((2, length, hidden), np.float32)
        bias, weights = t["rnn_hidden_bias"][:, None], t["rnn_hidden"]
        for i in range(length):
            fed = inputs[:, i : i + 1]
            recurrent = state @ weights + bias
            gates = _sigmoid(fed[..., : 2 * hidden] + recurrent[..., : 2 * hidden])
            new = np.tanh(fed[..., 2 * hidden :] + gates[..., :hidden] * recurrent[..., 2 * hidden :])
            state = new + gates[..., hidden:] * (state - new)
            out[:, i] = state[:, 0]
        return np.concatenate([out[0], out[1, ::-1]], axis=1)


def label_logits(outputs: Array) -> Array:
    """Return the corpora's label columns side by side: of both halves (2, 58) or (2, n, 58) → (88,) or (n, 88)."""
    return np.concatenate(outputs[..., : COLUMNS["felt"].start], axis=-1)


def rating_voices(outputs: Array, from_labels: Array) -> Float:
    """Return all that is said of valence, arousal and dominance, one voice below the other.

    Parameters
    ----------
    outputs : (2, 58) or (2, n, 58) float
        Of both halves.
    from_labels : (3,) or (n, 3) float
        What the labels say.

    Returns
    -------
    (5, 3) or (5, n, 3) float32
        EmoBank's ratings by the linear half and by the network, the authors' by both, and those from labels.
    """
    return np.stack([*outputs[..., COLUMNS["vad"]], *outputs[..., COLUMNS["judged"]], from_labels])


def quantize(table: Array, axis: int) -> tuple[npt.NDArray[np.int8], Float]:
    """Return a table as int8 and the scale of each slice, largest value 127.

    Parameters
    ----------
    table : (n, m) float
    axis : int
        The axis that is summed up by one scale: 0 gives a scale per column, 1 one per row.
    """
    scale = np.maximum(np.abs(table).max(axis=axis, keepdims=True) / 127.0, 1e-12)
    return np.rint(table / scale).astype(np.int8), scale.squeeze(axis).astype(np.float32)


def dequantize(table: npt.NDArray[np.int8], scale: Float, axis: int) -> Float:
    """Return the numbers that :func:`quantize` stored, to within half a step."""
    return table.astype(np.float32) * np.expand_dims(scale, axis)


def _sigmoid(x: Float) -> Float:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -40.0, 40.0))), np.float32)
