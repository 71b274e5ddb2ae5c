"""The prosody embedding u: named axes, and the linear map from the eight emotions onto it.

``u = w @ emotions``: primaries are directions, mixtures are sums, a factor on the weights is a factor on u. The network
reads u for every phone and every 20 ms; the prosody encoder (:mod:`tts.daisy.prosody_encoder`) finds u in a recording.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["AXES", "LIMIT", "N_STYLE", "N_TIMBRE", "UNITS", "StyleSpace", "axis", "values_of"]

Array = npt.NDArray[np.float64]

#: Directions of the spectrum, learnt from real emotional speech; see :mod:`tts.train_voice.style_space`.
N_TIMBRE = 5

#: Axis → what one unit of u is. The order is part of the checkpoint's format.
UNITS: dict[str, float] = {
    "f0_level_st": 5.0,
    "f0_range_ln": 0.35,
    "f0_slope_st_per_s": 0.5,
    "accent_st": 1.5,
    "final_st": 1.5,
    "vowel_ln": 0.25,
    "consonant_ln": 0.25,
    "pause_ln": 0.25,
    "pause_share": 0.16,
    "loudness_db": 5.0,
    "jitter_pct": 0.4,
    "tremor_st": 0.3,
    **{f"timbre_{k}": 1.0 for k in range(N_TIMBRE)},
}
AXES: tuple[str, ...] = tuple(UNITS)
N_STYLE = len(AXES)

#: The network was trained on u in [-LIMIT, LIMIT]; sums beyond it stay there.
LIMIT = 2.5


def axis(name: str) -> int:
    """Return the place of an axis in u."""
    return AXES.index(name)


def values_of(style: Array) -> dict[str, Array]:
    """Return u in the units of its axes.

    Examples
    --------
    >>> float(values_of(np.ones(N_STYLE))["f0_level_st"])
    5.0
    """
    return {name: style[..., k] * unit for k, (name, unit) in enumerate(UNITS.items())}


@dataclass(frozen=True, eq=False)
class StyleSpace:
    """Where the emotions lie in u.

    Attributes
    ----------
    emotions : (8, N_STYLE) float64
        u of each primary at full weight, in Plutchik's order.
    """

    emotions: Array

    def at(self, weights: npt.ArrayLike) -> Array:
        """Return u of (..., 8) weights: (..., N_STYLE), exact sums inside the range of the training."""
        u: Array = np.clip(np.asarray(weights, np.float64) @ self.emotions, -LIMIT, LIMIT)
        return u
