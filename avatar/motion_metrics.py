"""Measures of a performance: is the mouth right, does the face live.

Every measure takes :class:`~conditioning.Motion` and :class:`~conditioning.Speech` from anywhere; nothing here
knows how the curves were made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avatar.animator.lips import CLOSED_APERTURE, TEETH_CONTACT, lip_aperture, lip_tooth_gap
from avatar.animator.prosody import prosody_of
from conditioning import ARKIT_INDEX, ARKIT_NAMES, FEATURE_RATE_HZ, Motion, Speech
from conditioning.phones import SILENCE, strip_stress

__all__ = [
    "BlinkFacts",
    "ContactCounts",
    "blink_facts",
    "contact_counts",
    "content_error",
    "gaze_holds_s",
    "lag_ms",
    "silence_mouth",
    "upper_face",
]

#: A contact counts if it is seen within the phone or this much before it (viewers accept ±40 ms).
EARLY_S = 0.04
#: Curves are read at this rate between their own frames.
READ_HZ = 240.0
#: Phones shorter than this cannot be seen and are not asked for an open mouth.
SHORTEST_OPEN_S = 0.04
#: Silence counts this far from speech before and after it: the face may lead and has to settle.
GUARD_S = 0.15
#: Lip channels that speech needs.
CONTENT_SHAPES = (
    "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRollLower", "mouthLowerDownLeft",
    "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
)  # fmt: skip
UPPER_FACE = tuple(
    name
    for name in ARKIT_NAMES
    if name.startswith(("brow", "cheekSquint", "nose", "eyeSquint", "eyeWide"))
)  # fmt: skip
MAX_LAG_S = 0.25


@dataclass(frozen=True)
class ContactCounts:
    """How many phones asked for a contact, how many got it, and closed phones that should be open."""

    bilabial: int = 0
    bilabial_made: int = 0
    labiodental: int = 0
    labiodental_made: int = 0
    open: int = 0
    open_closed: int = 0

    def __add__(self, other: ContactCounts) -> ContactCounts:
        return ContactCounts(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    def shares(self) -> dict[str, float]:
        """Return ``bilabial_closure``, ``labiodental_closure`` (1 where none was asked for) and ``false_closure``."""
        return {
            "bilabial_closure": self.bilabial_made / self.bilabial if self.bilabial else 1.0,
            "labiodental_closure": self.labiodental_made / self.labiodental if self.labiodental else 1.0,
            "false_closure": self.open_closed / max(self.open, 1),
        }


def contact_counts(speech: Speech, motion: Motion) -> ContactCounts:
    """Count lips shut on p b m, lip on teeth on f v, and lips shut all through any other phone.

    Parameters
    ----------
    speech : Speech
        With phones.
    motion : Motion
        At any rate; contacts are looked for in its own frames.
    """
    aperture, gap, times_s = lip_aperture(motion.weights), lip_tooth_gap(motion.weights), motion.times_s
    fine_s = np.arange(int(speech.duration_s * READ_HZ)) / READ_HZ
    fine = np.interp(fine_s, times_s, aperture)
    counts = ContactCounts()
    for phone in speech.phones:
        letters = set(strip_stress(phone.symbol))
        inside = slice(*np.searchsorted(times_s, (phone.start_s - EARLY_S, phone.end_s)))
        if letters & set("pbm"):
            shut = bool((aperture[inside] <= CLOSED_APERTURE).any())
            counts += ContactCounts(bilabial=1, bilabial_made=shut)
        elif letters & set("fvɱ"):
            touching = (gap[inside] <= TEETH_CONTACT) & (aperture[inside] > CLOSED_APERTURE)
            counts += ContactCounts(labiodental=1, labiodental_made=bool(touching.any()))
        elif phone.symbol != SILENCE and phone.duration_s >= SHORTEST_OPEN_S:
            part = fine[slice(*np.searchsorted(fine_s, (phone.start_s, phone.end_s)))]
            counts += ContactCounts(open=1, open_closed=bool(len(part) and part.max() <= CLOSED_APERTURE))
    return counts


def content_error(speech: Speech, neutral: Motion, emotional: Motion) -> float:
    """Return how far emotion moves the lip channels that speech needs, as a share of their range.

    Parameters
    ----------
    speech : Speech
        Frames of its silences do not count; without phones all do.
    neutral, emotional : Motion
        That speech without and with emotion, at one rate.
    """
    columns = [ARKIT_INDEX[name] for name in CONTENT_SHAPES]
    plain, other = neutral.weights[:, columns], emotional.weights[:, columns]
    spoken = np.ones(len(plain), bool)
    for phone in speech.phones:
        if phone.symbol == SILENCE:
            spoken[slice(*np.searchsorted(neutral.times_s, (phone.start_s, phone.end_s)))] = False
    spoken = spoken if spoken.any() else ~spoken
    span = np.maximum(np.ptp(plain, axis=0), 0.05)
    return float((np.abs(other - plain)[spoken].mean(axis=0) / span).mean())


def lag_ms(pairs: Sequence[tuple[Speech, Motion]]) -> float:
    """Return by how much jawOpen comes after the sound's envelope, in milliseconds.

    Parameters
    ----------
    pairs : sequence of (Speech, Motion)
        Their cross-correlations are summed before the peak is looked for.
    """
    reach = round(MAX_LAG_S * FEATURE_RATE_HZ)
    total = np.zeros(2 * reach + 1)
    for speech, motion in pairs:
        envelope = prosody_of(speech).envelope
        grid_s = np.arange(len(envelope)) / FEATURE_RATE_HZ
        jaw = np.interp(grid_s, motion.times_s, motion.curve("jawOpen"))
        total += _correlation(jaw - jaw.mean(), envelope - envelope.mean(), reach)
    if not total.any():
        return 0.0
    peak = int(np.clip(np.argmax(total), 1, 2 * reach - 1))
    left, middle, right = total[peak - 1 : peak + 2]
    bend = left - 2.0 * middle + right
    shift = 0.5 * (left - right) / bend if bend else 0.0
    return float((peak - reach + shift) / FEATURE_RATE_HZ * 1000.0)


def _correlation(late: npt.NDArray[np.float64], early: npt.NDArray[np.float64], reach: int) -> npt.NDArray[np.float64]:
    padded = np.pad(late, reach)
    return np.array([padded[shift : shift + len(early)] @ early for shift in range(2 * reach + 1)])


def silence_mouth(speech: Speech, motion: Motion) -> float:
    """Return how open the mouth is in silence, away from speech: mean of the larger of jawOpen and aperture."""
    opening = np.maximum(np.maximum(lip_aperture(motion.weights), motion.curve("jawOpen")), 0.0)
    chosen = np.zeros(len(motion), bool)
    for pause in _pauses(speech):
        chosen |= (motion.times_s >= pause[0]) & (motion.times_s <= pause[1])
    return float(opening[chosen].mean()) if chosen.any() else 0.0


def _pauses(speech: Speech) -> Iterator[tuple[float, float]]:
    for index, phone in enumerate(speech.phones):
        if phone.symbol == SILENCE:
            start = phone.start_s + (GUARD_S if index else 0.0)
            end = phone.end_s - (GUARD_S if index < len(speech.phones) - 1 else 0.0)
            if end > start:
                yield start, end


@dataclass(frozen=True)
class BlinkFacts:
    """Blinks of a motion: how many, seconds from half shut to half open, difference of the two lids."""

    count: int
    lengths_s: npt.NDArray[np.float64]
    sides_correlation: float


def blink_facts(motion: Motion) -> BlinkFacts:
    """Find blinks: eyeBlink above one half."""
    left, right = motion.curve("eyeBlinkLeft"), motion.curve("eyeBlinkRight")
    edges = np.diff(np.concatenate([[0], (left > 0.5).astype(int), [0]]))
    starts, ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
    together = float(np.corrcoef(left, right)[0, 1]) if left.std() > 1e-6 and right.std() > 1e-6 else 1.0
    return BlinkFacts(len(starts), (ends - starts) / motion.fps, together)


def gaze_holds_s(motion: Motion, speed_rad_s: float = 0.6) -> npt.NDArray[np.float64]:
    """Return the lengths of fixations: between moments when gaze in the world moves faster than ``speed_rad_s``."""
    world = motion.eye_rotation[:, 0, :2].astype(np.float64) + motion.head_rotation[:, :2]
    speed = np.linalg.norm(np.diff(world, axis=0), axis=1) * motion.fps
    moving = speed > speed_rad_s
    starts = np.flatnonzero(moving[1:] & ~moving[:-1]) + 1
    return np.diff(starts) / motion.fps


def upper_face(motion: Motion) -> npt.NDArray[np.float64]:
    """Return mean and spread of the upper face's shapes: what tells emotions apart without the mouth."""
    curves = motion.weights[:, [ARKIT_INDEX[name] for name in UPPER_FACE]].astype(np.float64)
    return np.concatenate([curves.mean(axis=0), curves.std(axis=0)])
