"""The layers of a performance, and how they become one face: the contacts come last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avatar.animator.closures import enforce
from avatar.animator.gaze import LID_FOLLOW, eye_shapes
from avatar.animator.jaw_drop import parted
from avatar.animator.style import Style
from avatar.animator.visemes import CHANNELS
from conditioning import ARKIT_INDEX, ARKIT_NAMES, Motion

__all__ = ["LIP_TRACK", "Layers", "Mouth", "assemble", "columns_of", "joined", "mouth_of"]

#: What speech alone asks of the mouth: the lips' channels, lips together, lip on teeth, and 1 while speaking.
LIP_TRACK: tuple[str, ...] = (*CHANNELS, "lips", "teeth", "gate")
#: Shapes that rounding pushes aside in the emotion's mouth.
ROUNDING_YIELD = 0.75


@dataclass(frozen=True, eq=False)
class Mouth:
    """Speech's own part: (T, 52) weights, (T,) gate, (T,) contacts of lips and of lip on teeth."""

    weights: npt.NDArray[np.float64]
    gate: npt.NDArray[np.float64]
    lips: npt.NDArray[np.float64]
    teeth: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Layers:
    """What is put together.

    Attributes
    ----------
    mouth : Mouth
    face : (T, 52) float64
        The expression; it has already yielded to speech, and its jaw is open only where nobody speaks.
    head : (T, 3) float64
        Pitch, yaw, roll in radians.
    gaze : (T, 2) float64
        Yaw and pitch in the world, radians.
    lids : (T,) float64
        How far blinks close them, 0 to 1.
    """

    mouth: Mouth
    face: npt.NDArray[np.float64]
    head: npt.NDArray[np.float64]
    gaze: npt.NDArray[np.float64]
    lids: npt.NDArray[np.float64]


def mouth_of(track: npt.NDArray[np.float64]) -> Mouth:
    """Return a mouth from a (T, 15) track in the order of :data:`LIP_TRACK`."""
    return Mouth(_spread(track[:, : len(CHANNELS)]), track[:, -1], track[:, -3], track[:, -2])


def columns_of(name: str) -> tuple[int, ...]:
    """Return the columns of a shape in ``ARKIT_NAMES``: one, or both sides of a name without a side."""
    if name in ARKIT_INDEX:
        return (ARKIT_INDEX[name],)
    return ARKIT_INDEX[name + "Left"], ARKIT_INDEX[name + "Right"]


def assemble(fps: float, layers: Layers, style: Style) -> Motion:
    """Put the layers together and enforce the contacts; ``layers.face`` is used up."""
    mouth, face, head = layers.mouth, layers.face, layers.head
    rounding = np.clip(mouth.weights[:, ARKIT_INDEX["mouthPucker"]] * 1.4, 0.0, 1.0)
    for name in ("mouthSmile", "mouthStretch", "mouthDimple", "mouthFrown"):
        face[:, columns_of(name)] *= (1.0 - ROUNDING_YIELD * rounding)[:, None]
    silence = (1.0 - mouth.gate) * (1.0 - parted(face[:, ARKIT_INDEX["jawOpen"]]))
    weights = 1.0 - (1.0 - np.clip(face, 0.0, 1.0)) * (1.0 - np.clip(mouth.weights, 0.0, 1.0))
    yaw, pitch = _eye_direction(layers, style)
    eye_shapes(weights, yaw, pitch)
    _lids(weights, layers.lids, pitch)
    weights = np.clip(enforce(weights, mouth.lips, mouth.teeth, silence), 0.0, 1.0)
    eyes = np.zeros((len(head), 2, 3))
    eyes[:, :, 0], eyes[:, :, 1] = pitch[:, None], yaw[:, None]
    return Motion(fps, weights.astype(np.float32), head.astype(np.float32), eyes.astype(np.float32))


def joined(motions: Sequence[Motion]) -> Motion:
    """Return motions of one rate as one, each going on where the one before it ends."""
    if len(motions) == 1:
        return motions[0]
    parts = zip(*((part.weights, part.head_rotation, part.eye_rotation) for part in motions), strict=True)
    return Motion(motions[0].fps, *(np.concatenate(part) for part in parts))


def _spread(curves: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (T, 52) weights from the lips' channels."""
    weights = np.zeros((len(curves), len(ARKIT_NAMES)))
    for channel, name in enumerate(CHANNELS):
        for column in columns_of(name):
            weights[:, column] = curves[:, channel]
    return weights


def _eye_direction(layers: Layers, style: Style) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the eyes' yaw and pitch in the head: on the target, whatever the head does."""
    if style.gaze == 0.0:
        yaw, pitch = style.gaze_target
        return np.full(len(layers.gaze), yaw), np.full(len(layers.gaze), pitch)
    return layers.gaze[:, 0] - layers.head[:, 1], layers.gaze[:, 1] - layers.head[:, 0]


def _lids(weights: npt.NDArray[np.float64], blink: npt.NDArray[np.float64], pitch: npt.NDArray[np.float64]) -> None:
    """Close the lids for blinks, less where the eye already looks down, and undo what holds them open."""
    for side in ("Left", "Right"):
        shut, wide, squint, down = (
            ARKIT_INDEX[name + side] for name in ("eyeBlink", "eyeWide", "eyeSquint", "eyeLookDown")
        )
        lowered = weights[:, down]
        floor = np.clip(weights[:, shut] + LID_FOLLOW * lowered, 0.0, 1.0)
        goal = np.clip(1.0 - 0.45 * lowered, floor, 1.0)
        weights[:, shut] = floor + blink * (goal - floor)
        weights[:, wide] *= (1.0 - blink) * (1.0 - 0.5 * np.clip(lowered, 0.0, 1.0))
        weights[:, squint] *= 1.0 - 0.5 * blink
