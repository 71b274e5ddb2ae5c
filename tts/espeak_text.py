"""A line of dialogue → the text that espeak-ng reads, and where every word of it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from conditioning import InputError, Line, Span
from tts.espeak_mnemonics import to_mnemonics
from tts.normalise import Token, normalise, split_plain
from tts.scripts import check_script

__all__ = ["SpokenText", "is_english", "to_spoken"]


@dataclass(frozen=True)
class SpokenText:
    """A text for espeak-ng and where everything in it comes from.

    Attributes
    ----------
    text : str
        Words and punctuation.
    words : tuple of str
        The spoken words.
    places : tuple of (start, end)
        Where each of them stands in ``text``.
    token_of_word : tuple of int
        The token that each of them belongs to.
    tokens : tuple of Token
        The words as written.
    span_of_token : tuple of int
        The span that each token belongs to.
    """

    text: str
    words: tuple[str, ...]
    places: tuple[tuple[int, int], ...]
    token_of_word: tuple[int, ...]
    tokens: tuple[Token, ...]
    span_of_token: tuple[int, ...]


def _tokens(span: Span, language: str) -> tuple[Token, ...]:
    """Return the words of a span: its text normalised, or its phones in espeak-ng's letters as one word."""
    if span.phones:
        if not is_english(language):
            raise InputError(f"phones are spoken in English only, not in {language!r}; write the words instead")
        source = span.text.strip() or "".join(span.phones)
        mark = source[-1] if source[-1] in ".?!;:," else ""
        return (Token(source.rstrip(".?!;:,") or source, (to_mnemonics(span.phones),), 0, len(source), mark),)
    check_script(span.text, language)
    return normalise(span.text, language) if is_english(language) else split_plain(span.text)


def is_english(language: str) -> bool:
    """Tell whether a BCP 47 tag names a kind of English."""
    return language.lower().replace("_", "-").split("-")[0] == "en"


def to_spoken(line: Line) -> SpokenText:
    """Write a line out for espeak-ng.

    Raises
    ------
    InputError
        If nothing can be said, or a character or phone cannot be spoken in the line's language.
    """
    text = ""
    places: list[tuple[int, int]] = []
    words: list[str] = []
    token_of_word: list[int] = []
    tokens: list[Token] = []
    span_of_token: list[int] = []
    for number, span in enumerate(line.spans):
        for token in _tokens(span, line.language):
            for word in token.spoken:
                text += " " if text else ""
                if text.rstrip()[-1:] in ".!?":
                    word = word[:1].upper() + word[1:]  # espeak-ng ends no sentence before a small letter
                places.append((len(text), len(text) + len(word)))
                words.append(word)
                token_of_word.append(len(tokens))
                text += word
            text += token.mark
            tokens.append(token)
            span_of_token.append(number)
    if not words:
        raise InputError(f"nothing to say in {line.text[:60]!r}; give text with letters or digits")
    return SpokenText(text, tuple(words), tuple(places), tuple(token_of_word), tuple(tokens), tuple(span_of_token))
