"""Clips with emotion labels → latents, sound features and mixtures, prepared once.

A data folder holds video files with sound (faces already cut out and centred) and ``labels.csv`` with the columns
``clip,emotion`` and optionally ``start_s,end_s``: an emotion in words or weights (``joy:0.8, surprise:0.2``) for a
whole clip, or a row for each stretch of it.

A further column ``person`` matters more than it seems: clips of one person then lend each other their portraits. If
the portrait comes from the clip that is learnt, it shows the expression already, the network learns to copy it from
there, and the label moves nothing.
"""

from __future__ import annotations

import csv
import hashlib
import subprocess
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from checkpoints.errors import InputError
from conditioning import Emotion, EmotionTrack
from renderers.diffusion.emotion import emotion_mixtures
from renderers.diffusion.features import FEATURE_FPS, SOUND_RATE_HZ, AudioFeatures
from renderers.diffusion.model import TalkingHead
from renderers.diffusion.pixels import to_pixels

__all__ = [
    "Clip",
    "Label",
    "lend_portraits",
    "prepare_clip",
    "prepare_clips",
    "read_labels",
    "read_sound",
    "read_video",
]

LABELS = "labels.csv"
#: Frames that a clip lends to each other clip of the same person.
PORTRAITS_LENT = 8


@dataclass(frozen=True, eq=False)
class Clip:
    """One clip, ready for training.

    Parameters
    ----------
    latents : (T, 4, h, w) float
        Scaled latents of its frames, 30 a second.
    sound : (T, 5, layers, channels) float
        Sound features of each frame with its neighbours.
    mixtures : (T, 10) float
        Emotion mixtures.
    portraits : (K, 4, h, w) float, optional
        Latents of pictures of the same person, best with other expressions; the clip's own frames when absent.
    """

    latents: Tensor
    sound: Tensor
    mixtures: Tensor
    portraits: Tensor | None = None

    @property
    def faces(self) -> Tensor:
        """Pictures that may be shown as the portrait."""
        return self.latents if self.portraits is None else self.portraits

    def __len__(self) -> int:
        return len(self.latents)


@dataclass(frozen=True)
class Label:
    """What ``labels.csv`` says of a clip: its emotion over time, and who is seen (empty when not said)."""

    track: EmotionTrack
    person: str = ""


def read_labels(folder: Path) -> dict[Path, Label]:
    """Read ``labels.csv``.

    Raises
    ------
    InputError
        If the file is absent, lacks columns, names clips that are not there, or an emotion cannot be read.
    """
    path = folder / LABELS
    if not path.is_file():
        raise InputError(f"{path} is missing; it lists clips and their emotions in the columns clip,emotion")
    spans: dict[Path, list[tuple[float, float, Emotion]]] = defaultdict(list)
    persons: dict[Path, str] = {}
    with path.open(newline="", encoding="utf-8") as lines:
        rows = csv.DictReader(lines)
        if not {"clip", "emotion"} <= set(rows.fieldnames or ()):
            raise InputError(
                f"{path} has the columns {rows.fieldnames}; it needs clip,emotion and may have start_s,end_s"
            )
        for number, row in enumerate(rows, start=2):
            clip = folder / (row["clip"] or "")
            if not clip.is_file():
                raise InputError(f"{path}, line {number}: there is no clip {clip}")
            try:
                span = float(row.get("start_s") or 0), float(row.get("end_s") or 1e6)
            except ValueError:
                raise InputError(f"{path}, line {number}: start_s and end_s must be seconds") from None
            spans[clip].append((*span, Emotion.parse(row["emotion"] or "")))
            persons[clip] = row.get("person") or ""
    if not spans:
        raise InputError(f"{path} lists no clip")
    tracks = {clip: EmotionTrack.from_spans(sorted(rows, key=lambda r: r[0])) for clip, rows in spans.items()}
    return {clip: Label(track, persons[clip]) for clip, track in tracks.items()}


