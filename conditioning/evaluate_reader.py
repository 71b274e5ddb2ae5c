"""Measure the emotion reader on the test sets: the code behind ``mien evaluate reader``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from conditioning import reader_data as data
from conditioning.reader_model import COLUMNS, ReaderModel
from conditioning.reader_text import Tokens, tokenize

__all__ = ["Outputs", "best_thresholds", "evaluate", "macro_f1", "scores_of"]

Array = npt.NDArray[Any]

#: Sentences that are timed.
TIMED = 1000


@dataclass(frozen=True)
class Outputs:
    """Raw outputs of both halves.

    Attributes
    ----------
    linear, network : (n, 58) float32
    """

    linear: npt.NDArray[np.float32]
    network: npt.NDArray[np.float32]


def evaluate(folder: Path, model: ReaderModel | None = None) -> dict[str, float]:
    """Return the figures of the test sets.

    Parameters
    ----------
    folder : Path
        Holds ``goemotions/``, ``xed/`` and ``emobank/``.
    model : ReaderModel, optional
        The shipped one by default.

    Returns
    -------
    dict of str to float
        ``goemotions_macro_f1`` (27 emotions and neutral), ``goemotions_ekman_macro_f1`` (six and neutral),
        ``emobank_r_v``, ``emobank_r_a``, ``emobank_r_d`` (Pearson), ``xed_macro_f1`` (Plutchik's eight, over the
        emotional lines, as the paper reports), ``xed_with_neutral_macro_f1`` (nine classes, all lines), and
        ``ms_per_line`` (median, one thread, after loading).
    """
    model = model or ReaderModel.shipped()
    figures: dict[str, float] = {}
    go = data.goemotions(folder, "test")
    margins = _margins(model, go.texts)
    figures["goemotions_macro_f1"] = macro_f1(margins[:, COLUMNS["goemotions"]] > 0, go.labels)
    ekman = data.ekman_labels(go.labels)
    figures["goemotions_ekman_macro_f1"] = macro_f1(margins[:, COLUMNS["ekman"]] > 0, ekman)
    bank = data.emobank(folder, "test")
    ratings = np.stack([model.score(tokenize(text)).vad for text in bank.texts])
    for column, name in enumerate("vad"):
        figures[f"emobank_r_{name}"] = float(np.corrcoef(ratings[:, column], bank.labels[:, column])[0, 1])
    lines = data.xed(folder, "test")
    found = _margins(model, lines.texts)[:, COLUMNS["xed"]] > 0
    felt = lines.labels[:, 8] == 0
    figures["xed_macro_f1"] = macro_f1(found[felt, :8], lines.labels[felt, :8])
    figures["xed_with_neutral_macro_f1"] = macro_f1(found, lines.labels)
    figures["ms_per_line"] = _time_ms(model, go.texts[:TIMED])
    return figures


def macro_f1(found: Array, truth: Array) -> float:
    """Return the mean over classes of F1 = 2·TP / (found + true); a class never found and never true counts 0."""
    hits = (found * truth).sum(axis=0)
    return float(np.mean(2 * hits / np.maximum(found.sum(axis=0) + truth.sum(axis=0), 1)))


def best_thresholds(logits: Array, truth: Array) -> tuple[npt.NDArray[np.float32], float]:
    """Return for each class the threshold of the best F1, and the macro-F1 that they give.

    Parameters
    ----------
    logits, truth : (n, k)
    """
    thresholds, scores = [], []
    for column, label in zip(logits.T, truth.T, strict=True):
        order = np.argsort(-column, kind="stable")
        hits = np.cumsum(label[order])
        f1 = 2 * hits / (np.arange(1, len(order) + 1) + label.sum())
        best = int(np.argmax(f1[:-1]))
        thresholds.append(0.5 * (column[order[best]] + column[order[best + 1]]))
        scores.append(f1[best])
    return np.array(thresholds, np.float32), float(np.mean(scores))


def scores_of(model: ReaderModel, sentences: Sequence[Tokens]) -> Outputs:
    """Return the raw outputs of both halves for many sentences."""
    linear = np.stack([model.linear(sentence) for sentence in sentences])
    return Outputs(linear, np.stack([model.network(sentence) for sentence in sentences]))


def _margins(model: ReaderModel, texts: Sequence[str]) -> Array:
    return np.stack([model.score(tokenize(text)).margins for text in texts])


def _time_ms(model: ReaderModel, texts: Sequence[str]) -> float:
    times = []
    for text in texts:
        started = time.perf_counter()
        model.score(tokenize(text))
        times.append(time.perf_counter() - started)
    return 1000 * float(np.median(times))
