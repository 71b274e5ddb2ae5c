"""glTF: decoded by pygltflib, checked by Khronos' validator, imported by Blender and three.js."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pygltflib
import pytest
from scipy.spatial.transform import Rotation

from avatar.take import Take
from conditioning import ARKIT_NAMES, Motion
from renderers.mesh_head import Head, rotation_matrices, rotation_quaternions, vertex_normals, vertex_tangents
from renderers.mesh_sources import neutral_head

TOLERANCE = 1e-3


@pytest.fixture(scope="session")
def files(take: Take, portrait: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("gltf")
    take.save(folder / "neutral.glb")
    replace(take, portrait=portrait).save(folder / "person.glb")
    return {"neutral": folder / "neutral.glb", "person": folder / "person.glb"}


def accessor(gltf: pygltflib.GLTF2, index: int) -> np.ndarray:
    item = gltf.accessors[index]
    view = gltf.bufferViews[item.bufferView]
    kind = {5126: "<f4", 5123: "<u2", 5125: "<u4"}[item.componentType]
    columns = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}[item.type]
    blob = gltf.binary_blob()
    flat = np.frombuffer(blob, kind, item.count * columns, view.byteOffset + (item.byteOffset or 0))
    return flat.reshape(item.count, columns)


@pytest.mark.parametrize("which", ["neutral", "person"])
def test_curves_rotations_and_names(files: dict[str, Path], take: Take, which: str) -> None:
    gltf = pygltflib.GLTF2().load(str(files[which]))
    mesh = gltf.meshes[0]
    assert tuple(mesh.extras["targetNames"]) == ARKIT_NAMES
    assert tuple(mesh.primitives[0].extras["targetNames"]) == ARKIT_NAMES
    assert len(mesh.primitives[0].targets) == len(mesh.weights) == 52
    animation = gltf.animations[0]
    found = {(gltf.nodes[c.target.node].name, c.target.path): animation.samplers[c.sampler] for c in animation.channels}
    times = accessor(gltf, found["Face", "weights"].input).ravel()
    np.testing.assert_allclose(times, take.motion.times_s, atol=1e-6)
    assert gltf.accessors[found["Face", "weights"].input].min == [0.0]
    weights = accessor(gltf, found["Face", "weights"].output).reshape(-1, 52)
    np.testing.assert_allclose(weights, take.motion.weights, atol=1e-6)
    expected = motion_quaternions(take.motion.head_rotation)
    assert quaternion_error(accessor(gltf, found["Head", "rotation"].output), expected) < 1e-5
    eye = accessor(gltf, found["LeftEye", "rotation"].output)
    assert quaternion_error(eye, motion_quaternions(take.motion.eye_rotation[:, 0])) < 1e-5


def motion_quaternions(angles: np.ndarray) -> np.ndarray:
    """What the contract says, by SciPy: R_y(yaw) · R_x(pitch) · R_z(roll)."""
    return Rotation.from_euler("YXZ", angles[:, [1, 0, 2]]).as_quat()


def quaternion_error(found: np.ndarray, expected: np.ndarray) -> float:
    return float((1 - np.abs(np.sum(found * expected, axis=1))).max())


def test_validator_finds_no_error_and_no_warning(
    files: dict[str, Path], take: Take, tmp_path: Path, importers: ModuleType
) -> None:
    extra = [tmp_path / "a.gltf", tmp_path / "m.glb"]
    take.save(extra[0])
    take.save(extra[1], rig="metahuman", fps=30)
    for issues in importers.validate(*files.values(), *extra):
        assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"][:3]


@pytest.mark.slow
@pytest.mark.parametrize("which", ["neutral", "person"])
@pytest.mark.parametrize("importer", ["blender", "three"])
def test_engines_receive_every_curve(
    files: dict[str, Path], take: Take, which: str, importer: str, importers: ModuleType
) -> None:
    read: Callable[[], dict[str, Any]] = {
        "blender": lambda: importers.blender("blender_read.py", files[which], take.motion.fps),
        "three": lambda: importers.chromium(
            "three_read.html", {"file.glb": files[which]}, query=f"fps={take.motion.fps}"
        ),
    }[importer]
    result = read()
    assert set(result["curves"]) == set(ARKIT_NAMES)
    assert len(result["head"]) == len(take.motion)
    for name in ARKIT_NAMES:
        np.testing.assert_allclose(result["curves"][name], take.motion.curve(name), atol=TOLERANCE)
    assert quaternion_error(np.array(result["head"]), motion_quaternions(take.motion.head_rotation)) < 1e-5
    assert quaternion_error(np.array(result["left_eye"]), motion_quaternions(take.motion.eye_rotation[:, 0])) < 1e-5


def test_a_long_take_is_written_quickly(long_take: Take, tmp_path: Path) -> None:
    """52 shapes, 22k vertices, 60 s at 60 fps: asked for are 3 s; the machine may be busy, so the best of two."""
    neutral_head()
    spent = []
    for _ in range(2):
        start = time.process_time()
        long_take.save(tmp_path / "a.glb")
        spent.append(time.process_time() - start)
    assert min(spent) < 3.0


def test_rotations_are_those_of_the_contract(rng: np.random.Generator) -> None:
    angles = rng.uniform(-1.5, 1.5, (200, 3))
    expected = Rotation.from_euler("YXZ", angles[:, [1, 0, 2]])
    assert quaternion_error(rotation_quaternions(angles), expected.as_quat()) < 1e-12
    np.testing.assert_allclose(rotation_matrices(angles), expected.as_matrix(), atol=1e-12)
    # pitch > 0 looks down, yaw > 0 to the character's left (+X), roll > 0 to its right shoulder (-X).
    forward, up = np.array([0, 0, 1.0]), np.array([0, 1.0, 0])
    assert (rotation_matrices(np.array([0.3, 0, 0])) @ forward)[1] < 0
    assert (rotation_matrices(np.array([0, 0.3, 0])) @ forward)[0] > 0
    assert (rotation_matrices(np.array([0, 0, 0.3])) @ up)[0] < 0


def test_normals_and_tangents_of_a_sphere() -> None:
    trimesh = pytest.importorskip("trimesh")
    ball = trimesh.creation.icosphere(subdivisions=3)
    points, triangles = ball.vertices.astype(np.float32), ball.faces.astype(np.int32)
    normals = vertex_normals(points, triangles)
    np.testing.assert_allclose(normals, points, atol=0.02)
    # Around the equator, away from the seam: u grows with the longitude, so the tangent is east.
    uvs = np.stack([0.5 + np.arctan2(points[:, 0], points[:, 2]) / 7, 0.5 - points[:, 1] / 3], 1).astype(np.float32)
    tangents = vertex_tangents(points, triangles, uvs, normals)
    front = (points[:, 2] > 0.5) & (np.abs(points[:, 1]) < 0.5)
    east = np.stack([points[:, 2], np.zeros(len(points)), -points[:, 0]], 1)
    east /= np.linalg.norm(east, axis=1, keepdims=True) + 1e-9
    assert (np.sum(tangents[front, :3] * east[front], axis=1) > 0.99).all()
    np.testing.assert_allclose(np.sum(tangents[:, :3] * normals, axis=1), 0, atol=1e-5)
    # v runs down, as in glTF, so cross(normal, tangent) · w points up.
    up = np.cross(normals, tangents[:, :3]) * tangents[:, 3:]
    assert (up[front, 1] > 0.8).all()


def test_shapes_of_the_person_move_what_they_name(files: dict[str, Path]) -> None:
    gltf = pygltflib.GLTF2().load(str(files["person"]))
    primitive = gltf.meshes[0].primitives[0]
    deltas = {
        name: accessor(gltf, target["POSITION"] if isinstance(target, dict) else target.POSITION)
        for name, target in zip(ARKIT_NAMES, primitive.targets, strict=True)
    }
    lower_lip, left_corner, upper_lid, brow = 17, 291, 386, 334
    assert deltas["jawOpen"][lower_lip, 1] < -0.008
    assert deltas["mouthSmileLeft"][left_corner, 1] > 0.002
    assert deltas["mouthSmileLeft"][left_corner, 0] > 0
    assert deltas["eyeBlinkLeft"][upper_lid, 1] < -0.004
    assert deltas["browOuterUpLeft"][brow, 1] > 0.001


def test_a_head_must_be_whole() -> None:
    with pytest.raises(Exception, match="outside its 3 vertices"):
        Head(np.zeros((3, 3)), np.array([[0, 1, 3]]), (), np.zeros((0, 3, 3)))
    with pytest.raises(Exception, match="shapes of"):
        Head(np.zeros((3, 3)), np.array([[0, 1, 2]]), ("jawOpen",), np.zeros((2, 3, 3)))


def test_one_frame_is_enough(take: Take, tmp_path: Path) -> None:
    motion = Motion.still(0.001, 60.0)
    replace(take, motion=motion).save(tmp_path / "a.glb")
    assert pygltflib.GLTF2().load(str(tmp_path / "a.glb")).animations[0].name == "Take"
