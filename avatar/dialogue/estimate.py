"""What a run will take, before it begins."""

from __future__ import annotations

from pathlib import Path

from avatar.dialogue.journal import MANIFEST, is_finished, read_records
from avatar.dialogue.plan import CHARACTERS_PER_S, Job
from avatar.dialogue.run import default_workers

__all__ = ["estimate"]

#: Kilobytes for one second of each format at its default settings, read off our own files; others: the mean.
KB_PER_S = {".wav": 44.0, ".csv": 28.0, ".json": 60.0, ".glb": 14.0, ".mp4": 70.0, ".webm": 50.0, ".gif": 900.0}
#: Seconds of work of one core for one second of speech: sound and curves, and a 512² video (BENCHMARKS.md).
SPEECH_COST = 0.1
VIDEO_COST = 1.0
_VIDEO = frozenset({".mp4", ".webm", ".gif"})


def estimate(jobs: list[Job], folder: Path, workers: int | None = None) -> str:
    """Return in one line how many lines are to be made, how long it takes and how large it is."""
    records = read_records(folder / MANIFEST)
    todo = [job for job in jobs if not is_finished(job, records, folder)]
    speech_s = sum(len(job.line.text) for job in todo) / CHARACTERS_PER_S
    formats = jobs[0].settings.formats if jobs else ()
    area = jobs[0].settings.size[0] * jobs[0].settings.size[1] / 512**2 if jobs else 1.0
    cost = SPEECH_COST + sum(VIDEO_COST * area for suffix in formats if suffix in _VIDEO)
    minutes = speech_s * cost / (workers or default_workers()) / 60
    mean = sum(KB_PER_S.values()) / len(KB_PER_S)
    megabytes = speech_s * sum(KB_PER_S.get(suffix, mean) for suffix in formats) / 1000
    return (
        f"{len(todo)} of {len(jobs)} lines to make, about {speech_s / 60:.1f} minutes of speech: "
        f"about {minutes:.1f} minutes of work and {megabytes:.0f} MB"
    )
