"""A line as written → sentences of spoken words: normalised, pronounced, phrased, accented."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

import checkpoints
from conditioning import Line
from conditioning.phones import SILENCE
from tts.daisy.inputs import SpokenWord
from tts.emphasis import marked_ranges
from tts.function_words import FUNCTION_WORDS
from tts.g2p import CHECKPOINT, VERSION, Pronouncer, is_initials, pronouncer
from tts.normalise import Token, normalise
from tts.phrasing import accent_features, place_breaks
from tts.syllables import is_vowel

__all__ = ["MAX_SENTENCE_WORDS", "Sentence", "sentences"]

#: Longer sentences are parted at a comma, or failing that at a predicted pause.
MAX_SENTENCE_WORDS = 36
#: A pause asked for in the markup ends the sentence from this length on.
LONG_PAUSE_S = 0.25
#: Emphasis of a word in capitals or between marks of italics, and of the last accented word before an exclamation
#: mark. Of several words between marks the function words are not meant: "*out of the house*".
WRITTEN_EMPHASIS, EXCLAMATION_EMPHASIS = 0.7, 0.3

_MARKS = {",": ",", ";": ",", ":": ",", ".": ".", "?": "?", "!": "!"}


@dataclass(frozen=True)
class Sentence:
    """What is synthesised in one piece.

    Attributes
    ----------
    words : tuple of SpokenWord
    spans : tuple of int
        Number of the line's span that each word comes from.
    emphasis : tuple of float
        Of each word, from its spelling alone.
    written : tuple of (int, str)
        Number and text of the written word that each spoken word belongs to: "1986" is said in three words.
    pause_after_s : float
        Silence that the markup asks for behind it.
    """

    words: tuple[SpokenWord, ...]
    spans: tuple[int, ...]
    emphasis: tuple[float, ...]
    written: tuple[tuple[int, str], ...]
    pause_after_s: float = 0.0


@dataclass(frozen=True)
class _Token:
    text: str
    span: int
    number: int
    source: str
    mark: str = ""
    phones: tuple[str, ...] | None = None
    pause_s: float = 0.0
    marked: bool = False


def sentences(line: Line) -> list[Sentence]:
    """Return the sentences of a line, none of them empty."""
    say = pronouncer()
    parts: list[list[_Token]] = [[]]
    for token in _tokens(line):
        parts[-1].append(token)
        if token.mark in (".", "?", "!") or token.pause_s >= LONG_PAUSE_S:
            parts.append([])
    found = []
    for part in parts:
        if part:
            found += _split_long(_sentence(part, say))
    return found


def _tokens(line: Line) -> list[_Token]:
    """Return the words of all spans with the mark behind each."""
    tokens: list[_Token] = []
    number = 0
    for index, span in enumerate(line.spans):
        if span.phones:
            known = tuple(phone for phone in span.phones if phone != SILENCE)
            tokens.append(_Token(span.text.strip(), index, number, span.text.strip(), phones=known))
            number += 1
        else:
            ranges = marked_ranges(span.text)
            for token in normalise(span.text):
                marked = _is_marked(token, ranges)
                mark = _MARKS.get(token.mark, "")
                for k, word in enumerate(token.spoken):
                    text = token.source if len(token.spoken) == 1 and word == token.source.lower() else word
                    last = k == len(token.spoken) - 1
                    tokens.append(_Token(text, index, number, token.source, mark if last else "", marked=marked))
                number += 1
        if tokens and span.pause_after_s:
            end = tokens[-1]
            tokens[-1] = replace(end, mark=end.mark or ",", pause_s=end.pause_s + span.pause_after_s)
    return tokens


def _sentence(tokens: Sequence[_Token], say: Pronouncer) -> Sentence:
    """Pronounce, phrase and accent one sentence."""
    texts = [token.text for token in tokens]
    phones = [token.phones or found for token, found in zip(tokens, say(texts), strict=True)]
    kept = [i for i, sounds in enumerate(phones) if sounds]
    lower = [texts[i].lower().replace("’", "'") for i in kept]
    model = _phrasing()
    pauses = place_breaks(lower, [tokens[i].mark for i in kept], model.breaks)
    for j, (left, right) in enumerate(itertools.pairwise(kept)):
        if tokens[left].number == tokens[right].number:
            pauses[j] = ""  # never inside a written word
    words = [
        SpokenWord(texts[i], phones[i], pause=pause, function=word in FUNCTION_WORDS)
        for i, word, pause in zip(kept, lower, pauses, strict=True)
    ]
    words = _accented(words, model)
    if words and not words[-1].pause:
        words[-1] = replace(words[-1], pause=".")
    sources = [token.source for token in tokens]
    emphasis = [WRITTEN_EMPHASIS * (tokens[i].marked or _shouted(tokens[i], sources)) for i in kept]
    words = [replace(word, accent=word.accent or strength > 0) for word, strength in zip(words, emphasis, strict=True)]
    accented = [i for i, word in enumerate(words) if word.accent]
    if words and words[-1].pause == "!" and accented:
        emphasis[accented[-1]] = max(emphasis[accented[-1]], EXCLAMATION_EMPHASIS)
    spans = tuple(tokens[i].span for i in kept)
    written = tuple((tokens[i].number, tokens[i].source) for i in kept)
    return Sentence(tuple(words), spans, tuple(emphasis), written, sum(token.pause_s for token in tokens))


def _is_marked(token: Token, ranges: Sequence[tuple[int, int]]) -> bool:
    """Tell whether a written word is what italics point at."""
    for start, end in ranges:
        if start <= token.start and token.end <= end:
            alone = token.start == start and token.end == end
            return alone or token.source.lower() not in FUNCTION_WORDS
    return False


def _shouted(token: _Token, sources: Sequence[str]) -> bool:
    """Tell whether a word that is not an abbreviation is in capitals while the sentence is not."""
    word = token.source
    spoken_whole = token.text == word and len(word) > 1 and not is_initials(word)
    return spoken_whole and word.isupper() and not all(other.isupper() for other in sources)


@dataclass(frozen=True)
class _Phrasing:
    accent: np.ndarray  # type: ignore[type-arg]
    breaks: np.ndarray  # type: ignore[type-arg]
    table: dict[str, float]


@lru_cache(maxsize=1)
def _phrasing() -> _Phrasing:
    stored = checkpoints.load(CHECKPOINT, version=VERSION)
    rows = bytes(np.asarray(stored.tensors["accent_table"])).decode("utf-8").split("\n")
    table = {word: float(odds) for word, odds in (row.split("\t") for row in rows)}
    return _Phrasing(
        stored.tensors["accent_weights"].astype(np.float64), stored.tensors["break_weights"].astype(np.float64), table
    )


def _accented(words: Sequence[SpokenWord], model: _Phrasing) -> list[SpokenWord]:
    """Give accents phrase by phrase; a phrase without any gets one on its last content word."""
    done: list[SpokenWord] = []
    phrase: list[SpokenWord] = []
    for i, word in enumerate(words):
        phrase.append(word)
        if word.pause or i == len(words) - 1:
            lower = [w.text.lower().replace("’", "'") for w in phrase]
            counts = [sum(is_vowel(phone) for phone in w.phones) for w in phrase]
            odds = accent_features(lower, counts, model.table) @ model.accent
            chosen = set(np.flatnonzero(odds > 0.0).tolist()) or {int(np.argmax(odds))}
            done += [replace(w, accent=j in chosen) for j, w in enumerate(phrase)]
            phrase = []
    return done


def _split_long(sentence: Sentence) -> list[Sentence]:
    """Part a sentence of more than :data:`MAX_SENTENCE_WORDS` words at the pause nearest to its middle."""
    words = sentence.words
    if len(words) <= MAX_SENTENCE_WORDS:
        return [sentence] if words else []
    places = [i + 1 for i, word in enumerate(words[:-1]) if word.pause] or [len(words) // 2]
    cut = min(places, key=lambda place: abs(place - len(words) / 2))
    left = list(words[:cut])
    left[-1] = replace(left[-1], pause=left[-1].pause or ",")
    spans, emphasis, written = sentence.spans, sentence.emphasis, sentence.written
    first = Sentence(tuple(left), spans[:cut], emphasis[:cut], written[:cut])
    second = Sentence(words[cut:], spans[cut:], emphasis[cut:], written[cut:], sentence.pause_after_s)
    return [*_split_long(first), *_split_long(second)]
