"""A safe subset of SSML 1.1, with Microsoft's ``mstts:express-as`` for emotions.

Read: ``speak p s break prosody emphasis say-as sub phoneme mstts:express-as``. Anything else is named in a
warning; the words inside it are spoken, except those of ``metadata`` and ``desc``. A document type declaration
is refused, and with it every entity of one's own: neither entity bombs nor external entities can occur.

Sources: W3C, *Speech Synthesis Markup Language 1.1* (2010), https://www.w3.org/TR/speech-synthesis11/; the values
that it leaves to the processor are ours and stand below with their unit.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from xml.parsers import expat

from checkpoints.errors import InputError, MarkupError
from conditioning.line import MAX_LINE_CHARACTERS, MAX_PAUSE_S, Line, Span
from conditioning.ssml_values import Style, break_s, express_as, phones_of, prosody, say_as, with_emphasis

__all__ = ["MAX_DEPTH", "MAX_SSML_CHARACTERS", "parse_ssml"]

#: Elements may nest this deep.
MAX_DEPTH = 64
#: Longest document.
MAX_SSML_CHARACTERS = 8 * MAX_LINE_CHARACTERS

#: Pause after a paragraph and after a sentence without its own full stop, seconds.
PARAGRAPH_S, SENTENCE_S = 0.6, 0.3

#: Errors of expat about an element that was never closed: another one ends, or the document does.
_UNCLOSED = {
    expat.errors.codes[error] for error in (expat.errors.XML_ERROR_TAG_MISMATCH, expat.errors.XML_ERROR_NO_ELEMENTS)
}

_SILENT = frozenset({"metadata", "meta", "desc", "lexicon", "lookup"})
_SPOKEN = frozenset({"speak", "p", "s", "break", "prosody", "emphasis", "say-as", "sub", "phoneme", "express-as"})
_PREFIXES = frozenset({"", "mstts", "ssml"})


def parse_ssml(text: str, *, speaker: str = "", language: str = "en-us") -> Line:
    """Read an SSML document.

    Parameters
    ----------
    text : str
        With ``speak`` as its root.
    speaker : str
        Who speaks.
    language : str
        BCP 47 tag where the document names none.

    Returns
    -------
    Line
        One span per stretch of one emotion and delivery.

    Raises
    ------
    MarkupError
        With line and column: malformed XML, a document type, an undefined entity, a value that is not allowed,
        ``express-as`` inside another, or elements nested deeper than ``MAX_DEPTH``.

    Warns
    -----
    UserWarning
        Once for each element, attribute or value that is not supported.

    Examples
    --------
    >>> line = parse_ssml("<speak>Hello <prosody rate='slow'>there</prosody>.</speak>")
    >>> [(span.text, span.delivery.rate) for span in line.spans]
    [('Hello', 1.0), ('there', 0.8), ('.', 1.0)]
    """
    if len(text) > MAX_SSML_CHARACTERS:
        raise InputError(f"SSML of {len(text)} characters is too long; at most {MAX_SSML_CHARACTERS}: split it")
    reader = _Reader(language)
    try:
        reader.parser.Parse(text.encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError as error:
        reason = expat.errors.messages[error.code] + reader.left_open(error.code)
        raise MarkupError(f"not well-formed XML: {reason}", error.lineno, error.offset + 1) from error
    for warning in dict.fromkeys(reader.warnings):
        warnings.warn(warning, UserWarning, stacklevel=2)
    return Line(tuple(reader.spans) or (Span(""),), speaker=speaker, language=reader.language)


class _Reader:
    """Handlers of one document: a stack of styles, and the spans so far."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.spans: list[Span] = []
        self.warnings: list[str] = []
        self._names: list[str] = []
        self._styles: list[Style] = [Style()]
        self._expressed = 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype

    def left_open(self, code: int) -> str:
        """Name the element that an error of expat says was never closed."""
        return f"; <{self._names[-1]}> is still open" if self._names and code in _UNCLOSED else ""

    def _fail(self, message: str) -> MarkupError:
        return MarkupError(message, self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)

    def _refuse_doctype(self, *_: object) -> None:
        raise self._fail("a document type is not allowed, nor are entities of its own; delete <!DOCTYPE …>")

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        prefix, _, local = qualified.rpartition(":")
        name = local if prefix in _PREFIXES else qualified
        if not self._names and name != "speak":
            raise self._fail(f"the root is <{qualified}>; SSML starts with <speak>")
        if len(self._names) >= MAX_DEPTH:
            raise self._fail(f"elements nest deeper than {MAX_DEPTH}; flatten the document")
        if name == "speak":
            self.language = attributes.get("xml:lang", self.language).lower()
        elif attributes.get("xml:lang", self.language).lower() != self.language:
            self.warnings.append(f"SSML: a second language ({attributes['xml:lang']}) within one line is not supported")
        if name not in _SPOKEN:
            self.warnings.append(f"SSML: <{qualified}> is not supported and was ignored")
        self._names.append(name)
        try:
            self._styles.append(self._style(name, attributes))
        except InputError as error:
            raise self._fail(str(error)) from error

    def _style(self, name: str, attributes: dict[str, str]) -> Style:
        style = self._styles[-1]
        if name == "break":
            self._pause(break_s(attributes))
        elif name == "prosody":
            style = prosody(style, attributes, self.warnings)
        elif name == "emphasis":
            style = with_emphasis(style, attributes)
        elif name == "say-as":
            style = say_as(style, attributes, self.warnings)
        elif name == "sub":
            style = style.saying(attributes.get("alias", ""))
        elif name == "phoneme":
            style = style.sounding(phones_of(attributes, self.warnings))
        elif name == "express-as":
            if self._expressed:
                raise InputError("express-as inside express-as; close the first one before the second")
            self._expressed += 1
            style = express_as(style, attributes, self.warnings)
        elif name in _SILENT:
            style = style.saying("")
        return style

    def _end(self, _: str) -> None:
        name, style = self._names.pop(), self._styles.pop()
        if name == "express-as":
            self._expressed -= 1
        elif name in ("sub", "phoneme") and style.replacement is not None:
            self._emit(style.replacement, style)
        elif name == "p":
            self._pause(PARAGRAPH_S)
        elif name == "s" and self.spans and self.spans[-1].text[-1:] not in ".!?…":
            self._pause(SENTENCE_S)

    def _text(self, data: str) -> None:
        style = self._styles[-1]
        if style.replacement is None:
            self._emit(style.rewrite(data), style)
        elif style.phones:
            style.heard.append(data)

    def _emit(self, text: str, style: Style) -> None:
        words = " ".join(("".join(style.heard) if style.phones else text).split())
        if not words and not style.phones:
            return
        span = Span(words, style.emotion, style.delivery, phones=style.phones)
        last = self.spans[-1] if self.spans else None
        joins = last is not None and not (last.pause_after_s or last.phones or span.phones)
        if last is not None and joins and (last.emotion, last.delivery) == (span.emotion, span.delivery):
            self.spans[-1] = Span(f"{last.text} {words}", span.emotion, span.delivery)
        else:
            self.spans.append(span)

    def _pause(self, seconds: float) -> None:
        if not self.spans:
            if seconds:
                self.warnings.append("SSML: a break before the first word was ignored")
            return
        last = self.spans[-1]
        self.spans[-1] = replace(last, pause_after_s=min(MAX_PAUSE_S, max(seconds, last.pause_after_s)))
