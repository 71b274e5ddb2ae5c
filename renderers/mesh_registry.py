"""Heads that a user has registered under a name."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from checkpoints.errors import InputError, OutputError

__all__ = ["HeadEntry", "add_head", "registered", "registry_path"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RESERVED = frozenset({"neutral"})


@dataclass(frozen=True)
class HeadEntry:
    """A registered head.

    Attributes
    ----------
    path : str
        Absolute path of a GLB file or an ICT-FaceKit folder.
    kind : str
        ``"glb"`` or ``"ict"``.
    sha256 : str
        Of the file when it was registered; empty for a folder.
    rename : dict of str to str
        Shape name in the file → ARKit name.
    """

    path: str
    kind: str
    sha256: str = ""
    rename: dict[str, str] = field(default_factory=dict)


def registry_path() -> Path:
    """Return the file that lists heads: ``heads.json`` in ``$XDG_CONFIG_HOME/mien`` or ``~/.config/mien``."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "mien" / "heads.json"


def registered() -> dict[str, HeadEntry]:
    """Return the registered heads by name.

    Raises
    ------
    InputError
        If the list is damaged.
    """
    path = registry_path()
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): HeadEntry(**entry) for name, entry in content["heads"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"the list of heads {path} is damaged ({error}); delete it and add the heads again") from error


def add_head(path: Path, name: str | None = None, rename: dict[str, str] | None = None) -> tuple[str, HeadEntry]:
    """Check a head and register it.

    Parameters
    ----------
    path : Path
        A GLB file with ARKit morph targets, or an ICT-FaceKit folder.
    name : str, optional
        The file's own, without its suffix, by default.
    rename : dict of str to str, optional
        Shape name in the file → ARKit name.

    Raises
    ------
    InputError
        If the name is not possible, or the head cannot be used; the message says what it lacks.
    """
    from renderers.mesh_glb import read_glb
    from renderers.mesh_sources import ict_head

    source = path.expanduser().resolve()
    chosen = name or re.sub(r"[^A-Za-z0-9._-]+", "-", source.stem).strip("-._") or "head"
    if not _NAME.fullmatch(chosen) or chosen in _RESERVED:
        raise InputError(f"the name {chosen!r} is not possible; use letters, digits, '.', '_' and '-'")
    if source.is_dir():
        ict_head(source)
        entry = HeadEntry(str(source), "ict")
    else:
        read_glb(source, rename)
        entry = HeadEntry(str(source), "glb", hashlib.sha256(source.read_bytes()).hexdigest(), dict(rename or {}))
    heads = {**registered(), chosen: entry}
    target = registry_path()
    text = json.dumps({"format": 1, "heads": {key: asdict(value) for key, value in sorted(heads.items())}}, indent=2)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial")
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        raise OutputError(f"cannot write the list of heads {target}: {error.strerror or error}") from error
    return chosen, entry
