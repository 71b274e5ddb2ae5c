"""What a run has to make: one job per line, known by a fingerprint of everything that shapes it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from avatar.avatar import DEFAULT_RENDERER, DEFAULT_VOICE
from avatar.dialogue.cast import NARRATOR, Cast, Character
from avatar.dialogue.script import Script, ScriptLine, safe_name
from avatar.export import VIDEO_SUFFIXES
from checkpoints import manifest
from checkpoints.errors import BackendError, InputError
from conditioning import Emotion
from conditioning.mood import Mood, Personality, Scene
from conditioning.reader import read_emotion
from conditioning.registry import nearest
from renderers.renderer import DEFAULT_FPS, DEFAULT_SIZE, RENDERERS
from tts.voice import check_speaker

__all__ = ["CHARACTERS_PER_S", "Job", "Settings", "feel", "plan"]

#: Characters that are spoken in a second, pauses included: 4–5 syllables of about three letters.
CHARACTERS_PER_S = 14.0
#: Speakers that a message names before it says how many more there are.
MAX_NAMED = 8


@dataclass(frozen=True)
class Settings:
    """What holds for all lines of a run.

    Attributes
    ----------
    formats : tuple of str
        Suffixes of what is written for each line, with their dot.
    language : str
        Of lines that name none.
    fps : float
        Video frames a second.
    size : tuple of int
        Video width and height in pixels.
    moods : bool
        Whether feelings carry over from line to line.
    """

    formats: tuple[str, ...] = (".wav", ".csv")
    language: str = "en-us"
    fps: float = DEFAULT_FPS
    size: tuple[int, int] = DEFAULT_SIZE
    moods: bool = False


@dataclass(frozen=True)
class Job:
    """One line with all that shapes it.

    Attributes
    ----------
    line : ScriptLine
        What is said.
    character : Character
        Who says it.
    settings : Settings
        Of the run.
    seed : int
        Of this take: the line's own, or one made of its id and the character's.
    emotion : str
        The emotion that the line is spoken with, its intensity included; empty to read it from the words.
    stem : str
        ``<language>/<speaker>/<line id>``, relative to the run's folder; safe on every file system.
    fingerprint : str
        SHA-256 of everything above, of the portrait's bytes, the checkpoints and mien's version.
    """

    line: ScriptLine
    character: Character
    settings: Settings
    seed: int
    emotion: str = ""
    stem: str = field(init=False)
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        parts = (self.language, self.line.speaker or "nobody", self.line.line_id)
        object.__setattr__(self, "stem", "/".join(safe_name(part) for part in parts))
        object.__setattr__(self, "fingerprint", _fingerprint(self))

    @property
    def language(self) -> str:
        """BCP 47 tag: the line's own, or the run's."""
        return self.line.language or self.settings.language

    @property
    def files(self) -> tuple[str, ...]:
        """The files to be made, relative to the run's folder."""
        return tuple(self.stem + suffix for suffix in self.settings.formats)


def plan(script: Script, cast: Cast, settings: Settings, only: Iterable[str] = ()) -> list[Job]:
    """Return the jobs of a run, in the script's order.

    Parameters
    ----------
    only : iterable of str
        Line ids or speakers; empty for all lines.

    Raises
    ------
    InputError
        If a speaker is not in the cast or lacks the face that a video needs, or ``only`` names neither a line nor a
        speaker (compared without case).
    """
    wanted = {name.casefold() for name in only}
    known = {name.casefold(): name for line in script for name in (line.line_id, line.speaker)}
    for name in sorted(wanted - known.keys()):
        raise InputError(
            f"--only names {name!r}, which is neither a line id nor a speaker of the script"
            f"{nearest(name, [*known.values()])}"
        )
    chosen = [
        (i, line)
        for i, line in enumerate(script)
        if not wanted or {line.line_id.casefold(), line.speaker.casefold()} & wanted
    ]
    _check_speakers([line for _, line in chosen], cast)
    felt = feel(script, cast, settings.language).lines if settings.moods else None
    jobs = [
        _job(line, _character(cast, line), settings, str(felt[i].felt) if felt else _emotion(line, settings.language))
        for i, line in chosen
    ]
    for character in dict.fromkeys(job.character for job in jobs):
        _check_character(character, settings)
    stems: dict[str, str] = {}
    for job in jobs:
        if job.stem.casefold() in stems:
            raise InputError(
                f"{job.line.place}: the id {job.line.line_id!r} makes the same file as {stems[job.stem.casefold()]!r}"
            )
        stems[job.stem.casefold()] = job.line.line_id
    return jobs


