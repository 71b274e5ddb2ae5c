"""The emotion wheel: Plutchik's eight in a circle, to be clicked on; its petals show what is felt."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from avatar.plot import EMOTION_COLOURS
from conditioning import EMOTION_NAMES, Emotion

if TYPE_CHECKING:
    from PIL import ImageDraw

__all__ = ["HEIGHT_PX", "RADIUS_PX", "WIDTH_PX", "emotion_on_wheel", "wheel_picture"]

#: Of the picture; it is wider than high for the names at the sides.
WIDTH_PX, HEIGHT_PX = 480, 360
#: Of the wheel, and distance of the names from its middle.
RADIUS_PX, NAMES_PX = 142, 152
#: Drawn this many times larger, then reduced, for smooth edges.
_FINE = 3
#: A click within this share of the way to a neighbour still means one emotion alone.
SNAP = 0.2


def emotion_on_wheel(x_px: float, y_px: float) -> Emotion:
    """Return the emotion of a place on the wheel: its direction says which, its distance from the middle how much.

    Between two petals it is a mixture of both.

    Examples
    --------
    >>> str(emotion_on_wheel(WIDTH_PX / 2, HEIGHT_PX / 2 - RADIUS_PX))
    'joy:1'
    >>> str(emotion_on_wheel(WIDTH_PX / 2 + 0.5 * RADIUS_PX, HEIGHT_PX / 2))
    'fear:0.5'
    """
    right, up = x_px - WIDTH_PX / 2, HEIGHT_PX / 2 - y_px
    strength = min(1.0, math.hypot(right, up) / RADIUS_PX)
    turn = (math.atan2(right, up) / (2 * math.pi) % 1.0) * len(EMOTION_NAMES)
    first, share = int(turn), float(np.clip((turn % 1.0 - SNAP) / (1.0 - 2 * SNAP), 0.0, 1.0))
    weights = np.zeros(len(EMOTION_NAMES))
    weights[first % 8] = (1.0 - share) * strength
    weights[(first + 1) % 8] += share * strength
    return Emotion.from_weights(weights.round(2))


def wheel_picture(emotion: Emotion) -> npt.NDArray[np.uint8]:
    """Return the (360, 480, 3) uint8 picture of the wheel, each petal filled as far as its emotion is strong."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (WIDTH_PX * _FINE, HEIGHT_PX * _FINE), "white")
    draw = ImageDraw.Draw(picture)
    for index, (name, weight) in enumerate(zip(EMOTION_NAMES, emotion.weights, strict=True)):
        start = 360 * (index - 0.5) / len(EMOTION_NAMES) - 90
        for ring, tint in ((1.0, 0.22), (2 / 3, 0.32), (1 / 3, 0.42)):
            _sector(draw, RADIUS_PX * ring, start, _tinted(name, tint))
        if weight > 0:
            _sector(draw, RADIUS_PX * float(weight), start, _tinted(name, 1.0))
    font = ImageFont.load_default(14 * _FINE)
    for index, name in enumerate(EMOTION_NAMES):
        angle = 2 * math.pi * index / len(EMOTION_NAMES)
        right, up = NAMES_PX * math.sin(angle), NAMES_PX * math.cos(angle)
        place = ((WIDTH_PX / 2 + right) * _FINE, (HEIGHT_PX / 2 - up) * _FINE)
        side = "l" if right > 1 else "r" if right < -1 else "m"
        draw.text(place, name, fill="#222222", font=font, anchor=side + "m")
    return np.asarray(picture.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.LANCZOS))


def _sector(draw: ImageDraw.ImageDraw, radius_px: float, start_deg: float, colour: tuple[int, ...]) -> None:
    left, top = WIDTH_PX / 2 - radius_px, HEIGHT_PX / 2 - radius_px
    box = tuple(_FINE * edge for edge in (left, top, left + 2 * radius_px, top + 2 * radius_px))
    end_deg = start_deg + 360 / len(EMOTION_NAMES)
    draw.pieslice(box, start_deg, end_deg, fill=colour, outline="white", width=_FINE)


def _tinted(name: str, strength: float) -> tuple[int, ...]:
    """Return an emotion's colour mixed with white."""
    from PIL import ImageColor

    return tuple(round(255 + strength * (value - 255)) for value in ImageColor.getrgb(EMOTION_COLOURS[name])[:3])
