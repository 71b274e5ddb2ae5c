"""Put the four models of the audio-only path into one checkpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import checkpoints
from avatar.audio_motion.lips import CHECKPOINT, VERSION

__all__ = ["Readers", "export", "shipped_lips"]

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Readers:
    """What is fitted without gradients: (weight, bias) of each, and r of opening and width on clips left out."""

    opening: tuple[Array, Array]
    person: tuple[Array, Array]
    left_out: Mapping[str, tuple[float, float]]

    def tensors(self) -> dict[str, Array]:
        """Return them by their names in the checkpoint."""
        return {
            "opening.weight": self.opening[0],
            "opening.bias": self.opening[1],
            "person.weight": self.person[0],
            "person.bias": self.person[1],
        }


def shipped_lips() -> dict[str, Array]:
    """Return the weights of the lip network that is shipped."""
    return {name.removeprefix("lips."): tensor.astype(np.float32) for name, tensor in _shipped("lips.").items()}


def _shipped(*prefixes: str) -> dict[str, Array]:
    stored = checkpoints.load(CHECKPOINT).tensors
    return {name: np.array(tensor) for name, tensor in stored.items() if name.startswith(prefixes)}


def _facts(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a checkpoint was made that another builds on."""
    told = ("made_by", "seed", "data", "plan", "rounds", "steps", "losses", "sha256")
    return {name: entry[name] for name in told if name in entry}


def export(
    output: Path,
    work: Path,
    readers: Readers | None,
    *,
    made_by: str,
    seed: int = 0,
    data: str = "",
    metrics: Mapping[str, float] | None = None,
) -> Path:
    """Write the averaged weights as half-precision safetensors and enter them into the manifest.

    Parameters
    ----------
    output : Path
        Folder of the manifest.
    work : Path
        Holds ``lips.pt``, ``diffusion.pt`` and their logs; a model that is not there is kept as it is shipped.
    readers : Readers, optional
        By default those that are shipped.
    made_by : str
        The command.
    seed : int
    data : str
        What the corpus held.
    metrics : mapping, optional
        What ``mien evaluate motion`` said.
    """
    import torch
    from safetensors.numpy import save_file

    tensors = readers.tensors() if readers else _shipped("opening.", "person.")
    before = checkpoints.manifest().get(CHECKPOINT, {})
    left_out = readers.left_out if readers else before["capture_left_out_r"]
    steps: dict[str, int] = {}
    losses: dict[str, Any] = {}
    for name, prefix, *others in (("lips", "lips."), ("diffusion", "motion.", "scaling.")):
        if not (work / f"{name}.pt").exists():
            tensors |= _shipped(prefix, *others)
            continue
        state = torch.load(work / f"{name}.pt", weights_only=True)
        tensors |= {prefix + key: value.numpy().astype(np.float16) for key, value in state["average"].items()}
        steps[name] = int(state["step"])
        log = work / f"{name}.jsonl"
        losses[name] = json.loads(log.read_text().splitlines()[-1]) if log.exists() else {}
        if name == "diffusion":
            tensors |= {"scaling.mean": state["mean"].numpy(), "scaling.spread": state["spread"].numpy()}
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{CHECKPOINT}.safetensors"
    partial = path.with_suffix(".partial")
    save_file(tensors, partial)
    partial.chmod(0o644)
    partial.replace(path)
    checkpoints.register(
        CHECKPOINT, path, version=VERSION, licence="Apache-2.0",
        attribution="Learnt from the phone path's own curves over espeak-ng voices in many shapes, flite's voices "
        "(Carnegie Mellon University, BSD-like) and the daisy voice reading LJSpeech's text (public domain), over "
        "recordings of LJSpeech, and from captured curves of FACEGOOD Audio2Face (MIT), clip 1114_3_15 held out; the "
        "sound of people's voices also from LibriSpeech (CC BY 4.0) and EmoDB (CC0)",
        source="https://github.com/FACEGOOD/FACEGOOD-Audio2Face, https://keithito.com/LJ-Speech-Dataset",
        made_by=made_by, seed=seed, data=data, steps=steps, losses=losses,
        capture_left_out_r={name: [round(r, 4) for r in pair] for name, pair in left_out.items()},
        metrics=dict(metrics or {}), earlier=[*before.get("earlier", []), _facts(before)] if before else [],
    )  # fmt: skip
    return path
