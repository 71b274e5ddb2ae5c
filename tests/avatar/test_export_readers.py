"""Reading performances back, editing them, and refusing what is not one."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.export.editing import cut, mixed
from avatar.export.reading import read_motion
from avatar.take import Take
from checkpoints.errors import InputError
from conditioning import ARKIT_NAMES, Motion


def closable(take: Take) -> Take:
    """The take with mouthClose at most jawOpen: all that Claire's rig can show."""
    weights = take.motion.weights.copy()
    close, jaw = ARKIT_NAMES.index("mouthClose"), ARKIT_NAMES.index("jawOpen")
    weights[:, close] = np.minimum(weights[:, close], weights[:, jaw])
    return replace(take, motion=replace(take.motion, weights=weights))


@pytest.mark.parametrize(
    ("name", "rotates"), [("a.csv", True), ("a.npz", True), ("a.json", True), ("a.a2f.json", False)]
)
def test_round_trip(take: Take, tmp_path: Path, name: str, rotates: bool) -> None:
    source = closable(take)
    source.save(tmp_path / name)
    motion = read_motion(tmp_path / name)
    assert (len(motion), motion.fps) == (len(source.motion), 60.0)
    np.testing.assert_allclose(motion.weights, source.motion.weights, atol=1e-3)
    if rotates:
        np.testing.assert_allclose(motion.head_rotation, source.motion.head_rotation, atol=1e-3)
        np.testing.assert_allclose(motion.eye_rotation, source.motion.eye_rotation, atol=1e-3)


def rewritten(take: Take, path: Path, change: object) -> Path:
    """A Live Link take with its rows changed."""
    take.save(path)
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    rows = change(rows)  # type: ignore[operator]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_a_hole_in_the_timecode_is_bridged_and_told_of(take: Take, tmp_path: Path) -> None:
    def later(rows: list[list[str]]) -> list[list[str]]:
        for row in rows[46:]:
            row[0] = row[0].replace("00:00:00:", "00:00:04:").replace("00:00:01:", "00:00:05:")
        return rows

    path = rewritten(take, tmp_path / "a.csv", later)
    with pytest.warns(UserWarning, match=r"1 hole in the timecode, the first of 4\.02 s at 0\.73 s"):
        motion = read_motion(path)
    assert len(motion) == 90 + 240
    np.testing.assert_allclose(motion.weights[45 + 240 :], take.motion.weights[45:], atol=1e-5)
    # Half-way through the hole lies the mean of its ends.
    middle = (take.motion.weights[44] + take.motion.weights[45]) / 2
    np.testing.assert_allclose(motion.weights[44:287].mean(axis=0), middle, atol=0.02)


def test_late_frames_keep_their_time(take: Take, tmp_path: Path) -> None:
    """A phone drops frames; what remains must not slide in time."""
    path = rewritten(take, tmp_path / "a.csv", lambda rows: [rows[0], *(r for i, r in enumerate(rows[1:]) if i % 7)])
    motion = read_motion(path)
    shift = 1  # the first row is gone, and time starts at the second
    assert len(motion) == 89
    np.testing.assert_allclose(motion.weights[5], take.motion.weights[5 + shift], atol=1e-5)
    np.testing.assert_allclose(motion.weights[6], take.motion.weights[6 + shift], atol=0.05)


def test_thirty_rows_a_second_and_midnight(take: Take, tmp_path: Path) -> None:
    take.save(tmp_path / "a.csv", fps=30, start_s=86_399.5)
    motion = read_motion(tmp_path / "a.csv")
    assert len(motion) == 89
    np.testing.assert_allclose(motion.weights[::2], take.motion.resample(30).weights, atol=1e-5)


def test_values_a_little_above_one_are_cut(take: Take, tmp_path: Path) -> None:
    def louder(rows: list[list[str]]) -> list[list[str]]:
        rows[5][10] = "1.06"
        rows[6][11] = ""
        return rows

    motion = read_motion(rewritten(take, tmp_path / "a.csv", louder))
    assert motion.weights.max() <= 1.0
    filled = motion.curve("eyeLookInRight")[5]
    around = take.motion.curve("eyeLookInRight")
    assert filled == pytest.approx((around[4] + around[6]) / 2, abs=1e-5)


def dropped(rows: list[list[str]]) -> list[list[str]]:
    return [[*row[:5], *row[6:]] for row in rows]


