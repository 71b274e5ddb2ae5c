"""espeak-ng through ctypes: text → waveform, phone events and word events.

espeak-ng keeps state between utterances (the phase of its flutter, of its glottal cycles, its gain control), so
that the same text sounds slightly different each time. Here every utterance is spoken by a freshly loaded copy of
the library, which costs a few milliseconds and makes the bytes depend on the request alone. A lock lets one
thread in at a time.
"""

from __future__ import annotations

import ctypes
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from conditioning import BackendError, MissingDependency

__all__ = ["PhoneEvent", "RawUtterance", "WordEvent", "language_files", "synthesise", "to_phones"]

# espeak-ng 1.52, src/include/espeak-ng/speak_lib.h.
AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_PHONEME_EVENTS, INITIALIZE_PHONEME_IPA, INITIALIZE_DONT_EXIT = 0x0001, 0x0002, 0x8000
EVENT_LIST_TERMINATED, EVENT_WORD, EVENT_PHONEME = 0, 1, 7
CHARS_UTF8, PHONEMES_FLAG = 1, 0x100
POS_CHARACTER = 1
PARAMETER_RATE = 1
PHONEMES_IPA = 0x02

_LOCK = threading.Lock()


@dataclass(frozen=True)
class PhoneEvent:
    """A phone begins: its IPA as espeak-ng writes it (``""`` for a pause) and the sample."""

    symbol: str
    sample: int


@dataclass(frozen=True)
class WordEvent:
    """A word begins: where its text starts (characters from 0) and the number of phone events before it."""

    position: int
    phones_before: int


@dataclass(frozen=True)
class RawUtterance:
    """What espeak-ng made of a text.

    Attributes
    ----------
    waveform : (n,) int16
    sample_rate : int
        Hertz.
    phones : tuple of PhoneEvent
    words : tuple of WordEvent
    """

    waveform: npt.NDArray[np.int16]
    sample_rate: int
    phones: tuple[PhoneEvent, ...]
    words: tuple[WordEvent, ...]


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def _paths() -> tuple[str, str]:
    """Return the library and its data folder as espeakng-loader ships them."""
    try:
        import espeakng_loader
    except ImportError as error:
        raise MissingDependency(f"no espeak-ng: {error}; run `pip install espeakng-loader`") from error
    return str(espeakng_loader.get_library_path()), str(espeakng_loader.get_data_path())


def _unload(library: ctypes.CDLL) -> None:
    """Unload the library, so that the next load starts from its initial state."""
    import _ctypes

    if sys.platform == "win32":
        _ctypes.FreeLibrary(library._handle)
    else:
        _ctypes.dlclose(library._handle)


@contextmanager
def _fresh_library(definition: str) -> Iterator[tuple[ctypes.CDLL, int]]:
    """Yield a newly loaded library that speaks with a voice definition, and its sample rate."""
    library_path, data_path = _paths()
    with _LOCK:
        library = ctypes.CDLL(library_path)
        try:
            options = INITIALIZE_PHONEME_EVENTS | INITIALIZE_PHONEME_IPA | INITIALIZE_DONT_EXIT
            rate = int(library.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, data_path.encode(), options))
            if rate <= 0:
                raise BackendError(f"espeak-ng found no data in {data_path}; reinstall espeakng-loader")
            library.espeak_ng_SetRandSeed(ctypes.c_long(1))
            _set_voice(library, definition)
            yield library, rate
            library.espeak_Terminate()
        finally:
            _unload(library)


def _set_voice(library: ctypes.CDLL, definition: str) -> None:
    with tempfile.TemporaryDirectory(prefix="mien-") as folder:
        path = Path(folder) / "voice"
        path.write_text(definition, encoding="utf-8")
        status = library.espeak_ng_SetVoiceByFile(ctypes.c_char_p(str(path).encode()))
    if status != 0:
        raise BackendError(f"espeak-ng refused a voice definition (status {status:#x}): {definition[:60]!r}")


def synthesise(text: str, definition: str, *, rate_wpm: int) -> RawUtterance:
    """Speak a text.

    Parameters
    ----------
    text : str
        Words and punctuation; ``[[...]]`` holds phones in espeak-ng's own letters.
    definition : str
        A voice file's content, beginning with the language's; see espeak-ng's ``docs/voices.md``.
    rate_wpm : int
        Words a minute, 80 to 450.
    """
    sound: list[bytes] = []
    phones: list[PhoneEvent] = []
    words: list[WordEvent] = []

    def receive(wave: Any, count: int, events: Any) -> int:
        if wave and count:
            sound.append(ctypes.string_at(wave, 2 * count))
        index = 0
        while events[index].type != EVENT_LIST_TERMINATED:
            event = events[index]
            if event.type == EVENT_PHONEME:
                phones.append(PhoneEvent(event.id.string.decode("utf-8", "ignore"), event.sample))
            elif event.type == EVENT_WORD:
                words.append(WordEvent(max(event.text_position - 1, 0), len(phones)))
            index += 1
        return 0

    callback = _CALLBACK(receive)
    encoded = text.encode("utf-8") + b"\0"
    with _fresh_library(definition) as (library, sample_rate):
        library.espeak_SetParameter(PARAMETER_RATE, rate_wpm, 0)
        library.espeak_SetSynthCallback(callback)
        status = library.espeak_Synth(
            ctypes.c_char_p(encoded), ctypes.c_size_t(len(encoded)), ctypes.c_uint(0), POS_CHARACTER,
            ctypes.c_uint(0), ctypes.c_uint(CHARS_UTF8 | PHONEMES_FLAG), None, None,
        )  # fmt: skip
    if status != 0:
        raise BackendError(f"espeak-ng could not speak (status {status}): {text[:60]!r}")
    return RawUtterance(np.frombuffer(b"".join(sound), dtype=np.int16), sample_rate, tuple(phones), tuple(words))


def to_phones(words: tuple[str, ...], definition: str) -> dict[str, str]:
    """Return each word's IPA as espeak-ng pronounces it alone."""
    found = {}
    with _fresh_library(definition) as (library, _):
        library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        for word in words:
            pointer = ctypes.c_char_p(word.encode("utf-8") + b"\0")
            part = library.espeak_TextToPhonemes(ctypes.byref(pointer), CHARS_UTF8, PHONEMES_IPA)
            found[word] = (part or b"").decode("utf-8", "ignore")
    return found


@lru_cache(maxsize=1)
def language_files() -> dict[str, Path]:
    """Return espeak-ng's voice file of every language tag, in lower case."""
    files: dict[str, tuple[int, Path]] = {}
    for path in sorted(Path(_paths()[1], "lang").rglob("*")):
        if path.is_file():
            for row in path.read_text(encoding="utf-8", errors="ignore").splitlines():
                parts = row.split()
                if len(parts) >= 2 and parts[0] == "language":
                    priority = int(parts[2]) if len(parts) > 2 and parts[2].isdigit() else 5
                    known = files.get(parts[1].lower())
                    if known is None or priority < known[0]:
                        files[parts[1].lower()] = (priority, path)
    return {tag: path for tag, (_, path) in files.items()}
