"""Time the mesh renderer: ``python benchmarks/mesh.py [THREADS] [HEAD …]``.

A head is a registered name, a .glb, an ICT-FaceKit folder or a picture. Frames of 512² of a head that speaks, after
three that compile; by the wall clock and by the processors' time, of which two cores can give two seconds a second.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from conditioning import ARKIT_NAMES, Motion
from renderers.mesh import MeshRenderer

FRAMES, FPS, SIZE = 90, 30.0, (512, 512)
PICTURES = (".png", ".jpg", ".jpeg", ".webp")


def speaking() -> Motion:
    rng = np.random.default_rng(0)
    times = np.arange(FRAMES)[:, None] / FPS
    weights = 0.25 + 0.25 * np.sin(times * rng.uniform(4, 20, len(ARKIT_NAMES)) + rng.uniform(0, 6, len(ARKIT_NAMES)))
    turns = 0.2 * np.sin(times * np.array([1.0, 2.0, 3.0]))
    return Motion(FPS, weights.astype(np.float32), turns.astype(np.float32), np.zeros((FRAMES, 2, 3), np.float32))


def main(threads: int, heads: list[str]) -> None:
    print("| head | vertices | frames a second | processor's time a frame |\n|---|---|---|---|")
    for head in heads:
        is_picture = head.lower().endswith(PICTURES)
        renderer = MeshRenderer(Path(head) if is_picture else None, head=None if is_picture else head, threads=threads)
        frames = renderer.frames(speaking(), fps=FPS, size=SIZE)
        for _ in range(3):
            next(frames)
        wall_s, worked_s = time.perf_counter(), time.process_time()
        count = sum(1 for _ in frames)
        wall_s, worked_s = time.perf_counter() - wall_s, time.process_time() - worked_s
        name = f"{Path(head).name} | {len(renderer.head.vertices)}"
        print(f"| {name} | {count / wall_s:.0f} | {1000 * worked_s / count:.1f} ms |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2, sys.argv[2:] or ["neutral"])
