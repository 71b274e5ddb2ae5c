"""Load the corpora that the emotion reader is trained and measured on.

======================  =========================================  =================================
corpus                  labels                                     split
======================  =========================================  =================================
GoEmotions (CC BY 4.0)  27 emotions + neutral, several allowed     official train/dev/test
XED (CC BY 4.0)         Plutchik's eight, several allowed; neutral none published; by hash, 80/10/10
EmoBank (CC BY-SA 4.0)  valence, arousal, dominance, 1–5           official train/dev/test
======================  =========================================  =================================

Files, each in a folder of the corpus' name:

* ``goemotions/data/original/{train,dev,test}.tsv``: https://github.com/monologg/GoEmotions-pytorch (the files of
  https://github.com/google-research/google-research/tree/master/goemotions; Demszky et al., ACL 2020)
* ``xed/AnnotatedData/{en-annotated.tsv,neu_en.txt}``: https://github.com/Helsinki-NLP/XED (Öhman et al., COLING 2020)
* ``emobank/corpus/{emobank,reader,writer}.csv``: https://github.com/JULIELab/EmoBank (Buechel & Hahn, EACL 2017)
* ``ljspeech/metadata_all.csv``: the ``metadata.csv`` of https://keithito.com/LJ-Speech-Dataset/ (public domain)
"""

from __future__ import annotations

import csv
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning.reader_lexicon import NEUTRAL_RATING, PRIMARY_LETTERS, lines_of

__all__ = [
    "EKMAN", "EKMAN_NAMES", "GOEMOTIONS", "Corpus", "ekman_labels", "emobank", "emobank_views", "goemotions",
    "judged", "ljspeech_texts", "own_lines", "own_sentences", "text_key", "xed",
]  # fmt: skip

GOEMOTIONS = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire",
    "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy",
    "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral",
)  # fmt: skip
"""The 27 emotions and neutral, in the order of the published label files."""

EKMAN = {
    "anger": ("anger", "annoyance", "disapproval"),
    "disgust": ("disgust",),
    "fear": ("fear", "nervousness"),
    "joy": (
        *("joy", "amusement", "approval", "excitement", "gratitude", "love"),
        *("optimism", "relief", "pride", "admiration", "desire", "caring"),
    ),
    "sadness": ("sadness", "disappointment", "embarrassment", "grief", "remorse"),
    "surprise": ("surprise", "realization", "confusion", "curiosity"),
    "neutral": ("neutral",),
}
"""The Ekman grouping of Demszky et al. (2020), appendix."""
EKMAN_NAMES = tuple(EKMAN)

XED_ORDER = ("anger", "anticipation", "disgust", "fear", "joy", "sadness", "surprise", "trust")
"""XED's labels 1–8."""
PLUTCHIK = ("joy", "trust", "fear", "surprise", "sadness", "disgust", "anger", "anticipation")


@dataclass(frozen=True)
class Corpus:
    """Sentences with labels.

    Attributes
    ----------
    texts : tuple of str
        One sentence each.
    labels : (n, k) float32
        0/1 per class; for EmoBank valence, arousal and dominance on their 1–5 scale.
    """

    texts: tuple[str, ...]
    labels: npt.NDArray[np.float32]


def goemotions(folder: Path, split: str) -> Corpus:
    """Return one official split of GoEmotions; ``labels`` (n, 28)."""
    texts, labels = [], []
    for row in _lines(folder / "goemotions" / "data" / "original" / f"{split}.tsv"):
        text, ids, _ = row.split("\t")
        texts.append(text)
        labels.append(_one_hot([int(i) for i in ids.split(",")], len(GOEMOTIONS)))
    return Corpus(tuple(texts), np.stack(labels))


