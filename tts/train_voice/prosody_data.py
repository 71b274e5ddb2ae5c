"""Batches of real speech for the prosody encoder, with what is known about the style of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from conditioning import EMOTION_NAMES
from tts.daisy.prosody_encoder import WINDOW_STEPS, columns
from tts.daisy.style import AXES, LIMIT, N_STYLE, N_TIMBRE, UNITS, axis

from .prosody_model import EMOTIONS
from .references import Reference, measured_style
from .style_space import Timbre

__all__ = ["HELD_SPEAKERS", "ReferenceSet", "reference_set", "shifted"]

Array = npt.NDArray[np.float64]

#: A woman of EmoDB whom the encoder never hears in training.
HELD_SPEAKERS = ("emodb14",)
#: Axes that LibriSpeech's readers can be moved along without knowing their phones.
SHIFTED = tuple(axis(name) for name in ("f0_level_st", "f0_range_ln", "vowel_ln", "consonant_ln")) + tuple(
    range(N_STYLE - N_TIMBRE, N_STYLE)
)


@dataclass(frozen=True, eq=False)
class ReferenceSet:
    """Real speech with its labels.

    Attributes
    ----------
    items : tuple of Reference
    styles : (n, N_STYLE) float64
        u as measured, or 0 for LibriSpeech's readers.
    emotions : (n,) int64
        Places in :data:`EMOTIONS`, -1 where unknown.
    speakers : (n,) int64
        Running numbers.
    timbre : Timbre
    """

    items: tuple[Reference, ...]
    styles: Array
    emotions: npt.NDArray[np.int64]
    speakers: npt.NDArray[np.int64]
    timbre: Timbre

    def batch(self, size: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Draw utterances, half of them of EmoDB; LibriSpeech's are moved to styles drawn at random."""
        acted = np.flatnonzero(self.emotions >= 0)
        read = np.flatnonzero(self.emotions < 0)
        half = size // 2 if len(read) else size
        chosen = np.concatenate([rng.choice(acted, half), rng.choice(read, size - half)] if len(read) else [
            rng.choice(acted, half)]).astype(int)  # fmt: skip
        tables, styles = [], []
        for k in chosen:
            item, style = self.items[k], self.styles[k].copy()
            if self.emotions[k] < 0 and rng.random() < 0.7:
                style[list(SHIFTED)] = 0.7 * rng.standard_normal(len(SHIFTED))
                style[axis("consonant_ln")] = style[axis("vowel_ln")]
                item = shifted(item, style, self.timbre)
            tables.append(window(item, rng))
            styles.append(np.clip(style, -LIMIT, LIMIT))
        return {
            "columns": torch.from_numpy(np.stack(tables)),
            "style": torch.from_numpy(np.stack(styles)).float(),
            "weight": torch.from_numpy(np.stack([_weights(self.emotions[k] >= 0) for k in chosen])).float(),
            "emotion": torch.from_numpy(self.emotions[chosen]),
            "speaker": torch.from_numpy(self.speakers[chosen]),
        }


def _weights(acted: bool) -> Array:
    """Return how much each axis is trusted: fully where measured, a little where the emotion's class tells of it."""
    row = np.full(N_STYLE, 0.15)
    row[list(SHIFTED)] = 1.0 if acted else 0.5
    return row


def window(item: Reference, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return (WINDOW_STEPS, N_COLUMNS) of a random part; shorter utterances are repeated."""
    table = columns(item.targets, item.log_f0, item.voiced)
    start = int(rng.integers(max(1, len(table) - WINDOW_STEPS + 1)))
    return np.resize(table[start : start + WINDOW_STEPS], (WINDOW_STEPS, table.shape[1])).astype(np.float32)


def shifted(item: Reference, style: Array, timbre: Timbre) -> Reference:
    """Move a reading without known phones: pitch, range, speed and colour."""
    stretch = float(np.exp(style[axis("vowel_ln")] * UNITS["vowel_ln"]))
    source = np.arange(int(len(item.log_f0) * stretch)) / stretch
    old = np.arange(len(item.log_f0))
    log_f0 = np.interp(source, old, item.log_f0)
    mean = item.log_f0[item.voiced > 0].mean() if (item.voiced > 0).any() else log_f0.mean()
    log_f0 = mean + (log_f0 - mean) * np.exp(style[axis("f0_range_ln")] * UNITS["f0_range_ln"])
    log_f0 = log_f0 + np.log(2.0) / 12.0 * style[axis("f0_level_st")] * UNITS["f0_level_st"]
    nearest = np.minimum(np.round(source).astype(int), len(old) - 1)
    voiced, targets = item.voiced[nearest], item.targets[nearest]
    place = style[-N_TIMBRE:]
    targets = targets + np.where(voiced[:, None] > 0, place @ timbre.voiced, place @ timbre.unvoiced)
    return Reference(
        item.speaker, item.emotion, targets.astype(np.float32), log_f0.astype(np.float32), voiced, item.syllable_s
    )


def reference_set(
    references: Sequence[Reference], emotions: Array, timbre: Timbre, *, first_speaker: int = 0
) -> ReferenceSet:
    """Label references: measured where EmoDB's speakers can be measured, the emotion's place for the other axes."""
    measured = measured_style(references, timbre.basis)
    kept = [i for i, r in enumerate(references) if i in measured or not r.emotion]
    kept = [i for i in kept if len(references[i].log_f0) >= 100 and references[i].voiced.sum() > 20]
    names = sorted({references[i].speaker for i in kept})
    styles = np.zeros((len(kept), N_STYLE))
    for row, i in enumerate(kept):
        if references[i].emotion in EMOTION_NAMES:
            styles[row] = emotions[EMOTION_NAMES.index(references[i].emotion)]
        for name, value in measured.get(i, {}).items():
            if name in AXES:
                styles[row, axis(name)] = value / UNITS[name]
        if i in measured:
            change = measured[i]["syllable_ln"] - _rate_ln(styles[row])
            styles[row, axis("vowel_ln")] += change / UNITS["vowel_ln"]
            styles[row, axis("consonant_ln")] += change / UNITS["consonant_ln"]
    labels = [EMOTIONS.index(references[i].emotion) if references[i].emotion in EMOTIONS else -1 for i in kept]
    speakers = [first_speaker + names.index(references[i].speaker) for i in kept]
    return ReferenceSet(
        tuple(references[i] for i in kept), np.clip(np.nan_to_num(styles), -LIMIT, LIMIT),
        np.array(labels), np.array(speakers), timbre,
    )  # fmt: skip


def _rate_ln(style: Array) -> float:
    """Return the log length of a syllable, half vowel and half consonants."""
    return 0.5 * float(
        style[axis("vowel_ln")] * UNITS["vowel_ln"] + style[axis("consonant_ln")] * UNITS["consonant_ln"]
    )
