"""Long work, seen by whoever watches: what takes the time goes through it part by part, and prints nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

__all__ = ["watched", "watching"]

Part = TypeVar("Part")

_watcher: ContextVar[Callable[[Sequence[Any]], Iterable[Any]]] = ContextVar("watcher", default=iter)


def watched(parts: Sequence[Part]) -> Iterable[Part]:
    """Return the parts of a work in order, seen by the watcher if there is one."""
    return _watcher.get()(parts)


@contextmanager
def watching(watcher: Callable[[Sequence[Any]], Iterable[Any]]) -> Iterator[None]:
    """Let a watcher see all work of this thread: it is given the parts and yields them, such as ``tqdm``.

    Examples
    --------
    >>> def count(parts):
    ...     for number, part in enumerate(parts, start=1):
    ...         print(number, "of", len(parts))
    ...         yield part
    >>> with watching(count):
    ...     spoken = [text.upper() for text in watched(["yes", "no"])]
    1 of 2
    2 of 2
    >>> spoken
    ['YES', 'NO']
    """
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)
