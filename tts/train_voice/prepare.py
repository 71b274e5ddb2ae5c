"""Readings → .npz files of phones and WORLD features, one a line; files that are there are kept."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from . import corpus, teachers
from .align import align
from .features import analyse, read_24k
from .texts import TrainingText

__all__ = ["prepare_flite", "prepare_lj", "prepare_teacher"]


def _write(out: Path, utterance: corpus.Utterance, sound: Path) -> bool:
    """Analyse one reading; tell whether its borders fit the sound."""
    found = analyse(read_24k(sound))
    ends = np.minimum(utterance.ends, len(found["lf0"]))
    if (np.diff(ends, prepend=0) < 0).any():
        return False
    partial = out.with_suffix(".partial.npz")
    np.savez(
        partial,
        ids=utterance.sequence.ids.astype(np.int16),
        feats=utterance.sequence.features.astype(np.float16),
        ends=ends.astype(np.int32),
        words=utterance.sequence.words.astype(np.int16),
        mcep=found["mcep"].astype(np.float16),
        bap=found["bap"].astype(np.float16),
        lf0=found["lf0"],
        vuv=found["vuv"].astype(np.uint8),
    )
    partial.replace(out)
    return True


def prepare_teacher(work: Path) -> int:
    """Prepare festival's readings; return how many there are."""
    out = work / "feat" / "festival"
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted((work / "festival").glob("*.lab")):
        target = out / f"{path.stem}.npz"
        utterance = None if target.exists() else corpus.festival_utterance(teachers.read_lab(path))
        if utterance is not None:
            _write(target, utterance, path.with_suffix(".wav"))
    return len(list(out.glob("*.npz")))


def prepare_flite(work: Path, voice: str = "rms") -> int:
    """Prepare flite's readings on festival's words; lines that the two pronounce differently are left out."""
    out = work / "feat" / voice
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted((work / voice).glob("*.dur")):
        target = out / f"{path.stem}.npz"
        if target.exists():
            continue
        words = teachers.read_lab(work / "festival" / f"{path.stem}.lab")
        utterance = corpus.flite_utterance(words, teachers.read_dur(path))
        if utterance is not None:
            _write(target, utterance, path.with_suffix(".wav"))
    return len(list(out.glob("*.npz")))


def prepare_lj(data: Path, work: Path) -> int:
    """Align LJSpeech's recordings with the words that festival reads in their text, and prepare them."""
    import soundfile
    from scipy.signal import resample_poly

    out = work / "feat" / "lj"
    out.mkdir(parents=True, exist_ok=True)
    rows = [row.split("|") for row in (data / "ljspeech" / "metadata32.csv").read_text(encoding="utf-8").splitlines()]
    lines = [TrainingText(row[0], re.sub(r"[^A-Za-z ,.'?!;:-]", "", row[-1])) for row in rows]
    teachers.run_festival(lines, work / "ljfest")
    for line in lines:
        target = out / f"{line.id}.npz"
        if target.exists():
            continue
        phones = teachers.read_lab(work / "ljfest" / f"{line.id}.lab")
        words: dict[int, list[str]] = {}
        for phone in phones:
            if phone.word_index >= 0:
                words.setdefault(phone.word_index, []).append(phone.symbol)
        sound = next((data / "ljspeech" / "wavs").glob(f"{line.id}.*"))
        wave, rate = soundfile.read(str(sound))
        pairs = align(list(words.values()), resample_poly(wave, 16_000, rate))
        utterance = None if pairs is None else corpus.flite_utterance(phones, pairs)
        if utterance is not None:
            _write(target, utterance, sound)
    return len(list(out.glob("*.npz")))
