"""Pictures of a performance: emotion, voice and words over a line's time; the moods of a scene.

Needs matplotlib (``pip install 'mien[plot]'``). Figures are drawn without pyplot: no window, no global state.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError, MissingDependency
from conditioning import EMOTION_NAMES, FEATURE_RATE_HZ, Emotion, Speech
from conditioning.mood import Expressed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from avatar.take import Take

__all__ = [
    "EMOTION_COLOURS", "INK", "SPEAKER_COLOURS", "loudness_db", "new_figure", "plot_scene", "plot_take",
    "save_figure", "tidy", "write_png",
]  # fmt: skip

#: Plutchik's colours of the eight primaries, darkened where they would fade on white.
EMOTION_COLOURS = {
    "joy": "#e3b505", "trust": "#7cae3b", "fear": "#1f7a4d", "surprise": "#2a9fd6",
    "sadness": "#2f5fb3", "disgust": "#8e4aa8", "anger": "#d1342b", "anticipation": "#ee8a22",
}  # fmt: skip
VAD_COLOURS = {"valence": "#2b2b2b", "arousal": "#c2447a", "dominance": "#8a8a8a"}
SPEAKER_COLOURS = ("#2f5fb3", "#ee8a22", "#1f7a4d", "#d1342b", "#8e4aa8", "#7a6a53")

#: Curves are drawn at this rate.
PLOT_HZ = 100.0
#: Levels below this are silence, dB relative to full scale.
FLOOR_DB = -60.0
#: A weight that never exceeds this is not drawn; in a scene, where more curves meet, the second.
VISIBLE, VISIBLE_IN_SCENE = 0.005, 0.1
INK, GRID = "#333333", "#dddddd"

Array = npt.NDArray[np.float64]


def plot_take(take: Take) -> Figure:
    """Draw a take: eight weights, valence-arousal-dominance, F0 and loudness, and the words, over time.

    Parameters
    ----------
    take : Take

    Returns
    -------
    matplotlib.figure.Figure
        For :func:`save_figure`, or a notebook.
    """
    speech = take.speech
    figure = new_figure(width_in=min(24.0, max(9.0, 2.2 * speech.duration_s)), height_in=7.2)
    rows = figure.subplots(4, 1, sharex=True, height_ratios=(3.0, 2.0, 2.4, 0.7))
    times = np.arange(max(2, int(speech.duration_s * PLOT_HZ))) / PLOT_HZ
    weights = speech.emotion.weights_at(times)
    _draw_emotion(rows[0], times, weights)
    _draw_vad(rows[1], times, weights)
    _draw_voice(rows[2], speech)
    _draw_words(rows[3], speech)
    rows[0].set_title(_shorten(take.text, 110), fontsize=12, loc="left", color=INK)
    rows[-1].set_xlim(0.0, speech.duration_s)
    rows[-1].set_xlabel("time (s)", color=INK)
    return figure


def plot_scene(lines: Sequence[Expressed], *, title: str = "") -> Figure:
    """Draw a scene: who speaks when and how it is felt, and the mood of every speaker.

    Parameters
    ----------
    lines : sequence of Expressed
        As :attr:`conditioning.mood.Scene.lines` has them.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    if not lines:
        raise InputError("a scene without lines has no moods to draw; perform it first")
    speakers = list(dict.fromkeys([line.speaker for line in lines] + [name for line in lines for name in line.moods]))
    figure = new_figure(width_in=min(24.0, max(10.0, 0.28 * lines[-1].end_s)), height_in=2.6 + 2.0 * len(speakers))
    axes = figure.subplots(len(speakers) + 1, 1, sharex=True, height_ratios=(*([2.0] * len(speakers)), 2.2))
    for axis, speaker in zip(axes, speakers, strict=False):
        _draw_mood(axis, lines, speaker)
    _draw_valence(axes[-1], lines, speakers)
    axes[0].set_title(title or "Moods (curves) and what is spoken (dots)", fontsize=12, loc="left", color=INK)
    axes[-1].set_xlim(0.0, lines[-1].end_s)
    axes[-1].set_xlabel("time in the scene (s)", color=INK)
    return figure


