"""All parts of the training in order; each one goes on where it stopped. Behind ``mien train voice``.

======================  ====================================================================================
``prepare``             teachers read the training lines; WORLD features of every reading (hours of sound)
``letters``             dictionary and letter-to-sound network
``phrasing``            accents and pauses
``directions``          what emotions do to the spectrum, from EmoDB
``acoustic``            the acoustic model, for a given number of minutes
``export``              checkpoints and manifest
======================  ====================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tts.daisy.inputs import SpokenWord

from .texts import TrainingText, select

__all__ = ["PARTS", "VoiceTraining", "run"]

PARTS = ("prepare", "letters", "phrasing", "directions", "acoustic", "export")
Report = Callable[[str], None]


@dataclass(frozen=True)
class VoiceTraining:
    """Where everything lies and how long it may take.

    Attributes
    ----------
    data : Path
        Folder with ``ljspeech``, ``xed`` and ``emodb``.
    work : Path
        Scratch: sound, features, states; kept, so that a stopped run goes on.
    out : Path
        Folder of the checkpoints.
    minutes : float
        Of the acoustic model.
    n_book, n_subtitle, n_flite : int
        Lines that the teachers read.
    threads, seed : int
    """

    data: Path
    work: Path
    out: Path
    minutes: float = 60.0
    n_book: int = 1500
    n_subtitle: int = 600
    n_flite: int = 700
    threads: int = 1
    seed: int = 0


def run(training: VoiceTraining, part: str = "all", report: Report = print) -> None:
    """Run one part, or all of them in order.

    Raises
    ------
    InputError
        If there is no such part.
    """
    from conditioning import InputError

    if part != "all" and part not in PARTS:
        raise InputError(f"part={part!r} is not one of all, {', '.join(PARTS)}")
    training.work.mkdir(parents=True, exist_ok=True)
    steps: dict[str, Callable[[VoiceTraining, Report], None]] = {
        "prepare": _prepare, "letters": _letters, "phrasing": _phrasing, "directions": _directions,
        "acoustic": _acoustic, "export": _export,
    }  # fmt: skip
    for name in PARTS if part == "all" else (part,):
        report(f"== {name}")
        steps[name](training, report)


def _lines(t: VoiceTraining) -> tuple[list[TrainingText], list[TrainingText]]:
    return select(t.data, t.n_book, t.n_subtitle)


def _prepare(t: VoiceTraining, report: Report) -> None:
    from . import teachers
    from .prepare import prepare_flite, prepare_lj, prepare_teacher

    lines, test = _lines(t)
    teachers.run_festival([*test, *lines], t.work / "festival")
    short = lines[t.n_book : t.n_book + t.n_flite - 300]
    teachers.run_flite([*test, *lines[:300], *short], t.work / "rms")
    for step in (prepare_teacher, prepare_flite):
        report(f"{step(t.work)} utterances")
    report(f"{prepare_lj(t.data, t.work)} utterances")


def _letters(t: VoiceTraining, report: Report) -> None:
    from .letters import train_letters

    for row in train_letters(t.work / "g2p.pt", seed=t.seed):
        report(json.dumps(row))
        (t.work / "g2p.json").write_text(json.dumps(row), encoding="utf-8")


def teacher_words(work: Path) -> list[tuple[list[SpokenWord], list[bool]]]:
    """Return each line's words as festival spoke them, and whether the text has punctuation behind each."""
    from . import corpus, teachers

    found = []
    for path in sorted((work / "festival").glob("*.lab")):
        phones = teachers.read_lab(path)
        marks = {phone.word_index: phone.punctuation for phone in phones if phone.word_index >= 0}
        words = corpus.words_of(phones)
        found.append((words, [marks[i].strip("'\"0") != "" for i in range(len(words))]))
    return found


def _phrasing(t: VoiceTraining, report: Report) -> None:
    from . import fit_phrasing as fit

    rows = teacher_words(t.work)
    training, held = [r for i, r in enumerate(rows) if i % 10], rows[::10]
    table = fit.accent_table(words for words, _ in training)
    accent = fit.logistic(*fit.accent_data((words for words, _ in training), table))
    breaks = fit.logistic(*fit.break_data(training))
    x, y = fit.accent_data((words for words, _ in held), table)
    scores = {"accent_accuracy": float(np.mean((x @ accent > 0) == y))}
    x, y = fit.break_data(held)
    scores["break_accuracy"] = float(np.mean((x @ breaks > 0) == y))
    report(json.dumps(scores))
    content = {"accent": accent.tolist(), "break": breaks.tolist(), "table": table, "metrics": scores}
    (t.work / "phrasing.json").write_text(json.dumps(content), encoding="utf-8")


def _directions(t: VoiceTraining, report: Report) -> None:
    from .directions import directions, measure_all

    mean, error = directions(list(measure_all(t.data / "emodb" / "flac")))
    np.savez(t.work / "directions.npz", **mean)
    report(json.dumps({name: float(np.abs(mean[name] / (error[name] + 1e-9))[0, 1:6].mean()) for name in mean}))


def _acoustic(t: VoiceTraining, report: Report) -> None:
    from .plot import plot_losses
    from .train import TrainingPlan, train

    _, test = _lines(t)
    log = t.work / "losses.jsonl"
    plan = TrainingPlan(minutes=t.minutes, threads=t.threads, seed=t.seed)
    for row in train(t.work / "feat", t.work / "model.pt", frozenset(line.id for line in test), plan):
        report(json.dumps(row))
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    plot_losses(log, t.work / "losses.png")


def _export(t: VoiceTraining, report: Report) -> None:
    import torch

    from .export import export_phones, export_voice
    from .finish import PHONES_FACTS, VOICE_FACTS, finish

    phrasing: dict[str, Any] = json.loads((t.work / "phrasing.json").read_text(encoding="utf-8"))
    letters = json.loads((t.work / "g2p.json").read_text(encoding="utf-8"))
    metrics = {**letters, **phrasing.get("metrics", {})}
    export_phones(
        t.work / "g2p.pt", phrasing, t.out / "english_phones.safetensors", seed=t.seed, metrics=metrics, **PHONES_FACTS
    )
    state = torch.load(t.work / "model.pt", weights_only=False)  # our own file, on the trainer's machine
    _, test = _lines(t)
    extra, scores = finish(state, t.work, [line.id for line in test])
    report(json.dumps(scores))
    facts = {**VOICE_FACTS, "seed": t.seed, "metrics": scores, "steps": state["step"]}
    export_voice(state, extra, t.out / "daisy.safetensors", **facts)
