"""The open mouth: what light, shape and colour must obey, and what its pictures show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from renderers.evaluate_portrait import arkit_columns
from renderers.landmarks import INNER_LOWER, INNER_UPPER, LEFT_EYE_UPPER, RIGHT_EYE_UPPER
from renderers.portrait import PortraitRenderer
from renderers.portrait.lip_contour import round_opening
from renderers.portrait.mouth_light import _FROM_ABOVE, _REFLECTED, _SPREAD, light_inside
from renderers.portrait.scene import Scene
from renderers.portrait.softness import softness_px

PORTRAITS = Path(__file__).parents[2] / "examples" / "portraits"
SIZE = (512, 512)
LIGHT = np.array([0.299, 0.587, 0.114])


@pytest.fixture(scope="module", params=["mira", "guard"])
def scene(request: pytest.FixtureRequest) -> Scene:
    return PortraitRenderer(PORTRAITS / f"{request.param}.png").scene(SIZE)


def _weights(**shapes: float) -> np.ndarray:
    weights = np.zeros(52, np.float32)
    for name, value in shapes.items():
        weights[arkit_columns(name)] = value
    return weights


def _draw(scene: Scene, **shapes: float) -> np.ndarray:
    return scene.draw(_weights(**shapes), np.zeros(3, np.float32), np.zeros((2, 3), np.float32)).astype(float)


def _ring(scene: Scene, **shapes: float) -> np.ndarray:
    """The inner edge of the lips, clockwise from the character's right corner."""
    points = scene.poser.shape(_weights(**shapes))
    return scene.poser.outline(points, np.array([*INNER_UPPER, *reversed(INNER_LOWER)]))


