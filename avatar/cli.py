"""The command ``mien``: it parses, calls one function, and turns errors into one line.

Exit status: 0 done, 2 the request cannot be carried out, 130 interrupted. Commands are imported only when
they are called, so that ``mien --help`` answers at once.
"""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from importlib.metadata import version
from typing import TextIO

import click

from checkpoints.errors import MienError

__all__ = ["main"]

#: Command → ("module:function", what it does). The text stands here so that help need not import the command.
COMMANDS: dict[str, tuple[str, str]] = {
    "say": ("avatar.commands.say:say", "Speak a line with an emotion: video, sound, facial curves."),
    "sync": ("avatar.commands.sync:sync", "Perform a recording: a voice actor's line, with or without its text."),
    "idle": ("avatar.commands.idle:idle", "Wait or listen without speaking: a loop, or a reaction to a recording."),
    "dialogue": ("avatar.commands.dialogue:dialogue", "Perform a whole script with its cast; resumable."),
    "stream": ("avatar.commands.stream:stream", "Perform a line live: Unreal, VMC, or a page in the browser."),
    "head": ("avatar.commands.head:head", "Register 3-D heads of your own."),
    "studio": ("avatar.commands.studio:studio", "Try lines, emotions and faces on a page."),
    "serve": ("avatar.commands.serve:serve", "Serve performances over HTTP and WebSocket."),
    "doctor": ("avatar.commands.doctor:doctor", "Show what works here, what is missing, and the licences."),
    "evaluate": ("avatar.commands.evaluate:evaluate", "Measure one of the shipped checkpoints."),
    "train": ("avatar.commands.train:train", "Remake one of the shipped checkpoints."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of :data:`COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("mien"), prog_name="mien")
def mien() -> None:
    """Make a character speak with feeling: one emotion drives voice, face and picture.

    \b
    mien say "You came back!" --emotion "joy:0.8, surprise:0.4" --portrait guard.png -o hello.mp4
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    warnings.showwarning = _show_warning
    try:
        status = mien.main(args=arguments, prog_name="mien", standalone_mode=False)
    except click.exceptions.Exit as stop:
        status = stop.exit_code
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "mien"
        _complain(f"{error.format_message().rstrip('.')}{_hint(error)}; `{path} --help` shows what is allowed")
        status = 2
    except click.ClickException as error:
        _complain(error.format_message())
        status = 2
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted")
        status = 130
    except MienError as error:
        _complain(str(error))
        status = 2
    except BrokenPipeError:
        status = 0
    except OSError as error:
        _complain(f"{error.filename or 'the system'}: {error.strerror or error}")
        status = 2
    sys.exit(status if isinstance(status, int) else 0)


def _hint(error: click.UsageError) -> str:
    """Return what usually lies behind a wrong call: a command misspelt, a text without quotes."""
    message = error.message
    if message.startswith("No such command"):
        from conditioning.registry import nearest

        return nearest(message.split("'")[1], list(COMMANDS)) if "Did you mean" not in message else ""
    return "; a text of several words stands in quotes" if "unexpected extra argument" in message else ""


def _complain(message: str) -> None:
    click.echo("mien: " + " ".join(message.split()), err=True)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print our own warnings in one line; those of libraries are not the user's business."""
    if issubclass(category, UserWarning):
        _complain(f"warning: {message}")
