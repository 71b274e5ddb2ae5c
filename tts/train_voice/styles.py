"""The teachers' readings in many styles: the same words with other lengths, melody, level and colour.

Parallel text is what teaches a network style (the same line must sound otherwise only because u is another). People who
read one line in a hundred styles are not at hand; so WORLD features of the teachers are moved along the axes of u, with
the same functions that re-shape other voices (:mod:`tts.contour`, :mod:`tts.timing`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tts.contour import Accent, melody
from tts.daisy.inputs import FEATURES, SYMBOLS
from tts.daisy.style import AXES, LIMIT, N_STYLE, N_TIMBRE, values_of
from tts.phonetics import kind_of
from tts.timing import RELEASE_S

from .data import Item
from .style_space import Timbre

__all__ = ["StyleMix", "draw_style", "restyle"]

Array = npt.NDArray[np.float64]

FRAME_S = 0.005
MIN_FRAMES = 2
GROUP_GAP_S = 0.07
PRENUCLEAR = 0.6
C0_PER_DB = np.log(10.0) / 10.0
#: Frames over which the colour fades where voicing begins or ends.
FADE_FRAMES = 6
KINDS = np.array([kind_of(symbol) for symbol in SYMBOLS])
UNHEARD = [AXES.index(name) for name in ("pause_share", "jitter_pct", "tremor_st")]


@dataclass(frozen=True)
class StyleMix:
    """How styles are drawn.

    Attributes
    ----------
    plain : float
        Share of style dropout: u is zero and the reading is the teacher's own.
    emotional : float
        Share of mixtures of one or two emotions at any intensity, with noise; the rest is drawn over all axes.
    noise, spread : float
        Deviation of the noise, and of the free draws.
    changing : float
        Share of utterances whose style changes at a phone.
    """

    plain: float = 0.15
    emotional: float = 0.5
    noise: float = 0.2
    spread: float = 0.6
    changing: float = 0.25


def draw_style(emotions: Array, mix: StyleMix, rng: np.random.Generator) -> Array:
    """Return u (N_STYLE,) of one utterance."""
    kind = rng.random()
    if kind < mix.plain:
        return np.zeros(N_STYLE)
    if kind < mix.plain + mix.emotional:
        chosen = rng.choice(len(emotions), size=int(rng.integers(1, 3)), replace=False)
        weights = rng.dirichlet(np.ones(len(chosen))) * rng.uniform(0.2, 1.3)
        u = weights @ emotions[chosen] + mix.noise * rng.standard_normal(N_STYLE)
    else:
        u = mix.spread * rng.standard_normal(N_STYLE)
    u[UNHEARD] = 0.0
    clipped: Array = np.clip(u, -LIMIT, LIMIT)
    return clipped


def restyle(item: Item, style: Array, timbre: Timbre, f0_mean: float, rng: np.random.Generator) -> Item:
    """Move an utterance along the axes of u.

    Parameters
    ----------
    item : Item
        A plain reading of n phones.
    style : (n, N_STYLE) float64
        u of each phone.
    timbre : Timbre
    f0_mean : float
        The speaker's mean ln Hz; ranges widen around it.
    rng : Generator
    """
    if not style.any():
        return item
    values = values_of(style)
    ends, source = _times(item, values)
    phone = np.searchsorted(ends, np.arange(ends[-1]), side="right")
    left = np.minimum(source.astype(int), len(item.log_f0) - 1)
    right = np.minimum(left + 1, len(item.log_f0) - 1)
    part = (source - left)[:, None].astype(np.float32)
    targets = item.targets[left] * (1 - part) + item.targets[right] * part
    log_f0 = item.log_f0[left] * (1 - part[:, 0]) + item.log_f0[right] * part[:, 0]
    voiced = item.voiced[np.minimum(np.round(source).astype(int), len(item.voiced) - 1)]
    moved = replace(item, ends=ends, targets=targets, log_f0=log_f0, voiced=voiced)
    frames = {name: _smooth(value[phone]) for name, value in values.items()}
    return replace(
        moved,
        targets=_coloured(moved, phone, frames, timbre),
        log_f0=np.log(_melody(moved, frames, f0_mean, rng)).astype(np.float32),
    )


def _smooth(values: Array) -> Array:
    padded = np.pad(values, FADE_FRAMES, mode="edge")
    return np.convolve(padded, np.full(2 * FADE_FRAMES + 1, 1.0 / (2 * FADE_FRAMES + 1)), mode="valid")


def _times(item: Item, values: dict[str, Array]) -> tuple[npt.NDArray[np.int64], Array]:
    """Return the new ends of the phones, and each new frame's place on the old clock."""
    kinds = KINDS[item.ids]
    logs = np.where(kinds == "vowel", values["vowel_ln"], values["consonant_ln"])
    logs = np.where(kinds == "silence", values["pause_ln"], logs)
    lengths = np.diff(item.ends, prepend=0)
    ends = np.maximum.accumulate(np.round(np.cumsum(np.maximum(lengths * np.exp(logs), MIN_FRAMES)))).astype(np.int64)
    old, new = [0.0], [0.0]
    for k, (start, end) in enumerate(zip(np.concatenate([[0], item.ends[:-1]]), item.ends, strict=True)):
        if kinds[k] in ("stop", "affricate"):  # the release keeps its length
            begin = new[-1]
            release = min(RELEASE_S / FRAME_S, 0.5 * (end - start), 0.5 * (ends[k] - begin))
            old.append(float(end) - release)
            new.append(float(ends[k]) - release)
        old.append(float(end))
        new.append(float(ends[k]))
    return ends, np.interp(np.arange(ends[-1]) + 0.5, new, old) - 0.5 + 1e-9 if ends[-1] else np.zeros(0)


