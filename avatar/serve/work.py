"""Worker processes that take jobs from the store."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from pathlib import Path
from typing import Any

from avatar.dialogue.run import MAX_CRASHES, worker_pool
from avatar.serve.config import ServeConfig
from avatar.serve.jobs import Job, JobStore
from checkpoints.errors import InputError, MienError

__all__ = ["Workers", "avatar_of", "perform_request", "portrait_path"]

#: On shutdown, running jobs get this long to finish; then they are put back into the queue.
GRACE_S = 20.0
_TIDY_EVERY_S = 60.0


class Workers:
    """Perform the jobs of a store until stopped.

    Parameters
    ----------
    config : ServeConfig
        Number of processes, time limits and the folder.
    store : JobStore
        Where the jobs are.
    on_taken : callable
        Called with the seconds that a job waited when a worker takes it.
    """

    def __init__(
        self, config: ServeConfig, store: JobStore, on_taken: Callable[[float], object] = lambda waited_s: None
    ) -> None:
        self._config = config
        self._store = store
        self._on_taken = on_taken
        self._wake = asyncio.Event()
        self._stopping = False
        self._finished: dict[str, asyncio.Event] = {}
        self._pool = worker_pool(config.workers)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Take up what an earlier run left, and go on with what comes."""
        self._store.requeue_running()
        self._wake.set()
        self._tasks = [asyncio.create_task(self._serve()) for _ in range(self._config.workers)]
        self._tasks.append(asyncio.create_task(self._tidy()))

    def notify(self, job_id: str) -> asyncio.Event:
        """Say that a job waits; the event that is returned is set when it is finished."""
        event = self._finished.setdefault(job_id, asyncio.Event())
        self._wake.set()
        return event

    async def cancel(self, job_id: str) -> bool:
        """Cancel a job that is not finished, and tell who waits for it; return whether it was."""
        cancelled = await asyncio.to_thread(self._store.cancel, job_id)
        self._tell(job_id)
        return cancelled

    async def stop(self) -> None:
        """Let running jobs finish within the grace time, and put the others back into the queue."""
        self._stopping = True
        self._wake.set()
        _, late = await asyncio.wait(self._tasks[:-1], timeout=GRACE_S) if self._tasks else (set(), set())
        for task in (*late, *self._tasks[-1:]):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._store.requeue_running()
        self._pool.shutdown(wait=not late, cancel_futures=True)

    async def _serve(self) -> None:
        while not self._stopping:
            job = await asyncio.to_thread(self._store.take)
            if job is None:
                self._wake.clear()
                # The time-out takes up jobs that another process put into the store.
                try:
                    await asyncio.wait_for(self._wake.wait(), timeout=1.0)
                except TimeoutError:
                    continue
            else:
                self._on_taken(time.time() - job.created_s)
                await self._perform(job)

    async def _perform(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        folder = self._config.folder / "files" / job.id
        result: dict[str, Any] = {"error": f"the worker process died {MAX_CRASHES} times"}
        for _ in range(MAX_CRASHES):  # A job beside the one that took the workers down is innocent, and gets its turn.
            pool = self._pool
            try:
                call = loop.run_in_executor(pool, perform_request, job.request, self._config.portraits, folder)
                result = await asyncio.wait_for(call, timeout=self._config.job_timeout_s)
                break
            except TimeoutError:
                result = {"error": f"the line took longer than {self._config.job_timeout_s:g} s"}
                break
            except BrokenProcessPool:
                if self._pool is pool:
                    self._pool = worker_pool(self._config.workers)
        await asyncio.to_thread(self._store.finish, job.id, "failed" if "error" in result else "done", result)
        self._tell(job.id)

    def _tell(self, job_id: str) -> None:
        """Wake who waits for a job."""
        if event := self._finished.pop(job_id, None):
            event.set()

    async def _tidy(self) -> None:
        """Remove what is older than it is kept."""
        while True:
            for job_id in await asyncio.to_thread(self._store.remove_finished, time.time() - self._config.keep_s):
                shutil.rmtree(self._config.folder / "files" / job_id, ignore_errors=True)
            await asyncio.sleep(_TIDY_EVERY_S)


def perform_request(request: dict[str, Any], portraits: Path | None, folder: Path) -> dict[str, Any]:
    """Perform a line in a worker process; errors come back as ``{"error": …}``."""
    try:
        portrait = portrait_path(request.get("portrait"), portraits)
        take = avatar_of(portrait, *(request[key] for key in ("voice", "speaker", "rate", "pitch_st"))).say(
            request["text"], request["emotion"], seed=request["seed"], language=request["language"]
        )
        folder.mkdir(parents=True, exist_ok=True)
        names = [f"line.{suffix}" for suffix in dict.fromkeys(request["formats"])]
        for name in names:
            take.save(folder / name)
    except (MienError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        return {"error": str(error)}
    return {"files": names, "duration_s": take.duration_s}


def portrait_path(name: str | None, portraits: Path | None) -> Path | None:
    """Return the picture that a request names, from the server's folder only.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name is None:
        return None
    allowed = {path.name: path for path in portraits.iterdir() if path.is_file()} if portraits else {}
    if name not in allowed:
        known = ", ".join(sorted(allowed)[:20]) or "none"
        raise InputError(f"the server has no portrait {name!r}; it has: {known}")
    return allowed[name]


@lru_cache(maxsize=16)
def avatar_of(portrait: Path | None, voice: str | None, speaker: str | None, rate: float, pitch_st: float) -> Any:
    """Return the avatar of a request; a process keeps those that it used last."""
    from avatar.avatar import DEFAULT_VOICE, Avatar
    from conditioning import Delivery

    delivery = Delivery(rate=rate, pitch_st=pitch_st)
    return Avatar(portrait=portrait, voice=voice or DEFAULT_VOICE, speaker=speaker, delivery=delivery)
