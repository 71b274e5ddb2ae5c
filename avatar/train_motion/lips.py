"""Train the lip network: sound → what the mouth does, 50 times a second."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.animator.animator import LIP_TRACK
from avatar.audio_motion.features import FEATURE_SIZE, N_MELS
from avatar.train_motion.corpus import Example

__all__ = ["LipTraining", "train_lips"]

N_TRACK = len(LIP_TRACK)
N_CURVES = N_TRACK - 3
#: A window of training, frames.
CROP = 160
#: Share of the windows in which some bands are blanked, and in which a moment is.
MASKED_SHARE = 0.5


@dataclass(frozen=True)
class LipTraining:
    """Numbers of a training run."""

    size: int = 128
    steps: int = 4000
    batch: int = 8
    rate: float = 2e-3
    capture_share: float = 0.2
    coarse_share: float = 0.5
    seed: int = 0
    save_every: int = 250


def train_lips(
    examples: Sequence[Example],
    output: Path,
    plan: LipTraining = LipTraining(),
    log: Path | None = None,
    start: Mapping[str, npt.NDArray[np.float32]] | None = None,
) -> None:
    """Train, or resume from ``output``.

    Parameters
    ----------
    examples : sequence of Example
    output : Path
        A torch file with weights, averaged weights, optimiser and step; made if it is not there.
    plan : LipTraining
    log : Path, optional
        One JSON object per line: step, losses, seconds.
    start : mapping, optional
        Weights to begin with, where there is no state to resume from.
    """
    import torch

    from avatar.train_motion.loop import average_into, descend, record, save_state, set_rate
    from avatar.train_motion.model import ConvStack

    torch.manual_seed(plan.seed)
    model = ConvStack(FEATURE_SIZE + N_TRACK, plan.size, N_TRACK)
    if start is not None:
        model.load_state_dict({name: torch.from_numpy(np.array(value, np.float32)) for name, value in start.items()})
    affine = torch.nn.Parameter(torch.stack([torch.ones(N_CURVES), torch.zeros(N_CURVES)]))
    optimiser = torch.optim.AdamW([*model.parameters(), affine], lr=plan.rate, weight_decay=0.02)
    average = {name: value.detach().clone() for name, value in model.state_dict().items()}
    first = 0
    if output.exists():
        state = torch.load(output, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        affine.data.copy_(state["affine"])
        average, first = state["average"], state["step"]
    scale = _scales(examples)
    started = time.time()
    for step in range(first, plan.steps):
        rng = np.random.default_rng([plan.seed, step])
        set_rate(optimiser, plan.rate, step, plan.steps, warm_up=100)
        inputs, targets, captured = _batch(examples, plan, rng)
        losses = _losses(model(torch.from_numpy(inputs)), torch.from_numpy(targets), torch.from_numpy(captured),
                         torch.from_numpy(scale), affine)  # fmt: skip
        total = sum(losses.values())
        descend(total, model, optimiser)
        average_into(average, model, step)
        if (step + 1) % plan.save_every == 0 or step + 1 == plan.steps:
            state = {"model": model.state_dict(), "average": average, "optimiser": optimiser.state_dict(),
                     "affine": affine.data, "step": step + 1}  # fmt: skip
            save_state(state, output)
            row = {"step": step + 1, "seconds": round(time.time() - started, 1)}
            row |= {name: round(float(loss.detach()), 4) for name, loss in losses.items()}
            record(log, row)


def _scales(examples: Sequence[Example]) -> npt.NDArray[np.float32]:
    """Return one over each curve's spread in the voices."""
    voices = np.concatenate([example.targets[:, :N_CURVES] for example in examples if not example.captured][:400])
    scales: npt.NDArray[np.float32] = (1.0 / np.maximum(voices.std(axis=0), 0.02)).astype(np.float32)
    return scales


