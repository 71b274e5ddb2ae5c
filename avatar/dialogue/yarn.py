"""Yarn Spinner scripts: ``Speaker: text #line:id #tag``, in nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from avatar.dialogue.script import ScriptLine, read_text
from checkpoints.errors import InputError

__all__ = ["read_yarn", "split_tags", "spoken_text"]

_TAG = re.compile(r"\s#([\w-]+)(?::([^\s#]+))?")
_SPEAKER = re.compile(r"^([^\s:\[\]{}<>][^:\[\]{}<>]{0,40}?):\s+(.*)$")


@dataclass(frozen=True)
class Tagged:
    """A text without its tags, and the tags as name → value (empty for a bare tag)."""

    text: str
    tags: dict[str, str]


def read_yarn(path: Path) -> Iterator[ScriptLine]:
    """Yield the spoken lines of a ``.yarn`` file, node by node.

    Commands, options without a speaker, comments and headers are passed over. ``#line:id`` gives the id;
    ``#emotion:joy`` and ``#seed:3`` are ours.

    Raises
    ------
    InputError
        If a node has no body or does not end.
    """
    title, in_body, opened_at = "", False, 0
    for number, raw in enumerate(read_text(path).splitlines(), start=1):
        text = raw.split("//")[0].strip() if "://" not in raw else raw.strip()
        if text == "---" and not in_body:
            in_body, opened_at = True, number
        elif text == "===":
            if not in_body:
                raise InputError(
                    f"{path}:{number}: the node {title!r} ends before its body begins; put '---' after its headers"
                )
            in_body, title = False, ""
        elif in_body:
            line = _spoken_line(text, f"{path.name}:{number}")
            if line:
                yield line
        elif text.lower().startswith("title:"):
            title = text[6:].strip()
        elif text and ":" not in text and not text.startswith("#"):
            raise InputError(
                f"{path}:{number}: {text[:40]!r} is neither a header nor inside a node; nodes begin with 'title:'"
            )
    if in_body:
        raise InputError(f"{path}:{opened_at}: the node {title!r} does not end; close it with '==='")


def split_tags(text: str) -> Tagged:
    """Cut ``#name:value`` tags off a text.

    Examples
    --------
    >>> split_tags("Hello. #line:0a1 #sad")
    Tagged(text='Hello.', tags={'line': '0a1', 'sad': ''})
    """
    tags = {name.lower(): value or "" for name, value in _TAG.findall(" " + text)}
    return Tagged(_TAG.sub("", " " + text).strip(), tags)


def spoken_text(text: str) -> tuple[str, str]:
    """Split a Yarn text into speaker and what is spoken, without markup such as ``[wave]``.

    Examples
    --------
    >>> spoken_text("Mira: I [b]knew[/b] it!")
    ('Mira', 'I knew it!')
    """
    character = re.match(r"^\[character\s+name\s*=\s*\"?([^\"\]/]+)\"?\s*/?\](.*)\[/character\]", text)
    speaker, words = (character[1].strip(" :"), text[character.end() :]) if character else ("", text)
    if not speaker and (match := _SPEAKER.match(text)):
        speaker, words = match[1].strip(), match[2]
    return speaker, re.sub(r"\[/?[A-Za-z_][^\]]*/?\]|\[/\]", "", words).strip()


def _spoken_line(text: str, place: str) -> ScriptLine | None:
    """Return the line, or ``None`` for what nobody speaks."""
    if not text or text.startswith(("<<", "=>")):
        return None
    is_option = text.startswith("->")
    tagged = split_tags(re.sub(r"<<.*?>>", "", text.removeprefix("->")).strip())
    speaker, words = spoken_text(tagged.text)
    if not words or (is_option and not speaker):
        return None
    return ScriptLine(
        line_id=tagged.tags.get("line", ""),
        speaker=speaker,
        text=words,
        emotion=tagged.tags.get("emotion", "").replace("_", " "),
        seed=int(tagged.tags["seed"]) if tagged.tags.get("seed", "").isdigit() else None,
        place=place,
    )
