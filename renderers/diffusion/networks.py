"""All networks of the renderer, from the options that a user gives; the latest are kept."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from renderers.diffusion.acceleration import accelerate
from renderers.diffusion.features import AudioFeatures
from renderers.diffusion.loading import from_pretrained
from renderers.diffusion.machine import choose_device, choose_dtype
from renderers.diffusion.model import TalkingHead
from renderers.diffusion.weights import WAV2VEC_ID

__all__ = ["load_features", "open_networks"]


@lru_cache(maxsize=1)
def open_networks(
    weights: str | Path | None, vae: str | Path | None, wav2vec: str | Path | None, device: str, dtype: str,
    acceleration: str, attention: str, offload: bool, tiling: bool,
) -> tuple[TalkingHead, AudioFeatures]:  # fmt: skip
    """Load all networks; the latest are kept, so that another portrait does not load them again."""
    where = choose_device(device)
    number = choose_dtype(dtype, where)
    head = from_pretrained(
        weights, vae=vae, device=where, dtype=number, attention=attention, offload=offload, tiling=tiling
    )
    accelerate(head, acceleration)
    return head, load_features(weights, wav2vec, head)


def load_features(weights: str | Path | None, wav2vec: str | Path | None, head: TalkingHead) -> AudioFeatures:
    """wav2vec2 from where it is given, else from ``wav2vec2/`` in the weights' folder, else from the hub."""
    inside = Path(weights or "") / "wav2vec2"
    place = "cpu" if head.offload else head.device
    return AudioFeatures.from_pretrained(wav2vec or (inside if weights and inside.is_dir() else WAV2VEC_ID), place)
