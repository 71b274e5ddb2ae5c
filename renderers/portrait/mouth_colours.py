"""Colours of what an open mouth shows, in the light of the face of a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderers.landmarks import LEFT_EYE_LOWER, LEFT_EYE_UPPER, RIGHT_EYE_LOWER, RIGHT_EYE_UPPER
from renderers.portrait.mouth_model import MouthModel

__all__ = ["ON_LIPS", "ON_SKIN", "MouthColours", "colourful", "mean_colour", "mouth_colours", "warmth"]

Float = npt.NDArray[np.float32]

#: Skin of less chroma (of its brightest channel) than this is that of a picture without colours.
_COLOURFUL = 0.12
#: Light inside falls off this much faster in green and blue, in a picture with colours.
_WARMTH = np.array([0.0, 0.18, 0.24], np.float32)
#: What lies this far behind the front teeth is hidden by the cheeks, and how fast (head model's units); their light.
_MOLARS, _CHEEKS, _CHEEK = 1.8, 1.2, 0.4
#: Tongue and gums beside the lips, and beside the teeth.
_FLESH_OF_LIPS = np.array([1.0, 0.75, 0.74], np.float32)
_FLESH_OF_TEETH = np.array([0.78, 0.39, 0.39], np.float32)
#: Light on the sides of teeth that look at the tongue.
_BEHIND = 0.3
#: Landmarks on the red of the lips, and on skin.
ON_LIPS = (0, 17, 37, 267, 84, 314)
ON_SKIN = (205, 425, 50, 280, 199, 200)
#: Light on gums and on the throat's back, of the flesh's; the wet gleam of the tongue.
_GUMS, _THROAT, _GLEAM = 0.65, 0.75, 0.16
#: Teeth beside the white of the eyes (sRGB), which lies in the shadow of lids and lashes; they are at least this.
_BESIDE_WHITE = np.array([1.33, 1.28, 1.16], np.float32)
_UNTINTED = 0.12
#: Where the light comes from (the head's axes: left, up, out).
_LIGHT = np.array([0.0, 0.35, 0.94], np.float32)


@dataclass(frozen=True, eq=False)
class MouthColours:
    """Colours in the light before the lips.

    Attributes
    ----------
    vertices : (V, 3) float32
        sRGB of the mouth model's vertices.
    throat : (3,) float32
        The back of the throat.
    """

    vertices: Float
    throat: Float


def mouth_colours(
    pixels: npt.NDArray[np.uint8], model: MouthModel, landmarks: Float, own: Float | None
) -> MouthColours:
    """Return the colours of a mouth in the light of a face; ``own`` is what the portrait shows of it."""
    skin = mean_colour(pixels, landmarks, ON_SKIN)
    lips = mean_colour(pixels, landmarks, ON_LIPS)
    grey = float(skin @ np.array([0.299, 0.587, 0.114], np.float32))
    # A grey picture has a grey mouth.
    chroma = _chroma(skin)
    teeth = _teeth(pixels, landmarks, skin, grey, own)
    flesh = 0.6 * lips * _FLESH_OF_LIPS + 0.4 * teeth * _FLESH_OF_TEETH
    flesh = flesh * chroma + flesh.mean() * (1 - chroma)
    colours = np.empty((len(model.points), 3), np.float32)
    colours[:] = _GUMS * flesh
    colours[model.tongue] = flesh
    colours[model.teeth] = teeth
    facing = model.normals @ _LIGHT
    lambert = 0.45 + 0.55 * np.clip(facing, 0, 1)
    lambert[model.teeth] = 0.35 + 0.65 * lambert[model.teeth]
    points, normals = model.points[model.teeth], model.normals[model.teeth]
    arch = points - np.array([0, 0, points[:, 2].max() - 3.5], np.float32)
    outward = (normals * arch)[:, [0, 2]].sum(1) / np.maximum(np.hypot(arch[:, 0], arch[:, 2]), 1e-6)
    lambert[model.teeth] *= _BEHIND + (1 - _BEHIND) * np.clip(2 * outward + 0.8, 0, 1)
    lit = colours * lambert[:, None]
    front = np.exp(-np.maximum(points[:, 2].max() - _MOLARS - points[:, 2], 0) / _CHEEKS)[:, None]
    lit[model.teeth] = front * lit[model.teeth] + (1 - front) * _CHEEK * flesh
    lit[model.tongue] += _GLEAM * teeth * np.clip(facing[model.tongue, None], 0, 1) ** 24
    return MouthColours(lit.astype(np.float32), (_THROAT * flesh).astype(np.float32))


def _teeth(pixels: npt.NDArray[np.uint8], landmarks: Float, skin: Float, grey: float, own: Float | None) -> Float:
    """Return (3,): teeth in the light before the lips."""
    teeth = np.clip((0.35 * grey + 0.65 * skin) * np.array([1.1, 1.07, 1.0], np.float32), 0, 245)
    teeth = np.maximum(teeth, _BESIDE_WHITE * _white_of_eyes(pixels, landmarks))
    # Varnish and warm light tint teeth less than skin, or they are taken for it.
    teeth = np.minimum(teeth + _UNTINTED * (teeth.mean() - teeth), 245)
    if own is not None:
        shown = own[..., :3][own[..., 6] > 0.99]
        bright = shown[shown.sum(1) >= np.percentile(shown.sum(1), 75)]
        teeth = 0.8 * bright.mean(0) + 0.2 * teeth if bright.mean() > 0.8 * grey else teeth
    result: Float = teeth.astype(np.float32)
    return result


def warmth(pixels: npt.NDArray[np.uint8], landmarks: Float) -> Float:
    """Return (3,): powers of the light where only what the lips reflect falls."""
    powers: Float = 1 + _WARMTH * np.float32(colourful(pixels, landmarks))
    return powers


def colourful(pixels: npt.NDArray[np.uint8], landmarks: Float) -> float:
    """Return 0 for a picture without colours, 1 for any other."""
    return _chroma(mean_colour(pixels, landmarks, ON_SKIN))


def _chroma(skin: Float) -> float:
    """Return 0 for the skin of a picture without colours, 1 for any other."""
    return float(np.clip(np.ptp(skin) / max(float(skin.max()), 1.0) / _COLOURFUL, 0, 1))


def _white_of_eyes(pixels: npt.NDArray[np.uint8], landmarks: Float) -> Float:
    """Return (3,): the white of the better lit eye, dark if neither shows any."""
    import cv2

    whites = [np.zeros(3, np.float32)]
    for upper, lower in ((RIGHT_EYE_UPPER, RIGHT_EYE_LOWER), (LEFT_EYE_UPPER, LEFT_EYE_LOWER)):
        ring = landmarks[[*upper, *reversed(lower)], :2]
        inside = np.zeros(pixels.shape[:2], np.uint8)
        cv2.fillPoly(inside, [np.round(ring * 16).astype(np.int32)], 1, shift=4)
        shown = pixels[cv2.erode(inside, np.ones((3, 3), np.uint8)) > 0].astype(np.float32)
        if len(shown) >= 8:
            light = shown.min(1)
            whites.append(shown[light >= np.percentile(light, 75)].mean(0))
    best: Float = max(whites, key=lambda white: float(white.min()))
    return best


def mean_colour(pixels: npt.NDArray[np.uint8], landmarks: Float, index: tuple[int, ...]) -> Float:
    """Return the mean colour around some landmarks."""
    size = max(1, round(0.02 * float(np.linalg.norm(landmarks[454, :2] - landmarks[234, :2]))))
    values = []
    for x, y in np.round(landmarks[list(index), :2]).astype(int):
        patch = pixels[max(0, y - size) : y + size + 1, max(0, x - size) : x + size + 1]
        if patch.size:
            values.append(patch.reshape(-1, 3).mean(0))
    mean: Float = np.mean(values, axis=0).astype(np.float32)
    return mean
