"""A voice followed live against its recording: ``python benchmarks/sound_stream.py RECORDING …`` (10 s of each).

For each look-ahead: correlation of the lips' opening with the whole recording's, mean difference of the mouth's curves
as a share of their range, share of the recording's closed moments (at 60 frames a second) that are closed within 50 ms,
both where level and tone colour are known (reference) and where they are found while it speaks; latency as promised;
seconds of sound per second of one core.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from avatar.animator import Style, animate
from avatar.animator.lips import CLOSED_APERTURE, lip_aperture
from avatar.motion_metrics import CONTENT_SHAPES
from avatar.recording import Recording, read_recording
from avatar.sound_stream import FULL_LOOK_AHEAD_S, SoundStream
from conditioning import ARKIT_INDEX, Speech

LOOK_AHEADS_S = (0.0, 0.06, 0.1, 0.2, 0.4, FULL_LOOK_AHEAD_S)
SECONDS, BLOCK_S, NEAR = 10, 0.01, 3
STILL = Style(expressiveness=0.0, head_motion=0.0, blink_rate=0.0, gaze=0.0)


def main(paths: list[str]) -> None:
    print("| look-ahead, ms | latency, ms | opening r | curves | closures | r, unknown voice | times real time |")
    print("|---|---|---|---|---|---|---|")
    sounds = [read_recording(path) for path in paths]
    sounds = [Recording(sound.waveform[: SECONDS * sound.sample_rate], sound.sample_rate) for sound in sounds]
    wholes = [animate(Speech(sound.waveform, sound.sample_rate), style=STILL).weights for sound in sounds]
    for look_ahead_s in LOOK_AHEADS_S:
        rows, spent, seconds = [], 0.0, 0.0
        for sound, whole in zip(sounds, wholes, strict=True):
            started = time.process_time()
            known = followed(sound, look_ahead_s, sound)
            spent += time.process_time() - started
            seconds += sound.duration_s
            rows.append((*compared(known, whole), compared(followed(sound, look_ahead_s, None), whole)[0]))
        opening, curves, closures, unknown = np.mean(rows, axis=0)
        latency = SoundStream([], 16_000, look_ahead_s=look_ahead_s).latency_s
        print(f"| {look_ahead_s * 1000:.0f} | {latency * 1000:.0f} | {opening:.3f} | {curves:.3f} | {closures:.3f} | "
              f"{unknown:.3f} | {seconds / spent:.1f} |", flush=True)  # fmt: skip


def followed(sound: Recording, look_ahead_s: float, reference: Recording | None) -> np.ndarray:
    step = int(BLOCK_S * sound.sample_rate)
    blocks = (sound.waveform[first : first + step] for first in range(0, len(sound.waveform), step))
    options = {"look_ahead_s": look_ahead_s, "reference": reference, "style": STILL}
    chunks = SoundStream(blocks, sound.sample_rate, "neutral", **options)
    return np.concatenate([chunk.motion.weights for chunk in chunks])


def compared(live: np.ndarray, whole: np.ndarray) -> tuple[float, float, float]:
    opening, wanted = lip_aperture(live), lip_aperture(whole)
    columns = [ARKIT_INDEX[name] for name in CONTENT_SHAPES]
    span = np.maximum(np.ptp(whole[:, columns], axis=0), 0.05)
    curves = (np.abs(live - whole)[:, columns].mean(axis=0) / span).mean()
    shut = np.convolve(opening <= CLOSED_APERTURE, np.ones(2 * NEAR + 1), "same") > 0
    closures = shut[wanted <= CLOSED_APERTURE].mean()
    return float(np.corrcoef(opening, wanted)[0, 1]), float(curves), float(closures)


if __name__ == "__main__":
    main(sys.argv[1:])
