"""What a window costs: operations counted on the meta device at the published size, by part, without any weights."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from renderers.diffusion.branches import Branches, WindowContext
from renderers.diffusion.config import AudioProjectionConfig, NetConfig
from renderers.diffusion.diffusion_net import DiffusionNet
from renderers.diffusion.reference_net import ReferenceNet
from renderers.diffusion.sampling import Sampling
from renderers.diffusion.state import plan_images

__all__ = ["PARTS", "SD_VAE", "count_step", "count_window", "parts_of"]

#: Lists of modules of the diffusion network → the part that they belong to.
PARTS = {
    "resnets": "resnets and sampling",
    "downsamplers": "resnets and sampling",
    "upsamplers": "resnets and sampling",
    "attentions": "reference + image attention",
    "audio_modules": "audio modules",
    "motion_modules": "motion modules",
}
#: Sizes of Stable Diffusion's autoencoder.
SD_VAE: dict[str, Any] = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
}
AUDIO_TOKENS = AudioProjectionConfig.context_tokens


def parts_of(net: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield the outermost modules of a diffusion network with the part that each belongs to."""
    for path, module in net.named_modules():
        names = path.split(".")
        if 2 <= len(names) <= 4 and names[-2] in PARTS:
            yield PARTS[names[-2]], module


class _Counter:
    """Adds what is counted inside watched modules to their parts."""

    def __init__(self, counter: FlopCounterMode) -> None:
        self.counter = counter
        self.flop: dict[str, float] = defaultdict(float)
        self.begun: list[int] = []

    def watch(self, part: str, module: nn.Module) -> Any:
        def before(*_: Any) -> None:
            self.begun.append(self.counter.get_total_flops())

        def after(*_: Any) -> None:
            self.flop[part] += self.counter.get_total_flops() - self.begun.pop()

        return module.register_forward_pre_hook(before), module.register_forward_hook(after)


@contextmanager
def _counting(net: nn.Module) -> Iterator[_Counter]:
    with FlopCounterMode(display=False) as mode, torch.no_grad():
        counter = _Counter(mode)
        handles = [handle for part, module in parts_of(net) for handle in counter.watch(part, module)]
        yield counter
        for handle in handles:
            handle.remove()


def count_step(
    branches: Branches, height: int = 64, width: int = 64, past_frames: int = 16, config: NetConfig | None = None
) -> tuple[dict[str, float], float, int]:
    """Count one call of the diffusion network, and what is prepared for a later window.

    Parameters
    ----------
    branches : Branches
    height, width : int
        Of the latents.
    past_frames : int
    config : NetConfig, optional

    Returns
    -------
    step : dict of str to float
        TFLOP by part of one call.
    prepared : float
        TFLOP of the motion modules' past sums, of the modulations and of the reference network, once a window.
    images : int
        Images that the reference network is shown.
    """
    config = config or NetConfig()
    with torch.device("meta"):
        net, reference = DiffusionNet(config), ReferenceNet(config)
        plan = plan_images(past_frames, branches.halves, branches.guided, first=False)
        count = len(plan.images)
        tokens = torch.zeros(count, 4, config.cross_attention_dim)
        rows = torch.zeros(branches.halves, dtype=torch.long)
        index = torch.zeros(branches.halves, past_frames, dtype=torch.long)
        batch = branches.count * branches.frames
        mixtures = torch.zeros(batch, 10)
        with _counting(net) as counter:
            before = counter.counter.get_total_flops()
            features = reference(torch.zeros(count, config.in_channels, height, width), tokens)
            memories = list(net.past_sums(features, index, height, width))
            modulations = net.modulations(mixtures)
            prepared = counter.counter.get_total_flops() - before
            context = WindowContext(
                branches,
                net.image_keys(torch.zeros(branches.count, 4, config.cross_attention_dim)),
                net.reference_keys(features, rows),
                branches.reference_rows(torch.device("meta")),
                modulations,
                memories,
            )
            counter.flop.clear()
            audio = torch.zeros(batch, AUDIO_TOKENS, config.audio_attention_dim)
            net(torch.zeros(batch, config.in_channels, height, width), torch.zeros(1), audio, context)
    return {part: flop / 1e12 for part, flop in counter.flop.items()}, prepared / 1e12, count


def count_autoencoder(frames: int, height: int, width: int) -> tuple[float, float]:
    """TFLOP of encoding and of decoding pictures with Stable Diffusion's autoencoder."""
    from diffusers import AutoencoderKL

    with torch.device("meta"):
        vae = AutoencoderKL(**SD_VAE)
        counts = []
        for code, shape in ((vae.encode, (3, height, width)), (vae.decode, (4, height // 8, width // 8))):
            with FlopCounterMode(display=False) as mode, torch.no_grad():
                code(torch.zeros(1, *shape))
            counts.append(frames * mode.get_total_flops() / 1e12)
    return counts[0], counts[1]


def count_window(sampling: Sampling, side: int = 512, *, face: bool = False) -> dict[str, float]:
    """Count a later window of a video at the published size.

    Parameters
    ----------
    sampling : Sampling
    side : int
        Of the square pictures in pixels.
    face : bool
        Whether there is a face embedding, so that both halves of the past differ.

    Returns
    -------
    dict of str to float
        TFLOP by part; their sum is the whole.
    """
    halves = 2 if face and sampling.guided else 1
    guided = sampling.guided_steps
    latent = side // 8
    whole: dict[str, float] = defaultdict(float)
    prepared = 0.0
    for calls, is_guided in ((guided, True), (sampling.steps - guided, False)):
        if calls:
            branches = Branches(
                sampling.frames, is_guided, is_guided and sampling.emotion_guidance > 0, halves if is_guided else 1
            )
            step, once, _ = count_step(branches, latent, latent, sampling.past_frames)
            prepared = max(prepared, once)
            for part, tflop in step.items():
                whole[part] += calls * tflop
    whole["reference net and preparation"] = prepared
    encode, decode = count_autoencoder(sampling.frames, side, side)
    whole["VAE decode"] = decode
    whole["VAE encode"] = encode * sampling.past_frames / sampling.frames if sampling.past == "pixels" else 0.0
    return dict(whole)
