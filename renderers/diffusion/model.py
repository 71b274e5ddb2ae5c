"""The five networks together: portrait and sound in, a window of frames out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from checkpoints.errors import InputError
from renderers.diffusion.attention import choose_attention, set_attention
from renderers.diffusion.audio_module import EMOTION_ROWS
from renderers.diffusion.branches import Branches, WindowContext
from renderers.diffusion.diffusion_net import DiffusionNet
from renderers.diffusion.framing import SIZE_STEP
from renderers.diffusion.projections import AudioProjection, ImageProjection
from renderers.diffusion.reference_net import ReferenceNet
from renderers.diffusion.sampling import TIMESTEPS, Sampling, guide, integrate
from renderers.diffusion.state import VideoState, carry_memories, plan_images

__all__ = ["LATENT_SCALE", "NULL_EMOTION", "Steering", "TalkingHead"]

LATENT_SCALE = 0.18215
"""Stable Diffusion 1.5's factor between the autoencoder's latents and the networks'."""
NULL_EMOTION = EMOTION_ROWS - 1


@dataclass(frozen=True)
class Steering:
    """Frames of another renderer that pull a window towards them.

    Parameters
    ----------
    frames : (F, 3, H, W) float
        In [-1, 1].
    start : float
        Sigma at which the window begins, in (0, 1]; the frames' latents are noised to it. 1 is noise only.
    mask : (F, 1, h, w) float, optional
        Where the picture is pulled towards the frames while it forms, 0–1.
    strength : float
        How far, 0–1, in each step.
    until : float
        Sigma below which the pull ends, so that the networks finish the details.
    """

    frames: Tensor
    start: float = 1.0
    mask: Tensor | None = None
    strength: float = 0.0
    until: float = 0.3


