"""Measure live streaming on loopback: ``python benchmarks/live.py [MINUTES]``.

One sender streams 60 frames a second to Live Link, VMC and a WebSocket together; each receiver counts what is lost
or out of order, and how unevenly frames come. Half-way a further WebSocket client stops reading.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np

from avatar.live.frames import Header, LiveFrame
from avatar.live.player import play
from avatar.live.targets import open_sender
from avatar.live.web import WebSender

FPS, RATE_HZ = 60.0, 22_050


def frames(count: int) -> Iterator[LiveFrame]:
    rng = np.random.default_rng(0)
    table = rng.random((600, 52)).astype(np.float32)
    zero = np.zeros(3, np.float32)
    for i in range(count):
        left, right = round(i * RATE_HZ / FPS), round((i + 1) * RATE_HZ / FPS)
        yield LiveFrame(i, table[i % 600], zero, zero, zero, np.zeros(right - left, np.float32))


class Counter:
    """Indices and times of arrival."""

    def __init__(self, name: str) -> None:
        self.name, self.indices, self.times = name, [], []

    def add(self, index: int) -> None:
        self.indices.append(index)
        self.times.append(time.perf_counter())

    def report(self, count: int) -> str:
        indices, times = np.array(self.indices), np.array(self.times)
        disorder = int((np.diff(indices) < 1).sum())
        uneven_ms = np.abs(np.diff(times) - np.diff(indices) / FPS) * 1000
        lost = count - len(set(self.indices))
        p = np.percentile(uneven_ms, [50, 99])
        jitter = f"jitter p50 {p[0]:.2f} ms, p99 {p[1]:.2f} ms"
        return f"{self.name:<10} {count} sent, {lost} lost, {disorder} out of order, {jitter}"


def udp(counter: Counter, index_of: object) -> int:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    receiver.bind(("127.0.0.1", 0))

    def run() -> None:
        receiver.recv(65536)  # the rest pose
        while True:
            counter.add(index_of(receiver.recv(65536)))  # type: ignore[operator]

    threading.Thread(target=run, daemon=True).start()
    return int(receiver.getsockname()[1])


async def web_client(port: int, counter: Counter) -> None:
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed

    with contextlib.suppress(ConnectionClosed):
        async with connect(f"ws://127.0.0.1:{port}/live", compression=None) as client:
            async for message in client:
                if isinstance(message, bytes) and not message[5]:
                    counter.add(struct.unpack_from("<I", message, 8)[0])


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


async def main(minutes: float) -> None:
    count = round(minutes * 60 * FPS)
    counters = [Counter("livelink"), Counter("vmc"), Counter("websocket")]
    link = udp(counters[0], lambda data: struct.unpack_from("!i", data, 49)[0])
    vmc = udp(
        counters[1], lambda data: round(struct.unpack_from("!f", data[data.index(b"/VMC/Ext/T\0") :], 16)[0] * FPS)
    )
    web = WebSender("127.0.0.1", 0)
    header = Header(FPS, RATE_HZ, "Test")
    await web.open(header)
    clients = [web_client(web.port, counters[2]), lazy_client(web.port, minutes * 30)]
    tasks = [asyncio.create_task(client) for client in clients]
    await asyncio.sleep(0.5)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    web.open = lambda header: asyncio.sleep(0)  # type: ignore[method-assign,assignment,misc]
    senders = [open_sender(f"livelink://127.0.0.1:{link}"), open_sender(f"vmc://127.0.0.1:{vmc}"), web]
    report = await play(frames(count), header, senders)
    await asyncio.gather(*tasks, return_exceptions=True)
    print(report)
    for counter in counters:
        print(counter.report(count))
    print(f"memory grew by {(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024:.1f} MiB")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0))
