"""Comparison with numbers recorded from the published code on small random weights.

The folder holds ``config.json``, ``tiny_weights_*.safetensors`` and ``tiny_io_*.safetensors``;
``python benchmarks/diffusion.py parity FOLDER`` prints the table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from renderers.diffusion.branches import Branches, WindowContext
from renderers.diffusion.config import AudioProjectionConfig, ImageProjectionConfig, NetConfig, read_config
from renderers.diffusion.diffusion_net import DiffusionNet
from renderers.diffusion.model import NULL_EMOTION, TalkingHead
from renderers.diffusion.projections import AudioProjection, EmotionClassifier, ImageProjection
from renderers.diffusion.reference_net import ReferenceNet
from renderers.diffusion.sampling import Sampling, flow_sigmas
from renderers.diffusion.state import ImagePlan, VideoState, carry_memories, plan_images

__all__ = ["Row", "load_tiny", "parity_rows"]

# Differences of the recorded code between float32 and float64 are 1.4e-5 (reference features of unit scale),
# 8e-6 (one diffusion call), 2.1e-4 (latents of the first window); ours may differ by about as much again.
FEATURES, CALL, WINDOW = 3e-5, 2e-5, 5e-4
EXACT = 2e-6
# Six guided steps and a decoding and encoding in float64, the recorded schedule and its steps in float32.
FREE = 1e-4


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    case : str
    difference : float
        Largest absolute difference, relative to ``scale``.
    tolerance : float
    scale : float
        What the difference was divided by: 1, or the largest recorded value.
    """

    case: str
    difference: float
    tolerance: float
    scale: float = 1.0

    @property
    def passed(self) -> bool:
        """Whether the difference is within the tolerance."""
        return self.difference <= self.tolerance


def load_tiny(folder: Path, dtype: torch.dtype = torch.float32) -> TalkingHead:
    """Build the networks with the recorded weights; those whose weights are absent keep random ones."""
    from diffusers import AutoencoderKL

    sizes = json.loads((folder / "config.json").read_text())["tiny"]

    def filled(network: nn.Module, name: str) -> Any:
        path = folder / f"tiny_weights_{name}.safetensors"
        if path.exists():
            network.load_state_dict(load_file(path))
        return nn.Module.to(network, dtype).eval().requires_grad_(False)

    return TalkingHead(
        filled(AutoencoderKL(**sizes["vae"]), "vae"),
        filled(ReferenceNet(read_config(sizes["reference_net"], NetConfig)), "reference_net"),
        filled(DiffusionNet(read_config(sizes["diffusion_net"], NetConfig)), "diffusion_net"),
        filled(ImageProjection(read_config(sizes["image_proj"], ImageProjectionConfig)), "image_proj"),
        filled(AudioProjection(read_config(sizes["audio_proj"], AudioProjectionConfig)), "audio_proj"),
    )


def _row(case: str, ours: Tensor, recorded: Tensor, tolerance: float, relative: bool = False) -> Row:
    scale = float(recorded.abs().max()) if relative else 1.0
    return Row(case, float((ours.double() - recorded.double()).abs().max()) / scale, tolerance, scale)


def parity_rows(folder: Path) -> Iterator[Row]:
    """Compare everything recorded that is in ``folder``; parts whose files are absent are left out."""
    head = load_tiny(folder)
    parts = {
        "projections": _projections,
        "scheduler": _scheduler,
        "units": _units,
        "reference_net": _reference,
        "diffusion_net": _diffusion,
        "pipeline": _pipeline,
    }
    with torch.no_grad():
        for name, compare in parts.items():
            file = folder / f"tiny_io_{name}.safetensors"
            if file.exists():
                yield from compare(head, load_file(file), folder)


def _projections(head: TalkingHead, io: dict[str, Tensor], folder: Path) -> Iterator[Row]:
    for name, project in (("audio_proj", head.audio_proj), ("image_proj", head.image_proj)):
        yield _row(f"projections {name}", project(io[f"{name}.in"]), io[f"{name}.out"], EXACT)
        zeros = torch.zeros_like(io[f"{name}.in"][:1, :1] if name == "audio_proj" else io[f"{name}.in"][:1])
        recorded = io[f"{name}.out_of_zeros"]
        yield _row(f"projections {name} of zeros", project(zeros).expand_as(recorded), recorded, EXACT)
    weights = load_file(folder / "tiny_weights_emotion_classifier.safetensors")
    classifier = EmotionClassifier(channels=weights["layers.fc1.weight"].shape[0])
    classifier.load_state_dict({k: v.float() for k, v in weights.items()})
    recorded = io["emotion_classifier.out"]
    yield _row("projections emotion classifier", classifier(io["emotion_classifier.in"]), recorded, EXACT)


