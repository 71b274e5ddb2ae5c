"""Blinks: when they come and how the lids move."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from avatar.animator.noise import smoothstep
from avatar.animator.style import Style

__all__ = ["blink_times", "draw_rate", "lid_closure"]

#: Blinks a minute in conversation: 26 on average (A. Bentivoglio et al., Movement Disorders 12, 1997); 95 % of
#: people between 10.5 and 32.5. A person's own rate is drawn from this log-normal and clipped.
RATE_LOG_MEAN = 3.05
RATE_LOG_SIGMA = 0.22
RATE_RANGE = (13.0, 30.0)
#: Spread of the intervals around a person's rate, and the shortest interval.
INTERVAL_SIGMA = 0.45
MIN_INTERVAL_S = 0.55
#: Share of blinks that come as a pair, and the distance within it.
DOUBLE_SHARE = 0.10
DOUBLE_S = 0.34
#: Closing, shut and opening (L. Trutoiu et al., "Modeling and animating eye blinks", 2011: fast down, slow up).
CLOSE_S = 0.075
SHUT_S = 0.035
OPEN_S = 0.160
#: Blinks are drawn to pauses, ends of phrases and gaze shifts within this distance.
ATTRACTION_S = 0.35


def blink_times(
    duration_s: float,
    style: Style,
    rng: np.random.Generator,
    attractors_s: Sequence[float] = (),
    arousal: float = 0.0,
) -> npt.NDArray[np.float64]:
    """Draw the moments at which the lids start to close.

    Parameters
    ----------
    duration_s : float
    style : Style
        ``blink_rate`` scales the rate; 0 gives none.
    rng : Generator
    attractors_s : sequence of float
        Moments that people like to blink at: pauses, gaze shifts.
    arousal : float
        -1 to 1; an excited face blinks more.

    Returns
    -------
    (B,) float64
        Seconds, rising, each blink whole inside the line.
    """
    rate = draw_rate(rng, arousal) * style.blink_rate
    if rate <= 0.0:
        return np.zeros(0)
    mean_s = 60.0 / rate * (1.0 + DOUBLE_SHARE)
    log_mean = np.log(mean_s) - 0.5 * INTERVAL_SIGMA**2
    last = duration_s - CLOSE_S - SHUT_S - OPEN_S
    moments: list[float] = []
    moment = float(rng.uniform(0.0, mean_s))
    while moment < last:
        drawn = _attracted(moment, attractors_s)
        if not moments or drawn - moments[-1] >= MIN_INTERVAL_S:
            moment = drawn
        if 0.0 <= moment < last:
            moments.append(moment)
            if rng.uniform() < DOUBLE_SHARE and moment + DOUBLE_S < last:
                moments.append(moment + DOUBLE_S)
        moment += max(float(np.exp(rng.normal(log_mean, INTERVAL_SIGMA))), MIN_INTERVAL_S)
    return np.array(moments)


def draw_rate(rng: np.random.Generator, arousal: float = 0.0) -> float:
    """Draw a person's own blinks a minute; an excited face (``arousal`` -1 to 1) blinks more."""
    own = float(np.clip(np.exp(rng.normal(RATE_LOG_MEAN, RATE_LOG_SIGMA)), *RATE_RANGE))
    return float(np.clip(own * (1.0 + 0.12 * arousal), *RATE_RANGE))


def _attracted(moment: float, attractors_s: Sequence[float]) -> float:
    near = min(attractors_s, key=lambda other: abs(other - moment), default=moment)
    return near if abs(near - moment) <= ATTRACTION_S and near >= 0.0 else moment


def lid_closure(times_s: npt.NDArray[np.float64], starts_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how far the lids are shut by blinks, 0 to 1.

    Parameters
    ----------
    times_s : (T,) float64
    starts_s : (B,) float64
        From :func:`blink_times`.

    Returns
    -------
    (T,) float64
    """
    if not len(starts_s):
        return np.zeros(len(times_s))
    index = np.clip(np.searchsorted(starts_s, times_s, side="right") - 1, 0, len(starts_s) - 1)
    since = times_s - starts_s[index]
    down = smoothstep(since / CLOSE_S)
    # Opening is quick at first and creeps into place: an exponential that ends in a smooth step.
    phase = np.clip((since - CLOSE_S - SHUT_S) / OPEN_S, 0.0, 1.0)
    up = smoothstep(np.sqrt(phase))
    closure: npt.NDArray[np.float64] = np.where(since < 0.0, 0.0, down * (1.0 - up))
    return closure
