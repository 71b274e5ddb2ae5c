"""Tell the person from the background, and paint the background that the person hides."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from renderers.face import quiet
from renderers.portrait.compiled import compiled

__all__ = ["fill", "person_matte", "split_layers"]

Float = npt.NDArray[np.float32]

#: Confidence of the segmentation below and above which a pixel is wholly background or person.
_SURE = (0.25, 0.75)
#: The mask is refined in tiles of this side.
_TILE_PX = 512
#: What varies faster than this in the background is its detail (longer sides of the picture).
_DETAIL = 0.03
#: No more of it is mirrored than this (of 255): what differs more is another thing, or the person's own edge.
_DETAIL_MOST = 20.0
#: A mean over many pixels is taken on a reduced picture, where it has this standard deviation, pixels.
_MEAN_PX = 16.0


def person_matte(pixels: npt.NDArray[np.uint8], head: npt.NDArray[np.bool_]) -> Float:
    """Return (H, W) float32, 0 background to 1 person, soft along hair.

    MediaPipe's selfie segmentation, sharpened along the picture's own edges by a guided filter
    (He, Sun & Tang 2013).

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        sRGB.
    head : (H, W) bool
        Pixels that surely belong to the head, from the fitted head model.
    """
    import cv2

    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mediapipe.python.solutions import selfie_segmentation

        model: Any = selfie_segmentation.SelfieSegmentation(model_selection=0)
        model.process(np.zeros((64, 64, 3), np.uint8))
        coarse = np.asarray(model.process(pixels).segmentation_mask, np.float32)
        model.close()
    coarse = np.maximum(coarse, head.astype(np.float32))
    height, width = coarse.shape
    radius = max(2, round(max(height, width) / 100))
    # Far from the border of the coarse mask the filter has nothing to say.
    inner = cv2.erode((coarse > 0.5).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2 * radius) > 0
    outer = cv2.dilate((coarse > 0.5).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2 * radius) > 0
    fine = inner.astype(np.float32)
    _refine(pixels, coarse, radius, outer & ~inner, fine)
    matte: Float = np.maximum(fine, head).astype(np.float32)
    return matte


def _refine(
    pixels: npt.NDArray[np.uint8], coarse: Float, radius: int, border: npt.NDArray[np.bool_], fine: Float
) -> None:
    """Sharpen a coarse mask along the picture's own edges, in place in ``fine``, on its border; tile by tile."""
    import cv2

    height, width = coarse.shape
    for top in range(0, height, _TILE_PX):
        for left in range(0, width, _TILE_PX):
            tile = np.s_[top : top + _TILE_PX, left : left + _TILE_PX]
            if not border[tile].any():
                continue
            # A guided filter is two means in a row: it reaches two radii far.
            y, x = max(0, top - 2 * radius), max(0, left - 2 * radius)
            around = np.s_[y : top + _TILE_PX + 2 * radius, x : left + _TILE_PX + 2 * radius]
            guide = pixels[around].astype(np.float32) / 255
            found = cv2.ximgproc.guidedFilter(guide, coarse[around], radius, 1e-4)
            found = found[top - y : top - y + _TILE_PX, left - x : left - x + _TILE_PX]
            ramp = np.clip((found - _SURE[0]) / (_SURE[1] - _SURE[0]), 0, 1)
            fine[tile] = np.where(border[tile], ramp * ramp * (3 - 2 * ramp), fine[tile])


