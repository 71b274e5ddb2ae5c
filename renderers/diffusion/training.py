"""Fine-tuning on clips with emotion labels, so that the emotion control is learnt and not only offered.

Flow matching: a window's latents ``z`` are mixed with noise ``n`` at a sigma from a logit-normal distribution
(P. Esser et al., "Scaling Rectified Flow Transformers", 2024, as the published code trains), and the network
learns the velocity ``n - z``. Sound, emotion and portrait are left out at random, so that guidance keeps working.
All randomness of a step comes from (seed, step): a run that was interrupted and resumed gives the same weights.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from checkpoints.errors import CheckpointError, InputError, MissingDependency
from renderers.diffusion.branches import Branches, WindowContext
from renderers.diffusion.clips import Clip, prepare_clips
from renderers.diffusion.loading import from_pretrained, save_network
from renderers.diffusion.model import NULL_EMOTION, TalkingHead
from renderers.diffusion.sampling import TIMESTEPS

__all__ = ["PARTS", "Training", "train_clips", "train_diffusion"]

#: Which parameters of the diffusion network belong to each part that can be trained.
PARTS: dict[str, tuple[str, ...]] = {
    "emotion": (".class_embedder.", ".adaLN_modulation."),
    "audio": (".audio_modules.",),
    "motion": (".motion_modules.",),
    "all": ("",),
}
STATE_NAME = "training.safetensors"
MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class Training:
    """Settings of a fine-tuning; the defaults follow the published recipe.

    Parameters
    ----------
    steps : int
        Optimiser steps.
    learning_rate, weight_decay, max_grad_norm : float
    parts : tuple of str
        Of :data:`PARTS`.
    frames, past_frames : int
        A window's new and past frames.
    drop_all, drop_emotion, drop_past : float
        Shares of windows without any conditioning, without emotion, and at the start of a video, where nothing but
        the label tells the expression when portraits are lent between clips.
    sigma_location : float
        Location m of the logit-normal distribution; above 0 learns more at high noise, where only label and sound tell
        what the picture will be.
    ema : float
        Decay of the averaged weights, which are the ones exported.
    accumulate : int
        Windows for each optimiser step.
    save_every : int
        Steps between saved states.
    seed : int
    """

    steps: int = 20_000
    learning_rate: float = 1e-5
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    parts: tuple[str, ...] = ("emotion", "audio", "motion")
    frames: int = 16
    past_frames: int = 16
    drop_all: float = 0.05
    drop_emotion: float = 0.1
    drop_past: float = 0.3
    sigma_location: float = 0.0
    ema: float = 0.999
    accumulate: int = 1
    save_every: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = sorted(set(self.parts) - set(PARTS))
        if unknown or not self.parts:
            raise InputError(f"parts={self.parts} are not known; allowed are {', '.join(PARTS)}")
        if not (self.steps >= 1 and self.accumulate >= 1 and self.save_every >= 1):
            raise InputError(f"steps={self.steps}, accumulate and save_every must be 1 or more")
        if not 0 <= self.ema < 1:
            raise InputError(f"ema={self.ema} must be at least 0 and below 1")


class WindowLoss(nn.Module):
    """Flow-matching loss of one window; a module, so that it can be spread over several cards."""

    def __init__(self, head: TalkingHead, training: Training) -> None:
        super().__init__()
        self.net = head.diffusion_net
        self.frozen = (head.reference_net, head.image_proj, head.audio_proj)
        self.settings = training

    def forward(self, clip: Clip, rng: np.random.Generator) -> Tensor:
        """Loss of a random window of ``clip``."""
        settings, device = self.settings, next(self.net.parameters()).device
        window = _Window.draw(clip, settings, rng)
        target = clip.latents[window.new].to(device)
        noise = torch.from_numpy(rng.standard_normal(target.shape, dtype=np.float32)).to(device)
        sigma = draw_sigma(rng, settings.sigma_location)
        context, audio = self._conditions(clip, window, device)
        noisy = (1 - sigma) * target + sigma * noise
        timestep = torch.full((1,), sigma * TIMESTEPS, device=device)
        noisy = noisy.to(self.net.conv_in.weight.dtype)
        _spare_cpu(noisy)
        velocity = self.net(noisy, timestep, audio, context)
        return nn.functional.mse_loss(velocity.float(), noise - target)

    def _conditions(self, clip: Clip, window: _Window, device: torch.device) -> tuple[WindowContext, Tensor]:
        (reference_net, image_proj, audio_proj), settings = self.frozen, self.settings
        dtype = self.net.conv_in.weight.dtype
        portrait = clip.faces[window.portrait][None]
        past = portrait.expand(settings.past_frames, -1, -1, -1) if window.past is None else clip.latents[window.past]
        images = torch.cat([portrait, past]).to(device, dtype)
        height, width = images.shape[-2:]
        with torch.no_grad():
            faces = torch.zeros(1, image_proj.proj.in_features, device=device, dtype=image_proj.proj.weight.dtype)
            tokens = image_proj(faces)
            features = reference_net(images, tokens.expand(len(images), -1, -1))
            audio = audio_proj(clip.sound[window.new].to(device, audio_proj.proj1.weight.dtype)).to(dtype)
        _spare_cpu(*features)
        mixtures = clip.mixtures[window.new].to(device)
        if window.unconditional or window.without_emotion:
            mixtures = torch.zeros_like(mixtures)
            mixtures[:, NULL_EMOTION] = 1
        frames, net = settings.frames, self.net
        branches = Branches(frames, guided=False, halves=1)
        reference = [] if window.unconditional else net.reference_keys(features, torch.zeros(1, dtype=torch.long))
        index = 1 + torch.arange(len(images) - 1, device=device)[None]
        context = WindowContext(
            branches,
            net.image_keys(tokens),
            reference,
            branches.reference_rows(device),
            net.modulations(mixtures),
            list(net.past_sums(features, index, height, width)),
        )
        return context, torch.zeros_like(audio) if window.unconditional else audio


def draw_sigma(rng: np.random.Generator, location: float) -> float:
    """Noise level of a window, 0–1, from the logit-normal distribution of unit scale (Esser et al. 2024)."""
    return float(1 / (1 + np.exp(-location - rng.standard_normal())))


def _spare_cpu(*inputs: Tensor) -> None:
    """Ask for gradients that nobody needs: torch 2.13's group norm crashes in the backward pass on the CPU without.

    It does so for a channels-last input that has none.
    """
    for tensor in inputs:
        tensor.requires_grad_(tensor.device.type == "cpu")


@dataclass(frozen=True)
class _Window:
    """Which frames of a clip are learnt, seen as past (none at a video's start), and shown as portrait."""

    new: slice
    past: slice | None
    portrait: int
    unconditional: bool
    without_emotion: bool

    @classmethod
    def draw(cls, clip: Clip, settings: Training, rng: np.random.Generator) -> _Window:
        start = int(rng.integers(0, len(clip) - settings.frames + 1))
        portrait = int(rng.integers(0, len(clip.faces)))
        chance = rng.random(3)
        begins = start < settings.past_frames or chance[2] < settings.drop_past
        past = None if begins else slice(start - settings.past_frames, start)
        new = slice(start, start + settings.frames)
        return cls(new, past, portrait, bool(chance[0] < settings.drop_all), bool(chance[1] < settings.drop_emotion))


def train_diffusion(
    data: str | Path,
    start: str | Path | None,
    out: str | Path,
    settings: Training | None = None,
    *,
    vae: str | Path | None = None,
    wav2vec: str | Path | None = None,
    resolution: int = 512,
    device: str = "auto",
    precision: str = "auto",
    progress: Callable[[int, float], None] | None = None,
) -> Path:
    """Fine-tune the published weights on a folder of clips with emotion labels.

    Parameters
    ----------
    data : path
        Folder with clips and ``labels.csv``; see ``renderers.diffusion.clips``.
    start : path or hub id, optional
        Weights to begin from.
    out : path
        Folder for states and for the result, which loads like the published one. A state found there is resumed.
    settings : Training, optional
    resolution : int
        Side of the square pictures, a multiple of 64.
    device, precision : str
        ``"auto"`` or a name; precision is ``fp32``, ``bf16`` or ``fp16``.
    progress : callable, optional
        Called with step and mean loss since the last call, at each saved state.

    Returns
    -------
    Path
        The folder of the result.
    """
    from renderers.diffusion.machine import choose_device
    from renderers.diffusion.networks import load_features

    accelerator = _accelerator(choose_device(device), precision)
    head = from_pretrained(start, vae=vae, device=accelerator.device, dtype=torch.float32)
    with accelerator.main_process_first():  # the others find what it has encoded
        features = load_features(start, wav2vec, head)
        clips = prepare_clips(Path(data), Path(out) / "prepared", head, features, resolution)
    train_clips(clips, head, Path(out), settings or Training(), accelerator=accelerator, progress=progress)
    if accelerator.is_main_process:
        features.model.save_pretrained(Path(out) / "wav2vec2")  # the folder is then whole
    return Path(out)


def train_clips(
    clips: Sequence[Clip],
    head: TalkingHead,
    out: Path,
    settings: Training,
    *,
    accelerator: Any = None,
    progress: Callable[[int, float], None] | None = None,
) -> Path:
    """Fine-tune ``head`` in place on prepared clips; see :func:`train_diffusion`."""
    usable = [clip for clip in clips if len(clip) >= settings.frames]
    if not usable:
        raise InputError(f"none of {len(clips)} clips has {settings.frames} frames; give longer clips or fewer frames")
    accelerator = accelerator or _accelerator(head.device, "auto")
    names = _trainable(head.diffusion_net, settings.parts)
    parameters = [p for name, p in head.diffusion_net.named_parameters() if name in names]
    optimizer = torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True)
    averaged = [p.detach().clone() for p in parameters]
    state = _State(out, names, parameters, averaged, optimizer, settings)
    first = state.load()
    head.diffusion_net.checkpointing = head.device.type == "cuda"
    loss_of, optimizer = accelerator.prepare(WindowLoss(head, settings), optimizer)
    total, count = 0.0, 0
    for step in range(first, settings.steps):
        for part in range(settings.accumulate):
            rng = np.random.default_rng([settings.seed, step, part, accelerator.process_index])
            with accelerator.autocast():
                loss = loss_of(usable[int(rng.integers(len(usable)))], rng) / settings.accumulate
            accelerator.backward(loss)
            total, count = total + _finite(loss, step) * settings.accumulate, count + 1
        accelerator.clip_grad_norm_(parameters, settings.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad()
        _average(averaged, parameters, min(settings.ema, (1 + step) / (10 + step)))
        if (step + 1) % settings.save_every == 0 or step + 1 == settings.steps:
            if accelerator.is_main_process:
                state.save(step + 1)
                if progress is not None:
                    progress(step + 1, total / count)
            total, count = 0.0, 0
    head.diffusion_net.checkpointing = False
    with torch.no_grad():
        for own, mean in zip(parameters, averaged, strict=True):
            own.copy_(mean)
    head.diffusion_net.requires_grad_(False)
    if accelerator.is_main_process:
        export(head, out)
    return out


def _finite(loss: Tensor, step: int) -> float:
    value = float(loss.detach())
    if not np.isfinite(value):
        raise InputError(
            f"the loss is {value} at step {step}; begin again from the last state with a lower learning_rate"
        )
    return value


def _accelerator(device: torch.device, precision: str) -> Any:
    try:
        from accelerate import Accelerator, DistributedDataParallelKwargs
    except ImportError as error:
        raise MissingDependency('training needs accelerate: pip install "mien[diffusion]"') from error
    mixed = {"auto": "bf16" if device.type == "cuda" else "no", "fp32": "no"}.get(precision, precision)
    spread = DistributedDataParallelKwargs(find_unused_parameters=True)  # the last module's audio queries
    return Accelerator(cpu=device.type == "cpu", mixed_precision=mixed, kwargs_handlers=[spread])


def _trainable(net: nn.Module, parts: Sequence[str]) -> list[str]:
    """Names of the parameters of ``parts``; they alone are given gradients."""
    marks = [mark for part in parts for mark in PARTS[part]]
    names = [name for name, _ in net.named_parameters() if any(mark in f".{name}" for mark in marks)]
    chosen = set(names)
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(name in chosen)
    return names


@torch.no_grad()
def _average(averaged: list[Tensor], parameters: list[Any], decay: float) -> None:
    torch._foreach_lerp_(averaged, [p.detach() for p in parameters], 1 - decay)


class _State:
    """Weights, averages and optimiser of a run, as safetensors and JSON."""

    def __init__(
        self,
        out: Path,
        names: list[str],
        parameters: list[Any],
        averaged: list[Tensor],
        optimizer: Any,
        settings: Training,
    ) -> None:
        self.out, self.names, self.parameters, self.averaged = out, names, parameters, averaged
        self.optimizer, self.settings = optimizer, settings

    def save(self, step: int) -> None:
        """Write the state beside the old one, then put it in its place."""
        from safetensors.torch import save_file

        self.out.mkdir(parents=True, exist_ok=True)
        tensors: dict[str, Tensor] = {}
        for name, parameter, mean in zip(self.names, self.parameters, self.averaged, strict=True):
            kept = self.optimizer.state.get(parameter, {})  # empty for the few that nothing depends on
            tensors |= {f"weight.{name}": parameter.detach(), f"mean.{name}": mean}
            tensors |= {f"{key}.{name}": kept[key] for key in MOMENTS if kept}
        tensors = {key: value.contiguous() for key, value in tensors.items()}
        about = {"step": str(step), "settings": json.dumps(asdict(replace(self.settings, steps=1, save_every=1)))}
        partial = self.out / f"{STATE_NAME}.partial"
        save_file(tensors, partial, metadata=about)
        partial.replace(self.out / STATE_NAME)

    def load(self) -> int:
        """Load the state found in the folder; return its step, 0 without one."""
        from safetensors import SafetensorError, safe_open

        path = self.out / STATE_NAME
        if not path.exists():
            return 0
        try:
            with safe_open(path, framework="pt") as file:
                about = file.metadata()
                settings = asdict(Training()) | json.loads(about["settings"])  # older states lack newer settings
                ours = json.loads(json.dumps(asdict(replace(self.settings, steps=1, save_every=1))))
                changed = sorted(key for key in ours if settings.get(key) != ours[key])
                if changed:
                    raise CheckpointError(
                        f"{path} was made with other settings ({', '.join(changed)}); use those, or another folder"
                    )
                self._fill(file, int(about["step"]))
        except (SafetensorError, KeyError, ValueError, TypeError) as error:
            raise CheckpointError(f"{path} cannot be resumed ({error}); delete it to begin anew") from error
        return int(about["step"])

    @torch.no_grad()
    def _fill(self, file: Any, step: int) -> None:
        known = set(file.keys())
        for name, parameter, mean in zip(self.names, self.parameters, self.averaged, strict=True):
            parameter.copy_(file.get_tensor(f"weight.{name}"))
            mean.copy_(file.get_tensor(f"mean.{name}"))
            if f"{MOMENTS[0]}.{name}" in known:
                moments = {key: file.get_tensor(f"{key}.{name}").to(parameter.device) for key in MOMENTS}
                count = torch.tensor(float(step), device=parameter.device)  # fused AdamW counts on the device
                self.optimizer.state[parameter] = {"step": count, **moments}


def export(head: TalkingHead, out: Path) -> None:
    """Write all networks in the hub's layout."""
    for name in ("reference_net", "diffusion_net", "image_proj", "audio_proj"):
        network = getattr(head, name)
        config = asdict(network.config)
        save_network(network, out / name, {"_class_name": type(network).__name__, **config})
    if hasattr(head.vae, "config"):
        save_network(head.vae, out / "vae", dict(head.vae.config))
