"""Fit the linear reader of mouth opening to captured clips, and judge it on clips that it has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avatar.audio_motion.features import FRAME_RATE_HZ, audio_features
from avatar.audio_motion.opening import READER_CHANNELS, around
from avatar.recording import read_recording
from avatar.train_motion.capture import read_capture

__all__ = ["Clip", "correlations", "fit_opening", "leave_one_out", "read_clips"]

Array = npt.NDArray[np.float32]

#: Ridge penalty relative to the standardised features' variance; chosen by leaving out one of four clips at a time.
PENALTY = 0.1

#: (F, READER_SIZE) surroundings and (F, 5) captured channels.
Clip = tuple[Array, Array]


def read_clips(folder: Path) -> dict[str, Clip]:
    """Return surroundings and captured channels at 50 Hz of each clip of a folder (NAME.npz with NAME.flac)."""
    clips = {}
    for path in sorted(folder.glob("*.npz")):
        captured, fps = read_capture(path)
        recording = read_recording(path.with_suffix(".flac"))
        seen = around(audio_features(recording.waveform, recording.sample_rate))
        frames = min(len(seen), int(len(captured["jawOpen"]) / fps * FRAME_RATE_HZ))
        times = np.arange(frames) / FRAME_RATE_HZ * fps
        curves = [np.interp(times, np.arange(len(captured[name])), captured[name]) for name in READER_CHANNELS]
        clips[path.stem] = seen[:frames], np.stack(curves, axis=1).astype(np.float32)
    return clips


def fit_opening(clips: Mapping[str, Clip], penalty: float = PENALTY) -> tuple[Array, Array]:
    """Return (READER_SIZE, 5) weight and (5,) bias by ridge regression on standardised features."""
    seen = np.concatenate([clip[0] for clip in clips.values()]).astype(np.float64)
    goal = np.concatenate([clip[1] for clip in clips.values()]).astype(np.float64)
    mean, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    seen = (seen - mean) / spread
    gram = seen.T @ seen + penalty * len(seen) * np.eye(seen.shape[1])
    weight = np.linalg.solve(gram, seen.T @ (goal - goal.mean(axis=0))) / spread[:, None]
    return weight.astype(np.float32), (goal.mean(axis=0) - mean @ weight).astype(np.float32)


def correlations(clip: Clip, weight: Array, bias: Array) -> tuple[float, float]:
    """Return r of jawOpen, and of mouthFunnel + mouthPucker, on one clip."""
    read = np.clip(clip[0] @ weight + bias, 0.0, 1.0)
    opening = np.corrcoef(read[:, 0], clip[1][:, 0])[0, 1]
    width = np.corrcoef(read[:, 1] + read[:, 2], clip[1][:, 1] + clip[1][:, 2])[0, 1]
    return float(opening), float(width)


def leave_one_out(clips: Mapping[str, Clip]) -> dict[str, tuple[float, float]]:
    """Return the correlations on each clip of a reader that was fitted to all others."""
    return {
        name: correlations(clip, *fit_opening({other: c for other, c in clips.items() if other != name}))
        for name, clip in clips.items()
    }
