"""What a voice is, and which voices there are."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from conditioning import BackendError, Line, Registry, Speech
from conditioning.registry import nearest

__all__ = ["VOICES", "Voice", "VoiceInfo", "open_voice"]


@dataclass(frozen=True)
class VoiceInfo:
    """What a voice can do, as data.

    Attributes
    ----------
    name : str
        Its name in the registry.
    summary : str
        One line for a person who chooses.
    sample_rate : int
        Hertz of the waveforms it makes.
    languages : tuple of str
        BCP 47 tags.
    licence : str
        Of its code and weights.
    speakers : tuple of str
        Names that ``speaker=`` takes; the first is the default.
    needs_cuda, streaming : bool
        Whether it needs a GPU; whether it yields sound before the line is finished.
    options : tuple of str
        What its constructor takes beside ``speaker``: ``"style_guidance"`` (a factor on what an emotion changes),
        ``"like"`` (waveform and sample rate of a recording whose prosody is taken) …
    requires : mapping of str to str
        Importable module → the command that installs it.
    """

    name: str
    summary: str
    sample_rate: int
    languages: tuple[str, ...]
    licence: str
    speakers: tuple[str, ...] = ()
    needs_cuda: bool = False
    streaming: bool = False
    options: tuple[str, ...] = ()
    requires: Mapping[str, str] = field(default_factory=dict)


class Voice(Protocol):
    """Speaks a line.

    A class is registered under its name; it is constructed with keyword options of its own, all of which
    have defaults, among them ``speaker: str | None``.
    """

    info: ClassVar[VoiceInfo]

    def speak(self, line: Line, *, seed: int = 0) -> Speech:
        """Return the sound of ``line`` with phones, words, emotion, F0 and energy on its clock.

        Spans whose emotion is ``None`` are spoken neutrally. The same line and seed give the same bytes.

        Raises
        ------
        InputError
            If the language or a character cannot be spoken.
        """
        ...


#: Options that only some voices have; what they mean is said at :class:`VoiceInfo`.
STYLE_OPTIONS = frozenset({"style_guidance", "like"})

#: Voices by name; outside packages add theirs through the entry-point group ``mien.voices``.
VOICES = Registry(
    "voice",
    "mien.voices",
    {
        "formant": "tts.espeak:FormantVoice",
        "daisy": "tts.daisy:DaisyVoice",
        "coqui": "tts.coqui:CoquiVoice",
    },
)


def check_speaker(name: str, speaker: str | None) -> None:
    """Check that a voice is known and has a speaker, without constructing it.

    Raises
    ------
    BackendError
        If there is no voice of that name, or it says who speaks in it and ``speaker`` is not among them.
    """
    speakers = list(VOICES.load(name).info.speakers)
    if speaker is not None and speakers and speaker not in speakers:
        raise BackendError(
            f"voice {name!r} has no speaker {speaker!r}; it has {', '.join(speakers)}{nearest(speaker, speakers)}"
        )


def open_voice(name: str, **options: Any) -> Voice:
    """Construct a voice by name.

    Raises
    ------
    BackendError
        If there is none of that name, it cannot run here, or does not take one of the options.
    """
    make = VOICES.load(name)
    for option in sorted(STYLE_OPTIONS & options.keys() - set(make.info.options)):
        raise BackendError(f"voice {name!r} does not take {option!r}; use voice 'daisy', or leave it out")
    allowed = list(inspect.signature(make).parameters)
    for option in options:
        if option not in allowed:
            raise BackendError(
                f"voice {name!r} has no option {option!r}; it has {', '.join(allowed)}{nearest(option, allowed)}"
            )
    voice: Voice = make(**options)
    return voice
