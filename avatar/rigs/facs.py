"""Ekman's action units, by side where the face has sides.

P. Ekman, W. Friesen and J. Hager, *Facial Action Coding System*, 2002. Intensities run from 0 to 1; what a
unit is in ARKit's shapes follows the anatomy of both. ``mouthClose`` has no unit of its own: it takes from
the parting of the lips (25).
"""

from __future__ import annotations

from avatar.rigs.rig import Rig, sided

__all__ = ["FACS"]

_TABLE = {
    "AU1": {"browInnerUp": 1.0},
    **sided(
        {
            "AU2*": {"browOuterUp*": 1.0},
            "AU4*": {"browDown*": 1.0},
            "AU5*": {"eyeWide*": 1.0},
            "AU6*": {"cheekSquint*": 1.0},
            "AU7*": {"eyeSquint*": 1.0},
            "AU9*": {"noseSneer*": 1.0},
            "AU10*": {"mouthUpperUp*": 1.0},
            "AU12*": {"mouthSmile*": 1.0},
            "AU14*": {"mouthDimple*": 1.0},
            "AU15*": {"mouthFrown*": 1.0},
            "AU16*": {"mouthLowerDown*": 1.0},
            "AU20*": {"mouthStretch*": 1.0},
            "AU24*": {"mouthPress*": 1.0},
            "AU45*": {"eyeBlink*": 1.0},
            "AU63*": {"eyeLookUp*": 1.0},
            "AU64*": {"eyeLookDown*": 1.0},
        }
    ),
    "AU17": {"mouthShrugLower": 1.0},
    "AU18": {"mouthPucker": 1.0},
    "AU19": {"tongueOut": 1.0},
    "AU22": {"mouthFunnel": 1.0},
    "AU25": {"jawOpen": 1.0, "mouthClose": -1.0},
    "AU26": {"jawOpen": 1.0},
    "AU28T": {"mouthRollUpper": 1.0},
    "AU28B": {"mouthRollLower": 1.0},
    "AU29": {"jawForward": 1.0},
    "AU30L": {"jawLeft": 1.0},
    "AU30R": {"jawRight": 1.0},
    "AU34": {"cheekPuff": 1.0},
    "AU61": {"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5},
    "AU62": {"eyeLookInLeft": 0.5, "eyeLookOutRight": 0.5},
}

FACS = Rig(
    name="facs",
    summary="FACS action units",
    source="Ekman, Friesen & Hager, Facial Action Coding System, 2002",
    controls=tuple(_TABLE),
    table=_TABLE,
)
