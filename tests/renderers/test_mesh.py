"""The 3-D head: geometry against closed forms, frames against the landmarker, files of users."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar.export.gltf import build_gltf
from checkpoints.errors import InputError, MissingDependency
from conditioning import ARKIT_INDEX, ARKIT_NAMES, Motion
from renderers.face import find_face, read_picture
from renderers.mesh import Camera, MeshRenderer, _ground
from renderers.mesh_glb import read_glb
from renderers.mesh_head import Head, vertex_normals
from renderers.mesh_raster import facing, normals_of, visible
from renderers.mesh_registry import add_head, registered
from renderers.mesh_sources import neutral_head, open_head, portrait_head


def renderer_of(head: Head, monkeypatch: pytest.MonkeyPatch, **options: Any) -> MeshRenderer:
    monkeypatch.setattr("renderers.mesh_sources.neutral_head", lambda: head)
    return MeshRenderer(None, **options)


def plain(vertices: np.ndarray, triangles: np.ndarray, **more: object) -> Head:
    return Head(vertices, triangles, (), np.zeros((0, len(vertices), 3)), **more)  # type: ignore[arg-type]


def frame_of(renderer: MeshRenderer, motion: Motion | None = None, size: tuple[int, int] = (256, 256)) -> np.ndarray:
    return next(renderer.frames(motion or Motion.still(0.01), fps=25, size=size))


def test_a_sphere_covers_what_perspective_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sphere's outline is a disc of radius f·R/√(d²−R²)."""
    trimesh = pytest.importorskip("trimesh")
    ball = trimesh.creation.icosphere(subdivisions=5, radius=0.1)
    white = np.full((2, 2, 3), 255, np.uint8)
    head = plain(
        ball.vertices, ball.faces, uvs=np.zeros((len(ball.vertices), 2), np.float32), texture=white, unlit=True
    )
    renderer = renderer_of(head, monkeypatch)
    monkeypatch.setattr(renderer, "camera", Camera((0.0, 0.0, 0.0), 0.6))
    image = frame_of(renderer).astype(np.float64)
    focal_px = 128 / np.tan(np.radians(12))
    area = np.pi * (focal_px * 0.1 / np.sqrt(0.6**2 - 0.1**2)) ** 2
    level = image[..., 0]
    ground = level[:, :3].mean(axis=1, keepdims=True)
    linear = ((level / 255) ** 2.2 - (ground / 255) ** 2.2) / (1 - (ground / 255) ** 2.2)
    assert linear.sum() == pytest.approx(area, rel=0.005)
    rows, columns = np.nonzero(level > 200)
    assert (rows.mean(), columns.mean()) == pytest.approx((127.5, 127.5), abs=0.1)


