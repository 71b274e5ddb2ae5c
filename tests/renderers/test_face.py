"""Finding faces: where they are, on what pictures, and what is said when there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image
from skimage.data import astronaut, coffee

from checkpoints.errors import InputError, MissingDependency
from renderers import face as face_module
from renderers.face import Landmarker, Picture, find_face, read_picture


def _picture(pixels: np.ndarray) -> Picture:
    return Picture(np.ascontiguousarray(pixels), None, "picture")


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return find_face(_picture(astronaut())).points


def test_points_lie_on_the_features(points: np.ndarray) -> None:
    """Eyes and mouth of skimage's astronaut, read off the picture by hand."""
    assert_allclose(points[468, :2], (204.5, 100.5), atol=3)  # her right pupil
    assert_allclose(points[473, :2], (247.0, 103.5), atol=3)  # her left pupil
    assert_allclose(points[[61, 291], :2].mean(0), (225, 144), atol=5)  # the mouth
    assert points[1, 2] > points[[234, 454], 2].max() + 20  # the nose is nearer than the ears


def test_points_follow_shift_and_scale(points: np.ndarray) -> None:
    image = Image.fromarray(astronaut())
    larger = np.asarray(image.resize((1024, 1024), Image.Resampling.LANCZOS))
    seen = find_face(_picture(larger)).points
    assert np.abs((seen[:, :2] + 0.5) / 2 - 0.5 - points[:, :2]).mean() < 0.6
    padded = np.pad(astronaut(), ((0, 0), (100, 0), (0, 0)), constant_values=120)
    assert np.abs(find_face(_picture(padded)).points[:, :2] - points[:, :2] - [100, 0]).mean() < 0.6


def test_small_portrait_is_found() -> None:
    head = Image.fromarray(astronaut()[0:200, 125:325]).resize((64, 64), Image.Resampling.LANCZOS)
    face = find_face(_picture(np.asarray(head)))
    assert 24 < face.width_px < 35  # 92 pixels at 64/200


def test_largest_of_several_is_used_with_a_warning() -> None:
    head = Image.fromarray(astronaut()[0:260, 90:350])
    scene = np.full((400, 700, 3), 120, np.uint8)
    scene[20:280, 20:280] = np.asarray(head)
    scene[20:380, 330:690] = np.asarray(head.resize((360, 360)))
    with pytest.warns(UserWarning, match="shows 2 faces"):
        face = find_face(_picture(scene))
    assert face.others == 1
    assert face.points[1, 0] > 330


def test_no_face_says_so() -> None:
    with pytest.raises(InputError, match="no face was found"):
        find_face(_picture(coffee()))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "there is no portrait"),
        (lambda path: path.write_bytes(b"not a picture"), "not a picture"),
        (lambda path: Image.new("RGB", (40, 400)).save(path), "at least 48"),
        (lambda path: path.write_bytes(_png_start()), "not a picture"),
    ],
)
def test_bad_files_get_one_line(tmp_path: Path, make: object, message: str) -> None:
    path = tmp_path / "portrait.png"
    make(path)  # type: ignore[operator]
    with pytest.raises(InputError, match=message) as caught:
        read_picture(path)
    assert "\n" not in str(caught.value)


def _png_start() -> bytes:
    import io

    buffer = io.BytesIO()
    Image.fromarray(astronaut()).save(buffer, "PNG")
    return buffer.getvalue()[:2000]


def test_huge_picture_is_reduced_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    Image.new("RGB", (9000, 64)).save(path)
    with pytest.warns(UserWarning, match="is reduced"):
        picture = read_picture(path)
    assert max(picture.pixels.shape) <= 4096


def test_camera_orientation_is_undone(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    image = Image.fromarray(astronaut()).rotate(90, expand=True)
    exif = Image.Exif()
    exif[274] = 6  # "rotate by 90 degrees clockwise to view"
    image.save(path, exif=exif, quality=95)
    assert np.abs(read_picture(path).pixels.astype(int) - astronaut()).mean() < 6


def test_transparency_becomes_alpha(tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    rgba = np.dstack([astronaut(), np.full((512, 512), 255, np.uint8)])
    rgba[:, :100, 3] = 0
    Image.fromarray(rgba).save(path)
    picture = read_picture(path)
    assert picture.alpha is not None
    assert picture.alpha[:, :100].max() == 0
    assert (picture.pixels[:, 100:] == astronaut()[:, 100:]).all()


def test_native_chatter_is_silenced(capfd: pytest.CaptureFixture[str]) -> None:
    with Landmarker() as landmarker:
        assert landmarker.points(astronaut()) is not None
    assert capfd.readouterr().err == ""


def test_missing_system_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    real = builtins.__import__

    def failing(name: str, *arguments: object, **options: object) -> object:
        if name.startswith("mediapipe"):
            raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")
        return real(name, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", failing)
    with pytest.raises(MissingDependency, match="apt-get install libgl1"):
        face_module._modules()
