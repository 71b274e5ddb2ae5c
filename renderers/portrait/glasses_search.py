"""Where glasses lie in a portrait: rims, bridge and temples, traced as wires.

The search looks for a thin closed line around each eye, in the plane where lenses lie, by dynamic programming over
angle and radius. Faces without glasses have brows and lids above the eye but no such line below it, which is what
decides. Bridge and temples are traced from the rims. Rimless glasses are not found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderers.portrait.view import View, look_around
from renderers.rig import Fit, Rig

__all__ = ["Wire", "trace_glasses"]

Float = npt.NDArray[np.float32]
Place = npt.NDArray[np.float64]

#: Where a rim is looked for: radii around the middle of the lens, and angles from the temple over the brow, units (cm).
_STEP = 0.05
_RADII = np.arange(1.1, 3.9, _STEP)
_ANGLES = np.linspace(0, 2 * np.pi, 96, endpoint=False)
#: The middle of a lens lies this far below and before the middle of the eyeball, and its outer half is bent back.
_DROP, _BEFORE, _WRAP = 0.3, 2.6, 0.06
#: Where steps are wider than pixels, the picture is softened for them; by less than this it is left as it is.
_LEAST_BLUR_PX = 0.5
#: Half the widths of wires that are tried, and the skin's distance on both sides, in steps.
_HALF_WIDTHS, _SIDE = (1, 2, 3, 5), (2, 4)
#: A line differs from both sides by this much (8-bit CIELAB), and by no less counted.
_CONTRAST, _ENOUGH = 5.0, 15.0
#: Cost of a step of the radius between neighbouring angles, and the largest.
_BEND, _MOST_STEPS = 2.0, 3
#: How much one rim pulls the path of the other, within so many steps of the radius.
_PULL, _PULL_STEPS = 0.5, 7
#: Colours this far apart (8-bit CIELAB) are nothing alike. A bridge shows by such a likeness or by its contrast.
_UNLIKE, _ALIKE, _CLEAR = 60.0, 0.75, 10.0
#: Angles below the eye; the share of them where both rims, and the worse one, have to show.
_BELOW = slice(50, 94)
_SHOWN, _SHOWN_WORSE = 0.75, 0.6
#: Bridge and temples are looked for within this height of the straight way, units.
_REACH = 1.0
#: The angle where the bridge meets the rims, and how much of it has to show.
_BRIDGE_ANGLE, _BRIDGE_SHOWN = 44, 0.7
#: Where a temple goes to (outward and depth, units), how much of it has to show, and of how many columns at least.
_EAR, _TEMPLE_SHOWN, _TEMPLE_LEAST = (7.4, 4.0), 0.8, 8


@dataclass(frozen=True, eq=False)
class Wire:
    """A part of a frame, traced.

    Attributes
    ----------
    places : (N, 3) float64
        Its middle, pixels and depth.
    half_px : (N,) float64
        Half its width.
    closed : bool
        Whether it comes back to its beginning.
    """

    places: npt.NDArray[np.float64]
    half_px: npt.NDArray[np.float64]
    closed: bool


def trace_glasses(pixels: npt.NDArray[np.uint8], rig: Rig, fit: Fit) -> tuple[list[Wire], list[Wire]] | None:
    """Look for glasses in a portrait.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        The portrait in its frame.
    rig, fit
        The head model and its place there.

    Returns
    -------
    two lists of Wire
        The front, which begins with both rims, and the temples; ``None`` where no glasses are seen.
    """
    around = [_rim_places(fit, center) for center in rig.eye_centers]
    ears = [_ear(fit, center) for center in rig.eye_centers]
    places = np.concatenate([*np.reshape(around, (2, -1, 3)), ears])
    blur_px = 0.35 * fit.scale * _STEP
    view = look_around(
        pixels, places, _lab, blur_px=blur_px if blur_px > _LEAST_BLUR_PX else 0.0, reach_px=_REACH * fit.scale
    )
    traced = _trace_rims(view, around)
    if traced is None:
        return None
    rims, make = traced
    bridge, shown = _trace(view, _bridge_places(fit, *rims), make, trust=1.0)
    front = [*rims, bridge] if shown.mean() > _BRIDGE_SHOWN else rims
    temples = [_temple(view, fit, rim, ear, make) for rim, ear in zip(rims, ears, strict=True)]
    return front, [temple for temple in temples if temple is not None]


def _lab(pixels: npt.NDArray[np.uint8]) -> Float:
    """Return (h, w, 3) in 8-bit CIELAB."""
    import cv2

    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB), np.float32)


@dataclass(frozen=True, eq=False)
class _Make:
    """What the wire is like: its colour (3,) in CIELAB, and half its width in steps."""

    colour: Float
    half: float

    def likeness(self, colours: Float) -> Float:
        """Return 1 for colours (…, 3) like the wire's, 0 for those far from it."""
        return np.asarray(np.clip(1 - np.linalg.norm(colours - self.colour, axis=-1) / _UNLIKE, 0, 1), np.float32)