def test_texture_is_correct_under_perspective(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a plane that leans away the middle of the texture lies nearer to the far edge (projective, not affine)."""
    vertices = np.array([[-0.05, -0.1, 0.2], [0.05, -0.1, 0.2], [0.05, 0.1, -0.2], [-0.05, 0.1, -0.2]], np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]])
    uvs = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32)
    half = np.zeros((1024, 8, 3), np.uint8)
    half[:512] = 255
    renderer = renderer_of(plain(vertices, triangles, uvs=uvs, texture=half, unlit=True), monkeypatch)
    camera = Camera((0.0, 0.0, 0.0), 0.8)
    monkeypatch.setattr(renderer, "camera", camera)
    image = frame_of(renderer)
    column = image[:, 128, 0].astype(int)
    border = np.flatnonzero(column > 250)[-1] + 1
    assert column[border + 2] < 10
    expected = camera.project(np.zeros((1, 3), np.float32), (256, 256))[0, 1]
    assert border == pytest.approx(expected, abs=1.5)


def test_nearer_surfaces_hide_farther_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    square = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32)
    vertices = np.concatenate([square * 0.05 + [0, 0, -0.05], square * 0.03 + [0, 0, 0.05]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    uvs = np.repeat([[0.25, 0.5], [0.75, 0.5]], 4, axis=0).astype(np.float32)
    texture = np.array([[[255, 0, 0], [0, 255, 0]]], np.uint8)
    for order in ([faces, faces + 4], [faces + 4, faces]):
        head = plain(vertices, np.concatenate(order), uvs=uvs, texture=texture, unlit=True)
        image = frame_of(renderer_of(head, monkeypatch))
        assert tuple(image[128, 128]) == (0, 255, 0)


def test_normals_agree_with_trimesh_and_numpy() -> None:
    trimesh = pytest.importorskip("trimesh")
    head = neutral_head()
    ours = normals_of(head.vertices, head.triangles)
    np.testing.assert_allclose(ours, vertex_normals(head.vertices, head.triangles), atol=2e-4)
    mesh = trimesh.Trimesh(head.vertices, head.triangles, process=False)
    areas = mesh.area_faces
    theirs = np.zeros_like(ours, np.float64)
    for corner in range(3):
        np.add.at(theirs, head.triangles[:, corner], mesh.face_normals * areas[:, None])
    length = np.linalg.norm(theirs, axis=1, keepdims=True)
    good = length[:, 0] > 1e-9
    assert np.sum(ours[good] * (theirs / np.maximum(length, 1e-12))[good], axis=1).min() > 0.999


def test_threads_do_not_change_the_picture() -> None:
    motion = Motion.still(0.01)
    motion.weights[:, ARKIT_INDEX["jawOpen"]] = 0.5
    one = frame_of(MeshRenderer(None, threads=1), motion)
    four = frame_of(MeshRenderer(None, threads=4), motion)
    np.testing.assert_array_equal(one, four)


def test_frame_count_follows_the_motion() -> None:
    renderer = MeshRenderer(None)
    frames = list(renderer.frames(Motion.still(0.5), fps=25, size=(64, 48)))
    assert len(frames) == 13
    assert frames[0].shape == (48, 64, 3)
    with pytest.raises(InputError, match="not possible"):
        next(renderer.frames(Motion.still(0.5), size=(4, 4)))


def test_yaw_turns_the_nose_to_the_characters_left() -> None:
    """The character's left is on the right of the picture."""
    renderer = MeshRenderer(None)
    nose = int(renderer.head.vertices[:, 2].argmax())
    eye = np.eye(3, dtype=np.float32)

    def place(pitch: float, yaw: float) -> np.ndarray:
        from renderers.mesh_head import rotation_matrices

        turn = rotation_matrices(np.array([pitch, yaw, 0.0])).astype(np.float32)
        weights = np.zeros(52, np.float32)
        points, _ = renderer.posed(weights, turn, np.stack([eye, eye]))
        return renderer.camera.project(points, (512, 512))[nose]

    rest = place(0, 0)
    assert place(0, 0.3)[0] > rest[0] + 20
    assert place(0.3, 0)[1] > rest[1] + 20


def openings(frames: Iterator[np.ndarray]) -> list[float]:
    """Mouth opening over face height, by MediaPipe on our frames."""
    mediapipe = pytest.importorskip("mediapipe")
    found = []
    with mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True) as mesh:
        for frame in frames:
            result = mesh.process(frame).multi_face_landmarks
            assert result, "the landmarker finds no face on our frame"
            points = np.array([[p.x, p.y] for p in result[0].landmark])
            found.append(float(points[14, 1] - points[13, 1]) / float(points[152, 1] - points[10, 1]))
    return found


@pytest.mark.filterwarnings("ignore")
def test_the_landmarker_sees_the_jaw_follow_its_curve() -> None:
    motion = Motion.still(0.4, 25.0)
    curve = np.linspace(0.0, 0.8, len(motion), dtype=np.float32)
    motion.weights[:, ARKIT_INDEX["jawOpen"]] = curve
    seen = openings(MeshRenderer(None).frames(motion, fps=25, size=(512, 512)))
    assert np.corrcoef(seen, curve)[0, 1] > 0.95
    assert seen[-1] > seen[0] + 0.08