def _scheduler(head: TalkingHead, io: dict[str, Tensor], folder: Path) -> Iterator[Row]:
    for steps in (20, 3):
        sigmas = flow_sigmas(steps)
        yield _row(f"scheduler sigmas {steps}", sigmas, io[f"sigmas.{steps}"], 1e-7)
        yield _row(f"scheduler timesteps {steps}", sigmas[:-1] * 1000, io[f"timesteps.{steps}"], 1e-4)
    sigmas, x = flow_sigmas(20), io["step.sample"]
    for step in (0, 1):
        x = x + (sigmas[step + 1] - sigmas[step]) * io["step.model_output"]
        yield _row(f"scheduler euler step {step}", x, io[f"step.prev_sample_after_step{step}"], 1e-6)


def _fold(x: Tensor) -> Tensor:
    """(B, C, F, h, w) → (B·F, C, h, w)."""
    return x.transpose(1, 2).flatten(0, 1)


def _unfold(x: Tensor, branches: int) -> Tensor:
    return x.unflatten(0, (branches, -1)).transpose(1, 2)


def _one_hot(labels: Tensor, frames: int) -> Tensor:
    """(B,) labels → (B·frames, 10) mixtures."""
    return functional.one_hot(labels.long(), NULL_EMOTION + 1).float().repeat_interleave(frames, 0)


def _units(head: TalkingHead, io: dict[str, Tensor], folder: Path) -> Iterator[Row]:
    net = head.diffusion_net
    alone = folder / "tiny_weights_units.safetensors"
    if alone.exists():  # only the weights of the units, for a small folder
        weights = load_file(alone)
        assert not net.load_state_dict(weights, strict=False).unexpected_keys
    for name in sorted({key.split(".in.")[0] for key in io if ".in." in key}):
        path, window = name.split("@")
        unit: Any = net.get_submodule(path)
        given = {key.split(".in.")[1]: value for key, value in io.items() if key.startswith(f"{name}.in.")}
        images, recorded = given["hidden"], io[f"{name}.out.hidden"]
        frames = images.shape[2]
        branches = Branches(frames)
        kind = path.split(".")[-2]
        if kind == "resnets":
            out = unit(_fold(images), given["temb"].repeat_interleave(frames, 0))
        elif kind == "attentions":
            keys = unit.image_keys(given["encoder_hidden_states"]), unit.reference_keys(given["ref"])
            out = unit(_fold(images), branches, *keys, branches.reference_rows(torch.device("cpu")))
        elif kind == "audio_modules":
            mods = unit.modulations(_one_hot(given["emotion"], frames))
            out, heard = unit(_fold(images), given["encoder_hidden_states"], mods)
            if f"{name}.out.audio" in io:
                yield _row(f"units {name} audio", heard, io[f"{name}.out.audio"], CALL, relative=True)
        else:
            out = _motion_unit(unit, io, path, window, branches)
        yield _row(f"units {name}", _unfold(out, 2), recorded, CALL)


def _motion_unit(unit: Any, io: dict[str, Tensor], path: str, window: str, branches: Branches) -> Tensor:
    memories = None
    for at in ("window1", "window2"):
        past = io[f"{path}@{at}.in.motion_frames"]
        index = torch.arange(past.shape[0] * past.shape[2]).reshape(past.shape[0], -1)
        memories = carry_memories(memories, [unit.past_sums(_fold(past), index)], past.shape[2])
        if at == window:
            break
    assert memories is not None
    out: Tensor = unit(_fold(io[f"{path}@{window}.in.hidden"]), branches, memories[0])
    return out


FEATURE_NAMES = (
    *(f"down.{b}.{i}" for b in range(4) for i in range(2)),
    "mid.0",
    *(f"up.{b}.{i}" for b in range(4) for i in range(3)),
)


