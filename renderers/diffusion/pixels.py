"""Frames as pictures hold them, and as the networks do."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

__all__ = ["to_frames", "to_pixels"]


def to_pixels(frames: npt.NDArray[np.uint8]) -> Tensor:
    """(F, H, W, 3) uint8 → (F, 3, H, W) float32 in [-1, 1]."""
    return torch.tensor(frames).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_frames(pictures: Tensor) -> npt.NDArray[np.uint8]:
    """(F, 3, H, W) in [0, 1] → (F, H, W, 3) uint8."""
    frames: npt.NDArray[np.uint8] = (pictures.float() * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return frames
