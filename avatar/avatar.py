"""A character: its face, its voice, and how it moves."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.animator import Style, animate, idle
from avatar.other_languages import heed_language
from avatar.sound_stream import LOOK_AHEAD_S, SoundStream
from avatar.stream import LineStream
from avatar.take import Take
from checkpoints.errors import InputError
from conditioning import NEUTRAL, Delivery, Emotion, EmotionTrack, Line, Motion, Speech
from conditioning.markup import parse_line
from conditioning.reader import read_line, read_track
from tts import Voice, open_voice
from tts.edit import PhoneEdit

__all__ = ["DEFAULT_RENDERER", "DEFAULT_VOICE", "MOTION_FPS", "Avatar"]

DEFAULT_VOICE = "daisy"
DEFAULT_RENDERER = "portrait"
#: Curves are made at this rate; writers ask for their own.
MOTION_FPS = 60.0
#: Of the silence of an idle loop.
SILENCE_RATE_HZ = 24_000


@dataclass(frozen=True)
class Avatar:
    """A character that speaks with feeling.

    Attributes
    ----------
    portrait : Path or str, optional
        The face, for video and for a textured GLB: a picture's path.
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

    Raises
    ------
    InputError
        If there is no file at ``portrait``.

    Examples
    --------
    >>> guard = Avatar()
    >>> take = guard.say("Halt! Who goes there?", emotion="anger:0.4, anticipation:0.5")
    >>> [word.symbol for word in take.speech.words if word.symbol]
    ['Halt', 'Who', 'goes', 'there']
    """

    portrait: Path | str | None = None
    voice: str = DEFAULT_VOICE
    renderer: str = DEFAULT_RENDERER
    speaker: str | None = None
    delivery: Delivery = field(default_factory=Delivery)
    style: Style = field(default_factory=Style)
    voice_options: Mapping[str, Any] = field(default_factory=dict)
    renderer_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.portrait is None:
            return
        if not isinstance(self.portrait, (str, Path)):
            raise InputError(f"portrait is the path of a picture, not {type(self.portrait).__name__}; save it first")
        if not Path(self.portrait).is_file():
            raise InputError(f"there is no portrait {self.portrait}; give the path of a PNG, JPEG or WebP picture")

    def say(
        self,
        text: str | Line,
        emotion: str | Emotion | None = None,
        *,
        rate: float = 1.0,
        pitch_st: float = 0.0,
        range_scale: float = 1.0,
        gain_db: float = 0.0,
        like: Path | str | None = None,
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
        rate, pitch_st, range_scale, gain_db : float
            Of this line, on top of the character's own delivery and around those of its spans: speed, shift of F0
            in semitones, factor on the F0 range, loudness; limits as in :class:`conditioning.Delivery`.
        like : Path or str, optional
            A recording of anyone: the voice takes its prosody (pitch, range, tempo, effort) instead of the emotion's;
            the face keeps the emotion. Half a second of speech at least; the first minute counts.
        seed : int
            Another seed gives another take of the same line.
        language : str
            BCP 47 tag, where ``text`` is a string.

        Returns
        -------
        Take
            Sound and motion on one clock.

        Warns
        -----
        UserWarning
            If the text is not English: that it is felt as neutral, or spoken as if it were.

        Raises
        ------
        InputError
            If there is nothing to say, the emotion or the language is unknown, or no voice is heard in ``like``.
        BackendError
            If the voice is unknown, cannot run here, or cannot take the prosody of a recording.
        """
        _check_seed(seed)
        asked = Delivery(rate=rate, pitch_st=pitch_st, range_scale=range_scale, gain_db=gain_db)
        line, warning = self._line(text, emotion, language, asked)
        voice = self._voice if like is None else self._voice_like(like)
        speech = voice.speak(line, seed=seed)
        if warning:  # Only now: what cannot be spoken is an error instead.
            warnings.warn(warning, stacklevel=2)
        return self._take(speech, seed, line=line)

    def edit(self, take: Take, edits: Iterable[PhoneEdit]) -> Take:
        """Say it like this: perform a take again with other lengths and F0 of single phones.

        Parameters
        ----------
        take : Take
            Of any voice, or a recording with its transcript.
        edits : iterable of PhoneEdit
            See :mod:`tts.edit`; its ``phones_of(take.speech)`` lists what is there.

        Returns
        -------
        Take
            Breath groups without an edit keep their samples; the face follows the new times.

        Raises
        ------
        InputError
            If an edit does not fit.

        Examples
        --------
        >>> guard = Avatar()
        >>> take = guard.say("Halt!", emotion="neutral")
        >>> longer = guard.edit(take, [PhoneEdit(2, duration_s=0.3)])
        >>> round(longer.speech.phones[2].duration_s, 6)
        0.3
        """
        from tts.edit import edit

        speech = edit(take.speech, edits)
        return replace(take, speech=speech, motion=animate(speech, fps=MOTION_FPS, seed=take.seed, style=self.style))

    def lip_sync(
        self,
        recording: Path | str,
        transcript: str | None = None,
        emotion: str | Emotion | EmotionTrack | None = None,
        *,
        seed: int = 0,
        language: str = "en-us",
    ) -> Take:
        """Perform a voice actor's recording.

        Parameters
        ----------
        recording : Path or str
            A sound file: WAV, FLAC, Ogg or MP3 of any rate and number of channels; or a film with sound.
        transcript : str, optional
            What is said. With it the lips follow the words; without it they follow the sound.
        emotion : str, Emotion or EmotionTrack, optional
            On the recording's clock. ``None``: read from the transcript, or heard in the voice without one.
        seed : int
            Another seed moves head, eyes and brows otherwise.
        language : str
            BCP 47 tag of the transcript.

        Returns
        -------
        Take
            The recording itself, with motion on its clock.

        Raises
        ------
        InputError
            If the file holds no sound, or the transcript is of something else.
        MissingDependency
            If a transcript is given and pocketsphinx is not installed.
        """
        from avatar.align import align
        from avatar.recording import read_recording, speech_of
        from avatar.sound_emotion import emotion_of

        _check_seed(seed)
        given = emotion if emotion is None or isinstance(emotion, EmotionTrack) else _felt(emotion)
        sound = read_recording(recording)
        found = None if transcript is None else align(sound, transcript, language=language)
        track = _track(given, transcript, sound.duration_s, language) or emotion_of(sound)
        if found is None:
            return self._take(speech_of(sound, emotion=track), seed)
        phones, words = found.phones, found.words
        return self._take(speech_of(sound, emotion=track, phones=phones, words=words, text=transcript or ""), seed)

    def idle(self, duration_s: float, emotion: str | Emotion = NEUTRAL, *, seed: int = 0) -> Take:
        """Be there without speaking: breath, blinks, glances; the end flows into the beginning.

        Parameters
        ----------
        duration_s : float
            Length of the loop.
        emotion : str or Emotion
            What the character feels.
        seed : int
            Another seed gives another loop.

        Raises
        ------
        InputError
            If the duration is shorter than half a second or longer than a day.
        """
        felt = _felt(emotion)
        motion = idle(duration_s, felt, fps=MOTION_FPS, seed=seed, style=self.style)
        silence = np.zeros(round(duration_s * SILENCE_RATE_HZ), np.float32)
        return self._take(Speech(silence, SILENCE_RATE_HZ, emotion=EmotionTrack.constant(felt)), seed, motion=motion)

    def listen(
        self, to: float | Speech | Take | Path | str, emotion: str | Emotion = NEUTRAL, *, seed: int = 0
    ) -> Take:
        """Listen while another speaks: eyes on the speaker, nods, blinks, the mouth shut.

        Parameters
        ----------
        to : float, Speech, Take, Path or str
            What is listened to: its pauses are answered by nods. A path is that of a recording. Or a number of
            seconds: then the clip is a loop whose end flows into its beginning.
        emotion : str or Emotion
            What the listener feels.
        seed : int
            Another seed listens otherwise.

        Raises
        ------
        InputError
            If the duration is shorter than half a second or longer than a day, or the file is not sound.
        """
        from avatar.animator.listening import listen, pauses_of
        from avatar.recording import read_recording

        felt = _felt(emotion)
        heard = to.speech if isinstance(to, Take) else to
        if isinstance(heard, (Path, str)):
            sound = read_recording(heard)
            heard = Speech(sound.waveform, sound.sample_rate)
        duration_s = heard.duration_s if isinstance(heard, Speech) else float(heard)
        pauses = pauses_of(heard) if isinstance(heard, Speech) else None
        motion = listen(
            duration_s, felt, pauses_s=pauses, fps=MOTION_FPS, seed=seed, style=self.style, loop=pauses is None
        )
        silence = np.zeros(round(duration_s * SILENCE_RATE_HZ), np.float32)
        return self._take(Speech(silence, SILENCE_RATE_HZ, emotion=EmotionTrack.constant(felt)), seed, motion=motion)

    def stream(
        self,
        text_chunks: Iterable[str | None],
        emotion: str | Emotion | None = None,
        *,
        seed: int = 0,
        language: str = "en-us",
    ) -> LineStream:
        """Speak text while it is still arriving, sentence by sentence.

        Parameters
        ----------
        text_chunks : iterable of str
            The text as it comes, spaces included, say from a language model; chunks may begin and end anywhere, and
            ``None`` is passed over.
        emotion, seed, language
            As in :meth:`say`.

        Returns
        -------
        LineStream
            Iterate over it for chunks of sound and curves on one clock; ``interrupt()`` ends it naturally.
        """
        return LineStream(self, text_chunks, emotion, seed=seed, language=language)

    def follow(
        self,
        blocks: Iterable[npt.NDArray[np.generic]],
        sample_rate: int,
        emotion: str | Emotion | EmotionTrack | None = None,
        *,
        look_ahead_s: float = LOOK_AHEAD_S,
        reference: Path | str | None = None,
        seed: int = 0,
    ) -> SoundStream:
        """Perform a voice while it is still speaking, such as a microphone's.

        Parameters
        ----------
        blocks : iterable of (n,) or (n, channels) float or int16
            The sound as it comes, in blocks of any length; floats in [-1, 1].
        sample_rate : int
            Hertz.
        emotion : str, Emotion or EmotionTrack, optional
            ``None``: heard in the voice, a second or two late.
        look_ahead_s : float
            How much of the future each frame waits for: 0 gives curves within 43 ms of their sound, 1.2 the same mouth
            as a recording has.
        reference : Path or str, optional
            An earlier recording of this voice over this microphone, so that its level is known from the beginning.
        seed : int
            Another seed moves head, eyes and brows otherwise.

        Returns
        -------
        SoundStream
            Iterate over it for chunks of sound and curves on one clock.

        Raises
        ------
        InputError
            If a number is out of range, a block is not sound, or the reference cannot be read.
        """
        from avatar.recording import read_recording

        return SoundStream(
            blocks, sample_rate, emotion, fps=MOTION_FPS, look_ahead_s=look_ahead_s, seed=seed, style=self.style,
            reference=None if reference is None else read_recording(reference),
        )  # fmt: skip

    def _take(self, speech: Speech, seed: int, *, line: Line | None = None, motion: Motion | None = None) -> Take:
        """Return the take of a speech, animated if its motion is not given."""
        return Take(
            speech=speech,
            motion=motion or animate(speech, fps=MOTION_FPS, seed=seed, style=self.style),
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

    @cached_property
    def _voice(self) -> Voice:
        return open_voice(self.voice, **self._options())

    def _voice_like(self, recording: Path | str) -> Voice:
        """Return this character's voice with the prosody of a recording."""
        from avatar.recording import read_recording

        sound = read_recording(recording)
        return open_voice(self.voice, **self._options(), like=(sound.waveform, sound.sample_rate))

    def _options(self) -> dict[str, Any]:
        options = dict(self.voice_options)
        if self.speaker is not None:
            options["speaker"] = self.speaker
        return options

    def _line(
        self, text: str | Line, emotion: str | Emotion | None, language: str, asked: Delivery
    ) -> tuple[Line, str]:
        """Return the line with an emotion on every span, delivered as asked for within this character's delivery.

        And what the user should know if it is spoken, as :func:`heed_language` says it.
        """
        if not isinstance(text, (str, Line)):
            raise InputError(f"what is said is a str or a Line, not {type(text).__name__}: {text!r:.40}")
        line = text if isinstance(text, Line) else parse_line(text, language=language)
        line, warning = heed_language(line if emotion is None else line.with_emotion(_felt(emotion)))
        line = read_line(line)
        outer = asked.within(self.delivery)
        if outer == Delivery():
            return line, warning
        return replace(line, spans=tuple(replace(s, delivery=s.delivery.within(outer)) for s in line.spans)), warning


def _felt(emotion: str | Emotion) -> Emotion:
    """Return an emotion that was given in words or as such."""
    if isinstance(emotion, Emotion):
        return emotion
    if not isinstance(emotion, str):
        raise InputError(
            f"an emotion is a text such as 'joy:0.8, fear:0.2' or an Emotion, not {type(emotion).__name__}"
            + ("; write Emotion(**weights)" if isinstance(emotion, Mapping) else "")
        )
    return Emotion.parse(emotion)


def _check_seed(seed: int) -> None:
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InputError(f"seed={seed!r} is not allowed; give a whole number from 0 up")


def _track(
    emotion: Emotion | EmotionTrack | None, transcript: str | None, duration_s: float, language: str
) -> EmotionTrack | None:
    """Return the emotion of a recording over time, ``None`` if nothing tells of it."""
    if isinstance(emotion, Emotion):
        return EmotionTrack.constant(emotion)
    if emotion is None and transcript is not None:
        return read_track(transcript, duration_s, language=language)
    return emotion
