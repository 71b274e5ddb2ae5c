"""Where frames see each other: linear attention over time with a decaying memory of past frames.

Every spatial position is a sequence of its own. Past frames enter only as two sums (keysᵀ·values and keys),
so that a window's past is prepared once and a video of any length keeps a memory of constant size.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from renderers.diffusion.branches import Branches, Memory
from renderers.diffusion.config import NetConfig
from renderers.diffusion.layers import TRANSFORMER_NORM_EPS, feed_forward

__all__ = ["MEMORY_DECAY", "MotionModule"]

MEMORY_DECAY = 0.9
"""Weight of a past frame against the frame after it."""
GROUPS = 32
DENOMINATOR_FLOOR = 1e-10


def _position_table(rows: int, dim: int) -> Tensor:
    """Sines on even and cosines on odd channels, (1, rows, dim) float32."""
    rates = torch.exp(torch.arange(0, dim, 2, dtype=torch.float32) * (-math.log(10000.0) / dim))
    angles = torch.arange(rows, dtype=torch.float32)[:, None] * rates
    table = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
    return table[None]


class _PositionEncoder(nn.Module):
    def __init__(self, rows: int, dim: int) -> None:
        super().__init__()
        self.pe: Tensor
        self.register_buffer("pe", _position_table(rows, dim))


class _MemoryAttention(nn.Module):
    """Linear attention over new frames and the memory of past ones."""

    def __init__(self, dim: int, config: NetConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_k = nn.Linear(dim, dim, bias=False)
        self.to_v = nn.Linear(dim, dim, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(dim, dim)])
        self.pos_encoder = _PositionEncoder(config.max_frames, dim)

    def _split(self, x: Tensor) -> Tensor:
        """(B, N, F, C) → (B, N, heads, F, w)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(2, 3)

    def past_sums(self, past: Tensor, index: Tensor) -> Memory:
        """Sums over past frames, newest with weight 1.

        Parameters
        ----------
        past : (R, N, C) float
            Normed, projected features of distinct past images.
        index : (halves, P) int64
            Which of them are the past frames, oldest first.
        """
        k, v = (self._split(x[index].transpose(1, 2)) for x in (self.to_k(past), self.to_v(past)))
        k = k.softmax(dim=-2)
        ages = torch.arange(index.shape[1] - 1, -1, -1, device=k.device, dtype=torch.float32)
        decay = (MEMORY_DECAY**ages).to(k.dtype)[:, None]
        k, v = k * decay, v * decay
        return Memory(k.transpose(-1, -2) @ v, k.sum(dim=-2))

    def forward(self, x: Tensor, branches: Branches, memory: Memory) -> Tensor:
        """Attend over the frames of (B, N, F, C)."""
        x = x + self.pos_encoder.pe[:, : x.shape[2]].to(x.dtype)
        q = self._split(self.to_q(x)).softmax(dim=-1)
        k = self._split(self.to_k(x)).softmax(dim=-2)
        v = self._split(self.to_v(x))
        # q (kᵀ v) = (q kᵀ) v: with few frames the right side is much the cheaper.
        weights = q @ k.transpose(-1, -2)
        top, bottom = weights @ v, weights.sum(dim=-1)
        remembered = [self._recall(q[rows], memory, half) for half, rows in branches.memory_groups]
        past_top, past_bottom = (
            torch.cat(parts) if len(parts) > 1 else parts[0] for parts in zip(*remembered, strict=True)
        )
        top = torch.add(top, past_top, alpha=MEMORY_DECAY)
        bottom = torch.add(bottom, past_bottom, alpha=MEMORY_DECAY)
        mixed = top / bottom.clamp_min(DENOMINATOR_FLOOR)[..., None]
        out: Tensor = self.to_out[0](mixed.transpose(2, 3).flatten(-2))
        return out

    @staticmethod
    def _recall(q: Tensor, memory: Memory, half: int) -> tuple[Tensor, Tensor]:
        """Queries (B, N, heads, F, w) of some branches against one half of the memory."""
        branches, _, _, frames, _ = q.shape
        folded = q.permute(1, 2, 0, 3, 4).flatten(2, 3)
        top = (folded @ memory.kv[half]).unflatten(2, (branches, frames)).permute(2, 0, 1, 3, 4)
        bottom = (folded @ memory.z[half][..., None])[..., 0].unflatten(2, (branches, frames)).permute(2, 0, 1, 3)
        return top, bottom


class _TemporalBlock(nn.Module):
    def __init__(self, dim: int, config: NetConfig) -> None:
        super().__init__()
        self.attention_blocks = nn.ModuleList([_MemoryAttention(dim, config) for _ in range(2)])
        self.norms = nn.ModuleList([nn.LayerNorm(dim) for _ in range(2)])
        self.ff = feed_forward(dim)
        self.ff_norm = nn.LayerNorm(dim)


class _TemporalTransformer(nn.Module):
    def __init__(self, dim: int, config: NetConfig) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, dim, eps=TRANSFORMER_NORM_EPS)
        self.proj_in = nn.Linear(dim, dim)
        self.transformer_blocks = nn.ModuleList([_TemporalBlock(dim, config)])
        self.proj_out = nn.Linear(dim, dim)


class MotionModule(nn.Module):
    """Group norm, linear in, two memory attentions and a feed-forward, linear out, residual."""

    def __init__(self, dim: int, config: NetConfig) -> None:
        super().__init__()
        self.temporal_transformer = _TemporalTransformer(dim, config)

    def past_sums(self, past: Tensor, index: Tensor) -> list[Memory]:
        """Sums of both attentions over the past frames of a window.

        Both see the same projected features; the past is never updated by attention, positions or
        feed-forward.

        Parameters
        ----------
        past : (R, C, h, w) float
            Reference-network features of distinct images.
        index : (halves, P) int64
            Which of them are the past frames, oldest first.
        """
        inner = self.temporal_transformer
        block = inner.transformer_blocks[0]
        x = inner.proj_in(inner.norm(past).flatten(2).transpose(1, 2))
        pairs = zip(block.norms, block.attention_blocks, strict=True)
        return [attention.past_sums(norm(x), index) for norm, attention in pairs]

    def forward(self, images: Tensor, branches: Branches, memories: list[Memory]) -> Tensor:
        """Transform (B·F, C, h, w) frames over time."""
        inner = self.temporal_transformer
        block = inner.transformer_blocks[0]
        height, width = images.shape[-2:]
        x = inner.norm(images).flatten(2).unflatten(0, (branches.count, branches.frames))
        x = inner.proj_in(x.permute(0, 3, 1, 2))  # (B, N, F, C)
        for norm, attention, memory in zip(block.norms, block.attention_blocks, memories, strict=True):
            x = x + attention(norm(x), branches, memory)
        x = inner.proj_out(x + block.ff(block.ff_norm(x)))
        return images + x.permute(0, 2, 3, 1).flatten(0, 1).unflatten(2, (height, width))
