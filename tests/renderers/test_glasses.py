"""Glasses drawn onto portraits are found where they were drawn, and stay stiff; nobody else is given any."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from conditioning import Motion
from renderers.evaluate_portrait import EXPRESSIONS, arkit_columns
from renderers.face import Face, find_face, read_picture
from renderers.portrait import PortraitRenderer, scene
from renderers.portrait.glasses import find_glasses
from renderers.portrait.glasses_search import trace_glasses
from renderers.rig import fit_rig, load_rig

EXAMPLES = Path(__file__).parents[2] / "examples" / "portraits"
PAINTINGS = Path(__file__).parents[3] / "shared" / "data" / "portraits"
SIZE = (512, 512)
#: Half width, half height, squareness, wire's radius (cm), colour: round and oblong, thin, thick, light, dark, red.
SHAPES = (
    (2.35, 2.1, 2.5, 0.06, (150, 140, 120)),
    (2.1, 2.1, 2.0, 0.10, (40, 30, 25)),
    (2.6, 1.7, 4.0, 0.25, (25, 20, 20)),
    (2.7, 2.3, 2.6, 0.25, (120, 40, 30)),
    (2.4, 2.0, 3.0, 0.08, (215, 190, 120)),
)


def with_glasses(
    pixels: np.ndarray, landmarks: np.ndarray, shape: tuple[float, float, float, float, tuple[int, int, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Draw two superellipses before the eyes with a bridge; return the picture and the rims' cover (H, W), 0 to 1."""
    wide, high, square, wire, colour = shape
    fit = fit_rig(load_rig(), Face(landmarks))
    angle = np.linspace(0, 2 * np.pi, 240)
    ring = np.stack([np.sign(f) * np.abs(f) ** (2 / square) for f in (np.cos(angle), np.sin(angle))], 1)
    fine, rims = 4, []
    thick = max(1, round(2 * wire * fit.scale * fine))
    mask = np.zeros((pixels.shape[0] * fine, pixels.shape[1] * fine), np.uint8)

    def at(places: np.ndarray) -> np.ndarray:
        return np.round((fit.place(places)[:, :2] + 0.5) * fine - 0.5).astype(np.int32)

    for x, y, z in load_rig().eye_centers.astype(float):
        rims.append(np.c_[x + wide * ring[:, 0], y - 0.4 + high * ring[:, 1], np.full(len(ring), z + 2.6)])
        cv2.polylines(mask, [at(rims[-1])], True, 255, thick)
    ends = [rim[np.abs(rim[:, 0]).argmin()] for rim in rims]
    cv2.polylines(mask, [at(np.array([ends[0], (ends[0] + ends[1]) / 2 + [0, 0.3, 0], ends[1]]))], False, 255, thick)
    cover = cv2.resize(mask, pixels.shape[1::-1], interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
    return np.round(pixels * (1 - cover) + np.array(colour) * cover).astype(np.uint8), cover[..., 0]


def portrait(name: str, tmp_path: Path) -> Path:
    if name != "astronaut":
        return EXAMPLES / f"{name}.png"
    path = tmp_path / "astronaut.png"
    Image.fromarray(astronaut()).save(path)
    return path


def look(renderer: PortraitRenderer, head_deg: tuple[float, float, float] = (0, 0, 0), **shapes: float) -> np.ndarray:
    weights = np.zeros((1, 52), np.float32)
    for name, value in shapes.items():
        weights[:, arkit_columns(name)] = value
    motion = Motion(25.0, weights, np.radians([head_deg]).astype(np.float32), np.zeros((1, 2, 3), np.float32))
    return next(iter(renderer.frames(motion, size=SIZE)))


@pytest.fixture(scope="module")
def wearer(tmp_path_factory: pytest.TempPathFactory) -> tuple[PortraitRenderer, np.ndarray]:
    """Mira with thick dark glasses, and the cover of their frame in the portrait's own frame."""
    picture = read_picture(EXAMPLES / "mira.png")
    worn, cover = with_glasses(picture.pixels, find_face(picture).points, SHAPES[2])
    path = tmp_path_factory.mktemp("glasses") / "mira.png"
    Image.fromarray(worn).save(path)
    return PortraitRenderer(path, fit="full"), cv2.resize(cover, SIZE, interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize(
    ("name", "shape"),
    # Ilse's ink lines are as dark as a dark frame.
    [
        (name, shape)
        for name in ("astronaut", "mira", "ilse")
        for shape in SHAPES
        if name != "ilse" or max(shape[4]) > 100
    ],
)
def test_drawn_glasses_are_found_where_they_were_drawn(
    name: str, shape: tuple[float, float, float, float, tuple[int, int, int]], tmp_path: Path
) -> None:
    picture = read_picture(portrait(name, tmp_path))
    landmarks = find_face(picture).points
    fit = fit_rig(load_rig(), Face(landmarks))
    worn, cover = with_glasses(picture.pixels, landmarks, shape)
    (*_, front), bare = find_glasses(worn, load_rig(), fit)
    left, top = front.corner.astype(int)
    found = np.zeros(cover.shape, np.float32)
    found[top : top + front.alpha.shape[0], left : left + front.alpha.shape[1]] = front.alpha
    drawn = cover > 0.5
    assert (cv2.dilate(found, np.ones((3, 3))) > 0.5)[drawn].mean() > 0.95
    beyond = cv2.dilate(drawn.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    assert (found[beyond] > 0.5).sum() < 0.05 * drawn.sum()
    if fit.scale > 10:  # pixels a centimetre: enough of them to tell skin from wire
        truth = picture.pixels.astype(float)
        assert np.abs(bare - truth)[drawn].mean() < 0.4 * np.abs(worn - truth)[drawn].mean()


@pytest.mark.parametrize("name", ["astronaut", "mira", "guard", "ilse"])
@pytest.mark.parametrize("feeling", ["neutral", "joy", "disgust", "anger"])
def test_nobody_else_wears_any(name: str, feeling: str, tmp_path: Path) -> None:
    renderer = PortraitRenderer(portrait(name, tmp_path))
    drawn = tmp_path / "drawn.png"
    Image.fromarray(look(renderer, **EXPRESSIONS[feeling])).save(drawn)
    assert PortraitRenderer(drawn).scene(SIZE).glasses == ()


@pytest.mark.skipif(not PAINTINGS.is_dir(), reason="the paintings lie in the shared data only")
def test_no_painting_wears_any() -> None:
    for path in PAINTINGS.glob("*.jpg"):
        assert PortraitRenderer(path).scene(SIZE).glasses == (), path.name


def test_an_example_wears_them() -> None:
    left, right, front = PortraitRenderer(EXAMPLES / "tomas.png").scene(SIZE).glasses
    assert front.alpha.shape[1] > max(left.alpha.shape[1], right.alpha.shape[1])


@pytest.mark.parametrize("enlarged", [1, 3])  # without and with a blur before the search
def test_the_search_goes_where_the_eyes_are(enlarged: int, rng: np.random.Generator) -> None:
    """In a larger picture of noise the same lines lie there, further right and down; beyond its edge there are none."""
    picture = read_picture(EXAMPLES / "tomas.png")
    pixels = cv2.resize(picture.pixels, None, fx=enlarged, fy=enlarged, interpolation=cv2.INTER_CUBIC)
    fit = fit_rig(load_rig(), Face(find_face(picture).points * enlarged))
    shift = np.array([211, 97, 0])
    room = rng.integers(0, 256, np.add(pixels.shape, (300, 400, 0)), dtype=np.uint8)
    room[shift[1] : shift[1] + len(pixels), shift[0] : shift[0] + pixels.shape[1]] = pixels
    alone, within = (
        trace_glasses(seen, load_rig(), replace(fit, translation=fit.translation + moved))
        for seen, moved in ((pixels, 0), (room, shift))
    )
    assert [len(lines) for lines in alone] == [len(lines) for lines in within] == [3, 2]
    for here, there in zip(itertools.chain(*alone), itertools.chain(*within), strict=True):
        assert np.abs(there.places - shift - here.places).max() < 0.01
    away = replace(fit, translation=fit.translation - [2 * pixels.shape[1], 0, 0])
    assert trace_glasses(pixels, load_rig(), away) is None


def test_at_rest_the_frame_is_the_pictures_own(wearer: tuple[PortraitRenderer, np.ndarray]) -> None:
    renderer, cover = wearer
    difference = look(renderer).astype(float) - renderer.scene(SIZE).pixels
    assert np.abs(difference)[cv2.dilate(cover, np.ones((9, 9))) > 0].max() <= 1


@pytest.mark.parametrize("feeling", ["surprise", "anger", "joy", "disgust"])
def test_a_frame_is_stiff_where_skin_would_bend(
    wearer: tuple[PortraitRenderer, np.ndarray], feeling: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    renderer, cover = wearer
    core = cv2.erode(cover, np.ones((3, 3))) > 0.99
    assert core.sum() > 300
    at_rest = renderer.scene(SIZE).pixels.astype(float)
    changed = np.abs(look(renderer, **EXPRESSIONS[feeling]) - at_rest)[core].mean()
    monkeypatch.setattr(scene, "find_glasses", lambda pixels, rig, fit: ((), pixels))
    path = tmp_path / "again.png"
    Image.fromarray(renderer.scene(SIZE).pixels).save(path)
    bent = np.abs(look(PortraitRenderer(path, fit="full"), **EXPRESSIONS[feeling]) - at_rest)[core].mean()
    assert changed < 1
    assert bent > 4


def test_a_frame_rolls_as_the_picture_would(wearer: tuple[PortraitRenderer, np.ndarray]) -> None:
    renderer, cover = wearer
    made = renderer.scene(SIZE)
    x, y = made.poser.pivot[:2]
    matrix = cv2.getRotationMatrix2D((float(x), float(y)), 8.0, 1.0)
    turned = cv2.warpAffine(made.pixels, matrix, SIZE, flags=cv2.INTER_LINEAR)
    core = cv2.warpAffine(cv2.erode(cover, np.ones((3, 3))), matrix, SIZE) > 0.99
    frames = {side: look(renderer, head_deg=(0, 0, side * 8.0)).astype(float) for side in (-1, 1)}
    error = {side: np.abs(frame - turned)[core].mean() for side, frame in frames.items()}
    assert min(error.values()) < 1
    assert max(error.values()) > 20  # the other way round, it lies elsewhere
