"""The diffusion network: Stable Diffusion 1.5's trunk with audio and motion modules in every layer.

Layer order: residual block, attention to the portrait, audio module, motion module; the lowest level has
residual blocks and motion modules only. 16 attentions, 16 audio modules, 21 motion modules.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from renderers.diffusion.audio_module import AudioModule
from renderers.diffusion.branches import KeysValues, Memory, Modulation, WindowContext
from renderers.diffusion.config import NetConfig
from renderers.diffusion.layers import Downsample, TimeEmbedding, Upsample, resnet
from renderers.diffusion.motion_module import MotionModule
from renderers.diffusion.reference_net import down_widths, up_widths
from renderers.diffusion.video_attention import VideoTransformer

__all__ = ["DiffusionNet"]


class _Layers(nn.Module):
    """One stage: lists of the same length, attention and audio only where the level has attention.

    Parameters
    ----------
    widths : list of (int, int)
        Input and output channels of each residual block.
    audio_widths : list of int
        Inner channels of the audio modules; empty for the level without attention.
    last : bool
        Whether the last audio module is the network's last.
    """

    def __init__(
        self, widths: list[tuple[int, int]], audio_widths: list[int], config: NetConfig, last: bool = False
    ) -> None:
        super().__init__()
        outputs = [cout for _, cout in widths]
        self.resnets = nn.ModuleList([resnet(cin, cout, config) for cin, cout in widths])
        self.motion_modules = nn.ModuleList([MotionModule(cout, config) for cout in outputs])
        if audio_widths:
            self.attentions = nn.ModuleList([VideoTransformer(cout, config) for cout in outputs])
            final = len(outputs) - 1 if last else -1
            pairs = enumerate(zip(outputs, audio_widths, strict=True))
            self.audio_modules = nn.ModuleList([AudioModule(c, inner, config, i == final) for i, (c, inner) in pairs])

    @property
    def attends(self) -> bool:
        return hasattr(self, "attentions")


class _Mid(_Layers):
    def __init__(self, width: int, config: NetConfig) -> None:
        super().__init__([(width, width)], [width], config)
        self.resnets.append(resnet(width, width, config))


class DiffusionNet(nn.Module):
    """Velocity of the noisy latents of a window's frames.

    Parameters
    ----------
    config : NetConfig
        Sizes; the published ones by default.
    """

    def __init__(self, config: NetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or NetConfig()
        self.checkpointing = False
        widths = config.block_out_channels
        lowest = len(widths) - 1
        self.conv_in = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        self.time_embedding = TimeEmbedding(widths[0])
        self.down_blocks = nn.ModuleList()
        for level in range(len(widths)):
            pairs = down_widths(config, level)
            stage = _Layers(pairs, [cin for cin, _ in pairs] if level != lowest else [], config)
            if level != lowest:
                stage.downsamplers = nn.ModuleList([Downsample(widths[level])])
            self.down_blocks.append(stage)
        self.mid_block = _Mid(widths[-1], config)
        self.up_blocks = nn.ModuleList()
        for i in range(len(widths)):
            pairs, shallower = up_widths(config, i), widths[max(lowest - i - 1, 0)]
            stage = _Layers(pairs, [shallower] * len(pairs) if i else [], config, last=i == lowest)
            if i != lowest:
                stage.upsamplers = nn.ModuleList([Upsample(widths[lowest - i])])
            self.up_blocks.append(stage)
        self.conv_norm_out = nn.GroupNorm(config.norm_num_groups, widths[0], eps=1e-5)
        self.conv_out = nn.Conv2d(widths[0], config.out_channels, 3, padding=1)

    def _stages(self) -> Iterator[tuple[_Layers, int, int]]:
        """Each stage with its level and its number of layers, in network order."""
        lowest = len(self.down_blocks) - 1
        for level, stage in enumerate(self.down_blocks):
            assert isinstance(stage, _Layers)
            yield stage, level, len(stage.resnets)
        yield self.mid_block, lowest, 1
        for i, stage in enumerate(self.up_blocks):
            assert isinstance(stage, _Layers)
            yield stage, lowest - i, len(stage.resnets)

    def image_keys(self, image_tokens: Tensor) -> list[KeysValues]:
        """Keys and values of image tokens (branches, 4, C) for each attention."""
        return [a.image_keys(image_tokens) for stage, _, _ in self._stages() if stage.attends for a in stage.attentions]

    def reference_keys(self, features: list[Tensor], rows: Tensor) -> list[KeysValues]:
        """Keys and values of the portrait's features for each attention.

        Parameters
        ----------
        features : list of Tensor
            All 21 of the reference network.
        rows : (halves,) int64
            Which images of the features are the portrait.
        """
        found, at = [], 0
        for stage, _, layers in self._stages():
            if stage.attends:
                found += [a.reference_keys(features[at + i][rows]) for i, a in enumerate(stage.attentions)]
            at += layers
        return found

    def past_sums(self, features: list[Tensor], index: Tensor, height: int, width: int) -> Iterator[list[Memory]]:
        """Yield the memories that the past frames of a window make, motion module by motion module.

        All together they are 3.5 GB at the published size for 512² (7 GB with two halves, bfloat16): fold each
        into what is kept before the next is made.

        Parameters
        ----------
        features : list of Tensor
            All 21 of the reference network.
        index : (halves, P) int64
            Which of their images are the past frames, oldest first.
        height, width : int
            Size of the latents.
        """
        at = 0
        for stage, level, layers in self._stages():
            for i, module in enumerate(stage.motion_modules):
                feature = features[at + i]
                if feature.ndim == 3:
                    feature = feature.transpose(1, 2).unflatten(2, (height >> level, width >> level))
                yield module.past_sums(feature, index)
            at += layers

    def modulations(self, mixtures: Tensor) -> list[list[Modulation]]:
        """Shifts and scales of all audio modules for emotion mixtures (B·F, 10)."""
        return [m.modulations(mixtures) for stage, _, _ in self._stages() if stage.attends for m in stage.audio_modules]

    def forward(self, latents: Tensor, timestep: Tensor, audio: Tensor, context: WindowContext) -> Tensor:
        """Return the velocity.

        Parameters
        ----------
        latents : (B·F, 4, h, w) float
            Noisy latents, branches first.
        timestep : (1,) float
            Time step in 0…1000.
        audio : (B·F, T, C) float
            Audio tokens; zeros for an unconditional branch.
        context : WindowContext
            What the window's steps share.

        Returns
        -------
        (B·F, 4, h, w) float
        """
        run = _Run(context, self.time_embedding(timestep), self.checkpointing and torch.is_grad_enabled())
        images, skips = self.conv_in(latents), []
        skips.append(images)
        for stage in self.down_blocks:
            for i in range(len(stage.resnets)):
                images, audio = run.layer(stage, i, images, audio)
                skips.append(images)
            if hasattr(stage, "downsamplers"):
                images = stage.downsamplers[0](images)
                skips.append(images)
        images, audio = run.layer(self.mid_block, 0, images, audio)
        images = self.mid_block.resnets[1](images, run.time)
        for stage in self.up_blocks:
            for i in range(len(stage.resnets)):
                images, audio = run.layer(stage, i, torch.cat([images, skips.pop()], dim=1), audio)
            if hasattr(stage, "upsamplers"):
                images = stage.upsamplers[0](images)
        out: Tensor = self.conv_out(functional.silu(self.conv_norm_out(images)))
        return out


class _Run:
    """Walks the layers in network order, handing each its part of the context.

    With ``checkpointing`` a layer's activations are computed again for the gradient instead of kept.
    """

    def __init__(self, context: WindowContext, time: Tensor, checkpointing: bool = False) -> None:
        self.context = context
        self.time = time
        self.checkpointing = checkpointing
        self.attended = 0
        self.moved = 0

    def layer(self, stage: _Layers, i: int, images: Tensor, audio: Tensor) -> tuple[Tensor, Tensor]:
        at = self.attended, self.moved
        self.attended += stage.attends
        self.moved += 1
        if self.checkpointing:
            out: tuple[Tensor, Tensor] = checkpoint(self._work, stage, i, at, images, audio, use_reentrant=False)
            return out
        return self._work(stage, i, at, images, audio)

    def _work(
        self, stage: _Layers, i: int, at: tuple[int, int], images: Tensor, audio: Tensor
    ) -> tuple[Tensor, Tensor]:
        context, (n, m) = self.context, at
        images = stage.resnets[i](images, self.time)
        if stage.attends:
            image_kv, reference_kv = context.image_kv[n], context.reference_kv[n] if context.reference_kv else None
            images = stage.attentions[i](images, context.branches, image_kv, reference_kv, context.reference_rows)
            images, audio = stage.audio_modules[i](images, audio, context.modulations[n])
        return stage.motion_modules[i](images, context.branches, context.memories[m]), audio
