"""``.csv``: a take of Epic's Live Link Face, and the reader of such takes.

Columns (read off real takes of the app): ``Timecode, BlendShapeCount``, 52 shapes in PascalCase, then yaw,
pitch and roll of the head, the left and the right eye in radians. The shapes run in Apple's order but for
``JawRight, JawLeft`` and ``MouthRight, MouthLeft``. The timecode ``HH:MM:SS:FF.sub`` counts frames of a
sixtieth of a second at any rate: at 30 frames a second FF steps by two.

Signs: the app reports Unreal's rotator of ARKit's transform. ARKit's axes are ours (+X to the character's
left, +Y up, +Z out of the face); Unreal's conversion keeps pitch and reverses yaw and roll, so that
``LeftEyeYaw`` runs with LookIn − LookOut.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning import ARKIT_INDEX, ARKIT_NAMES, Motion

if TYPE_CHECKING:
    from avatar.take import Take

__all__ = [
    "COLUMNS", "ROTATION_COLUMNS", "SHAPE_COLUMNS", "SHAPE_ORDER", "TIMECODE_RATE_HZ", "VALUE_COUNT", "timecode",
    "unreal_angles", "write_csv",
]  # fmt: skip

#: Frames of a second in the timecode, whatever the rate of the rows.
TIMECODE_RATE_HZ = 60

#: Values in a row after the count: 52 shapes and 9 angles.
VALUE_COUNT = 61


def _swapped(names: Sequence[str]) -> tuple[str, ...]:
    order = list(names)
    for left, right in (("jawLeft", "jawRight"), ("mouthLeft", "mouthRight")):
        i, j = order.index(left), order.index(right)
        order[i], order[j] = order[j], order[i]
    return tuple(order)


#: ARKit names in the order of the columns.
SHAPE_ORDER = _swapped(ARKIT_NAMES)
SHAPE_COLUMNS = tuple(name[0].upper() + name[1:] for name in SHAPE_ORDER)
ROTATION_COLUMNS = tuple(part + axis for part in ("Head", "LeftEye", "RightEye") for axis in ("Yaw", "Pitch", "Roll"))
COLUMNS = ("Timecode", "BlendShapeCount", *SHAPE_COLUMNS, *ROTATION_COLUMNS)

#: Our pitch, yaw, roll → the file's yaw, pitch, roll: order and signs.
_AXES = np.array([1, 0, 2])
_SIGNS = np.array([-1.0, 1.0, -1.0], np.float32)
_SHAPES = np.array([ARKIT_INDEX[name] for name in SHAPE_ORDER])


def write_csv(take: Take, path: Path, *, fps: float = 60.0, start_s: float = 0.0) -> None:
    """Write the curves as Live Link Face would have recorded them.

    Parameters
    ----------
    take : Take
    path : Path
    fps : float
        Rows a second; the app records 60 or 30.
    start_s : float
        Time of day of the first row, in seconds after midnight.
    """
    if not 1.0 <= fps <= 240.0:
        raise InputError(f"fps={fps:g} is not possible in a Live Link take; it runs from 1 to 240")
    motion = take.motion.resample(fps, take.duration_s)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for i, values in enumerate(values_of(motion)):
            row = [f"{value:.10g}" if value else "0.0" for value in values.tolist()]
            writer.writerow([timecode(start_s + i / fps), VALUE_COUNT, *row])


def values_of(motion: Motion) -> npt.NDArray[np.float32]:
    """Return (T, 61) float32: shapes and angles in the order and with the signs of the columns."""
    angles = unreal_angles(np.concatenate([motion.head_rotation[:, None], motion.eye_rotation], axis=1))
    return np.concatenate([motion.weights[:, _SHAPES], angles.reshape(len(motion), 9)], axis=1)


def unreal_angles(rotations: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return (…, 3) yaw, pitch, roll with Unreal's signs of (…, 3) pitch, yaw, roll of ours, radians."""
    turned: npt.NDArray[np.float32] = rotations[..., _AXES] * _SIGNS + 0.0
    return turned


def timecode(time_s: float) -> str:
    """Return ``HH:MM:SS:FF.sub`` for seconds after midnight.

    Examples
    --------
    >>> timecode(0.0), timecode(1.5), timecode(3600 + 1 / 30)
    ('00:00:00:00.000', '00:00:01:30.000', '01:00:00:02.000')
    """
    thousandths = round(time_s * TIMECODE_RATE_HZ * 1000)
    frames, sub = divmod(thousandths, 1000)
    seconds, frame = divmod(frames, TIMECODE_RATE_HZ)
    return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frame:02d}.{sub:03d}"