def test_a_portrait_at_rest_keeps_its_photo(tmp_path: Path) -> None:
    """The landmarker finds the face again where the mesh puts it."""
    mediapipe = pytest.importorskip("mediapipe")
    person(tmp_path)
    renderer = MeshRenderer(tmp_path / "person.png")
    image = frame_of(renderer, size=(512, 512))
    from renderers.face import LANDMARKS

    screen = renderer.camera.project(renderer.head.vertices, (512, 512))[:LANDMARKS, :2]
    with mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True) as mesh:
        found = np.array([[p.x, p.y] for p in mesh.process(image).multi_face_landmarks[0].landmark]) * 512
    eyes = np.linalg.norm(screen[468] - screen[473])
    assert np.median(np.linalg.norm(found - screen, axis=1)) < 0.08 * eyes


# --- the other backend ------------------------------------------------------------------------------


def cast(screen: np.ndarray, triangles: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The nearest triangle of each sample and its corners' shares, by solving for each triangle in turn."""
    y, x = np.mgrid[: 2 * size[1], : 2 * size[0]].astype(np.float64)
    depth, seen = np.zeros(x.shape), np.full(x.shape, -1)
    shares = np.zeros((*x.shape, 3))
    for number, (a, b, c) in enumerate(screen[triangles].astype(np.float64)):
        matrix = np.array([[a[0], b[0], c[0]], [a[1], b[1], c[1]], [1, 1, 1]])
        if np.linalg.det(matrix) >= -1e-9:  # y runs down
            continue
        flat = np.einsum("ij,jhw->hwi", np.linalg.inv(matrix), np.stack([x, y, np.ones_like(x)]))
        inverse = flat @ np.array([a[2], b[2], c[2]])
        nearer = (flat.min(axis=2) >= 0) & (inverse > depth)
        depth[nearer], seen[nearer] = inverse[nearer], number
        true = flat * np.array([a[2], b[2], c[2]]) / inverse[..., None]
        shares[nearer] = true[nearer]
    return seen, shares


def lit_ball(unlit: bool) -> Head:
    trimesh = pytest.importorskip("trimesh")
    ball = trimesh.creation.icosphere(subdivisions=2, radius=0.1)
    uvs = (0.5 + 4 * ball.vertices[:, :2]).clip(0, 1).astype(np.float32)
    texture = np.random.default_rng(1).integers(120, 255, (4, 4, 3)).astype(np.uint8)
    parts = (ball.vertices[:, 0] > 0.03).astype(np.int8)
    return plain(ball.vertices, ball.faces, uvs=uvs, texture=texture, unlit=unlit, eye_parts=parts)


def test_visible_triangles_are_those_of_a_caster_of_rays() -> None:
    """Triangles of all shapes, slivers among them, in bands; samples on an edge may belong to either side."""
    rng = np.random.default_rng(3)
    middles, spread = rng.uniform(0, 80, (240, 1, 2)), rng.choice([0.02, 2.0, 12.0], (240, 1, 1))
    corners = np.concatenate([middles + spread * rng.normal(size=(240, 3, 2)), rng.uniform(1, 2, (240, 3, 1))], axis=2)
    corners[160:, 2, :2] = corners[160:, :2, :2].mean(axis=1) + 0.01  # slivers
    screen, triangles = corners.reshape(-1, 3).astype(np.float32), np.arange(720, dtype=np.int32).reshape(240, 3)
    expected, _ = cast(screen, triangles, (40, 32))
    found, depth = facing(screen, triangles, 80, 64), np.empty((64, 80), np.float32)
    nearest = np.empty((64, 80), np.int32)
    for top, end in ((0, 10), (10, 40), (40, 64)):
        visible(screen, triangles, found, top, depth[top:end], nearest[top:end])
    assert len(np.unique(expected)) > 15
    assert (nearest != expected).mean() < 0.002
    assert ((depth == 0) == (nearest < 0)).all()


def test_neighbours_leave_no_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside the outline of a ball of 20,480 triangles every sample is covered, wherever it lies in the picture."""
    trimesh = pytest.importorskip("trimesh")
    ball = trimesh.creation.icosphere(subdivisions=5, radius=1.0)
    triangles = ball.faces.astype(np.int32)
    for middle in ((500.0, 500.0), (503.3, 1500.7)):
        flat = 400 * ball.vertices[:, :2] * [1, -1] + middle
        screen = np.column_stack([flat, 1 + 0.1 * ball.vertices[:, 2]]).astype(np.float32)
        depth, nearest = np.empty((2000, 1000), np.float32), np.empty((2000, 1000), np.int32)
        visible(screen, triangles, facing(screen, triangles, 1000, 2000), 0, depth, nearest)
        y, x = np.mgrid[:2000, :1000]
        away = np.hypot(x - middle[0], y - middle[1])
        assert (nearest[away < 399] >= 0).all()
        assert (nearest[away > 400.01] < 0).all()


def assert_same_picture(ours: np.ndarray, other: np.ndarray) -> None:
    """Within a few steps of 255 (fewer in larger pictures): ours shades a triangle's samples in a pixel together."""
    apart = np.abs(ours.astype(int) - other).max(axis=2)
    assert ours.std() > 20
    assert np.percentile(apart, 99) <= 6
    assert apart.mean() < 1.0


@pytest.mark.parametrize("unlit", [False, True])
def test_light_on_cuda_is_light_on_the_cpu(monkeypatch: pytest.MonkeyPatch, unlit: bool) -> None:
    """The torch half of the PyTorch3D backend, its visibility found by a caster of rays, against the numba one."""
    torch = pytest.importorskip("torch")
    from renderers.mesh_pytorch3d import paint

    renderer, size = renderer_of(lit_ball(unlit), monkeypatch), (64, 48)
    head, eye = renderer.head, np.eye(3, dtype=np.float32)
    points, normals = renderer.posed(np.zeros(0, np.float32), eye, np.stack([eye, eye]))
    screen = renderer.camera.project(points, size) * np.array([2, 2, 1], np.float32) - np.array([0.5, 0.5, 0])
    seen, shares = cast(screen, head.triangles, size)
    arrays = (normals, renderer._uvs, renderer._gloss, renderer._texture, renderer._lights)
    image = paint(
        torch.as_tensor(seen), torch.as_tensor(shares, dtype=torch.float32), torch.as_tensor(head.triangles).long(),
        tuple(torch.as_tensor(np.array(array, np.float32)) for array in arrays),
        torch.as_tensor(np.repeat(_ground(size[1])[:, None], size[0], axis=1)), unlit=unlit,
    )  # fmt: skip
    assert_same_picture(frame_of(renderer, size=size), image.numpy())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("size", [(64, 48), (48, 64)])
def test_pytorch3d_draws_the_same_picture(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    pytest.importorskip("pytorch3d", reason="PyTorch3D has no package on PyPI: built by hand where there is CUDA")
    head = lit_ball(False)
    ours = frame_of(renderer_of(head, monkeypatch, backend="numba"), size=size)
    theirs = frame_of(renderer_of(head, monkeypatch, backend="pytorch3d"), size=size)
    assert_same_picture(ours, theirs)


def test_an_absent_backend_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="choose auto, numba, pytorch3d"):
        MeshRenderer(None, backend="opengl")
    if importlib.util.find_spec("pytorch3d") is None:
        with pytest.raises(MissingDependency, match=r"INSTALL\.md"):
            MeshRenderer(None, backend="pytorch3d")


# --- the person of a portrait -----------------------------------------------------------------------


def person(folder: Path, alpha: np.ndarray | None = None) -> Head:
    pytest.importorskip("mediapipe")
    from PIL import Image
    from skimage import data

    pixels = data.astronaut()
    path = folder / "person.png"
    Image.fromarray(pixels if alpha is None else np.dstack([pixels, alpha])).save(path)
    return portrait_head(path)


def test_a_person_is_closed_all_around(tmp_path: Path) -> None:
    """Whichever way they turn and speak: only the lips, and the mouth behind them, have open edges."""
    trimesh = pytest.importorskip("trimesh")
    head = person(tmp_path)
    assert head.inner is not None
    skin = head.triangles[~head.inner[head.triangles].any(1)]
    lips = head.vertices[[78, 308, 13, 14]]
    for weight in (0.0, 1.0):
        points = head.vertices + weight * head.shapes[ARKIT_INDEX["jawOpen"]]
        mesh = trimesh.Trimesh(points, skin, process=False)
        mesh.merge_vertices(merge_tex=True, merge_norm=True)
        edges, counts = np.unique(mesh.edges_sorted, axis=0, return_counts=True)
        open_ends = mesh.vertices[np.unique(edges[counts == 1])]
        assert len(open_ends) < 30
        centre, width = lips.mean(0), np.linalg.norm(lips[0] - lips[1])
        assert (np.abs(open_ends - centre)[:, 0] < 0.6 * width).all()
        assert (np.linalg.norm(open_ends - centre, axis=1) < 1.3 * width).all()
        assert mesh.is_winding_consistent


def test_a_person_has_more_than_a_face(tmp_path: Path) -> None:
    """Hair above the forehead, neck below the chin, a back: adults' heads are 18 to 26 cm from chin to crown."""
    head = person(tmp_path)
    face = head.vertices[:468]
    assert 0.17 < head.vertices[:, 1].max() - face[:, 1].min() < 0.28
    assert head.vertices[:, 1].min() < face[:, 1].min() - 0.03
    assert head.vertices[:, 2].min() < face[:, 2].min() - 0.04


def test_a_cut_out_portrait_keeps_its_outline(tmp_path: Path) -> None:
    y, x = np.mgrid[:512, :512]
    alpha = np.where(np.hypot(x - 224, y - 130) < 120, 255, 0).astype(np.uint8)
    head = person(tmp_path, alpha)
    irises = find_face(read_picture(tmp_path / "person.png")).points[[468, 473]]
    diameter_m = 240 * 0.063 / float(np.linalg.norm(irises[0] - irises[1]))
    assert np.ptp(head.vertices[:, 0]) == pytest.approx(diameter_m, rel=0.05)
    assert np.ptp(head.vertices[:, 1]) == pytest.approx(diameter_m, rel=0.05)


@pytest.mark.filterwarnings("ignore")
def test_the_landmarker_finds_a_person_that_turns(tmp_path: Path) -> None:
    """And sees the nose go with the head: to the right of the picture for a positive yaw."""
    mediapipe = pytest.importorskip("mediapipe")
    person(tmp_path)
    renderer = MeshRenderer(tmp_path / "person.png")
    motion = Motion.still(0.2, 25.0)
    motion.head_rotation[:, 1] = np.linspace(-0.45, 0.45, len(motion))
    seen = []
    with mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True) as mesh:
        for frame in renderer.frames(motion, fps=25, size=(512, 512)):
            points = mesh.process(frame).multi_face_landmarks[0].landmark
            seen.append((points[1].x - points[234].x) / (points[454].x - points[234].x))
    assert np.all(np.diff(seen) > 0.02)


