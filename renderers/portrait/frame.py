"""Which part of a picture is shown, and how large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderers.face import Face

__all__ = ["Frame", "choose_frame"]

#: A square crop shows head and shoulders: it is this many face widths wide …
_FACES_WIDE = 3.7
#: … unless the picture would have to be enlarged more than this for it; but never wider than so many faces.
_MOST_ENLARGED, _MAX_FACES_WIDE = 2.5, 8.0
#: Where it has to be cut, it shows the face at this height from the top.
_FACE_HEIGHT = 0.44


@dataclass(frozen=True)
class Frame:
    """A rectangle of the source picture and the size at which it is drawn.

    Attributes
    ----------
    left, top : float
        Upper left corner of the rectangle in the source, pixels.
    scale : float
        Output pixels per source pixel.
    width, height : int
        Of the output.
    """

    left: float
    top: float
    scale: float
    width: int
    height: int

    def points(self, source: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return points (…, 3) of the source in output pixels, centres at whole numbers; depth scales along."""
        shifted = source.astype(np.float64)
        shifted[..., :2] += 0.5 - np.array([self.left, self.top])
        shifted *= self.scale
        shifted[..., :2] -= 0.5
        result: npt.NDArray[np.float32] = shifted.astype(np.float32)
        return result

    def cut(self, source: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return the rectangle of the source at the output's size."""
        import cv2

        left, top = round(self.left), round(self.top)
        whole = abs(self.left - left) + abs(self.top - top) < 1e-6
        span = (round(self.width / self.scale), round(self.height / self.scale))
        inside = left >= 0 and top >= 0 and left + span[0] <= source.shape[1] and top + span[1] <= source.shape[0]
        if whole and inside:
            part = source[top : top + span[1], left : left + span[0]]
            if (part.shape[1], part.shape[0]) == (self.width, self.height):
                return np.ascontiguousarray(part)
            way = cv2.INTER_AREA if self.scale < 1 else cv2.INTER_LANCZOS4
            resized: npt.NDArray[np.uint8] = cv2.resize(part, (self.width, self.height), interpolation=way)
            return resized
        if self.scale < 0.7:
            source = cv2.GaussianBlur(source, (0, 0), 0.35 / self.scale)
        shift = 0.5 * self.scale - 0.5
        matrix = np.array(
            [[self.scale, 0, shift - self.left * self.scale], [0, self.scale, shift - self.top * self.scale]]
        )
        moved: npt.NDArray[np.uint8] = cv2.warpAffine(
            source, matrix, (self.width, self.height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
        return moved


def choose_frame(picture_size: tuple[int, int], face: Face, size: tuple[int, int], fit: str) -> Frame:
    """Return the rectangle to show.

    With ``fit="face"`` head and shoulders: the largest rectangle of the output's proportions that lies in the
    picture, around the face; closer where the head would be small. With ``fit="full"`` the whole picture, at most
    letterboxed by its own mirrored border.

    Parameters
    ----------
    picture_size, size : tuple of int
        Width and height in pixels.
    face : Face
        In source pixels.
    fit : str
        ``"face"`` or ``"full"``.
    """
    width, height = size
    source_width, source_height = picture_size
    left, top, right, bottom = face.box
    center_x, center_y = (left + right) / 2, (top + bottom) / 2
    if fit == "full":
        scale = min(width / source_width, height / source_height)
        return Frame(source_width / 2 - width / scale / 2, source_height / 2 - height / scale / 2, scale, width, height)
    close = min(min(size) / (face.width_px * _FACES_WIDE), _MOST_ENLARGED)
    least = min(size) / (face.width_px * _MAX_FACES_WIDE)
    scale = max(width / source_width, height / source_height, close, least)
    span_x, span_y = width / scale, height / scale
    x = float(np.clip(round(center_x - span_x / 2), 0, max(0.0, source_width - span_x)))
    y = float(np.clip(round(center_y - span_y * _FACE_HEIGHT), 0, max(0.0, source_height - span_y)))
    return Frame(x, y, scale, width, height)
