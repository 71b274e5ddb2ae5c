"""The portrait renderer, seen through the landmarker: it looks at our own frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from checkpoints.errors import InputError
from conditioning import Motion, Speech
from conditioning.arkit import ARKIT_INDEX
from renderers.evaluate_portrait import EXPRESSIONS, _eyes, _mouth, _view, arkit_columns, face_heights, landmarks_within
from renderers.face import Landmarker
from renderers.portrait import PortraitRenderer, matte, texture
from renderers.portrait.matte import fill, split_layers
from renderers.portrait.pose import closing_demand, head_matrix
from renderers.portrait.sway import body_sway

SIZE = (512, 512)


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> PortraitRenderer:
    from skimage.data import astronaut

    path = tmp_path_factory.mktemp("portrait") / "astronaut.png"
    Image.fromarray(astronaut()).save(path)
    return PortraitRenderer(path, fit="full")


@pytest.fixture(scope="module")
def landmarker() -> Iterator[Landmarker]:
    with Landmarker() as opened:
        yield opened


def _motion(frames: int = 1, head_deg: tuple[float, float, float] = (0, 0, 0), **shapes: object) -> Motion:
    weights = np.zeros((frames, 52), np.float32)
    for name, value in shapes.items():
        weights[:, arkit_columns(name)] = np.reshape(value, (-1, 1))
    head = np.tile(np.radians(head_deg), (frames, 1))
    return Motion(25.0, weights, head, np.zeros((frames, 2, 3)))


def _frame(renderer: PortraitRenderer, motion: Motion) -> np.ndarray:
    return next(iter(renderer.frames(motion, size=SIZE)))


def _seen(renderer: PortraitRenderer, landmarker: Landmarker, motion: Motion) -> np.ndarray:
    view = _view(renderer.scene(SIZE).head.points[:6706], SIZE)
    return landmarks_within(landmarker, _frame(renderer, motion), view)


def test_rest_is_the_picture(renderer: PortraitRenderer) -> None:
    from skimage.data import astronaut
    from skimage.metrics import peak_signal_noise_ratio

    frames = list(renderer.frames(Motion.still(0.1), size=SIZE))
    assert len(frames) == 3  # frames that start before 0.1 s at 25 a second
    for frame in frames:
        assert peak_signal_noise_ratio(astronaut(), frame) > 50


def test_mouth_opens_with_the_curve(renderer: PortraitRenderer, landmarker: Landmarker) -> None:
    jaw = np.linspace(0, 0.8, 9)
    seen = [_mouth(_seen(renderer, landmarker, _motion(jawOpen=value))) for value in jaw]
    assert np.corrcoef(jaw, seen)[0, 1] > 0.95
    assert (np.diff(seen) > 0).all()


def test_lips_meet_where_the_curves_close_them(renderer: PortraitRenderer, landmarker: Landmarker) -> None:
    """The astronaut smiles with open lips; p, b and m close them all the same: at most 3 % of the mouth's width."""
    assert _mouth(_seen(renderer, landmarker, _motion())) > 0.12
    assert _mouth(_seen(renderer, landmarker, _motion(jawOpen=0.05, mouthClose=0.063))) < 0.03
    assert _mouth(_seen(renderer, landmarker, _motion(mouthPress=0.9))) < 0.03


def test_blink_shuts_the_eyes(renderer: PortraitRenderer, landmarker: Landmarker) -> None:
    openings = [_eyes(_seen(renderer, landmarker, _motion(eyeBlink=value))) for value in (0, 0.4, 0.7, 1)]
    assert (np.diff(openings[:3]) < 0).all()
    assert openings[-1] < 0.15 * openings[0]


def test_a_small_head_is_framed_to_head_and_shoulders(renderer: PortraitRenderer, tmp_path: Path) -> None:
    """The astronaut's face is 78 of 512 pixels wide; left alone the picture shows its head, asked for, all of it."""
    from skimage.data import astronaut

    path = tmp_path / "astronaut.png"
    Image.fromarray(astronaut()).save(path)
    close = PortraitRenderer(path)
    wide = [float(np.ptp(one.scene(SIZE).head.points[:6706, 0])) / SIZE[0] for one in (close, renderer)]
    assert 0.22 < wide[0] < 0.4
    assert wide[1] < 0.2


