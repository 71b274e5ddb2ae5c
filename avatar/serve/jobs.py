"""Jobs in SQLite: what was accepted is done, also after a restart."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

__all__ = ["Job", "JobState", "JobStore", "QueueFull"]

JobState = Literal["queued", "running", "done", "failed", "cancelled"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, state TEXT NOT NULL, request TEXT NOT NULL,
    result TEXT NOT NULL DEFAULT '{}', created_s REAL NOT NULL, changed_s REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, created_s);
"""


class QueueFull(Exception):
    """As many jobs wait as may wait."""


@dataclass(frozen=True)
class Job:
    """One accepted request.

    Attributes
    ----------
    id : str
        Not to be guessed.
    owner : str
        Digest of the key that asked; others do not see the job.
    state : JobState
    request, result : dict
        As the client sent it; files, durations or the error.
    created_s, changed_s : float
        Seconds since the epoch.
    """

    id: str
    owner: str
    state: JobState
    request: dict[str, Any]
    result: dict[str, Any]
    created_s: float
    changed_s: float


class JobStore:
    """The jobs of a server; safe to be used from several threads.

    Parameters
    ----------
    path : Path
        The database file.
    queue_limit : int
        Jobs that may wait.
    """

    def __init__(self, path: Path, queue_limit: int) -> None:
        self._lock = threading.Lock()
        self._limit = queue_limit
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    def add(self, owner: str, request: dict[str, Any]) -> Job:
        """Accept a request; it is on the disk when this returns.

        Raises
        ------
        QueueFull
            If too many wait.
        """
        now_s = time.time()
        job = Job(uuid.uuid4().hex, owner, "queued", request, {}, now_s, now_s)
        with self._change() as db:
            (waiting,) = db.execute("SELECT COUNT(*) FROM jobs WHERE state = 'queued'").fetchone()
            if waiting >= self._limit:
                raise QueueFull
            db.execute(
                "INSERT INTO jobs (id, owner, state, request, created_s, changed_s) VALUES (?, ?, ?, ?, ?, ?)",
                (job.id, owner, job.state, json.dumps(request), now_s, now_s),
            )
        return job

    def get(self, job_id: str) -> Job | None:
        """Return a job, or ``None``."""
        with self._lock:
            row = self._db.execute(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return _job(row) if row else None

    def take(self) -> Job | None:
        """Set the oldest waiting job to running and return it, or ``None`` if none waits."""
        with self._change() as db:
            row = db.execute(
                "UPDATE jobs SET state = 'running', changed_s = ? WHERE id = "
                f"(SELECT id FROM jobs WHERE state = 'queued' ORDER BY created_s LIMIT 1) RETURNING {_COLUMNS}",
                (time.time(),),
            ).fetchone()
        return _job(row) if row else None

    def finish(self, job_id: str, state: JobState, result: dict[str, Any]) -> None:
        """Note how a running job ended; a job that was cancelled meanwhile stays so."""
        with self._change() as db:
            db.execute(
                "UPDATE jobs SET state = ?, result = ?, changed_s = ? WHERE id = ? AND state = 'running'",
                (state, json.dumps(result), time.time(), job_id),
            )

    def cancel(self, job_id: str) -> bool:
        """Cancel a job that is not finished; return whether it was."""
        with self._change() as db:
            changed = db.execute(
                "UPDATE jobs SET state = 'cancelled', changed_s = ? WHERE id = ? AND state IN ('queued', 'running')",
                (time.time(), job_id),
            )
            return changed.rowcount > 0

    def requeue_running(self) -> int:
        """Put jobs that were cut off by a stop back into the queue; return how many."""
        with self._change() as db:
            return db.execute("UPDATE jobs SET state = 'queued' WHERE state = 'running'").rowcount

    def remove_finished(self, before_s: float) -> list[str]:
        """Forget finished jobs that have not changed since ``before_s``; return their ids."""
        with self._change() as db:
            rows = db.execute(
                "DELETE FROM jobs WHERE changed_s < ? AND state IN ('done', 'failed', 'cancelled') RETURNING id",
                (before_s,),
            ).fetchall()
        return [job_id for (job_id,) in rows]

    def counts(self) -> dict[str, int]:
        """Return how many jobs are in each state."""
        with self._lock:
            return dict(self._db.execute("SELECT state, COUNT(*) FROM jobs GROUP BY state").fetchall())

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """Hold the lock and a transaction."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            yield self._db


_COLUMNS = "id, owner, state, request, result, created_s, changed_s"


def _job(row: tuple[Any, ...]) -> Job:
    job_id, owner, state, request, result, created_s, changed_s = row
    return Job(job_id, owner, state, json.loads(request), json.loads(result), created_s, changed_s)
