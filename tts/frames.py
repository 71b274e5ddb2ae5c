"""The plan of every frame of a re-shaped utterance, and its rendering by WORLD block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from conditioning import Speech
from conditioning.line import Delivery
from conditioning.phones import SILENCE, stress_of
from tts import world
from tts.contour import Accent, fill_unvoiced, melody, reference_hz
from tts.emotion_cues import cues_at
from tts.level import energy_db
from tts.phonetics import kind_of
from tts.timbre import breathe, colour, formant_index
from tts.timing import TimeMap

__all__ = ["Controls", "Frames", "PlacedDelivery", "blocks"]

Array = npt.NDArray[np.float64]

#: Sound is processed in blocks of about this length, cut in pauses where there are any.
BLOCK_S = 8.0
#: The middle of a silence longer than this is not processed at all.
LONG_SILENCE_S, SILENCE_EDGE_S = 1.0, 0.1
#: Silences from this length on separate breath groups.
GROUP_GAP_S = 0.07
#: Accents before the last one of a breath group.
PRENUCLEAR = 0.6
EMPHASIS_DB = 3.0
#: Sound fades out and in over this much beside an inserted pause.
FADE_S = 0.03
#: How far each kind of phone follows the effort of the voice (spectral tilt, formants): with all of it in the
#: consonants, nasals sound like vowels and fricatives hiss, and a recogniser errs twice as often.
EFFORT = {"vowel": 1.0, "sonorant": 0.4, "voiced_fricative": 0.25, "stop": 0.2, "affricate": 0.2, "fricative": 0.2,
          "silence": 0.0}  # fmt: skip
EFFORT_GLIDE_FRAMES = 9
#: What else changes Praat's HNR, in dB: a semitone of F0, a percent of jitter, a stretch by a factor of e, and
#: WORLD's noise table against the synthesisers' own sound. Noise makes up for them.
HNR_PER_ST, HNR_PER_JITTER, HNR_PER_STRETCH, HNR_OF_WORLD = -0.22, -1.0, 3.0, 1.4


@dataclass(frozen=True)
class PlacedDelivery:
    """A delivery on the source's clock."""

    start_s: float
    end_s: float
    delivery: Delivery


@dataclass(frozen=True)
class Controls:
    """What the deliveries ask for, one value per moment."""

    rate: Array
    pitch_st: Array
    range_scale: Array
    gain_db: Array
    emphasis: Array

    @classmethod
    def at(cls, deliveries: Sequence[PlacedDelivery], times_s: Array) -> Controls:
        """Return the deliveries at (T,) times on the source's clock."""
        plain = Delivery()
        names = ("rate", "pitch_st", "range_scale", "gain_db", "emphasis")
        columns = {name: np.full(len(times_s), getattr(plain, name), dtype=np.float64) for name in names}
        for placed in deliveries:
            inside = (times_s >= placed.start_s) & (times_s < placed.end_s)
            for name in names:
                columns[name][inside] = getattr(placed.delivery, name)
        return cls(**columns)


def blocks(plan: TimeMap) -> Iterator[tuple[int, int, bool]]:
    """Yield (first, last, audible): samples to process together.

    Cuts lie in the middle of silences; at a phone's border where there is none for long.
    """
    first, cut = 0, 0
    long, edge = (int(length_s * plan.sample_rate) for length_s in (LONG_SILENCE_S, SILENCE_EDGE_S))
    wanted = int(BLOCK_S * plan.sample_rate)
    for piece, (start, end) in zip(plan.pieces, pairwise(plan.borders.tolist()), strict=True):
        if piece.symbol == SILENCE and end - start > long:
            yield first, start + edge, True
            yield start + edge, end - edge, False
            first = cut = end - edge
            continue
        if piece.symbol == SILENCE:
            cut = (start + end) // 2
        if end - first > wanted and cut > first:
            yield first, cut, True
            first = cut
        elif end - first > 3 * wanted:
            yield first, end, True
            first = end
    if first < plan.borders[-1]:
        yield first, int(plan.borders[-1]), True


