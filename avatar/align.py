"""Forced alignment: when each word and phone of a known text is spoken in a recording.

The aligner is pocketsphinx with its own English model and dictionary (BSD); words that the dictionary lacks
are pronounced by :mod:`tts.g2p`. Alignment runs twice, first over words, then over phones (10 ms frames).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from avatar.audio_motion.features import recording_bands
from avatar.recording import Recording, resample, speech_of
from conditioning import EmotionTrack, InputError, MissingDependency, Segment, Speech, tile
from conditioning.phones import ARPABET_TO_IPA, SILENCE, strip_stress

__all__ = ["Alignment", "align", "align_speech"]

RATE = 16_000
FRAME_S = 0.01
#: Faint noise around the recording; without it the first and the last phone are cut.
PAD_S = 0.25
PAD_LEVEL = 1e-4
MAX_LENGTH_S = 900.0
#: Mean log likelihood per frame and phone below which a text is not what is said. Measured on LJSpeech: right
#: texts from -9 to -23, texts of other recordings from -43 to -63 (or no alignment at all).
WRONG_TEXT_SCORE = -33.0
#: A run of this many words whose own scores are below this does not fit either.
WRONG_WORD_SCORE = -50.0
WRONG_RUN = 3
#: Frames within this of the loud part, decibels, are heard; at most this share of them may lie outside the words. Right
#: texts of LJSpeech: none; half of a text: from .43.
LOUD_DB, MOST_UNSAID = 20.0, 0.35
#: Search beams, tried in turn: pocketsphinx's own (wider word beams make its second pass fail), then wide ones.
BEAMS: tuple[dict[str, float], ...] = ({}, {"beam": 1e-80, "pbeam": 1e-80, "wbeam": 1e-60})
LANGUAGES = ("en", "en-us", "en-gb")
_IPA_TO_ARPABET = {ipa: arpabet for arpabet, ipa in ARPABET_TO_IPA.items()} | {"ə": "AH", "ɚ": "ER"}
_VARIANT = re.compile(r"\(\d+\)$")


@dataclass(frozen=True)
class Alignment:
    """Phones and words that tile the recording, and how well they fit.

    Attributes
    ----------
    phones, words : tuple of Segment
    score : float
        Mean log likelihood per frame of the spoken phones; near -15 for a clean recording.
    """

    phones: tuple[Segment, ...]
    words: tuple[Segment, ...]
    score: float


@dataclass(frozen=True)
class _Piece:
    """A phone as pocketsphinx found it: word number (-1 in silence), ARPABET name, first frame, frames, score."""

    word: int
    name: str
    start: int
    length: int
    score: float


def align_speech(
    recording: Recording, text: str, *, language: str = "en-us", emotion: EmotionTrack | None = None
) -> Speech:
    """Return a recording as speech with the times of its words and phones.

    Parameters
    ----------
    recording : Recording
    text : str
        What is said.
    language : str
        BCP 47 tag; English only.
    emotion : EmotionTrack, optional

    Raises
    ------
    InputError
        If the text is not what is said, has no words, or the language has no model.
    MissingDependency
        If pocketsphinx is not installed.
    """
    found = align(recording, text, language=language)
    return speech_of(recording, emotion=emotion, phones=found.phones, words=found.words, text=text)


def align(recording: Recording, text: str, *, language: str = "en-us") -> Alignment:
    """Find when each word and phone of a text is spoken; see :func:`align_speech`."""
    if language.lower() not in LANGUAGES:
        raise InputError(f"no alignment model for {language!r}; there is English only: leave the text out")
    if recording.duration_s > MAX_LENGTH_S:
        raise InputError(
            f"{recording.duration_s:.0f} s are too long to align at once, the limit is {MAX_LENGTH_S:.0f} s: "
            "cut the recording, or leave the text out"
        )
    written, spoken = _words_of(text)
    pieces = _search(_pcm(recording), spoken)
    _check(pieces, spoken, text)
    _check_cover(pieces, recording, text)
    return _tiled(pieces, recording, written, spoken)


def _words_of(text: str) -> tuple[list[tuple[str, int]], list[str]]:
    """Return written words with how many spoken ones each has, and the spoken words."""
    from tts.normalise import normalise

    written: list[tuple[str, int]] = []
    spoken: list[str] = []
    for token in normalise(text):
        parts = [part for word in token.spoken for part in re.findall(r"[a-z']+", word.lower()) if part.strip("'")]
        if parts:
            written.append((token.source, len(parts)))
            spoken += parts
    if not spoken:
        raise InputError(f"the text {text[:40]!r} has no words to align; give what is said, or leave it out")
    return written, spoken


def _decoder(words: Sequence[str], beams: dict[str, float]) -> Any:
    """Return an aligner that knows every word."""
    try:
        from pocketsphinx import Config, Decoder
    except ImportError as error:
        raise MissingDependency(f"no aligner: {error}; run `pip install 'mien[align]'`") from error
    decoder = Decoder(Config(loglevel="FATAL", lm=None, **beams))
    unknown = sorted({word for word in words if decoder.lookup_word(word) is None})
    if unknown:
        from tts.g2p import pronouncer

        for word, phones in zip(unknown, pronouncer()(unknown), strict=True):
            names = [_IPA_TO_ARPABET.get(strip_stress(phone), "AH") for phone in phones]
            decoder.add_word(word, " ".join(names or ["AH"]), True)
    return decoder


def _pcm(recording: Recording) -> bytes:
    sound = resample(recording.waveform, recording.sample_rate, RATE)
    peak = float(np.abs(sound).max())
    sound = sound * (0.5 / peak) if peak > 1e-6 else sound
    pad = int(PAD_S * RATE)
    padded = np.random.default_rng(0).normal(0.0, PAD_LEVEL, len(sound) + 2 * pad)
    padded[pad : pad + len(sound)] += sound
    return bytes((np.clip(padded, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())


def _search(pcm: bytes, words: Sequence[str]) -> list[_Piece]:
    """Align words, then phones; with a wider beam where the narrow one finds no way through."""
    for beams in BEAMS:
        decoder = _decoder(words, beams)
        try:
            decoder.set_align_text(" ".join(words))
            _listen(decoder, pcm)
            if decoder.hyp() is None:
                continue
            decoder.set_alignment()
            _listen(decoder, pcm)
            return _pieces(decoder.get_alignment())
        except RuntimeError:  # the end of the text was not reached
            continue
    return []


def _listen(decoder: Any, pcm: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()


def _pieces(alignment: Any) -> list[_Piece]:
    pieces: list[_Piece] = []
    number = -1
    for word in alignment:
        silent = _VARIANT.sub("", word.name).startswith(("<", "["))
        number += not silent
        for phone in word:
            name = "SIL" if silent else phone.name
            pieces.append(_Piece(-1 if silent else number, name, phone.start, phone.duration, phone.score))
    return pieces


def _check(pieces: Sequence[_Piece], words: Sequence[str], text: str) -> None:
    """Raise if the text is not what is said."""
    spoken = [piece for piece in pieces if piece.word >= 0]
    advice = "give the transcript of this recording, or leave it out"
    if not spoken or max(piece.word for piece in spoken) + 1 != len(words):
        raise InputError(f"the text {text[:40]!r} does not fit the recording: no alignment was found; {advice}")
    frames = sum(piece.length for piece in spoken)
    score = sum(piece.score for piece in spoken) / max(frames, 1)
    if score < WRONG_TEXT_SCORE:
        raise InputError(
            f"the text {text[:40]!r} does not fit the recording: score {score:.0f}, at least "
            f"{WRONG_TEXT_SCORE:.0f} is expected; {advice}"
        )
    scores = np.zeros(len(words))
    lengths = np.zeros(len(words))
    for piece in spoken:
        scores[piece.word] += piece.score
        lengths[piece.word] += piece.length
    bad = scores / np.maximum(lengths, 1) < WRONG_WORD_SCORE
    for first in range(len(words) - WRONG_RUN + 1):
        if bad[first : first + WRONG_RUN].all():
            start = next(piece.start for piece in spoken if piece.word == first) * FRAME_S - PAD_S
            phrase = " ".join(words[first : first + WRONG_RUN])
            raise InputError(f"the words {phrase!r} do not fit the recording at {max(start, 0):.1f} s; {advice}")


def _check_cover(pieces: Sequence[_Piece], recording: Recording, text: str) -> None:
    """Raise if much of what is heard lies where the text is silent."""
    level_db = recording_bands(recording.waveform, recording.sample_rate)[1]
    loud = level_db > np.percentile(level_db, 95) - LOUD_DB
    unsaid = loud.copy()
    pad = round(PAD_S / FRAME_S)
    for piece in pieces:
        if piece.word >= 0:
            unsaid[max(piece.start - pad, 0) : max(piece.start + piece.length - pad, 0)] = False
    share = float(unsaid.sum() / max(loud.sum(), 1))
    if share > MOST_UNSAID:
        raise InputError(
            f"the text {text[:40]!r} leaves {100 * share:.0f} % of what is heard unsaid, at most "
            f"{100 * MOST_UNSAID:.0f} % may be; give the whole transcript of this recording, or leave it out"
        )


def _tiled(
    pieces: Sequence[_Piece], recording: Recording, written: Sequence[tuple[str, int]], spoken: Sequence[str]
) -> Alignment:
    """Return segments in IPA with stress, that tile the recording."""
    n, rate = len(recording.waveform), recording.sample_rate
    symbols = _symbols(pieces, spoken)
    owner: list[int] = []
    for index, (_, count) in enumerate(written):
        owner += [index] * count
    starts = [round(min(max(piece.start * FRAME_S - PAD_S, 0.0), n / rate) * rate) for piece in pieces]
    starts[0] = 0
    rows: list[tuple[str, int, int]] = []
    for symbol, piece, start in zip(symbols, pieces, starts, strict=True):
        word = owner[piece.word] if piece.word >= 0 else -1
        if rows and rows[-1][0] == SILENCE == symbol:
            continue
        rows.append((symbol, word, start))
    borders = [row[2] for row in rows] + [n]
    phones = tile([row[0] for row in rows], borders, rate)
    first = [i for i, row in enumerate(rows) if i == 0 or row[1] != rows[i - 1][1]]
    names = [written[rows[i][1]][0] if rows[i][1] >= 0 else "" for i in first]
    words = tile(names, [borders[i] for i in first] + [n], rate)
    heard = [piece for piece in pieces if piece.word >= 0]
    score = sum(piece.score for piece in heard) / max(sum(piece.length for piece in heard), 1)
    return Alignment(phones, words, score)


def _symbols(pieces: Sequence[_Piece], words: Sequence[str]) -> list[str]:
    """Return the IPA symbols of pieces, vowels stressed as the pronouncing dictionary stresses the word."""
    from tts.g2p import pronouncer
    from tts.syllables import is_vowel

    patterns = [
        [phone[0] if phone[0] in "ˈˌ" else "" for phone in said if is_vowel(phone)] for said in pronouncer()(words)
    ]
    symbols: list[str] = []
    vowel, current = 0, -1
    for piece in pieces:
        if piece.word != current:
            vowel, current = 0, piece.word
        symbol = ARPABET_TO_IPA.get(piece.name, SILENCE)
        if piece.word >= 0 and is_vowel(symbol):
            pattern = patterns[piece.word]
            mark = pattern[vowel] if vowel < len(pattern) else ""
            vowel += 1
            symbol = mark + symbol if mark else {"ʌ": "ə", "ɝ": "ɚ"}.get(symbol, symbol)
        symbols.append(symbol)
    return symbols
