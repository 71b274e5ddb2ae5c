"""The cast: who speaks with which face, voice and temper (``cast.toml``)."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from avatar.dialogue.script import read_text
from checkpoints.errors import InputError
from conditioning.mood import TRAITS
from conditioning.registry import nearest

__all__ = ["NARRATOR", "TRAITS", "Cast", "Character", "read_cast"]

#: Who speaks the lines without a speaker, if the cast has a table of this name.
NARRATOR = "narrator"


@dataclass(frozen=True)
class Character:
    """One table of a cast file; everything but the name is optional.

    Attributes
    ----------
    name : str
        The table's name; the script's speaker, compared without case.
    portrait : Path or None
        Relative to the cast file.
    voice, speaker, renderer : str or None
        Names of the voice, of a speaker in it, and of the renderer.
    rate, pitch_st : float
        Speed and pitch of everything that the character says.
    expressiveness, head_motion, blink_rate, gaze_motion : float
        How much the face moves; see :class:`avatar.Style`.
    personality : tuple of (str, float)
        Openness, conscientiousness, extraversion, agreeableness, neuroticism in [-1, 1].
    baseline : str
        The emotion to which the character's mood returns.
    seed : int
        Added to every line's own seed.
    """

    name: str
    portrait: Path | None = None
    voice: str | None = None
    speaker: str | None = None
    renderer: str | None = None
    rate: float = 1.0
    pitch_st: float = 0.0
    expressiveness: float = 1.0
    head_motion: float = 1.0
    blink_rate: float = 1.0
    gaze_motion: float = 1.0
    personality: tuple[tuple[str, float], ...] = ()
    baseline: str = ""
    seed: int = 0


@dataclass(frozen=True)
class Cast:
    """Characters by name, compared without case."""

    characters: tuple[Character, ...]

    def __getitem__(self, speaker: str) -> Character:
        """Return the character who is called ``speaker``; lines without a speaker are the narrator's.

        Raises
        ------
        InputError
            If there is none; the nearest is offered.
        """
        wanted = (speaker or NARRATOR).casefold()
        for character in self.characters:
            if character.name.casefold() == wanted:
                return character
        if not speaker:
            raise InputError(f"the line names no speaker; name one, or add a table [{NARRATOR}] to the cast")
        names = [character.name for character in self.characters]
        raise InputError(f"the cast has no {speaker!r}; it has {', '.join(names)}{nearest(speaker.lower(), names)}")


def read_cast(path: Path) -> Cast:
    """Read ``cast.toml``.

    Raises
    ------
    InputError
        If it is not TOML, a key or a kind of value is unknown, or a portrait does not exist.
    """
    try:
        tables = tomllib.loads(read_text(path))
    except ValueError as error:
        raise InputError(f"{path} is not TOML: {error}") from error
    if not tables:
        raise InputError(f"{path} names nobody; write one table per character, such as [mira]")
    twice = [name for name, count in Counter(name.casefold() for name in tables).items() if count > 1]
    if twice:
        raise InputError(f"{path} has two tables [{twice[0]}] that differ only in case; keep one")
    return Cast(tuple(_character(path, name, table) for name, table in tables.items()))


def _character(path: Path, name: str, table: Any) -> Character:
    known = {item.name: item for item in fields(Character) if item.name != "name"}
    if not isinstance(table, dict):
        raise InputError(f"{path}: {name!r} stands outside a table; write [{name}] and its keys below")
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise InputError(
                f"{path}: [{name}] has an unknown key {key!r}; known are {', '.join(known)}{nearest(key, list(known))}"
            )
        if known[key].type in ("float", "int") and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise InputError(f"{path}: [{name}] {key}={value!r} is not a number")
        if "str" in str(known[key].type).split(" | ") and not isinstance(value, str):
            raise InputError(f"{path}: [{name}] {key}={value!r} is not a text in quotes")
        values[key] = value
    if "portrait" in values:
        values["portrait"] = path.parent / str(values["portrait"])
        if not values["portrait"].is_file():
            raise InputError(f"{path}: [{name}] the portrait {values['portrait']} does not exist")
    if "personality" in values:
        values["personality"] = _personality(path, name, values["personality"])
    return Character(name=name, **values)


def _personality(path: Path, name: str, table: Any) -> tuple[tuple[str, float], ...]:
    """Check the five traits."""
    if not isinstance(table, dict):
        raise InputError(f"{path}: [{name}] personality is a table, such as {{ openness = 0.3, neuroticism = -0.2 }}")
    for trait, value in table.items():
        if trait not in TRAITS or not isinstance(value, (int, float)) or not -1 <= value <= 1:
            raise InputError(
                f"{path}: [{name}] personality.{trait}={value!r}: the traits {', '.join(TRAITS)} run from -1 to 1"
            )
    return tuple(sorted((trait, float(value)) for trait, value in table.items()))
