"""Times of a line: how long every phone lasts under its emotion and delivery, in frames of 5 ms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from conditioning import EMOTION_NAMES, NEUTRAL, Emotion, Line, Segment, tile
from conditioning.line import Delivery
from tts.acoustics import PAUSE_S
from tts.daisy.frontend import Sentence
from tts.daisy.guided import Encoded, encode_styled
from tts.daisy.inputs import PhoneSequence, encode
from tts.daisy.model import VoiceModel
from tts.daisy.style import N_STYLE, values_of
from tts.daisy.vocoder import HOP_LENGTH, SAMPLE_RATE
from tts.emotion_cues import cues_at
from tts.timing import find_pauses, stretch_factors

__all__ = ["Manner", "PlannedSentence", "emotion_of_words", "plan_sentence", "word_borders"]

Array = npt.NDArray[np.float64]

MIN_FRAMES = 3
#: A silence that is heard as a pause stays a little longer than that under any emotion.
HEARD_PAUSE_FRAMES = round(PAUSE_S * SAMPLE_RATE / HOP_LENGTH)
#: Of the neutral voice, % of the period: sustained vowels of healthy voices have .3 to 1 (R. Baken and R. Orlikoff,
#: *Clinical Measurement of Speech and Voice*, 2000; Praat's manual calls more than 1.04 a sign of disease).
NEUTRAL_JITTER_PCT = 0.4
#: Axes of u that no network follows, and the least that they may be: extra pauses are words' borders, and irregularity
#: is drawn at random.
OUTSIDE: Mapping[str, float] = {"pause_share": 0.0, "jitter_pct": -NEUTRAL_JITTER_PCT, "tremor_st": 0.0}
#: How breathy an emotion at full weight is (:func:`tts.daisy.vocoder.synthesise`). Surprise by I. Murray and J. Arnott,
#: JASA 93 (1993); sadness and disgust, whose calm melody alone would make the voice clearer, since people's harmonicity
#: hardly rises in them (EmoDB: +.2 dB [-2.7, 1.3] and -.1 dB [-2.3, .7]).
BREATH: Mapping[str, float] = {"sadness": 1.0, "surprise": 0.4, "disgust": 0.8}
#: Neither an emotion nor a rate makes a silence longer than this; pauses of the markup are added behind sentences.
MAX_SILENCE_FRAMES = 240


@dataclass(frozen=True, eq=False)
class PlannedSentence:
    """A sentence with its times.

    Attributes
    ----------
    sentence : Sentence
        With the pauses of its emotion.
    sequence : PhoneSequence
    encoded : Encoded
        What the network says about the phones, under their style.
    ends : (n,) int64
        Frame at which each phone ends.
    spans : (n,) int64
        Span that each phone belongs to.
    emphasis : (n,) float64
        Of each phone's word.
    """

    sentence: Sentence
    sequence: PhoneSequence
    encoded: Encoded
    ends: npt.NDArray[np.int64]
    spans: npt.NDArray[np.int64]
    emphasis: Array

    @property
    def n_samples(self) -> int:
        """Length of the spoken part, without ``pause_after_s``."""
        return int(self.ends[-1]) * HOP_LENGTH


def emotion_of_words(line: Line, spans: Sequence[int]) -> Array:
    """Return the (n, 8) weights of spans; ``None`` is neutral."""
    emotions: list[Emotion] = [line.spans[k].emotion or NEUTRAL for k in spans]
    return np.stack([emotion.weights for emotion in emotions])


@dataclass(frozen=True, eq=False)
class Manner:
    """How a line is to be spoken, beside what stands in it.

    Attributes
    ----------
    guidance : float
        Factor on what a style changes.
    reference : (S,) float64 or None
        u of a recording, instead of the emotions'.
    """

    guidance: float = 1.0
    reference: Array | None = None

    def style(self, model: VoiceModel, weights: Array) -> npt.NDArray[np.float32]:
        """Return u of (..., 8) weights; in version 1, which has no u, an array without columns."""
        if model.style is None:
            return np.zeros((*weights.shape[:-1], 0), np.float32)
        if self.reference is not None:
            return np.broadcast_to(self.reference, (*weights.shape[:-1], N_STYLE)).astype(np.float32)
        return model.style.at(weights).astype(np.float32)

    def cues(self, model: VoiceModel, weights: Array) -> dict[str, Array]:
        """Return the cues that no network makes: all of version 1's, pauses and irregularities of version 2's."""
        if model.style is None:
            return {name: self.guidance * value for name, value in cues_at(weights).items()}
        values = values_of(self.guidance * self.style(model, weights).astype(np.float64))
        return {
            name: np.maximum(values[name], OUTSIDE[name]) if name in OUTSIDE else np.zeros(weights.shape[:-1])
            for name in cues_at(np.zeros(8))
        }

    def breath(self, weights: Array) -> Array:
        """Return how breathy the voice is under (..., 8) weights."""
        share = np.array([BREATH.get(name, 0.0) for name in EMOTION_NAMES])
        found: Array = self._share() * (weights @ share)
        return found

    def alpha_db(self, model: VoiceModel, speaker: int, weights: Array) -> Array:
        """Return what is added to a speaker's alpha ratio under (..., 8) weights, dB."""
        found: Array = self._share() * (weights @ model.speakers[speaker].alpha_db.astype(np.float64))
        return found

    def _share(self) -> float:
        """Return the factor on what no axis of u carries: a recording has its own breath and tilt in its timbre."""
        return 0.0 if self.reference is not None else self.guidance


