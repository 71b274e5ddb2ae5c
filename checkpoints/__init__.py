"""Shipped weights, and the one door through which they are loaded.

``manifest.json`` lists every file here::

    {"format": 1,
     "checkpoints": {
       "face_rig": {"file": "face_rig.safetensors", "version": 1, "sha256": "…", "bytes": 123,
                    "licence": "MIT", "attribution": "…", "source": "https://…",
                    "made_by": "mien train rig …", "seed": 0, "metrics": {…}}}}

A checkpoint loads only if its bytes have the hash of the manifest, and its format is safetensors: no
pickle is ever opened. Whoever makes a checkpoint enters it with :func:`register`.
"""

from __future__ import annotations

from checkpoints.errors import (
    BackendError,
    CheckpointError,
    InputError,
    MarkupError,
    MienError,
    MissingDependency,
    OutputError,
)
from checkpoints.store import Checkpoint, load, manifest, register

__all__ = [
    "BackendError",
    "Checkpoint",
    "CheckpointError",
    "InputError",
    "MarkupError",
    "MienError",
    "MissingDependency",
    "OutputError",
    "load",
    "manifest",
    "register",
]
