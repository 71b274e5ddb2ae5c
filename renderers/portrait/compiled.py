"""Loops compiled by numba, kept on disk between runs where a folder can be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

__all__ = ["compiled"]

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function on its first call.

    numba keeps the result beside the source or in the user's cache folder. Where neither can be written (a
    read-only container) it refuses; then the function is compiled anew in every run, a second or two.
    """
    try:
        return cast(F, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast(F, numba.njit(nogil=True)(function))
