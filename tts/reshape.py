"""Re-shape a neutral utterance along its emotions and deliveries.

WORLD takes the sound apart; every phone gets a new length, the melody, the spectra and the levels follow the cues
of :mod:`tts.emotion_cues`, and WORLD puts it together again. Phones, words and the emotion move onto the new
clock and tile the new waveform to the sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from conditioning import EmotionTrack, Segment, Speech, tile
from conditioning.line import Delivery
from conditioning.phones import SILENCE, stress_of
from tts import world
from tts.contour import Accent, fill_unvoiced, melody, reference_hz
from tts.emotion_cues import cues_at
from tts.level import energy_db, limit, neutral_gain
from tts.phonetics import kind_of
from tts.timbre import breathe, colour, formant_index
from tts.timing import Piece, TimeMap, find_pauses, stretch_factors

__all__ = ["PlacedDelivery", "reshape"]

Array = npt.NDArray[np.float64]

#: Sound is processed in blocks of about this length, cut in pauses where there are any.
BLOCK_S = 8.0
#: Silences from this length on separate breath groups.
GROUP_GAP_S = 0.07
#: Accents before the last one of a breath group.
PRENUCLEAR = 0.6
EMPHASIS_DB = 3.0
#: Sound fades out and in over this much beside an inserted pause.
FADE_S = 0.03
#: Neutral and unchanged: below these cues nothing is re-shaped.
SMALLEST_WEIGHT = 1e-4


@dataclass(frozen=True)
class PlacedDelivery:
    """A delivery on the source's clock."""

    start_s: float
    end_s: float
    delivery: Delivery


