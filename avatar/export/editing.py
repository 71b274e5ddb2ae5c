"""Edit a performance: cut it, mix it with another, take some shapes from another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from checkpoints.errors import InputError
from conditioning import ARKIT_INDEX, ARKIT_NAMES, Motion
from conditioning.registry import nearest

__all__ = ["cut", "mixed"]


def cut(motion: Motion, start_s: float, end_s: float) -> Motion:
    """Return the part between two times.

    Raises
    ------
    InputError
        If no frame lies between them.
    """
    first, last = max(0, round(start_s * motion.fps)), min(len(motion), round(end_s * motion.fps))
    if first >= last:
        raise InputError(f"nothing lies between {start_s:g} and {end_s:g} s of a motion of {motion.duration_s:.3f} s")
    return Motion(
        motion.fps, motion.weights[first:last], motion.head_rotation[first:last], motion.eye_rotation[first:last]
    )


def mixed(ours: Motion, theirs: Motion, share: float = 1.0, names: Iterable[str] | None = None) -> Motion:
    """Return a motion with a share of another in it.

    Parameters
    ----------
    ours : Motion
        Gives the rate and the length.
    theirs : Motion
        Resampled to both.
    share : float
        Of theirs, from 0 to 1.
    names : iterable of str, optional
        Shapes to take, and ``"head"`` and ``"eyes"``; all by default.
    """
    if not 0.0 <= share <= 1.0:
        raise InputError(f"share={share} is not allowed; it runs from 0 (ours) to 1 (theirs)")
    allowed = [*ARKIT_NAMES, "head", "eyes"]
    chosen = set(allowed if names is None else names)
    for name in sorted(chosen - set(allowed)):
        raise InputError(f"no shape is called {name!r}{nearest(name, allowed)}")
    other = theirs.resample(ours.fps, ours.duration_s)
    columns = np.array([share if name in chosen else 0.0 for name in ARKIT_INDEX], np.float32)
    head, eyes = (share if part in chosen else 0.0 for part in ("head", "eyes"))
    return replace(
        ours,
        weights=ours.weights + columns * (other.weights - ours.weights),
        head_rotation=ours.head_rotation + np.float32(head) * (other.head_rotation - ours.head_rotation),
        eye_rotation=ours.eye_rotation + np.float32(eyes) * (other.eye_rotation - ours.eye_rotation),
    )
