"""Colours of what an open mouth shows, in the light of the face of a picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderers.landmarks import (
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
)
from renderers.rig import Rig

__all__ = ["ON_LIPS", "mean_colour", "mouth_colours", "warmth"]

Float = npt.NDArray[np.float32]

#: Skin of less chroma (of its brightest channel) than this is that of a picture without colours.
_COLOURFUL = 0.12
#: How fast light is lost into the mouth (head model's units).
_DARKENING = 2.8
#: What lies this far behind the front teeth is shaded by the cheeks, and how fast (head model's units).
_MOLARS, _CHEEKS = 2.2, 1.6
#: Light in the lips' shadow falls off this much faster in green and blue, in a picture with colours.
_WARMTH = np.array([0.0, 0.18, 0.24], np.float32)
#: Light on the sides of teeth that look at the tongue.
_BEHIND = 0.3
#: Landmarks on the red of the lips, and on skin.
ON_LIPS = (0, 17, 37, 267, 84, 314)
_ON_SKIN = (205, 425, 50, 280, 199, 200)
#: Light on the tongue, of the flesh's: in the mouth's shadow, or it is taken for a lip.
_TONGUE = 0.55
#: Light in the throat, of the flesh's.
_THROAT = 0.1
#: Teeth beside the white of the eyes (sRGB), which lies in the shadow of lids and lashes; they are at least this.
_BESIDE_WHITE = np.array([1.33, 1.28, 1.16], np.float32)
_UNTINTED = 0.22


def mouth_colours(pixels: npt.NDArray[np.uint8], rig: Rig, landmarks: Float, own: Float | None) -> tuple[Float, Float]:
    """Return (V, 3) colours of the inside in the face's light, and that of the throat."""
    start, stop = rig.parts["mouth_socket"].start, rig.parts["teeth"].stop
    count = stop - start
    skin = mean_colour(pixels, landmarks, _ON_SKIN)
    lips = mean_colour(pixels, landmarks, ON_LIPS)
    grey = float(skin @ np.array([0.299, 0.587, 0.114], np.float32))
    teeth = np.clip((0.45 * grey + 0.55 * skin) * np.array([1.1, 1.07, 1.0], np.float32), 0, 245)
    teeth = np.maximum(teeth, _BESIDE_WHITE * _white_of_eyes(pixels, landmarks))
    # Varnish and warm light tint teeth less than skin, or they are taken for it.
    teeth = np.minimum(teeth + _UNTINTED * (teeth.mean() - teeth), 245)
    if own is not None:
        shown = own[..., :3][own[..., 3] > 0.99]
        bright = shown[shown.sum(1) >= np.percentile(shown.sum(1), 75)]
        teeth = 0.8 * bright.mean(0) + 0.2 * teeth if bright.mean() > 0.8 * grey else teeth
    flesh = 0.5 * lips * np.array([1.0, 0.74, 0.72], np.float32)
    flesh += 0.5 * np.array([grey * 1.1, grey * 0.46, grey * 0.44], np.float32)
    # A grey picture has a grey mouth.
    colourful = _colourful(skin)
    flesh = flesh * colourful + flesh.mean() * (1 - colourful)
    colours = np.zeros((count, 3), np.float32)

    def part(name: str) -> slice:
        return slice(rig.parts[name].start - start, rig.parts[name].stop - start)

    colours[part("mouth_socket")] = 0.55 * flesh
    colours[part("gums_tongue")] = 0.65 * flesh
    colours[rig.tongue[start:stop]] = _TONGUE * flesh
    colours[part("teeth")] = teeth
    points = rig.head_points[start:stop]
    normals = _normals(points, rig, start, stop)
    light = np.array([0.0, 0.35, 0.94], np.float32)
    lambert = 0.45 + 0.55 * np.clip(normals @ light, 0, 1)
    front = points[part("teeth"), 2].max()
    depth = np.exp(-np.maximum(front - 0.2 - points[:, 2], 0) / _DARKENING)
    # Light that reaches deep has been reflected by flesh on its way.
    tint = 1 - (1 - depth)[:, None] * np.array([0.0, 0.3, 0.34], np.float32) * colourful
    arch = points[part("teeth")] - np.array([0, 0, front - 3.5], np.float32)
    outward = (normals[part("teeth")] * arch)[:, [0, 2]].sum(1) / np.maximum(np.hypot(arch[:, 0], arch[:, 2]), 1e-6)
    # Cheeks shade the molars.
    depth[part("teeth")] *= np.exp(-np.maximum(front - _MOLARS - points[part("teeth"), 2], 0) / _CHEEKS)
    lambert[part("teeth")] = 0.35 + 0.65 * lambert[part("teeth")]
    lambert[part("teeth")] *= _BEHIND + (1 - _BEHIND) * np.clip(2 * outward + 0.8, 0, 1)
    lit: Float = (colours * tint * (lambert * depth)[:, None]).astype(np.float32)
    throat: Float = (_THROAT * flesh).astype(np.float32)
    return np.maximum(lit, throat), throat


def warmth(pixels: npt.NDArray[np.uint8], landmarks: Float) -> Float:
    """Return (3,): powers of the light where only what the lips reflect falls."""
    powers: Float = 1 + _WARMTH * np.float32(_colourful(mean_colour(pixels, landmarks, _ON_SKIN)))
    return powers


def _colourful(skin: Float) -> float:
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


def _normals(points: Float, rig: Rig, start: int, stop: int) -> Float:
    """Return unit normals of the vertices."""
    triangles = rig.head_triangles[((rig.head_triangles >= start) & (rig.head_triangles < stop)).all(1)] - start
    a, b, c = (points[triangles[:, k]] for k in range(3))
    face_normals = np.cross(b - a, c - a)
    normals = np.zeros_like(points)
    for k in range(3):
        np.add.at(normals, triangles[:, k], face_normals)
    unit: Float = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return unit


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