# --- heads of users ---------------------------------------------------------------------------------


def small_head(names: tuple[str, ...] = ARKIT_NAMES) -> Head:
    trimesh = pytest.importorskip("trimesh")
    ball = trimesh.creation.icosphere(subdivisions=2, radius=0.1)
    rng = np.random.default_rng(2)
    uvs = np.clip(0.5 + 4 * ball.vertices[:, :2], 0, 1).astype(np.float32)
    shapes = 0.01 * rng.normal(size=(len(names), len(ball.vertices), 3))
    texture = rng.integers(0, 255, (64, 64, 3)).astype(np.uint8)
    return Head(ball.vertices, ball.faces, names, shapes, uvs=uvs, texture=texture)


def written(head: Head, path: Path) -> Path:
    motion = Motion.still(0.01)
    weights = np.zeros((1, len(head.shape_names)), np.float32)
    path.write_bytes(build_gltf(head, motion, weights).glb())
    return path


def test_a_glb_reads_back(tmp_path: Path) -> None:
    head = small_head()
    read = read_glb(written(head, tmp_path / "a.glb"))
    assert read.shape_names == ARKIT_NAMES
    np.testing.assert_allclose(read.shapes, head.shapes, atol=1e-6)
    moved = read.vertices - head.vertices
    np.testing.assert_allclose(moved, np.broadcast_to(moved[0], moved.shape), atol=1e-6)
    np.testing.assert_array_equal(read.triangles, head.triangles)


