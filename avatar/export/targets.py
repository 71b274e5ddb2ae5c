"""Where a result goes: checks before the work, whole files or none after it."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from checkpoints.errors import OutputError

__all__ = ["DRAFT_SUFFIX", "check_folder", "write_text", "write_whole"]

#: Folders of files in the making end so; one that a killed process left behind may be removed.
DRAFT_SUFFIX = ".partial"


def check_folder(path: Path) -> None:
    """Refuse a target that cannot be written, before any work is done.

    Parameters
    ----------
    path : Path
        The file to be.

    Raises
    ------
    OutputError
        If its folder does not exist or is not writable, or the target is a folder or a read-only file.
    """
    folder = path.parent
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of a file in it")
    if not folder.exists():
        raise OutputError(f"the folder {folder} does not exist; make it first or choose another")
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file, not a folder; choose another place for {path.name}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"the folder {folder} is not writable; choose another place for {path.name}")
    if path.exists() and not os.access(path, os.W_OK):
        raise OutputError(f"{path} exists and is read-only; choose another name or make it writable")


def write_whole(path: Path, job: Callable[[Path], object]) -> None:
    """Run a job that writes a file, and show the file only when it is whole.

    The job writes into a new folder beside the target, under the target's own name. What lies in that
    folder afterwards (the file, and any that the job wrote beside it) is moved into place; if the job fails
    or is interrupted, nothing remains.

    Parameters
    ----------
    path : Path
        The target; an existing file is replaced.
    job : callable
        Takes the path to write.

    Raises
    ------
    OutputError
        If the target cannot be written.
    """
    check_folder(path)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name[:80]}.", suffix=DRAFT_SUFFIX, dir=path.parent) as folder:
            draft = Path(folder) / path.name
            job(draft)
            finished = sorted(Path(folder).iterdir(), key=lambda file: file == draft)
            for file in finished:
                file.replace(path.parent / file.name)
    except OSError as error:
        raise OutputError(f"cannot write {path.name} in {path.parent}: {_reason(error)}") from error


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text; see :func:`write_whole`."""
    write_whole(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def _reason(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk is full; free some space or choose another folder"
    if error.errno == errno.ENAMETOOLONG:
        return "the name is too long; choose a shorter one"
    return (error.strerror or str(error)).lower()
