"""Contact sheets: one line, neutral and with each of the eight emotions at full strength.

    python benchmarks/contact_sheet.py --portrait examples/portraits/mira.png -o sheets/

writes a sheet of twelve frames for each emotion, and one picture of them all (emotions.jpg).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from avatar import Avatar, Emotion
from avatar.take import Take
from conditioning import EMOTION_NAMES, Motion
from renderers.portrait import PortraitRenderer
from renderers.portrait.head import NARROW

TEXT = "You came back! I thought I had lost you."
SIDE = 320
FRAMES = 12


def labelled(picture: np.ndarray, text: str) -> Image.Image:
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    draw.text(
        (10, SIDE - 10),
        text,
        fill="white",
        stroke_width=2,
        stroke_fill="black",
        anchor="lb",
        font=ImageFont.load_default(18),
    )
    return image


def grid(pictures: list[Image.Image], columns: int) -> Image.Image:
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * SIDE, rows * SIDE))
    for index, picture in enumerate(pictures):
        sheet.paste(picture, (index % columns * SIDE, index // columns * SIDE))
    return sheet


def closeup(renderer: PortraitRenderer, take: Take) -> np.ndarray:
    """The face in full swing: past the first third, the mouth a little open, the eyes too."""
    motion = take.motion.resample(25.0)
    jaw, blink = motion.curve("jawOpen"), motion.curve("eyeBlinkLeft")
    cost = np.abs(jaw - 0.12) + np.maximum(blink - np.median(blink), 0.0)
    cost[: len(cost) // 3] = np.inf
    one = slice(wanted := int(cost.argmin()), wanted + 1)
    still = Motion(25.0, motion.weights[one], motion.head_rotation[one], motion.eye_rotation[one])
    size = (2 * SIDE, 2 * SIDE)
    (frame,) = renderer.frames(still, fps=25.0, size=size)
    points = renderer.scene(size).head.points[:NARROW, :2]
    (x, y), half = 0.5 * (points.min(axis=0) + points.max(axis=0)), 0.6 * np.ptp(points[:, 1])
    box = (int(x - half), int(y - half), int(x + half), int(y + half))
    return np.asarray(Image.fromarray(frame).crop(box).resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portrait", type=Path, required=True)
    parser.add_argument("--text", default=TEXT)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--overview", action="store_true", help="make emotions.jpg alone")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    renderer = PortraitRenderer(options.portrait)
    avatar = Avatar(portrait=options.portrait)
    overview = []
    for name in ("neutral", *EMOTION_NAMES):
        emotion = Emotion(**({name: 1.0} if name != "neutral" else {}))
        take = avatar.say(options.text, emotion, seed=3)
        overview.append(labelled(closeup(renderer, take), name))
        if options.overview:
            continue
        frames = list(renderer.frames(take.motion, take.speech, fps=25.0, size=(SIDE, SIDE)))
        chosen = np.linspace(0, len(frames) - 1, FRAMES).astype(int)
        sheet = [labelled(frames[i], f"{i / 25:.2f} s") for i in chosen]
        grid(sheet, 4).save(options.output / f"{name}.jpg", quality=88)
    grid(overview, 3).save(options.output / "emotions.jpg", quality=88)


if __name__ == "__main__":
    main()
