"""The networks of :mod:`avatar.audio_motion.network` in torch, for training."""

from __future__ import annotations

from torch import Tensor, nn

from avatar.audio_motion.network import DILATIONS, EPSILON, KERNEL

__all__ = ["ConvStack"]


class Block(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Depthwise convolution, norm with an optional condition, perceptron."""

    def __init__(self, size: int, dilation: int, condition: int) -> None:
        super().__init__()
        reach = dilation * (KERNEL // 2)
        self.depthwise = nn.Conv1d(size, size, KERNEL, padding=reach, dilation=dilation, groups=size)
        self.norm = nn.LayerNorm(size, eps=EPSILON)
        self.film = nn.Linear(condition, 2 * size) if condition else None
        self.widen = nn.Linear(size, 2 * size)
        self.narrow = nn.Linear(2 * size, size)
        nn.init.zeros_(self.narrow.bias)
        nn.init.normal_(self.narrow.weight, std=0.02)

    def forward(self, hidden: Tensor, condition: Tensor | None) -> Tensor:
        """Return what the block adds to (B, T, H)."""
        moved = self.norm(self.depthwise(hidden.transpose(1, 2)).transpose(1, 2))
        if self.film is not None:
            assert condition is not None
            scale, shift = self.film(condition)[:, None].chunk(2, dim=-1)
            moved = moved * (1.0 + scale) + shift
        narrow: Tensor = self.narrow(nn.functional.gelu(self.widen(moved), approximate="tanh"))
        return narrow


class ConvStack(nn.Module):  # type: ignore[misc]
    """The training twin of :class:`avatar.audio_motion.network.ConvStack`."""

    def __init__(self, inputs: int, size: int, outputs: int, condition: int = 0) -> None:
        super().__init__()
        self.inlet = nn.Linear(inputs, size)
        self.blocks = nn.ModuleList(Block(size, dilation, condition) for dilation in DILATIONS)
        self.norm = nn.LayerNorm(size, eps=EPSILON)
        self.outlet = nn.Linear(size, outputs)

    def forward(self, inputs: Tensor, condition: Tensor | None = None) -> Tensor:
        """Map (B, T, C) and (B, D) to (B, T, K)."""
        hidden = self.inlet(inputs)
        for block in self.blocks:
            hidden = hidden + block(hidden, condition)
        result: Tensor = self.outlet(self.norm(hidden))
        return result
