"""Conditional flow matching at run time: a few of Euler's steps from noise to features.

Y. Lipman et al., "Flow matching for generative modeling", ICLR 2023, with straight paths: ``x_t = (1 - t) x + t
noise``, velocity ``noise - x``. The steps are those of diffusers' ``FlowMatchEulerDiscreteScheduler``
with the times given below; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from tts.convnext import Array

__all__ = ["STEPS", "flow_times", "integrate"]

#: Fewest and most steps that are of use.
STEPS = (1, 32)


def flow_times(count: int) -> Array:
    """Return the (count + 1,) times from 1, which is noise, to 0.

    Examples
    --------
    >>> flow_times(4).tolist()
    [1.0, 0.75, 0.5, 0.25, 0.0]
    """
    times: Array = np.linspace(1.0, 0.0, count + 1).astype(np.float32)
    return times


def integrate(velocity: Callable[[Array, float], Array], noise: Array, count: int) -> Array:
    """Follow a velocity from noise to features.

    Parameters
    ----------
    velocity : callable
        (x, time) → dx/dtime, of the shape of x.
    noise : ndarray of float32
        x at time 1.
    count : int
        Number of steps.
    """
    times = flow_times(count)
    x = noise
    for now, then in pairwise(times):
        x = x + (then - now) * velocity(x, float(now))
    return x
