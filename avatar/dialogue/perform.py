"""Perform one job: the function that a worker process, or a Ray task, calls."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import warnings
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from avatar.avatar import DEFAULT_RENDERER, DEFAULT_VOICE, Avatar
from avatar.dialogue.cast import Character
from avatar.dialogue.plan import Job
from avatar.take import Take
from checkpoints.errors import InputError, MienError
from conditioning import Delivery
from conditioning.markup import parse_line, parse_spans
from conditioning.reader import read_emotion

__all__ = ["avatar_of", "identity", "perform", "take_of"]

#: A value that the game puts in when it runs: ``{$name}``, ``{player}``.
_VALUE = re.compile(r"\{[^{}]+\}")
#: A line without words, such as "…", is a silent face: this long, longer with each mark, and with its pauses.
SILENT_S, SILENT_S_PER_MARK, MAX_SILENT_S = 1.0, 0.2, 10.0


def perform(job: Job, folder: Path) -> dict[str, Any]:
    """Make a job's files and return its record for the manifest.

    A line that cannot be performed gives a record with ``"error"``; it does not raise.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            result = _render(job, folder)
        except MienError as error:
            result = {"error": str(error)}
        except (OSError, MemoryError) as error:
            result = {"error": f"{type(error).__name__}: {error}"}
    notes = list(dict.fromkeys(str(item.message) for item in caught if issubclass(item.category, UserWarning)))
    return {**identity(job), **result, "warnings": notes}


def take_of(job: Job) -> Take:
    """Return the performance of a job.

    Raises
    ------
    MienError
        If the line cannot be performed.
    """
    value = _VALUE.search(job.line.text)
    if value:
        raise InputError(
            f"the text holds {value[0]}, which only the game knows; write a line for each value it can have"
        )
    avatar = avatar_of(job.character)
    if _is_wordless(job.line.text):
        return replace(_silent_take(job, avatar), fps=job.settings.fps, size=job.settings.size)
    line = parse_line(job.line.text, speaker=job.line.speaker, language=job.language)
    line = replace(line, id=job.line.line_id)
    take = avatar.say(line, job.emotion or None, seed=job.seed)
    return replace(take, fps=job.settings.fps, size=job.settings.size)


def _is_wordless(text: str) -> bool:
    """Tell whether a line is all pause, such as "…", "?!" or "[sadness] ...": something stands there, but no word."""
    shown = re.sub(r"\[[^\[\]]*\]", "", text).strip()
    return bool(shown) and not any(character.isalnum() for character in shown)


def _silent_take(job: Job, avatar: Avatar) -> Take:
    """Return a face that feels and is silent, for a line without words."""
    spans = parse_spans(job.line.text)
    text = " ".join(span.text for span in spans)
    marked = next((str(span.emotion) for span in reversed(spans) if span.emotion is not None), "")
    marks = len(unicodedata.normalize("NFKC", text).replace(" ", ""))
    duration_s = SILENT_S + SILENT_S_PER_MARK * marks + sum(span.pause_after_s for span in spans)
    duration_s = min(duration_s, MAX_SILENT_S)
    warnings.warn(f"no words in {text[:40]!r}: a silent face of {duration_s:.1f} s", stacklevel=2)
    return avatar.idle(duration_s, marked or job.emotion or read_emotion(text), seed=job.seed)


@lru_cache(maxsize=32)
def avatar_of(character: Character) -> Avatar:
    """Return a character's avatar; a worker keeps those that it used last."""
    from avatar.animator import Style

    return Avatar(
        portrait=character.portrait,
        voice=character.voice or DEFAULT_VOICE,
        speaker=character.speaker,
        renderer=character.renderer or DEFAULT_RENDERER,
        delivery=Delivery(rate=character.rate, pitch_st=character.pitch_st),
        style=Style(character.expressiveness, character.head_motion, character.blink_rate, character.gaze_motion),
    )


def _render(job: Job, folder: Path) -> dict[str, Any]:
    take = take_of(job)
    files = {}
    for name in job.files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        take.save(path)
        files[name] = {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    return {
        "duration_s": round(take.duration_s, 6),
        "emotion": [[round(time_s, 4), str(emotion)] for time_s, emotion in take.speech.emotion.keyframes],
        "words": [[word.symbol, round(word.start_s, 4), round(word.end_s, 4)] for word in take.speech.words],
        "files": files,
    }


def identity(job: Job) -> dict[str, Any]:
    """Return what says which line a record is of, and what it was made from."""
    line = job.line
    return {
        "line_id": line.line_id,
        "speaker": line.speaker,
        "language": job.language,
        "text": line.text,
        "seed": job.seed,
        "fingerprint": job.fingerprint,
    }
