"""From espeak-ng's events to phones and words that tile the sound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from conditioning import Segment, tile
from conditioning.phones import SILENCE
from tts.espeak_library import PhoneEvent, RawUtterance
from tts.phonetics import kind_of

__all__ = ["Piece", "english_phones", "to_segments", "word_segments"]

#: What espeak-ng writes for American English → the project's phones with the share of the time that each takes.
#: The flap stays a /t/ and the reduced vowels become their nearest neighbours, as in the CMU dictionary.
ENGLISH_PHONES: dict[str, tuple[tuple[str, float], ...]] = {
    "ɐ": (("ə", 1.0),),
    "a": (("æ", 1.0),),
    "aː": (("ɑ", 1.0),),
    "ᵻ": (("ɪ", 1.0),),
    "i": (("i", 1.0),),
    "ɾ": (("t", 1.0),),
    "ʔ": (("t", 1.0),),
    "ɚ": (("ɚ", 1.0),),
    "ɜː": (("ɝ", 1.0),),
    "ɜ": (("ɝ", 1.0),),
    "ɒ": (("ɑ", 1.0),),
    "əʊ": (("oʊ", 1.0),),
    "o": (("oʊ", 1.0),),
    "əl": (("ə", 0.4), ("l", 0.6)),
    "n̩": (("ə", 0.3), ("n", 0.7)),
    "ɑːɹ": (("ɑ", 0.6), ("ɹ", 0.4)),
    "ɔːɹ": (("ɔ", 0.6), ("ɹ", 0.4)),
    "oːɹ": (("ɔ", 0.6), ("ɹ", 0.4)),
    "ɛɹ": (("ɛ", 0.6), ("ɹ", 0.4)),
    "ɪɹ": (("ɪ", 0.6), ("ɹ", 0.4)),
    "ʊɹ": (("ʊ", 0.6), ("ɹ", 0.4)),
    "aɪɚ": (("aɪ", 0.65), ("ɚ", 0.35)),
    "aɪə": (("aɪ", 0.65), ("ə", 0.35)),
    "aʊɚ": (("aʊ", 0.65), ("ɚ", 0.35)),
    "iə": (("i", 0.55), ("ə", 0.45)),
    "iːə": (("i", 0.55), ("ə", 0.45)),
    "uːə": (("u", 0.55), ("ə", 0.45)),
    "eɪə": (("eɪ", 0.65), ("ə", 0.35)),
    "oʊə": (("oʊ", 0.65), ("ə", 0.35)),
    "ɔɪə": (("ɔɪ", 0.65), ("ə", 0.35)),
    "r": (("ɹ", 1.0),),
    "ɡʲ": (("ɡ", 1.0),),
    "x": (("k", 1.0),),
    "ɬ": (("l", 1.0),),
}
#: espeak-ng gives a phone that it melts into the one before it no time; it gets this share of that one's.
MELTED_SHARE = 0.35
#: A closure is quieter than this share of the loudest of the phone before it, and lasts at most so long.
CLOSURE_LEVEL, CLOSURE_MAX_S, CLOSURE_HOP_S = 0.15, 0.1, 0.002


@dataclass(frozen=True)
class Piece:
    """A phone with its first sample and the word it belongs to (-1 in silence)."""

    symbol: str
    start: int
    word: int


def english_phones(symbol: str) -> tuple[tuple[str, float], ...]:
    """Return the project's phones for one of espeak-ng's American English ones, with their shares of its time.

    Examples
    --------
    >>> english_phones("ˈɑːɹ")
    (('ˈɑ', 0.6), ('ɹ', 0.4))
    """
    bare = symbol.lstrip("ˈˌ")
    stress = symbol[: len(symbol) - len(bare)][:1]
    found = ENGLISH_PHONES.get(bare) or ((bare.replace("ː", ""), 1.0),)
    return ((stress + found[0][0], found[0][1]), *found[1:])


def _plain_phones(symbol: str) -> tuple[tuple[str, float], ...]:
    bare = symbol.lstrip("ˈˌ")
    return ((symbol[: len(symbol) - len(bare)][:1] + bare, 1.0),)


def _spread(events: Sequence[PhoneEvent], end: int) -> list[tuple[str, int, int]]:
    """Return (symbol, start, stop) with time for phones that espeak-ng melted into the one before them."""
    starts = [event.sample for event in events] + [end]
    stops = list(starts[1:])
    for index in range(len(events) - 1, 0, -1):
        # espeak-ng reports a melted phone where the next one starts: it takes the end of the one before.
        melted = starts[index] >= stops[index] and events[index].symbol and events[index - 1].symbol
        if melted and starts[index - 1] < starts[index]:
            length = starts[index] - starts[index - 1]
            starts[index] -= int(MELTED_SHARE * length)
            stops[index - 1] = starts[index]
    return [(event.symbol, starts[index], stops[index]) for index, event in enumerate(events)]


def _word_of_events(raw: RawUtterance, spans: Sequence[tuple[int, int]]) -> list[int]:
    """Return, for each phone event, the index of the written word whose characters espeak-ng was reading."""
    ends = np.array([end for _, end in spans])
    owners = np.full(len(raw.phones), 0)
    marks = [(event.phones_before, event.position) for event in raw.words]
    for (first, position), (last, _) in pairwise([*marks, (len(raw.phones), 0)]):
        owners[first:last] = min(int(np.searchsorted(ends, position, side="right")), len(spans) - 1)
    return np.maximum.accumulate(owners).tolist()  # type: ignore[no-any-return]


def to_segments(
    raw: RawUtterance,
    spans: Sequence[tuple[int, int]],
    *,
    english: bool,
    pronounce: Callable[[int], str],
) -> tuple[list[Piece], int]:
    """Return the phones of an utterance with the words that they belong to.

    Parameters
    ----------
    raw : RawUtterance
    spans : sequence of (start, end)
        Where each spoken word stands in the text that was given to espeak-ng.
    english : bool
        Use the project's English phones.
    pronounce : callable
        Index of a word → its IPA alone, for words that espeak-ng melted with the one before.

    Returns
    -------
    list of Piece
        Consecutive silences are one.
    int
        Number of samples.
    """
    owners = _split_merged(raw, _word_of_events(raw, spans), len(spans), pronounce)
    convert = english_phones if english else _plain_phones
    pieces: list[Piece] = []
    for (symbol, start, stop), owner in zip(_spread(raw.phones, len(raw.waveform)), owners, strict=True):
        if not symbol.strip("ˈˌ "):
            if stop > start and not (pieces and pieces[-1].symbol == SILENCE):
                pieces.append(Piece(SILENCE, start, -1))
            continue
        share = 0.0
        for phone, part in convert(symbol):
            pieces.append(Piece(phone, start + int(share * (stop - start)), owner))
            share += part
    if not pieces or pieces[0].start > 0:
        pieces.insert(0, Piece(SILENCE, 0, -1))
    return _with_closures(pieces, raw.waveform, raw.sample_rate), len(raw.waveform)


def _with_closures(pieces: Sequence[Piece], waveform: npt.NDArray[np.int16], sample_rate: int) -> list[Piece]:
    """Move the start of each stop back to where the mouth closes; espeak-ng reports the release."""
    hop = int(CLOSURE_HOP_S * sample_rate)
    squares = waveform[: len(waveform) // hop * hop].astype(np.float64).reshape(-1, hop) ** 2
    rms = np.sqrt(squares.mean(axis=1))
    found = list(pieces)
    for index in range(1, len(found)):
        piece, before = found[index], found[index - 1]
        if kind_of(piece.symbol) not in ("stop", "affricate") or before.symbol == SILENCE:
            continue
        earliest = max(piece.start - int(CLOSURE_MAX_S * sample_rate), (before.start + piece.start) // 2)
        first, last = -(-earliest // hop), piece.start // hop
        quiet = CLOSURE_LEVEL * rms[before.start // hop : last + 1].max(initial=1.0)
        while last > first and rms[last - 1] < quiet:
            last -= 1
        found[index] = replace(piece, start=min(last * hop, piece.start))
    return found


def _split_merged(raw: RawUtterance, owners: list[int], n_words: int, pronounce: Callable[[int], str]) -> list[int]:
    """Give words without phones of their own ("the" in "of the") their part of the word before."""
    owners = list(owners)
    present = set(owners)
    index = 1
    while index < n_words:
        if index in present:
            index += 1
            continue
        missing = [index]
        while missing[-1] + 1 < n_words and missing[-1] + 1 not in present:
            missing.append(missing[-1] + 1)
        group = [missing[0] - 1, *missing]
        events = [i for i, owner in enumerate(owners) if owner == group[0] and raw.phones[i].symbol.strip("ˈˌ ")]
        sizes = np.array([max(len([c for c in pronounce(word) if c.isalpha()]), 1) for word in group], dtype=float)
        cuts = np.round(np.cumsum(sizes) / sizes.sum() * len(events)).astype(int)
        for word, (first, last) in zip(group, pairwise([0, *cuts.tolist()]), strict=True):
            for event in events[first:last]:
                owners[event] = word
        index = missing[-1] + 1
    return owners


def word_segments(
    pieces: Sequence[Piece], n_samples: int, tokens: Sequence[int], written: Sequence[str], sample_rate: int
) -> tuple[Segment, ...]:
    """Return segments for the words as written.

    Parameters
    ----------
    pieces : sequence of Piece
    n_samples : int
    tokens : sequence of int
        Spoken word → written word.
    written : sequence of str
    sample_rate : int
    """
    symbols: list[str] = []
    borders: list[int] = []
    last = None
    for piece in pieces:
        token = -1 if piece.word < 0 else tokens[piece.word]
        if token != last:
            symbols.append("" if token < 0 else written[token])
            borders.append(piece.start)
            last = token
    return tile(symbols, [*borders, n_samples], sample_rate)
