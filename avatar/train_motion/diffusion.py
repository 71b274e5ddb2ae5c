"""Train the diffusion model of motion: noise → mouth, face, lids, gaze and head, given sound and emotion."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.audio_motion.representation import CHANNELS, N_CHANNELS
from avatar.audio_motion.sampler import CONTEXT, INPUT_SIZE, TIME_SIZE, TRAIN_STEPS, WINDOW, embed_time, network_input
from avatar.train_motion.corpus import Example

__all__ = ["DiffusionTraining", "Scaling", "scaling_of", "scheduler", "train_diffusion"]

#: Weights of the loss by part: the lip network refines the mouth, nothing refines the face.
WEIGHTS = {"mouth": 0.7, "face": 1.0, "lids": 1.5, "gaze": 1.5, "head": 1.5}
#: Frames at the end of a window that often lie beyond the line's end.
TAIL = 40


@dataclass(frozen=True)
class DiffusionTraining:
    """Numbers of a training run.

    ``sound_dropout`` and ``emotion_dropout`` are the shares of windows without sound (and then without emotion) and
    without emotion, for guidance; ``context_share`` is the share that continues finished motion.
    """

    size: int = 160
    steps: int = 6000
    batch: int = 16
    rate: float = 1.5e-3
    capture_share: float = 0.1
    sound_dropout: float = 0.1
    emotion_dropout: float = 0.1
    context_share: float = 0.6
    seed: int = 0
    save_every: int = 250


@dataclass(frozen=True, eq=False)
class Scaling:
    """Mean and spread of each channel: (N_CHANNELS,) float32."""

    mean: npt.NDArray[np.float32]
    spread: npt.NDArray[np.float32]


def scheduler() -> Any:
    """Return diffusers' schedule of the training; :mod:`avatar.audio_motion.sampler` takes the same steps."""
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        num_train_timesteps=TRAIN_STEPS, beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction",
        timestep_spacing="trailing", clip_sample=False,
    )  # fmt: skip


def scaling_of(examples: Sequence[Example]) -> Scaling:
    """Measure the channels over the spoken examples."""
    spoken = [e.motion.reshape(-1, N_CHANNELS) for e in examples if not e.captured][:400]
    table = np.concatenate(spoken)
    return Scaling(table.mean(axis=0), np.maximum(table.std(axis=0), 0.02).astype(np.float32))


