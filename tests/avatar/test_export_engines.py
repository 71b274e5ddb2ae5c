"""Formats of engines, each read by something that we did not write; every curve within 1e-3 at every frame."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pygltflib
import pytest
from scipy.spatial.transform import Rotation

from avatar.export.heads import rigged
from avatar.rigs import open_rig
from avatar.take import Take
from conditioning import ARKIT_NAMES, Motion
from renderers.mesh_sources import neutral_head

TOLERANCE = 1e-3
HERE = Path(__file__).parent / "importers"


@pytest.fixture(scope="module")
def pausing(take: Take) -> Take:
    """The take with stretches that stand still, whose keys writers leave out."""
    weights = take.motion.weights.copy()
    weights[20:50, :10] = 0.0
    weights[:, 5] = 0.25
    return replace(take, motion=Motion(60.0, weights, take.motion.head_rotation, take.motion.eye_rotation))


def hermite(keys: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Evaluate keys of (time, value, in slope, out slope) as Unity's AnimationCurve does (cubic Hermite)."""
    index = np.clip(np.searchsorted(keys[:, 0], times, side="right") - 1, 0, max(len(keys) - 2, 0))
    left, right = keys[index], keys[np.minimum(index + 1, len(keys) - 1)]
    span = np.maximum(right[:, 0] - left[:, 0], 1e-9)
    u = np.clip((times - left[:, 0]) / span, 0, 1)
    return (
        (2 * u**3 - 3 * u**2 + 1) * left[:, 1]
        + (u**3 - 2 * u**2 + u) * span * left[:, 3]
        + (-2 * u**3 + 3 * u**2) * right[:, 1]
        + (u**3 - u**2) * span * right[:, 2]
    )


