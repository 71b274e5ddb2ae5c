"""sRGB frames as planes of limited-range BT.709, as video encoders take them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderers.portrait.compiled import compiled

__all__ = ["to_yuv420"]

#: Fixed-point fractions: 16 bits.
_ONE = 1 << 16
#: Luma of BT.709 (ITU-R BT.709-6, item 3.2) and the divisors of its colour differences (item 3.3).
_KR, _KG, _KB = 0.2126, 0.7152, 0.0722
_DB, _DR = 1.8556, 1.5748
#: Limited range, 8 bits (item 4.6): luma spans 219 steps from 16, colour differences 224 around 128.
_LUMA = np.round(np.array([_KR, _KG, _KB]) * 219 / 255 * _ONE).astype(np.int32)
_BLUE = np.round(np.array([-_KR, -_KG, 1 - _KB]) / _DB * 224 / 255 * _ONE).astype(np.int32)
_RED = np.round(np.array([1 - _KR, -_KG, -_KB]) / _DR * 224 / 255 * _ONE).astype(np.int32)


def to_yuv420(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return an sRGB frame as the bytes of planar YUV 4:2:0.

    Colour is averaged over two rows and lies on the even columns, weighted 1 2 1 along the row: the place of
    chroma in MPEG-2 and, by default, in H.264 (ITU-T H.264, figure 6-1).

    Parameters
    ----------
    frame : (height, width, 3) uint8
        Both sides even.

    Returns
    -------
    (height · 3/2, width) uint8
        Luma, then the two planes of colour, each with a quarter of the samples.
    """
    height, width = frame.shape[:2]
    out = np.empty(height * width * 3 // 2, np.uint8)
    luma, quarter = height * width, height * width // 4
    planes = out[:luma].reshape(height, width), out[luma : luma + quarter], out[luma + quarter :]
    _luma(np.ascontiguousarray(frame), planes[0])
    blue, red = (plane.reshape(height // 2, width // 2) for plane in planes[1:])
    _chroma(np.ascontiguousarray(frame), blue, red)
    return out.reshape(height * 3 // 2, width)


@compiled
def _luma(frame: npt.NDArray[np.uint8], out: npt.NDArray[np.uint8]) -> None:
    r, g, b = _LUMA[0], _LUMA[1], _LUMA[2]
    half = (16 << 16) + (1 << 15)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            out[y, x] = (r * frame[y, x, 0] + g * frame[y, x, 1] + b * frame[y, x, 2] + half) >> 16


@compiled
def _chroma(frame: npt.NDArray[np.uint8], blue: npt.NDArray[np.uint8], red: npt.NDArray[np.uint8]) -> None:
    half = (128 << 19) + (1 << 18)
    rows, columns = blue.shape
    for y in range(rows):
        for x in range(columns):
            left, right = max(2 * x - 1, 0), 2 * x + 1
            cb, cr = half, half
            for k in range(3):
                total = 0
                for row in (2 * y, 2 * y + 1):
                    total += int(frame[row, left, k]) + 2 * int(frame[row, 2 * x, k]) + int(frame[row, right, k])
                cb += _BLUE[k] * total
                cr += _RED[k] * total
            blue[y, x] = min(max(cb >> 19, 0), 255)
            red[y, x] = min(max(cr >> 19, 0), 255)
