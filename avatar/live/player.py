"""Send frames at their time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from avatar.live.frames import Header, LiveFrame, frames_of, frames_of_chunks
from avatar.live.targets import Sender, open_sender
from avatar.stream import Chunk
from avatar.take import Take
from checkpoints.errors import InputError

__all__ = ["Report", "play", "stream"]

#: A frame that is made later than this stops the clock; one that only the system held up catches up.
_MAX_LATE_S = 0.1
#: The system may wake us this much late; the last stretch is waited for in small steps.
_WAKE_S = 0.002


@dataclass(frozen=True)
class Report:
    """How a stream went.

    Attributes
    ----------
    frames : int
        Sent.
    late_p99_ms, late_max_ms : float
        How much later than its time a frame left: the 99th percentile and the worst.
    waits : int
        How often the frames were not there in time and the clock stood still.
    """

    frames: int
    late_p99_ms: float
    late_max_ms: float
    waits: int


async def play(
    frames: Iterable[LiveFrame], header: Header, senders: Sequence[Sender], *, wait_s: float = 0.0
) -> Report:
    """Send frames to all senders, each at ``index / fps`` after the first.

    Frames may be made while they are played: they are drawn from their iterator in a thread of its own.

    Parameters
    ----------
    frames : iterable of LiveFrame
    header : Header
    senders : sequence of Sender
        Opened here, and closed even if something fails.
    wait_s : float
        Receivers may connect for this long before the first frame.
    """
    opened: list[Sender] = []
    try:
        for sender in senders:
            await sender.open(header)
            opened.append(sender)
        await asyncio.sleep(wait_s)
        return await _paced(iter(frames), header, senders)
    finally:
        for sender in opened:
            await sender.close()


async def _paced(frames: Iterator[LiveFrame], header: Header, senders: Sequence[Sender]) -> Report:
    lateness: list[float] = []
    waits = 0
    ready: asyncio.Queue[LiveFrame | None] = asyncio.Queue(maxsize=max(2, int(header.fps)))
    with ThreadPoolExecutor(1, thread_name_prefix="mien-live") as pool:
        feeder = asyncio.create_task(_feed(frames, ready, pool))
        try:
            starved = False
            frame = await ready.get()
            start_s = time.perf_counter() - (frame.index / header.fps if frame else 0.0)
            while frame is not None:
                due_s = start_s + frame.index / header.fps
                late_s = time.perf_counter() - due_s
                if starved and late_s > _MAX_LATE_S:
                    start_s, due_s, waits = start_s + late_s, due_s + late_s, waits + 1
                await _sleep_until(due_s)
                lateness.append(time.perf_counter() - due_s)
                for sender in senders:
                    sender.send(frame)
                starved = ready.empty()
                frame = await ready.get()
            await _sleep_until(start_s + (len(lateness)) / header.fps)
            await feeder
        finally:
            feeder.cancel()
    times = np.array(lateness or [0.0]) * 1000.0
    return Report(len(lateness), float(np.percentile(times, 99)), float(times.max()), waits)


async def _feed(frames: Iterator[LiveFrame], ready: asyncio.Queue[LiveFrame | None], pool: ThreadPoolExecutor) -> None:
    """Draw frames in a thread, several at a time, and queue them."""
    loop = asyncio.get_running_loop()
    try:
        while True:
            batch = await loop.run_in_executor(pool, _draw, frames)
            for frame in batch:
                await ready.put(frame)
            if not batch:
                return
    finally:
        await ready.put(None)


def _draw(frames: Iterator[LiveFrame], count: int = 12) -> list[LiveFrame]:
    batch = []
    for frame in frames:
        batch.append(frame)
        if len(batch) == count:
            break
    return batch


async def _sleep_until(due_s: float) -> None:
    while (left_s := due_s - time.perf_counter()) > 0:
        await asyncio.sleep(left_s - _WAKE_S if left_s > 2 * _WAKE_S else min(left_s, _WAKE_S / 8))


def stream(
    source: Take | Iterable[Chunk],
    to: str | Sequence[str],
    *,
    fps: float = 60.0,
    subject: str = "Mien",
    rig: str | None = None,
    head: str | None = None,
    wait_s: float = 0.0,
) -> Report:
    """Send a take, or the chunks of a stream, to receivers, and return when the sound is over.

    Parameters
    ----------
    source : Take or iterable of Chunk
    to : str or sequence of str
        Addresses: ``livelink://HOST``, ``vmc://HOST``, ``ws://HOST``.
    fps : float
        Frames a second of a take; chunks keep their own.
    subject : str
        The character's name, as receivers list it.
    rig : str, optional
        Of VMC and WebSocket receivers; ARKit by default.
    head : str, optional
        Which head the WebSocket's page shows; the take's portrait by default.
    wait_s : float
        Receivers may connect for this long before the first frame.

    Raises
    ------
    InputError
        If an address or the rate is not possible, or a port is in use.
    """
    if not 1.0 <= fps <= 240.0:
        raise InputError(f"fps={fps:g} is not possible live; it runs from 1 to 240")
    addresses = [to] if isinstance(to, str) else list(to)
    if not addresses:
        raise InputError("no receiver; give livelink://HOST, vmc://HOST or ws://HOST")
    if isinstance(source, Take):
        header = Header(fps, source.speech.sample_rate, subject)
        frames: Iterable[LiveFrame] = frames_of(source, fps)
    else:
        chunks = iter(source)
        first = next(chunks, None)
        if first is None:
            raise InputError("the stream has no chunk; give it text to say")
        header = Header(first.motion.fps, first.sample_rate, subject)
        frames = frames_of_chunks(chain([first], chunks))
    senders = [open_sender(address, **_options(address, source, rig, head)) for address in addresses]
    return asyncio.run(play(frames, header, senders, wait_s=wait_s))


def _options(address: str, source: Take | Iterable[Chunk], rig: str | None, head: str | None) -> dict[str, Any]:
    scheme = address.partition(":")[0]
    options: dict[str, Any] = {}
    if rig is not None and scheme in ("vmc", "ws"):
        options["rig"] = rig
    if scheme == "ws":
        options["head"] = head
        options["portrait"] = source.portrait if isinstance(source, Take) else None
    return options
