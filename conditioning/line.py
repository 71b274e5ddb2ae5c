"""A line of dialogue as a script gives it, before any time is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from checkpoints.errors import InputError
from conditioning.emotion import Emotion

__all__ = ["DELIVERY_LIMITS", "MAX_LINE_CHARACTERS", "MAX_PAUSE_S", "Delivery", "Line", "Span", "clipped_delivery"]

#: Longer texts are refused: a line is one utterance, not a book.
MAX_LINE_CHARACTERS = 20_000

#: Longest silence after a span.
MAX_PAUSE_S = 60.0

#: Lowest and highest value of each quantity of a :class:`Delivery`.
DELIVERY_LIMITS: Mapping[str, tuple[float, float]] = {
    "rate": (0.25, 4.0),
    "pitch_st": (-24.0, 24.0),
    "range_scale": (0.0, 4.0),
    "gain_db": (-40.0, 20.0),
    "emphasis": (-1.0, 1.0),
}


@dataclass(frozen=True)
class Delivery:
    """How a span is spoken, on top of what its emotion does.

    Attributes
    ----------
    rate : float
        Speed; 1.2 is a fifth faster. In [0.25, 4].
    pitch_st : float
        Shift of the F0 level in semitones, in [-24, 24].
    range_scale : float
        Factor on the F0 range around its mean, in [0, 4].
    gain_db : float
        Loudness, in [-40, 20].
    emphasis : float
        Prominence from -1 (reduced) over 0 to 1 (strong).
    """

    rate: float = 1.0
    pitch_st: float = 0.0
    range_scale: float = 1.0
    gain_db: float = 0.0
    emphasis: float = 0.0

    def __post_init__(self) -> None:
        for name, (low, high) in DELIVERY_LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"{name}={value} is not allowed; it runs from {low:g} to {high:g}")

    def within(self, outer: Delivery) -> Delivery:
        """Return this delivery inside another one: factors multiply, shifts add, and the limits hold.

        Examples
        --------
        >>> Delivery(rate=1.2, pitch_st=2.0).within(Delivery(rate=0.5, pitch_st=-3.0)).pitch_st
        -1.0
        """
        return clipped_delivery(
            rate=self.rate * outer.rate,
            pitch_st=self.pitch_st + outer.pitch_st,
            range_scale=self.range_scale * outer.range_scale,
            gain_db=self.gain_db + outer.gain_db,
            emphasis=self.emphasis + outer.emphasis,
        )


def clipped_delivery(**values: float) -> Delivery:
    """Return a delivery whose values are held within their limits."""
    limits = DELIVERY_LIMITS
    return Delivery(**{name: min(max(value, limits[name][0]), limits[name][1]) for name, value in values.items()})


@dataclass(frozen=True)
class Span:
    """A stretch of text with one emotion and one delivery.

    Attributes
    ----------
    text : str
        Words as written; numbers and abbreviations are read out by the voice.
    emotion : Emotion or None
        ``None`` means: read it from the words. A voice that meets ``None`` speaks neutrally.
    delivery : Delivery
        Rate, pitch, range, loudness, emphasis.
    pause_after_s : float
        A silence after the span, beside the pauses that its punctuation makes. In [0, 60].
    phones : tuple of str or None
        IPA phones to say instead of the text, as SSML's ``phoneme`` gives them.
    """

    text: str
    emotion: Emotion | None = None
    delivery: Delivery = field(default_factory=Delivery)
    pause_after_s: float = 0.0
    phones: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.pause_after_s <= MAX_PAUSE_S:
            raise InputError(
                f"a pause of {self.pause_after_s} s is not allowed; pauses run from 0 to {MAX_PAUSE_S:g} s"
            )


@dataclass(frozen=True)
class Line:
    """One utterance of one speaker.

    Attributes
    ----------
    spans : tuple of Span
        In the order they are spoken.
    speaker : str
        Who speaks; empty if it does not matter.
    language : str
        BCP 47 tag, such as ``"en-us"``.
    id : str
        The script's own id of the line; empty if it has none.

    Raises
    ------
    InputError
        If there is nothing to say, or more than :data:`MAX_LINE_CHARACTERS`.
    """

    spans: tuple[Span, ...]
    speaker: str = ""
    language: str = "en-us"
    id: str = ""

    def __post_init__(self) -> None:
        if not any(character.isalnum() for character in self.text) and not any(span.phones for span in self.spans):
            raise InputError(f"nothing to say in {self.text[:60]!r}; give text with letters or digits")
        if len(self.text) > MAX_LINE_CHARACTERS:
            raise InputError(
                f"a line of {len(self.text)} characters is too long; at most {MAX_LINE_CHARACTERS}: split it into lines"
            )

    @classmethod
    def of(cls, text: str, emotion: Emotion | None = None, *, speaker: str = "", language: str = "en-us") -> Line:
        """Make a line of plain text with one emotion (``None``: read from the words)."""
        return cls((Span(text, emotion),), speaker=speaker, language=language)

    @property
    def text(self) -> str:
        """The words of all spans, with a space between two."""
        return " ".join(span.text.strip() for span in self.spans if span.text.strip())

    def with_emotion(self, emotion: Emotion) -> Line:
        """Return the line with ``emotion`` on every span that has none of its own."""
        spans = tuple(span if span.emotion is not None else replace(span, emotion=emotion) for span in self.spans)
        return replace(self, spans=spans)
