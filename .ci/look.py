"""Look at what the README's main command made: do the files hold together?"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pygltflib


def stream_end_s(path: Path, stream: str) -> float:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-map", stream, "-f", "null", "-"]
    log = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    hours, minutes, seconds = re.findall(r"time=(\d+):(\d+):([\d.]+)", log)[-1]
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)


def main(video: Path, curves: Path, model: Path) -> None:
    picture_s, sound_s = stream_end_s(video, "0:v"), stream_end_s(video, "0:a")
    print(f"{video}: picture ends at {picture_s:.3f} s, sound at {sound_s:.3f} s, {video.stat().st_size} bytes")
    assert picture_s > 1.0
    assert abs(picture_s - sound_s) <= 0.040
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "quiet",
        "-i",
        str(video),
        "-f",
        "rawvideo",
        "-pix_fmt",
        "gray",
        "-",
    ]
    frames = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.uint8)
    frames = frames.reshape(-1, 512, 512).astype(float)
    change = np.abs(np.diff(frames, axis=0)).mean()
    print(f"{video}: {len(frames)} frames, mean change from frame to frame {change:.3f} of 255")
    assert change > 0.05

    header, *rows = csv.reader(curves.open(newline=""))
    print(f"{curves}: {len(header)} columns, {len(rows)} rows = {len(rows) / 60:.3f} s at 60 a second")
    assert len(header) == 63
    assert header[:3] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft"]
    assert abs(len(rows) / 60 - sound_s) <= 0.060
    jaw = np.array([float(row[header.index("JawOpen")]) for row in rows])
    assert jaw.max() > 0.1

    gltf = pygltflib.GLTF2().load(str(model))
    targets = gltf.meshes[0].extras["targetNames"]
    print(f"{model}: {len(targets)} morph targets, {len(gltf.animations)} animation, {len(gltf.images)} texture")
    assert len(targets) == 52
    assert gltf.animations
    assert gltf.images


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
