"""The second handle on expression: our animator's motion, drawn by the portrait renderer, steers the window.

It does not depend on the weights having learnt emotion. Latents begin from the drawn frames at a chosen
noise level (SDEdit: C. Meng et al., ICLR 2022), or mouth and brows are pulled towards them while the picture
forms, as a proxy avatar's expression is transferred in DREAM-Talk (C. Zhang et al., 2023).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from checkpoints.errors import InputError
from conditioning import Motion, Speech
from renderers.diffusion.model import Steering
from renderers.diffusion.pixels import to_pixels

__all__ = ["BROWS", "LIPS", "Drive", "driving_frames", "region_mask", "steerings"]

#: Outer lips and brows among the 478 points of MediaPipe's face mesh.
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
BROWS = (
    (276, 283, 282, 295, 285, 300, 293, 334, 296, 336),
    (46, 53, 52, 65, 55, 70, 63, 105, 66, 107),
)
#: How far mouth and brows reach beyond their points, as shares of the face's width.
LIPS_MARGIN, BROWS_MARGIN = 0.07, 0.04
LATENT_PX = 8


@dataclass(frozen=True)
class Drive:
    """How strongly the drawn frames steer.

    Parameters
    ----------
    noise : float
        Sigma at which a window begins, in (0, 1]: 1 begins from noise only, 0.5 keeps pose and expression.
    strength : float
        Pull on mouth and brows while the picture forms, 0–1.
    until : float
        Sigma below which the pull ends.
    """

    noise: float = 0.7
    strength: float = 0.8
    until: float = 0.25

    def __post_init__(self) -> None:
        if not 0 < self.noise <= 1:
            raise InputError(f"drive_noise={self.noise} must be above 0 and at most 1; 0.7 is usual")
        if not 0 <= self.strength <= 1:
            raise InputError(f"drive_strength={self.strength} must be from 0 to 1; 0.8 is usual")


def region_mask(points: npt.NDArray[np.floating[Any]], width: int, height: int) -> npt.NDArray[np.float32]:
    """Soft mask of mouth and brows on the latents' grid.

    Parameters
    ----------
    points : (478, 2 or 3) float
        Face mesh in pixels.
    width, height : int
        Of the picture, multiples of 8.

    Returns
    -------
    (height / 8, width / 8) float32
        0–1.
    """
    from PIL import Image, ImageDraw, ImageFilter
    from scipy.spatial import ConvexHull

    face_px = float(np.linalg.norm(points[454, :2] - points[234, :2]))
    image = Image.new("L", (width, height))
    draw = ImageDraw.Draw(image)
    for region in (LIPS, *BROWS):
        reach = max(2.0, (LIPS_MARGIN if region is LIPS else BROWS_MARGIN) * face_px)
        spots = np.asarray(points[list(region), :2], np.float64)
        outline = [tuple(p) for p in spots[ConvexHull(spots).vertices]]
        draw.polygon(outline, fill=255)
        draw.line([*outline, outline[0]], fill=255, width=int(2 * reach), joint="curve")
    blurred = image.filter(ImageFilter.GaussianBlur(max(1.0, BROWS_MARGIN * face_px / 2)))
    soft: Any = np.asarray(blurred, np.float32) / 255
    grid: npt.NDArray[np.float32] = soft.reshape(height // LATENT_PX, LATENT_PX, width // LATENT_PX, LATENT_PX).mean(
        (1, 3)
    )
    return grid


def driving_frames(
    portrait: npt.NDArray[np.uint8], motion: Motion, speech: Speech | None, fps: float, seed: int, driver: str
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the motion drawn by another renderer on the same cut of the portrait, shown whole."""
    from PIL import Image

    from renderers.renderer import open_renderer

    height, width = portrait.shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "portrait.png"
        Image.fromarray(portrait).save(path)
        options = {"fit": "full"} if driver == "portrait" else {}
        renderer = open_renderer(driver, path, **options)
        yield from renderer.frames(motion, speech, fps=fps, size=(width, height), seed=seed)


def steerings(frames: Iterator[npt.NDArray[np.uint8]], count: int, drive: Drive) -> Iterator[Steering]:
    """Group drawn frames into windows of ``count``; the last frame is held to fill the last window."""
    from renderers.face import Landmarker

    with Landmarker(track=True) as landmarker:
        mask: npt.NDArray[np.float32] | None = None
        while group := list(islice(frames, count)):
            masks = []
            for frame in group:
                points = landmarker.points(frame)
                if points is not None:
                    mask = region_mask(points, frame.shape[1], frame.shape[0])
                masks.append(np.zeros_like(frame[::LATENT_PX, ::LATENT_PX, 0], np.float32) if mask is None else mask)
            group += [group[-1]] * (count - len(group))
            masks += [masks[-1]] * (count - len(masks))
            pixels = to_pixels(np.stack(group))
            yield Steering(pixels, drive.noise, torch.from_numpy(np.stack(masks))[:, None], drive.strength, drive.until)
