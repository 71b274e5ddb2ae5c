"""How soft a picture is, so that what is painted into it is no crisper."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderers.landmarks import LEFT_EYE_LOWER, LEFT_EYE_UPPER, RIGHT_EYE_LOWER, RIGHT_EYE_UPPER

__all__ = ["softness_px"]

Float = npt.NDArray[np.float32]


def softness_px(pixels: npt.NDArray[np.uint8], landmarks: Float) -> float:
    """Return how soft a picture is: the standard deviation (pixels) of the blur that the edges of its eyes show.

    A step of height H blurred by σ is at most H / (σ √2π) steep. The sharper eye counts.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        The frame.
    landmarks : (478, 3) float32
        On the frame.
    """
    found = []
    for ring in ((*RIGHT_EYE_UPPER, *RIGHT_EYE_LOWER), (*LEFT_EYE_UPPER, *LEFT_EYE_LOWER)):
        points = landmarks[list(ring), :2]
        (left, top), (right, bottom) = np.maximum(points.min(0) - 1, 0).astype(int), points.max(0).astype(int) + 2
        light = pixels[top:bottom, left:right].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
        if min(light.shape) < 3:
            continue
        step = float(np.ptp(np.percentile(light, (2, 98))))
        rows, columns = np.gradient(light)
        steepest = float(np.percentile(np.hypot(rows, columns), 98))
        found.append(step / max(steepest * float(np.sqrt(2 * np.pi)), 1e-6))
    # A difference over two pixels blurs by itself: by a box of that width.
    return float(np.sqrt(max(min(found, default=0.0) ** 2 - 1 / 3, 0.0)))
