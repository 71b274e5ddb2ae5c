"""The public face: a character that speaks with feeling.

>>> from avatar import Avatar
>>> guard = Avatar()
>>> take = guard.say("You came back!", emotion="joy:0.8, surprise:0.4", seed=7)
>>> take.motion.fps
60.0

Names are imported when they are first used, so that ``mien --help`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avatar.animator import Style
    from avatar.avatar import Avatar
    from avatar.take import Take
    from conditioning import Emotion, EmotionTrack, Line, MienError, Motion, Speech

__all__ = ["Avatar", "Emotion", "EmotionTrack", "Line", "MienError", "Motion", "Speech", "Style", "Take"]

_HOMES = {
    "Avatar": "avatar.avatar",
    "Take": "avatar.take",
    "Style": "avatar.animator",
    "Emotion": "conditioning",
    "EmotionTrack": "conditioning",
    "Line": "conditioning",
    "MienError": "conditioning",
    "Motion": "conditioning",
    "Speech": "conditioning",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'avatar' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
