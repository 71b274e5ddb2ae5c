"""Dubbing: a clip whose motion is known, measured by the landmarker on our own frames."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from checkpoints.errors import InputError
from conditioning import Motion
from renderers.clip import Clip, read_clip
from renderers.evaluate_portrait import _mouth, arkit_columns
from renderers.face import Landmarker
from renderers.portrait import PortraitRenderer
from renderers.portrait.dub import _similarity
from renderers.video import write_video

N, SIDE = 16, 320
STILL = [168, 6, 33, 133, 362, 263]


def known_motion() -> list[np.ndarray]:
    """A head that sways, rolls and comes nearer: similarities of the picture."""
    matrices = []
    for i in range(N):
        angle, scale = np.radians(4 * np.sin(i / 3)), 1 + 0.04 * np.sin(i / 5)
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        center = np.full(2, SIDE / 2)
        shift = center - turn @ center + [8 * np.sin(i / 3), 4 * np.cos(i / 4)]
        matrices.append(np.concatenate([turn, shift[:, None]], 1))
    return matrices


@pytest.fixture(scope="module")
def clip_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from skimage.data import astronaut

    picture = cv2.resize(astronaut()[:280, 90:370], (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    frames = [
        cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        for matrix in known_motion()
    ]
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_video(path, iter(frames), None, n_frames=N, fps=25.0, size=(SIDE, SIDE))
    return path


@pytest.fixture(scope="module")
def renderer(clip_path: Path) -> PortraitRenderer:
    return PortraitRenderer(clip_path)


def motion(**shapes: np.ndarray | float) -> Motion:
    weights = np.zeros((N, 52), np.float32)
    for name, value in shapes.items():
        weights[:, arkit_columns(name)] = np.reshape(value, (-1, 1))
    return Motion(25.0, weights, np.zeros((N, 3)), np.zeros((N, 2, 3)))


def test_the_lips_follow_the_new_line_and_all_else_is_the_clip(renderer: PortraitRenderer, clip_path: Path) -> None:
    """Mouth opening r ≥ .95 with the curve on a moving head; pixels outside the face's mask are the decoded clip's."""
    jaw = 0.3 * (1 - np.cos(np.arange(N) / 1.7))
    assert renderer.native == ((SIDE, SIDE), 25.0)
    frames = list(renderer.frames(motion(jawOpen=jaw), size=(SIDE, SIDE)))
    assert len(frames) == N
    source = read_clip(clip_path).frames
    changed = np.array([(a != b).any(2) for a, b in zip(frames, source, strict=True)])
    assert changed.any((1, 2)).all()
    # The face's box is .33 of the frame wide and .42 high: nothing is touched beyond it and a margin.
    share = changed.mean((1, 2))
    assert share.max() < 0.33 * 0.42
    assert not changed[:, :, : SIDE // 5].any()
    assert not changed[:, : SIDE // 8].any()
    with Landmarker() as landmarker:
        seen = np.array([landmarker.points(frame) for frame in frames])
    assert np.corrcoef([_mouth(points) for points in seen], jaw)[0, 1] > 0.95


@pytest.mark.slow
def test_the_new_face_moves_with_the_head(renderer: PortraitRenderer) -> None:
    """With the known motion taken out, bridge of the nose and corners of the eyes rest: < 1 px in the middle."""
    frames = list(renderer.frames(motion(mouthSmile=0.3), size=(SIDE, SIDE)))
    with Landmarker() as landmarker:
        seen = [landmarker.points(frame) for frame in frames]
    back = np.array([
        (points[STILL, :2] - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
        for points, matrix in zip(seen, known_motion(), strict=True)
    ])  # fmt: skip
    moved = np.linalg.norm(back - np.median(back, axis=0), axis=2)
    assert np.median(moved) < 0.6
    assert np.percentile(moved, 95) < 1.5


@pytest.mark.slow
def test_no_seam_at_rest(renderer: PortraitRenderer, clip_path: Path) -> None:
    """The clip's own expression put back on it is the clip, to a few grey levels of compression and smoothing."""
    frames = np.array(list(renderer.frames(motion(), size=(SIDE, SIDE))), np.float32)
    source = read_clip(clip_path).frames.astype(np.float32)
    changed = (frames != source).any(3)
    assert np.abs(frames - source)[changed].mean() < 6


def test_a_longer_line_runs_the_clip_back_and_forth() -> None:
    clip = Clip(np.zeros((4, 2, 2, 3), np.uint8), 25.0, "clip")
    assert [clip.index_at(i / 25) for i in range(10)] == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]


def test_a_similarity_is_recovered() -> None:
    points = np.random.default_rng(0).normal(size=(9, 2))
    matrix = known_motion()[5]
    found = _similarity(points, points @ matrix[:, :2].T + matrix[:, 2])
    assert np.abs(found - matrix).max() < 1e-9


def test_clips_without_a_face_or_a_picture_are_refused(tmp_path: Path) -> None:
    blank = tmp_path / "blank.mp4"
    write_video(blank, iter([np.full((64, 64, 3), 90, np.uint8)] * 3), None, n_frames=3, fps=25.0, size=(64, 64))
    with pytest.raises(InputError, match="no face"):
        PortraitRenderer(blank)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    with pytest.raises(InputError, match="not a video"):
        PortraitRenderer(broken)
    with pytest.raises(InputError, match="there is no video"):
        PortraitRenderer(tmp_path / "absent.mp4")
    with pytest.raises(InputError, match="keeps its own background"):
        PortraitRenderer(blank, transparent=True)
    assert_array_equal(read_clip(blank).frames.shape, (3, 64, 64, 3))
