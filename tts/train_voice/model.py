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

N_TIME = 16  # columns of a flow time, see tts.daisy.network.time_columns


class Block(nn.Module):
    """ConvNeXt in one dimension (Z. Liu et al., 2022): depthwise convolution, layer norm, two-layer perceptron."""

    def __init__(self, width: int, hidden: int, kernel: int, dropout: float = 0.0, style: int = 0) -> None:
        super().__init__()
        self.film = nn.Linear(style, 2 * width) if style else None
        if self.film is not None:  # a fresh block ignores the style
            nn.init.zeros_(self.film.weight)
            nn.init.zeros_(self.film.bias)
        self.depthwise = nn.Conv2d(width, width, (1, kernel), padding=(0, kernel // 2), groups=width)
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)
        self.scale = nn.Parameter(torch.full((width,), 0.3))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, style: Tensor | None = None) -> Tensor:
        """(B, T, width), (B, T, S) → (B, T, width). A channels-last 2-D convolution is the fastest on a CPU."""
        with torch.autocast("cpu", enabled=False):  # depthwise in bfloat16 is slow
            image = x.float().transpose(1, 2).unsqueeze(2).contiguous(memory_format=torch.channels_last)
            y = self.depthwise(image).squeeze(2).transpose(1, 2)
        y = self.norm(y)
        if self.film is not None and style is not None:
            gamma, beta = self.film(style).chunk(2, dim=-1)
            y = y * (1 + gamma) + beta
        y = self.down(nn.functional.gelu(self.up(y), approximate="tanh"))
        return x + self.scale * self.dropout(y)


class AcousticModel(nn.Module):
    """All networks of the voice; with ``sizes.style`` columns of u, each block of each network is modulated by it."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        s, context = sizes, 2 * sizes.encoder + POSITION_COLUMNS
        self.sizes = s
        self.symbol = nn.Embedding(len(SYMBOLS), s.encoder)
        self.feature = nn.Linear(len(FEATURES), s.encoder)
        self.encoder = _stack(s.encoder_blocks, s.encoder, 3 * s.encoder, s.kernel, 0.05, s.style)
        self.encoder_norm = nn.LayerNorm(s.encoder)
        self.duration_in = nn.Linear(s.encoder, s.prosody)
        self.duration_speaker = nn.Embedding(s.speakers, s.prosody)
        self.duration = _stack(s.duration_blocks, s.prosody, 2 * s.prosody, 5, 0.2, s.style)
        self.duration_out = nn.Linear(s.prosody, 1)
        self.pitch_in = nn.Linear(context, s.prosody)
        self.pitch_speaker = nn.Embedding(s.speakers, s.prosody)
        self.pitch = _stack(s.pitch_blocks, s.prosody, 2 * s.prosody, 9, 0.2, s.style)
        self.pitch_out = nn.Linear(s.prosody, FRAMES_PER_STEP)
        self.decoder_in = nn.Linear(context, s.decoder)
        self.decoder_speaker = nn.Embedding(s.speakers, s.decoder)
        self.decoder = _stack(s.decoder_blocks, s.decoder, s.decoder_hidden, s.kernel, 0.0, s.style)
        self.decoder_norm = nn.LayerNorm(s.decoder)
        self.decoder_out = nn.Linear(s.decoder, FRAMES_PER_STEP * N_OUT)
        for table in (self.duration_speaker, self.pitch_speaker, self.decoder_speaker):
            nn.init.normal_(table.weight, std=0.1)
        if s.style:
            self.duration_style = _silent(s.style, 1)
            self.pitch_style = _silent(s.style, FRAMES_PER_STEP)
            self.decoder_style = _silent(s.style, FRAMES_PER_STEP * N_OUT)
        if s.flow_blocks:
            self.flow_in = nn.Linear(context + FRAMES_PER_STEP * N_OUT, s.decoder)
            self.flow_time = nn.Linear(N_TIME, s.decoder)
            self.flow_speaker = nn.Embedding(s.speakers, s.decoder)
            self.flow = _stack(s.flow_blocks, s.decoder, s.decoder_hidden, s.kernel, 0.0, s.style)
            self.flow_norm = nn.LayerNorm(s.decoder)
            self.flow_out = nn.Linear(s.decoder, FRAMES_PER_STEP * N_OUT)

    def encode(self, ids: Tensor, features: Tensor, mask: Tensor, style: Tensor | None = None) -> Tensor:
        """(B, N), (B, N, F), (B, N, 1), (B, N, S) → (B, N, encoder)."""
        x = self.symbol(ids) + self.feature(features)
        for block in self.encoder:
            x = block(x * mask, style)
        result: Tensor = self.encoder_norm(x) * mask
        return result

    def durations(self, encoded: Tensor, speaker: Tensor, mask: Tensor, style: Tensor | None = None) -> Tensor:
        """→ (B, N) ln frames, z-scored by the caller's statistics."""
        x = self.duration_in(encoded) + self.duration_speaker(speaker)[:, None]
        for block in self.duration:
            x = block(x * mask, style)
        result: Tensor = (self.duration_out(x) + self._direct("duration", style)).squeeze(-1)
        return result

    def melody(self, context: Tensor, speaker: Tensor, style: Tensor | None = None) -> Tensor:
        """(B, T, 2 encoder + positions) → z-scored ln F0 (B, T, 4)."""
        x = self.pitch_in(context) + self.pitch_speaker(speaker)[:, None]
        for block in self.pitch:
            x = block(x, style)
        result: Tensor = self.pitch_out(x) + self._direct("pitch", style)
        return result

    def decode(self, context: Tensor, speaker: Tensor, style: Tensor | None = None) -> Tensor:
        """(B, T, 2 encoder + positions) → z-scored features (B, T, 4, 64)."""
        y = self.decoder_in(context) + self.decoder_speaker(speaker)[:, None]
        for block in self.decoder:
            y = block(y, style)
        out = self.decoder_out(self.decoder_norm(y)) + self._direct("decoder", style)
        return out.view(*out.shape[:2], FRAMES_PER_STEP, N_OUT)

    def velocity(
        self, noisy: Tensor, time: Tensor, context: Tensor, speaker: Tensor, style: Tensor | None = None
    ) -> Tensor:
        """(B, T, 256) at times (B,) in [0, 1], 1 being noise → the flow's velocity (B, T, 256)."""
        angles = time[:, None] * torch.pi * 2.0 ** torch.arange(N_TIME // 2) / 2.0
        columns = torch.cat([angles.sin(), angles.cos()], dim=1)
        x = self.flow_in(torch.cat([noisy, context], dim=-1))
        x = x + (self.flow_speaker(speaker) + self.flow_time(columns))[:, None]
        for block in self.flow:
            x = block(x, style)
        result: Tensor = self.flow_out(self.flow_norm(x))
        return result

    def _direct(self, name: str, style: Tensor | None) -> Tensor | float:
        return 0.0 if style is None or not self.sizes.style else getattr(self, f"{name}_style")(style)


def _stack(count: int, width: int, hidden: int, kernel: int, dropout: float, style: int) -> nn.ModuleList:
    return nn.ModuleList(Block(width, hidden, kernel, dropout, style) for _ in range(count))


def _silent(columns: int, out: int) -> nn.Linear:
    layer = nn.Linear(columns, out, bias=False)
    nn.init.zeros_(layer.weight)
    return layer


def to_numpy(model: AcousticModel) -> dict[str, Any]:
    """Return all weights as float32 arrays under torch's names."""
    return {name: tensor.detach().cpu().float().numpy() for name, tensor in model.state_dict().items()}
