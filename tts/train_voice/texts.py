"""Pick the lines that the teachers read, and the ones that nobody may train on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

N_TEST_LINES = 60  # held out for `mien evaluate voice`
PLAIN = re.compile(r"^[A-Za-z][A-Za-z ,.'?!;:-]+$")


@dataclass(frozen=True)
class TrainingText:
    """One line for a teacher."""

    id: str
    text: str


def clean_subtitle(text: str) -> str:
    """Undo the tokeniser's spaces of the XED subtitle lines (``do n't`` → ``don't``, `` .`` → ``.``)."""
    text = re.sub(r"\s+([,.?!;:])", r"\1", text.strip().strip('"'))
    text = re.sub(r"\s+('(?:s|m|re|ve|ll|d)|n't)\b", r"\1", text)
    return re.sub(r"\s+", " ", text).strip()


def book_lines(data: Path) -> list[TrainingText]:
    """Return LJSpeech's normalised lines of 35–110 characters that are plain words and punctuation."""
    rows = (data / "ljspeech" / "metadata_all.csv").read_text(encoding="utf-8").splitlines()
    found = []
    for row in rows:
        line_id, _, text = row.partition("|")[0], None, row.rsplit("|", 1)[-1].strip()
        if 35 <= len(text) <= 110 and PLAIN.match(text):
            found.append(TrainingText(line_id, text))
    return found


def subtitle_lines(data: Path) -> list[TrainingText]:
    """Return XED's English subtitle lines of 12–70 characters that are plain words and end in . ? or !."""
    rows = (data / "xed" / "AnnotatedData" / "en-annotated.tsv").read_text(encoding="utf-8").splitlines()
    found = []
    for number, row in enumerate(rows):
        text = clean_subtitle(row.split("\t")[0])
        if 12 <= len(text) <= 70 and PLAIN.match(text) and text[-1] in ".?!" and text[0].isupper():
            found.append(TrainingText(f"XED{number:05d}", text))
    return found


def select(data: Path, n_book: int, n_subtitle: int, seed: int = 0) -> tuple[list[TrainingText], list[TrainingText]]:
    """Return (training lines, test lines); the test lines are half book, half subtitle, in no training line."""
    rng = np.random.default_rng(seed)
    book, subtitles = book_lines(data), subtitle_lines(data)
    book = [book[i] for i in rng.permutation(len(book))]
    subtitles = [subtitles[i] for i in rng.permutation(len(subtitles))]
    half = N_TEST_LINES // 2
    test = [line for line in book if len(line.text) <= 80][:half] + [s for s in subtitles if len(s.text) >= 25][:half]
    held = {line.id for line in test}
    book = [line for line in book if line.id not in held][:n_book]
    subtitles = [line for line in subtitles if line.id not in held][:n_subtitle]
    return book + subtitles, test