def _batch(
    examples: Sequence[Example], plan: LipTraining, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Draw windows; half of them with a disturbed copy of the answer, as the diffusion model gives one."""
    pools = [[e for e in examples if e.captured is kind] for kind in (False, True)]
    inputs = np.zeros((plan.batch, CROP, FEATURE_SIZE + N_TRACK), np.float32)
    targets = np.full((plan.batch, CROP, N_TRACK), np.nan, np.float32)
    captured = np.zeros(plan.batch, bool)
    for row in range(plan.batch):
        captured[row] = bool(pools[1]) and rng.uniform() < plan.capture_share
        pool = pools[int(captured[row])]
        example = pool[rng.integers(len(pool))]
        start = int(rng.integers(max(len(example.features) - CROP, 0) + 1))
        piece = slice(start, start + CROP)
        length = len(example.features[piece])
        inputs[row, :length, :FEATURE_SIZE] = example.features[piece] + rng.normal(0.0, 0.05)
        _mask(inputs[row, :, :FEATURE_SIZE], rng)
        inputs[row, length:, :FEATURE_SIZE] = inputs[row, max(length - 1, 0), :FEATURE_SIZE]
        targets[row, :length] = example.targets[piece]
        if not captured[row] and rng.uniform() < plan.coarse_share:
            inputs[row, :length, FEATURE_SIZE:] = _coarse(example.targets[piece].astype(np.float32), rng)
    return inputs, targets, captured


def _mask(features: npt.NDArray[np.float32], rng: np.random.Generator) -> None:
    """Blank a few bands and a moment, in place (D. Park et al., "SpecAugment", 2019)."""
    if rng.uniform() < MASKED_SHARE:
        first, width = int(rng.integers(N_MELS)), int(rng.integers(1, 9))
        for half in (0, N_MELS + 1):
            features[:, half + first : half + min(first + width, N_MELS)] = 0.0
    if rng.uniform() < MASKED_SHARE:
        first = int(rng.integers(CROP))
        features[first : first + int(rng.integers(2, 6))] = 0.0


def _coarse(track: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return a smeared, noisy, shifted copy of a track."""
    width = int(rng.integers(2, 7))
    kernel = np.hanning(width + 2)[1:-1]
    smooth = np.stack([np.convolve(column, kernel / kernel.sum(), mode="same") for column in track.T], axis=1)
    noise = rng.normal(size=(len(track) // 4 + 2, track.shape[1]))
    slow = np.repeat(noise, 4, axis=0)[: len(track)]
    spread = np.where(np.arange(track.shape[1]) < N_CURVES, 0.08, 0.25) * rng.uniform(0.2, 1.2)
    return np.roll(smooth + spread * slow, int(rng.integers(-2, 3)), axis=0).astype(np.float32)


def _losses(predicted: Any, targets: Any, captured: Any, scale: Any, affine: Any) -> dict[str, Any]:
    """Return the losses by name; NaN targets do not count."""
    import torch
    from torch.nn import functional

    known = torch.isfinite(targets)
    goal = torch.nan_to_num(targets)
    curves, marks = predicted[..., :N_CURVES], predicted[..., N_CURVES:]
    shown = torch.where(captured[:, None, None], curves * affine[0].abs() + affine[1], curves)
    weight = scale * known[..., :N_CURVES]
    voice, capture = ~captured, captured

    def mean(values: Any, rows: Any) -> Any:
        return values[rows].sum() / known[rows][..., :N_CURVES].sum().clamp(min=1)

    error = functional.smooth_l1_loss(shown, goal[..., :N_CURVES], reduction="none", beta=0.05) * weight
    speed = (shown.diff(dim=1) - goal[..., :N_CURVES].diff(dim=1)).abs() * weight[:, 1:]
    binary = functional.binary_cross_entropy_with_logits(marks, goal[..., N_CURVES:].clamp(0, 1), reduction="none")
    emphasis = torch.tensor([3.0, 3.0, 1.0])
    binary = (binary * emphasis * known[..., N_CURVES:])[voice].sum() / known[voice][..., N_CURVES:].sum().clamp(min=1)
    return {
        "curves": mean(error, voice),
        "speed": 0.5 * mean(speed, voice),
        "capture": 0.7 * mean(error, capture),
        "contacts": 0.5 * binary,
    }
