"""All parts of the training in order; each one goes on where it stopped. Behind ``mien train voice``.

======================  ====================================================================================
``prepare``             teachers read the training lines; WORLD features of every reading and of real speech
``letters``             dictionary and letter-to-sound network
``phrasing``            accents and pauses
``directions``          what emotions do to the spectrum, from EmoDB
``acoustic``            acoustic model and prosody encoder, for a given number of minutes
``flow``                the flow-matching decoder beside the plain one, for a given number of minutes
``export``              emotions moved until they sound as people do; checkpoints and manifest
``calibrate``           on its own: the shipped voice is calibrated again, nothing is trained
======================  ====================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tts.daisy.inputs import SpokenWord

from .texts import TrainingText, select

if TYPE_CHECKING:
    from .train import Styles

__all__ = ["PARTS", "VoiceTraining", "run"]

PARTS = ("prepare", "letters", "phrasing", "directions", "acoustic", "flow", "export")
Report = Callable[[str], None]
#: Lines on which the emotions are measured and moved.
N_CALIBRATION = 12
AGAIN = "; mien train voice DATA --part calibrate"


@dataclass(frozen=True)
class VoiceTraining:
    """Where everything lies and how long it may take.

    Attributes
    ----------
    data : Path
        Folder with ``ljspeech``, ``xed``, ``emodb`` and, for the prosody encoder, ``librispeech``.
    work : Path
        Scratch: sound, features, states; kept, so that a stopped run goes on.
    out : Path
        Folder of the checkpoints.
    minutes, flow_minutes : float
        Of the acoustic model, and of the flow-matching decoder (0: none).
    whole : float
        Share of the acoustic model's steps in which encoder and decoder learn too.
    warm : bool
        Begin with the shipped weights.
    decoder : str
        Which decoder the exported voice uses: ``"l1"`` or ``"flow"``.
    n_book, n_subtitle, n_flite : int
        Lines that the teachers read.
    threads, seed : int
    corpora : tuple of Path
        Folders of ESD or EmoV-DB, for the prosody encoder; see :mod:`tts.train_voice.layouts`.
    """

    data: Path
    work: Path
    out: Path
    minutes: float = 60.0
    flow_minutes: float = 30.0
    whole: float = 1.0
    warm: bool = False
    decoder: str = "l1"
    n_book: int = 1500
    n_subtitle: int = 600
    n_flite: int = 700
    threads: int = 1
    seed: int = 0
    corpora: tuple[Path, ...] = ()


def run(training: VoiceTraining, part: str = "all", report: Report = print) -> None:
    """Run one part, or all of them in order.

    Raises
    ------
    InputError
        If there is no such part.
    """
    from conditioning import InputError

    if part not in ("all", "calibrate", *PARTS):
        raise InputError(f"part={part!r} is not one of all, {', '.join(PARTS)}, calibrate")
    training.work.mkdir(parents=True, exist_ok=True)
    steps: dict[str, Callable[[VoiceTraining, Report], None]] = {
        "prepare": _prepare, "letters": _letters, "phrasing": _phrasing, "directions": _directions,
        "acoustic": _acoustic, "flow": _flow, "export": _export,
        "calibrate": _calibrate,
    }  # fmt: skip
    for name in PARTS if part == "all" else (part,):
        report(f"== {name}")
        steps[name](training, report)


def _lines(t: VoiceTraining) -> tuple[list[TrainingText], list[TrainingText]]:
    return select(t.data, t.n_book, t.n_subtitle)


def _prepare(t: VoiceTraining, report: Report) -> None:
    from . import teachers
    from .layouts import prepare_corpus
    from .prepare import prepare_flite, prepare_lj, prepare_teacher
    from .references import prepare_references

    lines, test = _lines(t)
    teachers.run_festival([*test, *lines], t.work / "festival")
    short = lines[t.n_book : t.n_book + t.n_flite - 300]
    teachers.run_flite([*test, *lines[:300], *short], t.work / "rms")
    for step in (prepare_teacher, prepare_flite):
        report(f"{step(t.work)} utterances")
    report(f"{prepare_lj(t.data, t.work)} utterances")
    for corpus in t.corpora:
        report(f"{corpus}: {prepare_corpus(corpus, t.work)} recordings")
    report(f"{prepare_references(t.data, t.work)} recordings of real speech")


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


def _styles(t: VoiceTraining) -> Styles:
    from .prosody_data import HELD_SPEAKERS, reference_set
    from .references import load_references
    from .style_space import first_emotions, timbre_of
    from .train import SPEAKERS, Styles

    timbre = timbre_of(dict(np.load(t.work / "directions.npz")))
    emotions = first_emotions(timbre)
    heard = [r for r in load_references(t.work) if r.speaker not in HELD_SPEAKERS]
    return Styles(emotions, timbre, reference_set(heard, emotions, timbre, first_speaker=len(SPEAKERS)))


def _held(t: VoiceTraining) -> frozenset[str]:
    return frozenset(line.id for line in _lines(t)[1])


def _log(rows: Iterator[dict[str, float]], log: Path, report: Report) -> None:
    """Report every row, keep it, and draw all of them."""
    from .plot import plot_losses

    for row in rows:
        report(json.dumps({name: round(value, 4) for name, value in row.items()}))
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        if row["step"] % 500 == 0:
            plot_losses(log, log.with_suffix(".png"))
    if log.exists():
        plot_losses(log, log.with_suffix(".png"))


def _acoustic(t: VoiceTraining, report: Report) -> None:
    from .train import TrainingPlan, train

    plan = TrainingPlan(minutes=t.minutes, threads=t.threads, seed=t.seed, whole=t.whole)
    rows = train(t.work / "feat", t.work / "model.pt", _held(t), plan, _styles(t), warm=t.warm)
    _log(rows, t.work / "losses.jsonl", report)


def _flow(t: VoiceTraining, report: Report) -> None:
    from .train import TrainingPlan
    from .train_flow import train_flow

    if t.flow_minutes <= 0.0:
        report("no minutes for the flow: the voice has the plain decoder alone")
        return
    plan = TrainingPlan(minutes=t.flow_minutes, threads=t.threads, seed=t.seed, rate=1e-3)
    rows = train_flow(t.work / "feat", t.work / "model.pt", t.work / "flow.pt", _held(t), plan, _styles(t))
    _log(rows, t.work / "flow_losses.jsonl", report)


def _export(t: VoiceTraining, report: Report) -> None:
    _export_phones(t, report)
    _export_voice(t, report)


def _export_phones(t: VoiceTraining, report: Report) -> None:
    from .export import export_phones
    from .finish import PHONES_FACTS

    if not (t.work / "g2p.pt").exists():
        report("no letter-to-sound network in the work folder: the dictionary stays as it is")
        return
    phrasing: dict[str, Any] = json.loads((t.work / "phrasing.json").read_text(encoding="utf-8"))
    letters = json.loads((t.work / "g2p.json").read_text(encoding="utf-8"))
    metrics = {**letters, **phrasing.get("metrics", {})}
    export_phones(
        t.work / "g2p.pt", phrasing, t.out / "english_phones.safetensors", seed=t.seed, metrics=metrics, **PHONES_FACTS
    )


def _export_voice(t: VoiceTraining, report: Report) -> None:
    import torch

    from .calibrate import calibrated
    from .export import export_voice, voice_tensors
    from .finish import VOICE_FACTS, finish
    from .style_space import opposition

    state = torch.load(t.work / "model.pt", weights_only=False)  # our own files, on the trainer's machine
    flow = torch.load(t.work / "flow.pt", weights_only=False) if (t.work / "flow.pt").exists() else None
    _, test = _lines(t)
    extra, scores = finish(state, t.work, [line.id for line in test])
    report(json.dumps(scores))
    tensors, metadata = voice_tensors(state, extra, flow, decoder=t.decoder)
    tensors, emotions = calibrated(tensors, metadata, _calibration_texts(t), report)
    scores |= {f"opposite_{name}": value for name, value in opposition(emotions).items()}
    command = (
        f"mien train voice DATA --minutes {t.minutes:g} --flow-minutes {t.flow_minutes:g} --whole {t.whole:g} "
        f"--seed {t.seed} --book-lines {t.n_book} --subtitle-lines {t.n_subtitle} --flite-lines {t.n_flite}"
    )
    facts = {
        **VOICE_FACTS, "made_by": command + (" --warm-start" if t.warm else ""), "seed": t.seed, "metrics": scores,
        "steps": state["step"], "readings": _readings(t), "decoder": t.decoder,
        "flow_steps_trained": flow["step"] if flow else 0,
    }  # fmt: skip
    export_voice(tensors, metadata, t.out / "daisy.safetensors", **facts)


def _calibration_texts(t: VoiceTraining) -> list[str]:
    _, test = _lines(t)
    return [line.text for line in test[:: len(test) // N_CALIBRATION]]


def _calibrate(t: VoiceTraining, report: Report) -> None:
    """Move what is calibrated in the shipped voice again; its networks stay."""
    import checkpoints
    from tts.daisy.model import CHECKPOINT

    from .calibrate import calibrated
    from .export import export_voice
    from .style_space import opposition

    shipped = checkpoints.load(CHECKPOINT)
    tensors, emotions = calibrated(shipped.tensors, shipped.metadata, _calibration_texts(t), report)
    facts = {key: value for key, value in shipped.entry.items() if key not in ("file", "sha256", "bytes", "version")}
    facts["metrics"] = facts["metrics"] | {f"opposite_{name}": value for name, value in opposition(emotions).items()}
    facts["made_by"] = facts["made_by"].removesuffix(AGAIN) + AGAIN
    export_voice(tensors, shipped.metadata, t.out / "daisy.safetensors", **facts)


def _readings(t: VoiceTraining) -> dict[str, int]:
    """Return how many utterances of each corpus were trained on."""
    from .prosody_data import HELD_SPEAKERS
    from .references import load_references
    from .train import SPEAKERS

    held = _held(t)
    found = {name: sum(p.stem not in held for p in (t.work / "feat" / name).glob("*.npz")) for name in SPEAKERS}
    for reference in [r for r in load_references(t.work) if r.speaker not in HELD_SPEAKERS]:
        corpus = "emodb" if reference.speaker.startswith("emodb") else "librispeech"
        found[corpus] = found.get(corpus, 0) + 1
    return found
