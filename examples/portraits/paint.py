"""Paint the example portraits: `python examples/portraits/paint.py mira -o mira.png`.

Needs Blender's Python module (`pip install bpy`, Python 3.11) and ICT-FaceKit's neutral head, see README.md here.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from eyes import Iris
    from head import Floats

HERE = Path(__file__).resolve().parent
HEAD_FOLDER = HERE.parents[2] / "shared" / "data" / "ict_facekit"
CAMERA_Y = -3.2  # height of the lens over the head's origin, centimetres
FRAME_CM = 42.0


def build(name: str, folder: Path, render_size: int, samples: int) -> None:
    """Set up the whole scene of one character in Blender."""
    import skin
    import stage
    import strands
    from characters import CHARACTERS
    from hairstyles import scalp_region
    from head import load_head

    who = CHARACTERS[name]
    head = load_head(folder, who.brushes, who.expression)
    stage.reset(render_size, samples, CAMERA_Y, FRAME_CM)
    who.dress(who.seed)
    places = skin.position_map(head)
    maps = skin.paint_skin(head, places, who.tone, scalp_region(places, who.scalp_front), who.seed)
    stage.add_mesh(
        "head",
        head.vertices,
        head.faces,
        stage.skin_material(
            stage.image("colour", maps.colour, True),
            stage.image("roughness", maps.roughness, False),
            stage.image("relief", maps.relief, False),
            scatter=0.35,
            bump=0.22,
        ),
        head.uv,
        levels=2,
    )
    _add_eyes(head.eyes, who.iris, who.seed)
    skull = strands.Skull(head)
    dark = stage.hair_material((0.05, 0.03, 0.02), (0.12, 0.06, 0.04))
    stage.add_strands("lashes", strands.lashes(head, who.seed, who.lash_length), dark)
    stage.add_strands("lash lines", strands.lash_lines(head, who.lash_line), dark)
    hairs = strands.brows(
        skull, head, lambda p: skin.brow_region(head, p, width=who.brow_width), who.brow_count, 0.75, who.seed
    )
    stage.add_strands("brows", hairs, stage.hair_material(*who.brow))
    for index, (hair, material) in enumerate(who.hair(skull, head, who.seed)):
        stage.add_strands(f"hair{index}", hair, material)
    if who.spectacles:
        from spectacles import wear

        wear(head.eyes, stage.plain_material(who.spectacles, 0.3, 0.6))
    for light in who.lights:
        stage.add_light(light)
    stage.add_ambient(*who.ambient)


def _add_eyes(places: Floats, iris: Iris, seed: int) -> None:
    import eyes
    import stage

    camera = np.array([0.0, CAMERA_Y, stage.CAMERA_DISTANCE])
    radius = float(places[0, 3])
    painted = stage.eye_material(stage.image("eye", eyes.paint_eye(iris, radius, seed), True))
    clear = stage.clear_material(strength=2.5)
    ball, ball_faces = eyes.eyeball(radius, iris.radius)
    uv = [ball[face][:, :2] / (2 * radius * eyes.SPAN) + 0.5 for face in ball_faces]
    shell, shell_faces = eyes.cornea(radius, iris.radius)
    for place in places:
        stage.add_mesh("eyeball", eyes.aim(ball, place[:3], camera), ball_faces, painted, uv)
        stage.add_mesh("cornea", eyes.aim(shell, place[:3], camera), shell_faces, clear)


def develop(render: Floats, name: str, size: int) -> NDArray[np.uint8]:
    """Turn the raw render (h, w, 4), 0-1, into the finished picture (size, size, 3) uint8."""
    from characters import CHARACTERS
    from finish import brush_work, compose, grade, paint_backdrop, sharpen

    who = CHARACTERS[name]
    look = who.finish
    render = np.clip(render, 0, 1)
    if look.illustrated:
        from ink import graphic_backdrop, illustrate

        b = who.backdrop
        ground = graphic_backdrop(len(render), b.top, b.glow, b.dark, who.seed)
        picture = illustrate(render[..., :3], render[..., 3], ground, (0.11, 0.08, 0.15), who.seed)
    else:
        picture = compose(render, paint_backdrop(len(render), who.backdrop, who.seed))
        picture = brush_work(picture, look.brush_radius, look.brush)
    picture = grade(picture, look.warmth, look.contrast, look.vignette, look.bloom, look.saturation)
    image = Image.fromarray((picture * 255 + 0.5).astype(np.uint8)).resize((size, size), Image.Resampling.LANCZOS)
    sharp = sharpen(np.asarray(image, float) / 255, 0.8, 0.35)
    return np.asarray(sharp * 255 + 0.5).astype(np.uint8)


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="mira, guard, ilse or tomas")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--head", type=Path, default=HEAD_FOLDER, help="folder with ICT-FaceKit's neutral mesh")
    parser.add_argument("--size", type=int, default=768, help="pixels of the finished square picture")
    parser.add_argument("--oversample", type=float, default=4 / 3)
    parser.add_argument("--samples", type=int, default=16, help="light paths per pixel")
    parser.add_argument("--raw", type=Path, help="keep or, if it exists, reuse the raw render here")
    options = parser.parse_args(arguments)
    if not (options.raw and options.raw.exists()) and not (options.head / "generic_neutral_mesh.obj.gz").exists():
        print(
            f"paint: no head mesh in {options.head}; get ICT-FaceKit (see README.md) and pass --head", file=sys.stderr
        )
        return 2
    try:
        import bpy  # noqa: F401
        import cv2
    except ImportError as missing:
        print(f"paint: {missing}; run `pip install bpy opencv-python-headless` (Python 3.11)", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        raw = options.raw or Path(scratch) / "raw.png"
        if not raw.exists():
            import stage

            build(options.name, options.head, int(options.size * options.oversample), options.samples)
            stage.shoot(raw)
        pixels = cv2.imread(str(raw), cv2.IMREAD_UNCHANGED)
    render = cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA).astype(float) / 65535.0
    picture = develop(render, options.name, options.size)
    Image.fromarray(picture).save(options.output or HERE / f"{options.name}.png", optimize=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
