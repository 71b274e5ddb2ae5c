"""What each phone asks of jaw, lips and tongue tip.

Targets are ARKit weights at ordinary loudness; dominance says how firmly a phone insists on each articulator
(M. Cohen and D. Massaro, "Modeling coarticulation in synthetic visual speech", 1993): l, n, t, d, k, g leave the
lips to their neighbours, sibilants hold the jaw, u, w, o, sh hold the rounding (P. Edwards et al., "JALI", 2016,
section 4.2). The numbers were set on the ICT-FaceKit head, whose jawOpen 1.0 lowers the lip by about 3.5 cm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from conditioning.phones import SILENCE, strip_stress

__all__ = ["ARTICULATORS", "BILABIALS", "CHANNELS", "LABIODENTALS", "VOWELS", "Target", "parts_of", "target_of"]

#: ARKit names without their side; a paired shape has the same weight on both.
CHANNELS: tuple[str, ...] = (
    "jawOpen", "jawForward", "mouthFunnel", "mouthPucker", "mouthStretch", "mouthDimple",
    "mouthLowerDown", "mouthUpperUp", "mouthRollLower", "mouthRollUpper", "mouthPress", "tongueOut",
)  # fmt: skip
#: Which channels move together under one dominance.
ARTICULATORS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "jaw": ("jawOpen", "jawForward"),
    "round": ("mouthFunnel", "mouthPucker"),
    "spread": ("mouthStretch", "mouthDimple"),
    "lips": ("mouthLowerDown", "mouthUpperUp", "mouthRollLower", "mouthRollUpper", "mouthPress"),
    "tongue": ("tongueOut",),
})  # fmt: skip

BILABIALS = frozenset("pbm")
LABIODENTALS = frozenset("fvɱ")


@dataclass(frozen=True)
class Target:
    """One articulation.

    Attributes
    ----------
    weights : (C,) float64
        In the order of :data:`CHANNELS`.
    dominance : (C,) float64
        Above 0; 1 is firm, .1 gives way to any neighbour.
    reach : (C,) float64
        Factor on how early the movement starts and how late it ends.
    """

    weights: npt.NDArray[np.float64]
    dominance: npt.NDArray[np.float64]
    reach: npt.NDArray[np.float64]


# Columns: jaw, jaw forward, funnel, pucker, stretch, dimple, lower lip down, upper lip up, lower lip rolled,
# upper lip rolled, lips pressed, tongue out | dominance of jaw, round, spread, lips, tongue.
_TABLE = """
sil .00 .00 .00 .00 .00 .00 .00 .00 .00 .00 .00 .00 | 1.0 1.0 1.0 1.0 1.0
i   .09 .00 .00 .00 .40 .15 .22 .12 .00 .00 .00 .00 | .70 .90 1.0 .70 .5
ɪ   .14 .00 .00 .00 .22 .08 .20 .10 .00 .00 .00 .00 | .60 .60 .70 .60 .5
e   .17 .00 .00 .00 .32 .10 .24 .12 .00 .00 .00 .00 | .80 .80 .90 .70 .5
ɛ   .25 .00 .00 .00 .18 .05 .26 .12 .00 .00 .00 .00 | .90 .70 .80 .70 .5
æ   .35 .00 .00 .00 .22 .04 .28 .18 .00 .00 .00 .00 | 1.0 .80 .80 .80 .5
a   .38 .00 .02 .00 .10 .00 .22 .12 .00 .00 .00 .00 | 1.0 .80 .70 .80 .5
ɑ   .40 .00 .06 .00 .04 .00 .18 .08 .00 .00 .00 .00 | 1.0 .80 .70 .80 .5
ɒ   .34 .00 .20 .10 .00 .00 .12 .06 .00 .00 .00 .00 | 1.0 .90 .80 .80 .5
ɔ   .29 .00 .30 .25 .00 .00 .08 .04 .00 .00 .00 .00 | 1.0 1.1 .90 .80 .5
o   .19 .00 .32 .45 .00 .00 .04 .00 .00 .00 .00 .00 | .90 1.2 1.0 .80 .5
ʊ   .13 .00 .22 .36 .00 .00 .06 .02 .00 .00 .00 .00 | .70 .90 .80 .60 .5
u   .08 .00 .12 .76 .00 .00 .02 .00 .00 .00 .00 .00 | .80 1.4 1.0 .80 .5
ʌ   .27 .00 .04 .02 .06 .00 .18 .08 .00 .00 .00 .00 | .80 .60 .60 .60 .5
ə   .14 .00 .05 .05 .06 .00 .12 .05 .00 .00 .00 .00 | .40 .30 .30 .35 .5
ɝ   .13 .00 .22 .30 .00 .00 .10 .06 .00 .00 .00 .00 | .70 .90 .80 .60 .5
y   .08 .00 .12 .72 .00 .00 .04 .00 .00 .00 .00 .00 | .80 1.4 1.0 .80 .5
ø   .15 .00 .28 .52 .00 .00 .06 .02 .00 .00 .00 .00 | .80 1.2 1.0 .80 .5
œ   .25 .00 .30 .36 .00 .00 .10 .04 .00 .00 .00 .00 | .90 1.1 .90 .80 .5
j   .08 .00 .00 .00 .30 .10 .16 .08 .00 .00 .00 .00 | .50 .50 .60 .40 .5
w   .07 .00 .10 .84 .00 .00 .00 .00 .00 .00 .00 .00 | .90 1.8 1.0 .90 .5
ɹ   .09 .00 .26 .34 .00 .00 .08 .06 .00 .00 .00 .00 | .60 .90 .70 .60 .5
l   .14 .00 .02 .00 .06 .00 .12 .06 .00 .00 .00 .00 | .45 .12 .12 .25 .5
t   .07 .00 .03 .00 .06 .02 .16 .06 .00 .00 .00 .00 | .65 .10 .12 .25 .5
n   .07 .00 .03 .00 .06 .02 .14 .06 .00 .00 .00 .00 | .60 .10 .12 .25 .5
s   .045 .06 .05 .00 .14 .06 .28 .12 .00 .00 .00 .00 | 1.3 .25 .40 .80 .8
ʃ   .06 .10 .40 .32 .00 .00 .08 .10 .00 .00 .00 .00 | 1.3 1.3 1.0 .90 .8
θ   .11 .00 .00 .00 .08 .00 .20 .10 .00 .00 .00 .30 | .90 .20 .25 .50 1.5
k   .15 .00 .03 .00 .06 .02 .12 .05 .00 .00 .00 .00 | .40 .10 .12 .20 .5
x   .14 .00 .05 .00 .06 .02 .14 .06 .00 .00 .00 .00 | .50 .10 .12 .25 .5
h   .18 .00 .03 .00 .05 .00 .12 .05 .00 .00 .00 .00 | .15 .06 .06 .10 .2
p   .06 .00 .02 .02 .02 .02 .00 .00 .08 .06 .22 .00 | 1.0 .12 .15 .90 .8
m   .05 .00 .02 .02 .02 .02 .00 .00 .06 .05 .16 .00 | 1.0 .12 .15 .90 .8
f   .07 .00 .04 .00 .04 .02 .00 .30 .52 .00 .00 .00 | 1.1 .20 .25 1.3 .8
"""

#: Symbols that look like one of the table's phones.
_SAME_AS: Mapping[str, str] = MappingProxyType({
    "ᵻ": "ɪ", "ɨ": "ɪ", "ɐ": "ʌ", "ɚ": "ɝ", "ɜ": "ɝ", "ɤ": "ʌ", "ʏ": "y", "ɵ": "ø", "ɘ": "ə", "ɯ": "ɪ", "ɞ": "œ",
    "b": "p", "v": "f", "ɱ": "f", "d": "t", "ɾ": "n", "ɫ": "l", "ʎ": "l", "ɭ": "l", "ɬ": "l", "z": "s", "ʒ": "ʃ",
    "ð": "θ", "ɡ": "k", "g": "k", "ŋ": "k", "q": "k", "c": "j", "ɟ": "j", "ɲ": "n", "ɳ": "n", "ʈ": "t", "ɖ": "t",
    "ç": "j", "ʝ": "j", "ɕ": "ʃ", "ʑ": "ʃ", "ʂ": "ʃ", "ʐ": "ʃ", "ɣ": "x", "χ": "x", "ʁ": "x", "ʀ": "x", "ħ": "h",
    "ɦ": "h", "ʔ": "h", "ʕ": "h", "r": "l", "ɻ": "ɹ", "ɽ": "l", "ʍ": "w", "ɥ": "y", "β": "w", "ɸ": "f",
    "ʋ": "f", "ɹ̩": "ɝ",
})  # fmt: skip

VOWELS = frozenset("iɪeɛæaɑɒɔoʊuʌəɝyøœᵻɨɐɚɜɤʏɵɘɯɞ")

#: Share of a diphthong that belongs to its first element (facts of the JALI and Azure tables: 60/40).
FIRST_SHARE = 0.6
#: A stop's closure and its friction in an affricate.
AFFRICATE_SHARE = 0.45
#: Rounding starts early and ends late.
ROUND_REACH = 1.5


def parts_of(symbol: str) -> tuple[tuple[str, float], ...]:
    """Split a phone into its articulations.

    Parameters
    ----------
    symbol : str
        A phone in IPA, with or without stress; length marks and diacritics are allowed.

    Returns
    -------
    tuple of (str, float)
        Symbols of the table and the share of the phone's time; the shares sum to 1. An unknown symbol is
        taken for schwa.

    Examples
    --------
    >>> parts_of("ˈaɪ")
    (('a', 0.6), ('ɪ', 0.4))
    >>> parts_of("tʃ")
    (('t', 0.45), ('ʃ', 0.55))
    """
    plain = strip_stress(symbol)
    if plain in ("", SILENCE):
        return ((SILENCE, 1.0),)
    known = [_resolve(letter) for letter in plain if letter in _base_table() or letter in _SAME_AS]
    if not known:
        return (("ə", 1.0),)
    if len(known) == 1:
        return ((known[0], 1.0),)
    first = FIRST_SHARE if known[0] in VOWELS else AFFRICATE_SHARE
    rest = (1.0 - first) / (len(known) - 1)
    return ((known[0], first), *((part, rest) for part in known[1:]))


def _resolve(letter: str) -> str:
    return _SAME_AS.get(letter, letter)


@lru_cache(maxsize=256)
def target_of(part: str) -> Target:
    """Return the target of one articulation, as named by :func:`parts_of`."""
    weights, dominances = _base_table()[part]
    dominance = np.empty(len(CHANNELS))
    reach = np.ones(len(CHANNELS))
    for value, channels in zip(dominances, ARTICULATORS.values(), strict=True):
        dominance[[CHANNELS.index(name) for name in channels]] = value
    rounding = [CHANNELS.index(name) for name in ARTICULATORS["round"]]
    if dominances[1] >= 0.9 and part != SILENCE:
        reach[rounding] = ROUND_REACH
    return Target(np.array(weights), dominance, reach)


@lru_cache(maxsize=1)
def _base_table() -> Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]:
    table = {}
    for row in _TABLE.strip().splitlines():
        left, right = row.split("|")
        symbol, *weights = left.split()
        table[symbol] = (tuple(map(float, weights)), tuple(map(float, right.split())))
    return MappingProxyType(table)