def _coloured(
    item: Item, phone: npt.NDArray[np.int64], frames: dict[str, Array], timbre: Timbre
) -> npt.NDArray[np.float32]:
    silent = item.ids[phone] == 0
    place = np.stack([frames[f"timbre_{k}"] for k in range(N_TIMBRE)], axis=1)
    share = _smooth(((item.voiced > 0) & ~silent).astype(np.float64))[:, None]
    change = share * (place @ timbre.voiced) + (1.0 - share) * (place @ timbre.unvoiced)
    change[:, 0] += C0_PER_DB * frames["loudness_db"]
    coloured: npt.NDArray[np.float32] = (item.targets + np.where(silent[:, None], 0.0, change)).astype(np.float32)
    return coloured


def _melody(item: Item, frames: dict[str, Array], f0_mean: float, rng: np.random.Generator) -> Array:
    times_s = np.arange(len(item.log_f0)) * FRAME_S
    edges = np.concatenate([[0], item.ends]) * FRAME_S
    groups = _groups(item.ids, edges)
    cues = {**frames, "jitter_pct": np.zeros_like(times_s), "tremor_st": np.zeros_like(times_s)}
    flat, whole = np.zeros_like(times_s), np.ones_like(times_s)
    return melody(
        np.exp(item.log_f0.astype(np.float64)), float(np.exp(f0_mean)), times_s, groups,
        _accents(item, edges, groups), cues, flat, whole, rng,
    )  # fmt: skip


def _groups(ids: npt.NDArray[np.int64], edges: Array) -> list[tuple[float, float]]:
    """Return (start, end) in seconds of the stretches between silences."""
    found: list[tuple[float, float]] = []
    start = -1.0
    for k, symbol in enumerate(ids):
        gap = symbol == 0 and edges[k + 1] - edges[k] >= GROUP_GAP_S
        if gap and start >= 0.0:
            found.append((start, float(edges[k])))
            start = -1.0
        elif not gap and start < 0.0:
            start = float(edges[k])
    return found if start < 0.0 else [*found, (start, float(edges[-1]))]


def _accents(item: Item, edges: Array, groups: list[tuple[float, float]]) -> list[Accent]:
    """Return the accented vowels; the last of each breath group weighs 1."""
    column = {name: item.features[:, k] > 0 for k, name in enumerate(FEATURES)}
    chosen = np.flatnonzero(column["nucleus"] & column["stress"] & column["accent"])
    found: list[Accent] = []
    for start_s, end_s in groups:
        inside = [k for k in chosen if start_s <= edges[k] < end_s]
        for k in inside:
            found.append(Accent(float(edges[k]), float(edges[k + 1]), 1.0 if k == inside[-1] else PRENUCLEAR, 0.0))
    return found
