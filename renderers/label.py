"""A small mark on every frame that says that a machine made it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

__all__ = ["LABEL", "labelled", "make_label"]

#: What it says.
LABEL = "AI generated"
#: Height of its letters and its distance from the corner, of the frame's shorter side.
_LETTERS, _CORNER = 0.028, 0.02
#: Opacity of the plate behind the letters.
_PLATE = 0.45


def make_label(size: tuple[int, int]) -> tuple[npt.NDArray[np.float32], int, int]:
    """Draw the mark for frames of (width, height) pixels.

    Returns
    -------
    mark : (h, w, 4) float32
        White letters on a dark plate: colour 0–255, alpha 0–1.
    left, top : int
        Where it lies: in the lower right corner.
    """
    from PIL import Image, ImageDraw, ImageFont

    short = min(size)
    font = ImageFont.load_default(max(7, round(_LETTERS * short)))
    left, top, right, bottom = (int(value) for value in font.getbbox(LABEL))
    pad = max(2, round(0.4 * (bottom - top)))
    plate = Image.new("L", (right - left + 2 * pad, bottom - top + 2 * pad), 0)
    ImageDraw.Draw(plate).text((pad - left, pad - top), LABEL, fill=255, font=font)
    letters = np.asarray(plate, np.float32) / 255
    alpha = np.maximum(letters, _PLATE)
    mark = np.concatenate([np.repeat(255 * letters[..., None], 3, 2), alpha[..., None]], 2)
    mark = mark[: size[1], : size[0]]
    corner = round(_CORNER * short)
    x, y = (max(0, size[k] - mark.shape[1 - k] - corner) for k in (0, 1))
    return mark.astype(np.float32), x, y


def labelled(frames: Iterable[npt.NDArray[np.uint8]], size: tuple[int, int]) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield frames (height, width, 3 or 4) uint8 with the mark laid over them."""
    mark, left, top = make_label(size)
    alpha = mark[..., 3:]
    for frame in frames:
        marked = frame.copy()
        part = marked[top : top + mark.shape[0], left : left + mark.shape[1]]
        part[..., :3] = (part[..., :3] * (1 - alpha) + mark[..., :3] * alpha + 0.5).astype(np.uint8)
        if part.shape[2] == 4:
            part[..., 3:] = np.maximum(part[..., 3:], (255 * alpha).astype(np.uint8))
        yield marked
