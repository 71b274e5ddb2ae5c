"""The portrait, cut and scaled to a size that the networks can draw."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError, MissingDependency

if TYPE_CHECKING:
    from renderers.face import Picture

__all__ = ["SIZE_STEP", "network_size", "prepare_portrait"]

#: Heights and widths are multiples of this: 8 for the autoencoder, 8 for the U-Net's three halvings.
SIZE_STEP = 64
MIN_SIDE, MAX_SIDE = 64, 1024


def network_size(size: tuple[int, int], resolution: int) -> tuple[int, int]:
    """Width and height to draw at: the shape of ``size``, the longer side ``resolution``, multiples of 64.

    Examples
    --------
    >>> network_size((1280, 720), 512)
    (512, 320)
    """
    if not MIN_SIDE <= resolution <= MAX_SIDE:
        raise InputError(f"resolution={resolution} must be from {MIN_SIDE} to {MAX_SIDE} pixels; the weights know 512")
    scale = resolution / max(size)
    width, height = (max(SIZE_STEP, int(side * scale / SIZE_STEP + 0.5) * SIZE_STEP) for side in size)
    return width, height


def prepare_portrait(path: Path, size: tuple[int, int], width: int, height: int) -> npt.NDArray[np.uint8]:
    """Read a portrait, cut it to a shape around the face, and scale it to what the networks draw.

    Parameters
    ----------
    path : Path
    size : (int, int)
        Width and height of the frames wanted: the shape of the cut.
    width, height : int
        What the networks draw; it may differ slightly in shape, and frames are scaled back to ``size``.

    Returns
    -------
    (height, width, 3) uint8
    """
    from PIL import Image

    from renderers.face import read_picture

    picture = read_picture(path)
    full_h, full_w = picture.pixels.shape[:2]
    scale = max(size[0] / full_w, size[1] / full_h)
    cut_w, cut_h = min(full_w, size[0] / scale), min(full_h, size[1] / scale)
    x, y = full_w / 2, full_h / 2
    if full_w - cut_w > 1 or full_h - cut_h > 1:
        x, y = _face_centre(picture, (x, y))
    left = min(max(x - cut_w / 2, 0), full_w - cut_w)
    top = min(max(y - cut_h / 2, 0), full_h - cut_h)
    image = Image.fromarray(picture.pixels)
    box = (left, top, left + cut_w, top + cut_h)
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS, box=box))


def _face_centre(picture: Picture, otherwise: tuple[float, float]) -> tuple[float, float]:
    from renderers.face import find_face

    try:
        left, top, right, bottom = find_face(picture).box
    except (InputError, MissingDependency) as error:
        warnings.warn(f"no face was found to cut around ({error}); the middle of the picture is used", stacklevel=3)
        return otherwise
    return (left + right) / 2, (top + bottom) / 2
