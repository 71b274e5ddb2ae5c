"""Load and register the weights that ship with the project."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from checkpoints.errors import CheckpointError

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["FOLDER", "Checkpoint", "load", "manifest", "register"]

FOLDER = Path(__file__).parent
MANIFEST_FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """Weights with what is known about them.

    Attributes
    ----------
    name : str
        Key in the manifest.
    tensors : mapping of str to ndarray
        As stored; read-only arrays.
    metadata : mapping of str to str
        The safetensors header's own metadata.
    entry : mapping
        The manifest's entry: licence, attribution, version, metrics …
    """

    name: str
    tensors: Mapping[str, npt.NDArray[Any]]
    metadata: Mapping[str, str]
    entry: Mapping[str, Any]


def manifest(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """Return the entries of ``manifest.json`` by checkpoint name.

    Raises
    ------
    CheckpointError
        If the manifest is missing, not JSON, or of another format.
    """
    path = folder / "manifest.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot read {path}: {error}; reinstall mien") from error
    if content.get("format") != MANIFEST_FORMAT:
        raise CheckpointError(
            f"{path} has format {content.get('format')!r}, this version reads {MANIFEST_FORMAT}; reinstall mien"
        )
    return dict(content["checkpoints"])


@lru_cache(maxsize=16)
def load(name: str, *, version: int | None = None, folder: Path = FOLDER) -> Checkpoint:
    """Load a shipped checkpoint after checking its hash.

    Parameters
    ----------
    name : str
        Key in the manifest.
    version : int, optional
        The format version that the caller understands; another one is refused.
    folder : Path
        Where ``manifest.json`` lies.

    Raises
    ------
    CheckpointError
        If the name is unknown, the file is absent or altered, or the version is another.

    Examples
    --------
    >>> load("face_rig").entry["licence"]
    'MIT'
    """
    entries = manifest(folder)
    if name not in entries:
        raise CheckpointError(f"no checkpoint is called {name!r}; there are {', '.join(sorted(entries))}")
    entry = entries[name]
    path = folder / entry["file"]
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot read the checkpoint {path}: {error}; reinstall mien") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != entry["sha256"]:
        raise CheckpointError(
            f"{path} has sha256 {digest[:12]}…, the manifest says {entry['sha256'][:12]}…: "
            "the file is damaged or was replaced; reinstall mien"
        )
    if version is not None and entry["version"] != version:
        raise CheckpointError(f"{path} has version {entry['version']}, this code reads {version}; reinstall mien")
    tensors, metadata = _parse(data, path)
    return Checkpoint(name, MappingProxyType(tensors), MappingProxyType(metadata), MappingProxyType(entry))


def register(name: str, path: Path, **facts: Any) -> None:
    """Enter a checkpoint file into the manifest of its folder.

    Parameters
    ----------
    name : str
        Key in the manifest.
    path : Path
        The safetensors file; its folder holds ``manifest.json``, which is made if need be.
    **facts
        ``version`` (int), ``licence``, ``attribution``, ``source``, ``made_by`` and whatever else a
        reader of the manifest should know (``seed``, ``metrics``, ``data`` …).

    Raises
    ------
    CheckpointError
        If one of the facts that every entry must carry is missing.
    """
    missing = {"version", "licence", "attribution", "source", "made_by"} - facts.keys()
    if missing:
        raise CheckpointError(f"checkpoint {name!r} lacks {', '.join(sorted(missing))}; give them to register()")
    data = path.read_bytes()
    file = path.parent / "manifest.json"
    entries = manifest(path.parent) if file.exists() else {}
    entries[name] = {
        "file": path.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        **facts,
    }
    text = json.dumps({"format": MANIFEST_FORMAT, "checkpoints": entries}, indent=2, sort_keys=True, ensure_ascii=False)
    partial = file.with_suffix(".json.partial")
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(file)


def _parse(data: bytes, path: Path) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """Return the tensors and the metadata of a safetensors file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as load_tensors

    try:
        tensors = load_tensors(data)
    except SafetensorError as error:
        raise CheckpointError(f"{path} is not a safetensors file: {error}; reinstall mien") from error
    for tensor in tensors.values():
        tensor.setflags(write=False)
    header_bytes = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + header_bytes])
    return tensors, dict(header.get("__metadata__", {}))
