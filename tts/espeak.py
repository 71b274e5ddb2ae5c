"""The ``formant`` voice: espeak-ng's synthesis, re-shaped by WORLD along the emotion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from conditioning import NEUTRAL, BackendError, EmotionTrack, InputError, Line, Speech, tile
from conditioning.phones import SILENCE
from conditioning.registry import nearest
from tts.espeak_library import language_files, synthesise, to_phones
from tts.espeak_phones import Piece, to_segments, word_segments
from tts.espeak_text import SpokenText, is_english, to_spoken
from tts.pitch import fast_length
from tts.reshape import PlacedDelivery, reshape
from tts.scripts import LANGUAGES
from tts.voice import VoiceInfo

__all__ = ["SPEAKERS", "FormantVoice"]

SAMPLE_RATE = 22_050
#: Silence before the first and after the last phone, so that a face can open and close its mouth.
LEAD_S, TAIL_S = 0.10, 0.25
#: espeak-ng pauses before some words, such as "and", although no punctuation is written; so much of it is kept,
#: as the end of the phone before it.
GAP_S = 0.02
RATE_WPM = 160

#: Speaker → lines of a voice file (espeak-ng, docs/voices.md). Klatt's synthesiser with its third glottal source
#: is understood best: a recogniser errs on 21 % of the words, against 49 % with espeak-ng's own synthesis.
SPEAKERS: dict[str, str] = {
    "woman": """
klatt 3
pitch 138 214
formant 1 110 100 100
formant 2 110 100 100
formant 3 110 100 100
formant 4 112 100 100
formant 5 112 100 100
formant 6 110 100 100
consonants 150 150
""",
    "man": """
klatt 3
pitch 82 134
""",
}


class FormantVoice:
    """Formant synthesis with emotion: small, instant, in every language of espeak-ng.

    Parameters
    ----------
    speaker : str or None
        One of ``info.speakers``; ``None`` takes the line's speaker if it is one of them, else the first.
    rate_wpm : int
        Words a minute of neutral speech.
    """

    info: ClassVar[VoiceInfo] = VoiceInfo(
        name="formant",
        summary="formant synthesis re-shaped by emotion; instant, no weights, many languages",
        sample_rate=SAMPLE_RATE,
        languages=LANGUAGES,
        licence="GPL-3.0-or-later (espeak-ng, loaded as a library)",
        speakers=tuple(SPEAKERS),
        requires={"espeakng_loader": "pip install espeakng-loader", "pyworld": "pip install pyworld 'setuptools<81'"},
    )

    def __init__(self, *, speaker: str | None = None, rate_wpm: int = RATE_WPM) -> None:
        if speaker is not None and speaker not in SPEAKERS:
            names = list(SPEAKERS)
            raise BackendError(
                f"voice 'formant' has no speaker {speaker!r}; it has {', '.join(names)}{nearest(speaker, names)}"
            )
        if not 80 <= rate_wpm <= 450:
            raise BackendError(f"rate_wpm={rate_wpm} is not allowed; it runs from 80 to 450 words a minute")
        self.speaker = speaker
        self.rate_wpm = rate_wpm

    def speak(self, line: Line, *, seed: int = 0) -> Speech:
        """Return the sound of ``line``; see :class:`tts.voice.Voice`."""
        speaker = self.speaker or (line.speaker if line.speaker in SPEAKERS else next(iter(SPEAKERS)))
        definition = _definition(line.language, speaker)
        spoken = to_spoken(line)
        raw = synthesise(spoken.text, definition, rate_wpm=self.rate_wpm)

        def pronounce(index: int) -> str:
            word = spoken.words[index]
            return _pronunciations(definition, (word,))[word]

        pieces, count = to_segments(raw, spoken.places, english=is_english(line.language), pronounce=pronounce)
        neutral = _framed(raw.waveform / 32768.0, pieces, count, spoken, raw.sample_rate)
        return _with_feeling(line, spoken, neutral, seed)


@lru_cache(maxsize=64)
def _definition(language: str, speaker: str) -> str:
    """Return the voice file of a language and a speaker."""
    files = language_files()
    tag = language.lower().replace("_", "-")
    path = files.get(tag) or files.get(tag.split("-")[0])
    if path is None:
        raise InputError(f"language {language!r} cannot be spoken by 'formant'{nearest(tag, sorted(files))}")
    return path.read_text(encoding="utf-8") + SPEAKERS[speaker]


@lru_cache(maxsize=4096)
def _pronunciations(definition: str, words: tuple[str, ...]) -> dict[str, str]:
    return to_phones(words, definition)


def _framed(
    waveform: npt.NDArray[np.float64], pieces: Sequence[Piece], count: int, spoken: SpokenText, sample_rate: int
) -> Speech:
    """Return the neutral speech with silence around it, and without espeak-ng's pauses that no punctuation asks for."""
    lead, tail, gap = (int(length_s * sample_rate) for length_s in (LEAD_S, TAIL_S, GAP_S))
    moved = [Piece(SILENCE, 0, -1)]
    parts: list[npt.NDArray[np.float64]] = [np.zeros(lead)]
    at = lead
    for index, piece in enumerate(pieces):
        stop = pieces[index + 1].start if index + 1 < len(pieces) else count
        marked = False
        if piece.symbol == SILENCE:
            if index in (0, len(pieces) - 1):
                continue
            token, following = (_token_of(spoken, pieces[index + step].word) for step in (-1, 1))
            marked = token != following and bool(spoken.tokens[token].mark)
            stop = stop if marked else min(stop, piece.start + gap)
        if piece.symbol != SILENCE or marked:
            moved.append(Piece(piece.symbol, at, piece.word))
        parts.append(waveform[piece.start : stop])
        at += stop - piece.start
    moved.append(Piece(SILENCE, at, -1))
    sound = _without_rumble(np.concatenate([*parts, np.zeros(tail)]), sample_rate)
    written = [token.source for token in spoken.tokens]
    phones = tile([piece.symbol for piece in moved], [*(piece.start for piece in moved), len(sound)], sample_rate)
    words = word_segments(moved, len(sound), spoken.token_of_word, written, sample_rate)
    return Speech(sound, sample_rate, phones, words, text=" ".join(written))


