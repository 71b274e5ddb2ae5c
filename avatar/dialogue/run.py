"""A whole script on one machine or many: workers, resume, and what to do when one is lost."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from avatar.dialogue.journal import Journal, Record, is_finished
from avatar.dialogue.perform import identity, perform
from avatar.dialogue.plan import Job

__all__ = ["MAX_CRASHES", "WAITING_PER_WORKER", "Outcome", "default_workers", "run", "worker_pool"]

#: Jobs that wait at a worker: enough that none idles, few enough that memory stays flat on a long script.
WAITING_PER_WORKER = 2
#: A line that takes its worker down this many times is given up.
MAX_CRASHES = 2


@dataclass(frozen=True)
class Outcome:
    """What a run did.

    Attributes
    ----------
    records : list of dict
        Of the manifest, in the script's order.
    rendered, kept, failed : int
        Lines made now, made before, and not made.
    """

    records: list[Record]
    rendered: int
    kept: int
    failed: int


def default_workers() -> int:
    """Return one worker for each core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    jobs: list[Job],
    folder: Path,
    *,
    script: str = "",
    workers: int | None = None,
    ray_address: str | None = None,
    keep_others: bool = False,
    on_done: Callable[[int], object] = lambda count: None,
) -> Outcome:
    """Perform the jobs that are not finished, and write the manifest.

    Parameters
    ----------
    jobs : list of Job
        In the script's order.
    folder : Path
        Where the files go.
    script : str
        Name of the script in the manifest; scripts that share the folder keep their records.
    workers : int, optional
        Processes; one for each core by default. With Ray: tasks at a time, by default as many as it has cores.
    ray_address : str, optional
        Of a Ray cluster (``"local"`` starts one here) instead of processes.
    keep_others : bool
        Whether the manifest keeps the lines of earlier runs that are not among the jobs.
    on_done : callable
        Called with the number of lines that were finished since the last call.

    Raises
    ------
    OutputError
        If the folder cannot be written or is held by another run.
    """
    with Journal(folder, script) as journal:
        _warn_of_shared_ids(journal, jobs)
        open_jobs = [job for job in jobs if not is_finished(job, journal.records, folder)]
        source = (
            perform_on_ray(open_jobs, folder, ray_address, workers)
            if ray_address
            else perform_here(open_jobs, folder, workers)
        )
        on_done(len(jobs) - len(open_jobs))
        failed = 0
        for record in source:
            journal.add(record)
            failed += "error" in record
            on_done(1)
        records = journal.close_with(jobs, keep_others=keep_others)
    return Outcome(records, len(open_jobs) - failed, len(jobs) - len(open_jobs), failed)


def _warn_of_shared_ids(journal: Journal, jobs: list[Job]) -> None:
    taken = journal.replaced_by(jobs)
    if taken:
        scripts = ", ".join(sorted({str(record["script"]) for record in taken}))
        warnings.warn(
            f"lines of {scripts} in {journal.folder} are replaced, {len(taken)} in all, {taken[0]['line_id']!r} first: "
            "their ids are the same; give lines ids of their own, or each script a folder",
            stacklevel=3,
        )


def perform_here(jobs: list[Job], folder: Path, workers: int | None = None) -> Iterator[Record]:
    """Yield records as worker processes finish; a lost worker's lines are taken up by new ones."""
    count = max(1, min(workers or default_workers(), len(jobs)))
    waiting = list(reversed(jobs))
    while waiting:
        under_way: dict[Future[Record], Job] = {}
        with worker_pool(count) as pool, suppress(BrokenProcessPool):
            while waiting or under_way:
                while waiting and len(under_way) < WAITING_PER_WORKER * count:
                    under_way[pool.submit(perform, waiting[-1], folder)] = waiting[-1]
                    waiting.pop()  # Only now: a pool that has just broken takes no line.
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    record = future.result()
                    del under_way[future]
                    yield record
        yield from (_perform_alone(job, folder) for job in under_way.values())


def _perform_alone(job: Job, folder: Path) -> Record:
    """Perform a line that was under way when a worker died: alone, so that only the culprit is blamed."""
    for _ in range(MAX_CRASHES):
        with worker_pool(1) as pool, suppress(BrokenProcessPool):
            return pool.submit(perform, job, folder).result()
    return _crash_record(job, "the worker process died")


def worker_pool(workers: int) -> ProcessPoolExecutor:
    """Return a pool of clean processes: forked ones would share the parent's threads and locks.

    Each computes with one thread, as a Ray task does: the order of sums, and so the last bit, is then the same.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # Read by a process when it starts; this one has started long ago.
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_be_a_worker)


def perform_on_ray(jobs: list[Job], folder: Path, address: str, workers: int | None = None) -> Iterator[Record]:
    """Yield records as Ray tasks finish; Ray itself starts a lost task anew."""
    import ray

    ray.init(address=None if address == "local" else address, include_dashboard=False, log_to_driver=False)
    try:
        task = ray.remote(max_retries=MAX_CRASHES)(perform)
        limit = WAITING_PER_WORKER * (workers or int(ray.cluster_resources().get("CPU", 1)))
        waiting = list(reversed(jobs))
        under_way: dict[Any, Job] = {}
        while waiting or under_way:
            while waiting and len(under_way) < limit:
                job = waiting.pop()
                under_way[task.remote(job, folder)] = job
            done, _ = ray.wait(list(under_way), num_returns=1)
            for reference in done:
                job = under_way.pop(reference)
                yield _ray_result(ray, reference, job)
    finally:
        ray.shutdown()


def _ray_result(ray: Any, reference: Any, job: Job) -> Record:
    try:
        record: Record = ray.get(reference)
    except ray.exceptions.RayError as error:
        record = _crash_record(job, type(error).__name__)
    return record


def _crash_record(job: Job, reason: str) -> Record:
    return {**identity(job), "error": f"{reason} on this line {MAX_CRASHES} times", "warnings": []}


def _be_a_worker() -> None:
    """Leave Ctrl-C to the parent."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
