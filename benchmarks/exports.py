"""Time the writers: ``python benchmarks/exports.py [SECONDS] [SUFFIX …]`` (60 s of animation, every engine's format).

The head is the shipped neutral one, 52 shapes; every curve moves in every frame. Best and median of three runs, and
the processor's time of the best, after one that loads what is loaded once.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from round_trip import TESTS, module

SUFFIXES = (".glb", ".usda", ".usdc", ".anim", ".tres", ".vrma", ".csv", ".unreal.csv", ".a2f.json", ".json", ".npz")
RUNS = 3


def main(arguments: list[str]) -> None:
    from renderers.mesh_sources import neutral_head

    seconds = float(arguments[0]) if arguments else 60.0
    make_take = module(TESTS / "conftest.py").make_take
    head, take, short = neutral_head(), make_take(seconds), make_take(1.5)
    print(
        f"{len(head.vertices)} vertices, {len(head.shape_names)} shapes, {seconds:g} s at {take.motion.fps:g} a second"
    )
    print("| format | best | median | processor | size |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for suffix in arguments[1:] or SUFFIXES:
            path, wall_s, processor_s = Path(folder) / f"a{suffix}", [], []
            short.save(path)
            for _ in range(RUNS):
                start_s, worked_s = time.perf_counter(), time.process_time()
                take.save(path)
                wall_s.append(time.perf_counter() - start_s)
                processor_s.append(time.process_time() - worked_s)
            times = " | ".join(f"{t:.2f} s" for t in (min(wall_s), statistics.median(wall_s), min(processor_s)))
            print(f"| `{suffix}` | {times} | {path.stat().st_size / 1e6:.1f} MB |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
