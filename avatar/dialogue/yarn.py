"""Yarn Spinner scripts: ``Speaker: text #line:id #tag``, in nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from avatar.dialogue.script import ScriptLine, read_text
from checkpoints.errors import InputError
from conditioning.markup import escape

__all__ = ["read_yarn", "split_tags", "spoken_text"]

#: Values that a line takes from the game: ``{$name}``, and the markup that chooses among words by such a value.
_CHOICE = re.compile(r"\[(select|plural|ordinal)\b[^\]]*/?\]", re.IGNORECASE)
_ESCAPE = re.compile(r"\\([^\w\s])")
#: Escaped characters wait in Unicode's private area until the syntax around them is gone.
_HIDDEN = 0xF000
#: An option of Yarn 1: ``[[what is said|Node]]``; and a jump, ``[[Node]]``.
_LINK = re.compile(r"\[\[(?:([^|\]]*)\|)?[^\]]*\]\](.*)")
_TAG = re.compile(r"\s#([\w-]+)(?::([^\s#]+))?")
_MARKUP = re.compile(r"\[/?[A-Za-z_][^\]]*/?\]|\[/\]|</?[A-Za-z][^<>]*>")
_SPEAKER = re.compile(r"^([^\s:\[\]{}<>][^:\[\]{}<>]{0,40}?):\s+(.*)$")


@dataclass(frozen=True)
class Tagged:
    """A text without its tags, and the tags as name → value (empty for a bare tag)."""

    text: str
    tags: dict[str, str]


def read_yarn(path: Path) -> Iterator[ScriptLine]:
    """Yield the spoken lines of a ``.yarn`` file, node by node.

    Commands, options without a speaker, comments, headers and shadows of other lines are passed over; jumps are not
    followed, so that every line comes once. ``#line:id`` gives the id; ``#emotion:joy`` and ``#seed:3`` are ours.

    Raises
    ------
    InputError
        If a node has no body or does not end.
    """
    title, in_body, opened_at = "", False, 0
    for number, raw in enumerate(read_text(path).splitlines(), start=1):
        text = _hide(raw).split("//")[0].strip()
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
    r"""Split a Yarn text into speaker and what is spoken, without markup such as ``[wave]`` and ``<shake>``.

    The words come as :func:`conditioning.markup.parse_line` reads them: brackets that are meant are escaped.

    Examples
    --------
    >>> spoken_text("Mira: I [b]knew[/b] it!")
    ('Mira', 'I knew it!')
    >>> spoken_text(r"Mira: It said \[sic\] so\: here.")
    ('Mira', 'It said \\[sic\\] so: here.')
    """
    text = _CHOICE.sub(r"{\1}", _hide(text))
    character = re.match(r"^\[character\s+name\s*=\s*\"?([^\"\]/]+)\"?\s*/?\](.*)\[/character\]", text)
    speaker, words = (character[1].strip(" :"), text[character.end() :]) if character else ("", text)
    if not speaker and (match := _SPEAKER.match(text)):
        speaker, words = match[1].strip(), match[2]
    return _reveal(speaker), escape(_reveal(_MARKUP.sub("", words)).strip())


def _spoken_line(text: str, place: str) -> ScriptLine | None:
    """Return the line, or ``None`` for what nobody speaks."""
    if not text or text.startswith("<<"):
        return None
    if link := _LINK.match(text):
        text = f"-> {link[1] or ''} {link[2]}"
    is_option = text.startswith("->")
    tagged = split_tags(re.sub(r"<<.*?>>", "", text.removeprefix("->").removeprefix("=>")).strip())
    speaker, words = spoken_text(tagged.text)
    if not words or (is_option and not speaker) or "shadow" in tagged.tags:
        return None
    return ScriptLine(
        line_id=tagged.tags.get("line", ""),
        speaker=speaker,
        text=words,
        emotion=tagged.tags.get("emotion", "").replace("_", " "),
        seed=int(tagged.tags["seed"]) if tagged.tags.get("seed", "").isdigit() else None,
        place=place,
    )


def _hide(text: str) -> str:
    """Replace each escaped character by a private one, which no syntax means."""
    return _ESCAPE.sub(lambda found: chr(_HIDDEN + ord(found[1])) if found[1].isascii() else found[1], text)


def _reveal(text: str) -> str:
    return "".join(chr(ord(c) - _HIDDEN) if _HIDDEN <= ord(c) < _HIDDEN + 128 else c for c in text)
