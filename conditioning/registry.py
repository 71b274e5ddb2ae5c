"""Backends by name, imported only when they are asked for.

A registry maps a name to ``"module:attribute"``. Packages outside join through entry points of the registry's group
(such as ``mien.voices``), through the same door as our own.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from checkpoints.errors import BackendError, MissingDependency

__all__ = ["Registry", "nearest"]


def nearest(word: str, words: list[str]) -> str:
    """Return ``"; did you mean X?"`` for the nearest of ``words``, or an empty string.

    Examples
    --------
    >>> nearest("portrai", ["portrait", "mesh"])
    '; did you mean portrait?'
    """
    found = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""


class Registry(Mapping[str, str]):
    """Name → ``"module:attribute"`` for one seam.

    Parameters
    ----------
    kind : str
        What the entries are, for messages: ``"voice"``, ``"renderer"``, ``"writer"``.
    group : str
        Entry-point group of outside packages.
    builtin : mapping of str to str
        Our own backends.
    """

    def __init__(self, kind: str, group: str, builtin: Mapping[str, str]) -> None:
        self.kind = kind
        self.group = group
        self._builtin = dict(builtin)

    def _targets(self) -> dict[str, str]:
        outside = {point.name: point.value for point in entry_points(group=self.group)}
        return {**outside, **self._builtin}

    def __getitem__(self, name: str) -> str:
        return self._targets()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._targets())

    def __len__(self) -> int:
        return len(self._targets())

    def load(self, name: str) -> Any:
        """Import and return the backend called ``name``.

        Raises
        ------
        BackendError
            If there is none of that name.
        MissingDependency
            If a package that it imports is not installed.
        """
        targets = self._targets()
        if name not in targets:
            names = sorted(targets)
            raise BackendError(f"no {self.kind} is called {name!r}; there are {', '.join(names)}{nearest(name, names)}")
        module, _, attribute = targets[name].partition(":")
        try:
            return getattr(import_module(module), attribute)
        except ImportError as error:
            raise MissingDependency(
                f"the {self.kind} {name!r} cannot be imported: {error}; `mien doctor` names the command that mends it"
            ) from error
