"""What emotions do to the spectrum of real speech: EmoDB's acted utterances against the same speaker's neutral ones.

For each emotion and each speaker the mean mel-cepstrum and band aperiodicity of voiced frames, and of the unvoiced
ones that are not pauses, minus the speaker's neutral means; then the mean over speakers. The corpus is German
(CC0), peak-normalised, cut at 2 s: levels cannot be learnt from it (c0 is left out), spectra can.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from conditioning import EMOTION_NAMES
from tts.emotion_cues import CUES

from .features import analyse, read_24k

Array = npt.NDArray[np.float64]

#: EmoDB's letters for emotions of the wheel; boredom (L) has no place in it.
LETTERS = {"F": "joy", "A": "fear", "T": "sadness", "E": "disgust", "W": "anger"}
#: Emotions that EmoDB lacks borrow the direction of the nearest one, in the proportion of their alpha ratios.
BORROWED: Mapping[str, str] = {"trust": "sadness", "surprise": "joy", "anticipation": "joy"}
#: Factors that bring alpha ratio and tilt of the synthesised voice, measured by `mien evaluate voice`, nearer to the
#: middle of the people's: a clear recording has less noise under its harmonics than the corpus.
BALANCE: Mapping[str, float] = {"anger": 0.9, "joy": 0.85, "fear": 0.8, "sadness": 1.5}
SILENCE_BELOW = 7.0  # ln power under the loud frames of the utterance, about 30 dB
MIN_FRAMES = 25


def measure(path: Path) -> Array | None:
    """Return (2, 63): voiced and unvoiced means of mel-cepstrum and aperiodicity, or None if too little is spoken."""
    found = analyse(read_24k(path))
    table = np.concatenate([found["mcep"], found["bap"]], axis=1).astype(np.float64)
    level = found["mcep"][:, 0]
    spoken = level > np.percentile(level, 95) - SILENCE_BELOW
    voiced = spoken & (found["vuv"] > 0)
    hissing = spoken & (found["vuv"] == 0)
    if voiced.sum() < MIN_FRAMES or hissing.sum() < MIN_FRAMES // 2:
        return None
    means: Array = np.stack([table[voiced].mean(0), table[hissing].mean(0)])
    return means


def measure_all(folder: Path) -> Iterator[tuple[str, str, Array]]:
    """Yield (speaker, letter of the emotion, means) of all files."""
    for path in sorted(folder.glob("*.flac")):
        means = measure(path)
        if means is not None:
            yield path.stem[:2], path.stem[5], means


def directions(rows: list[tuple[str, str, Array]]) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return emotion → (2, 63) mean change from neutral, and its standard error over speakers."""
    groups: dict[tuple[str, str], list[Array]] = defaultdict(list)
    for speaker, letter, means in rows:
        groups[speaker, letter].append(means)
    mean, error = {}, {}
    for letter, emotion in LETTERS.items():
        changes = [
            np.mean(own, axis=0) - np.mean(groups[speaker, "N"], axis=0)
            for (speaker, found), own in groups.items()
            if found == letter and (speaker, "N") in groups and len(own) >= 2
        ]
        mean[emotion] = np.mean(changes, axis=0)
        error[emotion] = np.std(changes, axis=0) / np.sqrt(len(changes))
        mean[emotion][:, 0] = 0.0
    return mean, error


def spectrum_directions(measured: Mapping[str, Array]) -> tuple[Array, Array]:
    """Return (8, 63) voiced and unvoiced directions in Plutchik's order.

    Parameters
    ----------
    measured : mapping of str to (2, 63) ndarray
        From :func:`directions`.
    """
    alpha = next(cue.values for cue in CUES if cue.name == "alpha_db")
    rows = []
    for emotion in EMOTION_NAMES:
        if emotion in measured:
            rows.append(measured[emotion] * BALANCE.get(emotion, 1.0))
        else:
            lender = BORROWED[emotion]
            rows.append(measured[lender] * BALANCE[lender] * alpha[emotion] / alpha[lender])
    table = np.stack(rows)
    return table[:, 0], table[:, 1]
