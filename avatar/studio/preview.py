"""The studio's picture of a take: the sound with its words, what is felt, and the curves that move most."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from avatar.plot import EMOTION_COLOURS, INK, new_figure, save_figure, tidy
from avatar.take import Take
from conditioning import ARKIT_NAMES, EMOTION_NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["most_moving", "save_preview"]

#: So many curves are drawn: those that move most.
CURVES = 6
#: The sound is drawn as its extremes in so many steps.
STEPS = 900
_SOUND, _GRID = "#7c6fd6", "#e6e6e6"


def most_moving(take: Take, count: int = CURVES) -> dict[str, npt.NDArray[np.float32]]:
    """Return the curves that move most, the jaw first; of a left and a right one their mean, without the side."""
    curves: dict[str, list[npt.NDArray[np.float32]]] = {"jawOpen": []}
    for name, curve in zip(ARKIT_NAMES, take.motion.weights.T, strict=True):
        curves.setdefault(name.removesuffix("Left").removesuffix("Right"), []).append(curve)
    means = {name: np.mean(sides, axis=0) for name, sides in curves.items()}
    order = sorted(means, key=lambda name: (name != "jawOpen", -means[name].std()))
    return {name: means[name] for name in order[:count] if means[name].std() > 0}


def save_preview(take: Take, path: Path) -> None:
    """Write the picture as PNG."""
    figure = new_figure(9.0, 5.2)
    sound, feeling, curves = figure.subplots(3, 1, sharex=True, height_ratios=(1.5, 1.2, 2.2))
    _draw_sound(sound, take)
    times = take.motion.times_s
    felt = take.speech.emotion.weights_at(times)
    for column, name in enumerate(EMOTION_NAMES):
        if felt[:, column].max() > 0.02:
            feeling.plot(times, felt[:, column], color=EMOTION_COLOURS[name], linewidth=2.2, label=name)
    for name, curve in most_moving(take).items():
        curves.plot(times, curve, linewidth=1.8, label=name)
    for axis, label in ((sound, "sound"), (feeling, "feeling"), (curves, "face")):
        _finish(axis, label)
    curves.set_xlim(0.0, take.duration_s)
    curves.set_xlabel("seconds", color=INK)
    save_figure(figure, path, dpi=110)


def _draw_sound(axis: Axes, take: Take) -> None:
    wave = take.speech.waveform
    edges = np.linspace(0, len(wave), min(STEPS, len(wave)) + 1).astype(int)[:-1]
    times = edges / take.speech.sample_rate
    axis.fill_between(
        times, np.minimum.reduceat(wave, edges), np.maximum.reduceat(wave, edges), color=_SOUND, linewidth=0
    )
    top = float(np.abs(wave).max()) or 1.0
    axis.set_ylim(-1.1 * top, 1.6 * top)
    for word in take.speech.words:
        if word.symbol:
            middle = 0.5 * (word.start_s + word.end_s)
            axis.text(middle, 1.35 * top, word.symbol, ha="center", va="center", fontsize=9, color=INK, clip_on=True)
    axis.set_yticks([])


def _finish(axis: Axes, label: str) -> None:
    tidy(axis, label, grid=_GRID, size_pt=8)
    if label == "sound":
        return
    axis.set_ylim(0.0, 1.05)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.05), fontsize=8.5, frameon=False)
    else:
        axis.text(0.5, 0.5, "neutral", transform=axis.transAxes, ha="center", va="center", color=INK)
