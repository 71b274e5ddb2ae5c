"""What the body adds to a performance: shoulders that follow the head late, and breath."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from conditioning import Motion

__all__ = ["HEAD_SHARE", "body_sway"]

Float = npt.NDArray[np.float32]

#: Shoulders follow the head with this time constant, seconds.
_LAG_S = 0.35
#: How far the shoulders go for a radian of the head's yaw and roll, and sink for its pitch (head model's units).
_SIDEWAYS, _DOWN = 2.2, 1.0
#: Rise of the shoulders in a breath (the model's units, about a centimetre), and its period in seconds:
#: 15 breaths a minute, the middle of 12 to 20 at rest.
_RISE, _PERIOD_S = 0.16, 4.0
#: Share of the breath that the head takes part in.
HEAD_SHARE = 0.4
#: The breath fades in over this time, so that a clip begins with the portrait.
_FADE_S = 0.8


def body_sway(motion: Motion, *, breathing: bool, seed: int) -> tuple[Float, Float]:
    """Return the shoulders' way and the breath of every frame, in the head model's units.

    Parameters
    ----------
    motion : Motion
        At the frames' rate.
    breathing : bool
        Whether there is any breath.
    seed : int
        Chooses where in a breath the clip begins.

    Returns
    -------
    sway : (T, 2) float32
        To the picture's right and down.
    breath : (T,) float32
        Upwards.
    """
    from scipy.signal import lfilter

    head = motion.head_rotation.astype(np.float64)
    keep = float(np.exp(-1.0 / (motion.fps * _LAG_S)))
    wanted = np.stack([_SIDEWAYS * (head[:, 1] - head[:, 2]), _DOWN * head[:, 0]], 1)
    # Two lags in a row: no jerk where the head sets off.
    # In a loop they go on from its end: the second round is the settled one.
    count = len(wanted)
    rounds = np.concatenate([wanted, wanted]) if _loops(head) else wanted
    once = lfilter([1 - keep], [1, -keep], rounds, axis=0)
    sway = lfilter([1 - keep], [1, -keep], once, axis=0)[-count:]
    breath = np.zeros(len(motion))
    if breathing:
        phase = float(np.random.default_rng(seed).uniform(0, 2 * np.pi))
        times = motion.times_s
        wave = np.sin(2 * np.pi * times / _PERIOD_S + phase) - np.sin(phase)
        # It fades out as well, so that loops and cuts begin where the last clip ended.
        left = times[-1] + 1 / motion.fps - times
        breath = 0.5 * _RISE * wave * np.clip(times / _FADE_S, 0, 1) * np.clip(left / _FADE_S, 0, 1)
    return sway.astype(np.float32), breath.astype(np.float32)


def _loops(head: npt.NDArray[np.float64]) -> bool:
    """Return whether a head's movement goes on at its beginning as smoothly as anywhere."""
    if len(head) < 3:
        return False
    steps = np.abs(np.diff(head, axis=0)).max(1)
    return bool(steps.max() > 0 and np.abs(head[0] - head[-1]).max() <= np.percentile(steps, 90))
