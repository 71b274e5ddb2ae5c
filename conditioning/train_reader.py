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


CORPORA = ("goemotions", "xed", "emobank", "judged")


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
    own, own_labels = _own_lines(folder)
    # The ratings of our lines are those of their group, too coarse for the ridge.
    sentences = {name: tokens[name, "train"] + own * (name in ("goemotions", "xed")) for name in CORPORA}
    labels = _labels(folder, "train")
    labels |= {name: np.vstack([labels[name], own_labels[name]]) for name in ("goemotions", "ekman", "xed")}
    every = Vocabulary.of(list(dict.fromkeys(sentence for corpus in sentences.values() for sentence in corpus)))
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
        if name in RIDGE_PENALTY:
            table[:, columns], bias[columns] = fit_ridge(rows, target, RIDGE_PENALTY[name])
        else:
            table[:, columns], bias[columns] = fit_logistic(rows, target, STRENGTH[name])
        log.info("linear: %s", name)
    return export_linear(vocabulary, table, bias)


CORPUS_OF = {
    "goemotions": "goemotions",
    "ekman": "goemotions",
    "xed": "xed",
    "felt": "judged",
    "vad": "emobank",
    "judged": "judged",
    "views": "emobank",
}


def _labels(folder: Path, split: str) -> dict[str, Array]:
    """Return what each group of columns is trained on; ratings have mean 0 and deviation 1 over the training set."""
    own = data.judged(folder, split).labels
    go = data.goemotions(folder, split).labels
    ratings = data.emobank(folder, "train").labels
    mean, deviation = ratings.mean(axis=0), ratings.std(axis=0)
    return {
        "goemotions": go,
        "ekman": data.ekman_labels(go),
        "xed": data.xed(folder, split).labels,
        "felt": own[:, :8],
        "vad": (data.emobank(folder, split).labels - mean) / deviation,
        "judged": own[:, 8:] / JUDGED_UNIT,
    }


def _own_lines(folder: Path) -> tuple[list[Tokens], dict[str, Array]]:
    """Return our own lines of dialogue and their labels, in the groups and units of :func:`_labels`."""
    texts, own = data.own_lines()
    ratings = data.emobank(folder, "train").labels
    go = own["goemotions"]
    vad = (own["emobank"] - ratings.mean(axis=0)) / ratings.std(axis=0)
    labels = {"goemotions": go, "ekman": data.ekman_labels(go), "xed": own["xed"], "vad": vad}
    return [tokenize(text) for text in texts], labels


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
    """Return what one network makes of the training sentences of each corpus, (n, 53)."""
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

    labels, views = _labels(folder, "train"), data.emobank_views(folder).labels
    labels["views"] = (views - views.mean(axis=0)) / views.std(axis=0)
    tasks = []
    for name in CORPORA:
        sentences = tokens[name, "train"]
        target, weights = np.zeros((len(sentences), N_OUTPUTS), np.float32), np.zeros(N_OUTPUTS, np.float32)
        if taught:
            target[:] = taught[name]
            target[:, :N_LABELS] = 1.0 / (1.0 + np.exp(-target[:, :N_LABELS]))
            weights[:] = TAUGHT_WEIGHT
        for group, columns in (COLUMNS | {"views": VIEWS}).items():
            if CORPUS_OF[group] == name:
                truth = TRUTH_SHARE if taught else 1.0
                target[:, columns] = truth * labels[group] + (1.0 - truth) * target[:, columns]
                weights[columns] = WEIGHT.get(group, 1.0)
        tasks.append(Task(sentences, target, weights))
    own, own_labels = _own_lines(folder)
    target, weights = np.zeros((len(own), N_OUTPUTS), np.float32), np.zeros(N_OUTPUTS, np.float32)
    for group, label in own_labels.items():
        target[:, COLUMNS[group]], weights[COLUMNS[group]] = label, 1.0
    return [*tasks, Task(own * OWN_REPEATS, np.tile(target, (OWN_REPEATS, 1)), weights)]


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
    labels = _labels(folder, "dev")
    outputs: dict[str, Outputs] = {name: scores_of(model, tokens[name, "dev"]) for name in CORPORA}
    for name in ("goemotions", "ekman", "xed", "felt"):
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
