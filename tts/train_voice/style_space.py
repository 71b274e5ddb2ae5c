"""Where the style axes come from: measured directions of the spectrum, and the emotions' first place on all axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from conditioning import EMOTION_NAMES
from tts.daisy.style import AXES, N_STYLE, N_TIMBRE, UNITS
from tts.emotion_cues import CUES

from .directions import spectrum_directions

__all__ = ["Timbre", "first_emotions", "opposition", "timbre_of"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Timbre:
    """The axes ``timbre_0`` … of u.

    Attributes
    ----------
    voiced, unvoiced : (N_TIMBRE, 63) float64
        Change of mel-cepstrum and aperiodicity at u = 1.
    emotions : (8, N_TIMBRE) float64
        The measured directions of the emotions on these axes, largest entry of each column 1.
    """

    voiced: Array
    unvoiced: Array
    emotions: Array

    @property
    def basis(self) -> Array:
        """Return (N_TIMBRE, 63) rows that take a voiced spectrum's change to its coordinates (least squares)."""
        rows: Array = np.linalg.pinv(self.voiced.T)
        return rows


def timbre_of(measured: Mapping[str, Array]) -> Timbre:
    """Return the principal axes of the emotions' spectral directions: five emotions, five axes, nothing is lost.

    Parameters
    ----------
    measured : mapping of str to (2, 63) ndarray
        From :func:`tts.train_voice.directions.directions`.
    """
    table = np.concatenate(spectrum_directions(measured), axis=1)
    left, sizes, axes = np.linalg.svd(table, full_matrices=False)
    places = left[:, :N_TIMBRE] * sizes[:N_TIMBRE]
    peak = np.abs(places).max(axis=0)
    axes = axes[:N_TIMBRE] * peak[:, None]
    return Timbre(axes[:, :63], axes[:, 63:], places / peak)


def first_emotions(timbre: Timbre) -> Array:
    """Return (8, N_STYLE): the emotions where the cue table puts them; :mod:`calibrate` moves them afterwards."""
    named = {cue.name: np.array([cue.values[emotion] for emotion in EMOTION_NAMES]) for cue in CUES}
    table = np.zeros((len(EMOTION_NAMES), N_STYLE))
    for k, name in enumerate(AXES):
        if name in named:
            table[:, k] = named[name] / UNITS[name]
    table[:, -N_TIMBRE:] = timbre.emotions
    return table


def opposition(emotions: Array) -> dict[str, float]:
    """Return the cosine of each pair of Plutchik's opposites in u: -1 is exactly opposite.

    Examples
    --------
    >>> table = np.vstack([np.eye(4), -np.eye(4)])
    >>> opposition(table)["joy_sadness"]
    -1.0
    """
    unit = emotions / np.linalg.norm(emotions, axis=1, keepdims=True)
    half = len(EMOTION_NAMES) // 2
    return {f"{EMOTION_NAMES[k]}_{EMOTION_NAMES[k + half]}": float(unit[k] @ unit[k + half]) for k in range(half)}
