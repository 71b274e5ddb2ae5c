"""Lips that must shut, lips that must meet the teeth: applied last, whatever the face feels.

p, b, m close the lips, f, v bring the lower lip to the upper teeth (P. Edwards et al., "JALI", 2016, section 4.2:
"must close" rules). Every closure is held for at least :data:`MIN_HOLD_S`, so that it shows at 24 frames a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from avatar.animator.coarticulation import Gestures
from avatar.animator.lips import lip_aperture, lip_tooth_gap
from avatar.animator.noise import smoothstep
from avatar.animator.visemes import BILABIALS, LABIODENTALS
from conditioning import ARKIT_INDEX, Segment
from conditioning.phones import strip_stress

__all__ = ["Contact", "contacts_of", "enforce", "holds"]

#: Just over one frame at 24 frames a second.
MIN_HOLD_S = 0.044
#: Closing and opening movements, seconds.
ATTACK_S = 0.055
RELEASE_S = 0.055
#: Share of a stop after which its lips part (the rest is burst and aspiration); of m and of f, v.
STOP_RELEASE_SHARE = 0.7
NASAL_SHARE = 0.95
FRICATIVE_SHARE = (0.15, 0.85)
#: Contacts of one kind that are nearer than this are one (as in "lamb bone").
JOIN_S = 0.03
#: Between two contacts there is at least this gap.
GAP_S = 0.012
#: How much of the jaw stays open behind closed lips and behind lip on teeth.
JAW_KEPT = 0.45
JAW_AT_TEETH = 0.06
#: A closure of the lips goes this far beyond touching.
PRESS_MARGIN = 0.012

#: Share of each opening shape that is taken back at full contact.
BILABIAL_YIELD: Mapping[str, float] = MappingProxyType({
    "mouthFunnel": 0.85, "mouthLowerDown": 1.0, "mouthUpperUp": 0.95, "mouthShrugUpper": 0.8, "tongueOut": 1.0,
    "noseSneer": 0.35, "mouthStretch": 0.3,
})  # fmt: skip
LABIODENTAL_YIELD: Mapping[str, float] = MappingProxyType({
    "mouthFunnel": 0.85, "mouthPucker": 0.6, "mouthLowerDown": 1.0, "mouthShrugLower": 0.7, "mouthShrugUpper": 0.5,
    "mouthPress": 1.0, "mouthRollUpper": 1.0, "mouthClose": 1.0, "tongueOut": 1.0,
})  # fmt: skip
#: In silence an expression may tense the lips, not part them.
SILENT_YIELD: Mapping[str, float] = MappingProxyType({
    "mouthFunnel": 0.8, "mouthLowerDown": 0.8, "mouthUpperUp": 0.6, "mouthShrugUpper": 0.4, "noseSneer": 0.15,
})  # fmt: skip
#: What lip on teeth looks like; the larger of this and the curve is kept.
LABIODENTAL_POSE: Mapping[str, float] = MappingProxyType({"mouthRollLower": 0.5, "mouthUpperUp": 0.28})


@dataclass(frozen=True)
class Contact:
    """Plateaus of one kind of contact: (K,) starts and ends in seconds, in order, without overlap."""

    start_s: npt.NDArray[np.float64]
    end_s: npt.NDArray[np.float64]


def contacts_of(gestures: Gestures, phones: tuple[Segment, ...]) -> tuple[Contact, Contact]:
    """Return the plateaus of lips together and of lip on teeth.

    Parameters
    ----------
    gestures : Gestures
    phones : tuple of Segment
        The phones that ``gestures`` came from.
    """
    plans: list[tuple[bool, float, float]] = []
    for index, part in enumerate(gestures.parts):
        letters = strip_stress(phones[gestures.phone[index]].symbol)
        bilabial = part in ("p", "m") and any(letter in BILABIALS for letter in letters)
        if not bilabial and not (part == "f" and any(letter in LABIODENTALS for letter in letters)):
            continue
        start, end = float(gestures.start_s[index]), float(gestures.end_s[index])
        low, high = (0.0, NASAL_SHARE if part == "m" else STOP_RELEASE_SHARE) if bilabial else FRICATIVE_SHARE
        released = max(start + high * (end - start), min(end, start + MIN_HOLD_S))
        plans.append((bilabial, start + low * (end - start), released))
    placed = _place(plans)
    return _contact(placed, True), _contact(placed, False)


def _place(plans: list[tuple[bool, float, float]]) -> list[tuple[bool, float, float]]:
    """Lengthen short plateaus backwards, or forwards where another contact is in the way; join neighbours."""
    placed: list[tuple[bool, float, float]] = []
    free_from = -np.inf
    for bilabial, start, end in plans:
        if placed and placed[-1][0] is bilabial and start - placed[-1][2] < JOIN_S:
            placed[-1] = (bilabial, placed[-1][1], max(end, placed[-1][2]))
            free_from = placed[-1][2] + GAP_S
            continue
        begin = min(start, end - MIN_HOLD_S)
        begin = max(begin, free_from)
        finish = max(end, begin + MIN_HOLD_S)
        placed.append((bilabial, begin, finish))
        free_from = finish + GAP_S
    return placed


def _contact(placed: list[tuple[bool, float, float]], bilabial: bool) -> Contact:
    chosen = [(start, end) for kind, start, end in placed if kind is bilabial]
    table = np.array(chosen, np.float64).reshape(-1, 2)
    return Contact(table[:, 0], table[:, 1])


def holds(
    times_s: npt.NDArray[np.float64], contact: Contact, movement_s: float | None = None
) -> npt.NDArray[np.float64]:
    """Return 1 on every plateau, falling to 0 within the closing and opening movements.

    Parameters
    ----------
    times_s : (T,) float64
    contact : Contact
    movement_s : float, optional
        How long closing and opening take; :data:`ATTACK_S` and :data:`RELEASE_S` where it is not given.

    Returns
    -------
    (T,) float64
    """
    closing_s, opening_s = (ATTACK_S, RELEASE_S) if movement_s is None else (movement_s, movement_s)
    count = len(contact.start_s)
    if not count:
        return np.zeros(len(times_s))
    gaps = contact.start_s[1:] - contact.end_s[:-1]
    attack = np.minimum(closing_s, np.concatenate([[np.inf], 0.55 * gaps]))
    release = np.minimum(opening_s, np.concatenate([0.45 * gaps, [np.inf]]))
    attack, release = np.maximum(attack, 1e-4), np.maximum(release, 1e-4)
    upcoming = np.searchsorted(contact.start_s, times_s, side="right")
    after = np.clip(upcoming, 0, count - 1)
    before = np.clip(upcoming - 1, 0, count - 1)
    rising = smoothstep(1.0 - (contact.start_s[after] - times_s) / attack[after])
    rising = np.where(upcoming < count, rising, 0.0)
    falling = 1.0 - smoothstep((times_s - contact.end_s[before]) / release[before])
    falling = np.where(upcoming > 0, falling, 0.0)
    return np.maximum(rising, falling)


def enforce(
    weights: npt.NDArray[np.float64],
    lips: npt.NDArray[np.float64],
    teeth: npt.NDArray[np.float64],
    silence: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Return the weights with both contacts made, and the lips shut in silence.

    Parameters
    ----------
    weights : (T, 52) float64
    lips, teeth : (T,) float64
        From :func:`holds`: lips together, lip on teeth.
    silence : (T,) float64
        1 where nobody speaks and no emotion parts the lips.

    Returns
    -------
    (T, 52) float64
    """
    out = weights.copy()
    teeth = teeth * (1.0 - lips)
    _yield(out, LABIODENTAL_YIELD, teeth)
    for name, value in LABIODENTAL_POSE.items():
        for column in _columns(name):
            out[:, column] += teeth * np.maximum(value - out[:, column], 0.0)
    jaw = ARKIT_INDEX["jawOpen"]
    out[:, jaw] -= teeth * np.maximum(out[:, jaw] - JAW_AT_TEETH, 0.0)
    _lower_lip_to_teeth(out, teeth)
    _yield(out, BILABIAL_YIELD, lips)
    out[:, jaw] *= 1.0 - (1.0 - JAW_KEPT) * lips
    _yield(out, SILENT_YIELD, silence)
    _shut(out, np.maximum(lips, silence))
    return out


