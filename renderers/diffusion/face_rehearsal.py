"""The rehearsal of training on a drawn portrait, so that the face landmarker can see what the label moves.

Clips of one portrait, drawn by the portrait renderer under four emotions and cut to the face, are overfitted by small
networks; what they then draw under each label, from the same noise and sound, is measured beside the clips:
``python benchmarks/diffusion.py face`` runs it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from conditioning import Emotion, EmotionTrack, Motion
from conditioning.arkit import ARKIT_INDEX
from renderers.diffusion.clips import lend_portraits, prepare_clip
from renderers.diffusion.features import FEATURE_FPS, AudioFeatures
from renderers.diffusion.model import LATENT_SCALE, TalkingHead
from renderers.diffusion.pixels import to_pixels
from renderers.diffusion.rehearsal import BLOCK_PX, overfit, speak, tone_bursts
from renderers.diffusion.sampling import Sampling
from renderers.evaluate_portrait import (
    EXPRESSIONS,
    arkit_columns,
    face_heights,
    face_width_px,
    landmark_distance,
    landmarks_within,
)
from renderers.face import Landmarker
from renderers.portrait import PortraitRenderer
from renderers.portrait.head import NARROW

__all__ = ["FACE_MOODS", "FaceClips", "FaceCodec", "LandmarkMeasures", "draw_face", "measure_faces", "rehearse_face"]

Pictures = npt.NDArray[np.uint8]

SIDE_PX = 128
CLIP_FRAMES = 24
#: Numbers for each block of 8×8 pixels; four lose the corners of the mouth.
BLOCK_NUMBERS = 8
#: Of the scaled latents over all blocks. Most blocks hardly move: where the face does, values are about 1.
LATENT_RMS = 0.4
#: Of the noise level while learning: the emotion is seen through all noise but the highest, where the label decides.
SIGMA_LOCATION = 1.0
#: Side of the square cut around the face, in heights of the face.
MARGIN = 1.35
DRAWN_PX = 512
#: jawOpen at full sound, and what surprise adds to it.
SPEECH_JAW, SURPRISE_JAW = 0.25, 0.35

#: The labels of the clips, each a primary emotion at full weight.
FACE_MOODS: dict[str, Emotion] = {
    "neutral": Emotion(),
    "joy": Emotion(joy=1.0),
    "anger": Emotion(anger=1.0),
    "surprise": Emotion(surprise=1.0),
}


class FaceClips:
    """Draws a portrait's face, 128 px, under an emotion.

    Parameters
    ----------
    portrait : Path
        A picture of a face.
    """

    def __init__(self, portrait: Path) -> None:
        self._renderer = PortraitRenderer(portrait)
        points = self._renderer.scene((DRAWN_PX, DRAWN_PX)).head.points[:NARROW, :2]
        low, high = points.min(0), points.max(0)
        self._side = int(MARGIN * (high - low).max())
        corner = (low + high - self._side) / 2
        self._left, self._top = (int(v) for v in np.clip(corner, 0, DRAWN_PX - self._side))

    def draw(self, mood: str, openness: npt.ArrayLike, share: float = 1.0) -> Pictures:
        """Draw a clip at 30 frames a second.

        Parameters
        ----------
        mood : str
            Of :data:`FACE_MOODS`.
        openness : (F,) array_like
            0–1, of the mouth by the sound.
        share : float
            Of the whole expression, 0–1.

        Returns
        -------
        (F, 128, 128, 3) uint8
        """
        import cv2

        opening = np.asarray(openness, np.float32)
        weights = np.zeros((len(opening), len(ARKIT_INDEX)), np.float32)
        for name, value in EXPRESSIONS[mood].items():
            weights[:, arkit_columns(name)] = share * value
        weights[:, ARKIT_INDEX["jawOpen"]] = SPEECH_JAW * opening + share * SURPRISE_JAW * (mood == "surprise")
        still = np.zeros((len(opening), 3), np.float32)
        motion = Motion(FEATURE_FPS, weights, still, np.zeros((len(opening), 2, 3), np.float32))
        rows, columns = (slice(at, at + self._side) for at in (self._top, self._left))
        drawn = self._renderer.frames(motion, fps=FEATURE_FPS, size=(DRAWN_PX, DRAWN_PX))
        cut = [cv2.resize(f[rows, columns], (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA) for f in drawn]
        return np.asarray(cut, np.uint8)


class FaceCodec(nn.Module):
    """Stands for the autoencoder: what differs from the mean frame, as principal components of 8×8 colour blocks.

    It is fitted to the clips and knows no other picture. All blocks share the components.

    Parameters
    ----------
    frames : (N, 128, 128, 3) uint8
        The clips' frames.
    numbers : int
        Components kept for each block.
    """

    def __init__(self, frames: Pictures, numbers: int = BLOCK_NUMBERS) -> None:
        super().__init__()
        pixels = to_pixels(frames)
        mean = pixels.mean(0, keepdim=True)
        blocks = nn.functional.unfold(pixels - mean, BLOCK_PX, stride=BLOCK_PX).transpose(1, 2).flatten(0, 1).double()
        variances, axes = torch.linalg.eigh(blocks.T @ blocks / len(blocks))
        basis = axes[:, -numbers:].flip(1).T.float()
        self.register_buffer("mean", mean)
        self.register_buffer("basis", basis.reshape(numbers, 3, BLOCK_PX, BLOCK_PX))
        self.gain = LATENT_SCALE * float(variances[-numbers:].mean().sqrt()) / LATENT_RMS

    def encode(self, pixels: Tensor) -> Any:
        """(B, 3, H, W) → an object whose ``latent_dist.mean`` is (B, numbers, H/8, W/8)."""
        mean = nn.functional.conv2d(pixels - self.mean, self.basis, stride=BLOCK_PX) / self.gain
        return SimpleNamespace(latent_dist=SimpleNamespace(mean=mean))

    def decode(self, latents: Tensor) -> Any:
        """(B, numbers, h, w) → an object whose ``sample`` is (B, 3, 8h, 8w)."""
        change = nn.functional.conv_transpose2d(latents * self.gain, self.basis, stride=BLOCK_PX)
        return SimpleNamespace(sample=self.mean + change)


@dataclass(frozen=True)
class LandmarkMeasures:
    """What the landmarker sees on frames of 128 px, in their pixels; means over the frames.

    Parameters
    ----------
    mouth_width : float
        Between the corners of the mouth.
    corner_height : float
        Height of the corners over the middle of upper and lower lip.
    brow_height : float
        Height of the brows over the corners of the eyes.
    mouth_opening : float
        Between the inner lips.
    """

    mouth_width: float
    corner_height: float
    brow_height: float
    mouth_opening: float

    def __sub__(self, other: LandmarkMeasures) -> LandmarkMeasures:
        return LandmarkMeasures(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))


def measure_faces(landmarker: Landmarker, frames: Pictures) -> LandmarkMeasures:
    """Measure frames (F, 128, 128, 3) uint8.

    Raises
    ------
    InputError
        If the landmarker finds no face on a frame.
    """
    seen = []
    for frame in frames:
        points = landmarks_within(landmarker, frame, (0, 0, SIDE_PX))
        heights, width = face_heights(points), face_width_px(points)
        opening, across = landmark_distance(points, 13, 14), landmark_distance(points, 61, 291)
        seen.append((across, width * heights["corner"], width * heights["brow"], opening))
    return LandmarkMeasures(*(float(value) for value in np.mean(seen, axis=0)))


def rehearse_face(
    clips: FaceClips, out: Path, steps: int, seed: int = 0, progress: Any = None
) -> tuple[TalkingHead, AudioFeatures]:
    """Train small networks from random weights on a clip of each emotion, as ``rehearse`` does on cartoons."""
    from renderers.diffusion.tiny import MICRO_NET, tiny_features, tiny_head

    sounds = [tone_bursts(CLIP_FRAMES, i) for i in range(len(FACE_MOODS))]
    drawn = [clips.draw(mood, openness) for mood, (_, openness) in zip(FACE_MOODS, sounds, strict=True)]
    net = replace(MICRO_NET, in_channels=BLOCK_NUMBERS, out_channels=BLOCK_NUMBERS)
    head, features = tiny_head(seed, net, FaceCodec(np.concatenate(drawn))), tiny_features(seed)
    prepared = [
        prepare_clip(head, features, frames, sound, EmotionTrack.constant(emotion))
        for frames, (sound, _), emotion in zip(drawn, sounds, FACE_MOODS.values(), strict=True)
    ]
    overfit(lend_portraits(prepared, ["one"] * len(prepared)), head, out, steps, seed, progress, SIGMA_LOCATION)
    return head, features


def draw_face(
    head: TalkingHead,
    features: AudioFeatures,
    clips: FaceClips,
    emotion: Emotion,
    sampling: Sampling,
    windows: int = 4,
    seed: int = 0,
) -> tuple[Pictures, npt.NDArray[np.float64]]:
    """Draw the neutral, silent portrait speaking with an emotion; noise and sound depend on the seed alone.

    Returns
    -------
    frames : (F, 128, 128, 3) uint8
    openness : (F,) float
        Of the mouth by the sound.
    """
    sound, openness = tone_bursts(windows * sampling.frames, 1000 + seed)
    portrait = clips.draw("neutral", [0.0])[0]
    return speak(head, features, portrait, sound, emotion, sampling, seed), openness
