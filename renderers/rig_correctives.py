"""What the head model's shapes lack next to people's faces, added to its deltas.

ICT-FaceKit's brow lowerer moves the inner end of the brow by 1.4 mm and its lip corner depressor the corner by
4 mm; a frowning adult's inner brow comes down and inwards by several millimetres (action unit 4: P. Ekman,
W. Friesen and J. Hager, *Facial Action Coding System*, 2002, p. 17: "lowers the eyebrow, pulls the eyebrows
closer together"), and anger and sadness cannot be told from a neutral face without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from conditioning.arkit import ARKIT_INDEX

__all__ = ["strengthen"]

#: Way of the inner brow in addition to the model's, units of a centimetre: towards the middle, down, out of the face.
KNIT = (-0.22, -0.48, 0.10)
#: Reach of that way around the inner brow, centimetres (a Gaussian's standard deviation): the lids stay.
KNIT_REACH = 0.85
#: Factors on whole shapes.
GAINS: Mapping[str, float] = MappingProxyType({
    "mouthFrownLeft": 1.4, "mouthFrownRight": 1.4, "browDownLeft": 1.15, "browDownRight": 1.15,
})  # fmt: skip
#: Sides of the character along x.
_SIDES = (("browDownLeft", 1.0), ("browDownRight", -1.0))


def strengthen(
    deltas: npt.NDArray[np.float32],
    points: npt.NDArray[np.floating[Any]],
    inner_brows: npt.NDArray[np.floating[Any]],
) -> npt.NDArray[np.float32]:
    """Return the shapes with frowns of a person's strength.

    Parameters
    ----------
    deltas : (52, V, 3) float32
        Movements of the points, x to the character's left, y up, z out of the face, units of a centimetre.
    points : (V, 3)
        The points at rest.
    inner_brows : (2, 3)
        Inner ends of the left and the right brow at rest.
    """
    result = deltas.copy()
    for name, gain in GAINS.items():
        result[ARKIT_INDEX[name]] *= gain
    for (name, side), brow in zip(_SIDES, inner_brows, strict=True):
        distance = np.linalg.norm(points - brow, axis=-1)
        near = np.exp(-0.5 * (distance / KNIT_REACH) ** 2)
        result[ARKIT_INDEX[name]] += near[:, None] * (np.array(KNIT) * (side, 1.0, 1.0))
    return result
