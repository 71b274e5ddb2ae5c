"""The feeling pad: a picture of the valence–arousal plane on which one clicks."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from conditioning import EMOTION_NAMES, Emotion

__all__ = ["PAD_PX", "emotion_at", "pad_picture"]

#: Width and height of the pad in pixels.
PAD_PX = 360
#: Hue of each primary, after the colours of Plutchik's wheel.
COLOURS = {
    "joy": "#f2c230", "trust": "#7fb24b", "fear": "#2f8f5b", "surprise": "#2f9fb4",
    "sadness": "#4b76c2", "disgust": "#8757a8", "anger": "#cf4238", "anticipation": "#e6862c",
}  # fmt: skip


def emotion_at(x_px: float, y_px: float, dominance: float = 0.0) -> Emotion:
    """Return the emotion of a place on the pad: left unpleasant, right pleasant, bottom calm, top excited.

    Examples
    --------
    >>> emotion_at(PAD_PX / 2, PAD_PX / 2).intensity < 0.01
    True
    """
    valence, arousal = (np.clip(2 * place / PAD_PX - 1, -1, 1) for place in (x_px, PAD_PX - y_px))
    return Emotion.from_vad(float(valence), float(arousal), dominance)


@lru_cache(maxsize=1)
def pad_picture() -> npt.NDArray[np.uint8]:
    """Return the (360, 360, 3) uint8 picture of the pad with the eight primaries on it."""
    from PIL import Image, ImageColor, ImageDraw, ImageFont

    axis = np.linspace(-1, 1, PAD_PX)
    valence, arousal = np.meshgrid(axis, -axis)
    places = np.array([_place(name) for name in EMOTION_NAMES])
    colours = np.array([ImageColor.getrgb(COLOURS[name]) for name in EMOTION_NAMES], float)
    distance = np.hypot(valence[..., None] - places[:, 0], arousal[..., None] - places[:, 1])
    share = np.exp(-((distance / 0.45) ** 2))
    strength = np.clip(share.max(axis=-1, keepdims=True), 0, 1) * 0.75
    mixed = (share @ colours) / (share.sum(axis=-1, keepdims=True) + 1e-9)
    picture = Image.fromarray((246 * (1 - strength) + mixed * strength).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(13)
    middle = PAD_PX / 2
    draw.line([(middle, 0), (middle, PAD_PX)], fill="#ffffff")
    draw.line([(0, middle), (PAD_PX, middle)], fill="#ffffff")
    for name, (x, y) in zip(EMOTION_NAMES, places, strict=True):
        draw.text(((x + 1) * middle, (1 - y) * middle), name, fill="#222222", font=font, anchor="mm")
    for text, place, anchor in (
        ("excited", (middle, 4), "mt"),
        ("calm", (middle, PAD_PX - 4), "mb"),
        ("unpleasant", (4, middle - 8), "lb"),
        ("pleasant", (PAD_PX - 4, middle - 8), "rb"),
    ):
        draw.text(place, text, fill="#666666", font=font, anchor=anchor)
    return np.asarray(picture)


def _place(name: str) -> tuple[float, float]:
    vad = Emotion(**{name: 1.0}).vad
    return vad.valence, vad.arousal
