"""``mien say``: one line, spoken with feeling."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from avatar.commands import options


@click.command()
@click.argument("text")
@options.emotion
@options.portrait
@options.voice
@options.picture
@options.style
@options.outputs
def say(text: str, emotion: str | None, language: str, seed: int, output: tuple[Path, ...], **rest: Any) -> None:
    """Speak TEXT with an emotion and write what -o asks for.

    TEXT may be "-" to read it from standard input. Without --emotion the feeling is read from the words.

    \b
    mien say "You came back!" --emotion "joy:0.8, surprise:0.4" --portrait guard.png -o hello.mp4
    mien say "Leave. Now." -e anger -o leave.wav -o leave.csv
    """
    from avatar.commands.shell import open_avatar, save

    if text == "-":
        text = sys.stdin.read()
    avatar, targets = open_avatar(output, **rest)
    take = avatar.say(text, emotion=emotion, seed=seed, language=language)
    save(take, targets)
