"""Match the shape names of a file to ARKit's, without guessing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from checkpoints.errors import InputError
from conditioning import ARKIT_INDEX, ARKIT_NAMES
from conditioning.registry import nearest

__all__ = ["match_names", "suggestions"]

#: With fewer shapes than this a head cannot speak.
_ENOUGH = 10
#: A mouth cannot do without.
_NEEDED = ("jawOpen",)
_PATTERN = re.compile(r"[^a-z0-9]")


def match_names(found: Sequence[str], rename: Mapping[str, str], source: str) -> dict[str, str]:
    """Return name in the file → ARKit name for the shapes that a head has.

    Only exact names count (Apple's camelCase, or Live Link's PascalCase), and those renamed by the user.

    Parameters
    ----------
    found : sequence of str
        Names in the file.
    rename : mapping of str to str
        Given by the user.
    source : str
        For messages.

    Raises
    ------
    InputError
        If a renaming is wrong, two names mean one shape, or too few are ARKit's.
    """
    for old, new in rename.items():
        if old not in found:
            raise InputError(f"{source} has no shape {old!r} to rename{nearest(old, list(found))}")
        if new not in ARKIT_INDEX:
            raise InputError(f"{new!r} is no ARKit shape{nearest(new, list(ARKIT_NAMES))}")
    names: dict[str, str] = {}
    for name in found:
        own = rename.get(name, name[:1].lower() + name[1:])
        if own in ARKIT_INDEX:
            names[name] = own
    twice = [name for name, own in names.items() if list(names.values()).count(own) > 1]
    if twice:
        raise InputError(f"{source}: {' and '.join(map(repr, twice[:2]))} would both be {names[twice[0]]}; rename one")
    missing = [name for name in _NEEDED if name not in names.values()]
    if len(names) < _ENOUGH or missing:
        near = suggestions([name for name in found if name not in names])
        told = "; nearest: " + ", ".join(f"{old} → {new}" for old, new in list(near.items())[:6]) if near else ""
        raise InputError(
            f"{source} has {len(names)} of ARKit's 52 shapes by name and {len(found)} in all{told}; "
            "give the names that are meant: --rename OLD=NEW"
        )
    return names


def suggestions(names: Sequence[str]) -> dict[str, str]:
    """Return for foreign names the ARKit name that each resembles, for a person to confirm.

    Examples
    --------
    >>> suggestions(["eyeBlink_L", "Mouth_Smile_R", "Tail_Wag"])
    {'eyeBlink_L': 'eyeBlinkLeft', 'Mouth_Smile_R': 'mouthSmileRight'}
    """
    plain = {_PATTERN.sub("", name.lower()): name for name in ARKIT_NAMES}
    near: dict[str, str] = {}
    for name in names:
        spelt = re.sub(r"[._\- ]l$", "left", name.lower())
        spelt = _PATTERN.sub("", re.sub(r"[._\- ]r$", "right", spelt))
        found = difflib.get_close_matches(spelt, list(plain), n=1, cutoff=0.75)
        if found:
            near[name] = plain[found[0]]
    return near
