"""Let the permissive teachers read: festival's HTS voice (exact phone times, accents, breaks) and flite's voices.

Debian packages, on the trainer's machine only: ``festival festvox-us-slt-hts flite``. Festival and its slt voice:
EST licence (BSD-like, CMU and University of Edinburgh); flite and its rms voice: CMU's BSD-like licence.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .texts import TrainingText

FEATURES = (  # festival feature paths, one column each after name and end
    "R:SylStructure.parent.stress",
    "R:SylStructure.parent.accented",
    "R:SylStructure.parent.syl_break",
    "R:SylStructure.parent.parent.name",
    "R:SylStructure.parent.parent.pos",
    "R:SylStructure.parent.R:Syllable.tobi_endtone",
    "R:SylStructure.parent.parent.R:Token.parent.punc",
    "R:SylStructure.parent.parent.addr",
    "R:SylStructure.parent.addr",
)


@dataclass(frozen=True)
class TeacherPhone:
    """A phone as the teacher spoke it; word and syllable are running numbers, -1 in silence."""

    symbol: str
    end_s: float
    stress: int
    accent: int
    break_level: int
    word: str
    pos: str
    tone: str
    punctuation: str
    word_index: int
    syllable_index: int


def festival_script(lines: Sequence[TrainingText], folder: Path) -> str:
    """Return the Scheme program that writes ID.wav and ID.lab for every line."""
    columns = " ".join(f'(item.feat s "{name}")' for name in FEATURES)
    form = " ".join(["%l"] * (2 + len(FEATURES)))
    head = f"""(voice_cmu_us_slt_arctic_hts)
(define (say id text)
  (let ((u (utt.synth (eval (list 'Utterance 'Text text)))) (f nil))
    (utt.save.wave u (string-append "{folder}/" id ".wav") "riff")
    (set! f (fopen (string-append "{folder}/" id ".lab") "w"))
    (mapcar (lambda (s) (format f "{form}\\n" (item.name s) (item.feat s "segment_end") {columns}))
      (utt.relation.items u 'Segment))
    (fclose f)))
"""
    return head + "\n".join(f'(say "{line.id}" "{line.text}")' for line in lines) + "\n"


def run_festival(lines: Sequence[TrainingText], folder: Path, chunk: int = 100) -> None:
    """Synthesise every line that is not there yet with festival's cmu_us_slt_arctic_hts (32 kHz)."""
    folder.mkdir(parents=True, exist_ok=True)
    todo = [line for line in lines if not (folder / f"{line.id}.lab").exists()]
    for start in range(0, len(todo), chunk):
        script = folder / "batch.scm"
        script.write_text(festival_script(todo[start : start + chunk], folder), encoding="ascii")
        subprocess.run(["festival", "-b", str(script)], check=True)
        script.unlink()


def run_flite(lines: Sequence[TrainingText], folder: Path, voice: str = "rms") -> None:
    """Synthesise every line that is not there yet with one of flite's voices (16 kHz); ID.dur has phone:end pairs."""
    folder.mkdir(parents=True, exist_ok=True)
    for line in lines:
        wav, dur = folder / f"{line.id}.wav", folder / f"{line.id}.dur"
        if dur.exists():
            continue
        command = ["flite", "-voice", voice, "-psdur", "-t", line.text, "-o", str(wav)]
        dur.write_text(subprocess.run(command, check=True, capture_output=True, text=True).stdout, encoding="ascii")


def read_lab(path: Path) -> list[TeacherPhone]:
    """Read festival's label file of one line."""
    phones: list[TeacherPhone] = []
    words: dict[str, int] = {}
    syllables: dict[str, int] = {}
    for row in path.read_text(encoding="ascii").splitlines():
        fields = row.replace('"', "").split(" ")
        name, end, stress, accent, level, word, pos, tone, punctuation, word_key, syllable_key = fields
        silent = name == "pau"
        word_index = -1 if silent else words.setdefault(word_key, len(words))
        syllable_index = -1 if silent else syllables.setdefault(syllable_key, len(syllables))
        phones.append(
            TeacherPhone(
                name,
                float(end),
                int(stress),
                int(accent),
                int(level),
                word,
                pos,
                tone,
                punctuation,
                word_index,
                syllable_index,
            )
        )
    return phones


def read_dur(path: Path) -> list[tuple[str, float]]:
    """Read flite's ``phone:end_s`` pairs."""
    pairs = [item.rsplit(":", 1) for item in path.read_text(encoding="ascii").split()]
    return [(name, float(end)) for name, end in pairs]