@pytest.mark.parametrize(
    ("emotion", "measure", "sign"),
    [
        ("joy", "corner", 1), ("surprise", "brow", 1), ("surprise", "eye", 1), ("fear", "eye", 1),
        ("sadness", "inner_brow", 1), ("sadness", "corner", -1), ("anger", "brow", -1), ("disgust", "brow", -1),
    ],
)  # fmt: skip
def test_emotions_move_the_face_as_people_do(
    renderer: PortraitRenderer, landmarker: Landmarker, emotion: str, measure: str, sign: int
) -> None:
    """Directions of the action units (EMFACS): 12 raises the corners, 1 and 2 the brows, 4 lowers them, 5 opens."""
    values = []
    for share in (0.0, 0.5, 1.0):
        shapes = {name: share * value for name, value in EXPRESSIONS[emotion].items()}
        values.append(sign * face_heights(_seen(renderer, landmarker, _motion(**shapes)))[measure])
    assert values[0] < values[1] < values[2]


@pytest.mark.parametrize("name", ["mira", "guard", "ilse"])
def test_brows_rise_as_action_units_say(name: str) -> None:
    """Where OpenCV's template matching finds the ends of the brows again in our frames (widths of the face).

    FACS (Ekman, Friesen & Hager 2002): 1 raises the inner part, 2 the outer part, 1 + 2 the whole brow.
    """
    import cv2

    example = PortraitRenderer(Path(__file__).parents[2] / "examples" / "portraits" / f"{name}.png")
    before, scene = _frame(example, _motion()), example.scene(SIZE)
    landmarks = scene.poser.outline(scene.sheet.points, np.arange(468))
    half = round(0.06 * float(np.ptp(landmarks[:, 0])))

    def rise(index: tuple[int, int], **shapes: float) -> float:
        after, ways = _frame(example, _motion(**shapes)), []
        for x, y in np.round(landmarks[list(index)]).astype(int):
            patch = before[y - half : y + half + 1, x - half : x + half + 1]
            column = after[y - 5 * half : y + 3 * half + 1, x - half : x + half + 1]
            likeness = cv2.matchTemplate(column, patch, cv2.TM_CCOEFF_NORMED)
            ways.append(4 * half - int(likeness[:, 0].argmax()))
        return float(np.mean(ways)) / float(np.ptp(landmarks[:, 0]))

    inner, outer = (55, 285), (46, 276)
    assert rise(inner, browInnerUp=0.8) > 2 * max(rise(outer, browInnerUp=0.8), 0.005)
    assert rise(outer, browOuterUp=0.8) > 2 * max(rise(inner, browOuterUp=0.8), 0.005)
    # As in joy and surprise at once: brows of one height, which would slope like a grieving one's otherwise.
    both = {"browInnerUp": 0.39, "browOuterUp": 0.44, "cheekSquint": 0.55, "mouthSmile": 0.75}
    assert rise(outer, **both) >= rise(inner, **both) > 0.005


@pytest.mark.parametrize("degrees", [(0, 14, 0), (0, -14, 0), (10, 0, 0), (-10, 0, 0), (0, 0, 12)])
def test_head_turns_as_a_solid_would(
    renderer: PortraitRenderer, landmarker: Landmarker, degrees: tuple[float, float, float]
) -> None:
    """The bridge of the nose and the brows go where a rotation about the neck takes them, within 2 pixels."""
    scene = renderer.scene(SIZE)
    turn = scene.poser.rotation(np.radians(degrees))
    index = np.array([168, 6, 8, 105, 334, 33, 263])
    rest = _seen(renderer, landmarker, _motion())[index]
    expected = scene.poser.rotate(rest, turn)
    seen = _seen(renderer, landmarker, _motion(head_deg=degrees))[index]
    assert np.linalg.norm((seen - expected)[:, :2], axis=1).max() < 3.0
    assert np.linalg.norm((seen - rest)[:, :2], axis=1).mean() > 3.0


def test_head_matrix_is_the_documented_order() -> None:
    from scipy.spatial.transform import Rotation

    expected = Rotation.from_euler("YXZ", [0.3, -0.2, 0.1]).as_matrix()
    assert_allclose(head_matrix(np.array([-0.2, 0.3, 0.1])), expected, atol=1e-12)


def test_background_holds_still(renderer: PortraitRenderer) -> None:
    from skimage.data import astronaut

    frame = _frame(renderer, _motion(head_deg=(8, 12, 8), jawOpen=0.5))
    assert (frame[:150, 320:] == astronaut()[:150, 320:]).all()  # the shuttle
    assert (frame[:200, :90] == astronaut()[:200, :90]).all()  # the flag