def _column(scene: Scene, frame: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """Colours down the middle of the mouth, from the upper to the lower lip."""
    x = round(float(ring[5, 0]))
    return frame[round(float(ring[5, 1])) + 1 : round(float(ring[15, 1])), x - 3 : x + 4].mean(1)


def test_light_below_a_straight_lip_is_the_cumulative_normal() -> None:
    """An edge blurred by σ is Φ(y / σ) (the blur is a normal density), and it is shifted against the light."""
    opening = np.zeros((200, 201), np.float32)
    opening[60:] = 1
    for depth in (0.12, 0.24):
        seen = light_inside(opening, np.full_like(opening, depth), 64.0)[60:120, 100]
        below = np.arange(60) + 0.5 - _FROM_ABOVE * depth * 64
        expected = _REFLECTED + (1 - _REFLECTED) * norm.cdf(below / (_SPREAD * depth * 64))
        assert_allclose(seen, expected, atol=0.02)


def test_light_falls_with_depth_and_grows_with_the_opening() -> None:
    def middle(tall: int, depth: float) -> float:
        opening = np.zeros((161, 161), np.float32)
        cv2.ellipse(opening, (80, 80), (40, tall), 0, 0, 360, 1, -1)
        return float(light_inside(opening, np.full_like(opening, depth), 80.0)[80, 80])

    by_depth = [middle(20, depth) for depth in (0.03, 0.1, 0.2, 0.4, 0.8, 1.6)]
    assert (np.diff(by_depth) < 1e-6).all()
    assert by_depth[0] > 0.95
    assert by_depth[4] < 0.4 * by_depth[0]
    assert (np.diff([middle(tall, 0.3) for tall in (2, 5, 10, 20, 30)]) > 0.02).all()


@pytest.mark.parametrize("sigma", [1.0, 1.6, 2.5])
def test_softness_is_the_blur_of_the_picture(sigma: float) -> None:
    pixels = np.full((120, 120, 3), 200, np.float32)
    pixels[:, 30:90] = 40
    landmarks = np.zeros((478, 3), np.float32)
    for ring in (LEFT_EYE_UPPER, RIGHT_EYE_UPPER):
        landmarks[list(ring), 0] = np.linspace(10, 110, len(ring))
    landmarks[:, 1] = np.where(np.arange(478) % 2, 30, 90)
    blurred = cv2.GaussianBlur(pixels, (0, 0), sigma).astype(np.uint8)
    assert softness_px(blurred, landmarks) == pytest.approx(sigma, rel=0.12)


def _roundness(opening: np.ndarray) -> float:
    """4π area / perimeter², 1 for a circle, of the contour at half height."""
    (contour,), _ = cv2.findContours((opening > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.approxPolyDP(contour, 0.7, True)
    return float(4 * np.pi * cv2.contourArea(hull) / cv2.arcLength(hull, True) ** 2)


def _pinched() -> np.ndarray:
    """A triangle between lips whose corners run on as slits."""
    opening = np.zeros((120, 160), np.float32)
    cv2.fillPoly(opening, [np.array([[50, 50], [110, 50], [80, 80]])], 1)
    opening[50:52, 30:131] = 1
    return opening


def test_rounded_lips_have_a_round_symmetric_opening() -> None:
    opening, source = _pinched(), np.zeros((120, 160, 2), np.float32)
    smooth = round_opening(opening, source.copy(), 1.0, 100.0)
    assert _roundness(smooth) > _roundness(opening) + 0.15
    assert smooth[45:57, 30:45].max() < 0.05  # no slit
    assert_allclose(smooth[:, 1:], smooth[:, :0:-1], atol=0.01)  # the shape is symmetric about column 80
    assert smooth.sum() == pytest.approx(opening[:, 50:111].sum(), rel=0.25)


def test_straight_edges_keep_their_place() -> None:
    opening = np.zeros((80, 300), np.float32)
    opening[30:50] = 1
    smooth = round_opening(opening, np.zeros((80, 300, 2), np.float32), 0.0, 150.0)
    assert_allclose(smooth[:, 100:200].sum(0), 20.0, atol=0.1)
    assert smooth[:29].max() == 0


def test_lips_go_on_where_the_opening_closes() -> None:
    """The map that colours come from is a plane here; a closed slit goes on with it, to within the blur of its edge."""
    opening = _pinched()
    ys, xs = np.mgrid[0:120, 0:160].astype(np.float32)
    plane = np.stack([xs, ys], 2)
    source = plane + 50 * opening[..., None]
    smooth = round_opening(opening, source, 1.0, 100.0)
    closed = (opening == 1) & (smooth == 0)
    assert closed.sum() > 50
    assert np.abs(source - plane)[closed].max() < 5.5


def test_wide_mouth_shows_teeth_above_a_dark_cavity_above_a_red_tongue(scene: Scene) -> None:
    shapes = {"jawOpen": 0.7}
    column = _column(scene, _draw(scene, **shapes), _ring(scene, **shapes))
    light, count = column @ LIGHT, len(column)
    teeth, cavity, tongue = (column[int(a * count) : int(b * count)] for a, b in ((0, 0.2), (0.25, 0.45), (0.75, 0.95)))
    assert light[: int(0.2 * count)].max() > 3 * light[int(0.25 * count) : int(0.45 * count)].min()
    assert np.median(tongue @ LIGHT) > 1.3 * np.median(cavity @ LIGHT)
    # Flesh is red, the darkness above it warm, and neither outshines the lips.
    assert np.median(tongue[:, 0] / tongue[:, 1]) > 1.5
    assert np.median(cavity[:, 0] - cavity[:, 2]) > 0
    assert (tongue @ LIGHT).max() < scene.mouth.lips @ LIGHT
    assert teeth.max() <= 245


def test_upper_teeth_stay_and_lower_ones_go_with_the_jaw(scene: Scene) -> None:
    model, mouth = scene.mouth.front, scene.mouth
    jaw = int(np.flatnonzero(mouth.shape_index == arkit_columns("jawOpen")[0])[0])
    upper, lower = mouth.deltas[jaw][model, 1]
    assert upper == 0
    assert lower > 0.4 * mouth.width_px
    # Seen on the picture: the bright row ends at the same height however far the jaw drops.
    edges = []
    for value in (0.4, 0.55, 0.7):
        ring = _ring(scene, jawOpen=value)
        light = _column(scene, _draw(scene, jawOpen=value), ring) @ LIGHT
        top = light[: len(light) // 3]
        edges.append(round(float(ring[5, 1])) + int(np.argmin(np.diff(top))))
    assert np.ptp(edges) <= 1.5


@pytest.mark.parametrize("shapes", [{"jawOpen": 0.6}, {"mouthPucker": 0.7, "mouthFunnel": 0.3, "jawOpen": 0.1}])
def test_nothing_is_painted_outside_the_inner_lips(scene: Scene, shapes: dict[str, float]) -> None:
    """With another inside the frame differs between the lips alone (four pixels for the mesh's own corners)."""
    other = replace(scene, mouth=replace(scene.mouth, colours=255 - scene.mouth.colours, throat=np.full(3, 255.0)))
    changed = np.abs(_draw(scene, **shapes) - _draw(other, **shapes)).max(2) > 0
    inside = np.zeros(changed.shape, np.uint8)
    cv2.fillPoly(inside, [np.round(_ring(scene, **shapes) * 16).astype(np.int32)], 1, shift=4)
    assert changed.any()
    assert not (changed & (cv2.dilate(inside, np.ones((9, 9), np.uint8)) == 0)).any()


@pytest.mark.parametrize(
    "shapes",
    [{"mouthPress": 0.9}, {"jawOpen": 0.05, "mouthClose": 0.063}, {"mouthRollLower": 0.7, "mouthRollUpper": 0.7}],
)
def test_closed_mouths_do_not_depend_on_their_inside(scene: Scene, shapes: dict[str, float]) -> None:
    other = replace(scene, mouth=replace(scene.mouth, colours=255 - scene.mouth.colours, throat=np.full(3, 255.0)))
    assert np.array_equal(_draw(scene, **shapes), _draw(other, **shapes))


def test_tongue_comes_out_over_the_lower_teeth(scene: Scene) -> None:
    """Red and light fill the lower half of the opening, which is dark as long as the tongue stays back."""
    shapes = {"jawOpen": 0.3}
    ring = _ring(scene, **shapes)
    halves = []
    for out in (0.0, 0.3, 1.0):
        column = _column(scene, _draw(scene, **shapes, tongueOut=out), ring)
        halves.append(column[len(column) // 2 : -2].mean(0))
    light = [half @ LIGHT for half in halves]
    assert light[0] < light[1] < light[2]
    assert light[2] > 2 * light[0]
    assert halves[2][0] > 1.4 * halves[2][1]