def split_layers(pixels: npt.NDArray[np.uint8], matte: Float) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return the person as (H, W, 4) uint8 with multiplied alpha, and the background (H, W, 3) uint8.

    ``person + (1 - alpha) * background`` is the picture.
    """
    import cv2

    # A little beyond the matte, hair still tints the background.
    reach = 2 * max(1, round(max(matte.shape) / 170)) + 1
    clear = cv2.dilate((matte > 0.01).astype(np.uint8), np.ones((reach, reach), np.uint8)) == 0
    image, known = pixels.astype(np.float32), clear.astype(np.float32)
    behind = fill(image, known)
    if clear.any() and not clear.all():
        _add_mirrored(pixels, _local_mean(image, known), clear, *_nearest(clear), behind)
    person, background = np.zeros((*matte.shape, 4), np.uint8), pixels.copy()
    _split(pixels, matte, behind, person, background)
    return person, background


def _local_mean(image: Float, known: Float) -> Float:
    """Return (H, W, 3): what the known pixels of an image are like around each pixel, without their detail."""
    import cv2

    height, width = known.shape
    sigma = _DETAIL * max(height, width)
    scale = min(1.0, _MEAN_PX / sigma)
    small = (max(1, round(scale * width)), max(1, round(scale * height)))
    both = _resize(np.concatenate([image * known[..., None], known[..., None]], 2), small)
    both = cv2.GaussianBlur(both, (0, 0), sigma * small[0] / width, sigmaY=sigma * small[1] / height)
    return _resize(both[..., :3] / np.maximum(both[..., 3:], 1e-3), (width, height))


def _nearest(clear: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return (H, W) a label for each pixel, and (N, 2) the row and column of the clear pixel nearest to each label."""
    import cv2

    _, labels = cv2.distanceTransformWithLabels(
        (~clear).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.zeros((labels.max() + 1, 2), np.int32)
    places[labels[clear]] = np.argwhere(clear)
    return labels, places


@compiled
def _add_mirrored(
    pixels: npt.NDArray[np.uint8],
    mean: Float,
    clear: npt.NDArray[np.bool_],
    labels: npt.NDArray[np.int32],
    places: npt.NDArray[np.int32],
    behind: Float,
) -> None:
    """Add what a smooth fill lacks, in place: the background's own detail, mirrored at the person's outline."""
    height, width = clear.shape
    for y in range(height):
        for x in range(width):
            if clear[y, x]:
                continue
            # Beyond the border the picture is mirrored once more.
            j = _reflected(2 * places[labels[y, x], 0] - y, height)
            i = _reflected(2 * places[labels[y, x], 1] - x, width)
            if clear[j, i]:
                for k in range(3):
                    detail = pixels[j, i, k] - mean[j, i, k]
                    behind[y, x, k] += min(max(detail, -_DETAIL_MOST), _DETAIL_MOST)


@compiled
def _reflected(at: int, count: int) -> int:
    """Return an index inside ``count`` samples that go on mirrored about the first and the last."""
    period = max(2 * (count - 1), 1)
    at = at % period
    return at if at < count else period - at


@compiled
def _split(
    pixels: npt.NDArray[np.uint8],
    matte: Float,
    behind: Float,
    person: npt.NDArray[np.uint8],
    background: npt.NDArray[np.uint8],
) -> None:
    """Split a picture by what lies behind, in place; ``background`` is the picture to begin with."""
    for y in range(matte.shape[0]):
        for x in range(matte.shape[1]):
            alpha = matte[y, x]
            if alpha <= 0:
                continue
            # Exactly the picture at rest: alpha rises where the picture is no mixture with that background.
            for k in range(3):
                below = min(max(behind[y, x, k], 0.0), 255.0)
                alpha = max(alpha, 1 - pixels[y, x, k] / max(below, 1.0))
                alpha = max(alpha, (pixels[y, x, k] - below) / max(255 - below, 1.0))
            for k in range(3):
                below = min(max(behind[y, x, k], 0.0), 255.0)
                own = min(max(pixels[y, x, k] - (1 - alpha) * below, 0.0), 255 * alpha)
                person[y, x, k], background[y, x, k] = int(own + 0.5), int(below + 0.5)
            person[y, x, 3] = int(255 * alpha + 0.5)


def fill(image: Float, known: Float) -> Float:
    """Return the image with unknown pixels filled smoothly from the known ones around.

    Push–pull on a pyramid (Gortler et al. 1996, "The Lumigraph", section 3.4).

    Parameters
    ----------
    image : (H, W, K) float32
        Values.
    known : (H, W) float32
        1 where a pixel is known, 0 where not; between, its weight.
    """
    weight = known[..., None] if known.ndim == 2 else known
    if min(image.shape[:2]) <= 2 or float(known.min()) >= 1.0:
        total = float(weight.sum())
        mean = (image * weight).sum((0, 1)) / total if total > 0 else np.zeros(image.shape[2], np.float32)
        lone: Float = (image * weight + mean * (1 - weight)).astype(np.float32)
        return lone
    size = ((image.shape[1] + 1) // 2, (image.shape[0] + 1) // 2)
    shown = image * weight
    small_weight = _resize(weight, size)
    small = _resize(shown, size) / np.maximum(small_weight, 1e-6)
    pulled = fill(small.astype(np.float32), np.clip(small_weight[..., 0] * 4, 0, 1))
    # In place: a large picture's memory is slow to come by.
    filled = _resize(pulled, (image.shape[1], image.shape[0]))
    filled *= 1 - weight
    filled += shown
    return filled


def _resize(array: Float, size: tuple[int, int]) -> Float:
    """Return (h, w, K) at another (width, height): mean over areas down, linear up."""
    import cv2

    way = cv2.INTER_AREA if size[0] < array.shape[1] else cv2.INTER_LINEAR
    groups = range(0, array.shape[2], 4)  # OpenCV takes four channels at a time
    parts = [cv2.resize(np.ascontiguousarray(array[..., k : k + 4]), size, interpolation=way) for k in groups]
    parts = [part.reshape(size[1], size[0], -1) for part in parts]
    result: Float = parts[0] if len(parts) == 1 else np.concatenate(parts, 2)
    return result
