"""A part of a picture that is measured: softened, and looked up between its pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderers.portrait.frame_map import box_around

__all__ = ["BLUR_REACH", "View", "look_around"]

Float = npt.NDArray[np.float32]
Double = npt.NDArray[np.float64]

#: OpenCV's Gaussian of floats ends at this many standard deviations.
BLUR_REACH = 4.0


@dataclass(frozen=True, eq=False)
class View:
    """A part of a picture.

    Attributes
    ----------
    values : (h, w) or (h, w, K) float32
        What is measured at each of its pixels.
    left, top : int
        Where it lies in the picture.
    """

    values: Float
    left: int
    top: int

    def at(self, places: Float | Double) -> Float:
        """Return the values at places (a, b, 2 or more) of the picture; beyond its border they stay as there."""
        import cv2

        x, y = ((places[..., k] - start).astype(np.float32) for k, start in enumerate((self.left, self.top)))
        return np.asarray(cv2.remap(self.values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def look_around(
    pixels: npt.NDArray[np.uint8],
    places: Float | Double,
    measure: Callable[[npt.NDArray[np.uint8]], Float],
    *,
    blur_px: float,
    reach_px: float = 0.0,
) -> View:
    """Measure as much of a picture as lookups need; within it, they give what the whole picture would.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        The picture.
    places : (N, 2 or more)
        What is looked up lies between them, pixels.
    measure : callable
        From pixels (h, w, 3) to what is measured, (h, w) or (h, w, K).
    blur_px : float
        Standard deviation of the blur; 0 for none.
    reach_px : float
        How far beyond the places lookups go.
    """
    import cv2

    height, width = pixels.shape[:2]
    inside = np.clip(places[:, :2], 0, [width - 1, height - 1]).astype(np.float32)
    left, top, right, bottom = box_around(inside, reach_px + BLUR_REACH * blur_px + 2, width, height)
    values = measure(pixels[top:bottom, left:right])
    return View(cv2.GaussianBlur(values, (0, 0), blur_px) if blur_px else values, left, top)
