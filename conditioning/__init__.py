"""The shared conditioning interface: one emotion for voice, face and picture."""

from __future__ import annotations

from checkpoints.errors import (
    BackendError,
    CheckpointError,
    InputError,
    MarkupError,
    MienError,
    MissingDependency,
    OutputError,
)
from conditioning.arkit import ARKIT_INDEX, ARKIT_NAMES
from conditioning.emotion import EMOTION_NAMES, NEUTRAL, VAD, Emotion
from conditioning.line import Delivery, Line, Span
from conditioning.motion import Motion
from conditioning.registry import Registry
from conditioning.speech import FEATURE_RATE_HZ, Segment, Speech, tile
from conditioning.track import EmotionTrack

__all__ = [
    "ARKIT_INDEX",
    "ARKIT_NAMES",
    "EMOTION_NAMES",
    "FEATURE_RATE_HZ",
    "NEUTRAL",
    "VAD",
    "BackendError",
    "CheckpointError",
    "Delivery",
    "Emotion",
    "EmotionTrack",
    "InputError",
    "Line",
    "MarkupError",
    "MienError",
    "MissingDependency",
    "Motion",
    "OutputError",
    "Registry",
    "Segment",
    "Span",
    "Speech",
    "tile",
]
