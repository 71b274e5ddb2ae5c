"""Plain tables of curves: ``.npz``, ``.curves.csv``, Unreal's ``.unreal.csv`` and Audio2Face's ``.a2f.json``."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from avatar.rigs import Curves, open_rig
from conditioning import Motion

if TYPE_CHECKING:
    from avatar.take import Take

__all__ = ["ANGLE_NAMES", "curves_of", "write_a2f", "write_curves_csv", "write_npz", "write_unreal_csv"]

#: Columns of rotations, radians, axes of a Motion.
ANGLE_NAMES = tuple(f"{part}{axis}" for part in ("head", "leftEye", "rightEye") for axis in ("Pitch", "Yaw", "Roll"))

#: Time of every entry of an archive, so that the same take gives the same bytes.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def curves_of(take: Take, fps: float | None, rig: str) -> tuple[Motion, Curves]:
    """Return a take's motion at a rate (None: its own), and its curves of a rig, whole-face feelings included."""
    motion = take.motion if fps is None else take.motion.resample(fps, take.duration_s)
    return motion, open_rig(rig).curves(motion, take.speech.emotion.weights_at(motion.times_s))


def write_npz(take: Take, path: Path, *, fps: float | None = None, rig: str = "arkit") -> None:
    """Write arrays for NumPy: ``names``, ``weights``, ``fps``, ``head_rotation``, ``eye_rotation``, ``waveform`` ….

    Parameters
    ----------
    take : Take
    path : Path
    fps : float, optional
        Frames a second; the motion's own rate by default.
    rig : str
        Name of a rig or path of a retarget file.
    """
    motion, curves = curves_of(take, fps, rig)
    arrays: dict[str, npt.NDArray[Any]] = {
        "rig": np.array(curves.rig),
        "fps": np.array(motion.fps),
        "names": np.array(curves.names),
        "weights": curves.values,
        "head_rotation": motion.head_rotation,
        "eye_rotation": motion.eye_rotation,
        "waveform": take.speech.waveform,
        "sample_rate": np.array(take.speech.sample_rate),
        "text": np.array(take.text),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", _ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)  # type: ignore[no-untyped-call]


def write_curves_csv(take: Take, path: Path, *, fps: float | None = None, rig: str = "arkit") -> None:
    """Write a plain table: ``time_s``, a column per control, then pitch, yaw, roll of head and eyes in radians."""
    motion, curves = curves_of(take, fps, rig)
    angles = np.concatenate([motion.head_rotation[:, None], motion.eye_rotation], axis=1).reshape(len(motion), 9)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["time_s", *curves.names, *ANGLE_NAMES])
        for time_s, row in zip(motion.times_s.tolist(), np.hstack([curves.values, angles]).tolist(), strict=True):
            writer.writerow([f"{time_s:.6f}", *(f"{value:.7g}" for value in row)])


def write_unreal_csv(take: Take, path: Path, *, fps: float = 60.0, rig: str = "metahuman") -> None:
    """Write Unreal's documented curve table (``ConvertCsvtoAnimSequence``): curve, frame number, value.

    Parameters
    ----------
    take : Take
    path : Path
    fps : float
        Frames a second; give the same to Unreal's import.
    rig : str
        ``metahuman`` for its own controls, ``metahuman-arkit`` for its ARKit pose asset, ``arkit-pascal`` for
        a character with ARKit's morph targets, or a retarget file.
    """
    _, curves = curves_of(take, fps, rig)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["curve_name", "frame_number", "value"])
        for name, values in zip(curves.names, curves.values.T.tolist(), strict=True):
            cell = io.StringIO()
            csv.writer(cell, lineterminator="").writerow([name])  # names of retarget files may need quotes
            start = cell.getvalue()
            file.writelines(f"{start},{frame},{value:.7g}\n" for frame, value in enumerate(values))


def write_a2f(take: Take, path: Path, *, fps: float = 60.0, rig: str = "claire") -> None:
    """Write Audio2Face's blendshape JSON.

    Parameters
    ----------
    take : Take
    path : Path
    fps : float
        ``exportFps``.
    rig : str
        ``claire``: mouthClose as Audio2Face-3D means it; ``arkit``: as Apple means it.
    """
    _, curves = curves_of(take, fps, rig)
    content = {
        "exportFps": fps,
        "trackPath": f"{path.name.split('.')[0]}.wav",
        "numPoses": len(curves.names),
        "numFrames": len(curves.values),
        "facsNames": list(curves.names),
        "weightMat": np.round(curves.values.astype(np.float64), 6).tolist(),
    }
    path.write_text(json.dumps(content) + "\n", encoding="utf-8")
