"""A rehearsal of training: cartoon clips whose mouth and brows obey the label, small networks, and measures.

It shows that the training loop makes the label move the picture, without any data: ``python benchmarks/diffusion.py
overfit`` runs it and prints what was measured on the drawn frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from conditioning import Emotion, EmotionTrack
from renderers.diffusion.clips import Clip, lend_portraits, prepare_clip
from renderers.diffusion.emotion import label_mixture
from renderers.diffusion.features import FEATURE_FPS, SOUND_RATE_HZ, AudioFeatures
from renderers.diffusion.model import LATENT_SCALE, TalkingHead
from renderers.diffusion.pixels import to_frames, to_pixels
from renderers.diffusion.sampling import Sampling

__all__ = [
    "BLOCK_PX",
    "FRAMES",
    "MOODS",
    "BlockCodec",
    "FaceMeasures",
    "cartoon",
    "cartoon_clip",
    "draw_mood",
    "measure",
    "overfit",
    "rehearse",
    "speak",
    "tone_bursts",
]

SIDE_PX = 128
BLOCK_PX = 8
STROKE_PX = 5.0
#: New and past frames of a window.
FRAMES = 2

#: The moods of the clips, each a primary emotion at full weight.
MOODS: dict[str, Emotion] = {
    "neutral": Emotion(),
    "happy": Emotion(joy=1.0),
    "sad": Emotion(sadness=1.0),
    "angry": Emotion(anger=1.0),
    "surprised": Emotion(surprise=1.0),
}


class BlockCodec(nn.Module):
    """Stands for the autoencoder: the four lowest cosine terms of each 8×8 block of grey, orthonormal."""

    def __init__(self) -> None:
        super().__init__()
        at = (torch.arange(BLOCK_PX) + 0.5) * torch.pi / BLOCK_PX
        waves = torch.stack([torch.full((BLOCK_PX,), BLOCK_PX**-0.5), (2 / BLOCK_PX) ** 0.5 * at.cos()])
        basis = torch.stack([torch.outer(waves[i], waves[j]) for i in (0, 1) for j in (0, 1)])
        self.register_buffer("basis", basis[:, None])
        self.gain = BLOCK_PX * LATENT_SCALE / 2.5  # scaled latents of the cartoon then have about unit variance

    def encode(self, pixels: Tensor) -> Any:
        """(B, 3, H, W) → an object whose ``latent_dist.mean`` is (B, 4, H/8, W/8)."""
        grey = pixels.mean(1, keepdim=True)
        mean = nn.functional.conv2d(grey, self.basis.to(grey), stride=BLOCK_PX) / self.gain
        return SimpleNamespace(latent_dist=SimpleNamespace(mean=mean))

    def decode(self, latents: Tensor) -> Any:
        """(B, 4, h, w) → an object whose ``sample`` is (B, 3, 8h, 8w)."""
        grey = nn.functional.conv_transpose2d(latents * self.gain, self.basis.to(latents), stride=BLOCK_PX)
        return SimpleNamespace(sample=grey.expand(-1, 3, -1, -1))


@dataclass(frozen=True)
class FaceMeasures:
    """What is seen on a cartoon frame, in pixels.

    Parameters
    ----------
    smile : float
        How much higher the mouth's corners are than its middle.
    brow_tilt : float
        How much higher the brows' inner ends are than their outer ends.
    brow_raise : float
        Height of the brows over their place at rest.
    """

    smile: float
    brow_tilt: float
    brow_raise: float


def cartoon(emotion: Emotion, openness: float) -> npt.NDArray[np.uint8]:
    """(128, 128, 3) uint8 face: two brows and a mouth in dark strokes on light skin.

    Parameters
    ----------
    emotion : Emotion
        Joy lifts the mouth's corners, sadness drops them and lifts the inner brows, anger drops the inner
        brows, surprise raises the brows.
    openness : float
        0–1, of the mouth.
    """
    x, y = np.meshgrid(np.arange(SIDE_PX) + 0.5, np.arange(SIDE_PX) + 0.5)
    smile = 9.0 * (emotion.joy - emotion.sadness - 0.5 * emotion.anger)
    tilt = 8.0 * (emotion.sadness - emotion.anger)
    lift = 9.0 * emotion.surprise
    across = (x - 64) / 26
    lips = 96 - smile * (across**2 - 0.5)
    half = STROKE_PX + 7 * openness * np.clip(1 - across**2, 0, 1)
    ink = np.clip(half + 0.5 - np.abs(y - lips), 0, 1) * (np.abs(across) <= 1)
    for side in (-1, 1):
        along = (side * (x - 64) - 28) / 14  # -1 at the inner end, 1 at the outer
        brow = 40 - lift + tilt * along / 2
        ink = np.maximum(ink, np.clip(STROKE_PX + 0.5 - np.abs(y - brow), 0, 1) * (np.abs(along) <= 1))
    grey = 205 - 165 * ink
    return np.repeat(grey[..., None], 3, 2).astype(np.uint8)


def measure(frame: npt.NDArray[np.uint8]) -> FaceMeasures:
    """Measure a drawn frame by the centres of dark ink in boxes where brows and mouth can be."""
    ink = np.clip(190.0 - frame[..., 0].astype(np.float64), 0, None)
    rows = np.arange(SIDE_PX) + 0.5

    def height(columns: slice, top: int, bottom: int) -> float:
        weight = ink[top:bottom, columns].sum(1) + 1e-9
        return float((weight * rows[top:bottom]).sum() / weight.sum())

    corners = 0.5 * (height(slice(40, 48), 72, 128) + height(slice(80, 88), 72, 128))
    inner = 0.5 * (height(slice(80, 88), 16, 64) + height(slice(40, 48), 16, 64))
    outer = 0.5 * (height(slice(96, 104), 16, 64) + height(slice(24, 32), 16, 64))
    return FaceMeasures(height(slice(60, 68), 72, 128) - corners, outer - inner, 40 - 0.5 * (inner + outer))


def tone_bursts(frames: int, seed: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Bursts of a tone at 16 kHz, and the mouth's openness at each frame."""
    rng = np.random.default_rng(seed)
    per_frame = SOUND_RATE_HZ / FEATURE_FPS
    phase = rng.random()
    openness = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(frames) / 10 + phase))
    time = np.arange(int(frames * per_frame))
    loud = np.interp(time / per_frame, np.arange(frames), openness)
    return (0.3 * loud * np.sin(2 * np.pi * 180 * time / SOUND_RATE_HZ)).astype(np.float32), openness


