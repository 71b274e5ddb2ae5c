"""Fit the classifier that tells people's recordings from synthetic voices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avatar.audio_motion.features import audio_features
from avatar.audio_motion.person import texture
from avatar.recording import read_recording, resample
from avatar.train_motion.corpus import Example, disturbed

__all__ = ["fit_person", "people_textures"]

Array = npt.NDArray[np.float32]

#: Seconds that are read of each recording, and the same in frames of the corpus.
PIECE_S = 8.0
PIECE = 400
#: Inverse of the L2 penalty on standardised measures.
PENALTY_C = 0.02
#: Patterns of recordings under DATA, and how many of each are passed over between two that are used.
PEOPLE = (("librispeech/**/*.flac", 1), ("emodb/**/*.flac", 4), ("ljspeech/wavs/*.wav", 1))
#: Share of the recordings that are disturbed, as all synthetic voices are.
DISTURBED = 0.7


def people_textures(data: Path, rng: np.random.Generator) -> Iterator[Array]:
    """Yield the textures of recordings of people; captured clips are not among them."""
    for pattern, step in PEOPLE:
        for path in sorted(data.glob(pattern))[::step]:
            recording = read_recording(path)
            piece = recording.waveform[: int(PIECE_S * recording.sample_rate)]
            sound = resample(piece, recording.sample_rate, 16_000)
            yield texture(audio_features(disturbed(sound, rng) if rng.uniform() < DISTURBED else sound, 16_000))


def fit_person(synthetic: Sequence[Example], people: Sequence[Array]) -> tuple[Array, Array]:
    """Return (TEXTURE_SIZE,) weight and () bias of a logistic regression on the raw measures."""
    from sklearn.linear_model import LogisticRegression

    voices = [texture(example.features[:PIECE]) for example in synthetic if not example.captured]
    table = np.stack([*voices, *people]).astype(np.float64)
    is_person = np.repeat([0, 1], [len(voices), len(people)])
    mean, spread = table.mean(axis=0), table.std(axis=0) + 1e-6
    fitted = LogisticRegression(C=PENALTY_C, max_iter=500).fit((table - mean) / spread, is_person)
    weight = fitted.coef_[0] / spread
    bias = fitted.intercept_[0] - weight @ mean
    return weight.astype(np.float32), np.array(bias, np.float32)
