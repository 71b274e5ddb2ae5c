"""What the trainings of motion have in common: the rate, a step, the averaged weights, the state on disk, the log."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["average_into", "descend", "record", "save_state", "set_rate"]


def set_rate(optimiser: Any, peak: float, step: int, steps: int, warm_up: int) -> None:
    """Set the learning rate: a linear rise over ``warm_up`` steps under a cosine that ends at 0."""
    for group in optimiser.param_groups:
        group["lr"] = peak * min(1.0, (step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * step / steps))


def descend(loss: Any, model: Any, optimiser: Any) -> None:
    """Take one step down the gradient, its norm bounded by 1."""
    import torch

    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()


def average_into(average: dict[str, Any], model: Any, step: int) -> None:
    """Move the averaged weights, which are the ones that ship, towards the model's, in place."""
    keep = min(0.998, (step + 1) / (step + 10))
    for name, value in model.state_dict().items():
        average[name].mul_(keep).add_(value, alpha=1 - keep)


def save_state(state: Mapping[str, Any], output: Path) -> None:
    """Write a state whole or not at all."""
    import torch

    partial = output.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(output)


def record(log: Path | None, row: Mapping[str, float]) -> None:
    """Add a line of JSON to the log, if there is one."""
    if log:
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
