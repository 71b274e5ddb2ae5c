"""One emotion, continuous, in Plutchik's eight directions.

The wheel (R. Plutchik, *Emotion: A Psychoevolutionary Synthesis*, 1980) in its order, clockwise::

    joy → trust → fear → surprise → sadness → disgust → anger → anticipation

Opposites are half a turn apart. Weights run from 0 (absent) to 1 (as strong as it gets); all zero is neutral.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError

__all__ = ["EMOTION_NAMES", "NEUTRAL", "PRIMARY_VAD", "VAD", "Emotion"]

EMOTION_NAMES: tuple[str, ...] = (
    "joy", "trust", "fear", "surprise", "sadness", "disgust", "anger", "anticipation",
)  # fmt: skip

#: Weights are kept to this many decimals, so that sums in another order are equal and hash alike.
WEIGHT_DECIMALS = 6

#: Valence, arousal, dominance in [-1, 1] of each primary at full weight.
#: J. A. Russell and A. Mehrabian, "Evidence for a three-factor theory of emotions", J. Res. Personality 11 (1977),
#: table 4: joyful, (trust: secure), fearful, surprised, sad, disgusted, angry, (anticipation: interested).
PRIMARY_VAD: Mapping[str, tuple[float, float, float]] = {
    "joy": (0.76, 0.48, 0.35),
    "trust": (0.74, -0.13, 0.03),
    "fear": (-0.64, 0.60, -0.43),
    "surprise": (0.40, 0.67, -0.13),
    "sadness": (-0.63, -0.27, -0.33),
    "disgust": (-0.60, 0.35, 0.11),
    "anger": (-0.51, 0.59, 0.25),
    "anticipation": (0.64, 0.51, 0.17),
}


@dataclass(frozen=True)
class VAD:
    """Valence, arousal and dominance, each in [-1, 1]."""

    valence: float
    arousal: float
    dominance: float


@dataclass(frozen=True)
class Emotion:
    """Eight weights in [0, 1]; zero is neutral.

    ``a + b`` mixes, ``k * a`` scales the intensity, ``-a`` is the opposite (half a turn of the wheel).
    Results are clipped to [0, 1].

    Raises
    ------
    InputError
        If a weight is not a number from 0 to 1.

    Examples
    --------
    >>> relief = Emotion(joy=0.8) + 0.5 * Emotion(surprise=0.4)
    >>> str(relief)
    'joy:0.8, surprise:0.2'
    >>> str(-relief)
    'sadness:0.8, anticipation:0.2'
    """

    joy: float = 0.0
    trust: float = 0.0
    fear: float = 0.0
    surprise: float = 0.0
    sadness: float = 0.0
    disgust: float = 0.0
    anger: float = 0.0
    anticipation: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            weight = getattr(self, field.name)
            try:
                value = float(weight)
            except (TypeError, ValueError):
                value = math.nan
            if not 0.0 <= value <= 1.0:
                raise InputError(f"{field.name}={weight} is not a weight; weights run from 0 (absent) to 1 (full)")
            object.__setattr__(self, field.name, round(value, WEIGHT_DECIMALS) + 0.0)

    @classmethod
    def from_weights(cls, weights: npt.ArrayLike) -> Emotion:
        """Make an emotion of eight weights in Plutchik's order.

        Parameters
        ----------
        weights : (8,) array_like
            Clipped to [0, 1].
        """
        array = np.asarray(weights, dtype=np.float64)
        if array.shape != (len(EMOTION_NAMES),) or not np.isfinite(array).all():
            raise InputError(f"an emotion has 8 finite weights ({', '.join(EMOTION_NAMES)}), not {weights!r}")
        return cls(*np.clip(array, 0.0, 1.0).tolist())

    @classmethod
    def from_vad(cls, valence: float, arousal: float, dominance: float = 0.0) -> Emotion:
        """Return the least mixture of primaries whose :attr:`vad` is nearest to a point.

        Parameters
        ----------
        valence, arousal, dominance : float
            In [-1, 1].

        Raises
        ------
        InputError
            If a coordinate is outside [-1, 1].
        """
        point = np.array([valence, arousal, dominance], dtype=np.float64)
        if not (np.abs(point) <= 1.0).all():
            raise InputError(f"VAD {(valence, arousal, dominance)} is outside [-1, 1]")
        from scipy.optimize import lsq_linear

        # A slight price on every weight picks the smallest of the many mixtures that reach the point.
        price = 1e-3
        count = len(EMOTION_NAMES)
        # What goes beyond the cube is clipped, so that beyond a face of it costs nothing: one free excess for each.
        excess = -np.diag(np.where(np.abs(point) == 1.0, point, 0.0))
        matrix = np.block([[_vad_matrix().T, excess], [price * np.eye(count), np.zeros((count, 3))]])
        target = np.concatenate([point, np.zeros(count)])
        most = np.concatenate([np.ones(count), np.full(3, np.inf)])
        return cls.from_weights(lsq_linear(matrix, target, bounds=(0.0, most)).x[:count].clip(0.0, 1.0))

    @classmethod
    def parse(cls, text: str) -> Emotion:
        """Read an emotion from words and weights.

        Parameters
        ----------
        text : str
            Terms separated by commas or ``+``: ``"joy:0.8, surprise:0.4"``, ``"bittersweet"``,
            ``"slightly annoyed"``, ``"-joy"``. A primary with a weight has just that weight; a word
            without one has its own strength (``"joy"`` is 0.7, between ``"serenity"`` and ``"ecstasy"``).
            Empty text and ``"neutral"`` are neutral.

        Raises
        ------
        InputError
            For an unknown word (the nearest is offered) or a weight outside [0, 1].
        """
        from conditioning.words import parse_emotion

        return parse_emotion(text)

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """(8,) float64 weights in Plutchik's order."""
        return np.array([getattr(self, name) for name in EMOTION_NAMES], dtype=np.float64)

    @property
    def intensity(self) -> float:
        """The largest weight: 0 for neutral, 1 for a primary at full strength."""
        return float(self.weights.max())

    @property
    def vad(self) -> VAD:
        """Valence, arousal and dominance: linear in the weights, clipped to [-1, 1]."""
        return VAD(*np.clip(self.weights @ _vad_matrix(), -1.0, 1.0).tolist())

    def name(self) -> str:
        """Return the nearest word of the vocabulary, ``"neutral"`` for none."""
        from conditioning.words import nearest_word

        return nearest_word(self)

    def __add__(self, other: Emotion) -> Emotion:
        return Emotion.from_weights(self.weights + other.weights)

    def __mul__(self, factor: float) -> Emotion:
        base = self if factor >= 0 else -self
        return Emotion.from_weights(abs(factor) * base.weights)

    __rmul__ = __mul__

    def __neg__(self) -> Emotion:
        return Emotion.from_weights(np.roll(self.weights, len(EMOTION_NAMES) // 2))

    def __iter__(self) -> Iterator[tuple[str, float]]:
        """Iterate over (name, weight) of the weights that are not zero."""
        return ((name, weight) for name in EMOTION_NAMES if (weight := getattr(self, name)) > 0)

    def __bool__(self) -> bool:
        """Tell whether anything is felt: neutral is false."""
        return self.intensity > 0

    def __str__(self) -> str:
        return ", ".join(f"{name}:{weight:g}" for name, weight in self) or "neutral"


#: No emotion at all.
NEUTRAL = Emotion()


@lru_cache(maxsize=1)
def _vad_matrix() -> npt.NDArray[np.float64]:
    """Return the (8, 3) matrix of :data:`PRIMARY_VAD` in Plutchik's order."""
    return np.array([PRIMARY_VAD[name] for name in EMOTION_NAMES])
