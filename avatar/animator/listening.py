"""Listening: the eyes on the speaker, nods and small raised brows where the speaker pauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from avatar.animator.animator import idle
from avatar.animator.gaze import eye_shapes
from avatar.animator.loudness_jaw import loudness_speaking
from avatar.animator.noise import smoothstep
from avatar.animator.prosody import prosody_of
from avatar.animator.style import AS_DIRECTED, Style
from conditioning import ARKIT_INDEX, FEATURE_RATE_HZ, Emotion, Motion, Speech

__all__ = ["listen", "pauses_of"]

#: Listeners look at the speaker about three quarters of the time, speakers less (Argyle & Cook 1976): glances away
#: become this much rarer.
AVERSION = 0.4
#: Without a speaker's pauses to answer, nods come this far apart: median and spread of the logarithm, seconds.
NOD_EVERY_S, NOD_SIGMA = 3.2, 0.4
#: A nod answers a pause this much later (backchannels lag by a third of a second to a second; Ward & Tsukahara 2000).
ANSWER_S = (0.2, 0.6)
#: Of one dip: length (1.8–3.7 Hz are ordinary nods; Hadar et al. 1985), depth in degrees, and how the next one shrinks.
DIP_S, DEPTH_DEG, SHRINK = (0.32, 0.46), (2.5, 5.0), 0.6
MOST_DIPS = 3
#: Raise of the brows with the first dip.
BROWS = 0.22
#: A speaker pauses where there is no word for this long, or no sound where words are not known, seconds.
WORDLESS_S, SILENT_S = 0.1, 0.25
#: Nods begin no closer to a loop's ends than this, seconds.
MARGIN_S = 0.3


def listen(
    duration_s: float,
    emotion: Emotion | str = "neutral",
    *,
    pauses_s: Sequence[float] | None = None,
    fps: float = 60.0,
    seed: int = 0,
    style: Style = AS_DIRECTED,
    loop: bool = True,
) -> Motion:
    """Return a face that listens: it looks at the speaker, blinks, nods now and then, and is silent.

    Parameters
    ----------
    duration_s : float
        Seconds, at least 0.5.
    emotion : Emotion or str
        What the listener feels.
    pauses_s : sequence of float, optional
        When the speaker pauses; most of the pauses are answered by a nod. ``None``: nods come of their own.
    fps : float
        Frames a second.
    seed : int
        Another seed listens otherwise.
    style : Style
        ``head_motion`` scales the nods.
    loop : bool
        Make the end flow into the start.

    Raises
    ------
    InputError
        If the duration is too short or ``fps`` is out of range.
    """
    attentive = replace(style, gaze_aversion=AVERSION * style.gaze_aversion)
    base = idle(duration_s, emotion, fps=fps, seed=seed, style=attentive, loop=loop)
    rng = np.random.default_rng([abs(seed), 7])
    starts = _nod_starts(duration_s, pauses_s, rng)
    nod, brows = _nods(base.times_s, starts, duration_s, rng)
    nod_rad = np.radians(nod) * style.head_motion
    weights, head, eyes = (np.array(part, np.float64) for part in (base.weights, base.head_rotation, base.eye_rotation))
    head[:, 0] += nod_rad
    # The eyes stay on the speaker while the head nods.
    eyes[:, :, 0] -= nod_rad[:, None]
    eye_shapes(weights, eyes[:, 0, 1], eyes[:, 0, 0])
    for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"):
        column = weights[:, ARKIT_INDEX[name]]
        column += (1.0 - column) * brows * style.expressiveness
    weights = np.clip(weights, 0.0, 1.0)
    return Motion(base.fps, weights.astype(np.float32), head.astype(np.float32), eyes.astype(np.float32))


def pauses_of(speech: Speech) -> list[float]:
    """Return when a speaker pauses, in seconds: between words where they are known, else where the sound stops."""
    if speech.words:
        return [word.start_s for word in speech.words[1:] if not word.symbol and word.duration_s > WORDLESS_S]
    times_s = np.arange(0.0, speech.duration_s, 1.0 / FEATURE_RATE_HZ)
    sounds = np.concatenate([[0], loudness_speaking(times_s, prosody_of(speech)) > 0.5, [1]]).astype(int)
    change = np.diff(sounds)
    stops, goes = np.flatnonzero(change < 0), np.flatnonzero(change > 0)[1:]  # The first sound follows no pause.
    lasting = (goes - stops) > SILENT_S * FEATURE_RATE_HZ
    found: list[float] = (stops[lasting] / FEATURE_RATE_HZ).tolist()
    return found


def _nod_starts(duration_s: float, pauses_s: Sequence[float] | None, rng: np.random.Generator) -> list[float]:
    """Return when nods begin."""
    if pauses_s is not None:
        return [pause + float(rng.uniform(*ANSWER_S)) for pause in pauses_s if rng.uniform() < 0.75]
    starts: list[float] = []
    moment = float(rng.uniform(0.2, 0.7)) * NOD_EVERY_S
    while moment < duration_s:
        starts.append(moment)
        moment += float(np.exp(rng.normal(np.log(NOD_EVERY_S), NOD_SIGMA))) + MOST_DIPS * DIP_S[0]
    return starts


def _nods(
    times_s: npt.NDArray[np.float64], starts_s: Sequence[float], duration_s: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the pitch of the nods, degrees down, and the raise of the brows, 0 to 1; both 0 at the ends."""
    pitch, brows = np.zeros(len(times_s)), np.zeros(len(times_s))
    free = MARGIN_S
    for start in starts_s:
        dips = int(rng.integers(1, MOST_DIPS + 1))
        length = float(rng.uniform(*DIP_S))
        depth = float(rng.uniform(*DEPTH_DEG))
        while dips and start + dips * length > duration_s - MARGIN_S:
            dips -= 1
        if not dips or start < free:
            continue
        for dip in range(dips):
            phase = (times_s - start - dip * length) / length
            inside = (phase > 0) & (phase < 1)
            pitch[inside] += depth * SHRINK**dip * np.sin(np.pi * phase[inside]) ** 2
        end = start + dips * length
        raised = smoothstep((times_s - start) / 0.15) * (1.0 - smoothstep((times_s - end + 0.2) / 0.2))
        brows = np.maximum(brows, BROWS * raised)
        free = end + 0.2
    return pitch, brows
