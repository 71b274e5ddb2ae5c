"""Glasses: their frame is found in the portrait, taken out of the skin, and laid over it again, stiff.

Skin moves under an expression, a frame does not. Rimless glasses, which are not found, bend with the skin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderers.portrait.glasses_search import Wire, trace_glasses
from renderers.rig import Fit, Rig

__all__ = ["GlassesLayer", "draw_glasses", "find_glasses"]

Float = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

#: Samples a pixel along each axis of the mask, and how far skin around the frame is made anew, pixels.
_FINE, _MARGIN_PX = 4, 2.0


@dataclass(frozen=True, eq=False)
class GlassesLayer:
    """A flat part of a frame, as a layer.

    Attributes
    ----------
    colour : (h, w, 3) float32
        What the layer adds to what shines through: ``frame * (1 - alpha) + colour``.
    alpha : (h, w) float32
        Its cover.
    corner : (2,) float64
        The layer's upper left pixel.
    depth : (3,) float64
        Its plane: ``depth[0] * x + depth[1] * y + depth[2]``, pixels.
    """

    colour: Float
    alpha: Float
    corner: npt.NDArray[np.float64]
    depth: npt.NDArray[np.float64]


def find_glasses(pixels: Pixels, rig: Rig, fit: Fit) -> tuple[tuple[GlassesLayer, ...], Pixels]:
    """Look for glasses in a portrait.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        The portrait in its frame.
    rig, fit
        The head model and its place there.

    Returns
    -------
    tuple of GlassesLayer, (H, W, 3) uint8
        The temples, then the front; none where no glasses are seen. And the portrait without them.
    """
    traced = trace_glasses(pixels, rig, fit)
    if traced is None:
        return (), pixels
    front, temples = traced
    around = np.concatenate([rim.places for rim in front[:2]])
    plane = np.linalg.lstsq(np.c_[around[:, :2], np.ones(len(around))], around[:, 2], rcond=None)[0]
    layer, pixels = _lift_off(pixels, front, plane)
    layers = [layer]
    for temple in temples:
        layer, pixels = _lift_off(pixels, [temple], _depth_along(temple.places))
        layers.append(layer)
    return tuple(reversed(layers)), pixels


def draw_glasses(
    glasses: tuple[GlassesLayer, ...],
    frame: Pixels,
    rotation: npt.NDArray[np.float64],
    pivot: npt.NDArray[np.float64],
    lift: Float,
) -> None:
    """Lay the frame over a drawn picture, in place.

    Parameters
    ----------
    glasses : tuple of GlassesLayer
        From :func:`find_glasses`.
    frame : (H, W, 3) uint8
        Drawn so far.
    rotation : (3, 3) float64
        The head's, in the picture's axes.
    pivot : (3,) float64
        About which it turns.
    lift : (3,) float32
        How far the breath lifts the head.
    """
    import cv2

    for layer in glasses:
        # A plane that turns under parallel projection moves affinely.
        slope = rotation[:2, :2] + np.outer(rotation[:2, 2], layer.depth[:2])
        shift = pivot[:2] + lift[:2] - rotation[:2] @ pivot + rotation[:2, 2] * layer.depth[2]
        height, width = layer.alpha.shape
        corners = layer.corner + np.array([[0, 0], [width, 0], [0, height], [width, height]])
        moved = corners @ slope.T + shift
        low = np.maximum(np.floor(moved.min(0)).astype(int) - 1, 0)
        high = np.minimum(np.ceil(moved.max(0)).astype(int) + 2, [frame.shape[1], frame.shape[0]])
        if (high <= low).any():
            continue
        matrix = np.c_[slope, slope @ layer.corner + shift - low]
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        colour = cv2.warpAffine(layer.colour, matrix, size, flags=cv2.INTER_LINEAR)
        alpha = cv2.warpAffine(layer.alpha, matrix, size, flags=cv2.INTER_LINEAR)
        part = frame[low[1] : high[1], low[0] : high[0]]
        part[:] = np.clip(part * (1 - alpha[..., None]) + colour + 0.5, 0, 255).astype(np.uint8)


def _depth_along(places: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the plane (3,) through a way (N, 3) that does not tilt across it."""
    way = places[-1] - places[0]
    slope = way[:2] * way[2] / max(float(way[:2] @ way[:2]), 1e-6)
    return np.array([*slope, places[0, 2] - slope @ places[0, :2]])


def _lift_off(pixels: Pixels, lines: list[Wire], depth: npt.NDArray[np.float64]) -> tuple[GlassesLayer, Pixels]:
    """Return the frame as a layer, and the picture with skin in its place."""
    import cv2

    places = np.concatenate([line.places[:, :2] for line in lines])
    margin = max(float(line.half_px.max()) for line in lines) + 2 * _MARGIN_PX + 2
    low = np.maximum(np.floor(places.min(0) - margin).astype(int), 0)
    high = np.minimum(np.ceil(places.max(0) + margin).astype(int) + 1, [pixels.shape[1], pixels.shape[0]])
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    alpha = _mask(lines, low, size, 0.0)
    around = (_mask(lines, low, size, _MARGIN_PX) > 0).astype(np.uint8)
    picture = pixels[low[1] : high[1], low[0] : high[0]]
    bare = cv2.inpaint(np.ascontiguousarray(picture), around, 3, cv2.INPAINT_TELEA)
    # Where the mending reaches beyond the wire, its soft edge is a tint that goes along.
    colour = picture - (1 - alpha[..., None]) * bare.astype(np.float32)
    without = pixels.copy()
    without[low[1] : high[1], low[0] : high[0]] = bare
    return GlassesLayer(
        np.where(around[..., None] > 0, colour, 0).astype(np.float32), alpha, low.astype(np.float64), depth
    ), without


def _mask(lines: list[Wire], low: npt.NDArray[np.intp], size: tuple[int, int], wider_px: float) -> Float:
    """Return (h, w) the cover of the lines' wires, drawn finely, in a box of the picture."""
    import cv2

    fine = np.zeros((size[1] * _FINE, size[0] * _FINE), np.uint8)
    for line in lines:
        at = np.round((line.places[:, :2] - low + 0.5) * _FINE - 0.5).astype(int)
        ends = np.roll(at, -1, axis=0) if line.closed else at[1:]
        for start, end, half in zip(at, ends, line.half_px, strict=False):
            cv2.line(fine, start.tolist(), end.tolist(), 255, max(1, round(2 * _FINE * (half + wider_px))))
    return np.asarray(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)
