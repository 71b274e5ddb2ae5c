"""Sound with its times: what a voice hands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning.track import EmotionTrack

__all__ = ["FEATURE_RATE_HZ", "Segment", "Speech", "tile"]

#: F0 and energy, where known, have this many values a second (one each 5 ms, WORLD's default frame).
FEATURE_RATE_HZ = 200.0


@dataclass(frozen=True)
class Segment:
    """A phone or a word on the audio clock.

    Attributes
    ----------
    symbol : str
        A phone in IPA (stress as a prefix ``ˈ`` or ``ˌ`` on the vowel; ``"sil"`` for silence), or a word as
        written (``""`` for silence).
    start_s, end_s : float
        Seconds.
    """

    symbol: str
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, eq=False)
class Speech:
    """An utterance: waveform, phones, words and emotion on one clock.

    Attributes
    ----------
    waveform : (n,) float32
        In [-1, 1], mono.
    sample_rate : int
        Hertz.
    phones, words : tuple of Segment
        Each tiles the waveform exactly: the first starts at 0, each starts where the one before it ends,
        the last ends with the last sample. Both empty where they are not known.
    emotion : EmotionTrack
        On the audio clock.
    f0_hz : (m,) float32, optional
        Fundamental frequency at :data:`FEATURE_RATE_HZ`, 0 where unvoiced.
    energy_db : (m,) float32, optional
        RMS level at :data:`FEATURE_RATE_HZ`, dB relative to full scale.
    text : str
        What is said, if known.

    Raises
    ------
    InputError
        If the waveform is not finite mono float, or phones or words do not tile it.
    """

    waveform: npt.NDArray[np.float32]
    sample_rate: int
    phones: tuple[Segment, ...] = ()
    words: tuple[Segment, ...] = ()
    emotion: EmotionTrack = field(default_factory=EmotionTrack)
    f0_hz: npt.NDArray[np.float32] | None = None
    energy_db: npt.NDArray[np.float32] | None = None
    text: str = ""

    def __post_init__(self) -> None:
        wave = np.ascontiguousarray(self.waveform, dtype=np.float32)
        if wave.ndim != 1 or not len(wave) or not np.isfinite(wave).all():
            raise InputError(f"a waveform is one channel of finite samples, not an array of shape {wave.shape}")
        if not 4_000 <= self.sample_rate <= 384_000:
            raise InputError(f"sample_rate={self.sample_rate} Hz is not allowed; it runs from 4000 to 384000 Hz")
        object.__setattr__(self, "waveform", wave)
        for kind, segments in (("phones", self.phones), ("words", self.words)):
            _check_tiling(kind, segments, len(wave), self.sample_rate)

    def __repr__(self) -> str:
        return f"<Speech: {self.text!r}, {self.duration_s:.2f} s at {self.sample_rate} Hz, {len(self.phones)} phones>"

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.waveform) / self.sample_rate


def tile(symbols: Sequence[str], borders: Sequence[int], sample_rate: int) -> tuple[Segment, ...]:
    """Make segments that tile a waveform.

    Parameters
    ----------
    symbols : sequence of str
        n phones or words.
    borders : sequence of int
        n + 1 sample positions, not decreasing, from 0 to the waveform's length.
    sample_rate : int
        Hertz.

    Examples
    --------
    >>> [segment.end_s for segment in tile(["h", "ˈaɪ"], [0, 800, 4000], 16000)]
    [0.05, 0.25]
    """
    times = [border / sample_rate for border in borders]
    return tuple(Segment(symbol, times[i], times[i + 1]) for i, symbol in enumerate(symbols))


def _check_tiling(kind: str, segments: tuple[Segment, ...], n_samples: int, sample_rate: int) -> None:
    if not segments:
        return
    starts = [segment.start_s for segment in segments] + [segments[-1].end_s]
    chained = all(left.end_s == right.start_s for left, right in pairwise(segments))
    ordered = all(segment.end_s >= segment.start_s for segment in segments)
    whole = starts[0] == 0.0 and round(starts[-1] * sample_rate) == n_samples
    if not (chained and ordered and whole):
        raise InputError(
            f"{kind} must tile the waveform from 0 to {n_samples / sample_rate:.4f} s without gaps; "
            f"they run from {starts[0]:.4f} to {starts[-1]:.4f} s; build them with tile()"
        )
