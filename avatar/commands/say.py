"""``mien say``: one line, spoken with feeling."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import click

from avatar.commands import options

#: Longer texts are no file's name.
MAX_NAME = 200


@click.command()
@click.argument("text", required=False)
@click.option(
    "--edit",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="TAKE.json",
    help="Instead of TEXT: say a take again with the duration_s and f0_hz of its phones as edited in the file.",
)
@options.emotion
@options.portrait
@options.outputs
@options.voice
@options.manner
@click.option(
    "--like",
    type=click.Path(path_type=Path),
    metavar="SOUND",
    help="Take pitch, range, tempo and effort from this recording instead of the emotion, which keeps the face.",
)
@click.option(
    "--style-guidance",
    type=click.FloatRange(0.0, 2.0),
    metavar="FACTOR",
    help="How much the voice follows the emotion or the recording: 0 plain, 1 as it is, 1.5 overdone.",
)
@options.style
@options.picture
@options.drawing
def say(
    text: str | None,
    edit: Path | None,
    emotion: str | None,
    language: str,
    seed: int,
    output: tuple[Path, ...],
    **rest: Any,
) -> None:
    """Speak TEXT with an emotion and write what -o asks for.

    TEXT may be "-" to read it from standard input. Without --emotion the feeling is read from the words. It may hold
    marks that count from there on: [joy:0.9], [neutral], [pause 0.6], [rate 1.2], [pitch +2], [range 1.4], [gain -6],
    [plain] to end them, and *emphasis* on a word; or be SSML (<speak>…</speak>).

    \b
    mien say "You came back!" --emotion "joy:0.8, surprise:0.4" --portrait guard.png -o hello.mp4
    mien say "Leave. Now." -e anger -o leave.wav -o leave.csv
    mien say "Leave. Now." -o leave.json; edit phones in leave.json; mien say --edit leave.json -o leave.wav
    mien say "Leave. Now." --like my_acting.wav --style-guidance 1.3 -o leave.wav
    """
    from avatar.commands.shell import open_avatar, save, show_progress
    from checkpoints.errors import InputError

    if (text is None) == (edit is None):
        raise InputError("give either TEXT or --edit TAKE.json; `mien say --help` shows examples")
    if edit is not None:
        _say_again(edit, emotion, output, rest)
        return
    assert text is not None
    if text == "-":
        text = sys.stdin.read()
    elif len(text) < MAX_NAME and Path(text).is_file():
        warnings.warn(
            f"{text!r} is read aloud, and is a file as well; for its words: mien say - < {text}", stacklevel=2
        )
    like = rest.pop("like")
    avatar, targets = open_avatar(output, **rest)
    with show_progress(targets):
        take = avatar.say(text, emotion=emotion, like=like, seed=seed, language=language)
    save(take, targets)


#: Options that made the take and cannot be changed by editing it.
_FIXED = {"voice": None, "speaker": None, "rate": 1.0, "pitch": 0.0, "range_scale": 1.0, "gain": 0.0,
          "like": None, "style_guidance": None}  # fmt: skip


def _say_again(edit: Path, emotion: str | None, output: tuple[Path, ...], rest: dict[str, Any]) -> None:
    """Re-synthesise an edited take; face and picture options hold as for a new one."""
    from dataclasses import replace

    from avatar.commands.shell import open_avatar, save
    from avatar.export.take_json import read_edits
    from checkpoints.errors import InputError

    changed = [name for name, default in _FIXED.items() if rest.get(name, default) != default]
    if changed or emotion is not None:
        name = (changed or ["emotion"])[0].removesuffix("_scale").replace("_", "-")
        raise InputError(f"--{name} cannot be changed with --edit; it is the take's own: say TEXT anew")
    rest.pop("like")
    take, edits = read_edits(edit)
    portrait = rest.pop("portrait") or (take.portrait if take.portrait and take.portrait.is_file() else None)
    avatar, targets = open_avatar(output, portrait=portrait, **rest)
    again = avatar.edit(take, edits)
    save(replace(again, portrait=portrait, renderer=avatar.renderer, renderer_options=avatar.renderer_options), targets)
