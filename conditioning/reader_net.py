"""Train the small recurrent half of the emotion reader. Needs torch; inference does not.

Words (a table, plus character n-grams as fastText has them, Bojanowski et al. 2017) → a bidirectional
GRU → attention and maximum over time → one hidden layer → linear heads for all corpora at once, which share the trunk
(Collobert & Weston 2008). A word's vector also holds its ratings by hand (:mod:`conditioning.reader_lexicon`), which
say what to make of words that the corpora hardly have.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from conditioning.reader_lexicon import N_FEATURES, N_RATED, features, rated_words
from conditioning.reader_text import MARKS, Tokens, subwords

__all__ = ["NetConfig", "Task", "train_net"]

PAD, UNKNOWN = 0, 1
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class NetConfig:
    """Sizes and schedule.

    Attributes
    ----------
    dim, hidden, attention, dense : int
        Widths of the embedding, of each GRU direction, heads of attention, hidden layer.
    buckets : int
        Rows of the character n-gram table.
    min_count : int
        Rarer words only have their character n-grams.
    epochs, batch, learning_rate, dropout, word_dropout, ema :
        Training; ``ema`` is the decay of the averaged weights, which are the ones kept.
    """

    dim: int = 96
    hidden: int = 128
    attention: int = 4
    dense: int = 192
    buckets: int = 20_000
    min_count: int = 2
    epochs: int = 3
    batch: int = 128
    learning_rate: float = 2e-3
    dropout: float = 0.4
    word_dropout: float = 0.1
    ema: float = 0.998


@dataclass(frozen=True)
class Task:
    """One corpus as the network sees it.

    Attributes
    ----------
    tokens : sequence of Tokens
        n sentences.
    labels : (n, k) float32
        Of every output; labels may be probabilities.
    weights : (k,) float32
        Of each output's loss; 0 where the corpus does not have it.
    """

    tokens: Sequence[Tokens]
    labels: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]


class _Net(nn.Module):  # type: ignore[misc]
    def __init__(self, config: NetConfig, n_words: int, n_outputs: int) -> None:
        super().__init__()
        self.word = nn.Embedding(n_words + 2, config.dim, padding_idx=PAD)
        self.sub = nn.EmbeddingBag(config.buckets + 1, config.dim, mode="mean")
        self.case = nn.Embedding(3, config.dim)
        self.rated = nn.Linear(N_RATED, config.dim, bias=False)
        for table in (self.word, self.sub, self.case):
            nn.init.normal_(table.weight, std=0.1)
        self.rnn = nn.GRU(config.dim, config.hidden, bidirectional=True, batch_first=True)
        self.attention = nn.Linear(2 * config.hidden, config.attention)
        self.dense = nn.Linear(2 * config.hidden * (config.attention + 1) + len(MARKS) + N_FEATURES, config.dense)
        self.head = nn.Linear(config.dense, n_outputs)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, batch: _Batch) -> torch.Tensor:
        shape = batch.ids.shape
        words = self.word(batch.ids).flatten(0, 1)
        words = words.index_add(0, batch.positions, self.sub(batch.subs, batch.offsets)).view(*shape, -1)
        words = self.dropout(words + self.case(batch.case) + self.rated(batch.rated))
        packed = nn.utils.rnn.pack_padded_sequence(words, batch.lengths, batch_first=True, enforce_sorted=False)
        states, _ = nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        hidden = (batch.ids == PAD)[:, : states.shape[1], None] * -1e4
        shares = torch.softmax(self.attention(states) + hidden, dim=1)
        focus = torch.einsum("blk,bld->bkd", shares, states).flatten(1)
        pooled = torch.cat([focus, (states + hidden).max(dim=1).values, batch.marks, batch.told], dim=1)
        dense = torch.relu(self.dense(self.dropout(pooled)))
        return self.head(self.dropout(dense))


@dataclass(frozen=True)
class _Batch:
    ids: torch.Tensor
    case: torch.Tensor
    rated: torch.Tensor
    marks: torch.Tensor
    told: torch.Tensor
    subs: torch.Tensor
    offsets: torch.Tensor
    positions: torch.Tensor
    lengths: torch.Tensor


class _Encoder:
    """Words to indices, with word dropout while training."""

    def __init__(self, config: NetConfig, vocabulary: Sequence[str]) -> None:
        self.index = {word: i + 2 for i, word in enumerate(vocabulary)}
        self.buckets = config.buckets
        self._subs: dict[str, list[int]] = {}

    def __call__(self, sentences: Sequence[Tokens], forget: Callable[[], bool] | None) -> _Batch:
        length = max(1, *(len(s.words) for s in sentences))
        ids = np.zeros((len(sentences), length), np.int64)
        case = np.zeros_like(ids)
        rated = np.zeros((*ids.shape, N_RATED), np.float32)
        marks = np.zeros((len(sentences), len(MARKS)), np.float32)
        told = np.stack([features(sentence.words) for sentence in sentences])
        subs: list[int] = []
        offsets, positions = [], []
        for row, sentence in enumerate(sentences):
            marks[row, [MARKS.index(mark) for mark in sentence.marks]] = 1.0
            rated[row, : len(sentence.words)] = rated_words(sentence.words)
            for column, word in enumerate(sentence.words or ("",)):
                known = self.index.get(word, UNKNOWN)
                ids[row, column] = UNKNOWN if forget and forget() else known
                case[row, column] = sentence.case[column] if sentence.words else 0
                offsets.append(len(subs))
                positions.append(row * length + column)
                subs += self.buckets_of(word)
        lengths = np.array([max(1, len(s.words)) for s in sentences])
        arrays = (ids, case, rated, marks, told, np.array(subs or [0]), np.array(offsets), np.array(positions), lengths)
        return _Batch(*(torch.from_numpy(array) for array in arrays))

    def buckets_of(self, word: str) -> list[int]:
        if word not in self._subs:
            self._subs[word] = [1 + zlib.crc32(part.encode()) % self.buckets for part in subwords(word)]
        return self._subs[word]


def train_net(
    tasks: Sequence[Task],
    n_labels: int,
    config: NetConfig,
    seed: int,
    initial: dict[str, Array] | None = None,
    report: Callable[[int, float, Callable[[Sequence[Tokens]], Array]], None] | None = None,
) -> tuple[list[str], dict[str, Array]]:
    """Train and return the vocabulary and the weights.

    Parameters
    ----------
    tasks : sequence of Task
    n_labels : int
        So many outputs are labels, trained by cross-entropy; the others are ratings, trained by squared error.
    config : NetConfig
    seed : int
    initial : dict of str to (d,) float, optional
        Word vectors to start from; the first ``dim`` numbers are used.
    report : callable, optional
        Called after each epoch with its number, its mean loss and a function from sentences to outputs.

    Returns
    -------
    vocabulary : list of str
    weights : dict of str to ndarray
        Named as in the module, of the averaged network.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    distinct = dict.fromkeys(sentence for task in tasks for sentence in task.tokens)
    counts = Counter(word for sentence in distinct for word in sentence.words)
    vocabulary = sorted(word for word, count in counts.items() if count >= config.min_count)
    encoder = _Encoder(config, vocabulary)
    net = _Net(config, len(vocabulary), tasks[0].labels.shape[1])
    _start_from(net, encoder, initial or {}, config.dim)
    average = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(config.ema)
    )
    optimizer = torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=1e-4)
    for epoch in range(config.epochs):
        batches = _batches(tasks, config.batch, rng)
        losses = []
        for step, (number, rows) in enumerate(batches):
            done = (epoch + step / len(batches)) / config.epochs
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * min(1.0, 60 * done + 0.02) * max(0.04, 1.0 - done)
            task = tasks[number]
            batch = encoder([task.tokens[i] for i in rows], lambda: bool(rng.random() < config.word_dropout))
            loss = _loss(net(batch), torch.from_numpy(task.labels[rows]), torch.from_numpy(task.weights), n_labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimizer.step()
            average.update_parameters(net)
            losses.append(loss.item())
        if report:
            report(epoch, float(np.mean(losses)), lambda sentences: _predict(average.module, encoder, sentences))
    return vocabulary, {name: value.numpy() for name, value in average.module.state_dict().items()}


def _loss(output: torch.Tensor, label: torch.Tensor, weights: torch.Tensor, n_labels: int) -> torch.Tensor:
    entropy = nn.functional.binary_cross_entropy_with_logits(
        output[:, :n_labels], label[:, :n_labels], reduction="none"
    )
    squares = nn.functional.mse_loss(output[:, n_labels:], label[:, n_labels:], reduction="none")
    return (torch.cat([entropy, squares], dim=1) * weights).sum(dim=1).mean()


def _batches(tasks: Sequence[Task], size: int, rng: np.random.Generator) -> list[tuple[int, Array]]:
    """Cut each corpus into batches of about equal length, and shuffle them together."""
    batches: list[tuple[int, Array]] = []
    for number, task in enumerate(tasks):
        lengths = np.array([len(sentence.words) for sentence in task.tokens])
        order = rng.permutation(len(lengths))
        order = order[np.argsort(lengths[order] + rng.uniform(-2, 2, len(order)), kind="stable")]
        batches += [(number, order[i : i + size]) for i in range(0, len(order), size)]
    rng.shuffle(batches)  # type: ignore[arg-type]
    return batches


def _start_from(net: _Net, encoder: _Encoder, initial: dict[str, Array], dim: int) -> None:
    with torch.no_grad():
        for word, row in encoder.index.items():
            if word in initial:
                net.word.weight[row] = torch.from_numpy(np.asarray(initial[word][:dim], np.float32))


def _predict(net: nn.Module, encoder: _Encoder, sentences: Sequence[Tokens]) -> Array:
    net.eval()
    order = np.argsort([len(s.words) for s in sentences], kind="stable")
    with torch.no_grad():
        parts = [
            net(encoder([sentences[i] for i in order[k : k + 256]], None)).numpy() for k in range(0, len(order), 256)
        ]
    net.train()
    output = np.concatenate(parts)
    result: Array = np.empty_like(output)
    result[order] = output
    return result
