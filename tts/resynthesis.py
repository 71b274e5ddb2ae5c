"""The sound behind :mod:`tts.edit`: breath groups on a new clock and with a new F0, by WORLD."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from conditioning import Speech
from conditioning.phones import SILENCE
from tts import world
from tts.level import energy_db, limit
from tts.timing import Piece, TimeMap

__all__ = ["resynthesise"]

Array = npt.NDArray[np.float64]

#: Silence beside a breath group that is made anew with it, and faded into what was there.
MARGIN_S = 0.02
#: Window of the levels that are brought back to the source's, and the most that is corrected.
LEVEL_S, MAX_GAIN_DB = 0.03, 6.0


def _groups(pieces: Sequence[Piece]) -> list[tuple[int, int]]:
    """Return (first, last + 1) of the stretches of phones between silences."""
    found, start = [], None
    for index, piece in enumerate(pieces):
        if piece.symbol != SILENCE and start is None:
            start = index
        if piece.symbol == SILENCE and start is not None:
            found.append((start, index))
            start = None
    return found if start is None else [*found, (start, len(pieces))]


def resynthesise(
    speech: Speech, plan: TimeMap, edited: set[int], f0_hz: Array, new_f0: Array, voiced: npt.NDArray[np.bool_]
) -> Array:
    """Copy the breath groups that are not edited, make the others anew.

    Parameters
    ----------
    speech : Speech
        The source.
    plan : TimeMap
        Its phones with their new lengths.
    edited : set of int
        Phones that change.
    f0_hz : (m,) float64
        Of the source, 0 where unvoiced.
    new_f0 : (T,) float64
        On the new clock, as if all were voiced.
    voiced : (T,) bool

    Returns
    -------
    (n,) float64
    """
    source = speech.waveform.astype(np.float64)
    old = np.array([0, *(round(phone.end_s * speech.sample_rate) for phone in speech.phones)])
    sound = np.zeros(int(plan.borders[-1]))
    for index, piece in enumerate(plan.pieces):
        if piece.symbol == SILENCE:
            _copy_silence(source[old[index] : old[index + 1]], sound[plan.borders[index] : plan.borders[index + 1]])
    for first, last in _groups(plan.pieces):
        begin, end = int(plan.borders[first]), int(plan.borders[last])
        if not edited.intersection(range(first, last)):
            sound[begin:end] = source[old[first] : old[last]]
            continue
        margin = int(MARGIN_S * speech.sample_rate)
        left = min(margin, begin - int(plan.borders[first - 1])) if first else 0
        right = min(margin, int(plan.borders[last + 1]) - end) if last < len(plan.pieces) else 0
        made = limit(_render(source, plan, f0_hz, new_f0, voiced, begin - left, end + right))
        fade = np.concatenate(
            [np.linspace(0, 1, left, endpoint=False), np.ones(end - begin), np.linspace(1, 0, right, endpoint=False)]
        )
        where = slice(begin - left, end + right)
        sound[where] = fade * made + (1.0 - fade) * sound[where]
    return sound


def _copy_silence(old: Array, new: Array) -> None:
    """Fill a pause with the beginning and the end of the old one, in place; what lies between is digital silence."""
    head = min((len(old) + 1) // 2, (len(new) + 1) // 2)
    tail = min(len(old) - head, len(new) - head)
    new[:head] = old[:head]
    if tail > 0:
        new[len(new) - tail :] = old[len(old) - tail :]
    if len(new) > len(old):
        fade = min(head, tail, 120)
        new[head - fade : head] *= np.linspace(1.0, 0.0, fade)
        new[len(new) - tail : len(new) - tail + fade] *= np.linspace(0.0, 1.0, fade)


def _render(
    source: Array,
    plan: TimeMap,
    f0_hz: Array,
    new_f0: Array,
    voiced: npt.NDArray[np.bool_],
    first: int,
    last: int,
) -> Array:
    """Return samples ``first`` to ``last`` of the new sound, by WORLD."""
    rate = plan.sample_rate
    begin = int(first / (rate * world.FRAME_S))  # WORLD's clock starts on a frame; the samples before are dropped
    frames = slice(begin, min(int(last / (rate * world.FRAME_S)) + 2, len(new_f0)))
    position = plan.to_source(np.arange(frames.start, frames.stop) * world.FRAME_S) / world.FRAME_S
    low, high = max(int(position.min()) - 4, 0), min(int(position.max()) + 6, len(f0_hz))
    piece = source[round(low * world.FRAME_S * rate) : round(high * world.FRAME_S * rate)]
    power = np.log(np.maximum(world.envelope(piece, f0_hz[low:high], rate), 1e-16))
    noise = world.aperiodicity(piece, f0_hz[low:high], rate)
    left = np.clip(np.floor(position).astype(int) - low, 0, len(power) - 1)
    right = np.minimum(left + 1, len(power) - 1)
    part = np.clip(position - low - left, 0.0, 1.0)[:, None]
    power = np.exp((1.0 - part) * power[left] + part * power[right])
    noise = (1.0 - part) * noise[left] + part * noise[right]
    f0 = np.where(voiced[frames], new_f0[frames], 0.0)
    start = round(begin * world.FRAME_S * rate)
    made = world.synthesise(f0, power, noise, rate, last - start)
    wanted_db = np.interp(position - low, np.arange(high - low), energy_db(piece, rate, LEVEL_S)[: high - low])
    return _levelled(made, wanted_db, rate)[first - start :]


def _levelled(made: Array, wanted_db: Array, sample_rate: int) -> Array:
    """Give a sound the levels that its source has at the same places; WORLD alone misses them by up to 3 dB."""
    levels_db = energy_db(made, sample_rate, LEVEL_S).astype(np.float64)
    count = min(len(levels_db), len(wanted_db))
    gain_db = np.clip(wanted_db[:count] - levels_db[:count], -MAX_GAIN_DB, MAX_GAIN_DB)
    times = np.arange(count) * world.FRAME_S * sample_rate
    matched: Array = made * 10.0 ** (np.interp(np.arange(len(made)), times, gain_db) / 20.0)
    return matched