def plan_sentence(model: VoiceModel, speaker: int, line: Line, sentence: Sentence, manner: Manner) -> PlannedSentence:
    """Decide on pauses and durations.

    Parameters
    ----------
    model : VoiceModel
    speaker : int
        Row of the model's speaker tables.
    line : Line
        For the emotions and deliveries of its spans.
    sentence : Sentence
    manner : Manner
    """
    first = _timed(model, speaker, line, sentence, manner, {})
    share = manner.cues(model, emotion_of_words(line, first.spans.tolist()))["pause_share"]
    if not (share > 0.0).any():
        return first
    phones, words = _segments(first)
    lengths = np.array([phone.duration_s for phone in phones])
    extra = find_pauses(phones, words, lengths, np.minimum(share, 0.6))
    if not extra:
        return first
    before = {int(first.sequence.words[index]): length_s for index, length_s in extra.items()}
    spoken = [
        replace(word, pause=word.pause or ("," if k + 1 in before else "")) for k, word in enumerate(sentence.words)
    ]
    return _timed(model, speaker, line, replace(sentence, words=tuple(spoken)), manner, before)


def _timed(
    model: VoiceModel, speaker: int, line: Line, sentence: Sentence, manner: Manner, pauses_s: dict[int, float]
) -> PlannedSentence:
    """Encode the words and stretch their durations; ``pauses_s`` are silences before a word, in seconds."""
    sequence = encode(sentence.words)
    word = _nearest_word(sequence.words)
    spans = np.array(sentence.spans)[word]
    weights = emotion_of_words(line, spans.tolist())
    encoded = encode_styled(model, sequence.ids, sequence.features, manner.style(model, weights), manner.guidance)
    felt = model.frames_of(encoded.durations(model, speaker), speaker)
    emphasis = np.array(sentence.emphasis)[word] + np.array([line.spans[k].delivery.emphasis for k in spans])
    emphasis = np.where(sequence.words >= 0, np.clip(emphasis, -1.0, 1.0), 0.0)
    deliveries: list[Delivery] = [line.spans[k].delivery for k in spans]
    rate = np.array([delivery.rate for delivery in deliveries])
    cues = manner.cues(model, weights)
    borders = np.concatenate([[0], np.cumsum(np.maximum(np.round(felt), 1)).astype(np.int64) * HOP_LENGTH])
    phones = tile(sequence.symbols, borders.tolist(), SAMPLE_RATE)
    frames = felt * stretch_factors(phones, cues, rate, emphasis)
    silent = sequence.words < 0
    for k, length_s in pauses_s.items():
        place = int(np.flatnonzero(sequence.words == k)[0]) - 1
        if place >= 0 and silent[place]:
            frames[place] = max(frames[place], length_s * SAMPLE_RATE / HOP_LENGTH)
    frames = np.where(silent, np.minimum(frames, MAX_SILENCE_FRAMES), frames)
    short = silent & (frames < HEARD_PAUSE_FRAMES + 1)
    if weights.any() and short.any():
        heard = short & (np.round(_unmoved(model, speaker, sequence) / rate) >= HEARD_PAUSE_FRAMES)
        frames = np.where(heard, HEARD_PAUSE_FRAMES + 1, frames)
    ends = np.round(np.cumsum(np.maximum(frames, MIN_FRAMES))).astype(np.int64)
    return PlannedSentence(sentence, sequence, encoded, ends, spans, emphasis)


def _unmoved(model: VoiceModel, speaker: int, sequence: PhoneSequence) -> Array:
    """Return the frames of each phone without any emotion."""
    still = np.zeros((len(sequence.ids), N_STYLE if model.style is not None else 0), np.float32)
    encoded = encode_styled(model, sequence.ids, sequence.features, still, 1.0)
    return model.frames_of(encoded.durations(model, speaker), speaker)


def _nearest_word(words: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return a word for every phone: a silence belongs to the word before it, the first one to the first word."""
    found = np.maximum.accumulate(words)
    return np.maximum(found, 0)


def _segments(plan: PlannedSentence) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """Return phones and words of a sentence on its own clock."""
    borders = [0, *(plan.ends * HOP_LENGTH).tolist()]
    phones = tile(plan.sequence.symbols, borders, SAMPLE_RATE)
    symbols, edges = word_borders(plan)
    return phones, tile(symbols, edges, SAMPLE_RATE)


def word_borders(plan: PlannedSentence) -> tuple[list[str], list[int]]:
    """Return words as written, ``""`` for silence, and their borders in samples."""
    symbols: list[str] = []
    edges = [0]
    owners = [plan.sentence.written[k] if k >= 0 else (-1, "") for k in plan.sequence.words]
    for i, owner in enumerate(owners):
        if i + 1 == len(owners) or owners[i + 1] != owner:
            symbols.append(owner[1])
            edges.append(int(plan.ends[i]) * HOP_LENGTH)
    return symbols, edges
