"""VRM's expressions: five vowels, blinks, looks and whole-face feelings.

Names: VRM Consortium, *VRMC_vrm-1.0*, "Expressions", and *VRM 0.x*, "BlendShapePreset". A character that has
ARKit's shapes as custom expressions ("Perfect Sync") is driven by the rig ``arkit`` instead.
"""

from __future__ import annotations

from avatar.rigs.rig import Rig
from avatar.rigs.visemes import MOUTHS

__all__ = ["VRM0", "VRM1"]

_LOOKS = {
    "Up": {"eyeLookUpLeft": 0.5, "eyeLookUpRight": 0.5},
    "Down": {"eyeLookDownLeft": 0.5, "eyeLookDownRight": 0.5},
    "Left": {"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5},
    "Right": {"eyeLookInLeft": 0.5, "eyeLookOutRight": 0.5},
}
_VOWELS = {"aa": "aa", "ih": "I", "ou": "U", "ee": "E", "oh": "O"}
_VOWELS_0 = {"aa": "a", "ih": "i", "ou": "u", "ee": "e", "oh": "o"}

VRM1 = Rig(
    name="vrm1",
    summary="VRM 1.0 preset expressions",
    source="VRM Consortium, VRMC_vrm-1.0; mouths as in the rig oculus",
    controls=(
        "happy", "angry", "sad", "relaxed", "surprised", *_VOWELS, "blink", "blinkLeft", "blinkRight",
        *(f"look{side}" for side in _LOOKS), "neutral",
    ),
    table={
        "blinkLeft": {"eyeBlinkLeft": 1.0},
        "blinkRight": {"eyeBlinkRight": 1.0},
        **{f"look{side}": shapes for side, shapes in _LOOKS.items()},
    },
    poses={vowel: MOUTHS[viseme] for vowel, viseme in _VOWELS.items()},
    emotions={"happy": "joy", "angry": "anger", "sad": "sadness", "relaxed": "trust", "surprised": "surprise"},
)  # fmt: skip

VRM0 = Rig(
    name="vrm0",
    summary="VRM 0.x preset expressions",
    source="VRM Consortium, VRM 0.x BlendShapePreset; mouths as in the rig oculus",
    controls=(
        "joy", "angry", "sorrow", "fun", *_VOWELS_0.values(), "blink", "blink_l", "blink_r",
        *(f"look{side.lower()}" for side in _LOOKS), "neutral",
    ),
    table={
        "blink_l": {"eyeBlinkLeft": 1.0},
        "blink_r": {"eyeBlinkRight": 1.0},
        **{f"look{side.lower()}": shapes for side, shapes in _LOOKS.items()},
    },
    poses={_VOWELS_0[vowel]: MOUTHS[viseme] for vowel, viseme in _VOWELS.items()},
    emotions={"joy": "joy", "angry": "anger", "sorrow": "sadness", "fun": "trust"},
)  # fmt: skip
