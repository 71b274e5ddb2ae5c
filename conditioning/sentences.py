"""Cut running text into sentences, also while it is still arriving."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["MAX_SENTENCE_CHARACTERS", "sentences"]

#: A sentence without any end is cut before this many characters, at the best place.
MAX_SENTENCE_CHARACTERS = 400
BLOCK_CHARACTERS = 4096

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


def sentences(text: str | Iterable[str | None]) -> Iterator[str]:
    """Yield each sentence as soon as the text behind it shows that it has ended.

    Parameters
    ----------
    text : str or iterable of str
        Whole, or in pieces as it arrives, which may begin and end anywhere, also inside a word; ``None``, which
        language models send for "nothing yet", is passed over. Little more than one sentence and one piece are held.

    Yields
    ------
    str
        Not empty, at most :data:`MAX_SENTENCE_CHARACTERS` long; joined by spaces they hold every word of the text.

    Examples
    --------
    >>> list(sentences("Dr. Hale waited. “Go!” he said… Then 3.5 seconds passed."))
    ['Dr. Hale waited.', '“Go!” he said…', 'Then 3.5 seconds passed.']
    """
    buffer = ""
    for block in _blocks(text):
        buffer += block
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


def _blocks(text: str | Iterable[str | None]) -> Iterator[str]:
    """Yield the pieces of a text, long ones cut, so that no buffer grows with the text."""
    for piece in filter(None, [text] if isinstance(text, str) else text):
        for start in range(0, len(piece), BLOCK_CHARACTERS):
            yield piece[start : start + BLOCK_CHARACTERS]


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
