"""What the head model's shapes lack next to people's faces, added to its deltas.

ICT-FaceKit's brow lowerer moves the inner end of the brow by 1.4 mm and its lip corner depressor the corner by
4 mm; a frowning adult's inner brow comes down and inwards by several millimetres (action unit 4: P. Ekman,
W. Friesen and J. Hager, *Facial Action Coding System*, 2002, p. 17: "lowers the eyebrow, pulls the eyebrows
closer together"), and anger and sadness cannot be told from a neutral face without it.

Its outer brow raiser takes the inner end along by half as much as the inner brow raiser does, and leaves the tail
behind: a brow raised by both, as in surprise, came to slope outwards and down like a grieving one. Action unit 2
raises the outer part alone, and together with 1 the whole brow (ibid.).
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
#: Way of the brow's outer end in addition to the model's, up, and its reach, centimetres.
TAIL, TAIL_REACH = 0.30, 0.95
#: Distance from the middle of the face where the outer brow raiser begins and where it is whole, centimetres, and what
#: is left of it further in, where the inner one works.
LATERAL, MEDIAL_SHARE = (1.0, 3.2), 0.3
#: Sides of the character along x.
_SIDES = (("Left", 1.0), ("Right", -1.0))


def strengthen(
    deltas: npt.NDArray[np.float32],
    points: npt.NDArray[np.floating[Any]],
    inner_brows: npt.NDArray[np.floating[Any]],
    outer_brows: npt.NDArray[np.floating[Any]],
) -> npt.NDArray[np.float32]:
    """Return the shapes with frowns of a person's strength, and brows that rise as a whole.

    Parameters
    ----------
    deltas : (52, V, 3) float32
        Movements of the points, x to the character's left, y up, z out of the face, units of a centimetre.
    points : (V, 3)
        The points at rest.
    inner_brows, outer_brows : (2, 3)
        Inner and outer ends of the left and the right brow at rest.
    """
    result = deltas.copy()
    for name, gain in GAINS.items():
        result[ARKIT_INDEX[name]] *= gain
    for (name, side), inner, outer in zip(_SIDES, inner_brows, outer_brows, strict=True):
        knit = _near(points, inner, KNIT_REACH)[:, None] * (np.array(KNIT) * (side, 1.0, 1.0))
        result[ARKIT_INDEX[f"browDown{name}"]] += knit
        raiser = result[ARKIT_INDEX[f"browOuterUp{name}"]]
        lateral = np.clip((side * points[:, 0] - LATERAL[0]) / (LATERAL[1] - LATERAL[0]), 0.0, 1.0)
        raiser *= (MEDIAL_SHARE + (1 - MEDIAL_SHARE) * lateral * lateral * (3 - 2 * lateral))[:, None]
        raiser[:, 1] += TAIL * _near(points, outer, TAIL_REACH)
    return result


def _near(
    points: npt.NDArray[np.floating[Any]], place: npt.NDArray[np.floating[Any]], reach: float
) -> npt.NDArray[np.floating[Any]]:
    """Return (V,) 1 at a place (3,), falling off around it."""
    return np.asarray(np.exp(-0.5 * (np.linalg.norm(points - place, axis=-1) / reach) ** 2))