class TalkingHead:
    """The published networks, without any state of a video.

    Parameters
    ----------
    vae : AutoencoderKL
        diffusers' autoencoder.
    reference_net, diffusion_net, image_proj, audio_proj : nn.Module
    device : torch.device, optional
        Where the work is done; where the diffusion network's weights lie when absent.
    attention : {"auto", "sdpa", "xformers", "math"}
    offload : bool
        Keep each network on the CPU while another is at work.
    decode_frames : int
        Frames decoded at once; halved by itself when memory runs out.
    tiling : bool
        Decode in overlapping tiles, whose norms then see one tile at a time, which changes the frames; chosen by
        itself when memory still runs out.
    """

    def __init__(
        self,
        vae: Any,
        reference_net: ReferenceNet,
        diffusion_net: DiffusionNet,
        image_proj: ImageProjection,
        audio_proj: AudioProjection,
        *,
        device: torch.device | None = None,
        attention: str = "auto",
        offload: bool = False,
        decode_frames: int = 4,
        tiling: bool = False,
    ) -> None:
        self.vae, self.reference_net, self.diffusion_net = vae, reference_net, diffusion_net
        self.image_proj, self.audio_proj = image_proj, audio_proj
        self.device = device or next(diffusion_net.parameters()).device
        self.dtype = next(diffusion_net.parameters()).dtype
        self.offload = offload
        self.decode_frames = decode_frames
        if tiling:
            vae.enable_tiling()
        self.step: Callable[[Tensor, Tensor, Tensor, WindowContext], Tensor] = diffusion_net
        kind = choose_attention(attention, self.device)
        set_attention(reference_net, kind)
        set_attention(diffusion_net, kind)
        if offload:
            for network in self._networks():
                network.to("cpu")

    def _networks(self) -> tuple[nn.Module, ...]:
        return self.vae, self.reference_net, self.diffusion_net, self.image_proj, self.audio_proj

    @contextmanager
    def _loaded(self, network: nn.Module) -> Iterator[None]:
        """Have ``network`` on the device meanwhile."""
        if not self.offload:
            yield
            return
        network.to(self.device)
        try:
            yield
        finally:
            network.to("cpu")

    @property
    def exact_dtype(self) -> torch.dtype:
        """Of the latents between steps: float32, or float64 for float64 weights."""
        return torch.float64 if self.dtype == torch.float64 else torch.float32

    def encode(self, pixels: Tensor) -> Tensor:
        """Scaled latents (M, 4, H/8, W/8) of pictures (M, 3, H, W) in [-1, 1]: the posterior's mean."""
        with self._loaded(self.vae):
            parts = [self.vae.encode(part).latent_dist.mean for part in self._send(pixels).split(self.decode_frames)]
        return torch.cat(parts) * LATENT_SCALE

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures (M, 3, H, W) in [0, 1] of scaled latents."""
        scaled = self._send(latents) / LATENT_SCALE
        with self._loaded(self.vae):
            while True:
                try:
                    parts = [self.vae.decode(part).sample for part in scaled.split(self.decode_frames)]
                    break
                except torch.OutOfMemoryError:
                    if not self._spare_memory():
                        raise
        return (torch.cat(parts) / 2 + 0.5).clamp(0, 1)

    def _spare_memory(self) -> bool:
        """Make the next decoding need less memory; whether there was a way left."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.decode_frames > 1:
            self.decode_frames = max(1, self.decode_frames // 2)
            return True
        if not getattr(self.vae, "use_tiling", True):
            self.vae.enable_tiling()
            warnings.warn(
                "memory is short: frames are decoded in tiles, whose norms then see one tile at a time", stacklevel=2
            )
            return True
        return False

    def _send(self, x: Tensor) -> Tensor:
        return x.to(self.device, self.dtype)

    @torch.no_grad()
    def start(self, portrait: Tensor, face_embedding: Tensor | None = None, seed: int = 0) -> VideoState:
        """Begin a video.

        Parameters
        ----------
        portrait : (3, H, W) float
            In [-1, 1]; height and width multiples of 64.
        face_embedding : (512,) float, optional
            Identity vector; zeros when absent, as the published code does when it finds no face.
        seed : int
            Of the noise.
        """
        height, width = portrait.shape[-2:]
        if height % SIZE_STEP or width % SIZE_STEP:
            raise InputError(
                f"a picture of {width}×{height} cannot be drawn; width and height must be multiples of {SIZE_STEP}"
            )
        pixels = self._send(portrait[None])
        empty = torch.zeros(1, self.image_proj.proj.in_features, device=self.device, dtype=self.dtype)
        face = empty if face_embedding is None else self._send(face_embedding).reshape(1, -1)
        with self._loaded(self.image_proj):
            tokens = self.image_proj(torch.cat([empty, face]))
        return VideoState(pixels, self.encode(pixels), tokens, np.random.default_rng(seed))

    @torch.no_grad()
    def window(
        self,
        state: VideoState,
        audio: Tensor,
        mixtures: Tensor,
        sampling: Sampling,
        *,
        noise: Tensor | None = None,
        steering: Steering | None = None,
    ) -> Tensor:
        """Draw the next window of a video and advance its state.

        Parameters
        ----------
        state : VideoState
        audio : (F, neighbours, layers, channels) float
            wav2vec2 features of each frame.
        mixtures : (F, 10) float
            Weights of the emotion embeddings, each row summing to 1.
        sampling : Sampling
        noise : (F, 4, h, w) float, optional
            Instead of the state's own.
        steering : Steering, optional
            Frames that pull this window.

        Returns
        -------
        (F, 4, h, w) float
            Scaled latents; pass them to :meth:`finish`.
        """
        context = self.prepare(state, mixtures, sampling)
        with self._loaded(self.audio_proj):
            tokens = self.audio_proj(self._send(audio))
        noise = (state.draw_noise(sampling.frames) if noise is None else noise).to(self.device, self.exact_dtype)
        velocity = self.velocity(context, tokens, sampling)
        start = 1.0
        if steering is not None:
            target = self.encode(steering.frames).to(noise.dtype)
            start, velocity = steering.start, _steered(velocity, target, steering)
            noise = (1 - start) * target + start * noise
        with self._loaded(self.diffusion_net):
            latents = integrate(velocity, noise, sampling, start)
        state.past_latents = latents[-sampling.past_frames :]
        state.windows += 1
        return latents

    @torch.no_grad()
    def finish(self, state: VideoState, latents: Tensor, sampling: Sampling) -> Tensor:
        """Decode a window's latents to frames (F, 3, H, W) in [0, 1] and keep the last as the next one's past."""
        frames = self.decode(latents)
        if sampling.past == "pixels":
            state.past_pixels = frames[-sampling.past_frames :] * 2 - 1
        return frames

    def prepare(self, state: VideoState, mixtures: Tensor, sampling: Sampling) -> WindowContext:
        """Run the reference network and everything else that a window's steps share."""
        past = sampling.past_frames
        if past > sampling.frames:
            raise InputError(f"past_frames={past} must not be above frames={sampling.frames}")
        halves = 2 if sampling.guided and not state.one_half else 1
        branches = Branches(sampling.frames, sampling.guided, sampling.emotion_guidance > 0, halves)
        first = state.windows == 0
        plan = plan_images(past, halves, sampling.guided, first)
        images = self._images(state, sampling, first)[list(plan.images)]
        with self._loaded(self.reference_net):
            features = self.reference_net(images, state.image_tokens[list(plan.tokens)])
        with self._loaded(self.diffusion_net):
            if first:
                tokens = torch.cat(
                    [state.image_tokens[:1]] * sampling.guided
                    + [state.image_tokens[1:]] * (branches.count - sampling.guided)
                )
                state.image_kv = self.diffusion_net.image_keys(tokens)
                rows = torch.tensor(plan.portrait_rows, device=self.device)
                state.reference_kv = self.diffusion_net.reference_keys(features, rows)
            self._remember(state, features, plan.past_rows, past)
            modulations = self.diffusion_net.modulations(self._rows(mixtures, branches))
        assert state.memories is not None
        reference_rows = branches.reference_rows(self.device)
        return WindowContext(branches, state.image_kv, state.reference_kv, reference_rows, modulations, state.memories)

    def _remember(
        self, state: VideoState, features: list[Tensor], rows: tuple[tuple[int, ...], ...], past: int
    ) -> None:
        height, width = state.portrait_latent.shape[-2:]
        index = torch.tensor(rows, device=self.device)
        new = self.diffusion_net.past_sums(features, index, height, width)
        state.memories = carry_memories(state.memories, new, past)

    def _images(self, state: VideoState, sampling: Sampling, first: bool) -> Tensor:
        """Latents of [portrait, past frames]; only the portrait in the first window."""
        pixels = state.portrait if first or sampling.past == "latents" else state.past_pixels
        assert pixels is not None
        # The published preprocessor takes a stack without any negative value for [0, 1] and maps it once more.
        bright = sampling.published_range and bool((pixels.min() >= 0) & (state.portrait.min() >= 0))
        portrait = self.encode(2 * state.portrait - 1) if bright else state.portrait_latent
        if first:
            return portrait
        if sampling.past == "latents":
            assert state.past_latents is not None
            return torch.cat([portrait, self._send(state.past_latents)])
        return torch.cat([portrait, self.encode(2 * pixels - 1 if bright else pixels)])

    def _rows(self, mixtures: Tensor, branches: Branches) -> Tensor:
        """Emotion mixtures of all rows of the batch: null in every branch but the last."""
        mixtures = self._send(mixtures)
        null = torch.zeros_like(mixtures)
        null[:, NULL_EMOTION] = 1
        return torch.cat([null] * (branches.count - 1) + [mixtures])

    def velocity(
        self, context: WindowContext, audio_tokens: Tensor, sampling: Sampling
    ) -> Callable[[Tensor, float], Tensor]:
        """Return the guided velocity of one window as a function of latents and sigma."""
        # The audio stream about doubles in each module, beyond float16's range.
        tokens = audio_tokens.float() if self.dtype == torch.float16 else audio_tokens
        low, high = sampling.guidance_interval
        branches = context.branches
        guided_rows = torch.cat(
            [torch.zeros_like(tokens)] * branches.guided + [tokens] * (branches.count - branches.guided)
        )
        alone = context.conditional_only()

        def velocity(latents: Tensor, sigma: float) -> Tensor:
            timestep = torch.full((1,), sigma * TIMESTEPS, device=self.device)
            if branches.count > 1 and low <= sigma <= high:
                batch = latents.to(self.dtype).repeat(branches.count, 1, 1, 1)
                return guide(self.step(batch, timestep, guided_rows, context).to(latents.dtype), sampling)
            return self.step(latents.to(self.dtype), timestep, tokens, alone).to(latents.dtype)

        return velocity


def _steered(
    velocity: Callable[[Tensor, float], Tensor], target: Tensor, steering: Steering
) -> Callable[[Tensor, float], Tensor]:
    """Pull the picture that the velocity points at towards ``target`` inside the mask."""
    if steering.mask is None or steering.strength == 0:
        return velocity
    pull = steering.mask.to(target) * steering.strength

    def steered(latents: Tensor, sigma: float) -> Tensor:
        flow = velocity(latents, sigma)
        if sigma < steering.until or sigma <= 0:
            return flow
        picture = latents - sigma * flow
        return flow - pull * (target - picture) / sigma

    return steered
