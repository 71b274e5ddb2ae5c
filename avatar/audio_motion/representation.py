"""The low-dimensional motion that the diffusion model generates, 25 times a second.

The mouth's track, the shapes of expression (sides averaged), the lids of blinks, gaze and head. Blinks and saccades
are events: they are read off the generated curves and drawn anew at full sharpness (:func:`blink_starts`,
:func:`fixations`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avatar.animator.blinks import CLOSE_S, MIN_INTERVAL_S, OPEN_S, SHUT_S
from avatar.animator.gaze import FIXATION_RANGE_S, GazePath
from avatar.animator.layers import LIP_TRACK, Layers, columns_of
from conditioning import ARKIT_NAMES

__all__ = ["CHANNELS", "FACE_SHAPES", "MOTION_RATE_HZ", "N_CHANNELS", "blink_starts", "decode_face", "encode",
           "fixations", "part"]  # fmt: skip

Array = npt.NDArray[np.float64]

MOTION_RATE_HZ = 25.0
#: Shapes of the expression; names without a side stand for both.
FACE_SHAPES: tuple[str, ...] = (
    "browInnerUp", "browOuterUp", "browDown", "eyeSquint", "eyeWide", "eyeBlink", "cheekSquint", "noseSneer",
    "mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch", "mouthPress", "mouthShrugLower", "mouthShrugUpper",
    "mouthUpperUp", "mouthLowerDown", "mouthFunnel", "jawForward",
)  # fmt: skip
_PARTS = {
    "mouth": LIP_TRACK,
    "face": FACE_SHAPES,
    "lids": ("blink",),
    "gaze": ("gazeYaw", "gazePitch"),
    "head": ("headPitch", "headYaw", "headRoll"),
}
#: All channels, in order.
CHANNELS: tuple[str, ...] = tuple(f"{name}.{channel}" for name, group in _PARTS.items() for channel in group)
N_CHANNELS = len(CHANNELS)
#: Generated shapes below this are noise.
RESIDUE = 0.015
#: Frames in which blinks are counted together.
BLINK_BLOCK = 500
#: From a blink's start to the middle of its curve.
BLINK_MIDDLE_S = CLOSE_S + SHUT_S / 2 + OPEN_S * 0.1
#: Gaze that moves further than this within two frames is a saccade, radians.
SACCADE_RAD = 0.022


def part(motion: npt.NDArray[np.float32], name: str) -> npt.NDArray[np.float32]:
    """Return the columns of ``mouth``, ``face``, ``lids``, ``gaze`` or ``head`` of (…, N_CHANNELS) motion."""
    first = 0
    for key, group in _PARTS.items():
        if key == name:
            return motion[..., first : first + len(group)]
        first += len(group)
    raise KeyError(name)


def encode(layers: Layers, mouth: Array, lids: Array) -> npt.NDArray[np.float32]:
    """Return layers sampled at 25 Hz as motion.

    Parameters
    ----------
    layers : Layers
        Of F frames.
    mouth : (F, 15) float64
        In the order of ``LIP_TRACK``.
    lids : (F,) float64
        Blinks, averaged over each frame.

    Returns
    -------
    (F, N_CHANNELS) float32
    """
    face = np.stack([layers.face[:, columns_of(name)].mean(axis=1) for name in FACE_SHAPES], axis=1)
    motion = np.concatenate([mouth, face, lids[:, None], layers.gaze, layers.head], axis=1)
    single: npt.NDArray[np.float32] = motion.astype(np.float32)
    return single


def decode_face(shapes: Array) -> Array:
    """Return (T, 52) weights of (T, 19) expression shapes, both sides alike."""
    clear = np.clip((shapes - RESIDUE) / (1.0 - RESIDUE), 0.0, 1.0)
    weights = np.zeros((len(shapes), len(ARKIT_NAMES)))
    for column, name in enumerate(FACE_SHAPES):
        weights[:, columns_of(name)] = clear[:, column, None]
    return weights


def blink_starts(
    lids: npt.NDArray[np.float32], duration_s: float, per_minute: float, rng: np.random.Generator
) -> Array:
    """Return when blinks begin: the highest peaks of the generated lids, as many as the face blinks.

    The curve says when the lids like to close; a sampler of few steps leaves its heights too even to be counted.

    Parameters
    ----------
    lids : (F,) float32
        At 25 Hz.
    duration_s : float
        Each blink is whole inside it.
    per_minute : float
        Blinks.
    rng : Generator
        Decides about a last fraction of a blink.
    """
    middles = np.arange(len(lids)) / MOTION_RATE_HZ - BLINK_MIDDLE_S
    whole = (middles >= 0.0) & (middles <= duration_s - (CLOSE_S + SHUT_S + OPEN_S))
    kernel = np.array([0.25, 0.5, 0.25])
    height = np.where(whole, np.convolve(lids, kernel, mode="same"), -np.inf)
    reach = round(MIN_INTERVAL_S * MOTION_RATE_HZ)
    chosen: list[float] = []
    for first in range(0, len(lids), BLINK_BLOCK):
        block = height[first : first + BLINK_BLOCK]
        count = int(per_minute / 60.0 * len(block) / MOTION_RATE_HZ + rng.uniform())
        for _ in range(count):
            peak = first + int(block.argmax())
            if not np.isfinite(height[peak]):
                break
            chosen.append(peak + _offset(height, peak))
            height[max(peak - reach, 0) : peak + reach + 1] = -np.inf
    return np.sort(np.array(chosen)) / MOTION_RATE_HZ - BLINK_MIDDLE_S


def _offset(height: Array, peak: int) -> float:
    """Return where between its neighbours a peak really is, in frames: the vertex of a parabola."""
    around = height[max(peak - 1, 0) : peak + 2]
    if len(around) < 3 or not np.isfinite(around).all():
        return 0.0
    bend = around[0] - 2.0 * around[1] + around[2]
    return float(np.clip(0.5 * (around[0] - around[2]) / bend, -0.5, 0.5)) if bend < 0.0 else 0.0


def fixations(gaze: npt.NDArray[np.float32]) -> GazePath:
    """Return the fixations of generated gaze: (F, 2) radians at 25 Hz.

    A saccade is where gaze, freed of single outliers, moves most within two frames and far enough; between two of
    them it rests on its median.
    """
    from scipy.ndimage import median_filter

    steady = median_filter(gaze.astype(np.float64), size=(5, 1), mode="nearest")
    padded = np.pad(steady, ((1, 1), (0, 0)), mode="edge")
    speed = np.linalg.norm(padded[2:] - padded[:-2], axis=1)
    near = np.pad(speed, 1)
    jumps = np.flatnonzero((speed > SACCADE_RAD) & (speed >= near[:-2]) & (speed > near[2:]))
    shortest = round(FIXATION_RANGE_S[0] * MOTION_RATE_HZ)
    bounds = [0]
    for jump in jumps:
        if jump - bounds[-1] >= shortest:
            bounds.append(int(jump))
    points = [np.median(piece, axis=0) for piece in np.split(gaze.astype(np.float64), bounds[1:])]
    table = np.array(points).reshape(-1, 2)
    return GazePath((np.array(bounds) - 0.5).clip(0.0) / MOTION_RATE_HZ, table[:, 0], table[:, 1])
