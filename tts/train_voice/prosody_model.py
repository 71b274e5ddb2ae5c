"""The prosody encoder in torch, with the heads that only its training needs.

:mod:`tts.daisy.prosody_encoder` is the same thing in numpy, and a test holds them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from tts.daisy.prosody_encoder import N_COLUMNS, SIZES
from tts.daisy.style import N_STYLE

from .model import Block

__all__ = ["EMOTIONS", "ProsodyModel", "reverse_gradient"]

#: What EmoDB's actors play; the head tells these apart.
EMOTIONS: tuple[str, ...] = ("neutral", "joy", "fear", "sadness", "disgust", "anger", "boredom")


class _Reversed(torch.autograd.Function):
    """Identity whose gradient changes its sign (Y. Ganin and V. Lempitsky, ICML 2015, eq. 9 and 10)."""

    @staticmethod
    def forward(context: Any, x: Tensor, strength: float) -> Tensor:
        context.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -context.strength * gradients[0], None


def reverse_gradient(x: Tensor, strength: float) -> Tensor:
    """Return ``x``; in the backward pass its gradient is multiplied by ``-strength``."""
    result: Tensor = _Reversed.apply(x, strength)
    return result


class ProsodyModel(nn.Module):
    """Encoder with a linear emotion head and a speaker head behind a gradient reversal."""

    def __init__(
        self, n_speakers: int, mean: Sequence[float] | None = None, std: Sequence[float] | None = None
    ) -> None:
        super().__init__()
        width, hidden, kernel, count = SIZES
        self.register_buffer("mean", torch.zeros(N_COLUMNS) if mean is None else torch.as_tensor(mean).float())
        self.register_buffer("std", torch.ones(N_COLUMNS) if std is None else torch.as_tensor(std).float())
        self.input = nn.Linear(N_COLUMNS, width)
        self.blocks = nn.ModuleList(Block(width, hidden, kernel, 0.1) for _ in range(count))
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(2 * width, N_STYLE)
        self.emotion = nn.Linear(N_STYLE, len(EMOTIONS))
        self.speaker = nn.Sequential(nn.Linear(N_STYLE, 64), nn.GELU(), nn.Linear(64, n_speakers))

    def forward(self, table: Tensor) -> Tensor:
        """(B, T, N_COLUMNS) → u (B, N_STYLE)."""
        x = self.input((table - self.mean) / self.std)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x).float()
        centre = x.mean(1)
        spread = (((x - centre[:, None]) ** 2).mean(1) + 1e-5).sqrt()
        result: Tensor = self.output(torch.cat([centre, spread], dim=1))
        return result

    def speakers(self, style: Tensor, strength: float) -> Tensor:
        """Return logits of the speakers, whose gradient is turned around on its way into the encoder."""
        result: Tensor = self.speaker(reverse_gradient(style, strength))
        return result