def _token_of(spoken: SpokenText, word: int) -> int:
    return spoken.token_of_word[word]


def _without_rumble(waveform: npt.NDArray[np.float64], sample_rate: int) -> npt.NDArray[np.float32]:
    """Remove what lies below every voice; Klatt's synthesis leaves steps of the mean."""
    size = fast_length(len(waveform))
    spectrum = np.fft.rfft(waveform, size) * np.clip((np.fft.rfftfreq(size, 1.0 / sample_rate) - 25.0) / 30.0, 0.0, 1.0)
    return np.fft.irfft(spectrum, size)[: len(waveform)].astype(np.float32)


def _with_feeling(line: Line, spoken: SpokenText, neutral: Speech, seed: int) -> Speech:
    """Place the spans' emotions, deliveries and pauses on the neutral speech and re-shape it."""
    borders = _span_borders(line, spoken, neutral)
    track = _track(line, borders)
    deliveries = [
        PlacedDelivery(start_s, end_s, span.delivery)
        for span, (start_s, end_s) in zip(line.spans, borders, strict=True)
    ]
    pauses = [
        (end_s, span.pause_after_s) for span, (_, end_s) in zip(line.spans, borders, strict=True) if span.pause_after_s
    ]
    felt = Speech(neutral.waveform, neutral.sample_rate, neutral.phones, neutral.words, track, text=line.text)
    shaped = reshape(felt, deliveries=deliveries, pauses=pauses, seed=seed)
    # A glide that was stretched by a long pause would take as long as the pause.
    moved = _span_borders(line, spoken, shaped)
    return replace(shaped, emotion=_track(line, moved))


def _track(line: Line, borders: Sequence[tuple[float, float]]) -> EmotionTrack:
    return EmotionTrack.from_spans(
        (start_s, end_s, span.emotion or NEUTRAL) for span, (start_s, end_s) in zip(line.spans, borders, strict=True)
    )


def _span_borders(line: Line, spoken: SpokenText, neutral: Speech) -> list[tuple[float, float]]:
    """Return (start, end) in seconds of each span."""
    tokens = iter(zip(spoken.span_of_token, spoken.tokens, strict=True))
    firsts: dict[int, float] = {}
    lasts: dict[int, float] = {}
    voiced = [word for word in neutral.words if word.symbol]
    audible = [(number, token) for number, token in tokens if token.spoken]
    for (number, _), word in zip(audible, voiced, strict=False):
        firsts.setdefault(number, word.start_s)
        lasts[number] = word.end_s
    borders = []
    at_s = 0.0
    for number in range(len(line.spans)):
        start_s = firsts.get(number, at_s) if number else 0.0
        at_s = lasts.get(number, at_s)
        borders.append((start_s, at_s))
    if borders:
        borders[-1] = (borders[-1][0], neutral.duration_s)
    return [(start_s, max(end_s, start_s)) for start_s, end_s in borders]
