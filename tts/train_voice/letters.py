"""Train :mod:`tts.g2p_model` on the dictionary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tts.g2p_model import KERNEL, LETTERS, MARGIN, N_BLOCKS, WIDTH, LetterToSound

from .lexicon import Aligner, Pronunciation, phone_error_rate, read_festival
from .model import Block

N_CHUNKS = 400
HELD_OUT = 20  # every 20th word: 5 %


class LetterModel(nn.Module):
    """Letters (B, L) → chunk scores (B, L, chunks)."""

    def __init__(self, n_chunks: int) -> None:
        super().__init__()
        self.letter = nn.Embedding(len(LETTERS), WIDTH)
        self.blocks = nn.ModuleList(Block(WIDTH, 3 * WIDTH, KERNEL, 0.1) for _ in range(N_BLOCKS))
        self.norm = nn.LayerNorm(WIDTH)
        self.out = nn.Linear(WIDTH, n_chunks)

    def forward(self, letters: Tensor, inside: Tensor) -> Tensor:
        """Score the chunks of every letter; ``inside`` (B, L, 1) is 0 in the padding."""
        x = self.letter(letters)
        for block in self.blocks:
            x = block(x * inside)
        scores: Tensor = self.out(self.norm(x))
        return scores


def split(seed: int = 0) -> tuple[list[tuple[str, Pronunciation]], list[tuple[str, Pronunciation]]]:
    """Return (training, held-out) words of the dictionary; one pronunciation each, at least two letters."""
    words = [(w, next(iter(p.values()))) for w, p in sorted(read_festival().items()) if len(w) > 1]
    order = np.random.default_rng(seed).permutation(len(words))
    held = set(order[::HELD_OUT].tolist())
    return [words[i] for i in order if i not in held], [words[i] for i in sorted(held)]


def aligned(pairs: Sequence[tuple[str, Pronunciation]]) -> tuple[list[tuple[str, list[str]]], list[str]]:
    """Return words with each letter's chunk, and the chunks that are kept."""
    aligner = Aligner()
    aligner.start(pairs[:30000])
    for _ in range(3):
        aligner.improve(pairs[:20000])
    rows = [(word, chunks) for word, phones in pairs if (chunks := aligner.align(word, phones)) is not None]
    counts = Counter(chunk for _, chunks in rows for chunk in chunks)
    kept = [chunk for chunk, _ in counts.most_common(N_CHUNKS)]
    allowed = set(kept)
    return [row for row in rows if allowed.issuperset(row[1])], kept


def train_letters(out: Path, *, epochs: int = 8, batch_size: int = 256, seed: int = 0) -> Iterator[dict[str, float]]:
    """Train and yield a report each epoch; ``out`` gets the state dict and the chunks."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    training, held = split(seed)
    rows, chunks = aligned(training)
    index = {chunk: i for i, chunk in enumerate(chunks)}
    model = LetterModel(len(chunks))
    n_steps = epochs * (len(rows) // batch_size)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=n_steps + 1, pct_start=0.1)
    lengths = np.array([len(word) for word, _ in rows])
    for epoch in range(epochs):
        order = np.argsort(lengths + rng.uniform(0, 2, len(rows)), kind="stable")
        starts = rng.permutation(len(rows) // batch_size) * batch_size
        total = 0.0
        model.train()
        for start in starts:
            loss = _loss(model, [rows[i] for i in order[start : start + batch_size]], index)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item() / len(starts)
        torch.save({"model": model.state_dict(), "chunks": chunks}, out)
        weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
        speaker = LetterToSound(weights, chunks)
        some = held if epoch == epochs - 1 else held[::8]
        guesses = [(speaker(word), phones) for word, phones in some]
        yield {
            "epoch": epoch,
            "loss": total,
            "phone_error": phone_error_rate(guesses),
            "phone_error_stress": phone_error_rate(guesses, stress=True),
            "word_error": float(np.mean([phone_error_rate([pair]) > 0 for pair in guesses])),
        }


def _loss(model: LetterModel, rows: Sequence[tuple[str, list[str]]], index: dict[str, int]) -> Tensor:
    longest = max(len(word) for word, _ in rows)
    letters = np.zeros((len(rows), longest + 2 * MARGIN), np.int64)
    inside = np.zeros((*letters.shape, 1), np.float32)
    targets = np.full(letters.shape, -100)
    for i, (word, chunks) in enumerate(rows):
        letters[i, MARGIN : MARGIN + len(word)] = [LETTERS.index(c) for c in word]
        inside[i, : len(word) + 2 * MARGIN] = 1.0
        targets[i, MARGIN : MARGIN + len(word)] = [index[chunk] for chunk in chunks]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = model(torch.from_numpy(letters), torch.from_numpy(inside))
    return nn.functional.cross_entropy(scores.float().transpose(1, 2), torch.from_numpy(targets))