def train_diffusion(
    examples: Sequence[Example], output: Path, plan: DiffusionTraining = DiffusionTraining(), log: Path | None = None
) -> None:
    """Train, or resume from ``output``.

    Parameters
    ----------
    examples : sequence of Example
    output : Path
        A torch file with weights, averaged weights, optimiser and step; made if it is not there.
    plan : DiffusionTraining
    log : Path, optional
        One JSON object per line: step, loss, losses of the parts, seconds.
    """
    import torch

    from avatar.train_motion.loop import average_into, descend, record, save_state, set_rate
    from avatar.train_motion.model import ConvStack

    torch.manual_seed(plan.seed)
    model = ConvStack(INPUT_SIZE, plan.size, N_CHANNELS, TIME_SIZE)
    optimiser = torch.optim.AdamW(model.parameters(), lr=plan.rate, weight_decay=0.01)
    average = {name: value.detach().clone() for name, value in model.state_dict().items()}
    scaling, first = scaling_of(examples), 0
    if output.exists():
        state = torch.load(output, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        average, first = state["average"], state["step"]
        scaling = Scaling(state["mean"].numpy(), state["spread"].numpy())
    noise, started, losses = scheduler(), time.time(), []
    for step in range(first, plan.steps):
        rng = np.random.default_rng([plan.seed, step])
        set_rate(optimiser, plan.rate, step, plan.steps, warm_up=200)
        loss, parts = _step(model, _draw(examples, scaling, plan, rng), noise)
        descend(loss, model, optimiser)
        losses.append({"loss": float(loss.detach()), **parts})
        average_into(average, model, step)
        if (step + 1) % plan.save_every == 0 or step + 1 == plan.steps:
            state = {"model": model.state_dict(), "average": average, "optimiser": optimiser.state_dict(),
                     "mean": torch.from_numpy(scaling.mean), "spread": torch.from_numpy(scaling.spread),
                     "step": step + 1}  # fmt: skip
            save_state(state, output)
            row = {"step": step + 1, "seconds": round(time.time() - started, 1)}
            row |= {name: round(float(np.mean([each[name] for each in losses])), 4) for name in losses[0]}
            record(log, row)
            losses = []


@dataclass(frozen=True, eq=False)
class _Windows:
    """A batch: (B, W, …) motion, known share of it, its sound and emotion or none, and finished frames."""

    motion: npt.NDArray[np.float32]
    counted: npt.NDArray[np.float32]
    noise: npt.NDArray[np.float32]
    times: npt.NDArray[np.int64]
    sound: list[npt.NDArray[np.float32] | None]
    emotion: list[npt.NDArray[np.float32] | None]
    known: list[int]


def _draw(examples: Sequence[Example], scaling: Scaling, plan: DiffusionTraining, rng: np.random.Generator) -> _Windows:
    pools = [[e for e in examples if e.captured is kind] for kind in (False, True)]
    motion = np.zeros((plan.batch, WINDOW, N_CHANNELS), np.float32)
    counted = np.zeros((plan.batch, WINDOW, N_CHANNELS), np.float32)
    sounds: list[npt.NDArray[np.float32] | None] = []
    emotions: list[npt.NDArray[np.float32] | None] = []
    known: list[int] = []
    for row in range(plan.batch):
        pool = pools[int(bool(pools[1]) and rng.uniform() < plan.capture_share)]
        example = pool[rng.integers(len(pool))]
        take = int(rng.integers(len(example.motion)))
        start = int(rng.integers(max(len(example.sound) - WINDOW + TAIL, 0) + 1))
        piece = slice(start, start + WINDOW)
        scaled = (example.motion[take, piece] - scaling.mean) / scaling.spread
        length = len(scaled)
        counted[row, :length] = np.isfinite(scaled)
        motion[row, :length] = np.nan_to_num(scaled)
        known.append(min(CONTEXT, length - 1) if start and rng.uniform() < plan.context_share else 0)
        dropped = rng.uniform()
        missing = ((0, WINDOW - length), (0, 0))
        sound = np.pad(example.sound[piece], missing, mode="edge") + rng.normal(0.0, 0.05)
        emotion = np.pad(example.emotion[take, piece], missing, mode="edge")
        sounds.append(None if dropped < plan.sound_dropout else sound)
        emotions.append(None if dropped < plan.sound_dropout + plan.emotion_dropout else emotion)
    noise = rng.standard_normal(motion.shape, np.float32)
    times = rng.integers(TRAIN_STEPS, size=plan.batch)
    for row, frames in enumerate(known):
        counted[row, :frames] = 0.0
    return _Windows(motion, counted, noise, times, sounds, emotions, known)


def _step(model: Any, batch: _Windows, noise: Any) -> tuple[Any, dict[str, float]]:
    """Return the loss of a batch and its parts."""
    import torch

    clean, added = torch.from_numpy(batch.motion), torch.from_numpy(batch.noise)
    times = torch.from_numpy(batch.times)
    noisy = noise.add_noise(clean, added, times).numpy()
    inputs = np.stack([
        network_input(noisy[row], batch.motion[row, : batch.known[row]], batch.sound[row], batch.emotion[row])
        for row in range(len(noisy))
    ])  # fmt: skip
    predicted = model(torch.from_numpy(inputs), torch.from_numpy(embed_time(batch.times)))
    error = (predicted - noise.get_velocity(clean, added, times)).square() * torch.from_numpy(batch.counted)
    seen = torch.from_numpy(batch.counted)
    loss, parts = torch.zeros(()), {}
    for name, weight in WEIGHTS.items():
        columns = [i for i, channel in enumerate(CHANNELS) if channel.startswith(name + ".")]
        mean = error[..., columns].sum() / seen[..., columns].sum().clamp(min=1.0)
        loss = loss + weight * len(columns) / N_CHANNELS * mean
        parts[name] = float(mean.detach())
    return loss, parts
