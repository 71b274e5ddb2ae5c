"""English text as it is written → words as they are spoken."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

__all__ = ["Token", "normalise", "split_plain"]


@dataclass(frozen=True)
class Token:
    """A written word and what is said for it.

    Attributes
    ----------
    source : str
        As written, without the punctuation around it.
    spoken : tuple of str
        Words to say, in lower case; may be empty.
    start, end : int
        Where ``source`` stands in the text.
    mark : str
        The punctuation after it that can be heard: ``""`` or one of ``, ; : . ? !``.
    """

    source: str
    spoken: tuple[str, ...]
    start: int
    end: int
    mark: str = ""


def split_plain(text: str) -> tuple[Token, ...]:
    """Split a text at white space, say every word as it is, and keep the punctuation that can be heard."""
    found = []
    for match in re.finditer(r"\S+", text):
        chunk = match.group()
        core = re.search(r"[^\W_].*[^\W_]|[^\W_]", chunk)
        if core is None:
            continue
        start = match.start() + core.start()
        tail = chunk[core.end() :]
        mark = next((c for c in tail if c in ".?!;:,"), "")
        word = "".join(c for c in core.group() if unicodedata.category(c)[0] in "LMN" or c in "'’-")
        found.append(Token(core.group(), (word,), start, start + len(core.group()), mark))
    return tuple(found)


def normalise(text: str) -> tuple[Token, ...]:
    return tuple(Token(t.source, (t.spoken[0].lower(),), t.start, t.end, t.mark) for t in split_plain(text))