class Frames:
    """What each frame of the new sound is to be.

    Parameters
    ----------
    speech : Speech
        The neutral source.
    plan : TimeMap
    f0_hz : (T,) float64
        Of the source, see :func:`tts.pitch.track_pitch`.
    deliveries : sequence of PlacedDelivery
    rng : Generator
        For jitter and tremor.

    Attributes
    ----------
    f0_hz : (T,) float64
        New F0, also where unvoiced.
    voiced : (T,) float64
        1 or 0.
    """

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
        self.bins_hz = np.arange(world.fft_size(self.sample_rate) // 2 + 1) * (
            self.sample_rate / world.fft_size(self.sample_rate)
        )
        self.times_s = np.arange(int(plan.borders[-1] / (self.sample_rate * world.FRAME_S)) + 2) * world.FRAME_S
        self.source_s = plan.to_source(self.times_s)
        self.cues = cues_at(speech.emotion.weights_at(self.source_s))
        controls = Controls.at(deliveries, self.source_s)
        at = np.searchsorted(plan.borders, self.times_s * self.sample_rate, side="right") - 1
        self.piece = np.clip(at, 0, len(plan.pieces) - 1)
        self.kinds = [kind_of(piece.symbol) for piece in plan.pieces]
        self.effort = _smooth(np.array([EFFORT[kind] for kind in self.kinds])[self.piece])
        self.gain_db = self.cues["loudness_db"] + controls.gain_db + EMPHASIS_DB * controls.emphasis
        self.gain_db += 20.0 * np.log10(np.maximum(_pause_gain(plan, self.times_s), 1e-6))
        nearest = np.clip(np.round(self.source_s / world.FRAME_S).astype(int), 0, len(f0_hz) - 1)
        inserted = np.array([piece.inserted for piece in plan.pieces])[self.piece]
        self.voiced = ((f0_hz[nearest] > 0.0) & ~inserted).astype(np.float64)
        contour = np.interp(self.source_s, np.arange(len(f0_hz)) * world.FRAME_S, fill_unvoiced(f0_hz))
        groups = _groups(plan)
        self.f0_hz = melody(
            contour, reference_hz(f0_hz), self.times_s, groups, _accents(plan, groups, deliveries), self.cues,
            controls.pitch_st, controls.range_scale, rng,
        )  # fmt: skip

    def render(self, source: Array, first: int, last: int) -> Array:
        """Return samples ``first`` to ``last`` of the new sound."""
        rate = self.sample_rate
        # WORLD's clock starts with the block, so the block starts on a frame; the samples before `first` are dropped.
        begin = int(first / (rate * world.FRAME_S))
        end = min(int(last / (rate * world.FRAME_S)) + 2, len(self.times_s))
        frames = slice(begin, end)
        voiced = self.voiced[frames]
        before = self._source_log_power(source, frames)
        shifted = self._shift_formants(before, frames)
        tilt_db = self.cues["alpha_db"][frames] * self.effort[frames]
        power = colour(shifted, self.bins_hz, tilt_db, self.gain_db[frames])
        table = {kind: world.noise_share(kind, self.bins_hz) for kind in set(self.kinds)}
        noise = np.stack([table[self.kinds[piece]] for piece in self.piece[frames]])
        noise = breathe(noise, np.exp(before), power, self._hnr_db(frames))
        noise = np.where(voiced[:, None] > 0.5, noise, 1.0)
        f0 = np.where(voiced > 0.5, self.f0_hz[frames], 0.0)
        start = round(begin * world.FRAME_S * rate)
        return world.synthesise(f0, power, noise, rate, last - start)[first - start :]

    def _hnr_db(self, frames: slice) -> Array:
        """Return the change of HNR that the noise has to make."""
        cues = {name: values[frames] for name, values in self.cues.items()}
        by_itself = HNR_OF_WORLD + HNR_PER_ST * np.maximum(cues["f0_level_st"], 0.0)
        by_itself = by_itself + HNR_PER_JITTER * np.maximum(cues["jitter_pct"], 0.0)
        by_itself = by_itself + HNR_PER_STRETCH * 0.5 * (cues["vowel_ln"] + cues["consonant_ln"])
        return cues["hnr_db"] - by_itself

    def level(self, source: Array, waveform: Array) -> float:
        """Return the factor that gives a rendered sound the power that the source has after its gains."""
        wanted_db = np.interp(self.source_s, np.arange(len(self.source_f0_hz)) * world.FRAME_S, _levels(source, self))
        made_db = energy_db(waveform, self.sample_rate).astype(np.float64)
        count = min(len(wanted_db), len(made_db))
        wanted = np.sum(10.0 ** ((wanted_db[:count] + self.gain_db[:count]) / 10.0))
        made = np.sum(10.0 ** (made_db[:count] / 10.0))
        return float(np.sqrt(wanted / made)) if made > 0.0 else 1.0

    def _source_log_power(self, source: Array, frames: slice) -> Array:
        """Return the neutral log envelopes at the source times of some new frames."""
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
        mixed: Array = (1.0 - part) * logs[left] + part * logs[right]
        return mixed

    def _shift_formants(self, log_power: Array, frames: slice) -> Array:
        f1, f2 = (self.voiced[frames] * self.effort[frames] * self.cues[name][frames] for name in ("f1_ln", "f2_ln"))
        if np.abs(f1).max() < 1e-3 and np.abs(f2).max() < 1e-3:
            return log_power
        index = formant_index(self.bins_hz, f1, f2)
        below = np.minimum(index.astype(int), log_power.shape[1] - 2)
        rows = np.arange(len(log_power))[:, None]
        part = index - below
        shifted: Array = (1.0 - part) * log_power[rows, below] + part * log_power[rows, below + 1]
        return shifted


