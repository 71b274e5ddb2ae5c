"""Ink stories. Ink has no line ids: ours come from tags (``# id: door_1``) or from the text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from avatar.dialogue.script import ScriptLine, read_text
from avatar.dialogue.yarn import spoken_text
from checkpoints.errors import InputError

__all__ = ["read_ink", "read_ink_json"]

#: How lines begin that hold no speech: knots, jumps, logic, declarations, conditions, choices and gathers.
_NOT_SPOKEN = (
    "=", "->", "~", "//", "VAR ", "LIST ", "CONST ", "INCLUDE ", "EXTERNAL ", "TODO", "{", "}", "*", "+", "- ",
)  # fmt: skip


def read_ink(path: Path) -> Iterator[ScriptLine]:
    """Yield the lines of an ``.ink`` source that name a speaker: ``Mira: Hello. # id: hello # emotion: joy``."""
    text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), read_text(path), flags=re.DOTALL)
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.split("//")[0].strip()
        if line and not line.startswith(_NOT_SPOKEN):
            words, *tags = (part.strip() for part in line.split("#"))
            yield from _line(re.sub(r"\s*->.*$", "", words), tags, f"{path.name}:{number}")


def read_ink_json(path: Path) -> Iterator[ScriptLine]:
    """Yield the lines of a compiled Ink story (``^text`` strings and ``#`` tags, in order).

    Raises
    ------
    InputError
        If the file is not JSON or not a story.
    """
    try:
        story = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}") from error
    if not isinstance(story, dict) or "inkVersion" not in story:
        raise InputError(f"{path} is not a compiled Ink story; scripts in JSON are read as .jsonl")
    words, tags, in_tag = "", [], False
    for token in _tokens(story.get("root")):
        if token in ("#", "/#"):
            in_tag = token == "#"
        elif token.startswith("^") and in_tag:
            tags.append(token[1:].strip())
        elif token.startswith("^"):
            words += token[1:]
        elif token == "\n":
            yield from _line(words.strip(), tags, path.name)
            words, tags = "", []


def _line(words: str, tags: list[str], place: str) -> Iterator[ScriptLine]:
    """Yield the line if somebody speaks it."""
    named = {name.strip().lower(): value.strip() for name, _, value in (tag.partition(":") for tag in tags)}
    speaker, text = spoken_text(words)
    speaker = named.get("speaker", speaker)
    if speaker and text:
        line_id = named.get("id", named.get("line", ""))
        yield ScriptLine(line_id, speaker, text, emotion=named.get("emotion", ""), place=place)


def _tokens(node: Any) -> Iterator[str]:
    """Walk a story's containers in order, without recursion: stories nest deeply."""
    stack: list[Any] = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            stack.extend(reversed([value for value in item.values() if isinstance(value, (list, dict))]))
