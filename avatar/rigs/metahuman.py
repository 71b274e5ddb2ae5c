"""Epic's MetaHuman: the raw controls ``CTRL_expressions_…`` of its face, driven by ARKit's shapes.

The table follows Epic's pose asset ``mh_arkit_mapping_pose``; that asset has no ``MouthClose`` at all, so
that p, b and m sent through it gape. Here ``mouthClose`` drives the four ``mouthLipsTogether`` controls.
For a character that keeps the pose asset, :data:`METAHUMAN_ARKIT` closes the mouth by the jaw instead.
"""

from __future__ import annotations

from avatar.rigs.arkit import ARKIT_PASCAL
from avatar.rigs.rig import Rig, sided

__all__ = ["METAHUMAN", "METAHUMAN_ARKIT"]

_PREFIX = "CTRL_expressions_"
_QUARTERS = ("UL", "UR", "DL", "DR")


def _lips(control: str, shapes: dict[str, float]) -> dict[str, dict[str, float]]:
    return {f"{control}{quarter}": dict(shapes) for quarter in _QUARTERS}


_TABLE: dict[str, dict[str, float]] = {
    **sided(
        {
            "browDown*": {"browDown*": 1.0},
            "browRaiseIn*": {"browInnerUp": 1.0},
            "browLateral*": {"browInnerUp": 1.0},
            "browRaiseOuter*": {"browOuterUp*": 1.0},
            "eyeBlink*": {"eyeBlink*": 1.0},
            "eyeSquintInner*": {"eyeSquint*": 1.0},
            "eyeWiden*": {"eyeWide*": 1.0},
            "eyeLookUp*": {"eyeLookUp*": 1.0},
            "eyeLookDown*": {"eyeLookDown*": 1.0},
            "eyeCheekRaise*": {"cheekSquint*": 1.0},
            "mouthCheekBlow*": {"cheekPuff": 1.0},
            "mouthLipsBlow*": {"cheekPuff": 1.0},
            "noseWrinkle*": {"noseSneer*": 1.0},
            "mouthUpperLipRaise*": {"mouthUpperUp*": 1.0},
            "mouthLowerLipDepress*": {"mouthLowerDown*": 1.0},
            "mouthCornerPull*": {"mouthSmile*": 1.0},
            "mouthCornerDepress*": {"mouthFrown*": 1.0},
            "mouthStretch*": {"mouthStretch*": 1.0},
            "mouthDimple*": {"mouthDimple*": 1.0},
            "mouthPressU*": {"mouthPress*": 1.0},
            "mouthPressD*": {"mouthPress*": 1.0},
            "mouthUpperLipRollIn*": {"mouthRollUpper": 1.0},
            "mouthLowerLipRollIn*": {"mouthRollLower": 1.0},
            "jawChinRaiseU*": {"mouthShrugUpper": 1.0},
            "jawChinRaiseD*": {"mouthShrugLower": 1.0},
        }
    ),
    # A look towards the nose is to the right for the left eye.
    "eyeLookRightL": {"eyeLookInLeft": 1.0},
    "eyeLookLeftL": {"eyeLookOutLeft": 1.0},
    "eyeLookLeftR": {"eyeLookInRight": 1.0},
    "eyeLookRightR": {"eyeLookOutRight": 1.0},
    "jawOpen": {"jawOpen": 1.0},
    "jawFwd": {"jawForward": 1.0},
    "jawLeft": {"jawLeft": 1.0},
    "jawRight": {"jawRight": 1.0},
    "mouthLeft": {"mouthLeft": 1.0},
    "mouthRight": {"mouthRight": 1.0},
    "tongueOut": {"tongueOut": 1.0},
    **_lips("mouthLipsPurse", {"mouthPucker": 1.0}),
    **_lips("mouthLipsTowards", {"mouthPucker": 0.412}),
    **_lips("mouthFunnel", {"mouthFunnel": 1.0, "mouthPucker": 0.752}),
    **_lips("mouthLipsTogether", {"mouthClose": 1.0}),
}

METAHUMAN = Rig(
    name="metahuman",
    summary="MetaHuman's CTRL_expressions controls",
    source="Epic, mh_arkit_mapping_pose (2021); mouthClose and tongueOut added by meaning",
    controls=tuple(_PREFIX + control for control in _TABLE),
    table={_PREFIX + control: shapes for control, shapes in _TABLE.items()},
)

METAHUMAN_ARKIT = Rig(
    name="metahuman-arkit",
    summary="ARKit names for a MetaHuman that keeps mh_arkit_mapping_pose: the jaw closes the mouth",
    source="Epic, mh_arkit_mapping_pose (2021), which ignores MouthClose",
    controls=ARKIT_PASCAL.controls,
    table={
        **{name: shapes for name, shapes in ARKIT_PASCAL.table.items() if name != "MouthClose"},
        "JawOpen": {"jawOpen": 1.0, "mouthClose": -1.0},
    },
)
