"""The acoustic model in torch; :mod:`tts.daisy.network` is the same thing in numpy, and a test holds them together.

Phones → encoder → durations; phones spread over time → pitch network and decoder. Time steps are 20 ms, each with
four frames of 5 ms. Sizes live in :class:`tts.daisy.network.Sizes`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from tts.daisy.inputs import FEATURES, SYMBOLS
from tts.daisy.network import FRAMES_PER_STEP, N_OUT, POSITION_COLUMNS, Sizes


class Block(nn.Module):
    """ConvNeXt in one dimension (Z. Liu et al., 2022): depthwise convolution, layer norm, two-layer perceptron."""

    def __init__(self, width: int, hidden: int, kernel: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, (1, kernel), padding=(0, kernel // 2), groups=width)
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)
        self.scale = nn.Parameter(torch.full((width,), 0.3))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) → the same. The convolution runs as a channels-last 2-D one, which is faster on a CPU."""
        with torch.autocast("cpu", enabled=False):  # depthwise in bfloat16 is slow
            image = x.float().transpose(1, 2).unsqueeze(2).contiguous(memory_format=torch.channels_last)
            y = self.depthwise(image).squeeze(2).transpose(1, 2)
        y = self.down(nn.functional.gelu(self.up(self.norm(y)), approximate="tanh"))
        return x + self.scale * self.dropout(y)


class AcousticModel(nn.Module):
    """All networks of the voice."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        s = sizes
        self.sizes = s
        self.symbol = nn.Embedding(len(SYMBOLS), s.encoder)
        self.feature = nn.Linear(len(FEATURES), s.encoder)
        self.encoder = nn.ModuleList(Block(s.encoder, 3 * s.encoder, s.kernel, 0.05) for _ in range(s.encoder_blocks))
        self.encoder_norm = nn.LayerNorm(s.encoder)
        self.duration_in = nn.Linear(s.encoder, s.prosody)
        self.duration_speaker = nn.Embedding(s.speakers, s.prosody)
        self.duration = nn.ModuleList(Block(s.prosody, 2 * s.prosody, 5, 0.2) for _ in range(s.duration_blocks))
        self.duration_out = nn.Linear(s.prosody, 1)
        self.pitch_in = nn.Linear(2 * s.encoder + POSITION_COLUMNS, s.prosody)
        self.pitch_speaker = nn.Embedding(s.speakers, s.prosody)
        self.pitch = nn.ModuleList(Block(s.prosody, 2 * s.prosody, 9, 0.2) for _ in range(s.pitch_blocks))
        self.pitch_out = nn.Linear(s.prosody, FRAMES_PER_STEP)
        self.decoder_in = nn.Linear(2 * s.encoder + POSITION_COLUMNS, s.decoder)
        self.decoder_speaker = nn.Embedding(s.speakers, s.decoder)
        self.decoder = nn.ModuleList(Block(s.decoder, s.decoder_hidden, s.kernel) for _ in range(s.decoder_blocks))
        self.decoder_norm = nn.LayerNorm(s.decoder)
        self.decoder_out = nn.Linear(s.decoder, FRAMES_PER_STEP * N_OUT)
        for table in (self.duration_speaker, self.pitch_speaker, self.decoder_speaker):
            nn.init.normal_(table.weight, std=0.1)

    def encode(self, ids: Tensor, features: Tensor, mask: Tensor) -> Tensor:
        """(B, N), (B, N, F), (B, N, 1) → (B, N, encoder)."""
        x = self.symbol(ids) + self.feature(features)
        for block in self.encoder:
            x = block(x * mask)
        result: Tensor = self.encoder_norm(x) * mask
        return result

    def durations(self, encoded: Tensor, speaker: Tensor, mask: Tensor) -> Tensor:
        """→ (B, N) ln frames, z-scored by the caller's statistics."""
        x = self.duration_in(encoded) + self.duration_speaker(speaker)[:, None]
        for block in self.duration:
            x = block(x * mask)
        result: Tensor = self.duration_out(x).squeeze(-1)
        return result

    def frames(self, context: Tensor, prosody_speaker: Tensor, speaker: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, 2 encoder + positions) → F0 (B, T, 4) and features (B, T, 4, 64), all z-scored per speaker."""
        x = self.pitch_in(context) + self.pitch_speaker(prosody_speaker)[:, None]
        for block in self.pitch:
            x = block(x)
        y = self.decoder_in(context) + self.decoder_speaker(speaker)[:, None]
        for block in self.decoder:
            y = block(y)
        out = self.decoder_out(self.decoder_norm(y))
        return self.pitch_out(x), out.view(*out.shape[:2], FRAMES_PER_STEP, N_OUT)


def to_numpy(model: AcousticModel) -> dict[str, Any]:
    """Return all weights as float32 arrays under torch's names."""
    return {name: tensor.detach().cpu().float().numpy() for name, tensor in model.state_dict().items()}
