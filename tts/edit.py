"""Edit single phones of finished speech, and say it like this: new durations, new F0, the same voice.

::

    from tts.edit import PhoneEdit, edit, phones_of

    for phone in phones_of(speech):
        print(phone.index, phone.symbol, phone.word, phone.duration_s, phone.f0_hz)
    longer = edit(speech, [PhoneEdit(7, duration_s=0.25, f0_hz=(180.0, 320.0))])

It works on the sound of every voice, and on recordings that were aligned: WORLD takes those breath groups apart
that hold an edit and puts them together on the new clock; all others keep their samples. The new phone times are
exact to the sample.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from conditioning import FEATURE_RATE_HZ, EmotionTrack, InputError, Segment, Speech, tile
from conditioning.phones import SILENCE
from tts import world
from tts.contour import fill_unvoiced
from tts.level import energy_db
from tts.resynthesis import resynthesise
from tts.timing import Piece, TimeMap

__all__ = ["MAX_DURATION_S", "MIN_DURATION_S", "PhoneEdit", "PhoneProsody", "edit", "phones_of"]

Array = npt.NDArray[np.float64]

#: A phone lasts at least two frames, and no longer than a held note.
MIN_DURATION_S, MAX_DURATION_S = 0.01, 10.0
#: Beside an edited phone F0 glides back to what it was within this time.
GLIDE_S = 0.03
#: A phone with a smaller voiced share has no F0 of its own.
VOICED_SHARE = 0.4


@dataclass(frozen=True)
class PhoneEdit:
    """What to change about one phone.

    Attributes
    ----------
    index : int
        Its place in ``speech.phones``.
    duration_s : float or None
        New length, from :data:`MIN_DURATION_S` to :data:`MAX_DURATION_S`; ``None`` keeps it.
    f0_hz : float, tuple of float or None
        A level to which its contour is moved, or the points that F0 runs through, evenly spaced from the phone's
        start to its end; in [65, 650]. ``None`` keeps it.

    Raises
    ------
    InputError
        If a value is outside its range.
    """

    index: int
    duration_s: float | None = None
    f0_hz: float | tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.duration_s is not None and not MIN_DURATION_S <= self.duration_s <= MAX_DURATION_S:
            raise InputError(
                f"phone {self.index}: duration_s={self.duration_s} is not allowed; "
                f"it runs from {MIN_DURATION_S:g} to {MAX_DURATION_S:g} s"
            )
        for value in self.points_hz:
            if not (math.isfinite(value) and world.F0_FLOOR_HZ <= value <= world.F0_CEILING_HZ):
                raise InputError(
                    f"phone {self.index}: f0_hz={value} is not allowed; "
                    f"it runs from {world.F0_FLOOR_HZ:g} to {world.F0_CEILING_HZ:g} Hz"
                )

    @property
    def points_hz(self) -> tuple[float, ...]:
        """F0 as points: none, one level, or a contour."""
        if self.f0_hz is None:
            return ()
        return self.f0_hz if isinstance(self.f0_hz, tuple) else (self.f0_hz,)


@dataclass(frozen=True)
class PhoneProsody:
    """One phone as it is spoken now.

    Attributes
    ----------
    index : int
    symbol : str
    word : str
        The word that it belongs to, as written; ``""`` in silence.
    duration_s : float
    f0_hz : float or None
        Geometric mean over its voiced frames; ``None`` where it has no voice.
    """

    index: int
    symbol: str
    word: str
    duration_s: float
    f0_hz: float | None


def phones_of(speech: Speech) -> tuple[PhoneProsody, ...]:
    """Return the phones of a speech with their lengths and levels of F0.

    Raises
    ------
    InputError
        If the speech has no phones.
    """
    f0_hz = _source_f0(speech)
    starts = [word.start_s for word in speech.words]
    found = []
    for index, phone in enumerate(speech.phones):
        place = int(np.searchsorted(starts, 0.5 * (phone.start_s + phone.end_s), side="right")) - 1
        word = speech.words[place].symbol if place >= 0 else ""
        found.append(PhoneProsody(index, phone.symbol, word, phone.duration_s, _level(f0_hz, phone)))
    return tuple(found)


def edit(speech: Speech, edits: Iterable[PhoneEdit]) -> Speech:
    """Say it like this: re-synthesise a speech with some phones changed.

    Parameters
    ----------
    speech : Speech
        With phones.
    edits : iterable of PhoneEdit
        At most one for each phone.

    Returns
    -------
    Speech
        Words, emotion, F0 and energy moved onto the new clock. Edited phones have the wanted lengths to the
        sample, all others their old ones; breath groups without an edit keep their samples.

    Raises
    ------
    InputError
        If there are no phones, an index is out of range or named twice, or F0 is set on a phone without voice.
    """
    f0_hz = _source_f0(speech)
    wanted = _checked(speech, edits, f0_hz)
    if not wanted:
        return speech
    plan = _new_clock(speech, wanted)
    new_f0, voiced = _new_contour(speech, plan, wanted, f0_hz)
    waveform = resynthesise(speech, plan, set(wanted), f0_hz, new_f0, voiced)
    return _finish(speech, plan, waveform, np.where(voiced, new_f0, 0.0))


def _source_f0(speech: Speech) -> Array:
    """Return F0 in hertz at the feature rate, 0 where unvoiced."""
    if not speech.phones:
        raise InputError("speech without phones cannot be edited; align it with its text first")
    if speech.f0_hz is not None:
        return speech.f0_hz.astype(np.float64)
    return world.pitch(speech.waveform.astype(np.float64), speech.sample_rate, speech.phones)


def _level(f0_hz: Array, phone: Segment) -> float | None:
    """Return the geometric mean of a phone's voiced frames, None if too few are voiced."""
    first = int(np.ceil(phone.start_s * FEATURE_RATE_HZ))
    inside = f0_hz[first : max(int(np.ceil(phone.end_s * FEATURE_RATE_HZ)), first + 1)]
    voiced = inside[inside > 0.0]
    if phone.symbol == SILENCE or not len(voiced) or len(voiced) < VOICED_SHARE * len(inside):
        return None
    return float(np.exp(np.log(voiced).mean()))


