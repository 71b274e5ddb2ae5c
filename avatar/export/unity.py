"""``.anim``: an animation clip of Unity.

Curves are ``blendShape.NAME`` of the SkinnedMeshRenderer (class 137) at ``Head/Face``, from 0 to 100, and
rotations of ``Head``, ``Head/LeftEye`` and ``Head/RightEye``, for an Animator on the object above ``Head``: the
nodes of our ``.glb``. Keys are joined by straight lines (tangent mode 69, broken and linear on both sides).

Unity's axes are left-handed; importers of glTF mirror X, which turns a rotation (x, y, z, w) to (x, -y, -z, w).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from avatar.export.curve_tables import curves_of
from renderers.mesh_head import rotation_quaternions

if TYPE_CHECKING:
    from avatar.take import Take

__all__ = ["needed_keys", "write_anim"]

_LINEAR_TANGENTS = 69
_SKINNED_MESH_RENDERER = 137
#: Weights of a shape in Unity run from 0 to 100.
_UNITY_SCALE = 100.0

FloatArray = npt.NDArray[np.float64]


def write_anim(
    take: Take, path: Path, *, fps: float | None = None, rig: str = "arkit", face: str = "Head/Face", head: str = "Head"
) -> None:
    """Write an animation clip for Unity.

    Parameters
    ----------
    take : Take
    path : Path
    fps : float, optional
        Keys a second; the motion's own rate by default.
    rig : str
        Name of a rig or path of a retarget file.
    face : str
        Path of the object with the shapes, below the Animator.
    head : str
        Path of the object that turns; empty: no rotations.
    """
    motion, curves = curves_of(take, fps, rig)
    times = motion.times_s
    rotations = [(head, motion.head_rotation)] if head else []
    if head:
        rotations += [(f"{head}/LeftEye", motion.eye_rotation[:, 0]), (f"{head}/RightEye", motion.eye_rotation[:, 1])]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_HEAD.format(name=_quoted(path.stem)))
        file.write("  m_RotationCurves:\n" if rotations else "  m_RotationCurves: []\n")
        for place, angles in rotations:
            quaternions = rotation_quaternions(angles) * np.array([1.0, -1.0, -1.0, 1.0])
            file.writelines(_rotation_curve(times, quaternions, place))
        file.write("  m_CompressedRotationCurves: []\n  m_EulerCurves: []\n  m_PositionCurves: []\n")
        file.write("  m_ScaleCurves: []\n  m_FloatCurves:\n")
        for name, values in zip(curves.names, curves.values.T.astype(np.float64), strict=True):
            file.writelines(_float_curve(times, _UNITY_SCALE * values, name, face))
        stop_s = float(times[-1])
        file.write(_TAIL.format(fps=f"{motion.fps:.9g}", stop=f"{stop_s:.9g}"))


_HEAD = """%YAML 1.1
%TAG !u! tag:unity3d.com,2011:
--- !u!74 &7400000
AnimationClip:
  m_ObjectHideFlags: 0
  m_CorrespondingSourceObject: {{fileID: 0}}
  m_PrefabInstance: {{fileID: 0}}
  m_PrefabAsset: {{fileID: 0}}
  m_Name: {name}
  serializedVersion: 6
  m_Legacy: 0
  m_Compressed: 0
  m_UseHighQualityCurve: 1
"""

_TAIL = """  m_PPtrCurves: []
  m_SampleRate: {fps}
  m_WrapMode: 0
  m_Bounds:
    m_Center: {{x: 0, y: 0, z: 0}}
    m_Extent: {{x: 0, y: 0, z: 0}}
  m_AnimationClipSettings:
    serializedVersion: 2
    m_AdditiveReferencePoseClip: {{fileID: 0}}
    m_AdditiveReferencePoseTime: 0
    m_StartTime: 0
    m_StopTime: {stop}
    m_OrientationOffsetY: 0
    m_Level: 0
    m_CycleOffset: 0
    m_HasAdditiveReferencePose: 0
    m_LoopTime: 0
    m_LoopBlend: 0
    m_LoopBlendOrientation: 0
    m_LoopBlendPositionY: 0
    m_LoopBlendPositionXZ: 0
    m_KeepOriginalOrientation: 0
    m_KeepOriginalPositionY: 1
    m_KeepOriginalPositionXZ: 0
    m_HeightFromFeet: 0
    m_Mirror: 0
  m_EditorCurves: []
  m_EulerEditorCurves: []
  m_HasGenericRootTransform: 0
  m_HasMotionFloatCurves: 0
  m_Events: []
