r"""Inline marks: emotions and pauses in square brackets, in the text itself.

::

    [joy:0.9] You came back! [pause 0.6] [sadness:0.5, trust:0.3] I thought you were gone.

======================  =======================================================================
mark                    means
======================  =======================================================================
``[joy:0.9]``           from here on this emotion; anything that ``Emotion.parse`` takes
``[neutral]``           from here on no emotion
``[auto]``              from here on the emotion is read from the words, as before any mark
``[pause 0.6]``         a silence of 0.6 s (also ``[pause 600ms]``)
``[rate 1.2]``          from here on a fifth faster; ``[rate 1]`` ends it
``[pitch +2]``          from here on F0 two semitones higher; ``[pitch 0]`` ends it
``[range 1.4]``         from here on a wider F0 range; ``[range 1]`` ends it
``[gain -6]``           from here on 6 dB softer; ``[gain 0]`` ends it
``[emphasis 1]``        from here on prominent, -1 (reduced) to 1 (strong); ``[emphasis 0]`` ends it
``[plain]``             ends all of these five at once
``\[`` ``\]`` ``\\``    a bracket or a backslash that is meant
======================  =======================================================================

A single word is emphasised without a mark, as people write it: ``You *came* back``, ``You CAME back``.

Between two spans of different emotion the performance glides, see
:data:`conditioning.track.GLIDE_S`. Text that starts with ``<speak`` is read as SSML instead.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

from checkpoints.errors import InputError, MarkupError
from conditioning.emotion import Emotion
from conditioning.line import MAX_LINE_CHARACTERS, Delivery, Line, Span

__all__ = ["MAX_MARK_CHARACTERS", "escape", "format_line", "parse_line", "parse_marks", "parse_spans"]

#: A longer mark is taken for a bracket that was never closed.
MAX_MARK_CHARACTERS = 200

#: Longest source text; a line is shorter still.
MAX_SOURCE_CHARACTERS = 4 * MAX_LINE_CHARACTERS

_PAUSE = re.compile(r"pause(?:\s*:\s*|\s+)(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s)?", re.IGNORECASE)
#: Word of a mark → quantity of a delivery.
_MANNERS = {
    "rate": "rate", "pitch": "pitch_st", "range": "range_scale", "gain": "gain_db", "emphasis": "emphasis",
}  # fmt: skip
_MANNER = re.compile(
    rf"(?P<name>{'|'.join(_MANNERS)})(?:\s*:\s*|\s+)(?P<number>[+-]?\d+(?:\.\d+)?)\s*(?:st|dB)?", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class _Piece:
    """A stretch of text, or the inside of a mark, with the offset where it starts."""

    text: str
    offset: int
    mark: bool


def parse_line(text: str, *, speaker: str = "", language: str = "en-us") -> Line:
    """Read a line as written: plain text, inline marks, or SSML.

    Parameters
    ----------
    text : str
        SSML if it starts with ``<speak`` or an XML declaration.
    speaker : str
        Who speaks.
    language : str
        BCP 47 tag; SSML's own ``xml:lang`` wins.

    Raises
    ------
    MarkupError
        With line and column, if the marks or the SSML are malformed.
    InputError
        If there is nothing to say.
    """
    if re.match(r"\s*<(\?xml|speak\b|!DOCTYPE)", text):
        from conditioning.ssml import parse_ssml

        return parse_ssml(text, speaker=speaker, language=language)
    if tag := re.search(r"</?[a-zA-Z][^<>]*>", text):
        warnings.warn(
            f"{tag[0]!r} is read aloud, as SSML begins with <speak>; leave tags out, or wrap it", stacklevel=2
        )
    return parse_marks(text, speaker=speaker, language=language)


def parse_marks(text: str, *, speaker: str = "", language: str = "en-us") -> Line:
    """Read a line with inline marks.

    Examples
    --------
    >>> line = parse_marks("[joy:0.9] You came back! [pause 0.5] [sadness] I missed you.")
    >>> [(span.text, str(span.emotion), span.pause_after_s) for span in line.spans]
    [('You came back!', 'joy:0.9', 0.5), ('I missed you.', 'sadness:0.7', 0.0)]
    """
    return Line(tuple(parse_spans(text)) or (Span(""),), speaker=speaker, language=language)


def parse_spans(text: str) -> list[Span]:
    """Return the spans of text with inline marks; unlike in a :class:`Line`, there need not be a word in them.

    Raises
    ------
    MarkupError
        With line and column, if a mark is malformed.
    InputError
        If the text is too long.
    """
    if len(text) > MAX_SOURCE_CHARACTERS:
        raise InputError(f"a line of {len(text)} characters is too long; at most {MAX_LINE_CHARACTERS}: split it")
    spans: list[Span] = []
    emotion: Emotion | None = None
    delivery = Delivery()
    for piece in _pieces(text):
        if not piece.mark:
            words = " ".join(_CONTROL.sub(" ", piece.text).split())
            if words:
                spans.append(Span(words, emotion, delivery))
            continue
        inside = piece.text.strip()
        pause, manner = _PAUSE.fullmatch(inside), _MANNER.fullmatch(inside)
        if pause:
            _add_pause(spans, pause, text, piece.offset)
        elif manner:
            delivery = _with_manner(delivery, manner, text, piece.offset)
        elif inside.casefold() == "plain":
            delivery = Delivery()
        elif inside.casefold() == "auto":
            emotion = None
        else:
            emotion = _parse_mark(piece, text)
    return list(_merged(spans))


def escape(text: str) -> str:
    r"""Return text whose brackets and backslashes stand for themselves.

    Examples
    --------
    >>> escape("he said [sic]")
    'he said \\[sic\\]'
    """
    return re.sub(r"([\[\]\\])", r"\\\1", text)


def format_line(line: Line) -> str:
    """Write a line with inline marks; :func:`parse_marks` reads it back.

    Phones have no mark and are left out.
    """
    parts: list[str] = []
    emotion: Emotion | None = None
    delivery = Delivery()
    for span in line.spans:
        for name, field in _MANNERS.items():
            value = getattr(span.delivery, field)
            if value != getattr(delivery, field):
                parts.append(f"[{name} {value:.6f}]")
        delivery = span.delivery
        if span.emotion != emotion:
            emotion = span.emotion
            parts.append(f"[{'auto' if emotion is None else emotion}]")
        parts.append(escape(span.text.strip()))
        if span.pause_after_s:
            parts.append(f"[pause {span.pause_after_s:.6f}]")
    return " ".join(parts)


def place_of(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, counted from 1, of a character.

    Examples
    --------
    >>> place_of("one\\ntwo", 5)
    (2, 2)
    """
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _pieces(text: str) -> Iterator[_Piece]:
    """Cut text at its marks; escapes are resolved."""
    plain: list[str] = []
    start = i = 0
    while i < len(text):
        character = text[i]
        if character == "\\" and i + 1 < len(text) and text[i + 1] in "[]\\":
            plain.append(text[i + 1])
            i += 2
        elif character == "]":
            raise MarkupError(r"a ']' without its '['; write '\]' for a bracket that is meant", *place_of(text, i))
        elif character == "[":
            yield _Piece("".join(plain), start, mark=False)
            mark = _mark_at(text, i)
            yield mark
            plain, i = [], i + len(mark.text) + 2
            start = i
        else:
            plain.append(character)
            i += 1
    yield _Piece("".join(plain), start, mark=False)


