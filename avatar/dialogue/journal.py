"""What a run has finished: a journal while it goes on, a manifest at its end.

The journal ``.mien-journal.jsonl`` gets one line for each finished job, written through to the disk, so that a run
which is stopped anywhere knows what it has. The manifest ``manifest.jsonl`` is written whole at the end, in the
script's order, and holds nothing that differs from run to run: a run that was stopped and taken up again leaves
the same bytes as one that was not. Scripts may share a folder: each record says of which script it is, and a run
replaces those of its own.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from avatar.dialogue.plan import Job
from avatar.export.targets import DRAFT_SUFFIX, write_text
from checkpoints.errors import OutputError

__all__ = ["MANIFEST", "Journal", "Record", "is_finished", "read_records"]

MANIFEST = "manifest.jsonl"
JOURNAL = ".mien-journal.jsonl"
LOCK = ".mien-lock"

Record = dict[str, Any]


class Journal:
    """The records of one folder, held by one run at a time.

    Parameters
    ----------
    folder : Path
        The run's folder; it is made if need be.
    script : str
        Name of the script; records that name none are taken for its own.

    Raises
    ------
    OutputError
        If the folder cannot be made, or another run holds it.
    """

    def __init__(self, folder: Path, script: str = "") -> None:
        from filelock import FileLock, Timeout

        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot make the folder {folder}: {error.strerror}; choose another") from error
        self.folder = folder
        self.script = script
        self._lock = FileLock(folder / LOCK)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise OutputError(f"another run is writing into {folder}; wait for it or choose another folder") from None
        for leftover in folder.glob(f"**/*{DRAFT_SUFFIX}"):
            shutil.rmtree(leftover, ignore_errors=True)
        known = {**read_records(folder / MANIFEST), **read_records(folder / JOURNAL)}
        self.records = {fingerprint: {"script": script} | record for fingerprint, record in known.items()}
        self._file = (folder / JOURNAL).open("a", encoding="utf-8")

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # What a full disk did not take was complained of already.
            self._file.close()
        self._lock.release()
        (self.folder / LOCK).unlink(missing_ok=True)

    def add(self, record: Record) -> None:
        """Note a finished job; it is on the disk when this returns.

        Raises
        ------
        OutputError
            If the disk is full or gone.
        """
        record = record | {"script": self.script}
        self.records[record["fingerprint"]] = record
        try:
            self._file.write(_as_line(record))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise OutputError(
                f"cannot note a finished line in {self.folder}: {error.strerror}; make room and start again: "
                "the run goes on where it was"
            ) from error

    def close_with(self, jobs: Iterable[Job], *, keep_others: bool = False) -> list[Record]:
        """Write the manifest of ``jobs`` in their order, drop the journal, and return its records.

        Other scripts keep their records; with ``keep_others`` so do lines of this script that are not among the jobs,
        and all their places.
        """
        done = (self.records[job.fingerprint] for job in jobs if job.fingerprint in self.records)
        ours = _by_line(record | {"script": self.script} for record in done)
        if keep_others:
            ours = _by_line(record for record in self.records.values() if record["script"] == self.script) | ours
        others = self._of_other_scripts()
        records = [*(record for key, record in others.items() if key not in ours), *ours.values()]
        records.sort(key=lambda record: str(record["script"]))
        write_text(self.folder / MANIFEST, "".join(map(_as_line, records)))
        self._file.close()
        (self.folder / JOURNAL).unlink(missing_ok=True)
        return records

    def _of_other_scripts(self) -> dict[tuple[str, str], Record]:
        return _by_line(record for record in self.records.values() if record["script"] != self.script)

    def replaced_by(self, jobs: Iterable[Job]) -> list[Record]:
        """Return the records of other scripts that have the language and the id of a job, but are not the same."""
        others = self._of_other_scripts()
        same = ((others.get((job.language, job.line.line_id)), job.fingerprint) for job in jobs)
        return [record for record, fingerprint in same if record and record["fingerprint"] != fingerprint]


def is_finished(job: Job, records: Mapping[str, Record], folder: Path) -> bool:
    """Tell whether a job was done before and its files are still there, with their sizes."""
    record = records.get(job.fingerprint)
    if record is None or "error" in record or set(record.get("files", ())) != set(job.files):
        return False
    return all(_size(folder / name) == facts["bytes"] for name, facts in record["files"].items())


def _by_line(records: Iterable[Record]) -> dict[tuple[str, str], Record]:
    return {(record["language"], record["line_id"]): record for record in records}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def read_records(path: Path) -> dict[str, Record]:
    """Return the records of a file by fingerprint; a last line cut off by a power failure is passed over."""
    if not path.exists():
        return {}
    records: dict[str, Record] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
            records[record["fingerprint"]] = record
        except (ValueError, KeyError, TypeError):
            continue
    return records


def _as_line(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False, sort_keys=True) + "\n"
