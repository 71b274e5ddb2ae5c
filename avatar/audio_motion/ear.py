"""Hearing while sound still arrives: the features of a stream, equal to those of the whole recording.

Bounded memory however long the stream lasts: samples are kept until their frame is made, frames as long as the
lip network and the running normalisation look back.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import numpy as np
import numpy.typing as npt

from avatar.audio_motion.features import (
    FRAME_RATE_HZ,
    HOP,
    N_MELS,
    PAUSE_DB,
    SAMPLE_RATE,
    SILENT_DB,
    SPOKEN_DB,
    WINDOW,
    Hearing,
    band_frames,
    doubt_of,
    floor_of,
    normalised,
)
from avatar.recording import resample

__all__ = ["Ear", "StreamResampler"]

Array = npt.NDArray[np.float32]

#: The normalisation follows this many seconds, and is renewed this often (model frames).
MEMORY_S = 20.0
RENEWED_EVERY = 10
#: Until somebody has spoken the loud part is taken to be at least here.
PRIOR_LOUD_DB = -30.0
#: Spoken frames that the prior spectrum counts for.
PRIOR_FRAMES = 50
#: Mean of the bands over spoken frames, relative to the loud part: LibriSpeech's 251 speakers, decibels.
PRIOR_BANDS_DB = np.array([
    14, 18, 18, 17, 15, 14, 13, 12, 9, 7, 4, 3, 1, 0, -1, -2, -2, -2, -2, -2, -3, -4,
    -4, -4, -4, -5, -6, -6, -8, -8, -9, -10, -12, -14, -15, -16, -17, -18, -18, -19,
], np.float32)  # fmt: skip


class StreamResampler:
    """Bring blocks of any rate to another one: sample for sample what :func:`~avatar.recording.resample` gives.

    Parameters
    ----------
    rate, target : int
        Hertz.
    """

    def __init__(self, rate: int, target: int = SAMPLE_RATE) -> None:
        self._rate, self._target = rate, target
        self._ratio = Fraction(target, rate)
        up, down = self._ratio.numerator, self._ratio.denominator
        #: Input samples on each side that a sample needs (the filter's half length is 10 periods of the slower rate).
        self._margin = 0 if rate == target else ceil(10 * max(up, down) / up) + 1
        self._kept = np.zeros(0, np.float32)
        self._origin = self._received = self._given = 0

    def feed(self, block: Array, *, last: bool = False) -> Array:
        """Return the (m,) samples that a (n,) block completes."""
        self._kept = np.concatenate([self._kept, block])
        self._received += len(block)
        end = ceil(self._received * self._ratio) if last else floor((self._received - self._margin) * self._ratio)
        if end <= self._given:
            return np.zeros(0, np.float32)
        first = int(self._origin * self._ratio)
        made = resample(self._kept, self._rate, self._target)[self._given - first : end - first]
        self._given = end
        # The next piece has to begin at a sample that both rates share.
        shared = self._ratio.denominator
        begin = max(floor((end / self._ratio - self._margin) / shared) * shared, self._origin)
        self._kept, self._origin = self._kept[begin - self._origin :], begin
        return made


class Ear:
    """Collect the frames of a stream.

    Parameters
    ----------
    sample_rate : int
        Of the blocks, hertz.
    hearing : Hearing, optional
        Fixed; by default it follows the last 20 seconds.
    floor_db : float
        That goes with it: level, relative to the loud part, at which nobody speaks.
    reach : int
        Model frames (50 a second) that :meth:`features` may look back.
    """

    def __init__(
        self, sample_rate: int, hearing: Hearing | None = None, floor_db: float = PAUSE_DB, *, reach: int = 100
    ) -> None:
        self._resampler = StreamResampler(sample_rate)
        self._fixed = hearing
        self._running = hearing or Hearing(PRIOR_LOUD_DB, PRIOR_LOUD_DB + PRIOR_BANDS_DB)
        self.floor_db = floor_db
        self._sound = np.zeros(WINDOW // 2, np.float32)
        self._samples = 0
        self._keep = 2 * max(reach, round(MEMORY_S * FRAME_RATE_HZ))
        self._bands, self._level = np.zeros((0, N_MELS), np.float32), np.zeros(0, np.float32)
        self._first = 0

    @property
    def frames(self) -> int:
        """How many model frames are complete."""
        return (self._first + len(self._level)) // 2

    def feed(self, block: Array, *, last: bool = False) -> Array:
        """Take the next (n,) samples; ``last`` completes the frames at the end. Return what is new at 16 kHz."""
        sound = self._resampler.feed(block, last=last)
        self._samples += len(sound)
        self._sound = np.concatenate([self._sound, sound])
        if last:
            missing = 2 * max(1, ceil(self._samples / (2 * HOP))) - self._first - len(self._level)
            self._sound = np.pad(self._sound, (0, max((missing - 1) * HOP + WINDOW - len(self._sound), 0)))
        if len(self._sound) >= WINDOW:
            bands, level = band_frames(self._sound)
            self._sound = self._sound[len(level) * HOP :]
            if last:
                bands, level = bands[:missing], level[:missing]
            self._bands, self._level = np.concatenate([self._bands, bands]), np.concatenate([self._level, level])
        return sound

    def features(self, begin: int, end: int) -> Array:
        """Return (end - begin, 82) features of the model frames [begin, end), under the present hearing."""
        rows = slice(2 * begin - self._first, 2 * end - self._first)
        return normalised(self._bands[rows], self._level[rows], self._running)

    def advance(self, frame: int, known: int) -> None:
        """Renew the hearing by what is known up to model frame ``known``, and forget what ``frame`` needs no more."""
        if self._fixed is None and frame % RENEWED_EVERY == 0:
            rows = slice(max(2 * known - self._first - self._keep, 0), 2 * known - self._first)
            self._running, self.floor_db = _followed(self._bands[rows], self._level[rows])
        spare = max(2 * frame - self._keep - self._first, 0)
        self._bands, self._level, self._first = self._bands[spare:], self._level[spare:], self._first + spare


def _followed(bands_db: Array, level_db: Array) -> tuple[Hearing, float]:
    """Return the hearing of what was heard so far and its floor; noise alone is not taken for a loud voice."""
    low_db, high_db = np.percentile(level_db, (10, 95))
    doubt = doubt_of(low_db, high_db)
    loud_db = float(high_db + doubt * max(PRIOR_LOUD_DB - high_db, 0.0))
    spoken = bands_db[level_db > max(loud_db - SPOKEN_DB, SILENT_DB)]
    prior_db = PRIOR_FRAMES * (loud_db + PRIOR_BANDS_DB)
    mean_db = (spoken.sum(axis=0) + prior_db) / (len(spoken) + PRIOR_FRAMES)
    return Hearing(loud_db, mean_db.astype(np.float32)), floor_of(low_db - loud_db, doubt)
