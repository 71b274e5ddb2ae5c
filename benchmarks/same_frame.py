"""One frame in three programs: ``python benchmarks/same_frame.py PICTURE.jpg [PORTRAIT]``.

A line is spoken, written as .glb, and one moment of it drawn by our rasteriser, by Blender (``MIEN_BPY``) and by
three.js in headless Chromium (``MIEN_NODE_MODULES``), with the same camera; the pictures are put side by side, and the
mean difference of each from ours over the head is printed (sRGB steps).
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from round_trip import TESTS, module

from conditioning import Motion

ROOT = Path(__file__).parents[1]
TEXT, EMOTION, TIME_S = "You came back! I thought I had lost you.", "joy:0.8, surprise:0.4", 0.75
AWAY_M, UP_M = 0.95, 0.0
#: Sides of the pictures, pixels.
SIZE_PX = 512


def ours(take: Any, portrait: Path) -> Image.Image:
    from renderers.mesh import Camera, MeshRenderer

    renderer = MeshRenderer(portrait)
    renderer.camera = Camera((0.0, UP_M, 0.0), AWAY_M)
    motion, index = take.motion, round(TIME_S * take.motion.fps)
    one = slice(index, index + 1)
    moment = Motion(motion.fps, motion.weights[one], motion.head_rotation[one], motion.eye_rotation[one])
    return Image.fromarray(next(renderer.frames(moment, fps=motion.fps, size=(SIZE_PX, SIZE_PX))))


def difference(picture: Image.Image, reference: Image.Image) -> float:
    """Mean over the middle, where the face is."""
    a, b = (np.asarray(image.convert("RGB"), np.float64)[128:384, 160:352] for image in (picture, reference))
    return float(np.abs(a - b).mean())


def main(target: Path, portrait: Path) -> None:
    from avatar import Avatar

    tools = module(TESTS / "importers" / "tools.py")
    take = Avatar(portrait=portrait).say(TEXT, emotion=EMOTION, seed=7)
    with tempfile.TemporaryDirectory() as folder:
        glb, blender, three = (Path(folder) / name for name in ("a.glb", "blender.png", "three.png"))
        take.save(glb)
        tools.blender("blender_read.py", glb, take.motion.fps, blender, TIME_S, AWAY_M, UP_M)
        query = f"fps={take.motion.fps}&show={TIME_S}&away={AWAY_M}&up={UP_M}"
        tools.chromium("three_read.html", {"file.glb": glb}, picture=three, query=query)
        pictures = {"Mien": ours(take, portrait)}
        for name, path in (("Blender", blender), ("three.js", three)):
            with Image.open(path) as opened:
                pictures[name] = opened.convert("RGB").resize((SIZE_PX, SIZE_PX))
    sheet = Image.new("RGB", (SIZE_PX * len(pictures), SIZE_PX))
    for i, (name, picture) in enumerate(pictures.items()):
        sheet.paste(picture, (i * SIZE_PX, 0))
        ImageDraw.Draw(sheet).text((i * SIZE_PX + 14, SIZE_PX - 26), name, fill=(235, 232, 226), font_size=16)
    sheet.save(target, quality=88)
    print(json.dumps({name: round(difference(picture, pictures["Mien"]), 2) for name, picture in pictures.items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "examples" / "portraits" / "mira.png")
