"""Build a glTF 2.0 file: accessors into one buffer, and the binary container.

The specification: Khronos Group, *glTF 2.0 Specification*, 3.6 (accessors) and 4.4 (GLB).
"""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.export.version import GENERATOR

__all__ = ["GltfBuilder"]

_ARRAY_BUFFER, _ELEMENT_ARRAY_BUFFER = 34962, 34963
_COMPONENTS = {"f4": 5126, "u4": 5125, "u2": 5123}
_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}
_GLB_MAGIC, _JSON_CHUNK, _BIN_CHUNK = 0x46546C67, 0x4E4F534A, 0x004E4942


class GltfBuilder:
    """Collects arrays and objects of one glTF file.

    ``document`` is the JSON object in the making; :meth:`add` appends to one of its lists.
    """

    def __init__(self) -> None:
        self.document: dict[str, Any] = {"asset": {"version": "2.0", "generator": GENERATOR}}
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, kind: str, item: dict[str, Any]) -> int:
        """Append to a top-level list such as ``"nodes"`` and return the index."""
        items: list[dict[str, Any]] = self.document.setdefault(kind, [])
        items.append(item)
        return len(items) - 1

    def view(self, data: bytes, target: int | None = None) -> int:
        """Append bytes to the buffer, at a multiple of four, and return their buffer view."""
        view: dict[str, Any] = {"buffer": 0, "byteOffset": self._size, "byteLength": len(data)}
        if target is not None:
            view["target"] = target
        padded = data + b"\0" * (-len(data) % 4)
        self._chunks.append(padded)
        self._size += len(padded)
        return self.add("bufferViews", view)

    def accessor(self, array: npt.NDArray[Any], *, limits: bool = False, mesh: bool = True) -> int:
        """Append an array and return its accessor.

        Parameters
        ----------
        array : (n,) or (n, 2…4) float or unsigned int
        limits : bool
            Whether to write the smallest and largest value: positions and key times must have them.
        mesh : bool
            Whether it is a vertex attribute; key times and values are not.
        """
        array = np.ascontiguousarray(array, "<u4" if array.dtype.kind in "ui" else "<f4")
        columns = 1 if array.ndim == 1 else array.shape[1]
        item = {
            "bufferView": self.view(array.tobytes(), _ARRAY_BUFFER if mesh else None),
            "componentType": _COMPONENTS[array.dtype.str[1:]],
            "count": len(array),
            "type": _TYPES[columns],
        }
        if limits:
            rows = array.reshape(len(array), columns).astype(np.float64)
            item |= {"min": rows.min(0).tolist(), "max": rows.max(0).tolist()}
        return self.add("accessors", item)

    def indices(self, triangles: npt.NDArray[np.integer[Any]], vertex_count: int) -> int:
        """Append triangles as the narrowest index type and return the accessor."""
        kind = "<u2" if vertex_count < 0xFFFF else "<u4"
        flat = np.ascontiguousarray(triangles.ravel(), kind)
        item = {
            "bufferView": self.view(flat.tobytes(), _ELEMENT_ARRAY_BUFFER),
            "componentType": _COMPONENTS[kind[1:]],
            "count": len(flat),
            "type": "SCALAR",
        }
        return self.add("accessors", item)

    def glb(self) -> bytes:
        """Return the file in its binary form."""
        body = b"".join(self._chunks)
        if body:
            self.document["buffers"] = [{"byteLength": len(body)}]
        text = self._text()
        text += b" " * (-len(text) % 4)
        parts = [struct.pack("<II", len(text), _JSON_CHUNK), text]
        if body:
            parts += [struct.pack("<II", len(body), _BIN_CHUNK), body]
        size = 12 + sum(map(len, parts))
        return b"".join([struct.pack("<III", _GLB_MAGIC, 2, size), *parts])

    def gltf(self) -> bytes:
        """Return the file as JSON with its buffer inside."""
        body = b"".join(self._chunks)
        uri = "data:application/octet-stream;base64," + base64.b64encode(body).decode("ascii")
        self.document["buffers"] = [{"byteLength": len(body), "uri": uri}]
        return self._text()

    def _text(self) -> bytes:
        return json.dumps(self.document, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
