"""The skin of a closed upper lid, which an open-eyed portrait does not show.

Where a blink would stretch the strip of skin above the lashes into streaks, a lid is laid over the mesh: the
tone of the skin around the eye, its grain, rounded by a little shading; along its edge runs a line of lashes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderers.portrait.lashes import Lashes, make_lashes
from renderers.portrait.matte import fill
from renderers.portrait.raster import EMPTY_DEPTH, rasterize

__all__ = ["Lid", "draw_lid", "make_lid"]

Float = npt.NDArray[np.float32]
Box = tuple[int, int, int, int]

#: Samples a pixel along each axis.
_FINE = 2
#: The lid's shading: darker at the fold above and at the lashes.
_SHADING = 0.05
#: Share of the skin's grain that shows on the smooth lid.
_GRAIN = 0.22
#: Darker skin than this percentile (shadows, lashes, brows) gives the lid no tone.
_LIT_PERCENT = 35.0
#: The lid's tone is moved this far (of logarithms) towards that of skin above this percentile, and its hue this far
#: towards that of the cheeks: painters put blue and green into the shadows around an eye.
_LIFT, _LIT_TO, _HUE = 0.40, 80.0, 0.7


@dataclass(frozen=True, eq=False)
class Lid:
    """One closed upper lid.

    Attributes
    ----------
    texture : (H, W, 3) float32
        The closed lid in the frame.
    left, top : int
        Where the texture lies.
    lashes : Lashes
        Along its edge.
    at : (V, 2) float32
        Where each vertex of the face lies when the eye is shut.
    share : (V,) float32
        How much of the lid each vertex shows at a full blink.
    triangles : (T, 3) int32
        Those that show any.
    """

    texture: Float
    left: int
    top: int
    lashes: Lashes
    at: Float
    share: Float
    triangles: npt.NDArray[np.int32]


def make_lid(
    pixels: npt.NDArray[np.uint8],
    triangles: npt.NDArray[np.int32],
    rest: Float,
    shut: Float,
    opening: Float,
    box: Box,
    edge: Float,
    cheeks: Float,
    soft_px: float,
) -> Lid:
    """Paint the lid of one eye.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        The frame.
    triangles : (T, 3) int32
        Of the face's mesh.
    rest, shut : (V, 3) float32
        Its vertices with this eye open and shut.
    opening : (h, w) float32
        Share of each pixel between the lids at rest.
    box : tuple of int
        Left, top, right, bottom of ``opening``.
    edge : (9, 2) float32
        The edge of the shut lid from corner to corner.
    cheeks : (3,) float32
        Colour of the skin.
    soft_px : float
        Standard deviation of the picture's own blur.
    """
    edge = edge[np.argsort(edge[:, 0])]
    span = float(edge[-1, 0] - edge[0, 0])
    columns = opening.max(0) > 0.5
    gap = max(1.5, float(opening.sum(0)[columns].mean())) if columns.any() else max(1.5, 0.3 * span)
    margin = int(np.ceil(2.0 * gap)) + 2
    left, top = max(0, box[0] - margin), max(0, box[1] - margin)
    right, bottom = min(pixels.shape[1], box[2] + margin), min(pixels.shape[0], box[3] + margin)
    patch = pixels[top:bottom, left:right].astype(np.float32)
    inside = np.zeros(patch.shape[:2], np.float32)
    inside[box[1] - top : box[3] - top, box[0] - left : box[2] - left] = opening
    skin = _skin(patch, inside, gap, cheeks)
    lashes = make_lashes(patch, skin, edge - np.array([left, top], np.float32), gap, soft_px)
    ys, xs = np.mgrid[top:bottom, left:right].astype(np.float32)
    line = np.interp(xs[0], edge[:, 0], edge[:, 1])[None, :]
    texture = _shade(skin, (line - ys) / gap)
    above = (np.interp(shut[:, 0], edge[:, 0], edge[:, 1]) - shut[:, 1]) / gap
    return Lid(texture, left, top, lashes, shut[:, :2].copy(), *_share(rest, shut, above, edge, span, triangles))


def draw_lid(lid: Lid, frame: npt.NDArray[np.uint8], points: Float, strength: float) -> None:
    """Lay the lid over a frame, in place.

    Parameters
    ----------
    lid : Lid
        From :func:`make_lid`.
    frame : (H, W, 3) uint8
        Drawn so far.
    points : (V, 3) float32
        Where the face's vertices have gone.
    strength : float
        0 to 1.
    """
    import cv2

    reach = points[np.unique(lid.triangles), :2]
    low, high = np.floor(reach.min(0)).astype(int), np.ceil(reach.max(0)).astype(int) + 1
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    right, bottom = min(frame.shape[1], int(high[0])), min(frame.shape[0], int(high[1]))
    size = ((right - left) * _FINE, (bottom - top) * _FINE)
    if min(size) <= 0 or strength <= 0:
        return
    offset = (1 / _FINE - 1) / 2
    values = np.concatenate([lid.at, lid.share[:, None]], 1)
    drawn, depth = rasterize(
        points[: len(values)], lid.triangles, values, size, origin=(left + offset, top + offset), scale=_FINE
    )
    drawn[depth == EMPTY_DEPTH] = 0
    share = drawn[..., 2] * strength
    colour = cv2.remap(
        lid.texture,
        drawn[..., 0] - lid.left,
        drawn[..., 1] - lid.top,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    small = (right - left, bottom - top)
    weighted = cv2.resize(colour * share[..., None], small, interpolation=cv2.INTER_AREA)
    cover = cv2.resize(share, small, interpolation=cv2.INTER_AREA)[..., None]
    part = frame[top:bottom, left:right]
    frame[top:bottom, left:right] = np.clip(part * (1 - cover) + weighted + 0.5, 0, 255).astype(np.uint8)


def _skin(patch: Float, inside: Float, gap: float, cheeks: Float) -> Float:
    """Return the tone of the skin around an eye carried across it, with grain."""
    import cv2

    def grown(by_px: float) -> npt.NDArray[np.bool_]:
        reach = 2 * max(1, round(by_px)) + 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
        return np.asarray(cv2.dilate((inside > 0.05).astype(np.uint8), disc) > 0)

    hidden, around = grown(0.35 * gap), grown(1.5 * gap)
    grey = patch @ np.array([0.299, 0.587, 0.114], np.float32)
    ring = around & ~hidden
    bright = grey > np.percentile(grey[ring], _LIT_PERCENT) if ring.any() else grey > 0
    known = (ring & bright).astype(np.float32)
    tone = fill(patch, cv2.GaussianBlur(known, (0, 0), 0.8) * known) if known.any() else patch
    tone = cv2.GaussianBlur(tone, (0, 0), max(0.6, 0.25 * gap))
    if ring.any():
        # A shut lid stands out of the shadow of its socket.
        lit = patch[ring & (grey >= np.percentile(grey[ring], _LIT_TO))].mean(0)
        # Shaded skin is redder than lit skin: light that has met skin twice.
        bounces = np.log(np.maximum(tone.mean(2, keepdims=True), 1) / 255) / np.log(
            np.clip(cheeks.mean(), 1, 250) / 255
        )
        tone += _HUE * (255 * (np.maximum(cheeks, 1) / 255) ** bounces - tone)
        tone = tone ** (1 - _LIFT) * np.maximum(lit, tone) ** _LIFT
    grain = patch - cv2.GaussianBlur(patch, (0, 0), 1.5)
    grain = np.where((known > 0)[..., None], grain, 0)
    # The grain of the skin below the eye, mirrored up over it.
    spread = fill(np.abs(grain), known)
    noise = np.random.default_rng(0).standard_normal(grey.shape).astype(np.float32)
    noise = noise - cv2.GaussianBlur(noise, (0, 0), 1.5)
    result: Float = tone + _GRAIN * spread.mean(2, keepdims=True) * noise[..., None]
    return result


def _shade(texture: Float, height: Float) -> Float:
    """Return the lid rounded by shading; ``height`` counts openings above the edge."""
    rounded = np.clip(1 - ((height - 0.45) / 0.6) ** 2, 0, 1)
    light = 1 - _SHADING + 1.3 * _SHADING * rounded
    shaded: Float = (texture * light[..., None]).astype(np.float32)
    return shaded


def _share(
    rest: Float, shut: Float, above: Float, edge: Float, span: float, triangles: npt.NDArray[np.int32]
) -> tuple[Float, npt.NDArray[np.int32]]:
    """Return how much of the lid each vertex shows, and the triangles that show any."""
    fold = np.clip((2.4 - above) / 1.4, 0, 1)
    below = np.clip((above + 0.42) / 0.14, 0, 1)
    sideways = np.clip((0.58 - np.abs(shut[:, 0] - edge[:, 0].mean()) / span) / 0.2, 0, 1)
    travel = shut[:, 1] - rest[:, 1]
    upper = np.clip(travel / max(float(travel.max()), 1e-6) * 5 - 0.3, 0, 1)
    share = (upper * fold * fold * (3 - 2 * fold) * below * sideways).astype(np.float32)
    return share, triangles[share[triangles].max(1) > 0]
