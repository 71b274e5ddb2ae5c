"""Our networks run without anything that ours saves: stands for the published execution where its code is not at hand.

The same numbers come out (checked in ``tests/renderers/test_diffusion_work.py``), and the work counted is the
published one to a percent. What differs: the published code also swaps attention processors in each call, waits for
the card in each step, and orders the linear attention otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

import torch
from torch import Tensor

from renderers.diffusion.branches import Branches, KeysValues, Memory, WindowContext
from renderers.diffusion.model import TalkingHead
from renderers.diffusion.motion_module import MEMORY_DECAY, _MemoryAttention
from renderers.diffusion.sampling import TIMESTEPS, Sampling, guide
from renderers.diffusion.state import VideoState

__all__ = ["ProxyHead", "published_step"]


class ProxyHead(TalkingHead):
    """Repeats everything in each step, on two halves; guided sampling only."""

    def __init__(self, *networks: Any, **options: Any) -> None:
        super().__init__(*networks, **options)
        repeat_attention(self.diffusion_net)

    def prepare(self, state: VideoState, mixtures: Tensor, sampling: Sampling) -> WindowContext:
        """Show the reference network all images twice; leave everything else to the steps."""
        past, first = sampling.past_frames, state.windows == 0
        images = self._images(state, sampling, first)
        stack = (images.expand(1 + past, -1, -1, -1) if first else images).repeat(2, 1, 1, 1)
        tokens = state.image_tokens[torch.arange(len(stack), device=self.device) % 2]
        self.features = self.reference_net(stack, tokens)
        self.old, self.state, self.past = state.memories, state, past
        self.rows = self._rows(mixtures, Branches(sampling.frames))
        return WindowContext(Branches(sampling.frames), [], [], Branches(sampling.frames).reference_rows(self.device))

    def velocity(
        self, context: WindowContext, audio_tokens: Tensor, sampling: Sampling
    ) -> Callable[[Tensor, float], Tensor]:
        """Return the guided velocity; each call prepares the whole context again."""
        audio = torch.cat([torch.zeros_like(audio_tokens), audio_tokens])

        def velocity(latents: Tensor, sigma: float) -> Tensor:
            height, width = latents.shape[-2:]
            whole = published_step(
                self.diffusion_net, self.features, self.state.image_tokens, self.rows, context.branches, height, width
            )
            whole.memories = self.state.memories = _faded(self.old, whole.memories, self.past)
            timestep = torch.full((1,), sigma * TIMESTEPS, device=self.device)
            batch = latents.to(self.dtype).repeat(2, 1, 1, 1)
            return guide(self.diffusion_net(batch, timestep, audio, whole).to(latents.dtype), sampling)

        return velocity


def published_step(
    net: Any, features: list[Tensor], tokens: Tensor, mixtures: Tensor, branches: Branches, height: int, width: int
) -> WindowContext:
    """The context of one step from the reference network's features of all images, stacked for both halves."""
    images = len(features[0]) // 2
    device = features[0].device
    index = torch.arange(2 * images, device=device).reshape(2, images)
    attended = [feature[index[:, 0]] for feature in features if feature.ndim == 3]
    reference: list[KeysValues] = [(feature, feature) for feature in attended]
    memories = list(net.past_sums(features, index[:, 1:], height, width))
    rows = branches.reference_rows(device)
    return WindowContext(branches, net.image_keys(tokens), reference, rows, net.modulations(mixtures), memories)


def repeat_attention(net: Any) -> None:
    """Have all frames attend to the portrait, projected for each, then the unconditional ones again without."""

    def attention(self: Any, x: Tensor, plain: int, reference: KeysValues, rows: Tensor) -> Tensor:
        attn, feature = self.attn1, reference[0]
        every = torch.cat([x, feature[torch.cat([rows, rows])]], dim=1)
        seen = attn.mix(attn.to_q(x), *attn.project(every))
        return torch.cat([attn(x[:plain]), seen[plain:]])

    def past_sums(self: Any, past: Tensor, index: Tensor) -> Memory:
        self.to_q(past)  # projected with keys and values, and not used
        return _MemoryAttention.past_sums(self, past, index)

    for module in net.modules():
        if hasattr(module, "self_attention"):
            module.self_attention = MethodType(attention, module)
        if isinstance(module, _MemoryAttention):
            module.past_sums = MethodType(past_sums, module)


def _faded(old: list[list[Memory]] | None, new: list[list[Memory]], past: int) -> list[list[Memory]]:
    if old is None:
        return new
    fade = MEMORY_DECAY**past
    return [
        [Memory(b.kv * fade + a.kv, b.z * fade + a.z) for b, a in zip(before, after, strict=True)]
        for before, after in zip(old, new, strict=True)
    ]
