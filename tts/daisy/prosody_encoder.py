"""A recording → the prosody embedding u: ConvNeXt over 20 ms steps of spectrum, F0, energy and their speed.

The weights are those of :class:`tts.train_voice.prosody_model.ProsodyModel` under the same names. The speaker is not
known: the network was trained, with a speaker-adversarial term, to tell the level of a voice from what its spectrum
says about the speaker.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from conditioning import InputError
from tts.convnext import Array, Layers
from tts.daisy.analysis import analyse
from tts.daisy.network import FRAMES_PER_STEP
from tts.daisy.style import LIMIT
from tts.daisy.vocoder import SAMPLE_RATE

__all__ = ["N_COLUMNS", "SIZES", "ProsodyEncoder", "columns", "style_of"]

N_CEPSTRA = 24
#: 23 cepstra, level, aperiodicity, ln F0, voicing, speed of the spectrum, slope of F0.
N_COLUMNS = N_CEPSTRA - 1 + 6
#: Width, hidden width, kernel, blocks.
SIZES = (96, 192, 9, 3)
WINDOW_STEPS, HOP_STEPS = 100, 50  # 2 s, as in the training
LEAST_S = 0.6
LEAST_VOICED_S = 0.25
LONGEST_S = 60.0
#: Noise has about as much of its power between harmonics as in them.
NOISY_DB = -1.5


def columns(targets: Array, log_f0: Array, voiced: Array) -> Array:
    """Return what the encoder reads.

    Parameters
    ----------
    targets : (T, 63) float32
        Mel-cepstrum and aperiodicity.
    log_f0, voiced : (T,) float32

    Returns
    -------
    (T // 4, N_COLUMNS) float32
    """
    speed = np.abs(np.diff(targets[:, 1:13], axis=0, prepend=targets[:1, 1:13])).mean(1)
    slope = np.diff(log_f0, prepend=log_f0[:1]) * 20.0
    level = targets[:, 0] - np.percentile(targets[:, 0], 95)
    parts = [targets[:, 1:N_CEPSTRA], level[:, None], targets[:, 60:63].mean(1, keepdims=True)]
    parts += [x[:, None] for x in (log_f0, voiced, speed, slope)]
    frames = np.concatenate(parts, axis=1).astype(np.float32)
    steps = len(frames) // FRAMES_PER_STEP
    table: Array = frames[: steps * FRAMES_PER_STEP].reshape(steps, FRAMES_PER_STEP, -1).mean(1)
    return table


class ProsodyEncoder:
    """Runs the encoder.

    Parameters
    ----------
    weights : mapping of str to ndarray
        As stored, with ``mean`` and ``std`` of the columns.
    """

    def __init__(self, weights: Mapping[str, npt.NDArray[np.generic]]) -> None:
        self._layers = Layers(weights)

    def window(self, table: Array) -> Array:
        """(T, N_COLUMNS) of at most a few seconds → u (N_STYLE,)."""
        w = self._layers.weights
        x = self._layers.linear("input", (table - w["mean"]) / w["std"])
        x = self._layers.norm("norm", self._layers.blocks("blocks", SIZES[3], x))
        centre = x.mean(0)
        spread = np.sqrt(((x - centre) ** 2).mean(0) + np.float32(1e-5))
        u: Array = self._layers.linear("output", np.concatenate([centre, spread])[None])[0]
        return u

    def __call__(self, table: Array) -> Array:
        """Average windows of 2 s by how much is voiced in them: (T, N_COLUMNS) → u (N_STYLE,)."""
        starts = range(0, max(1, len(table) - HOP_STEPS), HOP_STEPS)
        pieces = [table[start : start + WINDOW_STEPS] for start in starts]
        weights = np.array([piece[:, -3].sum() + 1e-3 for piece in pieces])
        u: Array = np.average([self.window(piece) for piece in pieces], axis=0, weights=weights)
        return np.clip(u, -LIMIT, LIMIT).astype(np.float32)


def style_of(encoder: ProsodyEncoder, waveform: npt.ArrayLike, sample_rate: int) -> Array:
    """Return u of a recording.

    Parameters
    ----------
    encoder : ProsodyEncoder
    waveform : (n,) array_like
        Mono, in [-1, 1].
    sample_rate : int
        Hertz.

    Raises
    ------
    InputError
        If there is no speech in it, or too little.
    """
    wave = np.asarray(waveform, dtype=np.float64)
    length_s = len(wave) / sample_rate
    if not np.isfinite(wave).all():
        raise InputError("the reference recording has samples that are not numbers; give finite samples in [-1, 1]")
    if length_s < LEAST_S:
        raise InputError(f"the reference recording lasts {length_s:.2f} s; give at least {LEAST_S:g} s of speech")
    table = _voiced_part(wave[: int(LONGEST_S * sample_rate)], sample_rate)
    return encoder(table)


def _voiced_part(wave: npt.NDArray[np.float64], sample_rate: int) -> Array:
    """Return the columns of a recording without the silence around it."""
    from scipy.signal import resample_poly

    if np.abs(wave).max() < 1e-4:
        raise InputError("the reference recording is silent; give at least a second of one person speaking")
    wave = wave * (0.5 / np.abs(wave).max())
    found = analyse(wave if sample_rate == SAMPLE_RATE else resample_poly(wave, SAMPLE_RATE, sample_rate))
    heard = found["vuv"] > 0
    voiced_s = 0.005 * float(heard.sum())
    if voiced_s < LEAST_VOICED_S or np.median(found["bap"][heard].mean(1)) > NOISY_DB:
        raise InputError(
            f"no voice is heard in the reference recording ({voiced_s:.2f} s of it has a pitch); give at least a "
            "second of one person speaking, without music or noise"
        )
    level = found["mcep"][:, 0]
    loud = np.flatnonzero(level > np.percentile(level, 95) - 7.0)
    part = slice(max(0, loud[0] - 10), loud[-1] + 10)
    targets = np.concatenate([found["mcep"], found["bap"]], axis=1)[part]
    return columns(targets, found["lf0"][part], found["vuv"][part])
