"""The reference network: Stable Diffusion 1.5's U-Net at time 0, read out layer by layer.

It is shown the portrait and the past frames. Each layer with attention gives the token sequence after the
transformer's first norm; the attention-free lowest level gives the feature map of each residual block.
Everything after the last of these does not exist.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from renderers.diffusion.config import NetConfig
from renderers.diffusion.layers import (
    TRANSFORMER_NORM_EPS,
    Downsample,
    TimeEmbedding,
    TransformerBlock,
    Upsample,
    from_tokens,
    resnet,
    to_tokens,
)

__all__ = ["ReferenceNet", "down_widths", "up_widths"]


class _ReferenceBlock(TransformerBlock):
    def forward(self, x: Tensor, image_tokens: Tensor) -> tuple[Tensor, Tensor]:
        feature = self.norm1(x)
        x = x + self.attn1(feature)
        x = x + self.attn2(self.norm2(x), image_tokens)
        return x + self.ff(self.norm3(x)), feature


class _ReferenceTransformer(nn.Module):
    def __init__(self, dim: int, config: NetConfig, last: bool = False) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(config.norm_num_groups, dim, eps=TRANSFORMER_NORM_EPS)
        self.proj_in = nn.Conv2d(dim, dim, 1)
        self.transformer_blocks = nn.ModuleList([_ReferenceBlock(dim, config, only_norm=last)])
        if not last:
            self.proj_out = nn.Conv2d(dim, dim, 1)

    def read_only(self, images: Tensor) -> Tensor:
        """Return the tokens after the first norm, without going on."""
        feature: Tensor = self.transformer_blocks[0].norm1(to_tokens(self.proj_in(self.norm(images))))
        return feature

    def forward(self, images: Tensor, image_tokens: Tensor) -> tuple[Tensor, Tensor]:
        tokens = to_tokens(self.proj_in(self.norm(images)))
        tokens, feature = self.transformer_blocks[0](tokens, image_tokens)
        return images + self.proj_out(from_tokens(tokens, *images.shape[-2:])), feature


class _Stage(nn.Module):
    """One level of the way down or up: residual blocks, transformers where there are any, resampling."""

    def __init__(self, widths: list[tuple[int, int]], config: NetConfig, attention: bool, ends_early: bool = False):
        super().__init__()
        self.resnets = nn.ModuleList([resnet(cin, cout, config) for cin, cout in widths])
        if attention:
            last = len(widths) - 1
            self.attentions = nn.ModuleList(
                [_ReferenceTransformer(cout, config, ends_early and i == last) for i, (_, cout) in enumerate(widths)]
            )

    def layer(self, i: int, images: Tensor, time: Tensor, image_tokens: Tensor) -> tuple[Tensor, Tensor]:
        images = self.resnets[i](images, time)
        if not hasattr(self, "attentions"):
            return images, images
        transformer = self.attentions[i]
        if not hasattr(transformer, "proj_out"):
            return images, transformer.read_only(images)
        images, feature = transformer(images, image_tokens)
        return images, feature


def down_widths(config: NetConfig, level: int) -> list[tuple[int, int]]:
    """Input and output widths of the residual blocks of one level on the way down."""
    widths = config.block_out_channels
    cin, cout = widths[max(level - 1, 0)], widths[level]
    return [(cin if i == 0 else cout, cout) for i in range(config.layers_per_block)]


def up_widths(config: NetConfig, stage: int) -> list[tuple[int, int]]:
    """Input and output widths of the residual blocks of one way-up stage, skip channels included."""
    widths = config.block_out_channels[::-1]
    before, cout = widths[max(stage - 1, 0)], widths[stage]
    below = widths[min(stage + 1, len(widths) - 1)]
    count = config.layers_per_block + 1
    return [((before if i == 0 else cout) + (below if i == count - 1 else cout), cout) for i in range(count)]


class ReferenceNet(nn.Module):
    """Features of the portrait and of the past frames, in network order.

    Parameters
    ----------
    config : NetConfig
        Sizes; the published ones by default.
    """

    def __init__(self, config: NetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or NetConfig()
        widths = config.block_out_channels
        lowest = len(widths) - 1
        self.conv_in = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        self.time_embedding = TimeEmbedding(widths[0])
        self.down_blocks = nn.ModuleList()
        for level in range(len(widths)):
            stage = _Stage(down_widths(config, level), config, attention=level != lowest)
            if level != lowest:
                stage.downsamplers = nn.ModuleList([Downsample(widths[level])])
            self.down_blocks.append(stage)
        self.mid_block = _Stage([(widths[-1], widths[-1])], config, attention=True)
        self.mid_block.resnets.append(resnet(widths[-1], widths[-1], config))
        self.up_blocks = nn.ModuleList()
        for i in range(len(widths)):
            stage = _Stage(up_widths(config, i), config, attention=i != 0, ends_early=i == lowest)
            if i != lowest:
                stage.upsamplers = nn.ModuleList([Upsample(widths[lowest - i])])
            self.up_blocks.append(stage)

    def forward(self, latents: Tensor, image_tokens: Tensor) -> list[Tensor]:
        """Return the features of each image.

        Parameters
        ----------
        latents : (M, 4, h, w) float
            Scaled latents of the images; ``h`` and ``w`` divisible by 8.
        image_tokens : (M, 4, C) float
            Image tokens for each image.

        Returns
        -------
        list of Tensor
            21 features: (M, N, c) tokens, or (M, c, h, w) maps in the lowest level.
        """
        features: list[Tensor] = []
        time = self.time_embedding(torch.zeros(1, device=latents.device))
        images = self.conv_in(latents)
        skips = [images]
        for stage in self.down_blocks:
            for i in range(len(stage.resnets)):
                images, feature = stage.layer(i, images, time, image_tokens)
                features.append(feature)
                skips.append(images)
            if hasattr(stage, "downsamplers"):
                images = stage.downsamplers[0](images)
                skips.append(images)
        images, feature = self.mid_block.layer(0, images, time, image_tokens)
        features.append(feature)
        images = self.mid_block.resnets[1](images, time)
        for stage in self.up_blocks:
            for i in range(len(stage.resnets)):
                images = torch.cat([images, skips.pop()], dim=1)
                images, feature = stage.layer(i, images, time, image_tokens)
                features.append(feature)
            if hasattr(stage, "upsamplers"):
                images = stage.upsamplers[0](images)
        return features
