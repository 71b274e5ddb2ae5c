"""Rigs: facts of each, and conversions there and back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from avatar.rigs import RIGS, open_rig
from avatar.rigs.rig import solve_nonnegative
from avatar.take import Take
from checkpoints.errors import BackendError, InputError
from conditioning import ARKIT_INDEX, Motion


def pose(**weights: float) -> Motion:
    motion = Motion.still(0.01)
    for name, weight in weights.items():
        motion.weights[:, ARKIT_INDEX[name]] = weight
    return motion


@pytest.mark.parametrize("name", sorted(RIGS))
def test_every_rig_is_whole_and_has_a_source(name: str, take: Take) -> None:
    rig = open_rig(name)
    assert rig.name == name
    assert rig.source
    assert len(set(rig.controls)) == len(rig.controls)
    curves = rig.curves(take.motion)
    low, high = rig._bounds
    assert ((curves.values >= low) & (curves.values <= high)).all()
    assert not rig.curves(Motion.still(0.1)).values[:, [c != "viseme_sil" for c in rig.controls]].any()


def test_metahuman_facts() -> None:
    """Read from Epic's mh_arkit_mapping_pose."""
    rig = open_rig("metahuman")
    look = rig.curves(pose(eyeLookInLeft=0.5))
    assert look.curve("CTRL_expressions_eyeLookRightL")[0] == 0.5
    pucker = rig.curves(pose(mouthPucker=1.0))
    for quarter in ("UL", "UR", "DL", "DR"):
        assert pucker.curve(f"CTRL_expressions_mouthLipsPurse{quarter}")[0] == 1.0
        assert pucker.curve(f"CTRL_expressions_mouthLipsTowards{quarter}")[0] == pytest.approx(0.412)
        assert pucker.curve(f"CTRL_expressions_mouthFunnel{quarter}")[0] == pytest.approx(0.752)
    brow = rig.curves(pose(browInnerUp=0.7))
    for name in ("browRaiseInL", "browRaiseInR", "browLateralL", "browLateralR"):
        assert brow.curve(f"CTRL_expressions_{name}")[0] == pytest.approx(0.7)
    closed = rig.curves(pose(jawOpen=0.4, mouthClose=0.4))
    assert closed.curve("CTRL_expressions_mouthLipsTogetherUL")[0] == pytest.approx(0.4)
    # The pose asset ignores MouthClose: there the jaw closes the mouth.
    old = open_rig("metahuman-arkit").curves(pose(jawOpen=0.4, mouthClose=0.4))
    assert (old.curve("JawOpen")[0], old.curve("MouthClose")[0]) == (0.0, 0.0)


@pytest.mark.parametrize("name", ["claire", "metahuman", "facs", "arkit-pascal"])
def test_there_and_back(name: str) -> None:
    """Within what a rig can show, its curves give the shapes back."""
    rng = np.random.default_rng(5)
    weights = (0.5 * rng.random((40, 52))).astype(np.float32)
    jaw, close = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthClose"]
    weights[:, close] = weights[:, jaw] * rng.random(40)
    if name == "facs":  # units 61 and 62 turn both eyes together
        for a, b in (("eyeLookOutLeft", "eyeLookInRight"), ("eyeLookInLeft", "eyeLookOutRight")):
            weights[:, ARKIT_INDEX[a]] = weights[:, ARKIT_INDEX[b]]
        for shape in ("mouthShrugUpper", "mouthLeft", "mouthRight"):  # no unit of their own
            weights[:, ARKIT_INDEX[shape]] = 0.0
    rig = open_rig(name)
    motion = Motion(60.0, weights, np.zeros((40, 3)), np.zeros((40, 2, 3)))
    np.testing.assert_allclose(rig.weights(rig.curves(motion).values), weights, atol=2e-3)