def test_iris_follows_the_gaze(renderer: PortraitRenderer) -> None:
    """Yaw to the character's left is to the right of the picture: the dark centroid between the lids moves there."""
    scene = renderer.scene(SIZE)

    def centroid(yaw_deg: float) -> float:
        motion = Motion(25.0, np.zeros((1, 52)), np.zeros((1, 3)), np.radians([[[0, yaw_deg, 0]] * 2]))
        eye = scene.eyes[1]
        x, y = (round(float(value)) for value in eye.center)
        part = _frame(renderer, motion)[y - 3 : y + 4, x - 7 : x + 8].astype(float).mean(2)
        dark = np.clip(np.percentile(part, 60) - part, 0, None)
        return float((dark * np.arange(-7, 8)).sum() / dark.sum())

    left, middle, right = centroid(-15), centroid(0), centroid(15)
    assert middle - left > 0.8
    assert right - middle > 0.8


def test_same_request_same_bytes(renderer: PortraitRenderer) -> None:
    motion = _motion(frames=3, head_deg=(3, 5, 1), jawOpen=[0.1, 0.3, 0.5])
    speech = Speech.__new__(Speech)  # only its presence matters: a speaking person breathes
    first = [frame.tobytes() for frame in renderer.frames(motion, speech, seed=4)]
    assert first == [frame.tobytes() for frame in renderer.frames(motion, speech, seed=4)]


@pytest.mark.parametrize("degrees", [(0, 14, 0), (0, -14, 10), (12, 0, -12)])
def test_what_is_not_drawn_would_not_have_changed(
    renderer: PortraitRenderer, degrees: tuple[float, float, float]
) -> None:
    """Only the neighbourhood of the person is drawn; the same frame with everything drawn is equal to the bit."""
    scene = renderer.scene((640, 360))
    everything = replace(scene, extent=np.array([[0, 0], [639, 359]], np.float32))
    weights = np.zeros(52, np.float32)
    weights[arkit_columns("mouthSmile")] = 0.6
    arguments = (weights, np.radians(degrees), np.zeros((2, 3), np.float32), np.array([0.4, 0.2], np.float32), 0.15)
    assert np.array_equal(scene.draw(*arguments), everything.draw(*arguments))


def test_cut_out_laid_over_its_background_is_the_frame(renderer: PortraitRenderer) -> None:
    """Porter & Duff's "over" with straight alpha gives the opaque frame back."""
    scene = renderer.scene(SIZE)
    motion = _motion(head_deg=(4, 9, 3), jawOpen=0.4, eyeBlink=1)
    arguments = (motion.weights[0], motion.head_rotation[0], motion.eye_rotation[0])
    cut = scene.draw(*arguments, transparent=True).astype(float)
    share = cut[..., 3:] / 255
    laid = cut[..., :3] * share + (1 - share) * scene.background
    assert np.abs(laid - scene.draw(*arguments)).mean() < 0.6
    assert cut[:150, 400:, 3].max() == 0  # no shuttle
    assert cut[100, 225, 3] == 255  # her nose


@pytest.mark.parametrize("size", [(64, 64), (320, 240), (270, 480)])
def test_other_sizes(renderer: PortraitRenderer, size: tuple[int, int]) -> None:
    frame = next(iter(renderer.frames(_motion(jawOpen=0.3), size=size)))
    scene = renderer.scene(size)
    assert frame.shape == (size[1], size[0], 3)
    # Somewhere the mouth opened; the corners of the frame did not change.
    assert np.abs(frame.astype(int) - scene.pixels).max() > 20
    assert (frame[:4, -4:] == scene.pixels[:4, -4:]).all()


@pytest.mark.parametrize(
    ("options", "size", "message"), [({"fit": "wide"}, SIZE, "choose face or full"), ({}, (8, 512), "16 to 8192")]
)
def test_bad_options(
    renderer: PortraitRenderer, tmp_path: Path, options: dict[str, str], size: tuple[int, int], message: str
) -> None:
    def use() -> None:
        if options:
            PortraitRenderer(tmp_path, **options)  # type: ignore[arg-type]
        renderer.scene(size)

    with pytest.raises(InputError, match=message):
        use()


