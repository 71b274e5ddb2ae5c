"""``.tres``: an animation of Godot.

Godot 4 has blend-shape tracks (path ``Head/Face:jawOpen``, keys of time, transition, value) and rotation tracks;
Godot 3 has value tracks of ``Face:blend_shapes/jawOpen``. Paths start at the node above ``Head``, the root of our
imported ``.glb``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from avatar.export.curve_tables import curves_of
from avatar.export.unity import needed_keys
from checkpoints.errors import InputError
from renderers.mesh_head import rotation_quaternions

if TYPE_CHECKING:
    from avatar.take import Take

__all__ = ["write_tres"]

#: Linear interpolation in Godot's ``Animation.InterpolationType``.
_LINEAR = 1

FloatArray = npt.NDArray[np.float64]


def write_tres(
    take: Take,
    path: Path,
    *,
    fps: float | None = None,
    rig: str = "arkit",
    face: str = "Head/Face",
    head: str = "Head",
    godot: int = 4,
) -> None:
    """Write an Animation resource for Godot.

    Parameters
    ----------
    take : Take
    path : Path
    fps : float, optional
        Keys a second; the motion's own rate by default.
    rig : str
        Name of a rig or path of a retarget file.
    face, head : str
        Node paths of the mesh and of the node that turns (empty: no rotations), from the AnimationPlayer's root.
    godot : int
        4 or 3.
    """
    if godot not in (3, 4):
        raise InputError(f"godot={godot} is not known; choose 4 or 3")
    motion, curves = curves_of(take, fps, rig)
    turns = {head: motion.head_rotation} if head else {}
    if head:
        turns |= {f"{head}/LeftEye": motion.eye_rotation[:, 0], f"{head}/RightEye": motion.eye_rotation[:, 1]}
    times = motion.times_s
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'[gd_resource type="Animation" format={godot - 1}]\n\n[resource]\n')
        file.write(f"resource_name = {_quoted(path.stem)}\nlength = {motion.duration_s:.9g}\n")
        file.write(f"step = {1 / motion.fps:.9g}\n")
        number = 0
        for name, values in zip(curves.names, curves.values.T.astype(np.float64), strict=True):
            track = _shape_track_4 if godot == 4 else _shape_track_3
            file.writelines(f"tracks/{number}/{line}\n" for line in track(times, values, face, name))
            number += 1
        for place, angles in turns.items():
            rotate = _rotation_track_4 if godot == 4 else _transform_track_3
            file.writelines(f"tracks/{number}/{line}\n" for line in rotate(times, angles, place))
            number += 1


def _track(kind: str, path: str, keys: str) -> Iterator[str]:
    yield f'type = "{kind}"'
    yield "imported = false"
    yield "enabled = true"
    yield f"path = NodePath({_quoted(path)})"
    yield f"interp = {_LINEAR}"
    yield "loop_wrap = true"
    yield f"keys = {keys}"


def _packed(rows: FloatArray, kind: str = "PackedFloat32Array") -> str:
    return f"{kind}({_listed(rows)})"


def _listed(rows: FloatArray) -> str:
    """Return numbers with commas between them; formatted all at once, which is quickest."""
    return ("%.8g, " * rows.size % tuple(rows.ravel().tolist()))[:-2]


def _shape_track_4(times: FloatArray, values: FloatArray, face: str, name: str) -> Iterator[str]:
    keys = needed_keys(values)
    rows = np.stack([times[keys], np.ones(len(keys)), values[keys]], axis=1)
    return _track("blend_shape", f"{face}:{name}", _packed(rows))


def _rotation_track_4(times: FloatArray, angles: npt.NDArray[np.float32], place: str) -> Iterator[str]:
    quaternions = rotation_quaternions(angles)
    keys = needed_keys(quaternions)
    rows = np.concatenate([times[keys, None], np.ones((len(keys), 1)), quaternions[keys]], axis=1)
    return _track("rotation_3d", place, _packed(rows))


def _shape_track_3(times: FloatArray, values: FloatArray, face: str, name: str) -> Iterator[str]:
    keys = needed_keys(values)
    listed = ", ".join(f"{value:.8g}" if value % 1 else f"{value:.1f}" for value in values[keys].tolist())
    dictionary = (
        f'{{\n"times": {_packed(times[keys], "PoolRealArray")},\n'
        f'"transitions": {_packed(np.ones(len(keys)), "PoolRealArray")},\n"update": 0,\n"values": [ {listed} ]\n}}'
    )
    return _track("value", f"{face}:blend_shapes/{name}", dictionary)


def _transform_track_3(times: FloatArray, angles: npt.NDArray[np.float32], place: str) -> Iterator[str]:
    quaternions = rotation_quaternions(angles)
    keys = needed_keys(quaternions)
    count = len(keys)
    rows = np.concatenate(
        [times[keys, None], np.ones((count, 1)), np.zeros((count, 3)), quaternions[keys], np.ones((count, 3))], axis=1
    )
    return _track("transform", place, f"[ {_listed(rows)} ]")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
