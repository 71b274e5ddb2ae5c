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
from conditioning import EMOTION_NAMES
from renderers import Renderer, open_renderer
from renderers.face import find_face, read_picture

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


def closeup(renderer: Renderer, take: Take, n_frames: int) -> np.ndarray:
    """The face in full swing: past the first third, the mouth a little open, the eyes too."""
    motion = take.motion.resample(25.0)
    jaw, blink = motion.curve("jawOpen")[:n_frames], motion.curve("eyeBlinkLeft")[:n_frames]
    cost = np.abs(jaw - 0.12) + np.maximum(blink - np.median(blink), 0.0)
    cost[: n_frames // 3] = np.inf
    wanted = int(cost.argmin())
    frames = renderer.frames(take.motion, take.speech, fps=25.0, size=(2 * SIDE, 2 * SIDE))
    whole = next(frame for index, frame in enumerate(frames) if index == wanted)
    return np.asarray(Image.fromarray(whole).crop(face_box(take.portrait, 2 * SIDE)).resize((SIDE, SIDE)))


def face_box(portrait: Path | None, side: int) -> tuple[int, int, int, int]:
    """A square around the face, in a frame of ``side`` pixels."""
    assert portrait is not None
    picture = read_picture(portrait)
    points = find_face(picture).points[:, :2] * (side / min(picture.pixels.shape[:2]))
    (x, y), half = 0.5 * (points.min(axis=0) + points.max(axis=0)), 0.72 * np.ptp(points[:, 1])
    return int(x - half), int(y - half), int(x + half), int(y + half)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portrait", type=Path, required=True)
    parser.add_argument("--text", default=TEXT)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    renderer = open_renderer("portrait", options.portrait)
    avatar = Avatar(portrait=options.portrait)
    overview = []
    for name in ("neutral", *EMOTION_NAMES):
        emotion = Emotion(**({name: 1.0} if name != "neutral" else {}))
        take = avatar.say(options.text, emotion, seed=3)
        frames = list(renderer.frames(take.motion, take.speech, fps=25.0, size=(SIDE, SIDE)))
        chosen = np.linspace(0, len(frames) - 1, FRAMES).astype(int)
        sheet = [labelled(frames[i], f"{i / 25:.2f} s") for i in chosen]
        grid(sheet, 4).save(options.output / f"{name}.jpg", quality=88)
        overview.append(labelled(closeup(renderer, take, len(frames)), name))
    grid(overview, 3).save(options.output / "emotions.jpg", quality=88)


if __name__ == "__main__":
    main()
