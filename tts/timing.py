"""Where each moment of a neutral utterance lands when its phones are stretched and pauses are put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from conditioning import Segment
from conditioning.phones import SILENCE, stress_of
from tts.function_words import FUNCTION_WORDS
from tts.phonetics import kind_of

__all__ = ["Piece", "TimeMap", "find_pauses", "stretch_factors"]

Array = npt.NDArray[np.float64]

#: The release of a stop keeps its length; only the closure is stretched. D. Klatt, "Voice onset time, frication,
#: and aspiration", J. Speech Hear. Res. 18 (1975): bursts of 10–30 ms at any rate.
RELEASE_S = 0.025
#: An extra pause is put in as soon as this much of it has been saved up, and none is longer.
PAUSE_MIN_S, PAUSE_MAX_S = 0.22, 0.60
#: At least this much is spoken after it before the next silence.
SPOKEN_AFTER_S = 0.45
#: Emphasis lengthens the stressed vowel by this at strength 1.
EMPHASIS_LENGTHENING = 0.30
#: An extra pause goes after a word of content, not inside "of the house".
FASTEST, SLOWEST = 0.25, 6.0


@dataclass(frozen=True)
class Piece:
    """A phone, or an inserted pause (``source_start_s == source_end_s``), with its new length."""

    symbol: str
    source_start_s: float
    source_end_s: float
    duration_s: float

    @property
    def inserted(self) -> bool:
        """Whether it is a pause that the source does not have."""
        return self.symbol == SILENCE and self.source_end_s == self.source_start_s


def stretch_factors(
    phones: Sequence[Segment], cues: dict[str, Array], rate: Array, emphasis: Array
) -> npt.NDArray[np.float64]:
    """Return the factor on each phone's length.

    Parameters
    ----------
    phones : n segments
    cues : dict of (n,) arrays
        At the middle of each phone; see :mod:`tts.emotion_cues`.
    rate, emphasis : (n,) float64
        Of the deliveries.
    """
    kinds = [kind_of(phone.symbol) for phone in phones]
    logs = np.empty(len(phones))
    for index, kind in enumerate(kinds):
        name = {"vowel": "vowel_ln", "silence": "pause_ln"}.get(kind, "consonant_ln")
        logs[index] = cues[name][index]
    stressed = np.array([stress_of(phone.symbol) == 1 for phone in phones])
    long = 1.0 + EMPHASIS_LENGTHENING * np.where(stressed, emphasis, 0.3 * emphasis * (np.array(kinds) != "silence"))
    factors: Array = np.clip(np.exp(logs) * long / rate, FASTEST, SLOWEST)
    return factors


def find_pauses(
    phones: Sequence[Segment], words: Sequence[Segment], durations_s: Array, share: Array
) -> dict[int, float]:
    """Choose the extra pauses of an emotion.

    Time for pauses is saved up while speaking and spent between two words, once there is enough for one.

    Parameters
    ----------
    phones, words : segments of the source
    durations_s : (n,) float64
        New lengths of the phones.
    share : (n,) float64
        Share of the whole time that extra pauses are to take, at each phone, in [0, 1).

    Returns
    -------
    dict of int to float
        Index of the phone before which a pause goes → seconds.
    """
    if not (share > 0.0).any():
        return {}
    starts = {word.start_s: word.symbol for word in words if word.symbol}
    ends = {word.end_s: word.symbol for word in words if word.symbol}
    left_s = _until_silence(phones, durations_s)
    saved_s, found = 0.0, {}
    for index, phone in enumerate(phones):
        if phone.symbol == SILENCE:
            saved_s = max(0.0, saved_s - durations_s[index])
            continue
        between = phone.start_s in starts and phone.start_s in ends and left_s[index] > SPOKEN_AFTER_S
        if between and saved_s >= PAUSE_MIN_S and ends[phone.start_s].lower().strip(".,!?") not in FUNCTION_WORDS:
            found[index] = min(saved_s, PAUSE_MAX_S)
            saved_s = 0.0
        saved_s += durations_s[index] * share[index] / (1.0 - share[index])
    return found


def _until_silence(phones: Sequence[Segment], durations_s: Array) -> list[float]:
    """Return how much is spoken from each phone on until the next silence, in seconds."""
    found, left_s = [], 0.0
    for phone, duration_s in zip(reversed(phones), durations_s[::-1].tolist(), strict=True):
        left_s = 0.0 if phone.symbol == SILENCE else left_s + duration_s
        found.append(left_s)
    return found[::-1]


class TimeMap:
    """Source time ↔ new time, and the pieces' borders in samples.

    Parameters
    ----------
    pieces : sequence of Piece
        In order; their source intervals touch.
    sample_rate : int
        Hertz.
    """

    def __init__(self, pieces: Sequence[Piece], sample_rate: int) -> None:
        self.pieces = tuple(pieces)
        ends_s = np.cumsum([piece.duration_s for piece in self.pieces])
        borders = np.concatenate([[0], np.round(ends_s * sample_rate)]).astype(np.int64)
        self.borders: npt.NDArray[np.int64] = borders
        self.sample_rate = sample_rate
        new_s, source_s = [0.0], [self.pieces[0].source_start_s]
        for piece, start, end in zip(self.pieces, borders[:-1] / sample_rate, borders[1:] / sample_rate, strict=True):
            if kind_of(piece.symbol) in ("stop", "affricate") and not piece.inserted:
                release_s = min(RELEASE_S, 0.5 * (piece.source_end_s - piece.source_start_s), 0.5 * (end - start))
                new_s.append(end - release_s)
                source_s.append(piece.source_end_s - release_s)
            new_s.append(float(end))
            source_s.append(piece.source_end_s)
        self._new_s, self._source_s = np.array(new_s), np.array(source_s)

    def to_source(self, times_s: npt.ArrayLike) -> Array:
        """Return the source time of new times."""
        return np.interp(np.asarray(times_s, dtype=np.float64), self._new_s, self._source_s)

    def to_new(self, times_s: npt.ArrayLike, *, after_pause: bool = False) -> Array:
        """Return the new time of source times; at an inserted pause its start, or its end."""
        moments = np.atleast_1d(np.asarray(times_s, dtype=np.float64))
        side: Literal["left", "right"] = "right" if after_pause else "left"
        index = np.clip(np.searchsorted(self._source_s, moments, side=side), 1, len(self._source_s) - 1)
        left_s, right_s = self._source_s[index - 1], self._source_s[index]
        width = np.where(right_s > left_s, right_s - left_s, 1.0)
        part = np.clip((moments - left_s) / width, 0.0, 1.0)
        found: Array = self._new_s[index - 1] + part * (self._new_s[index] - self._new_s[index - 1])
        return found
