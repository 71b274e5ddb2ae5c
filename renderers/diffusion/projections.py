"""The small networks in front: face embedding → image tokens, sound features → audio tokens, sound → emotion class."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from renderers.diffusion.config import AudioProjectionConfig, ImageProjectionConfig

__all__ = ["AudioProjection", "EmotionClassifier", "ImageProjection"]


class ImageProjection(nn.Module):
    """Face embedding to image tokens: linear, cut into tokens, layer norm."""

    def __init__(self, config: ImageProjectionConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ImageProjectionConfig()
        self.tokens = config.clip_extra_context_tokens
        self.proj = nn.Linear(config.clip_embeddings_dim, self.tokens * config.cross_attention_dim)
        self.norm = nn.LayerNorm(config.cross_attention_dim)

    def forward(self, face_embedding: Tensor) -> Tensor:
        """(B, 512) → (B, 4, C)."""
        out: Tensor = self.norm(self.proj(face_embedding).unflatten(-1, (self.tokens, -1)))
        return out


class AudioProjection(nn.Module):
    """Five neighbouring frames of wav2vec2 layers to the audio tokens of one frame."""

    def __init__(self, config: AudioProjectionConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or AudioProjectionConfig()
        self.tokens = config.context_tokens
        flat = config.seq_len * config.blocks * config.channels
        self.proj1 = nn.Linear(flat, config.intermediate_dim)
        self.proj2 = nn.Linear(config.intermediate_dim, config.intermediate_dim)
        self.proj3 = nn.Linear(config.intermediate_dim, self.tokens * config.output_dim)
        self.norm = nn.LayerNorm(config.output_dim)

    def forward(self, windows: Tensor) -> Tensor:
        """(..., neighbours, layers, channels) → (..., tokens, C)."""
        x = functional.relu(self.proj1(windows.flatten(-3)))
        x = self.proj3(functional.relu(self.proj2(x)))
        out: Tensor = self.norm(x.unflatten(-1, (self.tokens, -1)))
        return out


class EmotionClassifier(nn.Module):
    """Five linear layers with ReLU over a sound's embedding; published beside the networks, not needed to draw.

    Its input is an emotion2vec embedding, whose model is not free for every use, so that Mien never calls it.
    """

    def __init__(self, channels_in: int = 1024, channels: int = 2048, classes: int = 9, depth: int = 5) -> None:
        super().__init__()
        widths = [channels_in, *[channels] * (depth - 1), classes]
        self.layers = nn.ModuleDict({f"fc{i + 1}": nn.Linear(widths[i], widths[i + 1]) for i in range(depth)})

    def forward(self, embedding: Tensor) -> Tensor:
        """(B, 1024) → (B, 9) probabilities."""
        *hidden, last = self.layers.values()
        for layer in hidden:
            embedding = functional.relu(layer(embedding))
        out: Tensor = last(embedding).softmax(-1)
        return out