def read_video(path: Path, width: int, height: int) -> npt.NDArray[np.uint8]:
    """(T, height, width, 3) uint8 frames of a video file at 30 a second, cut to the shape from its middle."""
    cut = f"fps={FEATURE_FPS:g},scale={width}:{height}:force_original_aspect_ratio=increase,crop={width}:{height}"
    raw = _ffmpeg(path, "-an", "-vf", cut, "-f", "rawvideo", "-pix_fmt", "rgb24")
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def read_sound(path: Path) -> npt.NDArray[np.float32]:
    """(n,) float32 mono sound of a file at 16 kHz."""
    return np.frombuffer(_ffmpeg(path, "-vn", "-ac", "1", "-ar", str(SOUND_RATE_HZ), "-f", "f32le"), np.float32)


def _ffmpeg(path: Path, *options: str) -> bytes:
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), *options, "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode or not done.stdout:
        reason = (done.stderr.decode(errors="replace").strip().splitlines() or ["no such stream"])[-1]
        raise InputError(f"{path} cannot be read as a clip ({reason}); give video files with sound")
    return done.stdout


def prepare_clip(
    head: TalkingHead,
    features: AudioFeatures,
    frames: npt.NDArray[np.uint8],
    sound: npt.NDArray[np.float32],
    track: EmotionTrack,
) -> Clip:
    """Encode one clip: frames (T, H, W, 3) uint8 at 30 a second, sound (n,) float32 at 16 kHz."""
    with torch.no_grad():
        latents = torch.cat(
            [head.encode(to_pixels(part)).float().cpu() for part in np.array_split(frames, -(-len(frames) // 8))]
        )
    padded = np.zeros(max(len(sound), round(len(frames) / FEATURE_FPS * SOUND_RATE_HZ)), np.float32)
    padded[: len(sound)] = sound
    heard = torch.cat([window.float().cpu() for window in features.windows(padded, SOUND_RATE_HZ, 16)])[: len(frames)]
    mixtures = torch.from_numpy(emotion_mixtures(track, np.arange(len(frames)) / FEATURE_FPS))
    return Clip(latents[: len(heard)], heard, mixtures[: len(heard)])


def prepare_clips(folder: Path, cache: Path, head: TalkingHead, features: AudioFeatures, resolution: int) -> list[Clip]:
    """Prepare all labelled clips of a folder; what is encoded is kept in ``cache``."""
    from safetensors.torch import load_file, save_file

    cache.mkdir(parents=True, exist_ok=True)
    clips, persons = [], []
    for path, label in read_labels(folder).items():
        stat = path.stat()
        key = hashlib.sha256(f"{path.name} {stat.st_size} {stat.st_mtime_ns} {resolution}".encode()).hexdigest()[:16]
        kept = cache / f"{key}.safetensors"
        if not kept.exists():
            frames = read_video(path, resolution, resolution)
            clip = prepare_clip(head, features, frames, read_sound(path), label.track)
            save_file({"latents": clip.latents.contiguous(), "sound": clip.sound.contiguous()}, kept)
        data = load_file(kept)
        times_s = np.arange(len(data["latents"])) / FEATURE_FPS
        clips.append(Clip(data["latents"], data["sound"], torch.from_numpy(emotion_mixtures(label.track, times_s))))
        persons.append(label.person)
    return lend_portraits(clips, persons)


def lend_portraits(clips: list[Clip], persons: list[str]) -> list[Clip]:
    """Give each clip portraits from the other clips of the same person, where there are any."""
    lent = []
    for i, clip in enumerate(clips):
        others = [c.latents for j, c in enumerate(clips) if j != i and persons[j] == persons[i] != ""]
        some = [latents[:: max(1, len(latents) // PORTRAITS_LENT)][:PORTRAITS_LENT] for latents in others]
        lent.append(replace(clip, portraits=torch.cat(some)) if some else clip)
    return lent
