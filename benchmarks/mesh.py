"""Time the mesh renderer: ``python benchmarks/mesh.py [THREADS] [HEAD …]``.

A head is a registered name, a .glb, an ICT-FaceKit folder, a picture, or ``25k``: the neutral head with triangles split
until it has 25,000 vertices. Frames of 512² of a head that speaks, after
three that compile; by the wall clock and by the processors' time, of which two cores can give two seconds a second.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np

from conditioning import ARKIT_NAMES, Motion
from renderers.mesh import MeshRenderer
from renderers.mesh_head import Head
from renderers.mesh_sources import open_head

FRAMES, FPS, SIZE = 90, 30.0, (512, 512)
PICTURES = (".png", ".jpg", ".jpeg", ".webp")


def speaking() -> Motion:
    rng = np.random.default_rng(0)
    times = np.arange(FRAMES)[:, None] / FPS
    weights = 0.25 + 0.25 * np.sin(times * rng.uniform(4, 20, len(ARKIT_NAMES)) + rng.uniform(0, 6, len(ARKIT_NAMES)))
    turns = 0.2 * np.sin(times * np.array([1.0, 2.0, 3.0]))
    return Motion(FPS, weights.astype(np.float32), turns.astype(np.float32), np.zeros((FRAMES, 2, 3), np.float32))


def split(head: Head, count: int = 25_000) -> Head:
    """Return a head of ``count`` vertices: triangles spread over all of it get a vertex in their middle."""
    chosen = np.linspace(0, len(head.triangles) - 1, count - len(head.vertices)).astype(int)
    corners, middle = head.triangles[chosen], np.arange(len(head.vertices), count, dtype=np.int32)
    parts = [np.stack([corners[:, k], corners[:, (k + 1) % 3], middle], axis=1) for k in range(3)]
    assert head.uvs is not None

    def grown(values: np.ndarray, axis: int = 0) -> np.ndarray:
        new = values.take(corners, axis=axis)
        return np.concatenate([values, new.mean(axis=axis + 1).astype(values.dtype)], axis=axis)

    def marked(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else np.concatenate([values, values[corners[:, 0]]])

    return replace(
        head,
        vertices=grown(head.vertices),
        triangles=np.concatenate([np.delete(head.triangles, chosen, axis=0), *parts]),
        shapes=grown(head.shapes, axis=1),
        uvs=grown(head.uvs),
        eye_parts=marked(head.eye_parts),
        inner=marked(head.inner),
    )


def main(threads: int, heads: list[str]) -> None:
    print("| head | vertices | frames a second | processor's time a frame |\n|---|---|---|---|")
    for head in heads:
        is_picture = head.lower().endswith(PICTURES)
        if head == "25k":
            with mock.patch("renderers.mesh_sources.open_head", return_value=split(open_head("neutral"))):
                renderer = MeshRenderer(head=head, threads=threads)
        else:
            picture, name = (Path(head), None) if is_picture else (None, head)
            renderer = MeshRenderer(picture, head=name, threads=threads)
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
