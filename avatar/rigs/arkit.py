"""ARKit's own 52 shapes, and NVIDIA's Claire, which has the same names.

The two differ in ``mouthClose``. Apple: the lips close relative to the open jaw, so a closed mouth over an
open jaw is jawOpen = mouthClose = x. Claire (Audio2Face-3D): the shape is the jaw opened *and* the lips
closed over it, so the same mouth is mouthClose = x alone, and jawOpen counts only what stays open.
"""

from __future__ import annotations

from avatar.rigs.rig import Rig
from conditioning import ARKIT_NAMES

__all__ = ["ARKIT", "ARKIT_PASCAL", "CLAIRE"]

_IDENTITY = {name: {name: 1.0} for name in ARKIT_NAMES}


def _pascal(name: str) -> str:
    return name[0].upper() + name[1:]


ARKIT = Rig(
    name="arkit",
    summary="Apple's 52 shapes, camelCase",
    source="Apple, ARFaceAnchor.BlendShapeLocation",
    controls=ARKIT_NAMES,
    table=_IDENTITY,
)

ARKIT_PASCAL = Rig(
    name="arkit-pascal",
    summary="Apple's 52 shapes as Live Link and Unreal write them, PascalCase",
    source="Epic, Live Link Face",
    controls=tuple(_pascal(name) for name in ARKIT_NAMES),
    table={_pascal(name): {name: 1.0} for name in ARKIT_NAMES},
)

CLAIRE = Rig(
    name="claire",
    summary="Audio2Face-3D's 52 shapes: mouthClose holds its own open jaw",
    source="NVIDIA, Audio2Face-3D, the Claire character's blendshape set",
    controls=ARKIT_NAMES,
    table={**_IDENTITY, "jawOpen": {"jawOpen": 1.0, "mouthClose": -1.0}},
)