def ekman_labels(labels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Group 28 labels into Ekman's six and neutral; (n, 28) → (n, 7)."""
    columns = [[GOEMOTIONS.index(name) for name in names] for names in EKMAN.values()]
    return np.stack([labels[:, c].max(axis=1) for c in columns], axis=1)


def xed(folder: Path, split: str) -> Corpus:
    """Return one split of XED's English lines.

    XED publishes no split. A line belongs to the tenth that the CRC-32 of its letters gives: 0 is
    test, 1 is dev, the rest train; lines with the same words thus never part.

    Returns
    -------
    Corpus
        ``labels`` (n, 9): Plutchik's eight in our order, then neutral.
    """
    rows = [(r.split("\t")[0], r.split("\t")[1]) for r in _lines(folder / "xed/AnnotatedData/en-annotated.tsv")]
    neutral = [r.split("\t", 1)[1] for r in _lines(folder / "xed/AnnotatedData/neu_en.txt") if "\t" in r]
    texts, labels = [], []
    for text, ids in [*rows, *((text, "") for text in neutral)]:
        if _xed_split(text) != split:
            continue
        names = [XED_ORDER[int(i) - 1] for i in ids.split(",") if i.strip()]
        texts.append(text)
        labels.append(_one_hot([PLUTCHIK.index(n) for n in names] or [len(PLUTCHIK)], len(PLUTCHIK) + 1))
    return Corpus(tuple(texts), np.stack(labels))


def emobank(folder: Path, split: str) -> Corpus:
    """Return one official split of EmoBank; ``labels`` (n, 3): valence, arousal, dominance, 1–5."""
    path = folder / "emobank" / "corpus" / "emobank.csv"
    _require(path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    labels = np.array([[float(row[key]) for key in "VAD"] for row in rows], dtype=np.float32)
    return Corpus(tuple(row["text"] for row in rows), labels)


def emobank_views(folder: Path) -> Corpus:
    """Return EmoBank's training sentences as the reader and as the writer felt them; ``labels`` (n, 6)."""
    tables = []
    for view in ("reader", "writer"):
        path = folder / "emobank" / "corpus" / f"{view}.csv"
        _require(path)
        with path.open(encoding="utf-8", newline="") as file:
            tables.append({row["id"]: [float(row[key]) for key in "VAD"] for row in csv.DictReader(file)})
    with (folder / "emobank" / "corpus" / "emobank.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train"]
    kept = [row for row in rows if all(row["id"] in table for table in tables)]
    labels = [[value for table in tables for value in table[row["id"]]] for row in kept]
    return Corpus(tuple(row["text"] for row in kept), np.array(labels, dtype=np.float32))


def own_lines() -> tuple[tuple[str, ...], dict[str, npt.NDArray[np.float32]]]:
    """Return the lines of dialogue written for this project, and their labels.

    Returns
    -------
    texts : tuple of str
    labels : dict
        ``goemotions`` (n, 28), ``xed`` (n, 9) and ``emobank`` (n, 3), each as the corpus of that name has them.
    """
    texts: list[str] = []
    rows: dict[str, list[npt.NDArray[np.float32]]] = {"goemotions": [], "xed": [], "emobank": []}
    for line in lines_of("reader_lines.txt"):
        if line.startswith("="):
            go, felt, ratings = ([part.strip() for part in group.split(",")] for group in line[1:].split("|"))
            head = {
                "goemotions": _one_hot([GOEMOTIONS.index(name) for name in go], len(GOEMOTIONS)),
                "xed": _one_hot([(*PLUTCHIK, "neutral").index(name) for name in felt], len(PLUTCHIK) + 1),
                "emobank": np.array(ratings[0].split(), np.float32),
            }
        else:
            texts.append(line)
            for name, row in head.items():
                rows[name].append(row)
    return tuple(texts), {name: np.stack(stacked) for name, stacked in rows.items()}


def judged(folder: Path, split: str) -> Corpus:
    """Return the sentences of the training sets and of LJ Speech as this project's authors judged them.

    One in twenty, by its key, is dev, the rest train; nothing of the other corpora's dev and test sets is judged.

    Returns
    -------
    Corpus
        ``labels`` (n, 11): Plutchik's eight in our order, 0/1, then valence, arousal and dominance, -4 to 4.
    """
    texts = [text for load in (goemotions, xed, emobank) for text in load(folder, "train").texts]
    table = _judgements()
    found = {key: text for text in (*texts, *ljspeech_texts(folder)) if (key := text_key(text)) in table}
    kept = [key for key in found if _is_dev(key) == (split == "dev")]
    return Corpus(tuple(found[key] for key in kept), np.stack([table[key] for key in kept]))


def own_sentences(split: str) -> Corpus:
    """Return the sentences written for this project; split and ``labels`` (n, 11) as :func:`judged` has them."""
    rows = [line.split(" ", 2) for line in lines_of("reader_sentences.txt")]
    kept = [row for row in rows if _is_dev(text_key(row[2])) == (split == "dev")]
    return Corpus(tuple(text for _, _, text in kept), np.stack([_judgement(*row[:2]) for row in kept]))


def _is_dev(key: str) -> bool:
    return int(key, 16) % 20 == 0


def text_key(text: str) -> str:
    """Return the ten hexadecimal digits (BLAKE2b, 40 bits) by which ``sentence_ratings.txt`` knows a sentence."""
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest()


def _judgements() -> dict[str, npt.NDArray[np.float32]]:
    table = {}
    for line in lines_of("sentence_ratings.txt"):
        key, ratings, *letters = line.split()
        table[key] = _judgement(ratings, "".join(letters))
    return table


def _judgement(ratings: str, letters: str) -> npt.NDArray[np.float32]:
    felt = [float(letter in letters) for letter in PRIMARY_LETTERS]
    return np.array([*felt, *(int(digit) - NEUTRAL_RATING for digit in ratings)], np.float32)


def ljspeech_texts(folder: Path) -> list[str]:
    """Return the sentences of LJ Speech, plain text to learn words from."""
    return [line.rpartition("|")[2] for line in _lines(folder / "ljspeech" / "metadata_all.csv")]


def _xed_split(text: str) -> str:
    letters = "".join(c for c in text.lower() if c.isalpha())
    return {0: "test", 1: "dev"}.get(zlib.crc32(letters.encode()) % 10, "train")


def _one_hot(ids: list[int], size: int) -> npt.NDArray[np.float32]:
    row = np.zeros(size, np.float32)
    row[ids] = 1.0
    return row


def _lines(path: Path) -> list[str]:
    _require(path)
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def _require(path: Path) -> None:
    if not path.is_file():
        raise InputError(
            f"no corpus file {path}; give the folder that holds goemotions/, xed/ and emobank/ "
            "(conditioning/reader_data.py tells where each is published)"
        )