def cartoon_clip(head: TalkingHead, features: AudioFeatures, emotion: Emotion, frames: int, seed: int) -> Clip:
    """One clip of the cartoon, prepared for training."""
    sound, openness = tone_bursts(frames, seed)
    pictures = np.stack([cartoon(emotion, value) for value in openness])
    return prepare_clip(head, features, pictures, sound, EmotionTrack.constant(emotion))


def draw_mood(
    head: TalkingHead, features: AudioFeatures, emotion: Emotion, sampling: Sampling, windows: int = 2, seed: int = 0
) -> npt.NDArray[np.uint8]:
    """Draw the neutral cartoon speaking with an emotion: (F, 128, 128, 3) uint8."""
    sound, _ = tone_bursts(windows * sampling.frames, seed + 1000)
    return speak(head, features, cartoon(Emotion(), 0.0), sound, emotion, sampling, seed)


def speak(
    head: TalkingHead,
    features: AudioFeatures,
    portrait: npt.NDArray[np.uint8],
    sound: npt.NDArray[np.float32],
    emotion: Emotion,
    sampling: Sampling,
    seed: int = 0,
) -> npt.NDArray[np.uint8]:
    """Draw a portrait (H, W, 3) uint8 saying a sound at 16 kHz with an emotion: (F, H, W, 3) uint8."""
    state = head.start(to_pixels(portrait[None])[0], None, seed)
    mixtures = torch.from_numpy(label_mixture(emotion.weights)).repeat(sampling.frames, 1)
    frames = []
    for audio in features.windows(sound, SOUND_RATE_HZ, sampling.frames):
        frames.append(head.finish(state, head.window(state, audio, mixtures, sampling), sampling))
    return to_frames(torch.cat(frames))


def rehearse(out: Path, steps: int, seed: int = 0, progress: Any = None) -> tuple[TalkingHead, AudioFeatures]:
    """Train small networks from random weights on five cartoon clips.

    Parameters
    ----------
    out : Path
        Folder for states and the result; an interrupted rehearsal goes on from there.
    steps, seed : int
    progress : callable, optional
        Called with step and mean loss at each saved state.
    """
    from renderers.diffusion.tiny import MICRO_NET, tiny_features, tiny_head

    head, features = tiny_head(seed, MICRO_NET, BlockCodec()), tiny_features(seed)
    clips = [cartoon_clip(head, features, mood, 24, i) for i, mood in enumerate(MOODS.values())]
    overfit(lend_portraits(clips, ["cartoon"] * len(clips)), head, out, steps, seed, progress)
    return head, features


def overfit(
    clips: list[Clip],
    head: TalkingHead,
    out: Path,
    steps: int,
    seed: int = 0,
    progress: Any = None,
    sigma_location: float = 0.0,
) -> None:
    """Train all of a small diffusion network on a handful of clips; see :func:`rehearse` and ``Training``."""
    from renderers.diffusion.training import Training, train_clips

    settings = Training(
        steps=steps,
        learning_rate=2e-3,
        parts=("all",),
        frames=FRAMES,
        past_frames=FRAMES,
        drop_past=0.5,
        sigma_location=sigma_location,
        ema=0.99,
        save_every=50,
        seed=seed,
    )
    train_clips(clips, head, out, settings, progress=progress)
