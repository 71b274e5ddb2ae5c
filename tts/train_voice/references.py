"""Real speech for the prosody encoder: EmoDB's acted emotions and LibriSpeech's readers, as WORLD features.

EmoDB (German, CC0) gives the emotions; its syllable labels cover the whole utterance and give the rate, where the
sound stops at 2 s. LibriSpeech (251 readers, CC BY 4.0) gives many voices that read neutrally, so that the encoder
learns what a voice sounds like before it has a style.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .directions import LETTERS, SILENCE_BELOW
from .features import analyse, read_24k

__all__ = ["NEUTRAL_LETTER", "Reference", "load_references", "measured_style", "prepare_references", "syllable_s"]

Array = npt.NDArray[np.float64]

NEUTRAL_LETTER = "N"
#: Of LibriSpeech's utterances.
LONGEST_S = 4.0
NO_SYLLABLE = frozenset({"(", "."})


@dataclass(frozen=True, eq=False)
class Reference:
    """One utterance of real speech.

    Attributes
    ----------
    speaker : str
        ``"emodb03"`` or ``"librispeech1034"``.
    emotion : str
        Name, ``"neutral"``, ``"boredom"``, or empty where it is unknown.
    targets : (T, 63) float32
        Mel-cepstrum and aperiodicity.
    log_f0, voiced : (T,) float32
    syllable_s : float
        Mean length of its syllables, nan where unknown.
    """

    speaker: str
    emotion: str
    targets: npt.NDArray[np.float32]
    log_f0: npt.NDArray[np.float32]
    voiced: npt.NDArray[np.float32]
    syllable_s: float


def syllable_s(labels: Path) -> float:
    """Return the mean length of the syllables of one of EmoDB's ``.silb`` files, pauses left out.

    Each row is the start in seconds and the syllable; ``(`` begins a pause and ``.`` is the end.
    """
    rows = [row.split() for row in labels.read_text(encoding="latin-1").splitlines()]
    rows = [row for row in rows if len(row) > 1]
    starts = [float(row[0]) for row in rows]
    spoken = [
        end - start for start, end, row in zip(starts, starts[1:], rows, strict=False) if row[1] not in NO_SYLLABLE
    ]
    return float(np.mean(spoken)) if spoken else float("nan")


def prepare_references(data: Path, work: Path) -> int:
    """Analyse all of EmoDB and the beginning of every LibriSpeech utterance; return how many there are."""
    for corpus in ("emodb/flac", "librispeech"):
        out = work / "references" / corpus.split("/")[0]
        out.mkdir(parents=True, exist_ok=True)
        for sound in sorted((data / corpus).glob("*.flac")):
            target = out / f"{sound.stem}.npz"
            if target.exists():
                continue
            found = analyse(read_24k(sound)[: int(LONGEST_S * 24_000)])
            partial = target.with_suffix(".partial.npz")
            stored = {name: table.astype(np.float16 if name in ("mcep", "bap") else np.float32)
                      for name, table in found.items()}  # fmt: skip
            labels = data / "emodb" / "silb" / f"{sound.stem}.silb"
            length = syllable_s(labels) if "emodb" in corpus and labels.exists() else float("nan")
            np.savez(partial, syllable_s=length, **stored)
            partial.replace(target)
    return len(list((work / "references").rglob("*.npz")))


def load_references(work: Path) -> list[Reference]:
    """Read what :func:`prepare_references` has made so far."""
    names = {**LETTERS, NEUTRAL_LETTER: "neutral", "L": "boredom"}
    found = []
    for path in sorted((work / "references").rglob("*.npz")):
        if path.stem.endswith(".partial"):
            continue
        emodb = path.parent.name == "emodb"
        speaker = path.parent.name + (path.stem[:2] if emodb else path.stem.split("-")[0])
        emotion = names[path.stem[5]] if emodb else ""
        with np.load(path) as z:
            if "emotion" in z:  # of tts.train_voice.layouts
                speaker, emotion = str(z["speaker"]), str(z["emotion"])
            targets = np.concatenate([z["mcep"], z["bap"]], axis=1).astype(np.float32)
            found.append(
                Reference(
                    speaker,
                    emotion,
                    targets,
                    z["lf0"],
                    z["vuv"],
                    float(z["syllable_s"]),
                )
            )
    return found


def measured_style(references: Sequence[Reference], basis: Array) -> dict[int, Mapping[str, float]]:
    """Measure each EmoDB utterance against its speaker's neutral ones.

    Parameters
    ----------
    references : sequence of Reference
    basis : (k, 63) float64
        Rows of orthonormal directions of the voiced spectrum.

    Returns
    -------
    dict of int to mapping
        Place in ``references`` → ``f0_level_st``, ``f0_range_ln``, ``syllable_ln`` and ``timbre_0`` … as differences.
    """
    rows = {i: _levels(r, basis) for i, r in enumerate(references) if r.emotion and r.voiced.sum() > 20}
    neutral: dict[str, list[dict[str, float]]] = defaultdict(list)
    for i, row in rows.items():
        if references[i].emotion == "neutral":
            neutral[references[i].speaker].append(row)
    found: dict[int, Mapping[str, float]] = {}
    for i, row in rows.items():
        own = neutral[references[i].speaker]
        if own:
            found[i] = {name: value - float(np.mean([base[name] for base in own])) for name, value in row.items()}
    return found


def _levels(reference: Reference, basis: Array) -> dict[str, float]:
    heard = reference.voiced > 0
    semitones = 12.0 / np.log(2.0) * reference.log_f0[heard].astype(np.float64)
    level = reference.targets[:, 0]
    loud = heard & (level > np.percentile(level, 95) - SILENCE_BELOW)
    spectrum = reference.targets[loud if loud.sum() > 10 else heard].mean(0).astype(np.float64)
    spectrum[0] = 0.0
    row = {
        "f0_level_st": float(semitones.mean()),
        "f0_range_ln": float(np.log(max(np.subtract(*np.percentile(semitones, [95, 5])), 0.5))),
        "syllable_ln": float(np.log(reference.syllable_s)),
    }
    return row | {f"timbre_{k}": float(value) for k, value in enumerate(basis @ spectrum)}
