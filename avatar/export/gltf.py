"""``.glb`` and ``.gltf``: a face with its texture, its shapes, and the performance as an animation.

The scene is ``Head`` (a node that turns) → ``Face`` (the mesh with its morph targets), ``LeftEye`` and
``RightEye`` (nodes that turn with the gaze; the lids and irises of the mesh follow by its shapes). Shape
names stand in ``mesh.extras.targetNames`` and, for older readers, in ``primitive.extras.targetNames``.
One animation holds weights and rotations, linear between keys at the motion's rate.
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from avatar.export.gltf_file import GltfBuilder
from avatar.export.heads import performed
from conditioning import Motion
from renderers.mesh_head import Head, NormalMaker, rotation_quaternions, triangles_between, vertex_tangents

if TYPE_CHECKING:
    from avatar.take import Take

__all__ = ["build_gltf", "write_glb", "write_gltf"]

_LINEAR_MIPMAP_LINEAR, _LINEAR, _CLAMP_TO_EDGE = 9987, 9729, 33071
#: Deltas below this many metres are none: a hundredth of a hair.
_MIN_DELTA_M = 1e-7
_MESH_NAMES = ("FaceMesh", "LeftEyeMesh", "RightEyeMesh")


def write_glb(take: Take, path: Path, *, fps: float | None = None, rig: str = "arkit", head: str | None = None) -> None:
    """Write a binary glTF.

    Parameters
    ----------
    take : Take
        Its portrait gives the face; without one it is a neutral head.
    path : Path
    fps : float, optional
        Keys a second; the motion's own rate by default.
    rig : str
        Name of a rig or path of a retarget file: which names the morph targets carry.
    head : str, optional
        Another head: a registered name, a GLB file or an ICT-FaceKit folder.
    """
    path.write_bytes(_built(take, fps, rig, head).glb())


def write_gltf(
    take: Take, path: Path, *, fps: float | None = None, rig: str = "arkit", head: str | None = None
) -> None:
    """Write a glTF as JSON, its buffer inside; see :func:`write_glb`."""
    path.write_bytes(_built(take, fps, rig, head).gltf())


def _built(take: Take, fps: float | None, rig: str, head: str | None) -> GltfBuilder:
    return build_gltf(*performed(take, fps, rig, head), take.text)


def build_gltf(
    head: Head, motion: Motion, weights: npt.NDArray[np.float32], title: str = "", *, shape_normals: bool = True
) -> GltfBuilder:
    """Return the file of a head that performs.

    Parameters
    ----------
    head : Head
    motion : Motion
        Gives the rate and the rotations.
    weights : (T, N) float32
        Of the head's shapes.
    title : str
        What is said.
    shape_normals : bool
        Whether shapes turn the normals too; without, half the size, for viewers that make their own.
    """
    builder = GltfBuilder()
    material = _material(builder, head)
    nodes: list[dict[str, Any]] = [
        {"name": "Head", "children": [1, 2, 3]},
        {"name": "Face", "mesh": _mesh(builder, _part(head, 0), material, shape_normals)},
        {"name": "LeftEye", "translation": head.eyes[0].astype(float).tolist()},
        {"name": "RightEye", "translation": head.eyes[1].astype(float).tolist()},
    ]
    if head.eye_parts is not None:
        for side in (1, 2):
            nodes[side + 1]["mesh"] = _mesh(builder, _part(head, side), material, False)
    builder.document["nodes"] = nodes
    builder.document |= {"scene": 0, "scenes": [{"name": "Scene", "nodes": [0]}]}
    builder.document["asset"]["extras"] = {"fps": motion.fps, "frames": len(motion), "text": title}
    if head.attribution:
        builder.document["asset"]["copyright"] = head.attribution
    _animation(builder, motion, weights)
    return builder


def _part(head: Head, part: int) -> Head:
    """Return the face (0) or an eyeball (1, 2), which has no shapes and lies about its own centre."""
    if head.eye_parts is None:
        return replace(head, name=_MESH_NAMES[part])
    used = head.eye_parts == part
    return replace(
        head,
        vertices=head.vertices[used] - (head.eyes[part - 1] if part else 0),
        triangles=triangles_between(head.triangles, used),
        shape_names=() if part else head.shape_names,
        shapes=head.shapes[: 0 if part else None, used],
        uvs=None if head.uvs is None else head.uvs[used],
        eye_parts=None,
        name=_MESH_NAMES[part],
    )


def _mesh(builder: GltfBuilder, head: Head, material: int, shape_normals: bool) -> int:
    maker = NormalMaker(head.triangles, len(head.vertices))
    normals = maker(head.vertices)
    attributes = {
        "POSITION": builder.accessor(head.vertices, limits=True),
        "NORMAL": builder.accessor(normals),
    }
    if head.uvs is not None:
        attributes["TANGENT"] = builder.accessor(vertex_tangents(head.vertices, head.triangles, head.uvs, normals))
        attributes["TEXCOORD_0"] = builder.accessor(head.uvs)
    primitive: dict[str, Any] = {
        "attributes": attributes,
        "indices": builder.indices(head.triangles, len(head.vertices)),
        "material": material,
    }
    mesh: dict[str, Any] = {"name": head.name, "primitives": [primitive]}
    if head.shape_names:
        names = list(head.shape_names)
        primitive["targets"] = [
            _target(builder, head, shape, normals, maker if shape_normals else None) for shape in head.shapes
        ]
        primitive["extras"] = {"targetNames": names}
        mesh |= {"weights": [0.0] * len(names), "extras": {"targetNames": names}}
    return builder.add("meshes", mesh)


def _target(
    builder: GltfBuilder,
    head: Head,
    shape: npt.NDArray[np.float32],
    normals: npt.NDArray[np.float32],
    maker: NormalMaker | None,
) -> dict[str, int]:
    delta = np.where(np.abs(shape) > _MIN_DELTA_M, shape, np.float32(0))
    if maker is None:
        return {"POSITION": builder.accessor(delta, limits=True)}
    turned = maker(head.vertices + delta) - normals
    return {"POSITION": builder.accessor(delta, limits=True), "NORMAL": builder.accessor(turned)}


def _material(builder: GltfBuilder, head: Head) -> int:
    pbr: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": 0.6}
    material: dict[str, Any] = {"name": "Skin", "pbrMetallicRoughness": pbr}
    if head.texture is None or head.uvs is None:
        linear = [float(value) ** 2.2 for value in head.colour]
        pbr["baseColorFactor"] = [*linear, 1.0]
    else:
        has_alpha = head.texture.shape[2] == 4
        view = builder.view(_picture_bytes(head.texture))
        mime = "image/png" if has_alpha else "image/jpeg"
        builder.add("images", {"name": "FaceTexture", "mimeType": mime, "bufferView": view})
        builder.add(
            "samplers",
            {
                "magFilter": _LINEAR,
                "minFilter": _LINEAR_MIPMAP_LINEAR,
                "wrapS": _CLAMP_TO_EDGE,
                "wrapT": _CLAMP_TO_EDGE,
            },
        )
        pbr["baseColorTexture"] = {"index": builder.add("textures", {"source": 0, "sampler": 0})}
        if has_alpha:
            material["alphaMode"] = "BLEND"
    if head.unlit:
        # A photo holds its own light; shading it again would double it.
        material["extensions"] = {"KHR_materials_unlit": {}}
        builder.document["extensionsUsed"] = ["KHR_materials_unlit"]
    return builder.add("materials", material)


def _picture_bytes(texture: npt.NDArray[np.uint8]) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    if texture.shape[2] == 4:
        Image.fromarray(texture).save(buffer, "PNG")
    else:
        Image.fromarray(texture).save(buffer, "JPEG", quality=93, subsampling=0)
    return buffer.getvalue()


def _animation(builder: GltfBuilder, motion: Motion, weights: npt.NDArray[np.float32]) -> None:
    times = builder.accessor(motion.times_s, limits=True, mesh=False)
    outputs: list[tuple[int, str, npt.NDArray[Any]]] = [
        (1, "weights", weights.ravel()),
        (0, "rotation", rotation_quaternions(motion.head_rotation)),
        (2, "rotation", rotation_quaternions(motion.eye_rotation[:, 0])),
        (3, "rotation", rotation_quaternions(motion.eye_rotation[:, 1])),
    ]
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []
    for node, path, values in outputs:
        output = builder.accessor(values, mesh=False)
        channels.append({"sampler": len(samplers), "target": {"node": node, "path": path}})
        samplers.append({"input": times, "output": output, "interpolation": "LINEAR"})
    builder.add("animations", {"name": "Take", "samplers": samplers, "channels": channels})
