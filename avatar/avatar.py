"""A character: its face, its voice, and how it moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from avatar.animator import Style, animate
from avatar.stream import LineStream
from avatar.take import Take
from checkpoints import manifest
from conditioning import Delivery, Emotion, Line
from conditioning.markup import parse_line
from conditioning.reader import read_line
from tts import Voice, open_voice

__all__ = ["DEFAULT_RENDERER", "DEFAULT_VOICE", "MOTION_FPS", "Avatar"]

DEFAULT_VOICE = "formant"
DEFAULT_RENDERER = "portrait"
#: Curves are made at this rate; writers ask for their own.
MOTION_FPS = 60.0


@dataclass(frozen=True)
class Avatar:
    """A character that speaks with feeling.

    Attributes
    ----------
    portrait : Path or str, optional
        The face, for video and for a textured GLB.
    voice, speaker : str, optional
        Name of the voice, and of one of its speakers.
    renderer : str
        Name of the renderer.
    delivery : Delivery
        Rate, pitch, range and loudness of everything that it says.
    style : Style
        How much the face, head and eyes move.
    voice_options, renderer_options : mapping
        Further options of the voice and the renderer.

    Examples
    --------
    >>> guard = Avatar()
    >>> take = guard.say("Halt! Who goes there?", emotion="anger:0.4, anticipation:0.5")
    >>> [word.symbol for word in take.speech.words if word.symbol]
    ['Halt!', 'Who', 'goes', 'there?']
    """

    portrait: Path | str | None = None
    voice: str = DEFAULT_VOICE
    renderer: str = DEFAULT_RENDERER
    speaker: str | None = None
    delivery: Delivery = field(default_factory=Delivery)
    style: Style = field(default_factory=Style)
    voice_options: Mapping[str, Any] = field(default_factory=dict)
    renderer_options: Mapping[str, Any] = field(default_factory=dict)

    def say(
        self,
        text: str | Line,
        emotion: str | Emotion | None = None,
        *,
        seed: int = 0,
        language: str = "en-us",
    ) -> Take:
        """Perform a line.

        Parameters
        ----------
        text : str or Line
            What to say, with inline marks (``"[joy] You came back! [sadness:0.5] I missed you."``) or as SSML
            if you like. A ``Line`` may carry an emotion per span.
        emotion : str or Emotion, optional
            Words and weights, or an :class:`Emotion`; on every span that has none of its own.
            ``None``: read from the words.
        seed : int
            Another seed gives another take of the same line.
        language : str
            BCP 47 tag, where ``text`` is a string.

        Returns
        -------
        Take
            Sound and motion on one clock.

        Raises
        ------
        InputError
            If there is nothing to say, or the emotion or the language is unknown.
        BackendError
            If the voice is unknown or cannot run here.
        """
        line = self._line(text, emotion, language)
        speech = self._voice.speak(line, seed=seed)
        motion = animate(speech, fps=MOTION_FPS, seed=seed, style=self.style)
        return Take(
            speech=speech,
            motion=motion,
            line=line,
            portrait=None if self.portrait is None else Path(self.portrait),
            renderer=self.renderer,
            renderer_options=self.renderer_options,
            seed=seed,
            settings={
                "voice": self.voice,
                "speaker": self.speaker,
                "delivery": asdict(self.delivery),
                "style": asdict(self.style),
            },
        )

    def stream(
        self,
        text_chunks: Iterable[str],
        emotion: str | Emotion | None = None,
        *,
        seed: int = 0,
        language: str = "en-us",
    ) -> LineStream:
        """Speak text while it is still arriving, sentence by sentence.

        Parameters
        ----------
        text_chunks : iterable of str
            The text as it comes, say from a language model; chunks may begin and end anywhere.
        emotion, seed, language
            As in :meth:`say`.

        Returns
        -------
        LineStream
            Iterate over it for chunks of sound and curves on one clock; ``interrupt()`` ends it naturally.
        """
        return LineStream(self, text_chunks, emotion, seed=seed, language=language)

    @cached_property
    def _voice(self) -> Voice:
        options = dict(self.voice_options)
        if self.speaker is not None:
            options["speaker"] = self.speaker
        return open_voice(self.voice, **options)

    def _line(self, text: str | Line, emotion: str | Emotion | None, language: str) -> Line:
        """Return the line with an emotion and this character's delivery on every span."""
        line = text if isinstance(text, Line) else parse_line(text, language=language)
        felt = Emotion.parse(emotion) if isinstance(emotion, str) else emotion
        if felt is not None:
            line = line.with_emotion(felt)
        elif "reader" in manifest():
            line = read_line(line)
        plain = Delivery()
        if self.delivery == plain:
            return line
        spans = (replace(s, delivery=self.delivery) if s.delivery == plain else s for s in line.spans)
        return replace(line, spans=tuple(spans))
