"""Spatial attention of the diffusion network: each frame attends to itself, the portrait and the image tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from renderers.diffusion.branches import Branches, KeysValues
from renderers.diffusion.config import NetConfig
from renderers.diffusion.layers import TRANSFORMER_NORM_EPS, TransformerBlock, from_tokens, to_tokens

__all__ = ["VideoTransformer"]


class _VideoBlock(TransformerBlock):
    def self_attention(
        self, x: Tensor, plain_rows: int, reference: KeysValues | None, reference_rows: Tensor | None
    ) -> Tensor:
        """Attend within each frame; rows after ``plain_rows`` see the portrait's tokens as well.

        The published code also lets the unconditional rows see the portrait and throws that away.
        """
        attn = self.attn1
        q, (k, v) = attn.to_q(x), attn.project(x)
        if reference is None or reference_rows is None:
            return attn.mix(q, k, v)
        parts = [attn.mix(q[:plain_rows], k[:plain_rows], v[:plain_rows])] if plain_rows else []
        ref_k, ref_v = (
            t.expand(reference_rows.shape[0], -1, -1) if len(t) == 1 else t[reference_rows] for t in reference
        )
        k, v = torch.cat([k[plain_rows:], ref_k], 1), torch.cat([v[plain_rows:], ref_v], 1)
        return torch.cat([*parts, attn.mix(q[plain_rows:], k, v)])

    def image_attention(self, x: Tensor, image_kv: KeysValues) -> Tensor:
        """All frames of a branch attend to the branch's image tokens."""
        k, v = image_kv
        q = self.attn2.to_q(x).reshape(k.shape[0], -1, k.shape[-1])
        return self.attn2.mix(q, k, v).reshape(x.shape)


class VideoTransformer(nn.Module):
    """Group norm, 1×1 in, one transformer block, 1×1 out, residual."""

    def __init__(self, dim: int, config: NetConfig) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(config.norm_num_groups, dim, eps=TRANSFORMER_NORM_EPS)
        self.proj_in = nn.Conv2d(dim, dim, 1)
        self.transformer_blocks = nn.ModuleList([_VideoBlock(dim, config)])
        self.proj_out = nn.Conv2d(dim, dim, 1)

    @property
    def block(self) -> _VideoBlock:
        """The one transformer block."""
        block = self.transformer_blocks[0]
        assert isinstance(block, _VideoBlock)
        return block

    def image_keys(self, image_tokens: Tensor) -> KeysValues:
        """Keys and values of image tokens (branches, 4, C); constant over a video."""
        return self.block.attn2.project(image_tokens)

    def reference_keys(self, feature: Tensor) -> KeysValues:
        """Keys and values of the portrait's features (halves, N, c); constant over a video."""
        return self.block.attn1.project(feature)

    def forward(
        self,
        images: Tensor,
        branches: Branches,
        image_kv: KeysValues,
        reference_kv: KeysValues | None,
        reference_rows: Tensor | None,
    ) -> Tensor:
        """Transform (B·F, c, h, w) frames."""
        block = self.block
        x = to_tokens(self.proj_in(self.norm(images)))
        x = x + block.self_attention(block.norm1(x), branches.plain_rows, reference_kv, reference_rows)
        x = x + block.image_attention(block.norm2(x), image_kv)
        x = x + block.ff(block.norm3(x))
        return images + self.proj_out(from_tokens(x, *images.shape[-2:]))
