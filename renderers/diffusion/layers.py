"""The pieces of the U-Net that both networks share, with Stable Diffusion 1.5's parameter names.

Tensors are images in a batch: video frames are folded into the batch, branch by branch, so that every norm
and convolution sees one frame at a time.
"""

from __future__ import annotations

from diffusers.models.attention import FeedForward
from diffusers.models.embeddings import TimestepEmbedding, get_timestep_embedding
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn
from torch.nn import functional

from renderers.diffusion.attention import Attention
from renderers.diffusion.config import NetConfig

__all__ = [
    "TRANSFORMER_NORM_EPS",
    "Downsample",
    "TimeEmbedding",
    "TransformerBlock",
    "Upsample",
    "feed_forward",
    "from_tokens",
    "resnet",
    "to_tokens",
]

TRANSFORMER_NORM_EPS = 1e-6


def to_tokens(images: Tensor) -> Tensor:
    """(B, C, H, W) → (B, H·W, C)."""
    return images.flatten(2).transpose(1, 2)


def from_tokens(tokens: Tensor, height: int, width: int) -> Tensor:
    """(B, H·W, C) → (B, C, H, W)."""
    return tokens.transpose(1, 2).unflatten(2, (height, width))


def feed_forward(dim: int) -> nn.Module:
    """Gated GELU feed-forward: value and gate of 4·dim each, then back."""
    return FeedForward(dim, activation_fn="geglu")


def resnet(cin: int, cout: int, config: NetConfig) -> nn.Module:
    """Residual block with the time embedding added between its convolutions."""
    return ResnetBlock2D(
        in_channels=cin,
        out_channels=cout,
        temb_channels=4 * config.block_out_channels[0],
        groups=config.norm_num_groups,
        eps=1e-5,
    )


class TimeEmbedding(nn.Module):
    """Sinusoids of the time step (cosines first), then linear, SiLU, linear.

    The two linear layers sit in the parent under ``time_embedding``; this is that child.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        embedding = TimestepEmbedding(channels, 4 * channels)
        self.linear_1, self.linear_2 = embedding.linear_1, embedding.linear_2
        self.channels = channels

    def forward(self, timestep: Tensor) -> Tensor:
        """Embed time steps (B,) in 0…1000 to (B, 4·channels)."""
        waves = get_timestep_embedding(timestep, self.channels, flip_sin_to_cos=True, downscale_freq_shift=0)
        waves = waves.to(self.linear_1.weight.dtype)
        out: Tensor = self.linear_2(functional.silu(self.linear_1(waves)))
        return out


class Downsample(nn.Module):
    """Halve height and width with a 3×3 convolution, padding 1 on every side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, H/2, W/2)."""
        out: Tensor = self.conv(images)
        return out


class Upsample(nn.Module):
    """Double height and width by repetition, then a 3×3 convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, 2H, 2W)."""
        out: Tensor = self.conv(functional.interpolate(images, scale_factor=2.0, mode="nearest"))
        return out


class TransformerBlock(nn.Module):
    """Self-attention, attention to the image tokens and feed-forward, each pre-normed with a residual.

    ``norm1`` alone is built with ``only_norm=True``: the reference network's last layer has nothing else.
    """

    def __init__(self, dim: int, config: NetConfig, only_norm: bool = False) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        if only_norm:
            return
        self.attn1 = Attention(dim, config.heads)
        self.norm2 = nn.LayerNorm(dim)
        self.attn2 = Attention(dim, config.heads, context_dim=config.cross_attention_dim)
        self.norm3 = nn.LayerNorm(dim)
        self.ff = feed_forward(dim)
