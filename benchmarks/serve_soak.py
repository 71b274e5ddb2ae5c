"""Many clients at one server: ``python benchmarks/serve_soak.py --minutes 10 --clients 50``.

Starts ``mien serve`` on loopback and lets every client ask for short lines, wait for the sound, and ask again; when
it is refused with 429 it waits as long as it was told. Counts answers, refusals and errors, times the waiting, watches
memory.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import os
import socket
import subprocess
import sys
import tempfile
import time

import httpx
import numpy as np
from dialogue import memory_mb

LINES = (
    "Halt!",
    "Who goes there?",
    "You came back.",
    "Not now.",
    "Leave this house.",
    "I know.",
    "Run, and do not stop.",
)
EMOTIONS = None, "joy", "anger:0.5", "sadness:0.7, fear:0.2"
#: An answer may take as long as the queue before it: so many seconds are given, beyond is an error.
TIMEOUT_S = 180.0


async def client(number: int, url: str, until: float, counts: collections.Counter[str], times: list[float]) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S) as http:
        turn = number
        while time.monotonic() < until:
            line = {"text": LINES[turn % len(LINES)], "emotion": EMOTIONS[turn % len(EMOTIONS)], "seed": turn}
            turn += 1
            start = time.monotonic()
            try:
                answer = await http.post("/v1/lines?wait=true", json=line)
            except httpx.HTTPError as error:
                counts[type(error).__name__] += 1
                continue
            counts[str(answer.status_code)] += 1
            if answer.status_code == 200:
                times.append(time.monotonic() - start)
                if not answer.content.startswith(b"RIFF"):
                    counts["not a WAV"] += 1
            elif answer.status_code == 429:
                await asyncio.sleep(float(answer.headers["Retry-After"]))


async def watch(pid: int, until: float, memory: list[float]) -> None:
    while time.monotonic() < until:
        await asyncio.sleep(2.0)
        memory.append(memory_mb(pid))


async def soak(url: str, pid: int, clients: int, seconds: float) -> None:
    until = time.monotonic() + seconds
    counts: collections.Counter[str] = collections.Counter()
    times: list[float] = []
    memory: list[float] = []
    tasks = [client(number, url, until, counts, times) for number in range(clients)]
    await asyncio.gather(watch(pid, until, memory), *tasks)
    print(
        f"{clients} clients, {seconds / 60:.1f} minutes, load {os.getloadavg()[0]:.1f}: {dict(sorted(counts.items()))}"
    )
    if times:
        p50, p99 = np.percentile(times, [50, 99])
        print(
            f"{len(times) / seconds:.2f} lines/s; asked to answered: p50 {p50:.1f} s, p99 {p99:.1f} s, "
            f"at most {max(times):.1f} s"
        )
    warm = memory[len(memory) // 4 :]
    print(f"memory: {warm[0]:.0f} MB after a quarter, {warm[-1]:.0f} MB at the end, at most {max(warm):.0f} MB")
    for line in httpx.get(f"{url}/metrics").text.splitlines():
        if line.startswith(
            ("mien_jobs{", "mien_refused_total", "mien_queued_seconds_sum", "mien_queued_seconds_count")
        ):
            print(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--queue", type=int, default=32)
    options = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "avatar", "serve", "--folder", folder, "--port", str(port)]
        command += ["--workers", str(options.workers), "--queue", str(options.queue), "--rate", "1000000/minute"]
        server = subprocess.Popen(command)
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(600):
                try:
                    httpx.get(f"{url}/health", timeout=10).raise_for_status()
                    break
                except httpx.HTTPError:
                    time.sleep(0.2)
            asyncio.run(soak(url, server.pid, options.clients, 60 * options.minutes))
        finally:
            server.terminate()
            print(f"the server ended with status {server.wait(60)}")


if __name__ == "__main__":
    main()
