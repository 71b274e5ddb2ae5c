"""Speech to motion: the layers, in order, each a pure function of time.

lips (phones or loudness) → expression (yields to the lips) → a jaw that drops in pauses → blinks and gaze → head →
contacts enforced last.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avatar.animator.blinks import blink_times, lid_closure
from avatar.animator.closures import contacts_of, holds
from avatar.animator.coarticulation import Gestures, gestures_of, lip_curves, speaking
from avatar.animator.expression import express, felt
from avatar.animator.gaze import gaze_path
from avatar.animator.head import head_motion
from avatar.animator.jaw_drop import Pause, jaw_drop, pauses_of_gate, pauses_of_phones
from avatar.animator.layers import LIP_TRACK, Layers, Mouth, assemble, joined, mouth_of
from avatar.animator.loudness_jaw import loudness_lips, loudness_speaking
from avatar.animator.prosody import Prosody, prosody_of
from avatar.animator.style import AS_DIRECTED, Style
from avatar.animator.visemes import CHANNELS
from conditioning import ARKIT_INDEX, Emotion, EmotionTrack, InputError, Motion, Speech
from conditioning.motion import MAX_FPS, frame_count

__all__ = ["LIP_TRACK", "animate", "aversion_of", "idle", "lip_track", "perform"]

#: Jaw and lips over loudness: gain at the loud part, change over 18 dB, limits (JALI: both fields scale).
JAW_GAIN, JAW_SLOPE, JAW_LIMITS = 1.12, 0.62, (0.45, 1.25)
LIP_GAIN, LIP_SLOPE, LIP_LIMITS = 1.05, 0.30, (0.70, 1.15)
#: Phones a second above which movements get smaller, and how fast.
RATE_PIVOT_HZ = 13.0
RATE_POWER = 0.35
#: Half width of the window over which the head feels speech come and go, and the grid that it is computed on.
COMPOSURE_S = 0.5
CONTROL_S = 0.05
JAW = ARKIT_INDEX["jawOpen"]
#: Frames of a recording that are put together at once, so that an hour needs no more memory than its curves.
BLOCK = 3600
#: The head takes this long for its share of a gaze shift.
HEAD_SHIFT_S = 0.38


def animate(speech: Speech, *, fps: float = 60.0, seed: int = 0, style: Style = AS_DIRECTED) -> Motion:
    """Turn speech into a performance of the face.

    Parameters
    ----------
    speech : Speech
        With phones; without them the mouth follows loudness.
    fps : float
        Frames a second. The curves are functions of time: another rate samples the same performance.
    seed : int
        Another seed gives other blinks, glances, nods and variations, never other lips.
    style : Style
        How much each layer moves.

    Returns
    -------
    Motion
        Frame i belongs to second ``i / fps`` of the sound; it covers the whole waveform.

    Raises
    ------
    InputError
        If ``fps`` is not in (0, 1000].
    """
    times_s = _frame_times(speech.duration_s, fps)
    if not speech.phones:
        from avatar import audio_motion

        if audio_motion.available():
            layers = audio_motion.performance(speech, seed=seed, style=style)
            blocks = (times_s[first : first + BLOCK] for first in range(0, len(times_s), BLOCK))
            return joined([assemble(fps, layers(block), style) for block in blocks])
    return assemble(fps, perform(times_s, speech, seed=seed, style=style), style)


def perform(times_s: npt.NDArray[np.float64], speech: Speech, *, seed: int, style: Style) -> Layers:
    """Return the layers of a performance by rules: from phones, or from loudness without them."""
    prosody = prosody_of(speech)
    gestures = gestures_of(speech.phones) if speech.phones else None
    mouth = _mouth(times_s, speech, prosody)
    strength = np.clip(felt(times_s, speech.emotion) * style.expressiveness, 0.0, 1.0)
    streams = _streams(seed)
    mean = Emotion.from_weights(strength.mean(axis=0))
    path = gaze_path(speech.duration_s, style, streams["gaze"], aversion=aversion_of(mean), downcast=mean.sadness)
    attractors = sorted(path.shifts_s() + _pauses(speech))
    blinks = blink_times(speech.duration_s, style, streams["blinks"], attractors, mean.vad.arousal)
    face = express(
        times_s, speech.emotion, speech.duration_s, mouth.gate, prosody.accents, style, streams["expression"]
    )
    face[:, JAW] = jaw_drop(times_s, strength, _quiet(speech, prosody), streams["jaw"])
    composure = _composure(times_s, speech, prosody, gestures)
    followed = path.at(times_s, HEAD_SHIFT_S) - style.gaze_target
    head = head_motion(times_s, strength, composure, prosody, followed, style, streams["head"])
    return Layers(mouth, face, head, path.at(times_s), lid_closure(times_s, blinks))


def idle(
    duration_s: float,
    emotion: Emotion | EmotionTrack | str = "neutral",
    *,
    fps: float = 60.0,
    seed: int = 0,
    style: Style = AS_DIRECTED,
    loop: bool = True,
) -> Motion:
    """Return a face that lives without speaking: breath, blinks, glances, sway.

    The mouth is shut, but for a jaw that drops in surprise and fear.

    Parameters
    ----------
    duration_s : float
        Seconds, at least 0.5.
    emotion : Emotion, EmotionTrack or str
        What it feels.
    fps : float
        Frames a second.
    seed : int
        Another seed gives another performance.
    style : Style
    loop : bool
        Make the end flow into the start. A loop needs a constant emotion.

    Raises
    ------
    InputError
        If the duration is too short, ``fps`` is out of range, or a loop is asked of a changing emotion.
    """
    if not 0.5 <= duration_s <= 86_400.0:
        raise InputError(f"duration_s={duration_s} is not allowed; an idle lasts from 0.5 to 86400 seconds")
    times_s = _frame_times(duration_s, fps)
    felt_emotion = Emotion.parse(emotion) if isinstance(emotion, str) else emotion
    track = EmotionTrack.constant(felt_emotion) if isinstance(felt_emotion, Emotion) else felt_emotion
    if loop and len({feeling for _, feeling in track.keyframes}) > 1:
        raise InputError("a loop needs one emotion throughout; give an Emotion, or loop=False")
    period_s = duration_s if loop else None
    streams = _streams(seed)
    strength = np.clip(felt(times_s, track) * style.expressiveness, 0.0, 1.0)
    mean = Emotion.from_weights(strength.mean(axis=0))
    path = gaze_path(
        duration_s, style, streams["gaze"], aversion=1.4 * aversion_of(mean), downcast=mean.sadness, loop=loop
    )
    blinks = blink_times(duration_s, style, streams["blinks"], path.shifts_s(), mean.vad.arousal)
    silence = np.zeros(len(times_s))
    face = express(times_s, track, duration_s, silence, (), style, streams["expression"], period_s)
    face[:, JAW] = jaw_drop(times_s, strength, [(-np.inf, np.inf)], streams["jaw"], period_s)
    followed = path.at(times_s, HEAD_SHIFT_S) - style.gaze_target
    head = head_motion(times_s, strength, silence, None, followed, style, streams["head"], period_s)
    mouth = mouth_of(np.zeros((len(times_s), len(LIP_TRACK))))
    return assemble(fps, Layers(mouth, face, head, path.at(times_s), lid_closure(times_s, blinks)), style)


def _frame_times(duration_s: float, fps: float) -> npt.NDArray[np.float64]:
    if not 0.0 < fps <= MAX_FPS:
        raise InputError(f"fps={fps} is not allowed; it runs from above 0 to {MAX_FPS:g}")
    return np.arange(max(1, frame_count(duration_s, fps))) / fps


def _streams(seed: int) -> dict[str, np.random.Generator]:
    """Return one generator per layer, so that a knob of one layer leaves the others as they are."""
    layers = ("expression", "blinks", "gaze", "head", "jaw")
    return {layer: np.random.default_rng([abs(seed), index]) for index, layer in enumerate(layers)}


def aversion_of(mean: Emotion) -> float:
    """Return how much more than usual the eyes leave the partner: shame and fear avoid, anger stares."""
    return float(np.clip(1.0 + mean.sadness + 0.6 * mean.fear + 0.5 * mean.disgust - 0.7 * mean.anger, 0.2, 2.5))


def _pauses(speech: Speech) -> list[float]:
    """Return when pauses inside the line begin."""
    return [phone.start_s for phone in speech.phones[1:] if phone.symbol == "sil" and phone.duration_s > 0.1]


def _quiet(speech: Speech, prosody: Prosody) -> list[Pause]:
    """Return where nobody speaks."""
    if speech.phones:
        return pauses_of_phones(speech.phones)
    grid_s = np.arange(0.0, speech.duration_s, CONTROL_S)
    return pauses_of_gate(loudness_speaking(grid_s, prosody), 1.0 / CONTROL_S)


def _gate(times_s: npt.NDArray[np.float64], prosody: Prosody, gestures: Gestures | None) -> npt.NDArray[np.float64]:
    return loudness_speaking(times_s, prosody) if gestures is None else speaking(times_s, gestures)


def _composure(
    times_s: npt.NDArray[np.float64], speech: Speech, prosody: Prosody, gestures: Gestures | None
) -> npt.NDArray[np.float64]:
    """Return the gate at the head's speed: it does not jolt at every pause."""
    grid_s = np.arange(-COMPOSURE_S, speech.duration_s + COMPOSURE_S + CONTROL_S, CONTROL_S)
    half = round(COMPOSURE_S / CONTROL_S)
    kernel = np.hanning(2 * half + 1)
    slow = np.convolve(np.pad(_gate(grid_s, prosody, gestures), half, mode="edge"), kernel / kernel.sum(), "valid")
    return np.interp(times_s, grid_s, slow)