def test_unity_clip(pausing: Take, tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    pausing.save(tmp_path / "odd: name.anim")
    text = (tmp_path / "odd: name.anim").read_text()
    assert text.startswith("%YAML 1.1\n%TAG !u! tag:unity3d.com,2011:\n--- !u!74 &7400000\n")
    loader = type("UnityLoader", (yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader,), {})
    loader.add_constructor("tag:unity3d.com,2011:74", lambda self, node: self.construct_mapping(node, deep=True))
    clip = yaml.load(text, loader)["AnimationClip"]
    assert clip["m_Name"] == "odd: name"
    assert clip["m_SampleRate"] == 60
    assert clip["m_AnimationClipSettings"]["m_StopTime"] == pytest.approx(89 / 60)
    times = pausing.motion.times_s
    found = {}
    for curve in clip["m_FloatCurves"]:
        assert (curve["path"], curve["classID"], curve["script"]) == ("Head/Face", 137, {"fileID": 0})
        keys = np.array([[k["time"], k["value"], k["inSlope"], k["outSlope"]] for k in curve["curve"]["m_Curve"]])
        found[curve["attribute"]] = hermite(keys, times) / 100
    assert set(found) == {f"blendShape.{name}" for name in ARKIT_NAMES}
    for name in ARKIT_NAMES:
        np.testing.assert_allclose(found[f"blendShape.{name}"], pausing.motion.curve(name), atol=TOLERANCE)
    assert text.count("value: ") < 52 * 90 + 3 * 90 - 300  # runs of equal values are left out
    head = next(curve for curve in clip["m_RotationCurves"] if curve["path"] == "Head")
    values = np.array([[k["value"][axis] for axis in "xyzw"] for k in head["curve"]["m_Curve"]])
    # In Unity's mirrored axes (X reversed) the matrix is M · R · M with M = diag(-1, 1, 1).
    mirror = np.diag([-1.0, 1.0, 1.0])
    ours = Rotation.from_euler("YXZ", pausing.motion.head_rotation[:, [1, 0, 2]]).as_matrix()
    np.testing.assert_allclose(Rotation.from_quat(values).as_matrix(), mirror @ ours @ mirror, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*deprecated")  # godot_parser's own use of pyparsing
def test_godot_4_animation(pausing: Take, tmp_path: Path) -> None:
    godot_parser = pytest.importorskip("godot_parser")
    pausing.save(tmp_path / "a.tres")
    resource = godot_parser.load(str(tmp_path / "a.tres"))
    section = resource.find_section("resource")
    assert resource.find_section("gd_resource").header.attributes["type"] == "Animation"
    assert resource.find_section("gd_resource").header.attributes["format"] == 3
    assert section["length"] == pytest.approx(1.5)
    found = {}
    number = 0
    while (kind := section.properties.get(f"tracks/{number}/type")) is not None:
        path = section[f"tracks/{number}/path"].args[0]
        rows = np.array(section[f"tracks/{number}/keys"].args)
        found[path] = rows.reshape(-1, {"blend_shape": 3, "rotation_3d": 6}[kind])
        number += 1
    assert number == 52 + 3
    for name in ARKIT_NAMES:
        keys = found[f"Head/Face:{name}"]
        assert (keys[:, 1] == 1).all()
        read = np.interp(pausing.motion.times_s, keys[:, 0], keys[:, 2])
        np.testing.assert_allclose(read, pausing.motion.curve(name), atol=TOLERANCE)
    ours = Rotation.from_euler("YXZ", pausing.motion.head_rotation[:, [1, 0, 2]])
    read_head = Rotation.from_quat(found["Head"][:, 2:])
    assert (read_head * ours.inv()).magnitude().max() < 1e-5


def test_godot_3_loads_the_animation(pausing: Take, tmp_path: Path) -> None:
    server = shutil.which("godot3-server")
    if server is None:
        pytest.skip("needs godot3-server (Debian: apt-get install godot3-server)")
    pausing.save(tmp_path / "a.tres", godot=3)
    environment = {**os.environ, "MIEN_FILE": str(tmp_path / "a.tres")}
    command = [server, "--no-window", "-s", str(HERE / "godot3_read.gd")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    match = re.search(r"^RESULT(.*)$", done.stdout, re.MULTILINE)
    assert match, done.stdout + done.stderr
    result = json.loads(match[1])
    assert result["length"] == pytest.approx(1.5)
    for name in ARKIT_NAMES:
        keys = np.array(result["tracks"][f"Head/Face:blend_shapes/{name}"])
        read = np.interp(pausing.motion.times_s, keys[:, 0], keys[:, 1])
        np.testing.assert_allclose(read, pausing.motion.curve(name), atol=TOLERANCE)


@pytest.mark.parametrize("suffix", ["usda", "usdc", "usdz"])
def test_usd_stage(take: Take, portrait: Path, tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("pxr", reason="needs usd-core")
    from pxr import Usd, UsdGeom, UsdSkel

    path = tmp_path / f"a.{suffix}"
    replace(take, portrait=portrait).save(path)
    stage = Usd.Stage.Open(str(path))
    assert (stage.GetTimeCodesPerSecond(), stage.GetEndTimeCode()) == (60.0, 89.0)
    assert UsdGeom.GetStageUpAxis(stage) == "Y"
    cache = UsdSkel.Cache()
    root = UsdSkel.Root(stage.GetPrimAtPath("/Character"))
    cache.Populate(root, Usd.PrimDefaultPredicate)
    skeleton = UsdSkel.Skeleton(stage.GetPrimAtPath("/Character/Skeleton"))
    query = cache.GetSkelQuery(skeleton).GetAnimQuery()
    assert tuple(query.GetBlendShapeOrder()) == ARKIT_NAMES
    weights = np.array([query.ComputeBlendShapeWeights(frame) for frame in range(90)])
    np.testing.assert_allclose(weights, take.motion.weights, atol=1e-6)
    joints = np.array([cache.GetSkelQuery(skeleton).ComputeJointLocalTransforms(f) for f in range(90)])
    # USD's matrices multiply row vectors: they are the transposes of ours.
    ours = Rotation.from_euler("YXZ", take.motion.head_rotation[:, [1, 0, 2]]).as_matrix()
    np.testing.assert_allclose(joints[:, 0, :3, :3].transpose(0, 2, 1), ours, atol=1e-5)
    # The points that UsdSkel itself makes of frame 40 are those of the contract.
    mesh = UsdGeom.Mesh(stage.GetPrimAtPath("/Character/Face"))
    binding = UsdSkel.BindingAPI(mesh)
    blend = UsdSkel.BlendShapeQuery(binding)
    mapped = np.asarray(weights[40], np.float32)
    sub_weights, shape_indices, sub_indices = blend.ComputeSubShapeWeights(mapped.tolist())
    points = mesh.GetPointsAttr().Get()
    made = np.array(points, np.float32)
    offsets = [np.array(o).reshape(-1, 3) for o in blend.ComputeSubShapePointOffsets()]
    indices = [np.array(i) for i in blend.ComputeBlendShapePointIndices()]
    for weight, shape, sub in zip(sub_weights, shape_indices, sub_indices, strict=True):
        np.add.at(made, indices[shape], weight * offsets[sub])
    from renderers.mesh_sources import portrait_head

    person = portrait_head(portrait)
    np.testing.assert_allclose(made, person.posed(take.motion)[40], atol=1e-5)
    # Each shape turns the normals of the points that it moves: an open mouth is lit as one.
    jaw = UsdSkel.BlendShape(stage.GetPrimAtPath("/Character/Face/jawOpen"))
    moved = np.array(jaw.GetPointIndicesAttr().Get())
    delta = person.shapes[ARKIT_NAMES.index("jawOpen")]
    turned = area_normals(person.vertices + delta, person.triangles) - area_normals(person.vertices, person.triangles)
    assert np.linalg.norm(turned, axis=1).max() > 0.5
    np.testing.assert_allclose(jaw.GetNormalOffsetsAttr().Get(), turned[moved], atol=2e-3)


def area_normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit normals of vertices, from trimesh's faces weighted by their area."""
    mesh = pytest.importorskip("trimesh").Trimesh(points, triangles, process=False)
    total = np.zeros((len(points), 3))
    for corner in range(3):
        np.add.at(total, triangles[:, corner], mesh.face_normals * mesh.area_faces[:, None])
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-20)


def test_usd_validation_finds_no_error(take: Take, portrait: Path, tmp_path: Path) -> None:
    pytest.importorskip("pxr", reason="needs usd-core")
    from pxr import Usd, UsdValidation

    person = replace(take, portrait=portrait)
    for name in ("neutral.usdc", "person.usda"):
        (take if name == "neutral.usdc" else person).save(tmp_path / name)
        stage = Usd.Stage.Open(str(tmp_path / name))
        registry = UsdValidation.ValidationRegistry()
        context = UsdValidation.ValidationContext(registry.GetOrLoadAllValidators())
        errors = [
            f"{error.GetName()}: {error.GetMessage()}"
            for error in context.Validate(stage)
            if error.GetType() == UsdValidation.ValidationErrorType.Error
        ]
        assert errors == []


def test_unreal_curve_table(take: Take, tmp_path: Path) -> None:
    take.save(tmp_path / "a.unreal.csv", rig="arkit-pascal", fps=30)
    with (tmp_path / "a.unreal.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["curve_name", "frame_number", "value"]
    read = {name: np.zeros(45) for name in {row["curve_name"] for row in rows}}
    for row in rows:
        read[row["curve_name"]][int(row["frame_number"])] = float(row["value"])
    at_30 = take.motion.resample(30)
    for name in ARKIT_NAMES:
        np.testing.assert_allclose(read[name[0].upper() + name[1:]], at_30.curve(name), atol=1e-6)


def test_audio2face_json(take: Take, tmp_path: Path) -> None:
    take.save(tmp_path / "a.a2f.json", rig="arkit")
    content = json.loads((tmp_path / "a.a2f.json").read_text())
    assert (content["exportFps"], content["numPoses"], content["numFrames"]) == (60.0, 52, 90)
    assert content["facsNames"] == list(ARKIT_NAMES)
    np.testing.assert_allclose(content["weightMat"], take.motion.weights, atol=1e-6)


def test_plain_table_and_arrays(take: Take, tmp_path: Path) -> None:
    take.save(tmp_path / "a.curves.csv")
    table = np.genfromtxt(tmp_path / "a.curves.csv", delimiter=",", names=True)
    np.testing.assert_allclose(table["time_s"], take.motion.times_s, atol=1e-6)
    np.testing.assert_allclose(table["jawOpen"], take.motion.curve("jawOpen"), atol=1e-6)
    np.testing.assert_allclose(table["headYaw"], take.motion.head_rotation[:, 1], atol=1e-6)
    take.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["weights"], take.motion.weights)
        assert arrays["names"].tolist() == list(ARKIT_NAMES)
        assert float(arrays["fps"]) == 60.0


def glb_tracks(path: Path) -> tuple[dict[str, Any], dict[tuple[str, str], np.ndarray]]:
    gltf = pygltflib.GLTF2().load_binary(str(path))
    blob = gltf.binary_blob()
    tracks = {}
    for channel in gltf.animations[0].channels:
        item = gltf.accessors[gltf.animations[0].samplers[channel.sampler].output]
        start = gltf.bufferViews[item.bufferView].byteOffset
        columns = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[item.type]
        values = np.frombuffer(blob, "<f4", item.count * columns, start).reshape(-1, columns)
        tracks[gltf.nodes[channel.target.node].name, channel.target.path] = values
    return gltf.extensions["VRMC_vrm_animation"], tracks


def test_vrm_animation(take: Take, tmp_path: Path, importers: ModuleType) -> None:
    for rig in ("vrm1", "arkit"):
        take.save(tmp_path / f"{rig}.vrma", rig=rig)
    extension, tracks = glb_tracks(tmp_path / "arkit.vrma")
    assert set(extension["expressions"]["custom"]) == set(ARKIT_NAMES)
    assert {"hips", "spine", "head"} <= set(extension["humanoid"]["humanBones"])
    for name in ARKIT_NAMES:
        np.testing.assert_allclose(tracks[name, "translation"][:, 0], take.motion.curve(name), atol=1e-6)
    extension, tracks = glb_tracks(tmp_path / "vrm1.vrma")
    assert {"aa", "ih", "ou", "ee", "oh", "blinkLeft", "blinkRight", "happy"} <= set(extension["expressions"]["preset"])
    assert "lookUp" not in extension["expressions"]["preset"]
    np.testing.assert_allclose(tracks["happy", "translation"][:, 0], np.linspace(0.8, 0.8 / 90, 90), atol=1e-6)
    for issues in importers.validate(tmp_path / "vrm1.vrma", tmp_path / "arkit.vrma"):
        assert (issues["numErrors"], issues["numWarnings"]) == (0, 0)


@pytest.mark.slow
def test_three_vrm_reads_the_animation(take: Take, tmp_path: Path, importers: ModuleType) -> None:
    importers.node_modules("@pixiv/three-vrm-animation")
    take.save(tmp_path / "a.vrma", rig="arkit")
    read = importers.chromium("vrma_read.html", {"file.vrma": tmp_path / "a.vrma"})
    assert read["duration_s"] == pytest.approx(89 / 60)
    for name in ARKIT_NAMES:
        np.testing.assert_allclose(read["custom"][name]["values"], take.motion.curve(name), atol=TOLERANCE)
    ours = Rotation.from_euler("YXZ", take.motion.head_rotation[:, [1, 0, 2]])
    assert (Rotation.from_quat(np.reshape(read["head"], (-1, 4))) * ours.inv()).magnitude().max() < 1e-4


@pytest.mark.parametrize("rig", ["metahuman", "claire"])
def test_a_head_moves_alike_under_every_rig(take: Take, rig: str) -> None:
    """Claire cannot show a mouthClose above its jawOpen, nor MetaHuman a sum above 1: the take stays below."""
    weights = 0.5 * take.motion.weights
    close, jaw = ARKIT_NAMES.index("mouthClose"), ARKIT_NAMES.index("jawOpen")
    weights[:, close] = np.minimum(weights[:, close], weights[:, jaw])
    motion = Motion(60.0, weights, take.motion.head_rotation, take.motion.eye_rotation)
    head = neutral_head()
    renamed, values = rigged(head, motion, rig)
    assert renamed.shape_names == open_rig(rig).controls
    frame = 30
    theirs = renamed.vertices + np.tensordot(values[frame], renamed.shapes, axes=1)
    np.testing.assert_allclose(theirs, head.posed(motion)[frame], atol=1e-5)


SUFFIXES = [
    ".wav",
    ".json",
    ".csv",
    ".anim",
    ".tres",
    ".usda",
    ".usdz",
    ".vrma",
    ".unreal.csv",
    ".curves.csv",
    ".a2f.json",
    ".npz",
]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_take_same_bytes(take: Take, tmp_path: Path, suffix: str) -> None:
    if suffix.startswith(".usd"):
        pytest.importorskip("pxr", reason="needs usd-core")
    path = tmp_path / f"a{suffix}"
    take.save(path)
    first = path.read_bytes()
    if suffix == ".usdz":
        time.sleep(2.1)  # times in a package are even seconds
    take.save(path)
    assert path.read_bytes() == first
