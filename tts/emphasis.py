"""Words that a writer marks: ``*italics*``, ``_italics_``, ``**bold**``."""

from __future__ import annotations

import re

__all__ = ["marked_ranges"]

#: Markdown's emphasis (CommonMark 0.31, section 6.2, without nesting): marks hug the words and stand outside them.
_MARKED = re.compile(
    r"(?<![\w*])(\*{1,3})(?=[^\s*])(.+?)(?<=[^\s*])\1(?![\w*])"
    r"|(?<!\w)(_{1,3})(?=[^\s_])(.+?)(?<=[^\s_])\3(?!\w)"
)


def marked_ranges(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of what stands between marks of emphasis.

    Examples
    --------
    >>> [("You *came* back, 2 * 3 * 4, snake_case_name")[slice(*where)] for where in marked_ranges(
    ...     "You *came* back, 2 * 3 * 4, snake_case_name")]
    ['came']
    """
    return [match.span(2) if match[2] else match.span(4) for match in _MARKED.finditer(text)]
