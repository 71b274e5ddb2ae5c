"""Listen with pocketsphinx: word errors and word borders. Needs the extra ``test``; nothing at run time uses it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from conditioning import MissingDependency
from tts.resampling import resampled

__all__ = ["Recogniser", "plain_words", "word_errors"]

RATE = 16_000
PAD_S = 0.25  # of faint noise at both ends, as a recording has


def plain_words(text: str) -> list[str]:
    """Return the words of a text as a recogniser writes them.

    Examples
    --------
    >>> plain_words("Don't stop, please!")
    ["don't", 'stop', 'please']
    """
    return re.findall(r"[a-z']+", text.lower().replace("’", "'"))


def word_errors(heard: Sequence[str], said: Sequence[str]) -> int:
    """Return substitutions, insertions and deletions between two word lists."""
    row = list(range(len(said) + 1))
    for i, a in enumerate(heard, 1):
        new = [i]
        for j, b in enumerate(said, 1):
            new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (a != b)))
        row = new
    return row[-1]


class Recogniser:
    """An English recogniser that works offline."""

    def __init__(self) -> None:
        try:
            from pocketsphinx import Config, Decoder
        except ImportError as error:
            raise MissingDependency(f"no recogniser: {error}; run `pip install pocketsphinx`") from error
        self._decoder: Any = Decoder(Config(loglevel="FATAL"))
        self._aligner: Any = Decoder(Config(loglevel="FATAL", lm=None))

    def hear(self, waveform: npt.NDArray[np.float32], sample_rate: int) -> list[str]:
        """Return the words that are recognised."""
        self._decoder.start_utt()
        self._decoder.process_raw(_pcm(waveform, sample_rate), full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return plain_words(found.hypstr) if found else []

    def word_starts(
        self, words: Sequence[str], waveform: npt.NDArray[np.float32], sample_rate: int
    ) -> list[float] | None:
        """Return the start of each known word in seconds, or None if a word or the sound does not fit."""
        if any(self._aligner.lookup_word(word) is None for word in words):
            return None
        try:
            self._aligner.set_align_text(" ".join(words))
            self._aligner.start_utt()
            self._aligner.process_raw(_pcm(waveform, sample_rate), full_utt=True)
            self._aligner.end_utt()
        except RuntimeError:
            return None
        if self._aligner.hyp() is None:
            return None
        starts = [
            segment.start_frame / 100.0 - PAD_S
            for segment in self._aligner.seg()
            if re.sub(r"\(\d+\)$", "", segment.word) in words
        ]
        return starts if len(starts) == len(words) else None


def _pcm(waveform: npt.NDArray[np.float32], sample_rate: int) -> bytes:
    sound = resampled(waveform, sample_rate, RATE)
    pad = int(PAD_S * RATE)
    noisy = np.random.default_rng(0).normal(0.0, 1e-4, len(sound) + 2 * pad)
    noisy[pad : pad + len(sound)] += sound
    return bytes((np.clip(noisy, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())