def test_closing_demand_follows_mouth_close() -> None:
    weights = np.zeros(52, np.float32)
    assert closing_demand(weights) == 0.0
    weights[ARKIT_INDEX["jawOpen"]] = 0.3
    assert closing_demand(weights) == 0.0
    weights[ARKIT_INDEX["mouthClose"]] = 0.31
    assert closing_demand(weights) == 1.0


def test_layers_add_up_to_the_picture(rng: np.random.Generator) -> None:
    """Composition over the background (Porter & Duff 1984, "over") gives the picture back, whatever the matte."""
    pixels = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
    matte = np.clip(rng.uniform(-1, 2, (60, 80)), 0, 1).astype(np.float32)
    person, behind = split_layers(pixels, matte)
    share = person[..., 3:].astype(float) / 255
    assert np.abs(person[..., :3] + (1 - share) * behind - pixels).max() <= 1.6


def test_texture_goes_on_behind_the_person(rng: np.random.Generator) -> None:
    """Beside the outline, where a turning head uncovers it, the background varies as it does around."""
    ys, xs = np.mgrid[0:200, 0:200]
    distance = np.hypot(ys - 100, xs - 100) - 60
    pixels = np.clip(120 + 9 * rng.standard_normal((200, 200, 3)), 0, 255).astype(np.uint8)
    _, behind = split_layers(pixels, (distance < 0).astype(np.float32))
    uncovered = behind[(distance > -20) & (distance < -1)].astype(float)
    assert uncovered.std() == pytest.approx(9, rel=0.15)
    assert uncovered.mean() == pytest.approx(120, abs=2)


def test_large_pictures_are_worked_on_in_parts_with_the_same_result(
    renderer: PortraitRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts of 512 pixels and more take the astronaut whole; in small parts matte and texture are the same."""
    scene = renderer.scene(SIZE)
    made = []
    for tile, stripe in ((512, 512), (48, 7)):
        monkeypatch.setattr(matte, "_TILE_PX", tile)
        monkeypatch.setattr(texture, "_STRIPE_PX", stripe)
        made.append((matte.person_matte(scene.pixels, scene.sheet.silhouette), texture.Texture(scene.person)))
    (whole, picture), (tiled, striped) = made
    assert ((whole > 0) & (whole < 1)).mean() > 0.02  # of the picture is border
    assert_allclose(tiled, whole, atol=1e-4)
    half = np.stack(np.meshgrid(np.arange(0, 511, 0.5), np.arange(0, 511, 0.5)), 2).astype(np.float32)
    assert np.array_equal(striped.sample(half), picture.sample(half))


def test_local_mean_is_that_of_scipy(rng: np.random.Generator) -> None:
    """A normalised convolution (Knutsson & Westin 1993) by another library; ours is taken on a reduced picture."""
    from scipy.ndimage import gaussian_filter

    height, width = 700, 900
    image = np.cumsum(np.cumsum(rng.standard_normal((height, width, 1)), 0), 1).repeat(3, 2)
    image = (255 * (image - image.min()) / np.ptp(image)).astype(np.float32)
    known = (np.hypot(*np.mgrid[-350:350, -450:450]) > 250).astype(np.float32)
    weight, shown = (gaussian_filter(part, 0.03 * width, mode="mirror") for part in (known, image[..., 0] * known))
    difference = (matte._local_mean(image, known)[..., 0] - shown / np.maximum(weight, 1e-3))[known > 0]
    assert np.abs(difference).max() < 0.5  # of 255


def test_fill_keeps_known_and_extends_a_constant(rng: np.random.Generator) -> None:
    known = (rng.uniform(size=(33, 47)) > 0.6).astype(np.float32)
    image = np.where(known[..., None] > 0, 7.0, 99.0).astype(np.float32).repeat(3, axis=2)
    assert_allclose(fill(image, known), 7.0, atol=1e-3)


def test_shoulders_follow_late_and_settle() -> None:
    """A step of the head: two equal lags in a row reach 1 - 2/e of it after one time constant."""
    head = np.zeros((250, 3))
    head[:, 1] = 0.2
    motion = Motion(100.0, np.zeros((250, 52)), head, np.zeros((250, 2, 3)))
    sway, breath = body_sway(motion, breathing=False, seed=0)
    assert sway[-1, 0] == pytest.approx(2.2 * 0.2, rel=0.02)
    assert sway[35, 0] / sway[-1, 0] == pytest.approx(1 - 2 / np.e, abs=0.03)
    assert not breath.any()
