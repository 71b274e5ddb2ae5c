"""``drive="motion"``: mouth and brows of the drawn portrait reach the result, seen by the face landmarker."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from conditioning import ARKIT_INDEX, Motion  # noqa: E402
from renderers.diffusion.drive import BROWS, LIPS, region_mask  # noqa: E402
from renderers.diffusion.pixels import to_pixels  # noqa: E402
from renderers.diffusion.rehearsal import BlockCodec  # noqa: E402
from renderers.diffusion.renderer import DiffusionRenderer  # noqa: E402
from renderers.diffusion.tiny import MICRO_NET, tiny_features, tiny_head  # noqa: E402
from renderers.face import Landmarker, find_face, read_picture  # noqa: E402


@pytest.fixture(scope="module")
def face(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("face") / "face.png"
    whole = Image.open(shared_data / "portraits" / "nasa_eileen_collins_512.png").convert("RGB")
    whole.crop((120, 20, 340, 240)).resize((512, 512), Image.Resampling.LANCZOS).save(path)
    return path


def surprise() -> Motion:
    still = Motion.still(0.3, 30)
    weights = still.weights.copy()
    for name, weight in {"jawOpen": 0.6, "browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0}.items():
        weights[:, ARKIT_INDEX[name]] = weight
    return Motion(30, weights, still.head_rotation, still.eye_rotation)


def openness(frame: np.ndarray) -> tuple[float, float]:
    """Gap between the lips and height of the brows over the eyes, in widths of the face."""
    with Landmarker() as landmarker:
        points = landmarker.points(frame)
    assert points is not None

    def apart(a: int, b: int) -> float:
        return float(np.linalg.norm(points[a, :2] - points[b, :2]))

    width = apart(234, 454)
    return apart(13, 14) / width, (apart(105, 159) + apart(334, 386)) / 2 / width


def test_the_mask_covers_mouth_and_brows_and_nothing_far_from_them(face: Path) -> None:
    points = find_face(read_picture(face)).points
    mask = region_mask(points, 512, 512)
    for group in (LIPS, *BROWS):
        x, y = (points[list(group), :2].mean(0) / 8).astype(int)
        assert mask[y, x] > 0.9
    for point in (468, 473):  # the irises
        x, y = (points[point, :2] / 8).astype(int)
        assert mask[y, x] < 0.3
    assert mask[:4].max() == 0
    assert mask.mean() < 0.12


@pytest.mark.slow
def test_mouth_and_brows_follow_the_motion_only_when_it_drives(face: Path) -> None:
    # A stand-in for trained networks that always point at the portrait itself: what moves, the motion has moved.
    head = tiny_head(0, MICRO_NET, BlockCodec())
    features = tiny_features()
    portrait = head.encode(to_pixels(np.asarray(Image.open(face))[None]))

    def draw(**options: Any) -> tuple[float, float]:
        renderer = DiffusionRenderer(face, head=head, features=features, steps=6, guidance=1.0, **options)
        head.step = lambda latents, timestep, audio, context: (latents - portrait) / (timestep / 1000)
        if renderer.drive is not None:
            renderer.drive = replace(renderer.drive, until=0.0)
        return openness(list(renderer.frames(surprise(), fps=30, size=(512, 512)))[6])

    heard, driven = draw(), draw(drive="motion", drive_noise=1.0, drive_strength=0.9)
    # Drawn by the portrait renderer itself, the lips part by 0.20 and the brows stand at 0.18.
    assert heard == pytest.approx((0.081, 0.128), abs=0.02)
    assert driven[0] > heard[0] + 0.05
    assert driven[1] > heard[1] + 0.03
