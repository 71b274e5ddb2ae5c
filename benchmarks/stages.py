"""How long each stage of the main job takes. Prints a Markdown table for BENCHMARKS.md.

python benchmarks/stages.py --portrait examples/portraits/mira.png
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

TEXT = "You came back! I thought I had lost you, and I looked for you everywhere until the snow began to fall."
EMOTION = "joy:0.8, surprise:0.4"
Result = TypeVar("Result")


def timed(function: Callable[[], Result], repeat: int) -> tuple[float, Result]:
    """Return the median seconds of ``repeat`` calls, and the last result."""
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), result


def command(*arguments: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, "-m", "avatar", *arguments], check=True, capture_output=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portrait", type=Path, required=True)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    from avatar import Avatar
    from avatar.animator import animate
    from renderers import open_renderer

    rows: list[tuple[str, str]] = []
    help_s, _ = timed(command("--help"), options.repeat)
    rows.append(("`mien --help`", f"{help_s:.2f} s"))

    avatar = Avatar(portrait=options.portrait)
    first_s, take = timed(lambda: avatar.say(TEXT, EMOTION), 1)
    rows.append(("first line in a process, speech + curves", f"{first_s:.2f} s"))
    say_s, take = timed(lambda: avatar.say(TEXT, EMOTION), options.repeat)
    length_s = take.speech.duration_s
    rows.append((f"speech + curves of a {length_s:.1f} s line", f"{say_s:.2f} s = {say_s / length_s:.3f}× real time"))
    animate_s, _ = timed(lambda: animate(take.speech), options.repeat)
    rows.append(("of which curves", f"{animate_s * 1000:.0f} ms = {length_s / animate_s:.0f}× faster than real time"))

    open_s, renderer = timed(lambda: open_renderer("portrait", options.portrait), 1)
    rows.append(("portrait opened (landmarks, matte)", f"{open_s:.2f} s"))
    for name, size in (("512²", (512, 512)), ("1080p", (1920, 1080))):
        render_s, frames = timed(
            lambda size=size: sum(1 for _ in renderer.frames(take.motion, take.speech, size=size)), 3
        )
        rows.append(
            (f"portrait frame, {name}", f"{render_s / frames * 1000:.1f} ms = {frames / render_s:.0f} a second")
        )
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["say", TEXT, "--emotion", EMOTION, "--portrait", str(options.portrait)]
        for suffix in ("mp4", "csv", "glb"):
            arguments += ["-o", f"{folder}/hello.{suffix}"]
        whole_s, _ = timed(command(*arguments), options.repeat)
    rows.append(("whole command, .mp4 .csv .glb", f"{whole_s:.2f} s = {whole_s / length_s:.2f}× the line"))

    print(f"Machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; medians\n")
    print("| stage | time |\n|---|---|")
    for stage, figure in rows:
        print(f"| {stage} | {figure} |")


if __name__ == "__main__":
    main()