def _mark_at(text: str, opening: int) -> _Piece:
    """Return the mark whose '[' stands at ``opening``."""
    end = re.compile(r"[\[\]]").search(text, opening + 1, opening + MAX_MARK_CHARACTERS)
    if end is None:
        raise MarkupError(
            r"this '[' is never closed; close it with ']', or write '\[' for a bracket that is meant",
            *place_of(text, opening),
        )
    if end[0] == "[":
        raise MarkupError("a '[' inside a mark; close the first one with ']'", *place_of(text, end.start()))
    return _Piece(text[opening + 1 : end.start()], opening + 1, mark=True)


def _parse_mark(piece: _Piece, text: str) -> Emotion:
    if not piece.text.strip():
        raise MarkupError("an empty mark; name an emotion, [neutral] or [auto]", *place_of(text, piece.offset))
    try:
        return Emotion.parse(piece.text)
    except InputError as error:
        hint = r"; a bracket that is meant is written '\['" if "unknown emotion" in str(error) else ""
        raise MarkupError(f"{error}{hint}", *place_of(text, piece.offset)) from error


def _with_manner(delivery: Delivery, manner: re.Match[str], text: str, offset: int) -> Delivery:
    """Return the delivery with one quantity set."""
    try:
        return replace(delivery, **{_MANNERS[manner["name"].lower()]: float(manner["number"])})
    except InputError as error:
        raise MarkupError(str(error), *place_of(text, offset)) from error


def _add_pause(spans: list[Span], pause: re.Match[str], text: str, offset: int) -> None:
    """Lengthen the pause after the last span."""
    seconds = float(pause["number"]) * (0.001 if (pause["unit"] or "s").lower() == "ms" else 1.0)
    if not spans:
        raise MarkupError("a pause before the first word has nothing to follow; leave it out", *place_of(text, offset))
    try:
        spans[-1] = replace(spans[-1], pause_after_s=spans[-1].pause_after_s + seconds)
    except InputError as error:
        raise MarkupError(str(error), *place_of(text, offset)) from error


def _merged(spans: list[Span]) -> Iterator[Span]:
    """Join neighbours that nothing tells apart."""
    held: Span | None = None
    for span in spans:
        alike = held is not None and (held.emotion, held.delivery) == (span.emotion, span.delivery)
        if held is not None and alike and not held.pause_after_s:
            held = replace(span, text=f"{held.text} {span.text}")
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held
