"""``mien train motion``: voices and captures → corpus → diffusion model, lips, readers → checkpoint."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from avatar.audio_motion.features import FRAME_RATE_HZ
from avatar.train_motion.corpus import (
    CAPTURE_HELD_OUT,
    PERFORMANCES,
    Example,
    capture_examples,
    daisy_speeches,
    espeak_speeches,
    flite_speeches,
    from_speech,
    recorded_speeches,
)
from avatar.train_motion.diffusion import DiffusionTraining, train_diffusion
from avatar.train_motion.export import Readers, export, shipped_lips
from avatar.train_motion.lips import LipTraining, train_lips
from avatar.train_motion.opening import fit_opening, leave_one_out, read_clips
from avatar.train_motion.person import fit_person, people_textures
from conditioning import InputError, Speech

__all__ = ["MotionTraining", "fit_readers", "read_corpus", "train_motion"]

#: Examples in one file of the corpus.
SHARD = 60
#: Arrays of an example that are kept in a shard.
STORED = ("features", "targets", "sound", "emotion", "motion")
#: Differently disturbed copies of each recording of a person, and of each captured clip.
COPIES = 3
CAPTURE_COPIES = 3


@dataclass(frozen=True)
class MotionTraining:
    """What is trained.

    Attributes
    ----------
    data : Path
        Folder with ``ljspeech`` (texts and recordings), ``librispeech``, ``emodb`` and ``facegood``, as far as they
        are there.
    work : Path
        Corpus and states; an interrupted training goes on from there.
    output : Path
        Folder of the checkpoint and its manifest.
    lines : int
        How many sentences each of espeak-ng and flite speaks.
    own_lines : int
        How many sentences daisy's speakers speak in turn.
    people : bool
        Whether recordings of people are aligned and used; needs pocketsphinx.
    diffusion : DiffusionTraining
    lips : LipTraining
    readers : bool
        Fit the reader of openings and the classifier of people; otherwise the shipped ones are kept.
    fine_tune : bool
        Start the lip network from the shipped one, and keep the shipped diffusion model where its ``steps`` are 0.
    seed : int
        Of the corpus.
    """

    data: Path
    work: Path
    output: Path
    lines: int = 300
    own_lines: int = 900
    people: bool = True
    readers: bool = True
    diffusion: DiffusionTraining = field(default_factory=DiffusionTraining)
    lips: LipTraining = field(default_factory=LipTraining)
    fine_tune: bool = False
    seed: int = 0


def train_motion(plan: MotionTraining, tell: Callable[[str], None] = lambda _: None) -> Path:
    """Make the corpus, train the four models and enter the checkpoint; return its path."""
    if not (plan.data / "facegood").is_dir():
        raise InputError(f"{plan.data / 'facegood'} is missing: captured clips, NAME.npz with NAME.flac")
    if not plan.diffusion.steps and not plan.fine_tune:
        raise InputError("0 steps of the diffusion model keep the shipped one; that needs --fine-tune")
    plan.work.mkdir(parents=True, exist_ok=True)
    _make_corpus(plan, tell)
    spoken = list(read_corpus(plan.work))
    rng = np.random.default_rng([plan.seed, 9])
    captured = [
        example
        for copy in range(CAPTURE_COPIES)
        for example in capture_examples(plan.data, rng, held_out=False, augment=copy > 0)
    ]
    tell(f"{len(spoken)} lines, {sum(len(e.features) for e in spoken) / FRAME_RATE_HZ / 60:.0f} minutes")
    if plan.diffusion.steps:
        tell("training the motion")
        train_diffusion([*spoken, *captured], plan.work / "diffusion.pt", plan.diffusion, plan.work / "diffusion.jsonl")
    tell("training the lips")
    start = shipped_lips() if plan.fine_tune else None
    train_lips([*spoken, *captured], plan.work / "lips.pt", plan.lips, plan.work / "lips.jsonl", start)
    readers = None
    if plan.readers:
        tell("fitting the reader of openings and the classifier of people")
        readers = fit_readers(plan.data, spoken, plan.seed)
    return export(plan.output, plan.work, readers, made_by=_command(plan), seed=plan.seed, data=_contents(plan.work))


def _command(plan: MotionTraining) -> str:
    """Return the command that trains so."""
    words = ["mien train motion DATA", f"--steps {plan.diffusion.steps}", f"--lip-steps {plan.lips.steps}"]
    words += [f"--lines {plan.lines}", f"--own-lines {plan.own_lines}", f"--seed {plan.seed}"]
    flags = {"--fine-tune": plan.fine_tune, "--no-people": not plan.people, "--keep-readers": not plan.readers}
    return " ".join([*words, *(flag for flag, given in flags.items() if given)])


def _contents(work: Path) -> str:
    """Return how many examples of each kind a corpus holds."""
    counts: Counter[str] = Counter()
    for kind, _, count in _shards(work):
        counts[kind] += count
    return ", ".join(f"{count} of {kind}" for kind, count in counts.items()) + "; 4 clips of FACEGOOD"


def fit_readers(data: Path, spoken: list[Example], seed: int) -> Readers:
    """Fit what needs no gradient: how people open their mouths, and who is one."""
    clips = read_clips(data / "facegood")
    shown = {name: clip for name, clip in clips.items() if name != CAPTURE_HELD_OUT}
    people = list(people_textures(data, np.random.default_rng([seed, 10])))
    return Readers(fit_opening(shown), fit_person(spoken, people), leave_one_out(clips))


def _make_corpus(plan: MotionTraining, tell: Callable[[str], None]) -> None:
    """Write what is not there yet; each kind of voice is one resumable part."""
    rng = np.random.default_rng([plan.seed, 1])
    texts = _texts(plan.data)
    order = rng.permutation(len(texts))
    espeak_texts = [texts[i] for i in order[: plan.lines]]
    flite_texts = [texts[i] for i in order[::-1][: plan.lines]]
    daisy_texts = [texts[i] for i in order[plan.lines :][: plan.own_lines]]
    parts: dict[str, tuple[Iterator[Speech], int]] = {
        "espeak": (espeak_speeches(espeak_texts, np.random.default_rng([plan.seed, 2])), 1),
        "flite": (flite_speeches(flite_texts, np.random.default_rng([plan.seed, 3])), 1),
        "daisy": (daisy_speeches(daisy_texts, np.random.default_rng([plan.seed, 5])), 1),
    }
    if plan.people:
        parts["people"] = (recorded_speeches(plan.data), COPIES)
    for name, (speeches, copies) in parts.items():
        done = plan.work / f"{name}.done"
        if done.exists():
            continue
        tell(f"speaking: {name}")
        performances = PERFORMANCES if plan.diffusion.steps else 0
        _write(plan.work, name, speeches, copies, performances, np.random.default_rng([plan.seed, 4]))
        done.touch()


def _texts(data: Path) -> list[str]:
    listing = data / "ljspeech" / "metadata_all.csv"
    if not listing.exists():
        raise InputError(f"{listing} is missing: the text of LJSpeech, ID|text lines; see the command's help")
    with listing.open(encoding="utf-8", newline="") as file:
        return [row[-1] for row in csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE) if row]


def _write(
    folder: Path, name: str, speeches: Iterator[Speech], copies: int, performances: int, rng: np.random.Generator
) -> None:
    kept: list[Example] = []
    number = 0

    def flush() -> None:
        nonlocal number
        arrays = {f"{name}{i}": getattr(e, name).astype(np.float16) for i, e in enumerate(kept) for name in STORED}
        np.savez(folder / f"{name}_{number:03d}.npz", **arrays)
        number += 1
        kept.clear()

    for speech in speeches:
        kept += [from_speech(speech, rng, performances=performances) for _ in range(copies)]
        if len(kept) >= SHARD:
            flush()
    if kept:
        flush()


def read_corpus(folder: Path) -> Iterator[Example]:
    """Yield the spoken examples of a work folder."""
    for _, shard, count in _shards(folder):
        for i in range(count):
            yield Example(captured=False, **{name: shard[f"{name}{i}"].astype(np.float32) for name in STORED})


def _shards(folder: Path) -> Iterator[tuple[str, Mapping[str, Any], int]]:
    """Yield the kind of voice, the open arrays and the number of examples of each file of a corpus."""
    for path in sorted(folder.glob("*_[0-9][0-9][0-9].npz")):
        with np.load(path) as shard:
            yield path.stem.rpartition("_")[0], shard, len(shard.files) // len(STORED)
