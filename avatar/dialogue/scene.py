"""A scene in Python: takes as they finish, for tools that play or post-process them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path

from avatar.dialogue.cast import Cast, read_cast
from avatar.dialogue.perform import take_of
from avatar.dialogue.plan import Settings, plan
from avatar.dialogue.run import WAITING_PER_WORKER, worker_pool
from avatar.dialogue.script import Script, ScriptLine, read_script
from avatar.take import Take

__all__ = ["Scene"]


class Scene:
    """Characters that perform scripts.

    Parameters
    ----------
    cast : Cast or Path
        Who speaks, or the path of a ``cast.toml``.
    settings : Settings
        Language, video rate and size, and whether moods carry over from line to line.
    workers : int
        Processes; 1 performs in this process.

    Examples
    --------
    >>> from avatar.dialogue import Cast, Character, Script, ScriptLine
    >>> scene = Scene(Cast((Character("Mira"),)))
    >>> [take.line.id for take in scene.perform(Script((ScriptLine("m1", "Mira", "Yes."),)))]
    ['m1']
    """

    def __init__(self, cast: Cast | Path, settings: Settings | None = None, *, workers: int = 1) -> None:
        self.cast = cast if isinstance(cast, Cast) else read_cast(cast)
        self.settings = settings or Settings()
        self.workers = workers

    def perform(self, script: Script | Path | Iterable[ScriptLine], *, in_order: bool = True) -> Iterator[Take]:
        """Yield a take for each line; ``take.line.id`` says of which.

        Parameters
        ----------
        script : Script, Path or iterable of ScriptLine
            What is said.
        in_order : bool
            In the script's order, or each as soon as it is done.

        Raises
        ------
        MienError
            If the script names a speaker who is not in the cast, or a line cannot be performed.
        """
        if isinstance(script, Path):
            script = read_script(script)
        elif not isinstance(script, Script):
            script = Script(tuple(script))
        jobs = plan(script, self.cast, self.settings)
        if self.workers == 1:
            yield from map(take_of, jobs)
            return
        with worker_pool(self.workers) as pool:
            waiting: deque[Future[Take]] = deque()
            for job in jobs:
                waiting.append(pool.submit(take_of, job))
                if len(waiting) >= WAITING_PER_WORKER * self.workers:
                    yield _next(waiting, in_order)
            while waiting:
                yield _next(waiting, in_order)

    async def perform_async(
        self, script: Script | Path | Iterable[ScriptLine], *, in_order: bool = True
    ) -> AsyncIterator[Take]:
        """Yield the takes of :meth:`perform` without blocking the event loop."""
        takes = self.perform(script, in_order=in_order)
        while (take := await asyncio.to_thread(next, takes, None)) is not None:
            yield take


def _next(waiting: deque[Future[Take]], in_order: bool) -> Take:
    """Take the first, or the first that is done, out of the queue."""
    if in_order:
        return waiting.popleft().result()
    done = wait(waiting, return_when=FIRST_COMPLETED).done
    future = next(future for future in waiting if future in done)
    waiting.remove(future)
    return future.result()