@pytest.mark.parametrize("viseme", ["PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U"])
def test_the_pose_of_a_viseme_is_that_viseme(viseme: str) -> None:
    rig = open_rig("oculus")
    shown = rig.poses[f"viseme_{viseme}"]
    curves = rig.curves(pose(**{name: 0.8 * weight for name, weight in shown.items()}))
    assert curves.curve(f"viseme_{viseme}")[0] == pytest.approx(0.8, abs=0.02)
    assert curves.curve("viseme_sil")[0] == pytest.approx(0.2, abs=0.02)


def test_vowels_of_vrm_and_feelings() -> None:
    rig = open_rig("vrm1")
    emotion = np.array([[0.7, 0, 0, 0, 0, 0, 0.2, 0]])
    curves = rig.curves(pose(jawOpen=0.62, mouthLowerDownLeft=0.25, mouthLowerDownRight=0.25), emotion)
    mouth = {name: curves.curve(name)[0] for name in ("aa", "ih", "ou", "ee", "oh")}
    assert max(mouth, key=lambda name: mouth[name]) == "aa"
    assert curves.curve("happy")[0] == pytest.approx(0.7)
    assert curves.curve("angry")[0] == pytest.approx(0.2)


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_the_solver_agrees_with_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.random((30, 12)).astype(np.float32)
    targets = rng.normal(size=(4, 30)).astype(np.float32)
    found = solve_nonnegative(matrix, targets)
    assert (found >= 0).all()
    for row, target in zip(found, targets, strict=True):
        best = nnls(matrix, target)[1]
        assert np.linalg.norm(matrix @ row - target) <= best * (1 + 1e-4) + 1e-5


def retarget(tmp_path: Path, content: object) -> str:
    path = tmp_path / "goblin.json"
    path.write_text(json.dumps(content))
    open_rig.cache_clear()
    return str(path)


GOOD = {
    "format": "mien-retarget",
    "version": 1,
    "name": "goblin",
    "curves": {
        "Jaw_Drop": {"from": {"jawOpen": 0.9, "mouthClose": -0.9}, "limits": [0, 0.3]},
        "Brow_Y": {"from": {"browInnerUp": 1, "browDownLeft": -1}, "gain": 10, "offset": 1, "limits": [-10, 10]},
    },
}


def test_a_retarget_file_binds_a_rig(tmp_path: Path, take: Take) -> None:
    name = retarget(tmp_path, GOOD)
    curves = open_rig(name).curves(pose(jawOpen=0.5, mouthClose=0.3, browInnerUp=0.4))
    assert curves.curve("Jaw_Drop")[0] == pytest.approx(0.18)
    assert curves.curve("Brow_Y")[0] == pytest.approx(5.0)
    assert open_rig(name).curves(pose(jawOpen=1.0)).curve("Jaw_Drop")[0] == pytest.approx(0.3)
    take.save(tmp_path / "a.unreal.csv", rig=name)
    text = (tmp_path / "a.unreal.csv").read_text()
    assert text.count("\nJaw_Drop,") == 90
    assert text.count("\nBrow_Y,") == 90


def curve(**changes: object) -> dict[str, object]:
    return {**GOOD, "curves": {"Jaw": {"from": {"jawOpen": 1}, **changes}}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "not a retarget file"),
        ({**GOOD, "version": 9}, "not a retarget file"),
        ({**GOOD, "curves": {}}, "1 to 4096"),
        ({**GOOD, "cruves": {}}, "did you mean curves"),
        ({**GOOD, "curves": {"Jaw": {"from": {"jawOpn": 1}}}}, "did you mean jawOpen"),
        (curve(gian=2), "did you mean gain"),
        (curve(gain="much"), "must be a number"),
        (curve(gain=float("inf")), "must be a number"),
        (curve(limits=[1, 0]), "not in order"),
        (curve(limits=3), "give \\[lowest, highest\\]"),
        ({**GOOD, "curves": {"Jaw": 3}}, "must be"),
    ],
)
def test_malformed_retarget_files_are_refused(tmp_path: Path, content: object, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        open_rig(retarget(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_unknown_rigs(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="did you mean metahuman"):
        open_rig("metahumn")
    with pytest.raises(InputError, match="cannot read"):
        open_rig(str(tmp_path / "none.json"))
