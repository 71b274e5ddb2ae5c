"""The whole chain with small random weights: for tests, rehearsals of training, and timing of the machinery."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from renderers.diffusion.config import AudioProjectionConfig, ImageProjectionConfig, NetConfig
from renderers.diffusion.diffusion_net import DiffusionNet
from renderers.diffusion.features import AudioFeatures
from renderers.diffusion.model import TalkingHead
from renderers.diffusion.projections import AudioProjection, ImageProjection
from renderers.diffusion.reference_net import ReferenceNet

__all__ = ["MICRO_NET", "TINY_CONFIGS", "TINY_VAE", "tiny_features", "tiny_head"]

#: Widths are multiples of 32, because the motion modules' group norms have 32 groups.
_NET = NetConfig((32, 32, 64, 64), norm_num_groups=8, cross_attention_dim=16, audio_attention_dim=24)
TINY_CONFIGS: dict[str, Any] = {
    "reference_net": _NET,
    "diffusion_net": _NET,
    "image_proj": ImageProjectionConfig(cross_attention_dim=16),
    "audio_proj": AudioProjectionConfig(blocks=3, channels=8, intermediate_dim=16, output_dim=24, context_tokens=5),
}
TINY_VAE: dict[str, Any] = {
    "block_out_channels": (8, 8, 16, 16),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "latent_channels": 4,
}

#: Two levels and seven layers instead of four and 22: for training on a CPU.
MICRO_NET = NetConfig(
    (32, 32),
    norm_num_groups=8,
    attention_head_dim=2,
    cross_attention_dim=16,
    audio_attention_dim=24,
    layers_per_block=1,
)


def tiny_head(seed: int = 0, net: NetConfig = _NET, vae: nn.Module | None = None, **options: Any) -> TalkingHead:
    """Small networks with random weights.

    Parameters
    ----------
    seed : int
    net : NetConfig
        Of both large networks.
    vae : nn.Module, optional
        In place of a random autoencoder.
    **options
        For :class:`TalkingHead`.
    """
    from diffusers import AutoencoderKL

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        networks: list[nn.Module] = [
            vae or AutoencoderKL(**TINY_VAE),
            ReferenceNet(net),
            DiffusionNet(net),
            ImageProjection(TINY_CONFIGS["image_proj"]),
            AudioProjection(TINY_CONFIGS["audio_proj"]),
        ]
    return TalkingHead(*[network.eval().requires_grad_(False) for network in networks], **options)


def tiny_features(seed: int = 0) -> AudioFeatures:
    """A small random wav2vec2 whose layers and channels fit :func:`tiny_head`."""
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    sizes = TINY_CONFIGS["audio_proj"]
    config = Wav2Vec2Config(
        hidden_size=sizes.channels,
        num_hidden_layers=sizes.blocks,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Wav2Vec2Model(config)
    return AudioFeatures(model.requires_grad_(False))
