"""How soon a live NPC answers: ``python benchmarks/stream.py``.

Sentences arrive word by word; measured is the time from the word that shows that the first sentence is complete to the
first chunk of sound and curves, in a process that has spoken before, and once in a fresh one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import numpy as np

from avatar import Avatar

REPLIES = (
    "You came back! I thought that I had lost you.",
    "Nobody told me that you would be here today. Sit down.",
    "The bridge was gone when we reached it, and so were the boats. We walked.",
    "No. I have said it before, and I will say it again.",
    "Take the lantern and follow the wall until you hear the water. Then wait for me.",
)


def first_chunk_ms(avatar: Avatar, reply: str, seed: int) -> tuple[float, float]:
    """Return milliseconds by the clock and of processor time."""
    asked: list[tuple[float, float]] = []

    def words() -> Iterator[str]:
        for word in reply.split():
            asked.append((time.perf_counter(), time.process_time()))
            yield word + " "

    for chunk in avatar.stream(words(), seed=seed):
        assert len(chunk.waveform) > 0
        assert len(chunk.motion) > 0
        clock, cpu = asked[-1]
        return 1000 * (time.perf_counter() - clock), 1000 * (time.process_time() - cpu)
    raise AssertionError("the stream gave nothing")


def main() -> None:
    avatar = Avatar()
    print(f"load {os.getloadavg()[0]:.1f}; first chunk after the first sentence is complete (goal 300 ms)")
    print("in a fresh process: {:.0f} ms, {:.0f} ms of processor time".format(*first_chunk_ms(avatar, REPLIES[0], 0)))
    times = np.array([first_chunk_ms(avatar, reply, seed) for seed in range(1, 9) for reply in REPLIES])
    for name, column in (("by the clock", times[:, 0]), ("processor", times[:, 1])):
        p50, p95 = np.percentile(column, [50, 95])
        print(f"{name}: median {p50:.0f} ms, 95 % {p95:.0f} ms, most {column.max():.0f} ms")


if __name__ == "__main__":
    main()