def _smooth(values: Array) -> Array:
    """Return the running mean over :data:`EFFORT_GLIDE_FRAMES`."""
    half = EFFORT_GLIDE_FRAMES // 2
    padded = np.pad(values, half, mode="edge")
    return np.convolve(padded, np.ones(EFFORT_GLIDE_FRAMES) / EFFORT_GLIDE_FRAMES, mode="valid")


def _levels(source: Array, frames: Frames) -> Array:
    levels = energy_db(source, frames.sample_rate).astype(np.float64)
    return np.resize(levels, len(frames.source_f0_hz))


def _pause_gain(plan: TimeMap, times_s: Array) -> Array:
    """Return 0 inside inserted pauses and a fade beside them, 1 elsewhere."""
    gain = np.ones(len(times_s))
    for index, piece in enumerate(plan.pieces):
        if piece.inserted:
            start_s, end_s = plan.borders[index] / plan.sample_rate, plan.borders[index + 1] / plan.sample_rate
            near = slice(*np.searchsorted(times_s, [start_s - FADE_S, end_s + FADE_S]))
            outside = np.maximum(np.maximum(start_s - times_s[near], times_s[near] - end_s), 0.0)
            gain[near] = np.minimum(gain[near], np.clip(outside / FADE_S, 0.0, 1.0))
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


def _accents(
    plan: TimeMap, groups: Sequence[tuple[float, float]], deliveries: Sequence[PlacedDelivery]
) -> list[Accent]:
    """Return the vowels with primary stress; the last of each breath group weighs 1."""
    stressed = [index for index, piece in enumerate(plan.pieces) if stress_of(piece.symbol) == 1]
    if not stressed:
        return []
    starts_s = plan.borders[stressed] / plan.sample_rate
    ends_s = plan.borders[np.array(stressed) + 1] / plan.sample_rate
    pieces = [plan.pieces[index] for index in stressed]
    middles = np.array([0.5 * (piece.source_start_s + piece.source_end_s) for piece in pieces])
    emphasis = Controls.at(deliveries, middles).emphasis
    group = np.searchsorted([start_s for start_s, _ in groups], starts_s, side="right")
    last = np.append(group[1:] != group[:-1], True)
    weights = np.where(last, 1.0, PRENUCLEAR)
    return [
        Accent(float(start_s), float(end_s), float(weight), float(strength))
        for start_s, end_s, weight, strength in zip(starts_s, ends_s, weights, emphasis, strict=True)
    ]
