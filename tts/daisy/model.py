"""The stored voice: network, per-speaker statistics, and what emotions do.

Version 1 of the checkpoint moves a neutral network's output along the cue table and measured directions of the
spectrum; version 2 has a network that reads the prosody embedding u (:mod:`tts.daisy.style`), with the
encoder that finds u in a recording, and may have a flow-matching decoder beside the plain one. Both are read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

import checkpoints
from conditioning import EMOTION_NAMES
from tts.convnext import Array
from tts.daisy.modulation import BANDS_HZ, apply_filter, modulation_filter
from tts.daisy.network import Network, Sizes
from tts.daisy.prosody_encoder import ProsodyEncoder
from tts.daisy.style import StyleSpace

__all__ = [
    "CHECKPOINT",
    "DECODERS",
    "SPEAKERS",
    "VERSION",
    "VERSIONS",
    "SpeakerStatistics",
    "VoiceModel",
    "load_model",
    "parse_model",
]

CHECKPOINT = "daisy"
#: Written by the training, and all that are read.
VERSION = 2
VERSIONS = (1, 2)
DECODERS: tuple[str, ...] = ("l1", "flow")

#: Names of the voice's speakers, in the order of the model's tables.
SPEAKERS: tuple[str, ...] = ("daisy", "rowan", "iris")
N_SPECTRUM = 63
#: Columns whose movement is brought back: the finer shape of the spectrum. That of the level, the tilt and the first
#: formants is strong enough; more of it is heard as shimmer.
MOVED = slice(6, 60)

#: Share of the variance that the network lost to averaging which is put back (T. Toda and K. Tokuda, "Speech
#: parameter generation algorithm considering global variance", IEICE Trans. E90-D, 2007).
VARIANCE_SHARE = 0.7

#: Of what a borrowed melody and its style put above this F0, in semitones, a share is left: in a higher voice than the
#: melody's own, peaks of joy and anger climb to 540 Hz, where harmonics lie too far apart for vowels to be told apart.
#: From 330 Hz on, joy would lose its range.
HIGH_HZ, SHARE_ABOVE = 380.0, 0.5


@dataclass(frozen=True, eq=False)
class SpeakerStatistics:
    """Of one speaker: what turns z-scores into features.

    Attributes
    ----------
    mean, std : (63,) float32
        Mel-cepstrum and aperiodicity.
    widen : (63,) float32
        Factor that undoes the network's smoothing.
    f0_mean, f0_std : float
        ln Hz.
    f0_widen : float
    duration_mean, duration_std : float
        ln frames.
    gain : float
        Brings neutral speech to the common level.
    modulation_db : (2,) float32
        Of the spectrum's movement, in the bands of :mod:`tts.daisy.modulation`.
    alpha_db : (8,) float32
        What an emotion adds to the alpha ratio beside what the network does, in Plutchik's order.
    """

    mean: Array
    std: Array
    widen: Array
    f0_mean: float
    f0_std: float
    f0_widen: float
    duration_mean: float
    duration_std: float
    gain: float
    modulation_db: Array
    alpha_db: Array


@dataclass(frozen=True, eq=False)
class VoiceModel:
    """Everything of the checkpoint.

    Attributes
    ----------
    network : Network
    speakers : tuple of SpeakerStatistics
    prosody_speakers : tuple of int
        Whose durations and melody each speaker uses.
    voiced_directions, unvoiced_directions : (8, 63) float32
        Change of mel-cepstrum and aperiodicity at full weight of each emotion, in Plutchik's order; version 1.
    style : StyleSpace or None
        Where the emotions lie in u; ``None`` in version 1.
    prosody : ProsodyEncoder or None
    decoder : str
        One of :data:`DECODERS`: ``"l1"`` (one pass) or ``"flow"``.
    flow_steps : int
        Steps of Euler's method of the flow.
    emphasis : (float, float)
        Factors on what emphasis adds to F0 and to the level.
    """

    network: Network
    speakers: tuple[SpeakerStatistics, ...]
    prosody_speakers: tuple[int, ...]
    voiced_directions: Array
    unvoiced_directions: Array
    style: StyleSpace | None = None
    prosody: ProsodyEncoder | None = None
    decoder: str = "l1"
    flow_steps: int = 6
    emphasis: tuple[float, float] = (1.0, 1.0)

    def prosody_speaker(self, speaker: int) -> int:
        """Return the row of the prosody tables that a speaker uses."""
        return self.prosody_speakers[speaker]

    def frames_of(self, z: Array, speaker: int) -> npt.NDArray[np.float64]:
        """Return durations in frames of z-scored log durations."""
        s = self.speakers[self.prosody_speaker(speaker)]
        return np.exp(np.clip(z.astype(np.float64) * s.duration_std + s.duration_mean, 0.0, 6.0))

    def log_f0_of(self, z: Array, speaker: int) -> npt.NDArray[np.float64]:
        """Return ln F0 of z-scores, on the speaker's own level and range."""
        s = self.speakers[speaker]
        return z.astype(np.float64) * s.f0_std * s.f0_widen + s.f0_mean

    def styled_log_f0_of(self, z: Array, speaker: int, level_st: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return ln F0 of z-scores that carry a style, on the speaker's level and with the range of whose melody it is.

        Parameters
        ----------
        z : (T,) float32
        speaker : int
        level_st : (T,) float64
            What the style adds to F0, semitones: the same for every speaker, and not widened as the melody is; above
            :data:`HIGH_HZ`, less of it for a speaker with another's melody.
        """
        s, teacher = self.speakers[speaker], self.speakers[self.prosody_speaker(speaker)]
        level = level_st * np.log(2.0) / 12.0
        own = z.astype(np.float64) - level / teacher.f0_std
        centre = float(own.mean())
        moved = (own - centre) * teacher.f0_widen + centre
        wanted = moved * teacher.f0_std + s.f0_mean + level
        if self.prosody_speaker(speaker) != speaker:
            wanted -= (1.0 - SHARE_ABOVE) * np.maximum(wanted - np.log(HIGH_HZ), 0.0)
        log_f0: npt.NDArray[np.float64] = wanted
        return log_f0

    def spectrum_of(self, z: Array, speaker: int) -> Array:
        """Return (T, 63) mel-cepstrum and aperiodicity of z-scores, widened around the utterance's own mean."""
        s = self.speakers[speaker]
        centre = z.mean(axis=0)
        moved = z - centre
        if s.modulation_db.any():
            moved[:, MOVED] = apply_filter(moved[:, MOVED], modulation_filter(s.modulation_db))
        spectrum: Array = (moved * s.widen + centre) * s.std + s.mean
        return spectrum


@lru_cache(maxsize=1)
def load_model() -> VoiceModel:
    """Return the shipped voice.

    Raises
    ------
    CheckpointError
        If the checkpoint is absent, damaged or of another version.
    """
    return parse_model(checkpoints.load(CHECKPOINT))


def parse_model(stored: checkpoints.Checkpoint) -> VoiceModel:
    """Return the voice of a checkpoint of one of :data:`VERSIONS`.

    Raises
    ------
    CheckpointError
        If it is of another version.
    """
    version = stored.entry["version"]
    if version not in VERSIONS:
        raise checkpoints.CheckpointError(
            f"the voice's checkpoint has version {version}, this code reads {VERSIONS}; reinstall mien"
        )
    tensors = stored.tensors
    still = {  # of checkpoints before them
        "statistics.modulation_db": np.zeros((len(SPEAKERS), len(BANDS_HZ))),
        "statistics.alpha_db": np.zeros((len(SPEAKERS), len(EMOTION_NAMES))),
    }
    table = {
        name: (still | dict(tensors))[f"statistics.{name}"].astype(np.float32)
        for name in SpeakerStatistics.__annotations__
    }
    zero = np.zeros((8, N_SPECTRUM), np.float32)
    emphasis = tensors.get("style.emphasis", np.ones(2))
    return VoiceModel(
        Network(_under("network.", tensors), Sizes(**json.loads(stored.metadata["sizes"]))),
        tuple(_statistics(table, k) for k in range(len(SPEAKERS))),
        tuple(int(k) for k in tensors["prosody_speakers"]),
        tensors.get("directions.voiced", zero).astype(np.float32),
        tensors.get("directions.unvoiced", zero).astype(np.float32),
        None if version == 1 else StyleSpace(tensors["style.emotions"].astype(np.float64)),
        None if version == 1 else ProsodyEncoder(_under("prosody.", tensors)),
        stored.metadata.get("decoder", "l1"),
        int(stored.metadata.get("flow_steps", "6")),
        (float(emphasis[0]), float(emphasis[1])),
    )


def _under(prefix: str, tensors: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _statistics(table: dict[str, Array], speaker: int) -> SpeakerStatistics:
    values: dict[str, Any] = {n: t[speaker] if t.ndim > 1 else float(t[speaker]) for n, t in table.items()}
    return SpeakerStatistics(**values)