@dataclass(frozen=True)
class _Controls:
    """What the deliveries ask for, one value per moment."""

    rate: Array
    pitch_st: Array
    range_scale: Array
    gain_db: Array
    emphasis: Array

    @classmethod
    def at(cls, deliveries: Sequence[PlacedDelivery], times_s: Array) -> _Controls:
        plain = Delivery()
        names = ("rate", "pitch_st", "range_scale", "gain_db", "emphasis")
        columns = {name: np.full(len(times_s), getattr(plain, name)) for name in names}
        for placed in deliveries:
            inside = (times_s >= placed.start_s) & (times_s < placed.end_s)
            for name in names:
                columns[name][inside] = getattr(placed.delivery, name)
        return cls(**columns)


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
    """
    source = np.asarray(speech.waveform, dtype=np.float64) * neutral_gain(speech.waveform, speech.sample_rate)
    f0_hz = world.pitch(source, speech.sample_rate)
    if not pauses and not _changes(speech.emotion, deliveries):
        return _finish(speech, limit(source), speech.phones, speech.words, speech.emotion, f0_hz)
    plan = TimeMap(_pieces(speech, deliveries, pauses), speech.sample_rate)
    frames = _Frames(speech, plan, f0_hz, deliveries, np.random.default_rng(seed))
    blocks = [frames.render(source, first, last) for first, last in _blocks(plan)]
    waveform = limit(np.concatenate(blocks))
    keys = speech.emotion.keyframes
    moved = plan.to_new([max(time_s, 0.0) for time_s, _ in keys]).tolist()
    track = EmotionTrack(tuple((time_s, emotion) for time_s, (_, emotion) in zip(moved, keys, strict=True)))
    phones = tile([piece.symbol for piece in plan.pieces], plan.borders.tolist(), speech.sample_rate)
    new_f0 = np.where(frames.voiced > 0.5, frames.f0_hz, 0.0)
    return _finish(speech, waveform, phones, _words(speech, plan), track, new_f0)


def _changes(track: EmotionTrack, deliveries: Sequence[PlacedDelivery]) -> bool:
    felt = any(emotion.intensity > SMALLEST_WEIGHT for _, emotion in track.keyframes)
    return felt or any(placed.delivery != Delivery() for placed in deliveries)


def _finish(
    speech: Speech,
    waveform: Array,
    phones: tuple[Segment, ...],
    words: tuple[Segment, ...],
    track: EmotionTrack,
    f0_hz: Array,
) -> Speech:
    sound = waveform.astype(np.float32)
    levels = energy_db(sound, speech.sample_rate)
    f0 = np.zeros(len(levels), dtype=np.float32)
    f0[: len(f0_hz)] = f0_hz[: len(levels)]
    return Speech(sound, speech.sample_rate, phones, words, track, f0, levels, speech.text)


def _pieces(speech: Speech, deliveries: Sequence[PlacedDelivery], pauses: Sequence[tuple[float, float]]) -> list[Piece]:
    """Return the phones with their new lengths and the pauses between them."""
    middles = np.array([0.5 * (phone.start_s + phone.end_s) for phone in speech.phones])
    cues = cues_at(speech.emotion.weights_at(middles))
    controls = _Controls.at(deliveries, middles)
    lengths = np.array([phone.duration_s for phone in speech.phones])
    lengths = lengths * stretch_factors(speech.phones, cues, controls.rate, controls.emphasis)
    extra = find_pauses(speech.phones, speech.words, lengths, cues["pause_share"])
    wanted = sorted(pauses)
    pieces = []
    for index, phone in enumerate(speech.phones):
        pause_s = extra.get(index, 0.0)
        while wanted and wanted[0][0] <= phone.start_s + 1e-6:
            pause_s += wanted.pop(0)[1]
        if pause_s > 0.0:
            pieces.append(Piece(SILENCE, phone.start_s, phone.start_s, pause_s))
        pieces.append(Piece(phone.symbol, phone.start_s, phone.end_s, float(lengths[index])))
    rest_s = sum(length_s for _, length_s in wanted)
    if rest_s > 0.0:
        end_s = speech.phones[-1].end_s
        pieces.append(Piece(SILENCE, end_s, end_s, rest_s))
    return pieces


def _words(speech: Speech, plan: TimeMap) -> tuple[Segment, ...]:
    """Return the words on the new clock, with a silent one for every pause that fell between two words."""
    inserted = {
        piece.source_start_s: (int(plan.borders[i]), int(plan.borders[i + 1]))
        for i, piece in enumerate(plan.pieces)
        if piece.inserted
    }
    symbols, borders = [], [0]
    for word in speech.words:
        if word.start_s in inserted:
            symbols.append("")
            borders.append(inserted.pop(word.start_s)[1])
        end = int(np.round(plan.to_new(word.end_s)[0] * speech.sample_rate))
        symbols.append(word.symbol)
        borders.append(max(end, borders[-1]))
    if borders[-1] < plan.borders[-1]:
        symbols.append("")
        borders.append(int(plan.borders[-1]))
    return tile(symbols, borders, speech.sample_rate)


def _blocks(plan: TimeMap) -> Iterator[tuple[int, int]]:
    """Yield (first, last) sample of blocks that end in the middle of a silence, or at a border if there is none."""
    first, cut = 0, None
    limit_samples = int(BLOCK_S * plan.sample_rate)
    for piece, start, end in zip(plan.pieces, plan.borders[:-1], plan.borders[1:], strict=True):
        if piece.symbol == SILENCE:
            cut = int(start + end) // 2
        long_pause = piece.inserted and end - start > limit_samples
        if (end - first > limit_samples or long_pause) and cut is not None and cut > first:
            yield first, cut
            first, cut = cut, None
        elif end - first > 3 * limit_samples:
            yield first, int(end)
            first = int(end)
    if first < plan.borders[-1]:
        yield first, int(plan.borders[-1])


class _Frames:
    """The plan of every frame of the new sound, and its rendering block by block."""

    def __init__(
        self,
        speech: Speech,
        plan: TimeMap,
        f0_hz: Array,
        deliveries: Sequence[PlacedDelivery],
        rng: np.random.Generator,
    ) -> None:
        self.sample_rate = speech.sample_rate
        self.source_f0_hz = f0_hz
        self.times_s = np.arange(int(plan.borders[-1] / (self.sample_rate * world.FRAME_S)) + 2) * world.FRAME_S
        self.source_s = plan.to_source(self.times_s)
        self.cues = cues_at(speech.emotion.weights_at(self.source_s))
        controls = _Controls.at(deliveries, self.source_s)
        self.piece = np.clip(
            np.searchsorted(plan.borders, self.times_s * self.sample_rate, side="right") - 1, 0, len(plan.pieces) - 1
        )
        self.kinds = [kind_of(piece.symbol) for piece in plan.pieces]
        self.gain_db = self.cues["loudness_db"] + controls.gain_db + EMPHASIS_DB * controls.emphasis
        self.gain_db += 20.0 * np.log10(np.maximum(_pause_gain(plan, self.times_s), 1e-6))
        nearest = np.clip(np.round(self.source_s / world.FRAME_S).astype(int), 0, len(f0_hz) - 1)
        self.voiced = ((f0_hz[nearest] > 0.0) & ~self._in_pause(plan)).astype(np.float64)
        contour = np.interp(self.source_s, np.arange(len(f0_hz)) * world.FRAME_S, fill_unvoiced(f0_hz))
        self.f0_hz = melody(
            contour, reference_hz(f0_hz), self.times_s, _groups(plan), _accents(plan, deliveries), self.cues,
            controls.pitch_st, controls.range_scale, rng,
        )  # fmt: skip

    def _in_pause(self, plan: TimeMap) -> npt.NDArray[np.bool_]:
        inserted = np.array([piece.inserted for piece in plan.pieces])
        found: npt.NDArray[np.bool_] = inserted[self.piece]
        return found

    def render(self, source: Array, first: int, last: int) -> Array:
        """Return samples ``first`` to ``last`` of the new sound."""
        rate = self.sample_rate
        # WORLD's clock starts with the block, so the block starts on a frame; the samples before `first` are dropped.
        begin = int(first / (rate * world.FRAME_S))
        end = min(int(last / (rate * world.FRAME_S)) + 2, len(self.times_s))
        frames = slice(begin, end)
        power = self._power(source, frames)
        bins = np.arange(power.shape[1]) * rate / world.fft_size(rate)
        noise = self._noise(frames, bins)
        f0 = np.where(self.voiced[frames] > 0.5, self.f0_hz[frames], 0.0)
        start = round(begin * world.FRAME_S * rate)
        return world.synthesise(f0, power, noise, rate, last - start)[first - start :]

    def _power(self, source: Array, frames: slice) -> Array:
        """Return the new power envelopes of some frames."""
        rate = self.sample_rate
        position = self.source_s[frames] / world.FRAME_S
        low = max(int(position.min()) - 2, 0)
        high = min(int(position.max()) + 4, len(self.source_f0_hz))
        start, stop = round(low * world.FRAME_S * rate), round(high * world.FRAME_S * rate)
        power = world.envelope(source[start:stop], self.source_f0_hz[low:high], rate)
        logs = np.log(np.maximum(power, 1e-16))
        left = np.clip(np.floor(position).astype(int) - low, 0, len(logs) - 1)
        right = np.minimum(left + 1, len(logs) - 1)
        part = np.clip(position - low - left, 0.0, 1.0)[:, None]
        mixed = (1.0 - part) * logs[left] + part * logs[right]
        bins = np.arange(mixed.shape[1]) * rate / world.fft_size(rate)
        voiced = self.voiced[frames]
        f1, f2 = (voiced * self.cues[name][frames] for name in ("f1_ln", "f2_ln"))
        if np.any(np.abs(f1) > 1e-3) or np.any(np.abs(f2) > 1e-3):
            index = formant_index(bins, f1, f2)
            below = np.minimum(index.astype(int), mixed.shape[1] - 2)
            rows = np.arange(len(mixed))[:, None]
            share = index - below
            mixed = (1.0 - share) * mixed[rows, below] + share * mixed[rows, below + 1]
        return colour(mixed, voiced, bins, self.cues["alpha_db"][frames], self.gain_db[frames])

    def _noise(self, frames: slice, bins: Array) -> Array:
        """Return the new aperiodicity of some frames."""
        table = {kind: world.noise_share(kind, bins) for kind in set(self.kinds)}
        kinds = [self.kinds[piece] for piece in self.piece[frames]]
        noise = breathe(np.stack([table[kind] for kind in kinds]), self.cues["hnr_db"][frames])
        return np.where(self.voiced[frames][:, None] > 0.5, noise, 1.0)


def _pause_gain(plan: TimeMap, times_s: Array) -> Array:
    """Return 0 inside inserted pauses and a fade beside them, 1 elsewhere."""
    gain = np.ones(len(times_s))
    for index, piece in enumerate(plan.pieces):
        if piece.inserted:
            start_s, end_s = plan.borders[index] / plan.sample_rate, plan.borders[index + 1] / plan.sample_rate
            outside = np.maximum(np.maximum(start_s - times_s, times_s - end_s), 0.0)
            gain = np.minimum(gain, np.clip(outside / FADE_S, 0.0, 1.0))
    return gain


def _groups(plan: TimeMap) -> list[tuple[float, float]]:
    """Return (start, end) of the breath groups: stretches between silences, in seconds."""
    found: list[tuple[float, float]] = []
    start_s: float | None = None
    for piece, (begin, end) in zip(plan.pieces, pairwise(plan.borders.tolist()), strict=True):
        silent = piece.symbol == SILENCE and (end - begin) >= GROUP_GAP_S * plan.sample_rate
        if silent and start_s is not None:
            found.append((start_s, begin / plan.sample_rate))
            start_s = None
        elif not silent and start_s is None:
            start_s = begin / plan.sample_rate
    if start_s is not None:
        found.append((start_s, int(plan.borders[-1]) / plan.sample_rate))
    return found


def _accents(plan: TimeMap, deliveries: Sequence[PlacedDelivery]) -> list[Accent]:
    """Return the vowels with primary stress; the last of each breath group weighs 1."""
    groups = _groups(plan)
    found: list[Accent] = []
    for start_s, end_s in groups:
        inside = []
        for index, piece in enumerate(plan.pieces):
            begin_s, stop_s = plan.borders[index] / plan.sample_rate, plan.borders[index + 1] / plan.sample_rate
            if stress_of(piece.symbol) == 1 and start_s <= begin_s < end_s:
                middle = np.array([0.5 * (piece.source_start_s + piece.source_end_s)])
                emphasis = float(_Controls.at(deliveries, middle).emphasis[0])
                inside.append(Accent(float(begin_s), float(stop_s), PRENUCLEAR, emphasis))
        if inside:
            last = inside[-1]
            inside[-1] = Accent(last.start_s, last.end_s, 1.0, last.emphasis)
        found += inside
    return found