def _rim_places(fit: Fit, center: Float) -> Float:
    """Return (96, R, 3) places in pixels around one lens; the first angle points to the temple."""
    side = float(np.sign(center[0]))
    radius, angle = np.meshgrid(_RADII, _ANGLES)
    across = radius * np.cos(angle) * side
    places = np.stack([across, radius * np.sin(angle) - _DROP, _BEFORE - _WRAP * np.maximum(across * side, 0) ** 2], 2)
    return fit.place((places + center).reshape(-1, 3)).reshape(places.shape)


def _bridge_places(fit: Fit, left: Wire, right: Wire) -> Float:
    """Return (32, R, 3) places across the way from one rim's inner edge to the other's."""
    start, end = left.places[_BRIDGE_ANGLE], right.places[_BRIDGE_ANGLE]
    inner = _towards(start, end, 0.5 * left.half_px[_BRIDGE_ANGLE])
    return _across(fit, inner, _towards(end, start, 0.5 * right.half_px[_BRIDGE_ANGLE]))


def _towards(start: Place, end: Place, way_px: float) -> Place:
    """Return the place (3,) so many pixels of the picture from one place to another."""
    return start + (end - start) * (way_px / max(float(np.linalg.norm(end[:2] - start[:2])), 1e-6))


def _across(fit: Fit, start: Place, end: Place) -> Float:
    """Return (32, R, 3) places in pixels: columns across the way from one place to another."""
    along = np.linspace(0.0, 1.0, 32)[:, None, None]
    heights = np.arange(-_REACH, _REACH, _STEP)[None, :, None]
    up = fit.scale * fit.rotation[:, 1]
    return np.asarray(start + along * (end - start) + heights * up, np.float32)


def _ear(fit: Fit, center: Float) -> Place:
    """Return the place (3,) where the temple beside an eye goes to."""
    return np.asarray(fit.place(np.array([[np.sign(center[0]) * _EAR[0], center[1], _EAR[1]]]))[0], np.float64)


def _temple(view: View, fit: Fit, rim: Wire, ear: Place, make: _Make) -> Wire | None:
    """Trace the arm from a rim's outer end towards the ear, as far as it shows."""
    way = _across(fit, _towards(rim.places[0], ear, rim.half_px[0]), ear)
    # Temples shine, or are of another colour than the rims.
    line, shown = _trace(view, way, make, trust=0.0)
    shown[:2] = True  # the rim hides where it begins
    enough = np.cumsum(shown) >= _TEMPLE_SHOWN * np.arange(1, len(shown) + 1)
    count = len(enough) if enough.all() else int(np.argmin(enough))
    if count < _TEMPLE_LEAST:
        return None
    return Wire(line.places[:count], line.half_px[:count], closed=False)


def _trace_rims(view: View, places: list[Float]) -> tuple[list[Wire], _Make] | None:
    """Trace both rims over places (96, R, 3) each, and tell what they are made of; ``None`` if they do not show."""
    from scipy.ndimage import maximum_filter1d

    colours = [view.at(around) for around in places]
    ridges = [_ridges(one) for one in colours]
    gains = [np.minimum(contrast, _ENOUGH) for contrast, _ in ridges]
    # Both rims have one shape: each is pulled to where the other one shows, which brows do not do.
    gains = [
        own + _PULL * maximum_filter1d(other, _PULL_STEPS, axis=1)
        for own, other in zip(gains, gains[::-1], strict=True)
    ]
    rows = np.arange(len(_ANGLES))[_BELOW]
    paths = [_best_path(gain, closed=True)[_BELOW] for gain in gains]
    shown = [(contrast[rows, path] > _CONTRAST).mean() for (contrast, _), path in zip(ridges, paths, strict=True)]
    if np.mean(shown) < _SHOWN or min(shown) < _SHOWN_WORSE:
        return None
    # Below the eyes nothing else is like a rim: what it is made of there leads past the brows.
    tones = np.concatenate([one[rows, path] for one, path in zip(colours, paths, strict=True)])
    halves = np.concatenate([width[rows, path] for (_, width), path in zip(ridges, paths, strict=True)])
    make = _Make(np.median(tones, axis=0), float(np.median(halves)))
    lines = []
    for around, one, gain in zip(places, colours, gains, strict=True):
        path = _best_path(gain + _ENOUGH * make.likeness(one), closed=True)
        lines.append(_line(around, path, make.half, closed=True))
    return lines, make