def test_placed_meshes_are_read_in_the_scenes_axes(tmp_path: Path) -> None:
    """trimesh places the same file; our joined mesh has its points and its shapes turn with the node."""
    trimesh = pytest.importorskip("trimesh")
    path = written(small_head(), tmp_path / "a.glb")
    data = path.read_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    document = json.loads(data[20 : 20 + length])
    turn = [0.0, np.sin(0.5), 0.0, np.cos(0.5)]
    document["nodes"][0] |= {"rotation": turn, "translation": [0.3, 0.1, 0.0], "scale": [1.5, 1.5, 1.5]}
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    body = data[20 + length :]
    path.write_bytes(
        struct.pack("<IIIII", 0x46546C67, 2, 20 + len(text) + len(body), len(text), 0x4E4F534A) + text + body
    )
    scene = trimesh.load(path, process=False)
    theirs = scene.to_mesh().vertices if hasattr(scene, "to_mesh") else scene.dump(concatenate=True).vertices
    ours = read_glb(path).vertices
    np.testing.assert_allclose(ours - ours.mean(0), theirs - theirs.mean(0), atol=1e-5)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), "no morph targets"),
        (tuple(f"Blend_{i}" for i in range(52)), "0 of ARKit's 52 shapes"),
        (
            tuple(n.replace("Left", "_L").replace("Right", "_R") for n in ARKIT_NAMES if n != "jawOpen"),
            "nearest: .*→",
        ),
        (("JawOpen", *ARKIT_NAMES), "would both be jawOpen"),
    ],
)
def test_heads_with_other_names_are_refused_with_the_nearest(
    tmp_path: Path, names: tuple[str, ...], words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_glb(written(small_head(names), tmp_path / "a.glb"))
    assert "\n" not in str(caught.value)


def test_renaming_is_the_users_word(tmp_path: Path) -> None:
    names = ("Jaw_Drop", *ARKIT_NAMES[:12])
    path = written(small_head(names), tmp_path / "a.glb")
    head = read_glb(path, {"Jaw_Drop": "jawOpen"})
    np.testing.assert_allclose(head.shapes[head.shape_names.index("jawOpen")], small_head(names).shapes[0], atol=1e-6)
    with pytest.raises(InputError, match="did you mean Jaw_Drop"):
        read_glb(path, {"Jaw_Drp": "jawOpen"})
    with pytest.raises(InputError, match="did you mean jawOpen"):
        read_glb(path, {"Jaw_Drop": "jawOpn"})


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    good = written(small_head(), tmp_path / "a.glb").read_bytes()
    rng = np.random.default_rng(4)
    bad = tmp_path / "b.glb"
    for content in (b"", b"glTF", good[:100], good[: len(good) // 2], b"PK\x03\x04" + good[4:]):
        bad.write_bytes(content)
        with pytest.raises(InputError, match=r"b\.glb"):
            read_glb(bad)
    bad.write_bytes(good[:-7])
    with pytest.raises(InputError, match=rf"cut off: {len(good) - 7} of {len(good)} bytes"):
        read_glb(bad)
    text = good[20:3000]
    for _ in range(40):  # bytes of its JSON changed at random: refused or read, never another error
        changed = bytearray(good)
        for at in rng.integers(20, 20 + len(text), 3):
            changed[at] = int(rng.integers(32, 126))
        bad.write_bytes(bytes(changed))
        with contextlib.suppress(InputError):
            read_glb(bad)


def test_registered_heads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    path = written(small_head(), tmp_path / "my head!.glb")
    name, entry = add_head(path)
    assert name == "my-head"
    assert registered() == {"my-head": entry}
    assert open_head("my-head").shape_names == ARKIT_NAMES
    for bad in ("../x", "neutral", "a/b", "x" * 99):
        with pytest.raises(InputError, match="not possible"):
            add_head(path, bad)
    with pytest.raises(InputError, match="no head is called"):
        open_head("nobody")
    (tmp_path / "config" / "mien" / "heads.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        open_head("my-head")


def test_an_ict_folder(shared_data: Path) -> None:
    head = open_head(str(shared_data / "ict_facekit"))
    assert head.shape_names == ARKIT_NAMES
    jaw = head.shapes[ARKIT_INDEX["jawOpen"]]
    assert jaw[:, 1].min() < -0.03  # the chin goes down by more than 3 cm at the full
