"""Prepared utterances → batches of 2 s crops, each in a style of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tts.daisy.network import FRAMES_PER_STEP, positions, step_phones
from tts.daisy.prosody_encoder import columns

CROP_STEPS = 100  # 2 s


@dataclass(frozen=True, eq=False)
class Item:
    """One prepared utterance."""

    speaker: int
    ids: npt.NDArray[np.int64]
    features: npt.NDArray[np.float32]
    ends: npt.NDArray[np.int64]
    targets: npt.NDArray[np.float32]  # (T, 63) mel-cepstrum and aperiodicity
    log_f0: npt.NDArray[np.float32]
    voiced: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and deviation per speaker, rows by speaker number."""

    target_mean: npt.NDArray[np.float32]  # (S, 63)
    target_std: npt.NDArray[np.float32]
    f0_mean: npt.NDArray[np.float32]  # (S,)
    f0_std: npt.NDArray[np.float32]
    duration_mean: npt.NDArray[np.float32]
    duration_std: npt.NDArray[np.float32]


def load_item(path: Path, speaker: int) -> Item:
    """Read one .npz of `mien train voice`'s preparation."""
    with np.load(path) as z:
        ends = z["ends"].astype(np.int64)
        total = int(ends[-1])
        targets = np.concatenate([z["mcep"], z["bap"]], axis=1)[:total].astype(np.float32)
        return Item(
            speaker,
            z["ids"].astype(np.int64),
            z["feats"].astype(np.float32),
            ends,
            targets,
            z["lf0"][:total].astype(np.float32),
            z["vuv"][:total].astype(np.float32),
        )


def statistics(items: Sequence[Item], n_speakers: int) -> Statistics:
    """Measure every speaker; a speaker without items gets those of speaker 0."""
    rows = []
    for speaker in range(n_speakers):
        own = [item for item in items if item.speaker == speaker] or [item for item in items if item.speaker == 0]
        targets = np.concatenate([item.targets for item in own])
        f0 = np.concatenate([item.log_f0[item.voiced > 0] for item in own])
        spans = np.concatenate([np.log(np.maximum(np.diff(item.ends, prepend=0), 1)) for item in own])
        rows.append((targets.mean(0), targets.std(0) + 1e-3, f0.mean(), f0.std(), spans.mean(), spans.std()))
    return Statistics(*(np.stack(column).astype(np.float32) for column in zip(*rows, strict=True)))


def collate(
    chosen: Sequence[tuple[Item, npt.NDArray[np.float64]]], stats: Statistics, rng: np.random.Generator
) -> dict[str, Tensor]:
    """Make a batch of one random crop of each utterance; phones are whole and padded.

    Parameters
    ----------
    chosen : sequence of (Item, (n, S) float64)
        Utterances and u of each of their phones.
    stats : Statistics
    rng : Generator
    """
    longest = max(len(item.ids) for item, _ in chosen)
    rows = [_row(item, style.astype(np.float32), stats, rng, longest) for item, style in chosen]
    return {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0]}


def _row(
    item: Item, style: npt.NDArray[np.float32], s: Statistics, rng: np.random.Generator, longest: int
) -> dict[str, npt.NDArray[np.generic]]:
    k = item.speaker
    pad = longest - len(item.ids)
    span = np.log(np.maximum(np.diff(item.ends, prepend=0), 1))
    phones = step_phones(item.ends)
    place = positions(item.ends, phones)
    steps = len(phones)
    start = int(rng.integers(max(1, steps - CROP_STEPS + 1)))
    take = np.arange(start, start + CROP_STEPS)
    valid = take < steps
    take = np.minimum(take, steps - 1)
    frames = np.minimum(take[:, None] * FRAMES_PER_STEP + np.arange(FRAMES_PER_STEP), len(item.log_f0) - 1)
    mask = np.ones(len(item.ids), np.float32)
    return {
        "speaker": np.array(k),
        "style": np.pad(style, ((0, pad), (0, 0))),
        "step_style": style[phones[take, 0]],
        "constant": np.array((style == style[0]).all()),
        "columns": columns(item.targets, item.log_f0, item.voiced)[np.minimum(take, len(item.log_f0) // 4 - 1)],
        "ids": np.pad(item.ids, (0, pad)),
        "features": np.pad(item.features, ((0, pad), (0, 0))),
        "mask": np.pad(mask, (0, pad))[:, None],
        "duration": np.pad((span - s.duration_mean[k]) / s.duration_std[k], (0, pad)).astype(np.float32),
        "first": phones[take, 0],
        "last": phones[take, -1],
        "place": place[take],
        "valid": valid.astype(np.float32),
        "targets": ((item.targets[frames] - s.target_mean[k]) / s.target_std[k]).astype(np.float32),
        "f0": ((item.log_f0[frames] - s.f0_mean[k]) / s.f0_std[k]).astype(np.float32),
        "voiced": item.voiced[frames],
    }
