"""Where closed lids meet: the line of lashes, and skin in place of the open eye's dark lower rim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Lashes", "draw_lashes", "make_lashes", "smooth_edge"]

Float = npt.NDArray[np.float32]
Points = npt.NDArray[np.floating[Any]]

#: Half the thickness of the line in openings of the eye, and the least in pixels.
_HALF, _HALF_PX = 0.17, 0.6
#: Softest edge of the line, openings of the eye.
_SOFTEST = 0.03
#: How dark the line is, and how far soft tips reach below it (openings of the eye).
_DARK, _TIPS = 0.92, 0.65
#: Skin covers the lower rim this far above and below the line (openings of the eye).
_ABOVE, _BELOW = 0.10, 0.62
#: Colours along the line.
_STEPS = 24


@dataclass(frozen=True, eq=False)
class Lashes:
    """The line along which one eye closes.

    Attributes
    ----------
    dark : (3,) float32
        Colour of the lashes.
    skin : (24, 3) float32
        Colours of the skin along the line, from its left end.
    gap_px : float
        Opening of the eye in the portrait.
    soft_px : float
        Standard deviation of the line's blur.
    """

    dark: Float
    skin: Float
    gap_px: float
    soft_px: float


def make_lashes(patch: Float, skin: Float, edge: Float, gap_px: float, soft_px: float) -> Lashes:
    """Take the colours from a portrait.

    Parameters
    ----------
    patch : (h, w, 3) float32
        Around the eye.
    skin : (h, w, 3) float32
        The same with skin across the eye.
    edge : (9, 2) float32
        The edge of the shut lid in the patch, left to right.
    gap_px : float
        Opening of the eye.
    soft_px : float
        Standard deviation of the picture's own blur.
    """
    import cv2

    grey = patch.sum(2)
    dark = patch[grey <= np.percentile(grey, 3)].mean(0) * 0.7
    xs = np.linspace(edge[0, 0], edge[-1, 0], _STEPS).astype(np.float32)
    ys = smooth_edge(edge)(xs).astype(np.float32) + np.float32(0.5 * gap_px)
    tones = cv2.remap(skin, xs[None], ys[None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
    return Lashes(dark.astype(np.float32), tones, gap_px, min(soft_px, _SOFTEST * gap_px))


def draw_lashes(lashes: Lashes, frame: npt.NDArray[np.uint8], edge: Float, line: float, closed: float) -> None:
    """Draw the line over a frame, in place.

    Parameters
    ----------
    lashes : Lashes
        From :func:`make_lashes`.
    frame : (H, W, 3) uint8
        Drawn so far.
    edge : (9, 2) float32
        Where the upper lid's edge has gone, from corner to corner.
    line : float
        Strength of the line, 0 to 1.
    closed : float
        0 to 1: whether the lids have met, so that skin may cover the lower rim.
    """
    if edge[0, 0] > edge[-1, 0]:
        edge = edge[::-1]
    axis = edge[-1] - edge[0]
    span = float(np.hypot(*axis))
    if span < 2 or line <= 0:
        return
    axis = axis / span
    margin = (_BELOW + 0.2) * lashes.gap_px + 2
    low, high = np.floor(edge.min(0) - margin).astype(int), np.ceil(edge.max(0) + margin).astype(int) + 1
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    part = frame[top : min(frame.shape[0], int(high[1])), left : min(frame.shape[1], int(high[0]))]
    if not part.size:
        return
    ys, xs = np.mgrid[top : top + part.shape[0], left : left + part.shape[1]]
    dx, dy = xs - edge[0, 0], ys - edge[0, 1]
    offset = edge - edge[0]
    local = np.stack([offset @ axis, offset @ np.array([-axis[1], axis[0]])], 1)
    along = dx * axis[0] + dy * axis[1]
    below = dy * axis[0] - dx * axis[1] - smooth_edge(local)(np.clip(along, 0, span))
    mixed = _covered(lashes, part.astype(np.float32), along / span, below, line, closed)
    part[:] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)


def _covered(
    lashes: Lashes,
    part: Float,
    along: npt.NDArray[np.float64],
    below: npt.NDArray[np.float64],
    line: float,
    closed: float,
) -> npt.NDArray[np.float64]:
    """Return pixels with skin and lashes laid over them; ``below`` in pixels, ``along`` in lengths of the line."""
    taper = np.sqrt(np.clip(1 - (2 * along - 1) ** 2, 0, 1))
    ends = np.clip(taper * 2.5, 0, 1)
    rim = np.clip(1 + below / (_ABOVE * lashes.gap_px + 0.5), 0, 1)
    rim = np.where(below > 0, np.clip(2 - 2 * below / (_BELOW * lashes.gap_px * taper + 0.5), 0, 1), rim)
    share = (rim * ends * closed)[..., None]
    place = np.clip(along, 0, 1) * (len(lashes.skin) - 1)
    tone = np.stack([np.interp(place, np.arange(len(lashes.skin)), lashes.skin[:, k]) for k in range(3)], 2)
    mixed = part * (1 - share) + tone * share
    half = max(_HALF * lashes.gap_px, _HALF_PX) * (0.15 + 0.85 * taper)
    # The edge of a blurred stroke, by a ramp of the same variance.
    ramp = max(1.0, float(np.sqrt(12)) * lashes.soft_px)
    stroke = np.clip((half - np.abs(below)) / ramp + 0.5, 0, 1)
    tips = 0.5 * np.clip(1 - below / (_TIPS * lashes.gap_px * taper + 0.5), 0, 1) * (below > 0)
    share = (np.maximum(stroke, tips) * ends * _DARK * line)[..., None]
    return np.asarray(mixed * (1 - share) + lashes.dark * share, np.float64)


def smooth_edge(
    edge: npt.NDArray[np.floating[Any]],
) -> Callable[[npt.NDArray[np.floating[Any]]], npt.NDArray[np.float64]]:
    """Return y of x through points (N, 2) ordered by x: smooth, without overshoot."""
    from scipy.interpolate import PchipInterpolator

    kept = [0]
    for index in range(1, len(edge)):
        if edge[index, 0] > edge[kept[-1], 0] + 1e-3:
            kept.append(index)
    if len(kept) < 2:
        return lambda x: np.full(np.shape(x), float(edge[:, 1].mean()))
    curve: Callable[[Points], npt.NDArray[np.float64]] = PchipInterpolator(*edge[kept].T)
    return curve
