"""Performances that the diffusion model learns from: the rules' own layers, under emotions drawn at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from avatar.animator.animator import lip_track, perform
from avatar.animator.expression import shown
from avatar.animator.layers import LIP_TRACK
from avatar.animator.style import AS_DIRECTED
from avatar.audio_motion.representation import MOTION_RATE_HZ, encode
from conditioning import EMOTION_NAMES, Emotion, EmotionTrack, Speech

__all__ = ["draw_track", "performance"]

#: Samples of the lids in one frame of motion.
LID_SAMPLES = 4
#: Share of the performances that are neutral, and that change their emotion on the way.
NEUTRAL_SHARE, CHANGING_SHARE = 0.2, 0.3


def draw_track(duration_s: float, rng: np.random.Generator) -> EmotionTrack:
    """Draw what is felt: nothing, one emotion or two mixed, at any strength, constant or changing once."""
    if rng.uniform() < NEUTRAL_SHARE:
        return EmotionTrack.constant(Emotion())
    first = _draw_emotion(rng)
    if rng.uniform() > CHANGING_SHARE or duration_s < 2.0:
        return EmotionTrack.constant(first)
    start = float(rng.uniform(0.2, 0.7) * duration_s)
    end = min(start + float(rng.uniform(0.1, 1.0)), duration_s)
    second = Emotion() if rng.uniform() < 0.2 else _draw_emotion(rng)
    return EmotionTrack(((0.0, first), (start, first), (end, second)))


def _draw_emotion(rng: np.random.Generator) -> Emotion:
    names = rng.permutation(EMOTION_NAMES)[: 1 if rng.uniform() < 0.7 else 2]
    return Emotion(**{str(name): float(rng.uniform(0.2, 1.0) ** 0.7) for name in names})


def performance(
    speech: Speech, track: EmotionTrack, seed: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return what the rules do with a speech.

    Parameters
    ----------
    speech : Speech
        With phones; without them the mouth's columns are 0.
    track : EmotionTrack
    seed : int

    Returns
    -------
    emotion : (F, 8) float32
        What the face is to show, 25 times a second.
    motion : (F, N_CHANNELS) float32
    """
    frames = int(np.ceil(speech.duration_s * MOTION_RATE_HZ))
    times_s = np.arange(frames) / MOTION_RATE_HZ
    felt = replace(speech, emotion=track)
    layers = perform(times_s, felt, seed=seed, style=AS_DIRECTED)
    fine_s = (np.arange(frames * LID_SAMPLES) - (LID_SAMPLES - 1) / 2) / (LID_SAMPLES * MOTION_RATE_HZ)
    lids = perform(fine_s, felt, seed=seed, style=AS_DIRECTED).lids.reshape(frames, LID_SAMPLES).mean(axis=1)
    mouth = lip_track(times_s, speech) if speech.phones else np.zeros((frames, len(LIP_TRACK)))
    emotion = np.clip(shown(times_s, track, speech.duration_s), 0.0, 1.0).astype(np.float32)
    return emotion, encode(layers, mouth, lids)