def lip_track(
    times_s: npt.NDArray[np.float64], speech: Speech, prosody: Prosody | None = None
) -> npt.NDArray[np.float64]:
    """Return what speech alone asks of the mouth.

    Parameters
    ----------
    times_s : (T,) float64
        Seconds.
    speech : Speech
        With phones.
    prosody : Prosody, optional
        Of the speech, if it has been measured.

    Returns
    -------
    (T, 15) float64
        The lips' channels, lips together, lip on teeth, and 1 while speaking: :data:`LIP_TRACK`.
    """
    prosody = prosody_of(speech) if prosody is None else prosody
    gestures = gestures_of(speech.phones)
    gate = speaking(times_s, gestures)
    curves = lip_curves(times_s, gestures)
    loudness = prosody.at("loudness", times_s)
    pace = np.interp(times_s, *_pace(gestures.start_s, gestures.end_s, gestures.silent))
    jaw = np.clip(JAW_GAIN + JAW_SLOPE * loudness, *JAW_LIMITS) * pace
    lips = np.clip(LIP_GAIN + LIP_SLOPE * loudness, *LIP_LIMITS) * pace
    curves *= np.where(np.arange(len(CHANNELS)) < 2, jaw[:, None], lips[:, None]) * gate[:, None]
    together, on_teeth = contacts_of(gestures, speech.phones)
    contacts = [holds(times_s, together), holds(times_s, on_teeth), gate]
    return np.concatenate([curves, np.stack(contacts, axis=1)], axis=1)


def _mouth(times_s: npt.NDArray[np.float64], speech: Speech, prosody: Prosody) -> Mouth:
    if speech.phones:
        return mouth_of(lip_track(times_s, speech, prosody))
    track = np.zeros((len(times_s), len(LIP_TRACK)))
    track[:, -1] = loudness_speaking(times_s, prosody)
    track[:, : len(CHANNELS)] = loudness_lips(times_s, prosody) * track[:, -1:]
    return mouth_of(track)


def _pace(
    start_s: npt.NDArray[np.float64], end_s: npt.NDArray[np.float64], silent: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return times and gains: movements shrink where phones follow each other fast."""
    spoken = np.flatnonzero(~silent)
    if len(spoken) < 4:
        return np.array([0.0]), np.array([1.0])
    length = np.convolve(np.pad((end_s - start_s)[spoken], 3, mode="edge"), np.full(7, 1 / 7), mode="valid")
    gain = np.clip((length * RATE_PIVOT_HZ) ** RATE_POWER, 0.75, 1.15)
    return 0.5 * (start_s + end_s)[spoken], gain
