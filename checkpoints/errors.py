"""The errors of the project.

Every error that a user can cause or mend derives from one root::

    MienError
    ├── InputError              text, emotion, picture or sound that cannot be used
    │   └── MarkupError         inline marks or SSML, with line and column
    ├── OutputError             a path, suffix or disk that cannot be written
    ├── BackendError            a voice, renderer or writer that is unknown or not usable here
    │   └── MissingDependency   … because a package or system library is not installed
    └── CheckpointError         weights that are absent, foreign, damaged or of another version

A message says in one line what was wrong, the value received, what is allowed and the next step.
The command prints it after ``mien: `` and exits with status 2.
"""

from __future__ import annotations

__all__ = [
    "BackendError",
    "CheckpointError",
    "InputError",
    "MarkupError",
    "MienError",
    "MissingDependency",
    "OutputError",
]


class MienError(Exception):
    """Root of all errors that Mien raises on purpose."""


class InputError(MienError):
    """Text, an emotion, a picture or a sound cannot be used."""


class MarkupError(InputError):
    """Inline marks or SSML are malformed.

    Parameters
    ----------
    message : str
        What is wrong and what is allowed.
    line, column : int
        Where it is wrong, counted from 1.
    """

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.line = line
        self.column = column


class OutputError(MienError):
    """A result cannot be written where it was asked for."""


class BackendError(MienError):
    """A voice, renderer or writer is unknown or cannot be used on this machine."""


class MissingDependency(BackendError):
    """A backend needs a package or a system library that is not installed."""


class CheckpointError(MienError):
    """Weights are absent, foreign, damaged or of another version."""
