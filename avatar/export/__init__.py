"""Writers: a take into a file of an engine's format, picked by the file's suffix.

A writer is a function ``write(take, path, **options)`` in a file of its own; :data:`WRITERS` names it.
It writes the path that it is given and nothing outside that path's folder; :func:`write` gives it a
place beside the target and moves the result when it is whole. Outside packages add writers through the
entry-point group ``mien.writers``, with the suffix as the name.
"""

from __future__ import annotations

import inspect
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar.export.targets import check_folder, write_whole
from checkpoints.errors import InputError, OutputError
from conditioning.registry import Registry, nearest

if TYPE_CHECKING:
    from avatar.take import Take

__all__ = ["VIDEO_SUFFIXES", "WRITERS", "check_target", "options_of", "suffix_of", "write"]

#: Suffix → "module:function". A longer suffix goes before a shorter one: ``.a2f.json`` before ``.json``.
WRITERS = Registry(
    "writer",
    "mien.writers",
    {
        ".mp4": "avatar.export.video:write_mp4",
        ".webm": "avatar.export.video:write_webm",
        ".gif": "avatar.export.video:write_gif",
        ".png.zip": "avatar.export.video:write_png_zip",
        ".wav": "avatar.export.wave:write_wav",
        ".json": "avatar.export.take_json:write_json",
        ".glb": "avatar.export.gltf:write_glb",
        ".gltf": "avatar.export.gltf:write_gltf",
        ".csv": "avatar.export.live_link:write_csv",
        ".anim": "avatar.export.unity:write_anim",
        ".tres": "avatar.export.godot:write_tres",
        ".usda": "avatar.export.usd:write_usd",
        ".usdc": "avatar.export.usd:write_usd",
        ".usdz": "avatar.export.usd:write_usdz",
        ".vrma": "avatar.export.vrma:write_vrma",
        ".unreal.csv": "avatar.export.curve_tables:write_unreal_csv",
        ".curves.csv": "avatar.export.curve_tables:write_curves_csv",
        ".a2f.json": "avatar.export.curve_tables:write_a2f",
        ".npz": "avatar.export.curve_tables:write_npz",
        ".png": "avatar.plot:write_png",
    },
)

#: Writers that need a picture of a face.
VIDEO_SUFFIXES = frozenset({".mp4", ".webm", ".gif", ".png.zip"})


def suffix_of(path: Path) -> str:
    """Return the longest known suffix that a file's name ends with, in lower case.

    Raises
    ------
    OutputError
        If no writer knows the suffix.
    """
    name = path.name.lower()
    known = sorted(WRITERS, key=len, reverse=True)
    for suffix in known:
        if name.endswith(suffix) and len(name) > len(suffix):
            return suffix
    allowed = sorted(known)
    found = path.suffix.lower()
    what = f"{path.name!r} has the unknown suffix {found!r}" if found else f"{path.name!r} has no suffix"
    raise OutputError(f"{what}; it picks the format: {' '.join(allowed)}{nearest(found, allowed)}")


def check_target(path: Path) -> str:
    """Check a target before the work: a known suffix, a folder that exists and can be written.

    Returns
    -------
    str
        The suffix.

    Raises
    ------
    OutputError
        If the file could not be written.
    """
    suffix = suffix_of(path)
    check_folder(path)
    return suffix


def options_of(path: Path) -> list[str]:
    """Return the options that the writer of a file's suffix takes.

    Raises
    ------
    OutputError
        If no writer knows the suffix.
    """
    return list(inspect.signature(WRITERS.load(suffix_of(path))).parameters)[2:]


def write(take: Take, path: Path | str, *, beside: bool = False, **options: Any) -> None:
    """Write a take; the suffix picks the format.

    Parameters
    ----------
    take : Take
        What was said.
    path : Path
        Target. A file of that name is replaced, but only by a whole one.
    beside : bool
        Whether to write the sound and a manifest (rate, curves, hashes) beside it.
    **options
        Of the format; see its writer.

    Raises
    ------
    OutputError
        If the target cannot be written or the suffix is unknown.
    InputError
        If an option is unknown to the format.
    """
    target = Path(path)
    suffix = check_target(target)
    writer = WRITERS.load(suffix)
    allowed = options_of(target)
    for name in options:
        if name not in allowed:
            has = f"it has {', '.join(allowed)}" if allowed else "it has none"
            raise InputError(f"{suffix} has no option {name!r}; {has}{nearest(name, allowed)}")
    if not beside:
        write_whole(target, partial(writer, take, **options))
        return
    from avatar.export.beside import check_beside, write_beside

    check_beside(target, suffix)

    def job(draft: Path) -> None:
        writer(take, draft, **options)
        write_beside(take, draft, suffix, writer, options)

    write_whole(target, job)