"""

_FLOAT_KEY = f"""      - serializedVersion: 3
        time: %.9g
        value: %.7g
        inSlope: %.7g
        outSlope: %.7g
        tangentMode: {_LINEAR_TANGENTS}
        weightedMode: 0
        inWeight: 0.33333334
        outWeight: 0.33333334
"""

_ROTATION_KEY = """      - serializedVersion: 3
        time: %.9g
        value: {x: %.8g, y: %.8g, z: %.8g, w: %.8g}
        inSlope: {x: %.8g, y: %.8g, z: %.8g, w: %.8g}
        outSlope: {x: %.8g, y: %.8g, z: %.8g, w: %.8g}
        tangentMode: 0
        weightedMode: 0
        inWeight: {x: 0.33333334, y: 0.33333334, z: 0.33333334, w: 0.33333334}
        outWeight: {x: 0.33333334, y: 0.33333334, z: 0.33333334, w: 0.33333334}
"""

_CURVE_END = """      m_PreInfinity: 2
      m_PostInfinity: 2
      m_RotationOrder: 4
"""


def needed_keys(values: FloatArray) -> npt.NDArray[np.intp]:
    """Return which keys a curve needs: all but those inside a run of equal values.

    Parameters
    ----------
    values : (T,) or (T, n) float64
    """
    flat = values.reshape(len(values), -1)
    same = (flat[1:] == flat[:-1]).all(1)
    idle = np.concatenate([[False], same[1:] & same[:-1], [False]])[: len(values)]
    return np.flatnonzero(~idle)


def _slopes(times: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the slopes before and after each key of straight lines between the keys."""
    if len(times) < 2:
        return np.zeros_like(values), np.zeros_like(values)
    step = np.diff(times).reshape(-1, *([1] * (values.ndim - 1)))
    slopes = np.diff(values, axis=0) / step
    return np.concatenate([slopes[:1], slopes]), np.concatenate([slopes, slopes[-1:]])


def _float_curve(times: FloatArray, values: FloatArray, name: str, place: str) -> Iterator[str]:
    yield "  - serializedVersion: 2\n    curve:\n      serializedVersion: 2\n      m_Curve:\n"
    keys = needed_keys(values)
    times, values = times[keys], values[keys]
    yield _filled(_FLOAT_KEY, [times, values, *_slopes(times, values)])
    yield _CURVE_END
    yield f"    attribute: {_quoted('blendShape.' + name)}\n    path: {_quoted(place)}\n"
    yield f"    classID: {_SKINNED_MESH_RENDERER}\n    script: {{fileID: 0}}\n    flags: 16\n"


def _rotation_curve(times: FloatArray, quaternions: FloatArray, place: str) -> Iterator[str]:
    yield "  - curve:\n      serializedVersion: 2\n      m_Curve:\n"
    keys = needed_keys(quaternions)
    times, quaternions = times[keys], quaternions[keys]
    yield _filled(_ROTATION_KEY, [times, quaternions, *_slopes(times, quaternions)])
    yield _CURVE_END
    yield f"    path: {_quoted(place)}\n"


def _filled(template: str, columns: list[FloatArray]) -> str:
    """Return a template once for each row of columns, filled in with them; all rows at once, which is quickest."""
    rows = np.column_stack(columns)
    return template * len(rows) % tuple(rows.ravel().tolist())


def _quoted(text: str) -> str:
    """Return a YAML scalar: plain where that is safe, else in single quotes."""
    if (
        text
        and text.replace("/", "").replace(".", "").replace("_", "").isalnum()
        and text.isascii()
        and text[0].isalpha()
    ):
        return text
    return "'" + "".join(c if c.isprintable() else " " for c in text).replace("'", "''") + "'"
