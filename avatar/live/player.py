"""Send frames at their time."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from avatar.live.frames import Header, LiveFrame, frames_of, frames_of_chunks
from avatar.live.punctual import priority, prompt, sleep_until
from avatar.live.targets import Sender, open_sender
from avatar.stream import Chunk
from avatar.take import Take
from checkpoints.errors import InputError

__all__ = ["Report", "play", "stream"]

#: A frame that is made later than this stops the clock; one that only the system held up catches up.
_MAX_LATE_S = 0.1
#: Threads that wait for each other look this often whether they shall stop.
_LOOK_S = 0.1

#: What waits to be sent: a frame, the error of its maker, or the end.
_Item = LiveFrame | BaseException | None


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
    frames: Iterable[LiveFrame],
    header: Header,
    senders: Sequence[Sender],
    *,
    wait_s: float | None = 0.0,
    ready: Callable[[], None] | None = None,
) -> Report:
    """Send frames to all senders, each at ``index / fps`` after the first.

    Frames may be made while they are played: they are drawn from their iterator in a thread of its own. They are
    sent from another, so that neither their making nor the receivers' traffic holds them up.

    Parameters
    ----------
    frames : iterable of LiveFrame
    header : Header
    senders : sequence of Sender
        Opened here, and closed even if something fails.
    wait_s : float or None
        Receivers may connect for this long before the first frame; None: until a receiver has connected, where
        the kind of receiver lets that be known.
    ready : callable, optional
        Called when receivers can connect.
    """
    opened: list[Sender] = []
    try:
        for sender in senders:
            await sender.open(header)
            opened.append(sender)
        if ready is not None:
            ready()
        if wait_s is None:
            for sender in senders:
                await sender.joined()
        else:
            await asyncio.sleep(wait_s)
        return await _paced(iter(frames), header, senders)
    finally:
        for sender in opened:
            await sender.close()


async def _paced(frames: Iterator[LiveFrame], header: Header, senders: Sequence[Sender]) -> Report:
    ready: queue.Queue[_Item] = queue.Queue(maxsize=max(2, int(header.fps)))
    stop = threading.Event()
    feeder = threading.Thread(target=_feed, args=(frames, ready, stop), name="mien-live-frames", daemon=True)
    with prompt(), ThreadPoolExecutor(1, thread_name_prefix="mien-live") as pool:
        feeder.start()
        try:
            pace = partial(_pace, ready, header, senders, stop)
            return await asyncio.get_running_loop().run_in_executor(pool, pace)
        finally:
            stop.set()


def _pace(ready: queue.Queue[_Item], header: Header, senders: Sequence[Sender], stop: threading.Event) -> Report:
    """Send frames as they fall due, in a thread that does nothing else, until the sound is over."""
    lateness: list[float] = []
    waits = 0
    starved = False
    with priority():
        frame = _next(ready, stop)
        start_s = time.perf_counter() - (frame.index / header.fps if frame else 0.0)
        while frame is not None:
            due_s = start_s + frame.index / header.fps
            late_s = time.perf_counter() - due_s
            if starved and late_s > _MAX_LATE_S:
                start_s, due_s, waits = start_s + late_s, due_s + late_s, waits + 1
            sleep_until(due_s)
            lateness.append(time.perf_counter() - due_s)
            for sender in senders:
                sender.send(frame)
            starved = ready.empty()
            frame = _next(ready, stop)
        if not stop.is_set():
            sleep_until(start_s + len(lateness) / header.fps)
    times = np.array(lateness or [0.0]) * 1000.0
    return Report(len(lateness), float(np.percentile(times, 99)), float(times.max()), waits)


def _next(ready: queue.Queue[_Item], stop: threading.Event) -> LiveFrame | None:
    """Return the next frame, or None at the end or when told to stop; an error of the frames' maker is raised."""
    while not stop.is_set():
        try:
            item = ready.get(timeout=_LOOK_S)
        except queue.Empty:
            continue
        if isinstance(item, BaseException):
            raise item
        return item
    return None


def _feed(frames: Iterator[LiveFrame], ready: queue.Queue[_Item], stop: threading.Event) -> None:
    """Draw frames ahead of their time into a queue; the end is None, an error is passed on."""
    item: _Item
    while not stop.is_set():
        try:
            item = next(frames, None)
        except BaseException as error:
            item = error
        while not stop.is_set():
            try:
                ready.put(item, timeout=_LOOK_S)
                break
            except queue.Full:
                continue
        if not isinstance(item, LiveFrame):
            return


def stream(
    source: Take | Iterable[Chunk],
    to: str | Sequence[str],
    *,
    fps: float = 60.0,
    subject: str = "Mien",
    rig: str | None = None,
    head: str | None = None,
    wait_s: float | None = 0.0,
    ready: Callable[[], None] | None = None,
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
    wait_s : float or None
        Receivers may connect for this long before the first frame; None: until a browser has connected.
    ready : callable, optional
        Called when receivers can connect.

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
    with priority():
        return asyncio.run(play(frames, header, senders, wait_s=wait_s, ready=ready))


def _options(address: str, source: Take | Iterable[Chunk], rig: str | None, head: str | None) -> dict[str, Any]:
    scheme = address.partition(":")[0]
    options: dict[str, Any] = {}
    if rig is not None and scheme in ("vmc", "ws"):
        options["rig"] = rig
    if scheme == "ws":
        options["head"] = head
        options["portrait"] = source.portrait if isinstance(source, Take) else None
    return options
