"""Where sound and emotion enter: video tokens and audio tokens of a frame attend to each other.

Each of the 16 modules norms both streams with an emotion-dependent shift and scale (adaptive layer norm),
then mixes them in one joint attention. The audio stream runs on through all modules.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from renderers.diffusion.attention import Attention, AttentionSwitch, attend
from renderers.diffusion.branches import Modulation
from renderers.diffusion.config import NetConfig
from renderers.diffusion.layers import TRANSFORMER_NORM_EPS, feed_forward, from_tokens, to_tokens

__all__ = ["EMOTION_ROWS", "AudioModule", "EmotionNorm"]

EMOTION_ROWS = 10
"""Nine emotion classes and, last, the null emotion."""


class _ClassEmbedder(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.embedding_table = nn.Embedding(EMOTION_ROWS, dim)


class EmotionNorm(nn.Module):
    """Layer norm whose shift and scale come from a mixture of emotion embeddings."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.class_embedder = _ClassEmbedder(dim)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(dim, 2 * dim))

    def modulation(self, mixtures: Tensor) -> Modulation:
        """Shift and scale (R, 1, dim) for mixtures (R, 10) of the embedding rows."""
        table = self.class_embedder.embedding_table.weight
        shift, scale = self.adaLN_modulation(mixtures.to(table.dtype) @ table)[:, None].chunk(2, dim=-1)
        return shift, scale

    def forward(self, x: Tensor, modulation: Modulation) -> Tensor:
        """Norm (R, N, dim), then ``x·(1 + scale) + shift``."""
        shift, scale = modulation
        normed = functional.layer_norm(x, x.shape[-1:]).to(scale.dtype)
        return torch.addcmul(shift, normed, 1 + scale)


class JointAttention(AttentionSwitch):
    """Attention over video and audio tokens together, each with projections of its own."""

    def __init__(self, dim: int, audio_dim: int, heads: int, audio_out: bool) -> None:
        super().__init__(heads)
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_k = nn.Linear(dim, dim, bias=False)
        self.to_v = nn.Linear(dim, dim, bias=False)
        self.add_q_proj = nn.Linear(audio_dim, dim)
        self.add_k_proj = nn.Linear(audio_dim, dim)
        self.add_v_proj = nn.Linear(audio_dim, dim)
        self.to_out = nn.ModuleList([nn.Linear(dim, dim)])
        if audio_out:
            self.to_add_out = nn.Linear(dim, audio_dim)

    def forward(self, video: Tensor, audio: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the changes of video (R, N, dim) and audio (R, T, audio_dim) tokens."""
        n = video.shape[1]
        q = self.to_q(video)
        k = torch.cat([self.to_k(video), self.add_k_proj(audio)], dim=1)
        v = torch.cat([self.to_v(video), self.add_v_proj(audio)], dim=1)
        if not hasattr(self, "to_add_out"):
            return self.to_out[0](attend(q, k, v, self.heads, self.kind)), None
        q = torch.cat([q, self.add_q_proj(audio)], dim=1)
        mixed = attend(q, k, v, self.heads, self.kind)
        return self.to_out[0](mixed[:, :n]), self.to_add_out(mixed[:, n:])


class _AudioBlock(nn.Module):
    def __init__(self, dim: int, config: NetConfig, last: bool) -> None:
        super().__init__()
        audio_dim = config.audio_attention_dim
        self.norm1 = EmotionNorm(dim)
        self.attn1 = Attention(dim, config.heads)
        self.audio_norm1 = EmotionNorm(audio_dim)
        self.audio_attn1 = Attention(audio_dim, config.heads, inner_dim=dim)
        self.norm2 = EmotionNorm(dim)
        self.audio_norm2 = EmotionNorm(audio_dim)
        self.attn2 = JointAttention(dim, audio_dim, config.heads, audio_out=not last)
        self.norm3 = nn.LayerNorm(dim)
        self.ff = feed_forward(dim)
        if not last:
            self.audio_norm3 = nn.LayerNorm(audio_dim)
            self.audio_ff = feed_forward(audio_dim)

    def modulations(self, mixtures: Tensor) -> list[Modulation]:
        norms = (self.norm1, self.audio_norm1, self.norm2, self.audio_norm2)
        return [norm.modulation(mixtures) for norm in norms]

    def forward(self, video: Tensor, audio: Tensor, mods: list[Modulation]) -> tuple[Tensor, Tensor | None]:
        video = video + self.attn1(self.norm1(video, mods[0]))
        audio = audio + self.audio_attn1(self.audio_norm1(audio, mods[1]))
        video_change, audio_change = self.attn2(self.norm2(video, mods[2]), self.audio_norm2(audio, mods[3]))
        video = video + video_change
        video = video + self.ff(self.norm3(video))
        if audio_change is None:
            return video, None
        audio = audio + audio_change
        normed = functional.layer_norm(audio, audio.shape[-1:]).to(video.dtype)
        normed = torch.addcmul(self.audio_norm3.bias, normed, self.audio_norm3.weight)
        return video, audio + self.audio_ff(normed)


class AudioModule(nn.Module):
    """One audio module: group norm, 1×1 in, joint block, 1×1 out, residual.

    Parameters
    ----------
    dim : int
        Channels of the video features.
    inner_dim : int
        Channels inside; not always ``dim``.
    config : NetConfig
    last : bool
        The network's last module returns no audio.
    """

    def __init__(self, dim: int, inner_dim: int, config: NetConfig, last: bool = False) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(config.norm_num_groups, dim, eps=TRANSFORMER_NORM_EPS)
        self.proj_in = nn.Conv2d(dim, inner_dim, 1)
        self.transformer_blocks = nn.ModuleList([_AudioBlock(inner_dim, config, last)])
        self.proj_out = nn.Conv2d(inner_dim, dim, 1)

    def modulations(self, mixtures: Tensor) -> list[Modulation]:
        """Shifts and scales of the four emotion norms for mixtures (B·F, 10)."""
        block = self.transformer_blocks[0]
        assert isinstance(block, _AudioBlock)
        return block.modulations(mixtures)

    def forward(self, images: Tensor, audio: Tensor, mods: list[Modulation]) -> tuple[Tensor, Tensor]:
        """Mix (B·F, dim, h, w) frames with (B·F, T, audio_dim) audio tokens.

        The audio that comes out has the module's input added once more, so that it about doubles in each
        module (2¹⁵ over the network); it is kept in float32 when the weights are float16.
        """
        video = to_tokens(self.proj_in(self.norm(images)))
        video, heard = self.transformer_blocks[0](video, audio, mods)
        images = images + self.proj_out(from_tokens(video, *images.shape[-2:]))
        return images, audio if heard is None else audio + heard
