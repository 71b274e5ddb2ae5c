"""Does a run that is killed ten times end as an undisturbed one?  ``python benchmarks/dialogue_kill.py``.

The run and all its workers are killed (SIGKILL) at random moments and started again each time; then it may finish.
Its folder must have the same files with the same bytes as that of a run that was left alone, and no line may have
been made twice after it was noted as finished.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dialogue import family, write_script


def tree(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def noted(folder: Path) -> dict[str, int]:
    """Return the times of change of the sounds whose lines the journal, or the manifest of a whole run, holds."""
    notes = (folder / ".mien-journal.jsonl", folder / "manifest.jsonl")
    text = "".join(note.read_text(encoding="utf-8") for note in notes if note.exists())
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*.wav") if f'"{path.stem}"' in text}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=150)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    draw = random.Random(11)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script, cast = write_script(folder, options.lines)
        command = [sys.executable, "-m", "avatar", "dialogue", str(script), str(cast), "-q", "-o"]
        subprocess.run([*command, str(folder / "whole"), "--workers", str(options.workers)], check=True)
        torn, again = folder / "torn", 0
        for _ in range(options.kills):
            before = noted(torn)
            process = subprocess.Popen([*command, str(torn), "--workers", str(options.workers)])
            # After some further lines, and then at any moment: while it loads, in a file, between two notes.
            wanted = len(before) + draw.randint(0, options.lines // options.kills)
            while len(noted(torn)) < wanted and process.poll() is None:
                time.sleep(0.05)
            time.sleep(draw.uniform(0.0, 1.0))
            for pid in [*family(process.pid)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()
            after = noted(torn)
            again += sum(after.get(path) != changed for path, changed in before.items())
            print(f"killed with {len(after)} of {options.lines} lines noted", flush=True)
        subprocess.run([*command, str(torn), "--workers", str(options.workers)], check=True)
        one, other = tree(torn), tree(folder / "whole")
        wrong = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
        print(f"{options.kills} kills, {options.lines} lines, load {os.getloadavg()[0]:.1f}: ", end="")
        print(f"different: {wrong[:5]}" if wrong else f"{len(one)} files byte-identical", end=", ")
        print(f"{again} noted lines made twice")
        sys.exit(1 if wrong or again else 0)


if __name__ == "__main__":
    main()
