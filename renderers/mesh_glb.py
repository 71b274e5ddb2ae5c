"""Read a head from a binary glTF with ARKit morph targets.

Meshes are joined in the axes of the scene; their base colours become one texture. Shapes are taken by their
exact ARKit names: a file with other names is refused with the nearest ones, for a guess that is wrong in
silence would be seen in every line.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning import ARKIT_INDEX, ARKIT_NAMES
from renderers.mesh_head import Head, quaternion_matrices
from renderers.mesh_names import match_names

__all__ = ["MAX_BYTES", "read_glb"]

MAX_BYTES = 1 << 30
_MAX_VERTICES = 2_000_000
#: Side of a material's tile in the joined texture, pixels.
_TILE_PX = 1024
#: Height of a head with its neck, metres: files in other units are scaled to it.
_HEAD_HEIGHT_M = 0.26

_KINDS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_COLUMNS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}

Array = npt.NDArray[Any]


def read_glb(path: Path, rename: Mapping[str, str] | None = None) -> Head:
    """Read a head.

    Parameters
    ----------
    path : Path
    rename : mapping of str to str, optional
        Shape name in the file → ARKit name.

    Raises
    ------
    InputError
        If the file is no GLB, is damaged, or has no shapes under ARKit's names.
    """
    document, body = _chunks(path)
    try:
        return _Reader(document, body, path, rename or {}).head()
    except (KeyError, IndexError, TypeError, ValueError, struct.error, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is damaged: {type(error).__name__} at {error}") from error


def _chunks(path: Path) -> tuple[dict[str, Any], bytes]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} has {path.stat().st_size >> 20} MiB; at most {MAX_BYTES >> 20} are read")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    if len(data) < 20 or data[:4] != b"glTF" or struct.unpack_from("<I", data, 4)[0] != 2:
        raise InputError(f"{path} is no binary glTF 2.0; export the head as .glb")
    total, length = struct.unpack_from("<II", data, 8)
    if total > len(data):
        raise InputError(f"{path} is cut off: {len(data)} of {total} bytes are there; copy or export it again")
    try:
        document = json.loads(data[20 : 20 + length])
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged: its JSON cannot be read ({error})") from error
    if not isinstance(document, dict):
        raise InputError(f"{path} is damaged: its JSON is no object")
    return document, data[20 + length + 8 :]


class _Reader:
    """Joins the meshes of one file."""

    def __init__(self, document: dict[str, Any], body: bytes, path: Path, rename: Mapping[str, str]) -> None:
        self.document, self.body, self.path, self.rename = document, body, path, rename
        self.vertices: list[Array] = []
        self.triangles: list[Array] = []
        self.uvs: list[Array] = []
        self.shapes: list[dict[str, Array]] = []
        self.materials: list[int | None] = []

    def head(self) -> Head:
        """Return the head of the whole scene."""
        for node, transform in self._placed():
            if "mesh" in self.document["nodes"][node]:
                self._add_mesh(self.document["nodes"][node]["mesh"], transform)
        if not self.vertices:
            raise InputError(f"{self.path} has no mesh")
        names = self._names()
        order = sorted(names.values(), key=ARKIT_INDEX.__getitem__)
        counts = [len(vertices) for vertices in self.vertices]
        offsets = np.cumsum([0, *counts[:-1]])
        shapes = np.zeros((len(order), sum(counts), 3), np.float32)
        for start, count, found in zip(offsets, counts, self.shapes, strict=True):
            for name, delta in found.items():
                if name in names:
                    shapes[order.index(names[name]), start : start + count] += delta
        triangles = np.concatenate([t + o for t, o in zip(self.triangles, offsets, strict=True)])
        texture, uvs = self._texture()
        vertices, scale = _centred(np.concatenate(self.vertices))
        return Head(
            vertices=vertices,
            triangles=triangles.astype(np.int32),
            shape_names=tuple(order),
            shapes=shapes * scale,
            uvs=uvs,
            texture=texture,
            name=self.path.stem,
            attribution=str(self.document.get("asset", {}).get("copyright", "")),
        )

    def _names(self) -> dict[str, str]:
        """Return shape name in the file → ARKit name, or tell which are missing."""
        found = sorted({name for shapes in self.shapes for name in shapes})
        if not found:
            raise InputError(
                f"{self.path} has no morph targets; export the head with its shape keys (ARKit's 52 names, "
                f"such as {ARKIT_NAMES[17]})"
            )
        return match_names(found, self.rename, str(self.path))

    def _placed(self) -> list[tuple[int, npt.NDArray[np.float64]]]:
        """Return the nodes of the scene with their transforms."""
        nodes = self.document.get("nodes", [])
        scenes = self.document.get("scenes") or [{"nodes": list(range(len(nodes)))}]
        stack = [(int(n), np.eye(4)) for n in scenes[self.document.get("scene", 0)].get("nodes", [])]
        placed: list[tuple[int, npt.NDArray[np.float64]]] = []
        while stack:
            node, above = stack.pop()
            if len(placed) > len(nodes):
                raise ValueError("a node that is its own descendant")
            transform = above @ _local(nodes[node])
            placed.append((node, transform))
            stack += [(int(child), transform) for child in nodes[node].get("children", [])]
        return sorted(placed, key=lambda item: item[0])

    def _add_mesh(self, number: int, transform: npt.NDArray[np.float64]) -> None:
        mesh = self.document["meshes"][number]
        for primitive in mesh["primitives"]:
            if primitive.get("mode", 4) != 4:
                continue
            attributes = primitive["attributes"]
            points = self._array(attributes["POSITION"])
            if sum(map(len, self.vertices)) + len(points) > _MAX_VERTICES:
                raise InputError(f"{self.path} has more than {_MAX_VERTICES} vertices; export the head alone")
            extras = (primitive.get("extras") or {}, mesh.get("extras") or {})
            names = next((e["targetNames"] for e in extras if "targetNames" in e), None)
            targets = primitive.get("targets", [])
            if targets and names is None:
                names = [f"target_{i}" for i in range(len(targets))]
            matrix = transform[:3, :3].T.astype(np.float32)
            self.vertices.append(points @ matrix + transform[:3, 3].astype(np.float32))
            deltas = {
                str(name): self._array(target["POSITION"]) @ matrix
                for name, target in zip(names or [], targets, strict=False)
                if "POSITION" in target
            }
            self.shapes.append(deltas)
            indices = primitive.get("indices")
            flat = np.arange(len(points)) if indices is None else self._array(indices).ravel().astype(np.int64)
            faces = flat[: len(flat) // 3 * 3].reshape(-1, 3)
            self.triangles.append(faces[:, ::-1] if np.linalg.det(transform[:3, :3]) < 0 else faces)
            has_uvs = "TEXCOORD_0" in attributes
            self.uvs.append(
                self._array(attributes["TEXCOORD_0"]) if has_uvs else np.zeros((len(points), 2), np.float32)
            )
            self.materials.append(primitive.get("material"))

    def _array(self, number: int) -> npt.NDArray[np.float32]:
        """Return an accessor as (n, columns) float32, sparse values filled in."""
        item = self.document["accessors"][number]
        columns, count = _COLUMNS[item["type"]], int(item["count"])
        if not 0 <= count <= 4 * _MAX_VERTICES:
            raise ValueError(f"accessor {number} of {count} items")
        if "bufferView" in item:
            values = self._view(item["bufferView"], item.get("byteOffset", 0), item["componentType"], count, columns)
        else:
            values = np.zeros((count, columns), np.float32)
        if "sparse" in item:
            part = item["sparse"]
            where, what = part["indices"], part["values"]
            at = self._view(where["bufferView"], where.get("byteOffset", 0), where["componentType"], part["count"], 1)
            values = values.copy()
            values[at.ravel().astype(np.int64)] = self._view(
                what["bufferView"], what.get("byteOffset", 0), item["componentType"], part["count"], columns
            )
        if item.get("normalized"):
            values = values / np.iinfo(np.dtype(_KINDS[item["componentType"]])).max
        return values.astype(np.float32)

    def _view(self, number: int, offset: int, component: int, count: int, columns: int) -> Array:
        view = self.document["bufferViews"][number]
        if view.get("buffer", 0) != 0 or "uri" in self.document["buffers"][0]:
            raise InputError(f"{self.path} keeps its data in other files; export one .glb with everything inside")
        kind = np.dtype(_KINDS[component])
        start = view.get("byteOffset", 0) + offset
        stride = view.get("byteStride") or kind.itemsize * columns
        needed = start + stride * (count - 1) + kind.itemsize * columns if count else start
        if start < 0 or needed > len(self.body):
            raise ValueError(f"buffer view {number}, which ends outside the file")
        raw = np.frombuffer(self.body, np.uint8)
        if stride == kind.itemsize * columns:
            return np.frombuffer(self.body, kind, count * columns, start).reshape(count, columns)
        rows = np.lib.stride_tricks.as_strided(raw[start:], (count, kind.itemsize * columns), (stride, 1))
        return np.ascontiguousarray(rows).view(kind).reshape(count, columns)

    def _texture(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
        """Return the base colours of all materials side by side, and texture coordinates into them."""
        used = sorted({-1 if material is None else material for material in self.materials})
        tiles = [self._tile(material) for material in used]
        height = max(tile.shape[0] for tile in tiles)
        width = max(tile.shape[1] for tile in tiles)
        atlas = np.zeros((height, width * len(tiles), 3), np.uint8)
        for i, tile in enumerate(tiles):
            rows, columns = np.arange(height) * tile.shape[0] // height, np.arange(width) * tile.shape[1] // width
            atlas[:, i * width : (i + 1) * width] = tile[rows][:, columns]
        uvs = []
        for coordinates, material in zip(self.uvs, self.materials, strict=True):
            slot = used.index(-1 if material is None else material)
            inside = np.where((coordinates >= 0) & (coordinates <= 1), coordinates, coordinates % 1.0)
            inset = 0.5 / width
            across = (slot + np.clip(inside[:, 0], inset, 1 - inset)) / len(tiles)
            uvs.append(np.stack([across, inside[:, 1]], axis=1))
        return atlas, np.concatenate(uvs).astype(np.float32)

    def _tile(self, material: int) -> npt.NDArray[np.uint8]:
        """Return the base colour of a material as a picture."""
        pbr = self.document["materials"][material].get("pbrMetallicRoughness", {}) if material >= 0 else {}
        factor = np.clip(np.array(pbr.get("baseColorFactor", [0.6, 0.42, 0.35, 1.0])[:3], np.float64), 0, 1)
        if "baseColorTexture" not in pbr:
            return np.full((4, 4, 3), np.round(255 * factor ** (1 / 2.2)), np.uint8)
        from PIL import Image, UnidentifiedImageError

        source = self.document["textures"][pbr["baseColorTexture"]["index"]]["source"]
        view = self.document["bufferViews"][self.document["images"][source]["bufferView"]]
        data = self.body[view.get("byteOffset", 0) : view.get("byteOffset", 0) + view["byteLength"]]
        try:
            image = Image.open(io.BytesIO(data)).convert("RGB")
        except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
            raise InputError(f"{self.path}: a texture cannot be read ({error})") from error
        image.thumbnail((_TILE_PX, _TILE_PX))
        tint = np.clip(np.array(pbr.get("baseColorFactor", [1, 1, 1, 1])[:3]), 0, 1) ** (1 / 2.2)
        return np.round(np.asarray(image, np.float64) * tint).astype(np.uint8)


def _local(node: dict[str, Any]) -> npt.NDArray[np.float64]:
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    rotation = quaternion_matrices(np.array(node.get("rotation", [0, 0, 0, 1]), np.float64))
    local = np.eye(4)
    local[:3, :3] = rotation * np.array(node.get("scale", [1, 1, 1]), np.float64)
    local[:3, 3] = node.get("translation", [0, 0, 0])
    return local


def _centred(vertices: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], float]:
    """Return vertices in metres about the joint of the neck, and the factor.

    A file in metres (a head 15 to 40 cm high, or a whole body) keeps its size; others are scaled to a head.
    """
    low, high = vertices.min(0), vertices.max(0)
    height = float(high[1] - low[1])
    scale = 1.0 if 0.15 <= height <= 3.0 else _HEAD_HEIGHT_M / max(height, 1e-9)
    top = float(high[1]) * scale
    head = vertices[:, 1] * scale >= top - _HEAD_HEIGHT_M
    middle = (vertices[head].min(0) + vertices[head].max(0)) / 2 * scale
    origin = np.array([middle[0], top - 0.16, middle[2] - 0.01], np.float32)
    return (vertices * np.float32(scale) - origin).astype(np.float32), scale
