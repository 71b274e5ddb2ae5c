"""A retarget file binds a studio's own rig.

JSON, for example::

    {"format": "mien-retarget", "version": 1, "name": "goblin",
     "curves": {
       "Jaw_Drop":  {"from": {"jawOpen": 0.9, "mouthClose": -0.9}, "limits": [0, 0.8]},
       "Smile_L":   {"from": {"mouthSmileLeft": 1, "mouthDimpleLeft": 0.3}, "gain": 1.2},
       "Brow_Y":    {"from": {"browInnerUp": 1, "browDownLeft": -0.5, "browDownRight": -0.5},
                     "gain": 10, "offset": 0, "limits": [-10, 10]}}}

Each curve is ``offset + gain · Σ weight · shape``, held within its limits (0 and 1 where none are given).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from avatar.rigs.rig import Rig
from checkpoints.errors import InputError
from conditioning.registry import nearest

__all__ = ["FORMAT", "MAX_CURVES", "read_retarget", "retarget_rig"]

FORMAT = "mien-retarget"
VERSION = 1
#: More curves than this in one file are a mistake.
MAX_CURVES = 4096
_FILE_KEYS = ("format", "version", "name", "summary", "source", "curves")
_CURVE_KEYS = ("from", "gain", "offset", "limits")


def read_retarget(path: Path) -> Rig:
    """Read a retarget file.

    Raises
    ------
    InputError
        If it cannot be read, or something in it is unknown; the nearest name is offered.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"cannot read the retarget file {path}: {error}") from error
    return retarget_rig(content, str(path))


def retarget_rig(content: Any, source: str) -> Rig:
    """Return the rig of a retarget file's object."""
    if not isinstance(content, dict) or content.get("format") != FORMAT or content.get("version") != VERSION:
        raise InputError(f'{source} is not a retarget file; it starts {{"format": "{FORMAT}", "version": {VERSION}, …')
    _known(content, _FILE_KEYS, source)
    curves = content.get("curves")
    if not isinstance(curves, dict) or not 0 < len(curves) <= MAX_CURVES:
        raise InputError(f'{source}: "curves" must be an object of 1 to {MAX_CURVES} names')
    table: dict[str, dict[str, float]] = {}
    limits: dict[str, tuple[float, float]] = {}
    offsets: dict[str, float] = {}
    for name, curve in curves.items():
        where = f"{source}: curve {name!r}"
        if not isinstance(curve, dict) or not isinstance(curve.get("from"), dict):
            raise InputError(f'{where} must be {{"from": {{shape: weight}}}}, not {curve!r}')
        _known(curve, _CURVE_KEYS, where)
        gain = _number(curve.get("gain", 1.0), f"{where}: gain")
        table[name] = {shape: gain * _number(weight, f"{where}: {shape}") for shape, weight in curve["from"].items()}
        offsets[name] = _number(curve.get("offset", 0.0), f"{where}: offset")
        limits[name] = _limits(curve.get("limits", [0.0, 1.0]), where)
    return Rig(
        name=str(content.get("name", Path(source).stem)),
        summary=str(content.get("summary", "a retarget file")),
        source=str(content.get("source", source)),
        controls=tuple(curves),
        table=table,
        limits=limits,
        offsets=offsets,
    )


def _known(content: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
    for key in content:
        if key not in allowed:
            raise InputError(f"{where} has {key!r}; allowed are {', '.join(allowed)}{nearest(key, list(allowed))}")


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{where} is {value!r}; it must be a number")
    return float(value)


def _limits(value: Any, where: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise InputError(f"{where}: limits are {value!r}; give [lowest, highest]")
    low, high = (_number(item, f"{where}: limits") for item in value)
    if low >= high:
        raise InputError(f"{where}: limits {value!r} are not in order; give [lowest, highest]")
    return low, high
