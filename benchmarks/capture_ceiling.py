"""What sound tells of the held-out clip's mouth: ``python benchmarks/capture_ceiling.py DATA/facegood [CLIP]``.

r of jawOpen at 50 Hz, of readers of the sound's surroundings (± 0.32 s of bands and loudness). Left out: fitted to all
other clips. Within: the clip's own blocks of 4 s are in the training as well, in five turns, half a second around the
tested ones left out; what is gained is what another clip of the same session would tell. Linear is the shipped reader's
ridge; kernel is ridge regression in a Gaussian kernel's space (5,000 examples drawn at random).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from sklearn.kernel_ridge import KernelRidge

from avatar.audio_motion.features import FRAME_RATE_HZ
from avatar.train_motion.corpus import CAPTURE_HELD_OUT
from avatar.train_motion.opening import Clip, fit_opening, read_clips

BLOCK_S, FOLDS, GUARD_S = 4.0, 5, 0.5
EXAMPLES, KERNEL_WIDTH, KERNEL_PENALTY = 5000, 0.3, 1.0
LAGS_MS, SMOOTHINGS_MS = (-80, -40, 0, 40, 80), (60, 100, 180, 300, 500)

Read = Callable[[np.ndarray], np.ndarray]


def linear(clips: Mapping[str, Clip]) -> Read:
    weight, bias = fit_opening(clips)
    return lambda seen: np.clip(seen @ weight[:, 0] + bias[0], 0.0, 1.0)


def kernel(clips: Mapping[str, Clip]) -> Read:
    seen = np.concatenate([clip[0] for clip in clips.values()])
    goal = np.concatenate([clip[1][:, 0] for clip in clips.values()])
    mean, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    drawn = np.random.default_rng(0).permutation(len(seen))[:EXAMPLES]
    model = KernelRidge(alpha=KERNEL_PENALTY, kernel="rbf", gamma=KERNEL_WIDTH / seen.shape[1])
    model.fit((seen[drawn] - mean) / spread, goal[drawn] - goal.mean())
    return lambda table: np.asarray(model.predict((table - mean) / spread)) + goal.mean()


def within(
    clips: Mapping[str, Clip], name: str, fit: Callable[[Mapping[str, Clip]], Read], *, alone: bool
) -> np.ndarray:
    seen, goal = clips[name]
    fold = np.arange(len(goal)) // int(BLOCK_S * FRAME_RATE_HZ) % FOLDS
    read = np.zeros(len(goal))
    for turn in range(FOLDS):
        tested = fold == turn
        near = np.convolve(tested, np.ones(2 * int(GUARD_S * FRAME_RATE_HZ) + 1), "same") > 0
        others = {} if alone else {other: clip for other, clip in clips.items() if other != name}
        read[tested] = fit({**others, name: (seen[~near], goal[~near])})(seen[tested])
    return read


def smooth(curve: np.ndarray, width_ms: float) -> np.ndarray:
    kernel = np.hanning(round(width_ms / 1000 * FRAME_RATE_HZ) + 2)[1:-1]
    return np.convolve(curve, kernel / kernel.sum(), "same")


def r(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def main(arguments: list[str]) -> None:
    clips = read_clips(Path(arguments[0]))
    name = arguments[1] if len(arguments) > 1 else CAPTURE_HELD_OUT
    goal = clips[name][1][:, 0]
    others = {other: clip for other, clip in clips.items() if other != name}
    for label, fit in (("linear", linear), ("kernel", kernel)):
        left_out = fit(others)(clips[name][0])
        own, both = within(clips, name, fit, alone=True), within(clips, name, fit, alone=False)
        print(f"{label}: left out {r(left_out, goal):.3f}, within {r(both, goal):.3f}, within alone {r(own, goal):.3f}")
        if fit is linear:
            shown = left_out
    for lag_ms in LAGS_MS:
        shift = round(lag_ms / 1000 * FRAME_RATE_HZ)
        print(f"lag {lag_ms:+d} ms: {r(np.roll(shown, shift)[20:-20], goal[20:-20]):.3f}")
    for width_ms in SMOOTHINGS_MS:
        print(f"both smoothed over {width_ms} ms: {r(smooth(shown, width_ms), smooth(goal, width_ms)):.3f}")
    print(f"root of the target: {r(shown, np.sqrt(np.maximum(goal, 0.0))):.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