def _reference(head: TalkingHead, io: dict[str, Tensor], folder: Path) -> Iterator[Row]:
    tokens = io["image_tokens"]
    for window in ("window1", "window2"):
        latents = io[f"ref_latents.{window}"]
        past = len(latents) - 1
        plan = _with_portrait(past, 2)
        features = head.reference_net(latents[list(plan.images)], tokens[list(plan.tokens)])
        rows = [row for half in range(2) for row in (plan.portrait_rows[half], *plan.past_rows[half])]
        worst = {True: Row("", 0, 0), False: Row("", 0, 0)}
        for name, feature in zip(FEATURE_NAMES, features, strict=True):
            recorded = next(v for k, v in io.items() if k.startswith(f"feat_cfg.{window}.{name}"))
            row = _row(f"reference_net {window}", feature[rows], recorded, FEATURES, relative=feature.ndim == 4)
            worst[feature.ndim == 4] = max(worst[feature.ndim == 4], row, key=lambda r: r.difference)
        yield Row(f"reference_net {window} (16 token features)", worst[False].difference, FEATURES)
        yield Row(f"reference_net {window} (5 maps)", worst[True].difference, FEATURES, worst[True].scale)


def _with_portrait(past: int, halves: int) -> ImagePlan:
    """A later window's plan with the portrait's rows put back: the recorded past frames always differ."""
    plan = plan_images(past, halves, halves == 2, first=False)
    n = len(plan.images)
    tokens = (0, (1 + past) % 2) if halves == 2 else (1,)
    portrait = tuple(range(n, n + halves))
    return ImagePlan((*plan.images, *[0] * halves), (*plan.tokens, *tokens), portrait, plan.past_rows)


def _diffusion(head: TalkingHead, io: dict[str, Tensor], folder: Path) -> Iterator[Row]:
    reference = load_file(folder / "tiny_io_reference_net.safetensors")
    for run in sorted({key.split(".")[0] for key in io if key.endswith(".out")}):
        guided = run.startswith("cfg")
        label = torch.tensor([NULL_EMOTION if run.endswith("null") else int(run[-1])])
        worst, memory = 0.0, 0.0
        state = _bare_state(head, reference, guided)
        for window in (1, 2):
            context = _recorded_context(head, reference, state, window, guided, label)
            for step in (0, 1):
                latents = _fold(io[f"latents.window{window}.step{step}"])
                audio = io[f"audio_tokens.window{window}"][0]
                if guided:
                    latents, audio = latents.repeat(2, 1, 1, 1), torch.cat([torch.zeros_like(audio), audio])
                timestep = flow_sigmas(20)[step : step + 1] * 1000
                out = _unfold(head.diffusion_net(latents, timestep, audio, context), 1 + guided)
                worst = max(worst, _row("", out, io[f"{run}.window{window}.step{step}.out"], CALL).difference)
            if run == "cfg_emo3":
                memory = max(memory, _memory_difference(head, io, state, window))
        yield Row(f"diffusion_net {run} (2 windows × 2 steps)", worst, CALL)
        if run == "cfg_emo3":
            yield Row("diffusion_net motion memories (relative)", memory, 1e-5)


def _bare_state(head: TalkingHead, reference: dict[str, Tensor], guided: bool) -> VideoState:
    import numpy as np

    tokens = reference["image_tokens"]
    latent = reference["ref_latents.window1"][:1]
    state = VideoState(torch.zeros(1), latent, tokens, np.random.default_rng(0))
    state.image_kv = head.diffusion_net.image_keys(tokens if guided else tokens[1:])
    return state


def _recorded_context(
    head: TalkingHead, reference: dict[str, Tensor], state: VideoState, window: int, guided: bool, label: Tensor
) -> WindowContext:
    """The context of a window made from the recorded reference latents."""
    latents = reference[f"ref_latents.window{window}"]
    past, halves = len(latents) - 1, 1 + guided
    plan = _with_portrait(past, halves)
    features = head.reference_net(latents[list(plan.images)], state.image_tokens[list(plan.tokens)])
    state.reference_kv = head.diffusion_net.reference_keys(features, torch.tensor(plan.portrait_rows))
    head._remember(state, features, plan.past_rows, past)
    frames = 4
    branches = Branches(frames, guided, halves=halves)
    labels = torch.cat([torch.tensor([NULL_EMOTION])] * guided + [label])
    mods = head.diffusion_net.modulations(_one_hot(labels, frames))
    assert state.memories is not None
    rows = branches.reference_rows(torch.device("cpu"))
    return WindowContext(branches, state.image_kv, state.reference_kv, rows, mods, state.memories)