def percent(rows: list[list[str]]) -> list[list[str]]:
    return [rows[0], *([*row[:2], *(str(float(v) * 100) for v in row[2:])] for row in rows[1:])]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dropped, "lacks 1 column of a Live Link take: EyeLookOutLeft"),
        (percent, "divide by 100"),
        (lambda rows: rows[:1], "holds no frames"),
        (lambda rows: [rows[0], ["soon", *rows[1][1:]]], "line 2: 'soon' is no timecode"),
        (lambda rows: [*rows[:3], [rows[3][0], "61", "x", *rows[3][3:]]], "line 4: 'x' is no number"),
        (lambda rows: [rows[0], *rows[:0:-1]], "do not run forwards"),
        (lambda rows: [rows[0], *([*r[:2], "", *r[3:]] for r in rows[1:])], "EyeBlinkLeft holds no value"),
    ],
)
def test_broken_takes_are_refused(take: Take, tmp_path: Path, change: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_motion(rewritten(take, tmp_path / "a.csv", change))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"\xff\xfe\x00", "cannot read"),
        ("a.npz", b"PK nothing", "cannot read"),
        ("a.json", b"[1, 2", "as JSON"),
        ("a.json", b"[" * 100_000, "as JSON"),
        ("a.json", b'{"a": 1}', "not a take"),
        ("a.a2f.json", b'{"facsNames": []}', "lacks exportFps, weightMat"),
        ("a.a2f.json", b'{"exportFps": 60, "facsNames": ["jawOpen"], "weightMat": [[1, 2]]}', "1 facsNames"),
        ("a.a2f.json", b'{"exportFps": 60, "facsNames": ["jawOpn"], "weightMat": [[1]]}', "did you mean jawOpen"),
        ("a.a2f.json", b'{"exportFps": 0, "facsNames": ["jawOpen"], "weightMat": [[1]]}', "fps=0"),
        ("a.a2f.json", b'{"exportFps": 60, "facsNames": ["jawOpen"], "weightMat": [[NaN]]}', "not finite"),
        ("a.txt", b"", "no suffix of a take"),
    ],
)
def test_foreign_files_are_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_motion(tmp_path / name)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="no file"):
        read_motion(tmp_path / f"none-{name}")


def test_mouth_close_of_claire_and_of_apple(tmp_path: Path) -> None:
    """A closed mouth over a jaw half open: Apple 0.5 and 0.5; Claire mouthClose 0.5 alone."""
    table = np.zeros((1, 52))
    table[0, ARKIT_NAMES.index("mouthClose")] = 0.5
    content = {"exportFps": 60, "facsNames": list(ARKIT_NAMES), "weightMat": table.tolist()}
    (tmp_path / "a.a2f.json").write_text(json.dumps(content))
    claire = read_motion(tmp_path / "a.a2f.json")
    assert (claire.curve("jawOpen")[0], claire.curve("mouthClose")[0]) == pytest.approx((0.5, 0.5), abs=1e-4)
    apple = read_motion(tmp_path / "a.a2f.json", rig="arkit")
    assert (apple.curve("jawOpen")[0], apple.curve("mouthClose")[0]) == pytest.approx((0.0, 0.5), abs=1e-4)


@given(share=st.floats(0, 1), fps=st.sampled_from([24.0, 30.0, 60.0, 100.0]))
@settings(max_examples=25, deadline=None)
def test_mixing_lies_between_and_keeps_length_and_rate(share: float, fps: float) -> None:
    rng = np.random.default_rng(1)
    make = lambda n, f: Motion(f, rng.random((n, 52)), rng.random((n, 3)), rng.random((n, 2, 3)))
    ours, theirs = make(60, 60.0), make(50, fps)
    result = mixed(ours, theirs, share)
    assert (len(result), result.fps) == (60, 60.0)
    other = theirs.resample(60.0, 1.0)
    low, high = np.minimum(ours.weights, other.weights), np.maximum(ours.weights, other.weights)
    assert ((result.weights >= low - 1e-6) & (result.weights <= high + 1e-6)).all()


def test_mixing_takes_only_what_is_named(take: Take) -> None:
    still = Motion.still(1.5)
    result = mixed(still, take.motion, names=["jawOpen", "head"])
    np.testing.assert_array_equal(result.curve("jawOpen"), take.motion.curve("jawOpen"))
    np.testing.assert_array_equal(result.head_rotation, take.motion.head_rotation)
    assert not result.curve("mouthClose").any()
    assert not result.eye_rotation.any()
    with pytest.raises(InputError, match="did you mean jawOpen"):
        mixed(still, take.motion, names=["jawOpn"])


def test_cutting(take: Take) -> None:
    part = cut(take.motion, 0.5, 1.0)
    np.testing.assert_array_equal(part.weights, take.motion.weights[30:60])
    with pytest.raises(InputError, match="nothing lies between"):
        cut(take.motion, 2.0, 3.0)
