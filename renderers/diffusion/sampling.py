"""From noise to latents: flow-matching schedules, solvers and guidance.

Sigma runs from 1 (noise) to 0 (picture); the time step shown to the network is 1000·sigma and the network
gives the velocity ``d latents / d sigma``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from checkpoints.errors import InputError

__all__ = ["FAST", "SAMPLERS", "TIMESTEPS", "Sampling", "flow_sigmas", "guide", "integrate"]

TIMESTEPS = 1000
SIGMA_MIN = 1e-3
SAMPLERS = ("euler", "heun", "dpm++", "unipc")


@dataclass(frozen=True)
class Sampling:
    """How a window is drawn; the defaults are the exact mode.

    Parameters
    ----------
    steps : int
        Network calls a window (each on all branches).
    guidance : float
        Strength of sound, emotion and portrait against none; 1 or less runs one branch only.
    emotion_guidance : float
        Extra strength of the emotion mixture against the null emotion; above 0 a third branch is run.
    sampler : {"euler", "heun", "dpm++", "unipc"}
        Solver of the flow; all but ``"euler"`` are diffusers'.
    guidance_interval : (float, float)
        Sigmas between which guidance is applied; outside only the conditional branch is run.
    past : {"pixels", "latents"}
        Whether past frames go through pixels (exact) or stay latents (no decoding and encoding between windows).
    published_range : bool
        Map a portrait without any pixel below mid-grey once more to [-1, 1], as the published code does.
    frames, past_frames : int
        New frames a window, past frames shown.
    """

    steps: int = 20
    guidance: float = 3.5
    emotion_guidance: float = 0.0
    sampler: str = "euler"
    guidance_interval: tuple[float, float] = (0.0, 1.0)
    past: str = "pixels"
    published_range: bool = True
    frames: int = 16
    past_frames: int = 16

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InputError(f"steps={self.steps} must be 1 or more; 20 is exact, 6 to 10 is fast")
        if self.sampler not in SAMPLERS:
            raise InputError(f"sampler={self.sampler!r} is not known; allowed are {', '.join(SAMPLERS)}")
        if self.past not in ("pixels", "latents"):
            raise InputError(f"past={self.past!r} is not known; allowed are pixels, latents")
        if not (self.frames >= 1 and self.past_frames >= 1):
            raise InputError(f"frames={self.frames} and past_frames={self.past_frames} must be 1 or more")
        if self.emotion_guidance < 0:
            raise InputError(f"emotion_guidance={self.emotion_guidance} must be 0 or more; use the opposite emotion")

    @property
    def guided(self) -> bool:
        """Whether the unconditional branch is run at all."""
        return self.guidance > 1

    @property
    def guided_steps(self) -> int:
        """How many of the steps are run with guidance: those that begin at a sigma of the interval."""
        low, high = self.guidance_interval
        return sum(low <= 1 - i / self.steps <= high for i in range(self.steps)) if self.guided else 0


FAST = Sampling(steps=8, sampler="dpm++", guidance_interval=(0.15, 1.0), past="latents", published_range=False)
"""The fast mode: fewer, better steps; no guidance at the very end; past frames kept as latents."""


def flow_sigmas(steps: int, start: float = 1.0) -> Tensor:
    """Sigmas of a schedule, ``steps + 1`` values, linear from ``start`` to 0.001 and then 0, float32.

    Equal to diffusers' ``FlowMatchEulerDiscreteScheduler`` with shift 1.

    Examples
    --------
    >>> [round(float(s), 4) for s in flow_sigmas(3)]
    [1.0, 0.5005, 0.001, 0.0]
    """
    sigmas = torch.linspace(start, SIGMA_MIN, steps, dtype=torch.float64) if steps > 1 else torch.tensor([start])
    return torch.cat([sigmas.float(), torch.zeros(1)])


def guide(velocity: Tensor, sampling: Sampling) -> Tensor:
    """Combine the branches of a velocity (B·F, ...) into one (F, ...)."""
    if not sampling.guided and not sampling.emotion_guidance:
        return velocity
    parts = list(velocity.chunk(1 + sampling.guided + (sampling.emotion_guidance > 0)))
    conditional = parts[-1]
    out = conditional
    if sampling.guided:
        out = parts[0] + sampling.guidance * (conditional - parts[0])
    if sampling.emotion_guidance:
        out = out + sampling.emotion_guidance * (conditional - parts[-2])
    return out


def integrate(
    velocity: Callable[[Tensor, float], Tensor], latents: Tensor, sampling: Sampling, start: float = 1.0
) -> Tensor:
    """Solve the flow from sigma ``start`` down to 0.

    Parameters
    ----------
    velocity : callable
        ``velocity(latents, sigma)``, float32 in and out.
    latents : (F, 4, h, w) float
        Noise, or noised frames when ``start`` is below 1.
    sampling : Sampling
    start : float
        First sigma, in (0, 1].
    """
    sigmas = flow_sigmas(sampling.steps, start).tolist()
    if sampling.sampler == "euler":
        for now, after in pairwise(sigmas):
            latents = latents + (after - now) * velocity(latents, now)
        return latents
    if sampling.sampler == "heun":
        return _heun(velocity, latents, flow_sigmas(max(1, (sampling.steps + 1) // 2), start).tolist())
    return _multistep(velocity, latents, sampling, start)


def _heun(velocity: Callable[[Tensor, float], Tensor], latents: Tensor, sigmas: list[float]) -> Tensor:
    for now, after in pairwise(sigmas):
        first = velocity(latents, now)
        guess = latents + (after - now) * first
        if after > 0:
            guess = latents + (after - now) * 0.5 * (first + velocity(guess, after))
        latents = guess
    return latents


def _multistep(
    velocity: Callable[[Tensor, float], Tensor], latents: Tensor, sampling: Sampling, start: float
) -> Tensor:
    scheduler: Any = _multistep_scheduler(sampling.sampler)
    scheduler.set_timesteps(sampling.steps)
    # Evenly spaced from our own start; at sigma 1 the solvers' logarithms are infinite, so that they begin just below.
    sigmas = torch.linspace(min(start, 1 - 1 / TIMESTEPS), 0.0, sampling.steps + 1)
    scheduler.sigmas, scheduler.timesteps = sigmas, (sigmas[:-1] * TIMESTEPS).long()
    scheduler.set_begin_index(0)
    for timestep, sigma in zip(scheduler.timesteps, sigmas.tolist(), strict=False):
        latents = scheduler.step(velocity(latents, sigma), timestep, latents, return_dict=False)[0]
    return latents


def _multistep_scheduler(name: str) -> Any:
    from diffusers import DPMSolverMultistepScheduler, UniPCMultistepScheduler

    options = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 1.0}
    if name == "unipc":
        return UniPCMultistepScheduler(num_train_timesteps=TIMESTEPS, **options)
    return DPMSolverMultistepScheduler(num_train_timesteps=TIMESTEPS, algorithm_type="dpmsolver++", **options)
