"""Measure live streaming on loopback: ``python benchmarks/live.py [MINUTES]``.

One sender streams 60 frames a second to Live Link, VMC and a WebSocket together, whose receivers are a process of
their own. They count what is lost or out of order and how unevenly frames come; Live Link's and VMC's arrivals are
the system's own times of the datagrams (SO_TIMESTAMPNS), the WebSocket's those at which Python read the message.
How far Live Link's curves come from the sound, which the WebSocket carries, is compared frame by frame. Half-way a
further WebSocket client stops reading for 10 s.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np

from avatar.live.punctual import priority

FPS, RATE_HZ = 60.0, 22_050
#: From Linux' asm-generic/socket.h; Python has no name for it.
SO_TIMESTAMPNS = 35


class Counter:
    """Indices and times of arrival."""

    def __init__(self, name: str) -> None:
        self.name, self.indices, self.times = name, [], []

    def add(self, index: int, time_s: float) -> None:
        self.indices.append(index)
        self.times.append(time_s)

    def report(self, count: int) -> str:
        indices, times = np.array(self.indices), np.array(self.times)
        disorder = int((np.diff(indices) < 1).sum())
        uneven_ms = np.abs(np.diff(times) - np.diff(indices) / FPS) * 1000
        lost = count - len(set(self.indices))
        p50, p99 = np.percentile(uneven_ms, [50, 99])
        jitter = f"jitter p50 {p50:.2f} ms, p99 {p99:.2f} ms, worst {uneven_ms.max():.1f} ms"
        return f"{self.name:<10} {count} sent, {lost} lost, {disorder} out of order, {jitter}"


# --- the receivers' process ---------------------------------------------------------------------------


def udp(counter: Counter, index_of: Callable[[bytes], int]) -> int:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    receiver.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    receiver.bind(("127.0.0.1", 0))

    def run() -> None:
        receiver.recv(65536)  # the rest pose
        while True:
            data, extra, _, _ = receiver.recvmsg(65536, 128)
            seconds, nanoseconds = struct.unpack("qq", extra[0][2])
            counter.add(index_of(data), seconds + nanoseconds * 1e-9)

    threading.Thread(target=run, daemon=True).start()
    return int(receiver.getsockname()[1])


async def web_client(port: int, counter: Counter) -> None:
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed

    with contextlib.suppress(ConnectionClosed):
        async with connect(f"ws://127.0.0.1:{port}/live", compression=None) as client:
            async for message in client:
                if isinstance(message, bytes) and not message[5]:
                    counter.add(struct.unpack_from("<I", message, 8)[0], time.time())


async def lazy_client(port: int, wait_s: float) -> None:
    await asyncio.sleep(wait_s)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(10)
    writer.transport.abort()


async def receive(minutes: float) -> None:
    count = round(minutes * 60 * FPS)
    link, vmc, web = Counter("livelink"), Counter("vmc"), Counter("websocket")
    ports = [
        udp(link, lambda data: int(struct.unpack_from("!i", data, 49)[0])),
        udp(vmc, lambda data: round(struct.unpack_from("!f", data[data.index(b"/VMC/Ext/T\0") :], 16)[0] * FPS)),
    ]
    print(json.dumps(ports), flush=True)
    port = int(sys.stdin.readline())
    lazy = asyncio.create_task(lazy_client(port, minutes * 30))
    await web_client(port, web)
    lazy.cancel()
    for counter in (link, vmc, web):
        print(counter.report(count))
    arrived = dict(zip(web.indices, web.times, strict=True))
    pairs = [(time_s, arrived[i]) for i, time_s in zip(link.indices, link.times, strict=True) if i in arrived]
    apart_ms = np.diff(np.array(pairs), axis=1)[:, 0] * 1000
    low, high = apart_ms.min(), np.percentile(apart_ms, 99)
    print(
        f"sound after Live Link's curves by {low:.2f} ms at least, {high:.2f} ms (p99), {apart_ms.max():.2f} ms at most"
    )


# --- the sender ---------------------------------------------------------------------------------------


async def send(minutes: float, link: int, vmc: int, tell: Callable[[int], None]) -> None:
    from avatar.live.frames import Header, LiveFrame
    from avatar.live.player import play
    from avatar.live.targets import open_sender
    from avatar.live.web import WebSender

    def frames(count: int) -> Iterator[LiveFrame]:
        table = np.random.default_rng(0).random((600, 52)).astype(np.float32)
        zero = np.zeros(3, np.float32)
        for i in range(count):
            left, right = round(i * RATE_HZ / FPS), round((i + 1) * RATE_HZ / FPS)
            yield LiveFrame(i, table[i % 600], zero, zero, zero, np.zeros(right - left, np.float32))

    web = WebSender("127.0.0.1", 0)
    senders = [open_sender(f"livelink://127.0.0.1:{link}"), open_sender(f"vmc://127.0.0.1:{vmc}"), web]
    header = Header(FPS, RATE_HZ, "Test")
    playing = asyncio.create_task(play(frames(round(minutes * 60 * FPS)), header, senders, wait_s=2.0))
    while not web.port:
        await asyncio.sleep(0.05)
    tell(web.port)
    await asyncio.sleep(1.9)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(await playing)
    print(f"memory grew by {(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024:.1f} MiB")


def main(minutes: float) -> None:
    command = [sys.executable, __file__, str(minutes), "receive"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as receivers:
        assert receivers.stdin is not None
        assert receivers.stdout is not None
        link, vmc = json.loads(receivers.stdout.readline())
        pipe = receivers.stdin
        with priority() as granted:  # as avatar.live.stream does
            print(f"priority: {granted}")
            asyncio.run(send(minutes, link, vmc, lambda port: print(port, file=pipe, flush=True)))
        print(receivers.stdout.read(), end="")


def prompt_receiver(minutes: float) -> None:
    """Receive with priority, so as to measure the sender and not ourselves."""
    with priority():
        asyncio.run(receive(minutes))


if __name__ == "__main__":
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    if sys.argv[2:] == ["receive"]:
        prompt_receiver(minutes)
    else:
        main(minutes)
