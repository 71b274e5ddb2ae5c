"""Train the acoustic model for a given time; interrupted runs go on where they were."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tts.daisy.network import Sizes

from .data import Item, Statistics, collate, load_item, statistics
from .model import AcousticModel

SPEAKERS: tuple[str, ...] = ("festival", "rms", "lj")  # folders of prepared features, in the model's order
PROSODY_SPEAKERS: tuple[int, ...] = (0, 1, 0)  # whose durations and F0 a speaker uses
SHARES: Mapping[str, float] = {"festival": 0.68, "rms": 0.2, "lj": 0.12}


@dataclass(frozen=True)
class TrainingPlan:
    """Numbers of a run.

    Attributes
    ----------
    minutes : float
        Wall time over all resumptions; the last 30 % lower the rate to zero.
    batch_size : int
    rate : float
        Peak of AdamW's learning rate.
    ema : float
        Decay of the averaged weights, which are the ones that ship.
    threads : int
    seed : int
    """

    minutes: float = 45.0
    batch_size: int = 8
    rate: float = 1.8e-3
    ema: float = 0.998
    threads: int = 1
    seed: int = 0


def load_items(folder: Path, held: frozenset[str], known: dict[str, Item]) -> list[Item]:
    """Read utterances that were prepared since the last call; ``known`` grows."""
    for speaker, name in enumerate(SPEAKERS):
        for path in sorted((folder / name).glob("*.npz")):
            key = f"{name}/{path.stem}"
            if key not in known and path.stem not in held:
                try:
                    known[key] = load_item(path, speaker)
                except (ValueError, OSError, EOFError):
                    continue  # still being written; the next call reads it
    return list(known.values())


def loss_of(model: AcousticModel, b: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
    """Return the loss of a batch and its parts."""
    prosody = torch.tensor(PROSODY_SPEAKERS + (0,) * 8)[b["speaker"]]
    own = (prosody == b["speaker"]).float()
    encoded = model.encode(b["ids"], b["features"], b["mask"])
    spans = model.durations(encoded, prosody, b["mask"])
    width = encoded.shape[-1]
    gathered = [encoded.gather(1, b[name][..., None].expand(-1, -1, width)) for name in ("first", "last")]
    f0, out = model.frames(torch.cat([*gathered, b["place"]], -1), prosody, b["speaker"])
    f0, out = f0.float(), out.float()
    valid = b["valid"][..., None]
    weight = torch.cat([torch.linspace(1.5, 0.5, 60), torch.full((3,), 0.5)])
    spectrum = ((out[..., :63] - b["targets"]).abs() * weight * valid[..., None]).sum() / (valid.sum() * 4 * 63)
    voicing = torch.nn.functional.binary_cross_entropy_with_logits(out[..., 63], b["voiced"], reduction="none")
    voicing = (voicing * valid).sum() / (valid.sum() * 4)
    heard = b["voiced"] * valid * own[:, None, None]
    pitch = ((f0 - b["f0"]).abs() * heard).sum() / heard.sum().clamp(min=1)
    mask = b["mask"].squeeze(-1) * own[:, None]
    duration = ((spans.float() - b["duration"]).abs() * mask).sum() / mask.sum().clamp(min=1)
    total = spectrum + 0.3 * voicing + 0.3 * pitch + 0.3 * duration
    parts = {"spectrum": spectrum, "voicing": voicing, "pitch": pitch, "duration": duration}
    return total, {name: float(value) for name, value in parts.items()}


def draw(items: Sequence[Item], stats: Statistics, plan: TrainingPlan, rng: np.random.Generator) -> dict[str, Tensor]:
    """Draw a batch in which every speaker that is there has its share."""
    by_speaker = [[item for item in items if item.speaker == k] for k in range(len(SPEAKERS))]
    shares = np.array([SHARES[name] if own else 0.0 for name, own in zip(SPEAKERS, by_speaker, strict=True)])
    counts = rng.multinomial(plan.batch_size, shares / shares.sum())
    chosen = [own[i] for own, n in zip(by_speaker, counts, strict=True) for i in rng.integers(max(1, len(own)), size=n)]
    return collate(chosen, stats, rng)


def train(folder: Path, out: Path, held: frozenset[str], plan: TrainingPlan) -> Iterator[dict[str, float]]:
    """Train and yield a report every 50 steps; ``out`` is written every 200 steps and holds all to go on."""
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    sizes = Sizes()
    model, known = AcousticModel(sizes), dict[str, Item]()
    items = load_items(folder, held, known)
    optimiser = torch.optim.AdamW(model.parameters(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.01)
    average = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    step, spent, stats = 0, 0.0, None
    if out.exists():
        state = torch.load(out, weights_only=False)  # our own file, on the trainer's machine
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        average, step, spent, stats = state["average"], state["step"], state["spent"], state["statistics"]
    stats = statistics(items, sizes.speakers) if stats is None else _fresh(stats, items, sizes.speakers)
    clock, sums = time.time(), dict[str, float]()
    while spent < plan.minutes * 60:
        if step % 200 == 0 and step:
            before = {item.speaker for item in items}
            items = load_items(folder, held, known)
            if {item.speaker for item in items} != before:
                stats = _fresh(stats, items, sizes.speakers)
        part = spent / (plan.minutes * 60)
        rate = plan.rate * min(1.0, (step + 1) / 200) * min(1.0, (1.0 - part) / 0.3)
        for group in optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss, parts = loss_of(model, draw(items, stats, plan, rng))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        decay = min(plan.ema, step / (step + 20))
        for name, tensor in model.state_dict().items():
            average[name].lerp_(tensor, 1 - decay)
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value / 50
        spent, clock = spent + time.time() - clock, time.time()
        if step % 50 == 0:
            yield {"step": step, "minutes": spent / 60, "items": len(items), **sums}
            sums = {}
        if step % 200 == 0 or spent >= plan.minutes * 60:
            _save(out, model, optimiser, average, step, spent, stats, sizes)


def _fresh(old: Statistics, items: Sequence[Item], n_speakers: int) -> Statistics:
    """Keep the statistics of speakers that were already trained on; measure the new ones."""
    new = statistics(items, n_speakers)
    kept = {}
    for name in asdict(old):
        was, now = getattr(old, name), getattr(new, name)
        changed = (was == was[0]).reshape(n_speakers, -1).all(1)
        changed[0] = False
        kept[name] = np.where(changed.reshape(-1, *[1] * (was.ndim - 1)), now, was)
    return Statistics(**kept)


def _save(
    out: Path,
    model: AcousticModel,
    optimiser: torch.optim.Optimizer,
    average: dict[str, Tensor],
    step: int,
    spent: float,
    stats: Statistics,
    sizes: Sizes,
) -> None:
    partial = out.with_suffix(".partial")
    state = {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "average": average,
        "step": step,
        "spent": spent,
        "statistics": stats,
        "sizes": json.dumps(asdict(sizes)),
    }
    torch.save(state, partial)
    partial.replace(out)
