"""What goes beside an export: the sound, and a manifest that names files, rate, curves and hashes.

``FILE.manifest.json`` (``hello.glb.manifest.json``) is one object: ``format`` (``"mien-manifest"``), ``version`` (1),
``generator``, ``text``, ``seed``, ``fps``, ``frames``, ``duration_s``, ``sample_rate``, ``rig``, ``names`` (of the
curves, in order) and ``files`` (``name``, ``bytes``, ``sha256`` of each file that was written with it).
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar.export.version import GENERATOR
from avatar.export.wave import write_wav
from avatar.rigs import open_rig
from checkpoints.errors import OutputError
from conditioning.motion import frame_count

if TYPE_CHECKING:
    from avatar.take import Take

__all__ = ["check_beside", "manifest_name", "write_beside"]

_MANIFEST = ".manifest.json"
FORMAT, VERSION = "mien-manifest", 1


def manifest_name(path: Path) -> str:
    """Return the name of the manifest that belongs to a file."""
    return path.name + _MANIFEST


def check_beside(path: Path, suffix: str) -> None:
    """Refuse to replace a sound that is not ours: one without a manifest beside it.

    Raises
    ------
    OutputError
        If there is such a sound.
    """
    stem = _stem(path, suffix)
    sound = path.parent / f"{stem}.wav"
    if suffix == ".wav" or not sound.exists():
        return
    if not any(file.name.startswith(stem) and file.name.endswith(_MANIFEST) for file in path.parent.iterdir()):
        raise OutputError(f"{sound} exists and was not written beside an export; choose another name for {path.name}")


def write_beside(take: Take, draft: Path, suffix: str, writer: Callable[..., None], options: Mapping[str, Any]) -> None:
    """Write the sound and the manifest into the folder of a file that is written already.

    Parameters
    ----------
    take : Take
    draft : Path
        The file, in a folder with nothing else than what belongs to it.
    suffix : str
        Its suffix as the registry has it.
    writer : callable
        What wrote it; its defaults fill in for options.
    options : mapping of str to Any
        What it was written with.
    """
    stem = _stem(draft, suffix)
    if suffix != ".wav":
        write_wav(take, draft.parent / f"{stem}.wav")
    defaults = {name: p.default for name, p in inspect.signature(writer).parameters.items()}
    fps = options.get("fps", defaults.get("fps")) or take.motion.fps
    rig = open_rig(str(options.get("rig", defaults.get("rig", "arkit"))))
    frames = frame_count(take.duration_s, fps) if fps != take.motion.fps else len(take.motion)
    content = {
        "format": FORMAT,
        "version": VERSION,
        "generator": GENERATOR,
        "text": take.text,
        "seed": take.seed,
        "fps": fps,
        "frames": frames,
        "duration_s": take.duration_s,
        "sample_rate": take.speech.sample_rate,
        "rig": rig.name,
        "names": list(rig.controls),
        "files": [_described(file) for file in sorted(draft.parent.iterdir())],
    }
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (draft.parent / manifest_name(draft)).write_text(text + "\n", encoding="utf-8")


def _stem(path: Path, suffix: str) -> str:
    return path.name[: len(path.name) - len(suffix)]


def _described(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {"name": path.name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