def feel(script: Script, cast: Cast, language: str = Settings.language) -> Scene:
    """Live through a script: every line's emotion, as the moods of its speakers shape it.

    Parameters
    ----------
    script : Script
        All of it, in order: a mood depends on what came before.
    cast : Cast
        Personalities and baselines.
    language : str
        BCP 47 tag of lines that name none; only English is read for its emotion.
    """
    moods = {
        character.name.casefold(): Mood(Personality.of(dict(character.personality)), Emotion.parse(character.baseline))
        for character in cast.characters
    }
    scene = Scene(moods)
    for line in script:
        felt = _parsed(_emotion(line, language), line, language)
        scene.say(_character(cast, line).name.casefold(), felt, len(line.text) / CHARACTERS_PER_S)
    return scene


def _check_speakers(lines: Sequence[ScriptLine], cast: Cast) -> None:
    """Raise an error that names all speakers who have no table, if there is more than one."""
    known = {character.name.casefold() for character in cast.characters}
    counts = Counter(line.speaker or NARRATOR for line in lines)
    missing = [f"{name!r} ({count})" for name, count in counts.most_common() if name.casefold() not in known]
    if len(missing) > 1:
        shown = ", ".join(missing[:MAX_NAMED]) + (
            f" and {len(missing) - MAX_NAMED} more" if missing[MAX_NAMED:] else ""
        )
        raise InputError(
            f"the cast has no table for {len(missing)} speakers (lines): {shown}; add them, "
            "or let mien dialogue SCRIPT CAST --new-cast write a cast with all of them"
        )


def _check_character(character: Character, settings: Settings) -> None:
    """Raise before any work what would fail every line of a character: a speaker or a face that is not there."""
    try:
        check_speaker(character.voice or DEFAULT_VOICE, character.speaker)
    except BackendError as error:
        raise InputError(f"the cast's [{character.name}]: {error}") from error
    pictures = sorted(VIDEO_SUFFIXES & set(settings.formats))
    if (
        pictures
        and character.portrait is None
        and RENDERERS.load(character.renderer or DEFAULT_RENDERER).info.needs_portrait
    ):
        raise InputError(
            f"the cast's [{character.name}] has no portrait, and {pictures[0]} needs a face; "
            'write portrait = "face.png" into its table, or renderer = "mesh"'
        )


def _character(cast: Cast, line: ScriptLine) -> Character:
    try:
        return cast[line.speaker]
    except InputError as error:
        raise InputError(f"{line.place}: {error}") from error


def _emotion(line: ScriptLine, language: str) -> str:
    """Return what the writer says that the line feels like, empty if nothing; an unknown word stays as it is."""
    given = line.emotion or line.direction_emotion
    return given if line.intensity == 1.0 else str(line.intensity * _parsed(given, line, language))


def _parsed(said: str, line: ScriptLine, language: str) -> Emotion:
    """Return the emotion that is said, or, if nothing is, that of the line's words."""
    return Emotion.parse(said) if said else read_emotion(line.text, language=line.language or language)


def _job(line: ScriptLine, character: Character, settings: Settings, emotion: str) -> Job:
    seed = line.seed if line.seed is not None else int(hashlib.sha256(line.line_id.encode()).hexdigest()[:7], 16)
    return Job(line, character, settings, seed + character.seed, emotion)


def _fingerprint(job: Job) -> str:
    """Hash all that shapes the files of a job; where the line stands in the script does not."""
    line = {key: value for key, value in vars(job.line).items() if key != "place"}
    facts = [line, job.seed, job.emotion, _ground(job.character, job.settings, _portrait_hash(job.character.portrait))]
    return _hash(facts)


@lru_cache(maxsize=256)
def _ground(character: Character, settings: Settings, portrait_hash: str) -> str:
    """Hash what many lines have in common: who speaks, in which run, with which checkpoints and program."""
    facts = {
        "character": asdict(character) | {"portrait": portrait_hash},
        "settings": asdict(settings),
        "mien": version("mien"),
        "checkpoints": sorted((name, entry["sha256"]) for name, entry in manifest().items()),
    }
    return _hash(facts)


def _hash(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _portrait_hash(path: Path | None) -> str:
    return "" if path is None else _file_hash(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _file_hash(path: Path, changed_ns: int) -> str:
    """Hash a file; ``changed_ns`` is there so that a file that was changed is hashed anew."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
