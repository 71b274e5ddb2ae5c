"""``mien train motion``: voices and captures → corpus → lip network → checkpoint."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

import checkpoints
from avatar.audio_motion.lips import CHECKPOINT, VERSION
from avatar.train_motion.corpus import (
    Example,
    capture_examples,
    espeak_speeches,
    flite_speeches,
    from_speech,
    recorded_speeches,
)
from avatar.train_motion.lips import LipTraining, train_lips
from conditioning import InputError, Speech

__all__ = ["MotionTraining", "train_motion"]

#: Examples in one file of the corpus.
SHARD = 60
#: Differently disturbed copies of each recording of a person, and of each captured clip.
COPIES = 3
CAPTURE_COPIES = 6


@dataclass(frozen=True)
class MotionTraining:
    """What is trained.

    Attributes
    ----------
    data : Path
        Folder with ``ljspeech`` (texts and recordings), ``librispeech`` and ``facegood``, as far as they are there.
    work : Path
        Corpus and states; an interrupted training goes on from there.
    output : Path
        Folder of the checkpoint and its manifest.
    espeak_lines, flite_lines : int
        How many sentences are spoken.
    people : bool
        Whether recordings of people are aligned and used; needs pocketsphinx.
    steps, seed : int
        Of the lip network.
    """

    data: Path
    work: Path
    output: Path
    espeak_lines: int = 700
    flite_lines: int = 600
    people: bool = True
    steps: int = 4000
    seed: int = 0


def train_motion(plan: MotionTraining, tell: Callable[[str], None] = lambda _: None) -> Path:
    """Make the corpus, train and enter the checkpoint; return its path."""
    plan.work.mkdir(parents=True, exist_ok=True)
    _make_corpus(plan, tell)
    examples = list(_corpus(plan.work))
    rng = np.random.default_rng([plan.seed, 9])
    if (plan.data / "facegood").is_dir():
        for copy in range(CAPTURE_COPIES):
            examples += capture_examples(plan.data, rng, held_out=False, augment=copy > 0)
    tell(f"{len(examples)} examples, {sum(len(e.features) for e in examples) / 3000:.0f} minutes")
    lips = LipTraining(steps=plan.steps, seed=plan.seed)
    state = plan.work / "lips.pt"
    train_lips(examples, state, lips, plan.work / "lips.jsonl")
    return export(state, plan.output, data=plan.data, training=lips, log=plan.work / "lips.jsonl")


def _make_corpus(plan: MotionTraining, tell: Callable[[str], None]) -> None:
    """Write what is not there yet; each kind of voice is one resumable part."""
    rng = np.random.default_rng([plan.seed, 1])
    texts = _texts(plan.data)
    order = rng.permutation(len(texts))
    espeak_texts = [texts[i] for i in order[: plan.espeak_lines]]
    flite_texts = [texts[i] for i in order[::-1][: plan.flite_lines]]
    parts: dict[str, tuple[Iterator[Speech], int]] = {
        "espeak": (espeak_speeches(espeak_texts, np.random.default_rng([plan.seed, 2])), 1),
        "flite": (flite_speeches(flite_texts, np.random.default_rng([plan.seed, 3])), 1),
    }
    if plan.people:
        parts["people"] = (recorded_speeches(plan.data), COPIES)
    for name, (speeches, copies) in parts.items():
        done = plan.work / f"{name}.done"
        if done.exists():
            continue
        tell(f"speaking: {name}")
        _write(plan.work, name, speeches, copies, np.random.default_rng([plan.seed, 4]))
        done.touch()


def _texts(data: Path) -> list[str]:
    listing = data / "ljspeech" / "metadata_all.csv"
    if not listing.exists():
        raise InputError(f"{listing} is missing: the text of LJSpeech, ID|text lines; see the command's help")
    with listing.open(encoding="utf-8", newline="") as file:
        return [row[-1] for row in csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE) if row]


def _write(folder: Path, name: str, speeches: Iterator[Speech], copies: int, rng: np.random.Generator) -> None:
    kept: list[Example] = []
    number = 0

    def flush() -> None:
        nonlocal number
        arrays = {f"features{i}": e.features.astype(np.float16) for i, e in enumerate(kept)}
        arrays |= {f"targets{i}": e.targets.astype(np.float16) for i, e in enumerate(kept)}
        np.savez(folder / f"{name}_{number:03d}.npz", **arrays)
        number += 1
        kept.clear()

    for speech in speeches:
        kept += [from_speech(speech, rng) for _ in range(copies)]
        if len(kept) >= SHARD:
            flush()
    if kept:
        flush()


def _corpus(folder: Path) -> Iterator[Example]:
    for path in sorted(folder.glob("*_[0-9][0-9][0-9].npz")):
        with np.load(path) as shard:
            for i in range(len(shard.files) // 2):
                yield Example(shard[f"features{i}"].astype(np.float32), shard[f"targets{i}"].astype(np.float32), False)


def export(
    state: Path,
    output: Path,
    *,
    data: Path,
    training: LipTraining,
    log: Path | None = None,
    metrics: Mapping[str, float] | None = None,
) -> Path:
    """Write the averaged weights as half-precision safetensors and enter them into the manifest."""
    import torch
    from safetensors.numpy import save_file

    stored = torch.load(state, weights_only=True)
    tensors = {f"lips.{name}": value.numpy().astype(np.float16) for name, value in stored["average"].items()}
    path = output / f"{CHECKPOINT}.safetensors"
    save_file(tensors, path)
    rows = [json.loads(row) for row in log.read_text().splitlines()] if log and log.exists() else []
    checkpoints.register(
        CHECKPOINT, path, version=VERSION, licence="Apache-2.0",
        attribution="Learnt from the phone path's own curves over espeak-ng voices in many shapes and flite's voices "
        "(Carnegie Mellon University, BSD-like) reading LJSpeech's text (public domain), over recordings of LJSpeech, "
        "and from captured curves of FACEGOOD Audio2Face (MIT), clip 1114_3_15 held out",
        source="https://github.com/FACEGOOD/FACEGOOD-Audio2Face, https://keithito.com/LJ-Speech-Dataset",
        made_by="mien train motion DATA", seed=training.seed, steps=int(stored["step"]),
        plan=asdict(replace(training)), losses=rows[-1] if rows else {}, metrics=dict(metrics or {}),
    )  # fmt: skip
    return path
