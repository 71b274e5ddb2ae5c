"""The example portraits, judged by MediaPipe's face mesh and segmentation, which we did not write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

PORTRAITS = sorted((Path(__file__).parents[2] / "examples" / "portraits").glob("*.png"))
MAX_BYTES = 900_000
SIZES = (768, 1024)

# MediaPipe face mesh indices: (corner, corner, upper lid, lower lid, iris centre) of each eye.
RIGHT_EYE = (33, 133, 159, 145, 468)
LEFT_EYE = (362, 263, 386, 374, 473)


def _distance(landmarks: NDArray[np.float64], a: int, b: int) -> float:
    return float(np.linalg.norm(landmarks[a, :2] - landmarks[b, :2]))


@pytest.fixture(params=PORTRAITS, ids=[p.stem for p in PORTRAITS], scope="module")
def picture(request: pytest.FixtureRequest) -> NDArray[np.uint8]:
    with Image.open(request.param) as image:
        return np.asarray(image.convert("RGB"))


@pytest.fixture(scope="module")
def landmarks(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Landmarks (478, 3) in pixels of the one face that must be there."""
    mediapipe = pytest.importorskip("mediapipe")
    with mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True, refine_landmarks=True, max_num_faces=3
    ) as finder:
        faces = finder.process(picture).multi_face_landmarks or []
    assert len(faces) == 1
    height, width = picture.shape[:2]
    return np.array([[p.x * width, p.y * height, p.z * width] for p in faces[0].landmark])


def test_there_are_at_least_two() -> None:
    assert len(PORTRAITS) >= 2


@pytest.mark.parametrize("path", PORTRAITS, ids=[p.stem for p in PORTRAITS])
def test_files_are_small_squares(path: Path) -> None:
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.size[0] == image.size[1]
        assert image.size[0] in SIZES
    assert path.stat().st_size < MAX_BYTES


def test_face_is_large_and_central(picture: NDArray[np.uint8], landmarks: NDArray[np.float64]) -> None:
    size = len(picture)
    height = np.ptp(landmarks[:468, 1]) / size  # forehead to chin, without hair
    assert 0.33 < height < 0.55
    assert abs(landmarks[:468, 0].mean() / size - 0.5) < 0.04


def test_mouth_is_closed(landmarks: NDArray[np.float64]) -> None:
    assert _distance(landmarks, 13, 14) < 0.05 * _distance(landmarks, 61, 291)


@pytest.mark.parametrize("eye", [RIGHT_EYE, LEFT_EYE], ids=["right", "left"])
def test_eyes_are_open_and_look_at_the_camera(landmarks: NDArray[np.float64], eye: tuple[int, ...]) -> None:
    start, end, upper, lower, iris = eye
    width = _distance(landmarks, start, end)
    assert _distance(landmarks, upper, lower) > 0.22 * width
    along = (landmarks[iris, 0] - landmarks[start, 0]) / (landmarks[end, 0] - landmarks[start, 0])
    assert along == pytest.approx(0.5, abs=0.08)
    above = landmarks[iris, 1] - landmarks[[start, end], 1].mean()
    assert abs(above) < 0.12 * width


def test_head_is_frontal(landmarks: NDArray[np.float64]) -> None:
    nose, right, left = landmarks[4, 0], landmarks[234, 0], landmarks[454, 0]
    assert (nose - right) / (left - right) == pytest.approx(0.5, abs=0.04)  # yaw
    rise, run = (landmarks[263] - landmarks[33])[[1, 0]]
    assert abs(np.degrees(np.arctan2(rise, run))) < 2.0  # roll


def test_segmentation_separates_the_person(picture: NDArray[np.uint8], landmarks: NDArray[np.float64]) -> None:
    mediapipe = pytest.importorskip("mediapipe")
    with mediapipe.solutions.selfie_segmentation.SelfieSegmentation(model_selection=0) as segmenter:
        matte = np.asarray(segmenter.process(picture).segmentation_mask)
    rows, columns = landmarks[:468, 1].astype(int), landmarks[:468, 0].astype(int)
    assert matte[rows, columns].mean() > 0.95
    corner = len(picture) // 8
    assert max(matte[:corner, :corner].mean(), matte[:corner, -corner:].mean()) < 0.1
