"""The mouth of a recording without a transcript: the lip network, read as curves and contacts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

import checkpoints
from avatar.animator.closures import ATTACK_S, MIN_HOLD_S, Contact, holds
from avatar.animator.visemes import CHANNELS
from avatar.audio_motion.features import FEATURE_SIZE, FRAME_RATE_HZ, N_MELS, PAUSE_DB, SCALE_DB, doubt_of, floor_of
from avatar.audio_motion.network import ConvStack
from avatar.audio_motion.opening import READER_CHANNELS, read_opening
from conditioning.progress import watched

__all__ = [
    "CHECKPOINT",
    "VERSION",
    "available",
    "contacts_in",
    "lip_track_of",
    "noise_floor",
    "sample_track",
    "shipped_tensors",
]

CHECKPOINT = "audio_motion"
VERSION = 2
#: Frames computed at once, and how many on each side they need to see (the network's reach is 42).
BLOCK = 1500
MARGIN = 48
#: A contact begins where the network gives it at least this chance, and lasts while it is above the second.
CONTACT_ON, CONTACT_OFF = 0.24, 0.18
#: A jaw that is open further than this makes closed lips less likely.
DOUBT_JAW, DOUBT_PER_JAW = 0.1, 2.0
N_TRACK = len(CHANNELS) + 3
#: Nobody speaks at the floor of the level, whatever the network says; this far above it anybody may, decibels.
SOUNDLESS_DB = 4.0
#: Within this many frames of speech it is no silence but a stop.
STOP_FRAMES = 6
#: How much captured mouths count in recordings of people, and their scale in the lip network's units: (share, gain,
#: offset). The gain gives back the spread that a regression takes.
READER_MIX: Mapping[str, tuple[float, float, float]] = MappingProxyType({
    "jawOpen": (1.0, 1.6, -0.06), "mouthFunnel": (0.5, 1.2, -0.05), "mouthPucker": (0.5, 2.0, -0.04),
    "mouthLowerDown": (1.0, 1.5, 0.0), "mouthUpperUp": (1.0, 1.5, 0.0),
})  # fmt: skip
#: In recordings of people a contact lasts at most this long around its surest moment, and comes and goes this fast:
#: the network knows well that a person's lips meet, not for how long, and captured mouths stay open on both sides.
PERSON_HOLD_S, PERSON_ATTACK_S = 0.03, 0.035


def available() -> bool:
    """Tell whether the model is shipped with this installation."""
    return CHECKPOINT in checkpoints.manifest()


@lru_cache(maxsize=1)
def shipped_tensors() -> Mapping[str, npt.NDArray[np.float32]]:
    """Return the shipped models of the audio-only path by the names of their tensors."""
    stored = checkpoints.load(CHECKPOINT, version=VERSION).tensors
    return {name: tensor.astype(np.float32) for name, tensor in stored.items()}


def lip_track_of(
    features: npt.NDArray[np.float32],
    tensors: Mapping[str, npt.NDArray[np.float32]],
    person: float,
    floor_db: float = PAUSE_DB,
) -> npt.NDArray[np.float32]:
    """Return the mouth's track of a sound: what the lip network says, and what captured mouths did.

    Parameters
    ----------
    features : (F, 82) float32
        From :func:`~avatar.audio_motion.features.audio_features`.
    tensors : mapping
        ``lips.*`` and ``opening.*``.
    person : float
        How much the recording counts as a person's: :func:`~avatar.audio_motion.person.person_share`.
    floor_db : float
        Level, relative to the loud part, at which nobody speaks; see :func:`noise_floor`.

    Returns
    -------
    (F, 15) float32
        At 50 Hz, in the order of :data:`~avatar.animator.layers.LIP_TRACK`; a contact is likely above
        :data:`CONTACT_ON`.
    """
    from scipy.ndimage import maximum_filter1d

    track = run_network(ConvStack(tensors, "lips."), features)
    heard = np.clip((SCALE_DB * features[:, N_MELS] - floor_db) / SOUNDLESS_DB, 0.0, 1.0)
    track[:, -1] = np.minimum(track[:, -1], maximum_filter1d(heard, 2 * STOP_FRAMES + 1))
    track[:, len(CHANNELS)] -= DOUBT_PER_JAW * np.maximum(track[:, 0] - DOUBT_JAW, 0.0)
    read = read_opening(features, tensors)
    for column, name in enumerate(READER_CHANNELS):
        share, gain, offset = READER_MIX[name]
        channel = CHANNELS.index(name)
        wanted = np.clip(gain * read[:, column] + offset, 0.0, 1.0)
        track[:, channel] += share * person * (wanted - track[:, channel])
    return track


def noise_floor(features: npt.NDArray[np.float32]) -> float:
    """Return the level, relative to the loud part, at which nobody speaks in a recording with these features."""
    low_db, high_db = np.percentile(SCALE_DB * features[:, [N_MELS, -1]], (10, 95))
    return floor_of(low_db, doubt_of(low_db, high_db))


def run_network(
    network: ConvStack, features: npt.NDArray[np.float32], coarse: npt.NDArray[np.float32] | None = None
) -> npt.NDArray[np.float32]:
    """Run a lip network over features of any length, block by block; blocks agree where they meet."""
    frames = len(features)
    track = np.empty((frames, N_TRACK), np.float32)
    for first in watched(range(0, frames, BLOCK)):
        begin, end = max(first - MARGIN, 0), min(first + BLOCK + MARGIN, frames)
        inputs = np.zeros((1, end - begin, FEATURE_SIZE + N_TRACK), np.float32)
        inputs[0, :, :FEATURE_SIZE] = features[begin:end]
        if coarse is not None:
            inputs[0, :, FEATURE_SIZE:] = coarse[begin:end]
        part = network(inputs)[0]
        keep = min(BLOCK, frames - first)
        track[first : first + keep] = part[first - begin : first - begin + keep]
    n = len(CHANNELS)
    track[:, :n] = np.clip(track[:, :n], 0.0, 1.0)
    track[:, n:] = 1.0 / (1.0 + np.exp(-np.clip(track[:, n:], -30.0, 30.0)))
    return track


def contacts_in(track: npt.NDArray[np.float32], person: float) -> tuple[Contact, Contact]:
    """Return the contacts of a (F, 15) track at 50 Hz made whole: lips together, lip on teeth.

    ``person`` says how much the recording counts as a person's, 0 to 1; people's contacts are short.
    """
    n = len(CHANNELS)
    return _contact(track[:, n], person), _contact(track[:, n + 1], person)


def sample_track(
    times_s: npt.NDArray[np.float64],
    track: npt.NDArray[np.float32],
    person: float,
    contacts: tuple[Contact, Contact] | None = None,
) -> npt.NDArray[np.float64]:
    """Return a track at other times, its contacts made whole.

    Parameters
    ----------
    times_s : (T,) float64
    track : (F, 15) float32
        At 50 Hz.
    person : float
        How much the recording counts as a person's, 0 to 1.
    contacts : (Contact, Contact), optional
        From :func:`contacts_in`, where they are known.

    Returns
    -------
    (T, 15) float64
    """
    frames_s = np.arange(len(track)) / FRAME_RATE_HZ
    sampled = np.stack([np.interp(times_s, frames_s, column) for column in track.T], axis=1)
    n = len(CHANNELS)
    movement_s = ATTACK_S + person * (PERSON_ATTACK_S - ATTACK_S)
    for column, contact in enumerate(contacts or contacts_in(track, person), n):
        sampled[:, column] = holds(times_s, contact, movement_s)
    sampled[:, : n + 2] *= sampled[:, n + 2 :]
    return sampled


def _contact(chance: npt.NDArray[np.float32], person: float) -> Contact:
    """Return plateaus where a contact is likely, each long enough to be seen."""
    maybe = np.concatenate([[False], chance > CONTACT_OFF, [False]])
    edges = np.flatnonzero(maybe[1:] != maybe[:-1]).reshape(-1, 2)
    rows = []
    for first, last in edges:
        if chance[first:last].max() < CONTACT_ON:
            continue
        surely = first + np.flatnonzero(chance[first:last] >= CONTACT_ON)
        start, end = surely[0] / FRAME_RATE_HZ, surely[-1] / FRAME_RATE_HZ
        missing = max(MIN_HOLD_S - (end - start), 0.0)
        surest = (first + int(chance[first:last].argmax())) / FRAME_RATE_HZ
        rows.append(_shortened(start - missing / 2, end + missing / 2, surest, person))
    table = np.array(rows, np.float64).reshape(-1, 2)
    return Contact(table[:, 0], table[:, 1])


def _shortened(start_s: float, end_s: float, surest_s: float, person: float) -> tuple[float, float]:
    """Return a plateau drawn together around its surest moment, as far as the recording is a person's."""
    half = min((end_s - start_s), PERSON_HOLD_S) / 2
    middle = min(max(surest_s, start_s + half), end_s - half)
    return start_s + person * (middle - half - start_s), end_s + person * (middle + half - end_s)
