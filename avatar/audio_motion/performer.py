"""A performance of a recording without a transcript: diffusion, then lips refined from the sound.

The diffusion model gives mouth, expression, lids, gaze and head together; then the mouth is taken from the lip
network and the reader of openings (as DREAM-Talk refines its diffusion model's lips), so that another seed never
moves a closure. Blinks and saccades are drawn anew at the moments that were generated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from avatar.animator.blinks import draw_rate, lid_closure
from avatar.animator.expression import draw_sides, felt, shown
from avatar.animator.gaze import LARGE_RAD, GazePath
from avatar.animator.jaw_drop import jaw_drop, pauses_of_gate
from avatar.animator.layers import Layers, mouth_of
from avatar.animator.style import Style
from avatar.audio_motion.features import FRAME_RATE_HZ, audio_features, slow_features
from avatar.audio_motion.lips import contacts_in, lip_track_of, noise_floor, sample_track, shipped_tensors
from avatar.audio_motion.network import ConvStack
from avatar.audio_motion.person import person_share
from avatar.audio_motion.representation import MOTION_RATE_HZ, blink_starts, decode_face, fixations, part
from avatar.audio_motion.sampler import Guidance, sample_motion
from avatar.recording import f0_of
from conditioning import ARKIT_INDEX, Speech

__all__ = ["generate", "performance"]

Array = npt.NDArray[np.float32]

#: How the shipped model is sampled.
AS_TRAINED = Guidance()
#: Style.expressiveness below this fades the face out.
FAINT = 0.25
#: Half width of the smoothing of head and expression, frames: what is left of the noise.
SMOOTH = 2


def performance(speech: Speech, *, seed: int, style: Style) -> Callable[[npt.NDArray[np.float64]], Layers]:
    """Return the performance of a sound, as a function of time.

    Parameters
    ----------
    speech : Speech
        Its waveform, F0 and emotion are used.
    seed : int
        Another seed gives another face, gaze and head, never other lips.
    style : Style

    Returns
    -------
    callable
        (T,) seconds to the layers at these times.
    """
    features = audio_features(speech.waveform, speech.sample_rate)
    if not np.ptp(features):  # Silence, of which the model has learnt nothing.
        from avatar.animator.animator import perform

        return lambda times_s: perform(times_s, speech, seed=seed, style=style)
    motion = generate(speech, features, np.random.default_rng([abs(seed), 7]), style, shipped_tensors())
    person = person_share(features, shipped_tensors())
    track = lip_track_of(features, shipped_tensors(), person, noise_floor(features))
    contacts, pauses = contacts_in(track, person), pauses_of_gate(track[:, -1], FRAME_RATE_HZ)
    rng = np.random.default_rng([abs(seed), 8])
    path = _gaze(fixations(part(motion, "gaze")), style)
    rate = draw_rate(rng) * style.blink_rate
    blinks = blink_starts(part(motion, "lids")[:, 0], speech.duration_s, rate, rng)
    sides, waver = draw_sides(rng), int(rng.integers(2**31))
    shapes, turns = _spline(part(motion, "face")), _spline(part(motion, "head"))

    def layers(times_s: npt.NDArray[np.float64]) -> Layers:
        face = decode_face(shapes(times_s)) * sides * min(style.expressiveness / FAINT, 1.0)
        strength = np.clip(felt(times_s, speech.emotion) * style.expressiveness, 0.0, 1.0)
        face[:, ARKIT_INDEX["jawOpen"]] = jaw_drop(times_s, strength, pauses, np.random.default_rng(waver))
        return Layers(
            mouth_of(sample_track(times_s, track, person, contacts)),
            face,
            turns(times_s) * style.head_motion,
            path.at(times_s),
            lid_closure(times_s, blinks),
        )

    return layers


def generate(
    speech: Speech,
    features: Array,
    rng: np.random.Generator,
    style: Style,
    tensors: Mapping[str, Array],
    guidance: Guidance = AS_TRAINED,
) -> Array:
    """Return (F, N_CHANNELS) motion at 25 Hz from the diffusion model."""
    f0_hz = speech.f0_hz if speech.f0_hz is not None else f0_of(speech.waveform, speech.sample_rate)
    sound = slow_features(features, f0_hz)
    times_s = np.arange(len(sound)) / MOTION_RATE_HZ
    strength = shown(times_s, speech.emotion, speech.duration_s) * style.expressiveness
    emotion = np.clip(strength, 0.0, 1.0).astype(np.float32)
    network = ConvStack(tensors, "motion.")
    scaled = sample_motion(network, sound, emotion, rng, guidance)
    return scaled * tensors["scaling.spread"] + tensors["scaling.mean"]


def _spline(curves: Array) -> Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]:
    """Return smoothed curves as a function of time: a cubic B-spline whose control points they are."""
    from scipy.interpolate import BSpline

    kernel = np.hanning(2 * SMOOTH + 3)[1:-1]
    padded = np.pad(curves.astype(np.float64), ((SMOOTH + 2, SMOOTH + 2), (0, 0)), mode="edge")
    smooth = np.stack([np.convolve(column, kernel / kernel.sum(), mode="valid") for column in padded.T], axis=1)
    knots = (np.arange(len(smooth) + 4) - 4) / MOTION_RATE_HZ
    last = knots[-4] - 1e-9
    spline = BSpline(knots, smooth, 3)
    return lambda times_s: spline(np.clip(times_s, knots[3], last))


def _gaze(path: GazePath, style: Style) -> GazePath:
    """Return fixations around the style's target; without aversion the glances away stay on the face."""
    yaw, pitch = path.yaw, path.pitch
    if style.gaze_aversion < 1.0:
        size = np.hypot(yaw, pitch)
        near = np.where(size > LARGE_RAD, LARGE_RAD / np.maximum(size, 1e-9), 1.0)
        share = style.gaze_aversion + (1.0 - style.gaze_aversion) * near
        yaw, pitch = yaw * share, pitch * share
    limit = math.radians(25.0)
    yaw0, pitch0 = style.gaze_target
    yaw, pitch = (np.clip(style.gaze * angle, -limit, limit) for angle in (yaw, pitch))
    return GazePath(path.start_s, yaw0 + yaw, pitch0 + pitch)
