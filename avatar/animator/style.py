"""How much a face, a head and a pair of eyes move."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from checkpoints.errors import InputError

__all__ = ["AS_DIRECTED", "Style"]

MAX_FACTOR = 3.0
MAX_TARGET_RAD = math.radians(30.0)


@dataclass(frozen=True)
class Style:
    """Knobs of a performance. Each factor is 1 as directed, 0 switches its layer off.

    Attributes
    ----------
    expressiveness : float
        Strength of the emotional expression and of brow accents, 0 to 3.
    head_motion : float
        Amplitude of nods, sway and posture, 0 to 3.
    blink_rate : float
        Factor on the rate of blinks, 0 to 3.
    gaze : float
        How much the eyes move, 0 to 3: fixations, and the eyes held on the target while the head moves.
    gaze_aversion : float
        How often the eyes leave the target, 0 to 3.
    gaze_target : (float, float)
        Where the character looks: yaw (to its own left) and pitch (down) in radians from straight ahead,
        each within ±30 degrees.

    Raises
    ------
    InputError
        If a value is outside its range.
    """

    expressiveness: float = 1.0
    head_motion: float = 1.0
    blink_rate: float = 1.0
    gaze: float = 1.0
    gaze_aversion: float = 1.0
    gaze_target: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "gaze_target":
                if len(value) != 2 or not all(abs(angle) <= MAX_TARGET_RAD for angle in value):
                    raise InputError(f"gaze_target={value} is not (yaw, pitch) within ±{MAX_TARGET_RAD:.3f} radians")
            elif not 0.0 <= value <= MAX_FACTOR:
                raise InputError(f"{field.name}={value} is not allowed; it runs from 0 (off) to {MAX_FACTOR:g}")


#: Every factor 1.
AS_DIRECTED = Style()
