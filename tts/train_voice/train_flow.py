"""Train the flow-matching decoder on a finished acoustic model, whose other networks stay as they are."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tts.daisy.network import Sizes

from .data import Item
from .losses import flow_loss
from .model import AcousticModel
from .train import REPORT_STEPS, SAVE_STEPS, Styles, TrainingPlan, draw, faster_in_bfloat16, load_items

__all__ = ["train_flow", "with_flow"]


def with_flow(state: dict[str, object], blocks: int) -> AcousticModel:
    """Return the averaged acoustic model of :func:`tts.train_voice.train.train` with a flow that begins as its decoder.

    The flow's blocks are those of the plain decoder, which knows how phones sound; only what reads the noisy features
    and the time is new.
    """
    sizes = replace(Sizes(**json.loads(str(state["sizes"]))), flow_blocks=blocks)
    model = AcousticModel(sizes)
    weights = dict(model.state_dict())
    average = state["average"]
    assert isinstance(average, dict)
    weights |= average
    for name, tensor in average.items():
        twin = name.replace("decoder", "flow", 1)
        if name.startswith("decoder") and twin in weights and weights[twin].shape == tensor.shape:
            weights[twin] = tensor
    model.load_state_dict(weights)
    return model


def train_flow(
    folder: Path,
    acoustic: Path,
    out: Path,
    held: frozenset[str],
    plan: TrainingPlan,
    styles: Styles,
    *,
    blocks: int = 6,
) -> Iterator[dict[str, float]]:
    """Train and yield a report every 25 steps; ``out`` holds all to go on, and the averaged weights.

    Parameters
    ----------
    folder, held, plan, styles
        As in :func:`tts.train_voice.train.train`.
    acoustic : Path
        What that function has written.
    out : Path
        State of this training.
    blocks : int
        Depth of the flow.
    """
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    source = torch.load(acoustic, weights_only=False)  # our own file, on the trainer's machine
    model = with_flow(source, blocks)
    learning = {name: p for name, p in model.named_parameters() if name.startswith("flow")}
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in learning)
    optimiser = torch.optim.AdamW(learning.values(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.01)
    average, step, spent = {name: p.detach().clone() for name, p in learning.items()}, 0, 0.0
    if out.exists():
        state = torch.load(out, weights_only=False)
        model.load_state_dict(state["flow"], strict=False)
        optimiser.load_state_dict(state["optimiser"])
        average, step, spent = state["average"], state["step"], state["spent"]
    items = load_items(folder, held, dict[str, Item]())
    rng, clock, losses = np.random.default_rng([plan.seed, 1, step]), time.time(), list[float]()
    while spent < plan.minutes * 60:
        for group in optimiser.param_groups:
            left = 1.0 - spent / (plan.minutes * 60)
            group["lr"] = plan.rate * min(1.0, (step + 1) / 100) * min(1.0, left / 0.3)
        batch = draw(items, source["statistics"], plan, styles, rng)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=faster_in_bfloat16()):
            loss = flow_loss(model, batch, batch["style"], batch["step_style"])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(learning.values(), 1.0)
        optimiser.step()
        step += 1
        for name, parameter in learning.items():
            average[name].lerp_(parameter.detach(), 1 - min(plan.ema, step / (step + 20)))
        losses.append(float(loss.detach()))
        spent, clock = spent + time.time() - clock, time.time()
        if step % REPORT_STEPS == 0:
            yield {"step": step, "minutes": spent / 60, "flow": float(np.mean(losses[-REPORT_STEPS:]))}
        if step % SAVE_STEPS == 0 or spent >= plan.minutes * 60:
            flow = {name: parameter.detach() for name, parameter in learning.items()}
            torch.save({"flow": flow, "average": average, "optimiser": optimiser.state_dict(), "step": step,
                        "spent": spent, "sizes": json.dumps(asdict(model.sizes))}, out)  # fmt: skip
