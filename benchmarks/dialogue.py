"""Whole scripts: throughput, overhead, memory, second run, dry run.

``python benchmarks/dialogue.py`` prints the table; ``--lines 200`` is a quick look.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from avatar.dialogue import Job, Settings, plan, read_cast, read_script
from avatar.dialogue.perform import perform
from avatar.dialogue.run import run

CAST = "[mira]\npitch_st = 1\n[guard]\nspeaker = 'rowan'\n"
STARTS = "Come here", "Stop", "I know", "Not now", "Look", "Tell me", "Go on", "They said", "Wait", "I heard"
ENDS = "before dawn", "at the gate", "my friend", "once more", "in the rain", "for nothing", "to the captain", "alone"
EMOTIONS = "", "joy:0.6", "anger:0.5", "sadness:0.7, fear:0.2", "surprise"
#: Workers have loaded their models, and memory is compared, from this line on.
WARM = 100


@dataclass
class Watch:
    """Counts lines, and notes the time and the memory of this process and its workers."""

    lines: int = 0
    start_s: float = 0.0
    warm_s: float = 0.0
    warm_mb: float = 0.0
    least_mb: float = float("inf")
    most_mb: float = 0.0
    last_mb: float = 0.0

    def __call__(self, count: int) -> None:
        self.lines += count
        if count and self.lines % 10 == 0 and self.lines >= WARM:
            self.last_mb = memory_mb()
            if not self.warm_s:
                self.warm_s, self.warm_mb = time.perf_counter(), self.last_mb
            self.least_mb, self.most_mb = min(self.least_mb, self.last_mb), max(self.most_mb, self.last_mb)


def memory_mb(pid: int | None = None) -> float:
    """Return the resident memory of a process, by default this one, and all below it."""
    pages = 0
    for member in family(pid or os.getpid()):
        with contextlib.suppress(OSError):  # It has ended meanwhile.
            pages += int(Path(f"/proc/{member}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def family(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def write_script(folder: Path, lines: int) -> tuple[Path, Path]:
    draw = random.Random(7)
    rows = ["line_id,speaker,text,emotion"]
    for number in range(lines):
        who, mood = draw.choice(("Mira", "Guard")), draw.choice(EMOTIONS)
        rows.append(f'l{number:05d},{who},"{draw.choice(STARTS)} {draw.choice(ENDS)}, {draw.choice(ENDS)}.","{mood}"')
    script, cast = folder / f"s{lines}.csv", folder / "cast.toml"
    script.write_text("\n".join(rows) + "\n", encoding="utf-8")
    cast.write_text(CAST, encoding="utf-8")
    return script, cast


def cpu_s(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def timed_perform(job: Job, folder: Path) -> dict[str, Any]:
    """Perform a job, and note how long that took by the clock."""
    start = time.perf_counter()
    record = perform(job, folder)
    return {**record, "work_s": time.perf_counter() - start}


def timed_run(jobs: list[Job], folder: Path, workers: int) -> tuple[Watch, float, float, float]:
    """Return the watch, lines a second from line WARM on, and the batch layer's share.

    The share is given twice: the parent's processor time over the workers', and the time in which a worker did not
    perform over the time in which it did.
    """
    watch = Watch()
    own, below = cpu_s(resource.RUSAGE_SELF), cpu_s(resource.RUSAGE_CHILDREN)
    with patch("avatar.dialogue.run.perform", timed_perform):
        outcome = run(jobs, folder, workers=workers, on_done=watch)
    seconds = time.perf_counter() - watch.warm_s
    own, below = cpu_s(resource.RUSAGE_SELF) - own, cpu_s(resource.RUSAGE_CHILDREN) - below
    assert outcome.rendered == len(jobs), outcome
    worked = sum(record["work_s"] for record in outcome.records[WARM:])
    return watch, (len(jobs) - WARM) / seconds, own / below, workers * seconds / worked - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--dry-lines", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script, cast = write_script(folder, options.lines)
        jobs = plan(read_script(script), read_cast(cast), Settings((".wav", ".csv")))
        print(
            f"{options.lines} lines to wav and csv, load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores", flush=True
        )
        one, one_speed, one_share, one_gap = timed_run(jobs, folder / "one", 1)
        two, two_speed, two_share, two_gap = timed_run(jobs, folder / "two", 2)
        print(f"one worker {one_speed:.2f} lines/s, two {two_speed:.2f} lines/s: {two_speed / one_speed:.2f}x (>= 1.8)")
        print(
            f"batch layer: {100 * one_share:.2f} %, {100 * two_share:.2f} % of the workers' processor time (< 3 %); "
            f"by the clock {100 * one_gap:.2f} %, {100 * two_gap:.2f} % of the time in which they perform (< 3 %)"
        )
        for label, watch in (("one", one), ("two", two)):
            print(
                f"memory, {label}: {watch.warm_mb:.0f} MB at line {WARM}, {watch.last_mb:.0f} MB at the end, "
                f"between {watch.least_mb - watch.warm_mb:+.0f} and {watch.most_mb - watch.warm_mb:+.0f} MB (+-50)"
            )
        command = [sys.executable, "-m", "avatar", "dialogue", str(script), str(cast), "--formats", "wav,csv", "-o"]
        start = time.perf_counter()
        said = subprocess.run([*command, str(folder / "two")], check=True, capture_output=True, text=True).stdout
        seconds = time.perf_counter() - start
        print(f"second run: {seconds:.2f} s = {options.lines / seconds:.0f} lines/s (>= 200): {said.split(':')[0]}")
        command[4], _ = (str(path) for path in write_script(folder, options.dry_lines))
        start = time.perf_counter()
        said = subprocess.run(
            [*command, str(folder / "dry"), "--dry-run"], check=True, capture_output=True, text=True
        ).stdout
        seconds = time.perf_counter() - start
        print(f"dry run: {seconds:.2f} s = {options.dry_lines / seconds:.0f} lines/s: {said.strip()}")


if __name__ == "__main__":
    main()
