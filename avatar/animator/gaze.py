"""Where the eyes look: fixations, saccades, glances away, and lids that follow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avatar.animator.noise import smoothstep
from avatar.animator.style import Style
from conditioning import ARKIT_INDEX

__all__ = ["GazePath", "eye_shapes", "gaze_path", "saccade_duration_s"]

#: An eyeLook shape of 1 turns the eye this far, radians: in and out, up and down.
LOOK_YAW_RAD = math.radians(30.0)
LOOK_PITCH_RAD = math.radians(25.0)
#: Main sequence: duration = 21 ms + 2.2 ms per degree (A. Bahill et al., Math. Biosciences 24, 1975).
SACCADE_BASE_S = 0.021
SACCADE_PER_RAD_S = 0.0022 * 180.0 / math.pi
#: Fixations on a face: median and range, seconds.
FIXATION_LOG_MEAN = math.log(0.36)
FIXATION_LOG_SIGMA = 0.42
FIXATION_RANGE_S = (0.15, 0.9)
#: Small shifts within the partner's face (eyes, mouth), and glances away, radians.
FACE_SPREAD_RAD = math.radians(1.3)
AWAY_RAD = (math.radians(5.0), math.radians(13.0))
AWAY_LOG_MEAN = math.log(0.75)
#: Chance at each fixation that the next one is away; about a third of the time is then spent off the target.
AWAY_CHANCE = 0.16
#: Shifts above this size take the head along, and often a blink.
LARGE_RAD = math.radians(4.0)
#: A loop is back on its first fixation this long before its end, so that the head is back too.
LOOP_END_S = 0.45
#: How much of a lid's movement comes with the eye even without its eyeLook shape.
LID_FOLLOW = 0.12


@dataclass(frozen=True)
class GazePath:
    """Fixations in the world: each lasts from its start to the next one's start.

    Attributes
    ----------
    start_s : (K,) float64
        When the saccade to it begins; the first is 0.
    yaw, pitch : (K,) float64
        Radians from straight ahead: to the character's left, down.
    """

    start_s: npt.NDArray[np.float64]
    yaw: npt.NDArray[np.float64]
    pitch: npt.NDArray[np.float64]

    def shifts_s(self) -> list[float]:
        """Return when large shifts of gaze begin."""
        size = np.hypot(np.diff(self.yaw), np.diff(self.pitch))
        return [float(moment) for moment in self.start_s[1:][size > LARGE_RAD]]

    def at(self, times_s: npt.NDArray[np.float64], duration_s: float | None = None) -> npt.NDArray[np.float64]:
        """Return (T, 2) yaw and pitch; ``duration_s`` replaces the saccades' own length (for the head)."""
        index = np.clip(np.searchsorted(self.start_s, times_s, side="right") - 1, 0, len(self.start_s) - 1)
        before = np.maximum(index - 1, 0)
        here = np.stack([self.yaw, self.pitch], axis=1)
        size = np.hypot(*(here[index] - here[before]).T)
        length = saccade_duration_s(size) if duration_s is None else np.full(len(index), duration_s)
        part = smoothstep((times_s - self.start_s[index]) / length)[:, None]
        path: npt.NDArray[np.float64] = here[before] + part * (here[index] - here[before])
        return path


def saccade_duration_s(size_rad: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how long saccades of a size take."""
    return SACCADE_BASE_S + SACCADE_PER_RAD_S * np.abs(size_rad)


def gaze_path(
    duration_s: float,
    style: Style,
    rng: np.random.Generator,
    *,
    aversion: float = 1.0,
    downcast: float = 0.0,
    loop: bool = False,
) -> GazePath:
    """Draw fixations for a line.

    Parameters
    ----------
    duration_s : float
    style : Style
        ``gaze`` scales the movements, ``gaze_aversion`` how often the eyes leave ``gaze_target``.
    rng : Generator
    aversion : float
        Factor on glances away from the situation and the emotion.
    downcast : float
        0 to 1: glances away go down rather than aside.
    loop : bool
        End on the first fixation.
    """
    yaw0, pitch0 = style.gaze_target
    points = [(0.0, yaw0, pitch0)]
    chance = min(AWAY_CHANCE * style.gaze_aversion * aversion, 0.8)
    moment = 0.0
    away = False
    while True:
        median = AWAY_LOG_MEAN if away else FIXATION_LOG_MEAN
        hold = float(np.exp(rng.normal(median, FIXATION_LOG_SIGMA)))
        moment += float(np.clip(hold, FIXATION_RANGE_S[0], 2.5 if away else FIXATION_RANGE_S[1]))
        away = not away and bool(rng.uniform() < chance)
        yaw, pitch = _glance(rng, downcast) if away else rng.normal(0.0, FACE_SPREAD_RAD, 2) * (1.0, 0.7)
        if moment >= duration_s - (LOOP_END_S + 0.15 if loop else 0.1):
            break
        points.append((moment, yaw0 + style.gaze * float(yaw), pitch0 + style.gaze * float(pitch)))
    if loop and len(points) > 1:
        points.append((duration_s - LOOP_END_S, yaw0, pitch0))
    table = np.array(points)
    return GazePath(table[:, 0], table[:, 1], table[:, 2])


def _glance(rng: np.random.Generator, downcast: float) -> tuple[float, float]:
    """Draw a direction away from the partner: mostly aside, a little up or down."""
    size = float(rng.uniform(*AWAY_RAD))
    side = 1.0 if rng.uniform() < 0.5 else -1.0
    lift = float(rng.normal(0.1 + 0.9 * downcast, 0.45))
    angle = math.atan2(lift, 1.0)
    return side * size * math.cos(angle), size * math.sin(angle)


def eye_shapes(weights: npt.NDArray[np.float64], yaw: npt.NDArray[np.float64], pitch: npt.NDArray[np.float64]) -> None:
    """Write the eyeLook shapes of an eye direction into weights, in place.

    Parameters
    ----------
    weights : (T, 52) float64
    yaw, pitch : (T,) float64
        Radians relative to the head.
    """
    left, right = np.maximum(yaw, 0.0) / LOOK_YAW_RAD, np.maximum(-yaw, 0.0) / LOOK_YAW_RAD
    down, up = np.maximum(pitch, 0.0) / LOOK_PITCH_RAD, np.maximum(-pitch, 0.0) / LOOK_PITCH_RAD
    for name, value in (
        ("eyeLookOutLeft", left), ("eyeLookInRight", left), ("eyeLookInLeft", right), ("eyeLookOutRight", right),
        ("eyeLookDownLeft", down), ("eyeLookDownRight", down), ("eyeLookUpLeft", up), ("eyeLookUpRight", up),
    ):  # fmt: skip
        weights[:, ARKIT_INDEX[name]] = value