def _checked(speech: Speech, edits: Iterable[PhoneEdit], f0_hz: Array) -> dict[int, PhoneEdit]:
    """Return the edits by phone."""
    wanted: dict[int, PhoneEdit] = {}
    for change in edits:
        if not 0 <= change.index < len(speech.phones):
            raise InputError(f"there is no phone {change.index}; the phones run from 0 to {len(speech.phones) - 1}")
        if change.index in wanted:
            raise InputError(f"phone {change.index} is edited twice; give one edit with both duration_s and f0_hz")
        phone = speech.phones[change.index]
        if change.points_hz and _level(f0_hz, phone) is None:
            raise InputError(
                f"phone {change.index} ({phone.symbol!r}) has no voice and so no F0; set f0_hz on a voiced phone"
            )
        wanted[change.index] = change
    return wanted


def _new_clock(speech: Speech, wanted: dict[int, PhoneEdit]) -> TimeMap:
    rate = speech.sample_rate
    pieces = []
    for index, phone in enumerate(speech.phones):
        length = round(phone.end_s * rate) - round(phone.start_s * rate)
        change = wanted.get(index)
        if change is not None and change.duration_s is not None:
            length = round(change.duration_s * rate)
        pieces.append(Piece(phone.symbol, phone.start_s, phone.end_s, length / rate))
    return TimeMap(pieces, rate)


def _new_contour(
    speech: Speech, plan: TimeMap, wanted: dict[int, PhoneEdit], f0_hz: Array
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return F0 on the new clock as if all were voiced, and what is voiced."""
    times_s = np.arange(int(plan.borders[-1] * FEATURE_RATE_HZ / plan.sample_rate) + 2) / FEATURE_RATE_HZ
    position = plan.to_source(times_s) * FEATURE_RATE_HZ
    logs = np.interp(position, np.arange(len(f0_hz)), np.log(fill_unvoiced(f0_hz)))
    voiced = f0_hz[np.clip(np.round(position).astype(int), 0, len(f0_hz) - 1)] > 0.0
    change = np.full(len(times_s), np.nan)
    edges_s = plan.borders / plan.sample_rate
    far = np.full(len(times_s), np.inf)
    for index, one in wanted.items():
        if not one.points_hz:
            continue
        start_s, end_s = edges_s[index], edges_s[index + 1]
        far = np.minimum(far, np.maximum(np.maximum(start_s - times_s, times_s - end_s), 0.0))
        inside = (times_s >= start_s) & (times_s < end_s)
        if len(one.points_hz) == 1:
            level = _level(f0_hz, speech.phones[index])
            assert level is not None
            change[inside] = math.log(one.points_hz[0] / level)
        else:
            knots_s = np.linspace(start_s, end_s, len(one.points_hz))
            change[inside] = np.interp(times_s[inside], knots_s, np.log(one.points_hz)) - logs[inside]
    change[far > GLIDE_S] = 0.0
    known = np.flatnonzero(~np.isnan(change))
    change = np.interp(np.arange(len(change)), known, change[known])
    moved = np.clip(np.exp(logs + change), world.F0_FLOOR_HZ, world.F0_CEILING_HZ)
    return moved, voiced


def _finish(speech: Speech, plan: TimeMap, waveform: Array, f0_hz: Array) -> Speech:
    """Put sound, times and measures together."""
    rate = speech.sample_rate
    sound = waveform.astype(np.float32)
    levels = energy_db(sound, rate)
    f0 = np.zeros(len(levels), np.float32)
    f0[: len(f0_hz)] = f0_hz[: len(levels)]
    keys = speech.emotion.keyframes
    moved = plan.to_new([max(time_s, 0.0) for time_s, _ in keys]).tolist()
    track = EmotionTrack(tuple((time_s, emotion) for time_s, (_, emotion) in zip(moved, keys, strict=True)))
    phones = tile([piece.symbol for piece in plan.pieces], plan.borders.tolist(), rate)
    edges = [0, *(round(float(plan.to_new(word.end_s)[0]) * rate) for word in speech.words)]
    assert all(left <= right for left, right in pairwise(edges))
    words: tuple[Segment, ...] = ()
    if speech.words:
        words = tile([word.symbol for word in speech.words], [*edges[:-1], int(plan.borders[-1])], rate)
    return Speech(sound, rate, phones, words, track, f0, levels, speech.text)