def _trace(view: View, places: Float, make: _Make, trust: float) -> tuple[Wire, npt.NDArray[np.bool_]]:
    """Return the best line across rows of places (A, R, 3), one place of each, and where it shows, (A,).

    ``trust`` is how much the rims' colour counts, 0 to 1.
    """
    colours = view.at(places)
    contrast, _ = _ridges(colours)
    like = np.float32(trust) * make.likeness(colours)
    path = _best_path(np.minimum(contrast, _ENOUGH) + _ENOUGH * like, closed=False)
    rows = np.arange(len(path))
    shown = (contrast[rows, path] > _CLEAR) | (like[rows, path] > _ALIKE)
    return _line(places, path, make.half, closed=False), shown


def _line(places: Float, path: npt.NDArray[np.intp], half: float, *, closed: bool) -> Wire:
    """Return a path over places as a wire of half a width in steps; a step more takes in its soft edge."""
    step_px = np.linalg.norm(places[:, 1] - places[:, 0], axis=1)
    chosen = places[np.arange(len(path)), path]
    return Wire(chosen.astype(np.float64), ((half + 1) * step_px).astype(np.float64), closed)


def _ridges(colours: Float) -> tuple[Float, Float]:
    """Return how far thin lines across colours (A, R, 3) differ from both sides alike, and half their width, (A, R)."""
    count = colours.shape[1]
    sums = np.cumsum(np.pad(colours, ((0, 0), (1, 0), (0, 0))), 1)
    index = np.arange(count)

    def mean(first: int, last: int) -> Float:
        low, high = np.clip(index + first, 0, count - 1), np.clip(index + last, 0, count - 1) + 1
        return np.asarray((sums[:, high] - sums[:, low]) / (high - low)[:, None], np.float32)

    best, width = np.zeros((2, *colours.shape[:2]), np.float32)
    for half in _HALF_WIDTHS:
        middle = mean(-(half // 2), half // 2)
        inner = middle - mean(-half - _SIDE[1], -half - _SIDE[0])
        outer = middle - mean(half + _SIDE[0], half + _SIDE[1])
        lengths = np.linalg.norm(inner, axis=2), np.linalg.norm(outer, axis=2)
        alike = (inner * outer).sum(2) > 0.5 * lengths[0] * lengths[1]
        contrast = np.where(alike, np.minimum(*lengths), 0)
        contrast[:, : half + 3] = contrast[:, -half - 3 :] = 0
        better = contrast > best
        best[better], width[better] = contrast[better], half
    return best, width


def _best_path(gain: Float, *, closed: bool) -> npt.NDArray[np.intp]:
    """Return the column of each row on the smooth path of the greatest gain (A, R), by dynamic programming."""
    rows, columns = gain.shape
    # Once around before and after makes the ends of a closed path meet.
    cost = -np.concatenate([gain] * 3) if closed else -gain
    moves = np.arange(-_MOST_STEPS, _MOST_STEPS + 1)
    penalty = (_BEND * np.abs(moves) ** 1.5)[:, None]
    total = cost[0].astype(np.float64)
    came = np.zeros(cost.shape, np.intp)
    for row in range(1, len(cost)):
        padded = np.pad(total, _MOST_STEPS, constant_values=np.inf)
        options = np.lib.stride_tricks.sliding_window_view(padded, columns)[moves + _MOST_STEPS] + penalty
        choice = options.argmin(0)
        came[row] = np.arange(columns) + moves[choice]
        total = options.min(0) + cost[row]
    path = np.empty(len(cost), np.intp)
    path[-1] = total.argmin()
    for row in range(len(cost) - 1, 0, -1):
        path[row - 1] = came[row, path[row]]
    return path[rows : 2 * rows] if closed else path
