"""Re-shape a neutral utterance along its emotions and deliveries.

WORLD takes the sound apart; every phone gets a new length, the melody, the spectra and the levels follow the cues
of :mod:`tts.emotion_cues`, and WORLD puts it together again. Phones, words and the emotion move onto the new
clock and tile the new waveform to the sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from conditioning import EmotionTrack, InputError, Segment, Speech, tile
from conditioning.line import Delivery
from conditioning.phones import SILENCE
from conditioning.progress import watched
from tts import world
from tts.emotion_cues import cues_at
from tts.frames import Controls, Frames, PlacedDelivery, blocks
from tts.level import energy_db, limit, neutral_gain
from tts.timing import Piece, TimeMap, find_pauses, stretch_factors

__all__ = ["PlacedDelivery", "reshape"]

Array = npt.NDArray[np.float64]

#: Emotions below this weight change nothing.
SMALLEST_WEIGHT = 1e-4


def reshape(
    speech: Speech,
    *,
    deliveries: Sequence[PlacedDelivery] = (),
    pauses: Sequence[tuple[float, float]] = (),
    seed: int = 0,
) -> Speech:
    """Give a neutral utterance the emotion of its own track.

    Parameters
    ----------
    speech : Speech
        Spoken neutrally, with phones and words; ``speech.emotion`` is what it is to sound like, on its clock.
    deliveries : sequence of PlacedDelivery
        On the source's clock.
    pauses : sequence of (time_s, length_s)
        Silences to put in, at borders of phones on the source's clock.
    seed : int
        For jitter and tremor.

    Returns
    -------
    Speech
        On a new clock, at the level of :data:`tts.level.TARGET_DB` where it is neutral, with F0 and energy.

    Raises
    ------
    InputError
        If the speech has no phones.
    """
    if not speech.phones:
        raise InputError("speech without phones cannot be re-shaped; align it first")
    source = np.asarray(speech.waveform, dtype=np.float64)
    source = source * neutral_gain(source, speech.sample_rate)
    f0_hz = world.pitch(source, speech.sample_rate, speech.phones)
    plan = TimeMap(_pieces(speech, deliveries, pauses), speech.sample_rate)
    if _changes(speech.emotion, deliveries):
        frames = Frames(speech, plan, f0_hz, deliveries, np.random.default_rng(seed))
        parts = [
            frames.render(source, first, last) if audible else np.zeros(last - first)
            for first, last, audible in watched(list(blocks(plan)))
        ]
        waveform = np.concatenate(parts)
        waveform = waveform * frames.level(source, waveform)
        new_f0 = np.where(frames.voiced > 0.5, frames.f0_hz, 0.0)
    else:
        waveform = _spliced(source, plan)
        times_s = np.arange(int(len(waveform) / (speech.sample_rate * world.FRAME_S)) + 1) * world.FRAME_S
        new_f0 = f0_hz[np.clip(np.round(plan.to_source(times_s) / world.FRAME_S).astype(int), 0, len(f0_hz) - 1)]
    return _finish(speech, plan, limit(waveform), new_f0)


def _changes(track: EmotionTrack, deliveries: Sequence[PlacedDelivery]) -> bool:
    felt = any(emotion.intensity > SMALLEST_WEIGHT for _, emotion in track.keyframes)
    return felt or any(placed.delivery != Delivery() for placed in deliveries)


def _finish(speech: Speech, plan: TimeMap, waveform: Array, f0_hz: Array) -> Speech:
    """Put sound, times and measures together."""
    sound = waveform.astype(np.float32)
    levels = energy_db(sound, speech.sample_rate)
    f0 = np.zeros(len(levels), dtype=np.float32)
    f0[: len(f0_hz)] = f0_hz[: len(levels)]
    keys = speech.emotion.keyframes
    moved = plan.to_new([max(time_s, 0.0) for time_s, _ in keys]).tolist()
    track = EmotionTrack(tuple((time_s, emotion) for time_s, (_, emotion) in zip(moved, keys, strict=True)))
    phones = tile([piece.symbol for piece in plan.pieces], plan.borders.tolist(), speech.sample_rate)
    return Speech(sound, speech.sample_rate, phones, _words(speech, plan), track, f0, levels, speech.text)


def _pieces(speech: Speech, deliveries: Sequence[PlacedDelivery], pauses: Sequence[tuple[float, float]]) -> list[Piece]:
    """Return the phones with their new lengths and the pauses between them."""
    middles = np.array([0.5 * (phone.start_s + phone.end_s) for phone in speech.phones])
    cues = cues_at(speech.emotion.weights_at(middles))
    controls = Controls.at(deliveries, middles)
    lengths = np.array([phone.duration_s for phone in speech.phones])
    lengths = lengths * stretch_factors(speech.phones, cues, controls.rate, controls.emphasis)
    extra = find_pauses(speech.phones, speech.words, lengths, cues["pause_share"])
    wanted = sorted(pauses)
    pieces: list[Piece] = []
    for index, phone in enumerate(speech.phones):
        pause_s = extra.get(index, 0.0)
        while wanted and wanted[0][0] <= phone.start_s + 1e-6:
            pause_s += wanted.pop(0)[1]
        length_s = float(lengths[index])
        if phone.symbol == SILENCE:
            pieces.append(Piece(SILENCE, phone.start_s, phone.end_s, length_s + pause_s))
            continue
        if pause_s > 0.0:
            pieces.append(Piece(SILENCE, phone.start_s, phone.start_s, pause_s))
        pieces.append(Piece(phone.symbol, phone.start_s, phone.end_s, length_s))
    rest_s = sum(length_s for _, length_s in wanted)
    if rest_s > 0.0:
        last = pieces[-1]
        if last.symbol == SILENCE:
            pieces[-1] = Piece(SILENCE, last.source_start_s, last.source_end_s, last.duration_s + rest_s)
        else:
            pieces.append(Piece(SILENCE, last.source_end_s, last.source_end_s, rest_s))
    return pieces


def _spliced(source: Array, plan: TimeMap) -> Array:
    """Return the source with longer pauses and nothing else changed: stretches between silences are copied."""
    sound = np.zeros(int(plan.borders[-1]))
    run: tuple[int, int] | None = None
    for piece, start in zip((*plan.pieces, None), plan.borders.tolist(), strict=True):
        silent = piece is None or piece.symbol == SILENCE
        if silent and run is not None:
            new, old = run
            count = min(start - new, len(source) - old)
            sound[new : new + count] = source[old : old + count]
            run = None
        elif not silent and run is None:
            assert piece is not None
            run = start, round(piece.source_start_s * plan.sample_rate)
    return sound


def _words(speech: Speech, plan: TimeMap) -> tuple[Segment, ...]:
    """Return the words on the new clock, with a silent one for every pause that fell between two words."""
    inserted = {
        piece.source_start_s: border
        for piece, (_, border) in zip(plan.pieces, pairwise(plan.borders.tolist()), strict=True)
        if piece.inserted
    }
    symbols: list[str] = []
    borders = [0]
    for word in speech.words:
        if word.start_s in inserted:
            symbols.append("")
            borders.append(inserted.pop(word.start_s))
        end = int(np.round(plan.to_new(word.end_s)[0] * speech.sample_rate))
        symbols.append(word.symbol)
        borders.append(max(end, borders[-1]))
    if speech.words and borders[-1] < plan.borders[-1]:
        symbols.append("")
        borders.append(int(plan.borders[-1]))
    return tile(symbols, borders, speech.sample_rate) if speech.words else ()
