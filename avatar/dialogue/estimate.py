"""What a run will take, before it begins."""

from __future__ import annotations

from pathlib import Path

from avatar.dialogue.journal import MANIFEST, is_finished, read_records
from avatar.dialogue.plan import CHARACTERS_PER_S, Job
from avatar.dialogue.run import default_workers
from avatar.export import VIDEO_SUFFIXES

__all__ = ["estimate"]

#: Kilobytes of each format: the head that it holds, if any, and each second (of 512² pictures); read off our own files
#: of 0.99 and 1.52 s.
KB = {
    ".wav": (0, 48), ".csv": (0, 43), ".curves.csv": (0, 33), ".a2f.json": (0, 27), ".json": (0, 102), ".npz": (0, 100),
    ".anim": (0, 640), ".tres": (7, 74), ".unreal.csv": (0, 200), ".vrma": (5, 12), ".png": (30, 30),
    ".glb": (14_400, 14), ".gltf": (19_200, 19), ".usda": (7_600, 500), ".usdc": (2_700, 90), ".usdz": (3_500, 90),
    ".mp4": (0, 84), ".webm": (0, 66), ".gif": (0, 1_900), ".png.zip": (0, 7_800),
}  # fmt: skip
#: Seconds of work of one core for one second of speech: sound and curves, and a 512² video (BENCHMARKS.md).
SPEECH_COST = 0.1
VIDEO_COST = 1.0
#: The neutral head, for who has no portrait, is that much larger than a portrait's.
NEUTRAL_HEAD = 1.9
#: Of one worker until its first line.
START_S = 5.0


def estimate(jobs: list[Job], folder: Path, workers: int | None = None) -> str:
    """Return in one line how many lines are to be made, how long it takes and how large it is."""
    records = read_records(folder / MANIFEST)
    todo = [job for job in jobs if not is_finished(job, records, folder)]
    speech_s = sum(len(job.line.text) for job in todo) / CHARACTERS_PER_S
    formats = jobs[0].settings.formats if jobs else ()
    area = jobs[0].settings.size[0] * jobs[0].settings.size[1] / 512**2 if jobs else 1.0
    cost = SPEECH_COST + sum(VIDEO_COST * area for suffix in formats if suffix in VIDEO_SUFFIXES)
    work_s = speech_s * cost / (workers or default_workers()) + (START_S if todo else 0.0)
    heads = sum(1.0 if job.character.portrait else NEUTRAL_HEAD for job in todo)
    sizes_kb = [KB.get(suffix, (0, 100)) for suffix in formats]
    megabytes = sum(heads * head + speech_s * second for head, second in sizes_kb) / 1000
    return (
        f"{len(todo)} of {len(jobs)} lines to make, about {_length(speech_s)} of speech: "
        f"about {_length(work_s)} of work and {megabytes:.0f} MB"
    )


def _length(seconds: float) -> str:
    """Return a length as people say it."""
    if seconds < 100:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:.1f} hours"