def _columns(name: str) -> tuple[int, ...]:
    if name in ARKIT_INDEX:
        return (ARKIT_INDEX[name],)
    return ARKIT_INDEX[name + "Left"], ARKIT_INDEX[name + "Right"]


def _yield(out: npt.NDArray[np.float64], shares: Mapping[str, float], hold: npt.NDArray[np.float64]) -> None:
    for name, share in shares.items():
        for column in _columns(name):
            out[:, column] *= 1.0 - share * hold


def _shut(out: npt.NDArray[np.float64], hold: npt.NDArray[np.float64]) -> None:
    """Raise mouthClose until the lips' aperture is what the closure leaves of it."""
    close = ARKIT_INDEX["mouthClose"]
    opening = lip_aperture(out)
    needed = hold * (np.maximum(opening, 0.0) + PRESS_MARGIN * (opening > -PRESS_MARGIN))
    out[:, close] += needed


def _lower_lip_to_teeth(out: npt.NDArray[np.float64], hold: npt.NDArray[np.float64]) -> None:
    """Roll the lower lip in by what is still missing to the teeth."""
    missing = np.maximum(lip_tooth_gap(out), 0.0) * hold
    column = ARKIT_INDEX["jawOpen"]
    out[:, column] = np.maximum(out[:, column] - missing / 1.07, 0.0)