def _memory_difference(head: TalkingHead, io: dict[str, Tensor], state: VideoState, window: int) -> float:
    assert state.memories is not None
    names = [n for n, _ in head.diffusion_net.named_modules() if n.split(".")[-2:-1] == ["motion_modules"]]
    names.sort(key=lambda n: ("down_blocks", "mid_block", "up_blocks").index(n.split(".")[0]))
    worst = 0.0
    for name, pair in zip(names, state.memories, strict=True):
        for i, memory in enumerate(pair):
            key = f"memory.{name}.attn{i}"
            if f"{key}.KV.after_window{window}.step0" in io:
                kv, z = io[f"{key}.KV.after_window{window}.step0"], io[f"{key}.Z.after_window{window}.step0"]
                worst = max(worst, _row("", memory.kv.flatten(0, 2), kv, 0, relative=True).difference)
                worst = max(worst, _row("", memory.z.flatten(0, 2)[:, None], z, 0, relative=True).difference)
    return worst


def _pipeline(head: TalkingHead, io: dict[str, Tensor], folder: Path) -> Iterator[Row]:
    """Each step from the recorded latents before it, and both windows freely in float64."""
    sampling = Sampling(steps=3, frames=6, past_frames=4)
    state = head.start(io["pixel_values"][0], io["face_emb"][0])
    for window in (1, 2):
        if window == 2:
            state.past_pixels = io["video.window1"][0].transpose(0, 1)[-4:] * 2 - 1
        yield from _pipeline_window(head, io, state, sampling, window)
    yield from _pipeline_float64(folder, io, sampling)


def _mixtures(io: dict[str, Tensor], window: int) -> Tensor:
    from renderers.diffusion.emotion import majority_label

    label = majority_label(io[f"emotion_labels.window{window}"].tolist())
    return _one_hot(torch.tensor([label]), 6)


def _pipeline_window(
    head: TalkingHead, io: dict[str, Tensor], state: VideoState, sampling: Sampling, window: int
) -> Iterator[Row]:
    w = f"window{window}"
    images = head._images(state, sampling, window == 1)
    images = images.expand(5, -1, -1, -1) if window == 1 else images
    yield _row(f"pipeline {w} reference input", images.repeat(2, 1, 1, 1), io[f"reference_net_input.{w}"], 2e-5)
    yield _row(f"pipeline {w} image tokens", state.image_tokens, io[f"image_tokens.{w}"], EXACT)
    context = head.prepare(state, _mixtures(io, window), sampling)
    state.windows += 1
    tokens = head.audio_proj(io[f"audio_windows.{w}"][0])
    yield _row(f"pipeline {w} audio tokens", tokens, io[f"audio_tokens.{w}"][0], EXACT)
    velocity = head.velocity(context, tokens, sampling)
    sigmas = flow_sigmas(3)
    before = io[f"noise.{w}"]
    for step in range(3):
        latents = _fold(before)
        ours = latents + (sigmas[step + 1] - sigmas[step]) * velocity(latents, float(sigmas[step]))
        before = io[f"latents_after.{w}.step{step}"]
        yield _row(f"pipeline {w} step {step}", _unfold(ours, 1), before, WINDOW)
    frames = head.finish(state, _fold(before), sampling)
    if window == 1:
        yield _row(f"pipeline {w} frames", frames, io["video.window1"][0].transpose(0, 1), WINDOW)
    else:
        yield _row(f"pipeline {w} frame 5", frames[5], io["video.window2.frame5"][0, :, 0], WINDOW)


def _pipeline_float64(folder: Path, io: dict[str, Tensor], sampling: Sampling) -> Iterator[Row]:
    head = load_tiny(folder, torch.float64)
    state = head.start(io["pixel_values"][0], io["face_emb"][0])
    for window in (1, 2):
        noise = _fold(io[f"noise.window{window}"])
        audio = io[f"audio_windows.window{window}"][0]
        latents = head.window(state, audio, _mixtures(io, window), sampling, noise=noise)
        recorded = io[f"float64_run.latents_after.window{window}.step2"]
        yield _row(f"pipeline window{window} latents, float64, free run", _unfold(latents, 1), recorded, FREE)
        frames = head.finish(state, latents, sampling)
    recorded = io["float64_run.video.window2.frame5"][0, :, 0]
    yield _row("pipeline window2 frame 5, float64, free run", frames[5], recorded, FREE)
