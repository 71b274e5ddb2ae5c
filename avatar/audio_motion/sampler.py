"""Sampling of the motion diffusion model, in numpy: DDIM steps, classifier-free guidance, windows with context.

A network that predicts velocity (T. Salimans and J. Ho, "Progressive distillation", 2022, appendix D) walks the cosine
schedule (A. Nichol and P. Dhariwal, 2021, equation 17) in the deterministic steps of J. Song et al., "Denoising
diffusion implicit models", 2021, equation 12. diffusers' ``DDIMScheduler`` trains the same schedule; a test compares
the two step by step. Guidance is that of J. Ho and T. Salimans (2022), with one scale for sound and one for emotion:
``v = v(∅, ∅) + a·(v(sound, ∅) − v(∅, ∅)) + e·(v(sound, emotion) − v(sound, ∅))``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from avatar.audio_motion.representation import N_CHANNELS

__all__ = ["Guidance", "Velocity", "alphas_cumprod", "ddim_step", "embed_time", "network_input", "sample_motion",
           "step_times", "windows"]  # fmt: skip

Array = npt.NDArray[np.float32]

TRAIN_STEPS = 1000
MAX_BETA = 0.999
#: Size of the embedding of the time step.
TIME_SIZE = 64
#: Frames of a window, and of the finished motion before it that it continues.
WINDOW = 100
CONTEXT = 25
#: Frames beyond a line's end that are generated and thrown away.
BEYOND = 12
#: Columns of the sound and of the emotion.
SOUND_SIZE, EMOTION_SIZE = 44, 8
#: Noisy motion, context, its mark, sound, its mark, emotion, its mark.
INPUT_SIZE = 2 * N_CHANNELS + 1 + SOUND_SIZE + 1 + EMOTION_SIZE + 1

Velocity = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class Guidance:
    """How strongly sound and emotion are followed, in how many steps, and at which shares of the noise.

    A scale of 1 is as learnt. Guidance is left out where noise hides everything (T. Kynkäänniemi et al., "Applying
    guidance in a limited interval", 2024).
    """

    sound: float = 1.0
    emotion: float = 1.4
    steps: int = 8
    interval: tuple[float, float] = (0.0, 0.65)


@lru_cache(maxsize=1)
def alphas_cumprod() -> npt.NDArray[np.float64]:
    """Return the (1000,) share of signal that is left after each step of the cosine schedule."""

    def bar(time: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        level: npt.NDArray[np.float64] = np.cos((time + 0.008) / 1.008 * np.pi / 2) ** 2
        return level

    time = np.arange(TRAIN_STEPS) / TRAIN_STEPS
    betas = np.minimum(1.0 - bar(time + 1.0 / TRAIN_STEPS) / bar(time), MAX_BETA)
    product: npt.NDArray[np.float64] = np.cumprod(1.0 - betas)
    return product


def step_times(steps: int) -> npt.NDArray[np.int64]:
    """Return the steps that are visited, falling: evenly spaced and ending the noise at 999 ("trailing")."""
    times: npt.NDArray[np.int64] = np.round(np.arange(TRAIN_STEPS, 0, -TRAIN_STEPS / steps)).astype(np.int64) - 1
    return times


def ddim_step(velocity: Array, time: int, noisy: Array, steps: int) -> Array:
    """Return the motion one step cleaner.

    Parameters
    ----------
    velocity, noisy : (…) float32
    time : int
        One of :func:`step_times`.
    steps : int
        How many there are.
    """
    now = alphas_cumprod()[time]
    before = time - TRAIN_STEPS // steps
    after = alphas_cumprod()[before] if before >= 0 else 1.0
    clean = np.sqrt(now) * noisy - np.sqrt(1.0 - now) * velocity
    noise = np.sqrt(now) * velocity + np.sqrt(1.0 - now) * noisy
    cleaner: Array = (np.sqrt(after) * clean + np.sqrt(1.0 - after) * noise).astype(np.float32)
    return cleaner


def embed_time(times: npt.NDArray[np.int64]) -> Array:
    """Return (B, 64) sines and cosines of time steps (A. Vaswani et al., 2017, section 3.5)."""
    frequency = np.exp(-np.log(10_000.0) * np.arange(TIME_SIZE // 2) / (TIME_SIZE // 2))
    angle = times[:, None] * frequency
    embedded: Array = np.concatenate([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)
    return embedded


def network_input(noisy: Array, context: Array, sound: Array | None, emotion: Array | None) -> Array:
    """Return (W, INPUT_SIZE): what the network is given for one window.

    Parameters
    ----------
    noisy : (W, N_CHANNELS) float32
    context : (K, N_CHANNELS) float32
        Finished motion that the window begins with; K may be 0.
    sound : (W, 44) float32, optional
    emotion : (W, 8) float32, optional
    """
    table = np.zeros((len(noisy), INPUT_SIZE), np.float32)
    known = len(context)
    table[:, :N_CHANNELS] = noisy
    table[:known, :N_CHANNELS] = context
    table[:known, N_CHANNELS : 2 * N_CHANNELS] = context
    table[:known, 2 * N_CHANNELS] = 1.0
    first = 2 * N_CHANNELS + 1
    if sound is not None:
        table[:, first : first + SOUND_SIZE] = sound
        table[:, first + SOUND_SIZE] = 1.0
    first += SOUND_SIZE + 1
    if emotion is not None:
        table[:, first : first + EMOTION_SIZE] = emotion
        table[:, first + EMOTION_SIZE] = 1.0
    return table


def windows(frames: int) -> Iterator[tuple[int, int, int]]:
    """Yield (start, stop, known): windows that cover the frames, each beginning with ``known`` finished ones."""
    yield 0, min(WINDOW, frames), 0
    stop = WINDOW
    while stop < frames:
        start = stop - CONTEXT
        stop = min(start + WINDOW, frames)
        yield start, stop, CONTEXT


def sample_motion(
    velocity: Velocity, sound: Array, emotion: Array, rng: np.random.Generator, guidance: Guidance = Guidance()
) -> Array:
    """Generate motion for a sound of any length.

    Parameters
    ----------
    velocity : callable
        (B, W, INPUT_SIZE) and (B, 64) float32 to (B, W, N_CHANNELS): the network.
    sound : (F, 44) float32
        Each frame's sound; see :func:`~avatar.audio_motion.features.slow_features`.
    emotion : (F, 8) float32
        What the face is to show.
    rng : Generator
        Source of the noise.
    guidance : Guidance

    Returns
    -------
    (F, N_CHANNELS) float32
        In the units of training: each channel's mean is 0 and its spread 1.
    """
    motion = np.zeros((len(sound), N_CHANNELS), np.float32)
    for start, stop, known in windows(len(sound)):
        context = motion[start : start + known]
        part = _window(velocity, context, sound[start:stop], emotion[start:stop], rng, guidance)
        motion[start + known : stop] = part[known:]
    return motion


def _window(
    velocity: Velocity, context: Array, sound: Array, emotion: Array, rng: np.random.Generator, guidance: Guidance
) -> Array:
    """Generate one window; a short one goes on for a while beyond the line's end, as in training."""
    frames = len(sound)
    missing = min(WINDOW - frames, BEYOND)
    sound = np.pad(sound, ((0, missing), (0, 0)), mode="edge")
    emotion = np.pad(emotion, ((0, missing), (0, 0)), mode="edge")
    noisy = rng.standard_normal((len(sound), N_CHANNELS), np.float32)
    for time in step_times(guidance.steps):
        guided = _guided(velocity, int(time), noisy, context, sound, emotion, guidance)
        noisy = ddim_step(guided, int(time), noisy, guidance.steps)
    return noisy[:frames]


def _guided(
    velocity: Velocity, time: int, noisy: Array, context: Array, sound: Array, emotion: Array, guidance: Guidance
) -> Array:
    """Return the guided velocity; what guidance does not need is not computed."""
    low, high = guidance.interval
    inside = low <= time / TRAIN_STEPS <= high
    with_sound, with_emotion = inside and guidance.sound != 1.0, inside and guidance.emotion != 1.0
    given: list[tuple[Array | None, Array | None]] = [(sound, emotion)]
    if with_sound or with_emotion:
        given.append((sound, None))
    if with_sound:
        given.append((None, None))
    batch = np.stack([network_input(noisy, context, *pair) for pair in given])
    answers = velocity(batch, np.repeat(embed_time(np.array([time])), len(batch), axis=0))
    full: Array = answers[0]
    if len(answers) == 1:
        return full
    heard, *free = answers[1:]
    base = free[0] + guidance.sound * (heard - free[0]) if free else heard
    guided: Array = base + (guidance.emotion if inside else 1.0) * (full - heard)
    return guided
