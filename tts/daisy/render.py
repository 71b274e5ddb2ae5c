"""A planned sentence → waveform and F0: network, melody, colour of the voice, WORLD."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from conditioning.line import Line
from conditioning.phones import SILENCE, stress_of
from tts.contour import Accent, melody, reference_hz
from tts.daisy.guided import frame_style
from tts.daisy.model import VoiceModel
from tts.daisy.network import FRAMES_PER_STEP
from tts.daisy.plan import NEUTRAL_JITTER_PCT, Manner, PlannedSentence
from tts.daisy.style import values_of
from tts.daisy.vocoder import FRAME_MS, HOP_LENGTH, SAMPLE_RATE, synthesise
from tts.level import limit

__all__ = ["Rendered", "render"]

Array = npt.NDArray[np.float64]

FRAME_S = FRAME_MS / 1000.0
#: Accents before the last one of a breath group.
PRENUCLEAR = 0.6
GROUP_GAP_S = 0.07
EMPHASIS_DB = 3.0
#: A yes/no question ends this much higher (D. Hirst and A. Di Cristo, *Intonation Systems*, 1998: 4–8 st).
QUESTION_ST = 5.0
WH_WORDS = frozenset(["what", "when", "where", "who", "whom", "whose", "which", "why", "how"])
#: Half a window of this many frames smooths the emotion's colour over time.
FADE_FRAMES = 6
#: Of c0 for one dB: pyworld codes ln power so that c0 is its mean over the mel axis.
C0_PER_DB = np.log(10.0) / 10.0
#: A voice that is raised beyond its daily range takes effort, and effort flattens the spectrum: H. Traunmüller and
#: A. Eriksson, "Acoustic effects of variation in vocal effort", JASA 107 (2000). The teachers never speak so high.
#: Semitones above the speaker's mean from which it counts, decibels of alpha ratio for each more, and their c1.
EFFORT_FROM_ST, EFFORT_DB_PER_ST, C1_PER_DB = 6.0, 0.7, -0.33


@dataclass(frozen=True, eq=False)
class Rendered:
    """Sound of a sentence.

    Attributes
    ----------
    waveform : (n,) float32
    f0_hz : (T,) float32
        One value each 5 ms, 0 where unvoiced.
    """

    waveform: npt.NDArray[np.float32]
    f0_hz: npt.NDArray[np.float32]


def render(
    model: VoiceModel,
    speaker: int,
    line: Line,
    plan: PlannedSentence,
    weights: Array,
    manner: Manner,
    seed: Sequence[int],
) -> Rendered:
    """Synthesise one sentence.

    Parameters
    ----------
    model : VoiceModel
    speaker : int
    line : Line
        For the deliveries.
    plan : PlannedSentence
    weights : (T, 8) float64
        The emotion of each of the sentence's frames.
    manner : Manner
    seed : sequence of int
        For jitter, tremor and the noise of a flow.
    """
    total = int(plan.ends[-1])
    felt = manner.style(model, weights)
    style = _steps(plan, felt)
    phone = np.minimum(np.searchsorted(plan.ends, np.arange(total), side="right"), len(plan.ends) - 1)
    out = plan.encoded.decode(model, speaker, plan.ends, style, list(seed))[:total]
    spectrum = model.spectrum_of(out[:, :63], speaker).astype(np.float64)
    silent = plan.sequence.words[phone] < 0
    voiced = (out[:, 63] > 0.0) & ~silent
    z = plan.encoded.pitch(model, speaker, plan.ends, style)[:total]
    if model.style is None:
        log_f0 = model.log_f0_of(z, speaker)
    else:
        log_f0 = model.styled_log_f0_of(z, speaker, manner.guidance * values_of(felt.astype(np.float64))["f0_level_st"])
    cues = manner.cues(model, weights)
    rng = np.random.default_rng(list(seed))
    f0_hz = _melody(model.emphasis[0], line, plan, phone, voiced, log_f0, cues, rng)
    effort_db = EFFORT_DB_PER_ST * _raised_st(f0_hz, model.speakers[speaker].f0_mean)
    alpha_db = np.where(silent, 0.0, manner.alpha_db(model, speaker, weights))
    spectrum[:, 1] += C1_PER_DB * _smooth(effort_db + alpha_db)
    f0_hz = np.where(voiced, f0_hz, 0.0)
    if model.style is None:
        _colour(model, spectrum, manner.guidance * weights, voiced, silent)
    deliveries = [line.spans[k].delivery for k in plan.spans]
    gain_db = np.array([delivery.gain_db for delivery in deliveries]) + EMPHASIS_DB * model.emphasis[1] * plan.emphasis
    spectrum[:, 0] += C0_PER_DB * _smooth(gain_db[phone] + np.where(silent, 0.0, cues["loudness_db"]))
    wave = (
        synthesise(spectrum[:, :60], spectrum[:, 60:63], f0_hz, manner.breath(weights)) * model.speakers[speaker].gain
    )
    return Rendered(limit(wave.astype(np.float64)).astype(np.float32), f0_hz.astype(np.float32))


def _steps(plan: PlannedSentence, style: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return u of the network's steps, the last frame's repeated to fill the last step."""
    padded = -(-int(plan.ends[-1]) // FRAMES_PER_STEP) * FRAMES_PER_STEP
    return frame_style(style[np.minimum(np.arange(padded), len(style) - 1)])


def _smooth(values: Array) -> Array:
    """Average over a short window, edges held."""
    padded = np.pad(values, FADE_FRAMES, mode="edge")
    kernel = np.ones(2 * FADE_FRAMES + 1) / (2 * FADE_FRAMES + 1)
    return np.convolve(padded, kernel, mode="valid")


def _raised_st(f0_hz: Array, f0_mean: float) -> Array:
    """Return how far F0 is above a speaker's daily range, semitones."""
    level_st: Array = 12.0 * (np.log2(f0_hz) - f0_mean / np.log(2.0))
    raised: Array = np.maximum(level_st - EFFORT_FROM_ST, 0.0)
    return raised


def _colour(
    model: VoiceModel,
    spectrum: Array,
    weights: Array,
    voiced: npt.NDArray[np.bool_],
    silent: npt.NDArray[np.bool_],
) -> None:
    """Move mel-cepstrum and aperiodicity along the emotions' directions, in place."""
    if not weights.any():
        return
    share = _smooth(voiced.astype(np.float64))[:, None]
    change = share * (weights @ model.voiced_directions) + (1.0 - share) * (weights @ model.unvoiced_directions)
    spectrum += np.where(silent[:, None], 0.0, 1.0) * change


def _melody(
    emphasis: float,
    line: Line,
    plan: PlannedSentence,
    phone: npt.NDArray[np.int64],
    voiced: npt.NDArray[np.bool_],
    log_f0: Array,
    cues: dict[str, Array],
    rng: np.random.Generator,
) -> Array:
    """Return F0 in hertz as if all were voiced; a delivery's range widens around the sentence's own mean."""
    times_s = np.arange(len(phone)) * FRAME_S
    deliveries = [line.spans[k].delivery for k in plan.spans]
    pitch_st = np.array([delivery.pitch_st for delivery in deliveries])[phone]
    range_scale = np.array([delivery.range_scale for delivery in deliveries])[phone]
    groups = _groups(plan)
    raised = {
        **cues,
        "final_st": cues["final_st"] + (QUESTION_ST if _rises(plan) else 0.0),
        "jitter_pct": cues["jitter_pct"] + NEUTRAL_JITTER_PCT,
    }
    if _rises(plan):
        last_s = groups[-1][0] if groups else 0.0
        raised["final_st"] = np.where(times_s >= last_s, raised["final_st"], cues["final_st"])
    source = np.exp(_smooth(log_f0))
    reference = reference_hz(np.where(voiced, source, 0.0))
    accents = _accents(plan, groups, emphasis)
    return melody(source, reference, times_s, groups, accents, raised, pitch_st, range_scale, rng)


def _rises(plan: PlannedSentence) -> bool:
    """Tell whether it is a question that does not begin with a question word."""
    words = plan.sentence.words
    return words[-1].pause == "?" and not any(word.text.lower() in WH_WORDS for word in words[:2])


def _groups(plan: PlannedSentence) -> list[tuple[float, float]]:
    """Return (start, end) in seconds of the stretches between silences."""
    edges = np.concatenate([[0], plan.ends]) * FRAME_S
    found: list[tuple[float, float]] = []
    start: float | None = None
    for i, symbol in enumerate(plan.sequence.symbols):
        gap = symbol == SILENCE and edges[i + 1] - edges[i] >= GROUP_GAP_S
        if gap and start is not None:
            found.append((start, float(edges[i])))
            start = None
        elif not gap and start is None:
            start = float(edges[i])
    return found if start is None else [*found, (start, float(edges[-1]))]


def _accents(plan: PlannedSentence, groups: Sequence[tuple[float, float]], emphasis: float) -> list[Accent]:
    """Return the vowels with primary stress; the last of each breath group weighs 1; ``emphasis`` is a factor."""
    edges = np.concatenate([[0], plan.ends]) * FRAME_S
    accented = plan.sequence.features[:, 1] > 0
    found: list[Accent] = []
    for start_s, end_s in groups:
        inside = [
            i
            for i, symbol in enumerate(plan.sequence.symbols)
            if stress_of(symbol) == 1 and start_s <= edges[i] < end_s and (accented[i] or plan.emphasis[i])
        ]
        for i in inside:
            weight = 1.0 if i == inside[-1] else PRENUCLEAR
            found.append(Accent(float(edges[i]), float(edges[i + 1]), weight, emphasis * float(plan.emphasis[i])))
    return found


assert HOP_LENGTH == SAMPLE_RATE * FRAME_S
