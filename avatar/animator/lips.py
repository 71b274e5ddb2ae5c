"""What the lips do, as linear measures of the weights.

Coefficients are the displacement of the inner lip's midpoints per unit of weight on the ICT-FaceKit head (MIT
licence; R. Li et al., "Learning formation of physically-based face attributes", 2020), divided by that of
``jawOpen``. ``mouthClose`` keeps Apple's meaning, so that a weight equal to ``jawOpen`` shuts the lips on every
rig; on ICT it shuts them 1.19 times over.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from conditioning import ARKIT_INDEX, ARKIT_NAMES

__all__ = ["CLOSED_APERTURE", "TEETH_CONTACT", "lip_aperture", "lip_tooth_gap", "measure_vector"]

#: Lips count as closed at or below this aperture: 3 % of a fully open jaw, about 1 mm.
CLOSED_APERTURE = 0.03
#: The lower lip touches the upper teeth at or below this gap.
TEETH_CONTACT = 0.02

#: Vertical distance of the inner lips.
APERTURE: Mapping[str, float] = MappingProxyType({
    "jawOpen": 1.0, "mouthClose": -1.0, "mouthFunnel": 0.42, "mouthLowerDown": 0.21, "mouthUpperUp": 0.22,
    "noseSneer": 0.19, "mouthShrugUpper": 0.16, "mouthShrugLower": -0.21, "mouthRollLower": -0.11,
    "mouthRollUpper": 0.05, "mouthPress": -0.08, "jawForward": 0.04,
})  # fmt: skip
#: How far the lower lip lies below the edge of the upper incisors, apart from the constant.
LOWER_LIP_DROP: Mapping[str, float] = MappingProxyType({
    "jawOpen": 1.07, "mouthClose": -1.07, "mouthFunnel": 0.25, "mouthLowerDown": 0.21, "mouthShrugLower": -0.21,
    "mouthRollLower": -0.11, "mouthPress": -0.06, "mouthSmile": -0.11, "jawForward": 0.04, "mouthFrown": 0.015,
})  # fmt: skip
#: At rest the lower lip's inner edge lies this far above the incisors' edge (0.13 of ICT's units).
REST_OVERLAP = 0.04


@lru_cache(maxsize=8)
def _vector(items: tuple[tuple[str, float], ...]) -> npt.NDArray[np.float64]:
    vector = np.zeros(len(ARKIT_NAMES))
    for name, value in items:
        if name in ARKIT_INDEX:
            vector[ARKIT_INDEX[name]] = value
        else:
            for side in ("Left", "Right"):
                vector[ARKIT_INDEX[name + side]] = value / 2
    return vector


def measure_vector(measure: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """Return a measure as a (52,) vector; a pair of sides shares its coefficient."""
    return _vector(tuple(measure.items()))


def lip_aperture(weights: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Return how far apart the lips are, in units of ``jawOpen``.

    Parameters
    ----------
    weights : (…, 52) float
        In the order of ``ARKIT_NAMES``.

    Returns
    -------
    (…,) float64
        0 at rest; negative where the lips are pressed.
    """
    result: npt.NDArray[np.float64] = weights @ measure_vector(APERTURE)
    return result


def lip_tooth_gap(weights: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Return how far the lower lip's inner edge lies below the upper incisors, in units of ``jawOpen``.

    Parameters
    ----------
    weights : (…, 52) float
        In the order of ``ARKIT_NAMES``.
    """
    result: npt.NDArray[np.float64] = weights @ measure_vector(LOWER_LIP_DROP) - REST_OVERLAP
    return result
