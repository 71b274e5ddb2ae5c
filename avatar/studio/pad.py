"""The feeling pad: a picture of the valence–arousal plane on which one clicks."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from avatar.plot import EMOTION_COLOURS
from conditioning import EMOTION_NAMES, Emotion

__all__ = ["PAD_PX", "emotion_at", "pad_picture"]

#: Width and height of the pad in pixels.
PAD_PX = 400
#: Where each name stands at its dot, in Pillow's letters (left, middle, right; top, middle, bottom): none over another.
_ANCHORS = {
    "joy": "mt", "trust": "mt", "fear": "rm", "surprise": "mb",
    "sadness": "mt", "disgust": "mt", "anger": "lm", "anticipation": "mb",
}  # fmt: skip
_OFFSETS_PX = {"l": 9, "r": -9, "m": 0, "t": 9, "b": -9}


def emotion_at(x_px: float, y_px: float, dominance: float = 0.0) -> Emotion:
    """Return the emotion of a place on the pad: left unpleasant, right pleasant, bottom calm, top excited.

    Examples
    --------
    >>> emotion_at(PAD_PX / 2, PAD_PX / 2).intensity < 0.01
    True
    """
    valence, arousal = (np.clip(2 * place / PAD_PX - 1, -1, 1) for place in (x_px, PAD_PX - y_px))
    return Emotion.from_vad(float(valence), float(arousal), dominance)


def pad_picture(emotion: Emotion) -> npt.NDArray[np.uint8]:
    """Return the (400, 400, 3) uint8 picture of the pad, with a ring where an emotion lies."""
    from PIL import Image, ImageDraw

    picture = Image.fromarray(_ground())
    if emotion:
        x, y = _pixel(emotion)
        draw = ImageDraw.Draw(picture)
        draw.ellipse((x - 9, y - 9, x + 9, y + 9), outline="white", width=5)
        draw.ellipse((x - 8, y - 8, x + 8, y + 8), outline="#222222", width=2)
    return np.asarray(picture)


@lru_cache(maxsize=1)
def _ground() -> npt.NDArray[np.uint8]:
    """Return the pad with the eight primaries on it."""
    from PIL import Image, ImageColor, ImageDraw, ImageFont

    axis = np.linspace(-1, 1, PAD_PX)
    valence, arousal = np.meshgrid(axis, -axis)
    felt = {name: Emotion(**{name: 1.0}) for name in EMOTION_NAMES}
    places = np.array([(emotion.vad.valence, emotion.vad.arousal) for emotion in felt.values()])
    colours = np.array([ImageColor.getrgb(EMOTION_COLOURS[name]) for name in EMOTION_NAMES], float)
    distance = np.hypot(valence[..., None] - places[:, 0], arousal[..., None] - places[:, 1])
    share = np.exp(-((distance / 0.45) ** 2))
    strength = np.clip(share.max(axis=-1, keepdims=True), 0, 1) * 0.6
    mixed = (share @ colours) / (share.sum(axis=-1, keepdims=True) + 1e-9)
    picture = Image.fromarray((250 * (1 - strength) + mixed * strength).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    middle = PAD_PX / 2
    draw.line([(middle, 24), (middle, PAD_PX - 24)], fill="#ffffff", width=2)
    draw.line([(90, middle), (PAD_PX - 80, middle)], fill="#ffffff", width=2)
    for name, emotion in felt.items():
        x, y = _pixel(emotion)
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=EMOTION_COLOURS[name], outline="white")
        place = (x + _OFFSETS_PX[_ANCHORS[name][0]], y + _OFFSETS_PX[_ANCHORS[name][1]])
        draw.text(place, name, fill="#222222", font=ImageFont.load_default(14), anchor=_ANCHORS[name])
    for text, place, anchor in (
        ("excited", (middle, 6), "mt"),
        ("calm", (middle, PAD_PX - 6), "mb"),
        ("unpleasant", (6, middle), "lm"),
        ("pleasant", (PAD_PX - 6, middle), "rm"),
    ):
        draw.text(place, text, fill="#666666", font=ImageFont.load_default(14), anchor=anchor)
    return np.asarray(picture)


def _pixel(emotion: Emotion) -> tuple[float, float]:
    vad = emotion.vad
    return (vad.valence + 1) * PAD_PX / 2, (1 - vad.arousal) * PAD_PX / 2
