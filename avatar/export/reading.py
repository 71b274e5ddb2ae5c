"""Read a performance back: Live Link takes, Audio2Face JSON, NPZ and our own JSON.

What is read is a :class:`Motion` like any other: it can be resampled, cut, mixed with ours
(:mod:`avatar.export.editing`) and written in every format.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.export.take_json import parsed, take_of
from avatar.rigs import open_rig
from checkpoints.errors import InputError
from conditioning import ARKIT_NAMES, Motion
from conditioning.registry import Registry, nearest

__all__ = ["READERS", "checked_weights", "read_a2f", "read_motion", "read_npz"]

#: Values above 1 occur in real takes (1.06); more than this is another scale, such as 0 to 100.
MAX_WEIGHT = 1.5
#: Larger files than this are refused before they are opened.
MAX_FILE_BYTES = 1 << 30

READERS = Registry(
    "reader",
    "mien.readers",
    {
        ".csv": "avatar.export.live_link_reader:read_csv",
        ".a2f.json": "avatar.export.reading:read_a2f",
        ".json": "avatar.export.reading:read_any_json",
        ".npz": "avatar.export.reading:read_npz",
    },
)


def read_motion(path: Path | str, **options: Any) -> Motion:
    """Read a performance; the suffix picks the format.

    Parameters
    ----------
    path : Path
        ``.csv`` (Live Link Face), ``.json`` (a take, or Audio2Face), ``.npz``.
    **options
        Of the reader, such as ``rig="arkit"`` for Audio2Face JSON.

    Raises
    ------
    InputError
        If the file cannot be read or is not what its suffix says; the message names what is missing.
    """
    source = Path(path)
    if not source.is_file():
        raise InputError(f"there is no file {source}; give a take as .csv, .json or .npz")
    if source.stat().st_size > MAX_FILE_BYTES:
        raise InputError(f"{source} has {source.stat().st_size >> 20} MiB; at most {MAX_FILE_BYTES >> 20} are read")
    for suffix in sorted(READERS, key=len, reverse=True):
        if source.name.lower().endswith(suffix):
            motion: Motion = READERS.load(suffix)(source, **options)
            return motion
    known = sorted(READERS)
    raise InputError(f"{source.name!r} has no suffix of a take ({' '.join(known)}){nearest(source.suffix, known)}")


def read_any_json(path: Path, *, rig: str = "claire") -> Motion:
    """Read a take of ours, or Audio2Face JSON."""
    content = parsed(path)
    if isinstance(content, dict) and "weightMat" in content:
        return _a2f(content, path, rig)
    return take_of(content, str(path)).motion


def read_a2f(path: Path, *, rig: str = "claire") -> Motion:
    """Read Audio2Face's blendshape JSON.

    Parameters
    ----------
    path : Path
    rig : str
        What its names mean: ``claire`` (mouthClose holds its own open jaw) or ``arkit``.
    """
    return _a2f(parsed(path), path, rig)


def _a2f(content: Any, path: Path, rig: str) -> Motion:
    keys = ("exportFps", "facsNames", "weightMat")
    missing = [key for key in keys if not isinstance(content, dict) or key not in content]
    if missing:
        raise InputError(f"{path} is no Audio2Face JSON: it lacks {', '.join(missing)}")
    try:
        table = np.array(content["weightMat"], np.float32)
        fps = float(content["exportFps"])
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: weightMat must be rows of numbers of one length: {error}") from error
    names = [str(name) for name in content["facsNames"]]
    if table.ndim != 2 or table.shape[1] != len(names) or not len(table):
        raise InputError(f"{path}: weightMat is {table.shape}, but there are {len(names)} facsNames")
    return motion_of(fps, names, table, rig, str(path))


def read_npz(path: Path, *, rig: str | None = None) -> Motion:
    """Read arrays: ``names``, ``weights``, ``fps``, and where known ``head_rotation`` and ``eye_rotation``."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise InputError(f"cannot read {path} as NPZ: {error}") from error
    missing = [name for name in ("fps", "names", "weights") if name not in arrays]
    if missing:
        raise InputError(f"{path} lacks the arrays {', '.join(missing)}; it has {', '.join(sorted(arrays)) or 'none'}")
    names = [str(name) for name in np.atleast_1d(arrays["names"])]
    table = np.asarray(arrays["weights"], np.float32)
    if table.ndim != 2 or table.shape[1] != len(names):
        raise InputError(f"{path}: weights are {table.shape}, but there are {len(names)} names")
    chosen = rig or str(arrays.get("rig", "arkit"))
    head, eyes = arrays.get("head_rotation"), arrays.get("eye_rotation")
    return motion_of(float(arrays["fps"]), names, table, chosen, str(path), head, eyes)


def motion_of(
    fps: float,
    names: list[str],
    table: npt.NDArray[np.float32],
    rig: str,
    source: str,
    head: npt.NDArray[np.float32] | None = None,
    eyes: npt.NDArray[np.float32] | None = None,
) -> Motion:
    """Return the motion of (T, n) curves of a rig, mapped by name."""
    chosen = open_rig(rig)
    known = {name.lower(): column for column, name in enumerate(chosen.controls)}
    foreign = [name for name in names if name.lower() not in known]
    if foreign:
        hint = nearest(foreign[0], list(chosen.controls))
        raise InputError(f"{source}: the rig {chosen.name} has no {', '.join(foreign[:5])}{hint}; name another rig")
    if not np.isfinite(table).all():
        raise InputError(f"{source} holds values that are not finite")
    values = np.zeros((len(table), len(chosen.controls)), np.float32)
    values[:, [known[name.lower()] for name in names]] = table
    weights = checked_weights(chosen.weights(values), source)
    frames = len(weights)
    return Motion(
        fps,
        weights,
        np.zeros((frames, 3), np.float32) if head is None else head,
        np.zeros((frames, 2, 3), np.float32) if eyes is None else eyes,
    )


def checked_weights(weights: npt.NDArray[np.float32], source: str) -> npt.NDArray[np.float32]:
    """Clip weights to [0, 1]; refuse a table that is on another scale."""
    top = float(weights.max(initial=0.0))
    if top > MAX_WEIGHT:
        index = int(weights.max(axis=0).argmax())
        raise InputError(
            f"{source}: {ARKIT_NAMES[index]} reaches {top:g}; weights run from 0 to 1 (a little more is cut): "
            "divide by 100 if they are percent"
        )
    return np.clip(weights, 0.0, 1.0)
