"""Tell the person from the background, and paint the background that the person hides."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from renderers.face import quiet

__all__ = ["fill", "person_matte", "split_layers"]

Float = npt.NDArray[np.float32]

#: Confidence of the segmentation below and above which a pixel is wholly background or person.
_SURE = (0.25, 0.75)
#: What varies faster than this in the background is its detail (longer sides of the picture).
_DETAIL = 0.03
#: No more of it is mirrored than this (of 255): what differs more is another thing, or the person's own edge.
_DETAIL_MOST = 20.0


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
    guide = pixels.astype(np.float32) / 255
    fine = cv2.ximgproc.guidedFilter(guide, coarse, radius, 1e-4)
    fine = np.clip((fine - _SURE[0]) / (_SURE[1] - _SURE[0]), 0, 1)
    fine = fine * fine * (3 - 2 * fine)
    # Far from the border of the coarse mask the filter has nothing to say.
    inner = cv2.erode((coarse > 0.5).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2 * radius)
    outer = cv2.dilate((coarse > 0.5).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2 * radius)
    fine = np.where(inner > 0, 1.0, np.where(outer > 0, fine, 0.0))
    matte: Float = np.maximum(fine, head).astype(np.float32)
    return matte


def split_layers(pixels: npt.NDArray[np.uint8], matte: Float) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return the person as (H, W, 4) uint8 with multiplied alpha, and the background (H, W, 3) uint8.

    ``person + (1 - alpha) * background`` is the picture.
    """
    import cv2

    image = pixels.astype(np.float32)
    alpha = matte[..., None]
    # A little beyond the matte, hair still tints the background.
    height, width = matte.shape
    reach = 2 * max(1, round(max(height, width) / 170)) + 1
    clear = cv2.dilate((matte > 0.01).astype(np.uint8), np.ones((reach, reach), np.uint8)) == 0
    behind = fill(image, clear.astype(np.float32))
    if clear.any() and not clear.all():
        behind = np.clip(behind + _mirrored_detail(image, clear), 0, 255)
    behind = np.where(alpha > 0, behind, image)
    # Exactly the picture at rest: alpha rises where the picture is no mixture with that background.
    needed = np.maximum(1 - image / np.maximum(behind, 1), (image - behind) / np.maximum(255 - behind, 1))
    alpha = np.where(alpha > 0, np.maximum(alpha, needed.max(2, keepdims=True)), 0)
    person = np.clip(image - (1 - alpha) * behind, 0, 255 * alpha)
    layered = np.concatenate([person, 255 * alpha], 2)
    return (layered + 0.5).astype(np.uint8), (np.clip(behind, 0, 255) + 0.5).astype(np.uint8)


def _mirrored_detail(image: Float, clear: npt.NDArray[np.bool_]) -> Float:
    """Return (H, W, 3): what a smooth fill lacks, the background's own detail mirrored at the person's outline."""
    import cv2

    known = clear.astype(np.float32)
    sigma = _DETAIL * max(clear.shape)
    mean = cv2.GaussianBlur(image * known[..., None], (0, 0), sigma)
    mean /= np.maximum(cv2.GaussianBlur(known, (0, 0), sigma), 1e-3)[..., None]
    detail = np.clip(image - mean, -_DETAIL_MOST, _DETAIL_MOST) * known[..., None]
    _, labels = cv2.distanceTransformWithLabels(
        (~clear).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    ys, xs = np.nonzero(clear)
    nearest = np.zeros((labels.max() + 1, 2), np.float32)
    nearest[labels[ys, xs]] = np.stack([xs, ys], 1)
    here = np.stack(np.meshgrid(*(np.arange(side, dtype=np.float32) for side in clear.shape[::-1])), 2)
    at = 2 * nearest[labels] - here
    mirrored: Float = cv2.remap(detail, at, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
    return np.where(clear[..., None], np.float32(0), mirrored)


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
    small_weight = _resize(weight, size)
    small = _resize(image * weight, size) / np.maximum(small_weight, 1e-6)
    pulled = fill(small.astype(np.float32), np.clip(small_weight[..., 0] * 4, 0, 1))
    wide = _resize(pulled, (image.shape[1], image.shape[0]))
    result: Float = (image * weight + wide * (1 - weight)).astype(np.float32)
    return result


def _resize(array: Float, size: tuple[int, int]) -> Float:
    """Return (h, w, K) at another (width, height): mean over areas down, linear up."""
    import cv2

    way = cv2.INTER_AREA if size[0] < array.shape[1] else cv2.INTER_LINEAR
    groups = range(0, array.shape[2], 4)  # OpenCV takes four channels at a time
    parts = [cv2.resize(np.ascontiguousarray(array[..., k : k + 4]), size, interpolation=way) for k in groups]
    result: Float = np.concatenate([part.reshape(size[1], size[0], -1) for part in parts], 2)
    return result
