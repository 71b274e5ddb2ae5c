"""Meta's (Oculus) 15 visemes: each is a whole mouth, so that their weights are solved for.

Names and order: Meta, *Viseme Reference* of the Lipsync SDK (sil, PP, FF, TH, DD, kk, CH, SS, nn, RR, aa, E,
I, O, U), as Ready Player Me writes them (``viseme_PP``). The poses are our own synthesis from how the sounds
are made; ``viseme_sil`` takes what the others leave.
"""

from __future__ import annotations

from avatar.rigs.rig import Rig

__all__ = ["MOUTHS", "OCULUS"]


def _both(**shapes: float) -> dict[str, float]:
    """Write shapes out: a trailing underscore means both sides."""
    full: dict[str, float] = {}
    for shape, weight in shapes.items():
        names = (shape[:-1] + "Left", shape[:-1] + "Right") if shape.endswith("_") else (shape,)
        full |= dict.fromkeys(names, weight)
    return full


#: Viseme → the mouth at its full.
MOUTHS: dict[str, dict[str, float]] = {
    "PP": _both(mouthClose=0.10, jawOpen=0.10, mouthRollLower=0.35, mouthRollUpper=0.30, mouthPress_=0.35),
    "FF": _both(jawOpen=0.10, mouthRollLower=0.55, mouthUpperUp_=0.25, mouthShrugLower=0.25),
    "TH": _both(jawOpen=0.18, tongueOut=0.45, mouthLowerDown_=0.20, mouthUpperUp_=0.10),
    "DD": _both(jawOpen=0.16, mouthLowerDown_=0.25, mouthUpperUp_=0.12, mouthStretch_=0.08),
    "kk": _both(jawOpen=0.22, mouthLowerDown_=0.20, mouthDimple_=0.12),
    "CH": _both(jawOpen=0.12, mouthFunnel=0.55, mouthPucker=0.20, mouthLowerDown_=0.20),
    "SS": _both(jawOpen=0.05, mouthStretch_=0.22, mouthLowerDown_=0.32, mouthUpperUp_=0.15, mouthSmile_=0.12),
    "nn": _both(jawOpen=0.14, mouthLowerDown_=0.18, mouthUpperUp_=0.06, tongueOut=0.08),
    "RR": _both(jawOpen=0.16, mouthFunnel=0.30, mouthPucker=0.35),
    "aa": _both(jawOpen=0.62, mouthLowerDown_=0.25, mouthUpperUp_=0.10),
    "E": _both(jawOpen=0.36, mouthStretch_=0.22, mouthSmile_=0.18, mouthLowerDown_=0.25),
    "I": _both(jawOpen=0.20, mouthStretch_=0.25, mouthSmile_=0.32, mouthLowerDown_=0.22, mouthDimple_=0.10),
    "O": _both(jawOpen=0.42, mouthFunnel=0.50, mouthPucker=0.30),
    "U": _both(jawOpen=0.18, mouthFunnel=0.25, mouthPucker=0.75),
}

OCULUS = Rig(
    name="oculus",
    summary="Meta's 15 visemes, with blinks",
    source="Meta, Lipsync SDK viseme reference; poses are our synthesis",
    controls=("viseme_sil", *(f"viseme_{name}" for name in MOUTHS), "eyeBlinkLeft", "eyeBlinkRight"),
    table={"eyeBlinkLeft": {"eyeBlinkLeft": 1.0}, "eyeBlinkRight": {"eyeBlinkRight": 1.0}},
    poses={f"viseme_{name}": mouth for name, mouth in MOUTHS.items()},
    rest="viseme_sil",
)
