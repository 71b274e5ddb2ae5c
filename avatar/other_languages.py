"""A line that is not English: said once, and felt as neutral."""

from __future__ import annotations

from dataclasses import replace

from conditioning import NEUTRAL, Line, Span
from conditioning.language import foreign_language
from conditioning.sentences import sentences
from tts.espeak_text import is_english

__all__ = ["heed_language"]


def heed_language(line: Line) -> tuple[Line, str]:
    """Return a line in which what is not English, and has no emotion, is neutral: emotions are read from English only.

    Returns
    -------
    line : Line
    warning : str
        What the user should know if the line is spoken: that it is said to be English and is not, so that its sounds
        are wrong; or that an emotion would have to be read from another language. Empty if nothing.
    """
    if not is_english(line.language):
        to_read = any(span.emotion is None for span in line.spans)
        warning = (
            f"emotions are read from English only: what is said in {line.language!r} is felt as neutral; "
            "give the emotion yourself"
        )
        return line.with_emotion(NEUTRAL), warning if to_read else ""
    spoken = [text for span in line.spans if not span.phones for text in sentences(span.text)]
    foreign = [text for text in spoken if foreign_language(text)]
    if not foreign:
        return line, ""
    spans = tuple(part for span in line.spans for part in _neutral_where_foreign(span))
    what = "the text" if len(foreign) == len(spoken) else repr(foreign[0][:40])
    felt = " and felt as neutral" if spans != line.spans else ""
    warning = (
        f"{what} seems to be {foreign_language(foreign[0])} and is spoken as English{felt}; give its language tag, "
        f"a voice that speaks it, such as 'formant'{', and the emotion' if felt else ''}"
    )
    return replace(line, spans=spans), warning


def _neutral_where_foreign(span: Span) -> list[Span]:
    """Return a span, in sentences if its emotion is to be read and some of it is not English."""
    texts = [] if span.phones or span.emotion is not None else list(sentences(span.text))
    if not any(map(foreign_language, texts)):
        return [span]
    parts = [Span(text, NEUTRAL if foreign_language(text) else None, span.delivery) for text in texts]
    parts[-1] = replace(parts[-1], pause_after_s=span.pause_after_s)
    return parts