def save_figure(figure: Figure, path: Path, *, dpi: int = 120) -> None:
    """Write a figure as PNG; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
    path : Path
    dpi : int
        Pixels per inch.
    """
    if not 30 <= dpi <= 600:
        raise InputError(f"dpi={dpi} is not allowed; it runs from 30 to 600")
    figure.savefig(path, format="png", dpi=dpi, metadata={"Software": None})


def write_png(take: Take, path: Path, dpi: int = 120) -> None:
    """Write the picture of a take (the writer of ``.png``)."""
    save_figure(plot_take(take), path, dpi=dpi)


def loudness_db(speech: Speech) -> npt.NDArray[np.float32]:
    """Return the level of the speech, known or measured.

    Returns
    -------
    (m,) float32
        RMS over 25 ms at :data:`conditioning.FEATURE_RATE_HZ`, dB relative to full scale, at least ``FLOOR_DB``.
    """
    if speech.energy_db is not None:
        return np.asarray(np.maximum(speech.energy_db, FLOOR_DB), np.float32)
    hop = speech.sample_rate / FEATURE_RATE_HZ
    width = max(1, round(0.025 * speech.sample_rate))
    power = np.concatenate([[0.0], np.cumsum(speech.waveform.astype(np.float64) ** 2)])
    centres = np.arange(int(len(speech.waveform) / hop)) * hop
    left = np.clip(centres - width / 2, 0, len(speech.waveform)).astype(int)
    right = np.clip(centres + width / 2, 1, len(speech.waveform)).astype(int)
    mean = (power[right] - power[left]) / np.maximum(right - left, 1)
    return np.asarray(np.maximum(10 * np.log10(np.maximum(mean, 1e-12)), FLOOR_DB), np.float32)


def new_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty white figure of a size in inches.

    Raises
    ------
    MissingDependency
        Without matplotlib.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependency("pictures need matplotlib: pip install 'mien[plot]'") from error
    figure = Figure(figsize=(width_in, height_in), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def tidy(axis: Axes, label: str, *, grid: str = GRID, size_pt: float = 9) -> None:
    """Name an axis, and give it a light grid and no frame above and to the right."""
    axis.set_ylabel(label, color=INK)
    axis.grid(color=grid, linewidth=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(colors=INK, labelsize=size_pt)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _legend(axis: Axes) -> None:
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), fontsize=9, frameon=False)


def _draw_emotion(axis: Axes, times: Array, weights: Array) -> None:
    for column, name in enumerate(EMOTION_NAMES):
        if weights[:, column].max() > VISIBLE:
            axis.plot(times, weights[:, column], color=EMOTION_COLOURS[name], linewidth=2.2, label=name)
            axis.fill_between(times, weights[:, column], color=EMOTION_COLOURS[name], alpha=0.12, linewidth=0)
    if weights.max() <= VISIBLE:
        axis.text(0.5, 0.5, "neutral", transform=axis.transAxes, ha="center", va="center", color=INK)
    axis.set_ylim(0.0, 1.02)
    tidy(axis, "emotion")
    _legend(axis)


def _draw_vad(axis: Axes, times: Array, weights: Array) -> None:
    vad = np.array([list(vars(Emotion.from_weights(row).vad).values()) for row in weights])
    for column, (name, colour) in enumerate(VAD_COLOURS.items()):
        axis.plot(times, vad[:, column], color=colour, linewidth=1.8, label=name)
    axis.axhline(0.0, color=INK, linewidth=0.6)
    axis.set_ylim(-1.02, 1.02)
    tidy(axis, "VAD")
    _legend(axis)


