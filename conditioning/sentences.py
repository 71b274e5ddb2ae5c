"""Cut running text into sentences, also while it is still arriving."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["MAX_SENTENCE_CHARACTERS", "sentences", "sentences_of_chunks"]

#: A sentence without any end is cut before this many characters, at the best place.
MAX_SENTENCE_CHARACTERS = 400

#: Words whose full stop does not end a sentence.
_ABBREVIATIONS = frozenset({
    "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "lt", "col", "gen", "sgt", "capt", "rev", "hon", "no",
    "vs", "etc", "e.g", "i.e", "cf", "approx", "dept", "est", "fig", "vol", "inc", "ltd", "co", "corp", "a.m",
    "p.m", "u.s", "u.k", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
    "mt", "ave", "blvd", "rd", "ft",
})  # fmt: skip
#: Marks that end a sentence, with the quotes and brackets that close behind them, then a space.
_END = re.compile(r"(?:[.!?…]+|[。！？])[\"'”’)\]»]*(?=\s|$)|\n\s*\n|(?<=[。！？])")
#: Where a sentence that is too long is cut, best place first.
_CUTS = (
    re.compile(r"[;:—–]\s"),
    re.compile(r",\s"),
    re.compile(r"\s(?=(?:and|but|or|so|because|then|that)\s)"),
    re.compile(r"\s"),
)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, in order; joined by spaces they hold every word of it.

    Examples
    --------
    >>> sentences("Dr. Hale waited. “Go!” he said… Then 3.5 seconds passed.")
    ['Dr. Hale waited.', '“Go!” he said…', 'Then 3.5 seconds passed.']
    """
    return list(sentences_of_chunks([text]))


def sentences_of_chunks(chunks: Iterable[str]) -> Iterator[str]:
    """Yield each sentence as soon as the text behind it shows that it has ended.

    Parameters
    ----------
    chunks : iterable of str
        Text as it arrives; chunks may begin and end anywhere, also inside a word.
    """
    buffer = ""
    for chunk in chunks:
        buffer += chunk
        while (end := _first_end(buffer)) is not None:
            yield from _cut(buffer[:end])
            buffer = buffer[end:]
        if len(buffer) > 2 * MAX_SENTENCE_CHARACTERS:
            *whole, buffer = _cut(buffer)
            yield from whole
    while (end := _first_end(buffer + " ")) is not None and end < len(buffer):
        yield from _cut(buffer[:end])
        buffer = buffer[end:]
    yield from _cut(buffer)


def _first_end(text: str) -> int | None:
    """Return the position behind the first sentence that is certain to have ended."""
    for found in _END.finditer(text):
        rest = text[found.end() :]
        if not rest.strip():
            return None
        if not _is_abbreviation(text[: found.start()], found[0], rest):
            return found.end()
    return None


def _is_abbreviation(before: str, mark: str, rest: str) -> bool:
    """Tell whether a full stop belongs to the word before it."""
    following = rest.lstrip()[:1]
    if mark in ("…", "...") or mark[0] in "!?":
        # "Well… maybe" and "“Go!” he said" go on; so does everything that goes on in lower case.
        return following.islower()
    if mark != ".":
        return False
    word = before.rsplit(None, 1)[-1].lower().lstrip("(\"'“‘[") if before.split() else ""
    is_initial = len(word) == 1 and word.isalpha() and word != "i"
    return following.islower() or is_initial or word in _ABBREVIATIONS


def _cut(sentence: str) -> list[str]:
    """Return a sentence in pieces that are short enough."""
    text = " ".join(sentence.split())
    pieces = []
    while len(text) > MAX_SENTENCE_CHARACTERS:
        at = _best_cut(text)
        pieces.append(text[:at].strip())
        text = text[at:].strip()
    return [piece for piece in (*pieces, text) if piece]


def _best_cut(text: str) -> int:
    window = text[:MAX_SENTENCE_CHARACTERS]
    for pattern in _CUTS:
        places = [found.end() for found in pattern.finditer(window) if found.end() > MAX_SENTENCE_CHARACTERS // 4]
        if places:
            return places[-1]
    return MAX_SENTENCE_CHARACTERS
