"""Train the shipped emotion reader: the code behind ``mien train reader``.

The stages keep their results in a folder, so that an interrupted training goes on where it stopped. On two cores the
linear half takes about five minutes and the network about an hour.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from checkpoints.store import FOLDER, register
from conditioning import reader_data as data
from conditioning.evaluate_reader import Outputs, best_thresholds, evaluate, scores_of
from conditioning.reader_export import export_linear, export_network
from conditioning.reader_linear import Vocabulary, association, fit_logistic, fit_ridge, matrix
from conditioning.reader_model import CHECKPOINT, COLUMNS, N_SCORES, VERSION, ReaderModel, label_logits
from conditioning.reader_ratings import LabelKernel
from conditioning.reader_text import Tokens, tokenize
from conditioning.reader_vectors import word_vectors

__all__ = ["train_reader"]

log = logging.getLogger(__name__)
Array = npt.NDArray[Any]

#: LIBLINEAR's C and the ridge penalty of the linear half, chosen on the development sets.
STRENGTH = {"goemotions": 3.0, "ekman": 2.0, "xed": 1.0}
RIDGE_PENALTY = 5.0
#: n-grams that the checkpoint keeps.
KEPT_GRAMS = 90_000

VIEWS, N_OUTPUTS = slice(47, 53), 53

LICENCE = "CC-BY-SA-4.0"
ATTRIBUTION = (
    "Trained on GoEmotions (Demszky et al. 2020, CC BY 4.0), XED (Öhman et al. 2020, CC BY 4.0) and EmoBank (Buechel & "
    "Hahn 2017, CC BY-SA 4.0); word vectors also from the text of LJ Speech (public domain)"
)


def train_reader(folder: Path, output: Path | None = None, *, work: Path, seed: int = 0, epochs: int = 2) -> str:
    """Train both halves, blend them, and write the checkpoint.

    Parameters
    ----------
    folder : Path
        Holds ``goemotions/``, ``xed/``, ``emobank/`` and ``ljspeech/``.
    output : Path, optional
        Folder of the checkpoint; the package's own by default.
    work : Path
        Where stages are kept.
    seed : int
        Of the network.
    epochs : int
        Of the network.

    Returns
    -------
    str
        What was written and how good it is on the test sets.
    """
    work.mkdir(parents=True, exist_ok=True)
    tokens = {(name, split): _tokens(_corpus(name, folder, split)) for name in CORPORA for split in data.SPLITS}
    linear = _stage(work / "linear.npz", lambda: _train_linear(folder, tokens))
    network = _stage(work / f"network-{seed}-{epochs}.npz", lambda: _train_network(folder, tokens, seed, epochs))
    tensors = {**linear, **network, **_neutral_blend()}
    tensors |= blend(folder, ReaderModel(tensors), tokens)
    path = (output or FOLDER) / f"{CHECKPOINT}.safetensors"
    return _write(path, tensors, folder, seed, epochs)


CORPORA = ("goemotions", "xed", "emobank")


def _corpus(name: str, folder: Path, split: str) -> data.Corpus:
    load: Callable[[Path, str], data.Corpus] = getattr(data, name)
    return load(folder, split)


def _tokens(corpus: data.Corpus) -> list[Tokens]:
    return [tokenize(text) for text in corpus.texts]


def _stage(path: Path, make: Callable[[], dict[str, Array]]) -> dict[str, Array]:
    """Return what an earlier run kept in ``path``, or make and keep it."""
    if not path.exists():
        started = time.monotonic()
        arrays = make()
        partial = path.with_name("partial-" + path.name)
        np.savez(partial, **arrays)
        partial.replace(path)
        log.info("%s: %.0f s", path.name, time.monotonic() - started)
    with np.load(path) as stored:
        return dict(stored)


def _train_linear(folder: Path, tokens: dict[tuple[str, str], list[Tokens]]) -> dict[str, Array]:
    """Keep the n-grams that go with some label, and fit all labels on them."""
    sentences = {name: tokens[name, "train"] for name in CORPORA}
    labels = _labels(folder, "train")
    every = Vocabulary.of([sentence for corpus in sentences.values() for sentence in corpus])
    features = {corpus: matrix(every, texts) for corpus, texts in sentences.items()}
    worth = np.max([association(features[CORPUS_OF[name]], target) for name, target in labels.items()], axis=0)
    kept = np.sort(np.argsort(-worth, kind="stable")[:KEPT_GRAMS])
    grams = list(every.index)
    vocabulary = Vocabulary({grams[row]: i for i, row in enumerate(kept)}, every.idf[kept])
    log.info("linear: %d of %d n-grams kept", len(kept), len(grams))
    features = {corpus: matrix(vocabulary, texts) for corpus, texts in sentences.items()}
    table, bias = np.zeros((len(kept), N_SCORES), np.float32), np.zeros(N_SCORES, np.float32)
    for name, target in labels.items():
        columns, rows = COLUMNS[name], features[CORPUS_OF[name]]
        if name == "vad":
            table[:, columns], bias[columns] = fit_ridge(rows, target, RIDGE_PENALTY)
        else:
            table[:, columns], bias[columns] = fit_logistic(rows, target, STRENGTH[name])
        log.info("linear: %s", name)
    return export_linear(vocabulary, table, bias)


CORPUS_OF = {"goemotions": "goemotions", "ekman": "goemotions", "xed": "xed", "vad": "emobank"}


def _labels(folder: Path, split: str) -> dict[str, Array]:
    """Return what each group of columns is trained on; ratings have mean 0 and deviation 1 over the training set."""
    go = data.goemotions(folder, split).labels
    ratings = data.emobank(folder, "train").labels
    mean, deviation = ratings.mean(axis=0), ratings.std(axis=0)
    return {
        "goemotions": go,
        "ekman": data.ekman_labels(go),
        "xed": data.xed(folder, split).labels,
        "vad": (data.emobank(folder, split).labels - mean) / deviation,
    }


def _train_network(
    folder: Path, tokens: dict[tuple[str, str], list[Tokens]], seed: int, epochs: int
) -> dict[str, Array]:
    from conditioning.reader_net import NetConfig, train_net

    config = NetConfig(epochs=epochs)
    sentences = [sentence.words for name in CORPORA for sentence in tokens[name, "train"]]
    sentences += [tokenize(text).words for text in data.ljspeech_texts(folder)]
    log.info("network: word vectors of %d sentences", len(sentences))
    vectors = word_vectors(sentences, max(128, config.dim))
    words, weights = train_net(
        _tasks(folder, tokens),
        N_OUTPUTS,
        config,
        seed,
        vectors,
        lambda epoch, loss, _: log.info("%d %.3f", epoch, loss),
    )
    return export_network(words, weights)


def _tasks(folder: Path, tokens: dict[tuple[str, str], list[Tokens]]) -> list[Any]:
    from conditioning.reader_net import Task

    labels = _labels(folder, "train")
    both = np.hstack([labels["goemotions"], labels["ekman"]])
    views = data.emobank_views(folder)
    spread = (views.labels - views.labels.mean(axis=0)) / views.labels.std(axis=0)
    return [
        Task(tokens["goemotions", "train"], both, slice(0, 35), binary=True),
        Task(tokens["xed", "train"], labels["xed"], COLUMNS["xed"], binary=True),
        Task(tokens["emobank", "train"], labels["vad"], COLUMNS["vad"], binary=False, weight=0.5),
        Task(_tokens(views), spread.astype(np.float32), VIEWS, binary=False, weight=0.2),
    ]


def _neutral_blend() -> dict[str, Array]:
    """Return blending tensors that leave both halves as they are, and rate nothing."""
    n_logits = 2 * COLUMNS["vad"].start
    nothing = LabelKernel(*(np.ones(shape, np.float32) for shape in (n_logits, n_logits, (1, n_logits), (1, 3))))
    return {
        **nothing.tensors(),
        "vad_mix": np.zeros((2, 3), np.float32),
        "vad_bias": np.zeros(3, np.float32),
        "blend": np.full((2, N_SCORES), 0.5, np.float32),
        "blend_bias": np.zeros(N_SCORES, np.float32),
        "thresholds": np.zeros(COLUMNS["vad"].start, np.float32),
    }


def blend(folder: Path, model: ReaderModel, tokens: dict[tuple[str, str], list[Tokens]]) -> dict[str, Array]:
    """Choose shares and thresholds on the development sets.

    Returns
    -------
    dict
        ``blend`` (2, 47), ``blend_bias`` (47,), ``thresholds`` (44,), and what :func:`rate` returns.
    """
    tensors = _neutral_blend()
    labels = _labels(folder, "dev")
    outputs: dict[str, Outputs] = {name: scores_of(model, tokens[name, "dev"]) for name in CORPORA}
    for name in ("goemotions", "ekman", "xed"):
        columns, halves = COLUMNS[name], outputs[CORPUS_OF[name]]
        target = labels[name]
        best: tuple[float, float, Array] = (-1.0, 0.5, np.zeros(0))
        for share in np.linspace(0.2, 0.8, 13):
            logits = (1 - share) * halves.linear[:, columns] + share * halves.network[:, columns]
            thresholds, f1 = best_thresholds(logits, target)
            best = max(best, (f1, float(share), thresholds), key=lambda item: item[0])
        f1, share, tensors["thresholds"][columns] = best
        tensors["blend"][:, columns] = [[1 - share], [share]]
        log.info("blend: %s, share of the network %.2f, dev macro-F1 %.4f", name, share, f1)
    return tensors | rate(folder, scores_of(model, tokens["emobank", "train"]), outputs["emobank"])


#: Ridge penalty of the shares below, chosen on the development set.
MIX_PENALTY = 10.0


def rate(folder: Path, train: Outputs, dev: Outputs) -> dict[str, Array]:
    """Fit what the labels say of the ratings, and the shares of that and of the linear half.

    No label was trained on EmoBank's sentences, so the kernel is fitted on those of its training set. The linear
    half's ratings were, so the shares are fitted on the development sentences.

    Returns
    -------
    dict
        The tensors of :class:`LabelKernel`, ``vad_mix`` (2, 3): shares of linear half and kernel in each rating,
        and ``vad_bias`` (3,).
    """
    ratings = data.emobank(folder, "train").labels
    mean, deviation = ratings.mean(axis=0), ratings.std(axis=0)
    kernel = LabelKernel.fit(label_logits(np.stack([train.linear, train.network])), (ratings - mean) / deviation)
    from_labels = kernel(label_logits(np.stack([dev.linear, dev.network])))
    voices = np.stack([dev.linear[:, COLUMNS["vad"]], from_labels], axis=-1)
    truth = data.emobank(folder, "dev").labels
    shares = np.stack([_ridge(voices[:, column], truth[:, column]) for column in range(3)], axis=1)
    for column, name in enumerate("vad"):
        r = float(np.corrcoef(voices[:, column] @ shares[:-1, column], truth[:, column])[0, 1])
        log.info("ratings: %s, shares %s, dev r %.3f", name, np.round(shares[:-1, column], 3), r)
    mix = {"vad_mix": shares[:-1].astype(np.float32), "vad_bias": shares[-1].astype(np.float32)}
    return kernel.tensors() | mix


def _ridge(features: Array, target: Array) -> npt.NDArray[np.float64]:
    """Return ridge coefficients (f + 1,), the intercept last and free."""
    with_one = np.column_stack([features, np.ones(len(features))])
    cost = MIX_PENALTY * np.diag([1.0] * features.shape[1] + [0.0])
    return np.asarray(np.linalg.solve(with_one.T @ with_one + cost, with_one.T @ target))


def _write(path: Path, tensors: dict[str, Array], folder: Path, seed: int, epochs: int) -> str:
    from safetensors.numpy import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    figures = evaluate(folder, ReaderModel(tensors))
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, path, {"format": str(VERSION)})
    register(
        CHECKPOINT,
        path,
        version=VERSION,
        licence=LICENCE,
        attribution=ATTRIBUTION,
        source="https://github.com/google-research/google-research/tree/master/goemotions",
        made_by=f"mien train reader DATA --seed {seed} --epochs {epochs}",
        seed=seed,
        metrics={name: round(value, 4) for name, value in figures.items() if name != "ms_per_line"},
    )
    return f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB): {json.dumps(figures)}"