def _draw_voice(axis: Axes, speech: Speech) -> None:
    level = loudness_db(speech)
    axis.fill_between(np.arange(len(level)) / FEATURE_RATE_HZ, level, FLOOR_DB, color="#c9d3e3", linewidth=0)
    axis.set_ylim(FLOOR_DB, 0.0)
    tidy(axis, "loudness (dB)")
    if speech.f0_hz is None or not (speech.f0_hz > 0).any():
        return
    pitch = np.where(speech.f0_hz > 0, speech.f0_hz, np.nan)
    twin = axis.twinx()
    twin.plot(np.arange(len(pitch)) / FEATURE_RATE_HZ, pitch, color="#b8336a", linewidth=2.0)
    twin.set_yscale("log", base=2)
    low, high = np.nanmin(pitch) / 1.15, np.nanmax(pitch) * 1.15
    twin.set_ylim(low, high)
    ticks = [hz for hz in (60, 80, 100, 120, 150, 200, 250, 300, 400, 500, 600, 800) if low <= hz <= high]
    twin.set_yticks(ticks, [str(hz) for hz in ticks])
    twin.minorticks_off()
    twin.set_ylabel("F0 (Hz)", color="#b8336a")
    twin.tick_params(colors="#b8336a", labelsize=9)
    twin.spines["top"].set_visible(False)


def _draw_words(axis: Axes, speech: Speech) -> None:
    inches_per_s = axis.bbox.width / axis.figure.dpi / speech.duration_s
    for word in speech.words:
        if word.symbol:
            axis.axvspan(word.start_s, word.end_s, color="#eef1f6", linewidth=0)
            axis.axvline(word.start_s, color=GRID, linewidth=0.8)
            # A letter is about 0.6 of its font size wide; 72 points are an inch.
            size = max(5.5, min(10.0, 72.0 * inches_per_s * word.duration_s / (0.62 * len(word.symbol))))
            middle = 0.5 * (word.start_s + word.end_s)
            axis.text(middle, 0.5, word.symbol, ha="center", va="center", fontsize=size, color=INK, clip_on=True)
    axis.set_ylim(0.0, 1.0)
    axis.set_yticks([])
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.tick_params(colors=INK, labelsize=9)


def _draw_mood(axis: Axes, lines: Sequence[Expressed], speaker: str) -> None:
    known = [line for line in lines if speaker in line.moods]
    times = [line.end_s for line in known]
    moods = np.array([line.moods[speaker].weights for line in known])
    for column, name in enumerate(EMOTION_NAMES):
        if moods[:, column].max() > VISIBLE_IN_SCENE:
            axis.plot(times, moods[:, column], color=EMOTION_COLOURS[name], linewidth=2.0, label=name)
    for line in lines:
        if line.speaker == speaker:
            axis.axvspan(line.start_s, line.end_s, color="#eef1f6", linewidth=0)
            for name, weight in line.felt:
                if weight > VISIBLE_IN_SCENE:
                    middle = 0.5 * (line.start_s + line.end_s)
                    axis.plot(middle, weight, "o", color=EMOTION_COLOURS[name], markersize=5, markeredgecolor="white")
    axis.set_ylim(0.0, 1.05)
    tidy(axis, _shorten(speaker or "nobody", 18))
    _legend(axis)


def _draw_valence(axis: Axes, lines: Sequence[Expressed], speakers: Sequence[str]) -> None:
    for number, speaker in enumerate(speakers):
        colour = SPEAKER_COLOURS[number % len(SPEAKER_COLOURS)]
        known = [line for line in lines if speaker in line.moods]
        valence = [line.moods[speaker].vad.valence for line in known]
        axis.plot([line.end_s for line in known], valence, color=colour, linewidth=2.0, label=speaker or "nobody")
        own = [line for line in lines if line.speaker == speaker]
        middles = [0.5 * (line.start_s + line.end_s) for line in own]
        axis.plot(middles, [line.felt.vad.valence for line in own], "o", color=colour, markersize=5, alpha=0.7)
    axis.axhline(0.0, color=INK, linewidth=0.6)
    axis.set_ylim(-1.05, 1.05)
    tidy(axis, "valence")
    _legend(axis)


def _shorten(text: str, length: int) -> str:
    """Return text in one line without ``$``, which would start a formula."""
    text = " ".join(text.split()).replace("$", r"\$")
    return text if len(text) <= length else text[: length - 1] + "…"
