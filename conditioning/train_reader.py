"""Train the shipped emotion reader: the code behind ``mien train reader``.

The stages keep their results in a folder, so that an interrupted training goes on where it stopped. On two fast cores
the linear half takes a minute and a half and each of three networks four.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from checkpoints.store import FOLDER, register
from conditioning import reader_data as data
from conditioning.evaluate_reader import Outputs, best_thresholds, evaluate, scores_of
from conditioning.reader_export import export_linear, export_network
from conditioning.reader_lexicon import N_FEATURES, features
from conditioning.reader_linear import Vocabulary, association, fit_logistic, fit_ridge, matrix
from conditioning.reader_model import (
    CHECKPOINT,
    COLUMNS,
    N_LABELS,
    N_SCORES,
    N_VOICES,
    VERSION,
    ReaderModel,
    label_logits,
    rating_voices,
)
from conditioning.reader_ratings import LabelKernel
from conditioning.reader_text import Tokens, tokenize
from conditioning.reader_vectors import word_vectors

__all__ = ["train_reader"]

log = logging.getLogger(__name__)
Array = npt.NDArray[Any]

#: LIBLINEAR's C and the ridge penalty of the linear half, chosen on the development sets.
STRENGTH = {"goemotions": 3.0, "ekman": 2.0, "xed": 1.0, "felt": 1.0}
RIDGE_PENALTY = {"vad": 5.0, "judged": 3.0}
#: Deviation of the authors' judgements.
JUDGED_UNIT = np.array([1.5, 0.7, 0.75], np.float32)
#: n-grams that the checkpoint keeps.
KEPT_GRAMS = 90_000

VIEWS, N_OUTPUTS = slice(58, 64), 64
#: Networks that the shipped one learns from, and how it trusts them: the share of the truth in a corpus' own labels,
#: and the weight of labels that it lacks.
TEACHERS = 2
TRUTH_SHARE, TAUGHT_WEIGHT = 0.5, 0.3
#: How often an epoch shows our own lines.
OWN_REPEATS = 6
#: Of the ratings' loss on our own sentences, which are plainer than what people write: more of it costs EmoBank's.
OWN_WEIGHT = 0.3
#: Of the loss, where it is not 1; EmoBank is the smallest corpus.
WEIGHT = {"vad": 2.0, "views": 0.5, "felt": 0.3, "judged": 1.0}

LICENCE = "CC-BY-SA-4.0"
ATTRIBUTION = (
    "Trained on GoEmotions (Demszky et al. 2020, CC BY 4.0), XED (Öhman et al. 2020, CC BY 4.0) and EmoBank (Buechel & "
    "Hahn 2017, CC BY-SA 4.0); word vectors also from the text of LJ Speech (public domain); "
    "words, sentences and lines of dialogue rated by ourselves"
)


def train_reader(folder: Path, output: Path | None = None, *, work: Path, seed: int = 0, epochs: int = 3) -> str:
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
    tokens = {(name, split): _tokens(_corpus(name, folder, split)) for name in CORPORA for split in ("train", "dev")}
    linear = _stage(work / "linear.npz", lambda: _train_linear(folder, tokens))
    network = _stage(work / f"network-{seed}-{epochs}.npz", lambda: _train_network(folder, tokens, work, seed, epochs))
    tensors = {**linear, **network, **_neutral_blend()}
    tensors |= blend(folder, ReaderModel(tensors), tokens)
    path = (output or FOLDER) / f"{CHECKPOINT}.safetensors"
    return _write(path, tensors, folder, seed, epochs)


#: What is trained on and has a development part; ``own`` are sentences that we wrote, beside which there are our lines.
CORPORA = ("goemotions", "xed", "emobank", "judged", "own")
#: What the linear half learns each group of outputs from. Our own ratings are too coarse for the ridges: those of lines
#: are their group's, and the sentences are plainer than what people write.
FITTED_ON = {
    "goemotions": ("goemotions", "lines"),
    "ekman": ("goemotions", "lines"),
    "xed": ("xed", "lines"),
    "felt": ("judged", "own"),
    "vad": ("emobank",),
    "judged": ("judged",),
}


def _corpus(name: str, folder: Path, split: str) -> data.Corpus:
    if name == "own":
        return data.own_sentences(split)
    load: Callable[[Path, str], data.Corpus] = getattr(data, name)
    return load(folder, split)


def _tokens(corpus: data.Corpus) -> list[Tokens]:
    return [tokenize(text) for text in corpus.texts]


def _labels(folder: Path, corpus: str, split: str) -> dict[str, Array]:
    """Return the groups of outputs that a corpus labels, each (n, k); ratings have mean 0 and deviation about 1.

    EmoBank's unit is its training set's, ``lines`` are in it too.
    """
    given = data.own_lines()[1] if corpus == "lines" else {corpus: _corpus(corpus, folder, split).labels}
    groups: dict[str, Array] = {}
    for name, labels in given.items():
        if name == "goemotions":
            groups |= {"goemotions": labels, "ekman": data.ekman_labels(labels)}
        elif name == "xed":
            groups["xed"] = labels
        elif name == "emobank":
            groups["vad"] = _standard(folder, labels)
        else:
            groups |= {"felt": labels[:, :8], "judged": labels[:, 8:] / JUDGED_UNIT}
    return groups


def _standard(folder: Path, ratings: Array) -> Array:
    every = data.emobank(folder, "train").labels
    return np.asarray((ratings - every.mean(axis=0)) / every.std(axis=0), np.float32)


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
    from scipy.sparse import vstack

    sentences = {name: tokens[name, "train"] for name in CORPORA} | {"lines": _lines()}
    labels = {name: _labels(folder, name, "train") for name in sentences}
    targets = {group: np.vstack([labels[name][group] for name in names]) for group, names in FITTED_ON.items()}

    def rows_of(vocabulary: Vocabulary) -> dict[str, Any]:
        rows = {name: matrix(vocabulary, texts) for name, texts in sentences.items()}
        return {group: vstack([rows[name] for name in names], format="csr") for group, names in FITTED_ON.items()}

    every = Vocabulary.of(list(dict.fromkeys(sentence for corpus in sentences.values() for sentence in corpus)))
    features = rows_of(every)
    worth = np.max([association(features[group], target) for group, target in targets.items()], axis=0)
    kept = np.sort(np.argsort(-worth, kind="stable")[:KEPT_GRAMS])
    grams = list(every.index)
    vocabulary = Vocabulary({grams[row]: i for i, row in enumerate(kept)}, every.idf[kept])
    log.info("linear: %d of %d n-grams kept", len(kept), len(grams))
    features = rows_of(vocabulary)
    table, bias = np.zeros((len(kept), N_SCORES), np.float32), np.zeros(N_SCORES, np.float32)
    for group, target in targets.items():
        columns = COLUMNS[group]
        if group in RIDGE_PENALTY:
            table[:, columns], bias[columns] = fit_ridge(features[group], target, RIDGE_PENALTY[group])
        else:
            table[:, columns], bias[columns] = fit_logistic(features[group], target, STRENGTH[group])
        log.info("linear: %s", group)
    return export_linear(vocabulary, table, bias)


def _lines() -> list[Tokens]:
    return [tokenize(text) for text in data.own_lines()[0]]


def _train_network(
    folder: Path, tokens: dict[tuple[str, str], list[Tokens]], work: Path, seed: int, epochs: int
) -> dict[str, Array]:
    """Train teachers of other seeds, then the network that ships on the labels and on what they make of each sentence.

    The mean of several networks is better than any, and one network can learn it (G. Hinton, O. Vinyals & J. Dean,
    "Distilling the knowledge in a neural network", 2015); each corpus thereby also gets the others' labels.
    """
    from conditioning.reader_net import NetConfig, train_net

    sentences = [sentence.words for name in ("goemotions", "xed", "emobank") for sentence in tokens[name, "train"]]
    sentences += [tokenize(text).words for text in (*data.ljspeech_texts(folder), *data.own_lines()[0])]
    log.info("network: word vectors of %d sentences", len(sentences))
    vectors = word_vectors(sentences, 128)
    config = NetConfig(epochs=epochs)
    teachers = [
        _stage(
            work / f"teacher-{number}-{epochs}.npz",
            lambda number=number: _train_teacher(folder, tokens, config, number, vectors),  # type: ignore[misc]
        )
        for number in range(seed + 1, seed + 1 + TEACHERS)
    ]
    taught = {name: np.mean([teacher[name] for teacher in teachers], axis=0) for name in CORPORA}
    tasks = _tasks(folder, tokens, taught)
    return export_network(*train_net(tasks, N_LABELS, config, seed, vectors, _report))


def _train_teacher(
    folder: Path, tokens: dict[tuple[str, str], list[Tokens]], config: Any, seed: int, vectors: dict[str, Array]
) -> dict[str, Array]:
    """Return what one network makes of the training sentences of each corpus, (n, 64)."""
    from conditioning.reader_net import train_net

    outputs: dict[str, Array] = {}

    def keep(epoch: int, loss: float, predict: Callable[[Sequence[Tokens]], Array]) -> None:
        _report(epoch, loss, predict)
        if epoch == config.epochs - 1:
            outputs.update({name: predict(tokens[name, "train"]) for name in CORPORA})

    train_net(_tasks(folder, tokens), N_LABELS, config, seed, vectors, keep)
    return outputs


def _report(epoch: int, loss: float, predict: object) -> None:
    log.info("network: epoch %d, loss %.3f", epoch, loss)


def _tasks(
    folder: Path, tokens: dict[tuple[str, str], list[Tokens]], taught: dict[str, Array] | None = None
) -> list[Any]:
    """Return the corpora with labels and weights of all outputs; those that a corpus lacks are what was ``taught``."""
    from conditioning.reader_net import Task

    views = data.emobank_views(folder).labels
    tasks = []
    for name in CORPORA:
        sentences, labels = tokens[name, "train"], _labels(folder, name, "train")
        if name == "emobank":
            labels["views"] = (views - views.mean(axis=0)) / views.std(axis=0)
        target, weights = np.zeros((len(sentences), N_OUTPUTS), np.float32), np.zeros(N_OUTPUTS, np.float32)
        if taught:
            target[:] = taught[name]
            target[:, :N_LABELS] = 1.0 / (1.0 + np.exp(-target[:, :N_LABELS]))
            weights[:] = TAUGHT_WEIGHT
        truth = TRUTH_SHARE if taught else 1.0
        for group, label in labels.items():
            columns = (COLUMNS | {"views": VIEWS})[group]
            target[:, columns] = truth * label + (1.0 - truth) * target[:, columns]
            weights[columns] = WEIGHT.get(group, 1.0)
        if name == "own":
            weights[N_LABELS:] *= OWN_WEIGHT
        tasks.append(Task(sentences, target, weights))
    lines = _lines()
    target, weights = np.zeros((len(lines), N_OUTPUTS), np.float32), np.zeros(N_OUTPUTS, np.float32)
    for group, label in _labels(folder, "lines", "train").items():
        target[:, COLUMNS[group]], weights[COLUMNS[group]] = label, 1.0
    return [*tasks, Task(lines * OWN_REPEATS, np.tile(target, (OWN_REPEATS, 1)), weights)]


def _neutral_blend() -> dict[str, Array]:
    """Return blending tensors that leave both halves as they are, and rate nothing."""
    known = 2 * COLUMNS["felt"].start + N_FEATURES
    nothing = LabelKernel(*(np.ones(shape, np.float32) for shape in (known, known, (1, known), (1, 3))))
    return {
        **nothing.tensors(),
        "vad_mix": np.zeros((N_VOICES, 3), np.float32),
        "vad_bias": np.zeros(3, np.float32),
        "blend": np.full((2, N_SCORES), 0.5, np.float32),
        "blend_bias": np.zeros(N_SCORES, np.float32),
        "thresholds": np.zeros(N_LABELS, np.float32),
    }


def blend(folder: Path, model: ReaderModel, tokens: dict[tuple[str, str], list[Tokens]]) -> dict[str, Array]:
    """Choose shares and thresholds on the development sets.

    Returns
    -------
    dict
        ``blend`` (2, 58), ``blend_bias`` (58,), ``thresholds`` (52,), and what :func:`rate` returns.
    """
    tensors = _neutral_blend()
    labels = {name: _labels(folder, name, "dev") for name in CORPORA}
    outputs: dict[str, Outputs] = {name: scores_of(model, tokens[name, "dev"]) for name in CORPORA}
    for name in ("goemotions", "ekman", "xed", "felt"):
        measured = [corpus for corpus in CORPORA if name in labels[corpus]]
        target = np.vstack([labels[corpus][name] for corpus in measured])
        columns = COLUMNS[name]
        linear, network = (
            np.vstack([getattr(outputs[corpus], half)[:, columns] for corpus in measured])
            for half in ("linear", "network")
        )
        best: tuple[float, float, Array] = (-1.0, 0.5, np.zeros(0))
        for share in np.linspace(0.2, 0.8, 13):
            logits = (1 - share) * linear + share * network
            thresholds, f1 = best_thresholds(logits, target)
            best = max(best, (f1, float(share), thresholds), key=lambda item: item[0])
        f1, share, tensors["thresholds"][columns] = best
        tensors["blend"][:, columns] = [[1 - share], [share]]
        log.info("blend: %s, share of the network %.2f, dev macro-F1 %.4f", name, share, f1)
    return tensors | rate(folder, model, tokens, outputs["emobank"])


#: Ridge penalty of the shares below, chosen on the development set.
MIX_PENALTY = 10.0


def rate(
    folder: Path, model: ReaderModel, tokens: dict[tuple[str, str], list[Tokens]], dev: Outputs
) -> dict[str, Array]:
    """Fit what labels and rated words say of the ratings, and the shares of that and of both halves.

    No label was trained on EmoBank's sentences, so the kernel is fitted on those of its training set. The halves'
    own ratings were, so the shares are fitted on the development sentences.

    Returns
    -------
    dict
        The tensors of :class:`LabelKernel`, ``vad_mix`` (5, 3): shares of :func:`rating_voices` in each rating, and
        ``vad_bias`` (3,).
    """
    ratings = data.emobank(folder, "train").labels
    mean, deviation = ratings.mean(axis=0), ratings.std(axis=0)
    train = scores_of(model, tokens["emobank", "train"])
    known = {
        split: (label_logits(np.stack([halves.linear, halves.network])), _rated_features(tokens["emobank", split]))
        for split, halves in (("train", train), ("dev", dev))
    }
    kernel = LabelKernel.fit(known["train"], (ratings - mean) / deviation)
    voices = rating_voices(np.stack([dev.linear, dev.network]), kernel(np.hstack(known["dev"])))
    truth = data.emobank(folder, "dev").labels
    shares = np.stack([_ridge(voices[..., column].T, truth[:, column]) for column in range(3)], axis=1)
    for column, name in enumerate("vad"):
        r = float(np.corrcoef(shares[:-1, column] @ voices[..., column], truth[:, column])[0, 1])
        log.info("ratings: %s, shares %s, dev r %.3f", name, np.round(shares[:-1, column], 3), r)
    mix = {"vad_mix": shares[:-1].astype(np.float32), "vad_bias": shares[-1].astype(np.float32)}
    return kernel.tensors() | mix


def _rated_features(sentences: Sequence[Tokens]) -> Array:
    return np.stack([features(sentence.words) for sentence in sentences])


def _ridge(columns: Array, target: Array) -> npt.NDArray[np.float64]:
    """Return ridge coefficients (f + 1,), the intercept last and free."""
    with_one = np.column_stack([columns, np.ones(len(columns))])
    cost = MIX_PENALTY * np.diag([1.0] * columns.shape[1] + [0.0])
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
