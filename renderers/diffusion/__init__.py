"""A latent-diffusion talking head that loads the published MEMO weights and takes emotion continuously.

Nothing here imports torch until it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["FAST", "DiffusionRenderer", "Sampling", "TalkingHead", "from_pretrained", "train_diffusion"]

_HOMES = {
    "DiffusionRenderer": "renderer",
    "FAST": "sampling",
    "Sampling": "sampling",
    "TalkingHead": "model",
    "from_pretrained": "loading",
    "train_diffusion": "training",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
