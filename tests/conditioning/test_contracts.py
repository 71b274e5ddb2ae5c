"""Tracks, lines, speech and motion."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.interpolate

from conditioning import (
    ARKIT_NAMES,
    Delivery,
    Emotion,
    EmotionTrack,
    InputError,
    Line,
    Motion,
    Segment,
    Span,
    Speech,
    tile,
)
from conditioning.arkit import MIRROR


def test_a_track_is_the_linear_interpolant_of_its_keys(rng: np.random.Generator) -> None:
    times = np.sort(rng.uniform(0, 5, 6))
    table = rng.uniform(0, 1, (6, 8))
    track = EmotionTrack(tuple((t, Emotion.from_weights(w)) for t, w in zip(times, table, strict=True)))
    moments = rng.uniform(times[0], times[-1], 50)
    reference = scipy.interpolate.interp1d(times, table, axis=0)(moments)
    np.testing.assert_allclose(track.weights_at(moments), reference, atol=1e-6)
    np.testing.assert_allclose([track.at(t).weights for t in moments], reference, atol=2e-6)


def test_a_track_of_spans_holds_each_emotion_and_glides_between() -> None:
    joy, sadness = Emotion(joy=1.0), Emotion(sadness=1.0)
    track = EmotionTrack.from_spans([(0.0, 1.0, joy), (1.0, 3.0, sadness)], glide_s=0.4)
    assert track.at(0.79) == joy
    assert track.at(1.21) == sadness
    np.testing.assert_allclose(track.at(1.0).weights, 0.5 * (joy + sadness).weights, atol=1e-6)
    steps = np.abs(np.diff(track.sample(100.0, 3.0), axis=0)).max()
    assert steps <= 0.01 / 0.4 + 1e-9


def test_keyframes_that_go_back_in_time_are_refused() -> None:
    with pytest.raises(InputError, match="not decrease"):
        EmotionTrack(((1.0, Emotion()), (0.5, Emotion())))


@pytest.mark.parametrize("text", ["", "   ", "…?!", "\t\n", "🎉"])
def test_a_line_needs_something_to_say(text: str) -> None:
    with pytest.raises(InputError, match="nothing to say"):
        Line.of(text)


def test_a_line_fills_only_the_emotions_that_are_open() -> None:
    line = Line((Span("Hm."), Span("Yes!", Emotion(joy=1.0))))
    filled = line.with_emotion(Emotion(fear=0.5))
    assert [str(span.emotion) for span in filled.spans] == ["fear:0.5", "joy:1"]


def test_delivery_outside_its_range_is_refused() -> None:
    with pytest.raises(InputError, match=r"rate=9"):
        Delivery(rate=9.0)


def test_phones_have_to_tile_the_waveform() -> None:
    wave = np.zeros(16000, np.float32)
    good = tile(["sil", "ˈɑ", "sil"], [0, 4000, 9000, 16000], 16000)
    assert Speech(wave, 16000, phones=good).duration_s == 1.0
    for bad in (
        good[:2],
        (good[0], Segment("ˈɑ", 0.26, 0.5625), good[2]),
        (*good[:2], Segment("sil", 0.5625, 1.1)),
    ):
        with pytest.raises(InputError, match="tile"):
            Speech(wave, 16000, phones=bad)


def random_motion(rng: np.random.Generator, frames: int = 61, fps: float = 60.0) -> Motion:
    return Motion(
        fps,
        rng.uniform(0, 1, (frames, 52)),
        rng.normal(0, 0.1, (frames, 3)),
        rng.normal(0, 0.1, (frames, 2, 3)),
    )


@pytest.mark.parametrize("fps", [24.0, 25.0, 29.97, 30.0, 120.0])
def test_resampling_is_linear_interpolation_at_the_new_times(rng: np.random.Generator, fps: float) -> None:
    motion = random_motion(rng)
    again = motion.resample(fps)
    inside = again.times_s <= motion.times_s[-1]
    reference = scipy.interpolate.interp1d(motion.times_s, motion.weights, axis=0)(again.times_s[inside])
    np.testing.assert_allclose(again.weights[inside], reference, atol=1e-5)
    assert abs(again.duration_s - motion.duration_s) < 1 / fps


def test_resampling_to_the_same_rate_changes_nothing(rng: np.random.Generator) -> None:
    motion = random_motion(rng)
    again = motion.resample(motion.fps)
    np.testing.assert_array_equal(again.weights, motion.weights)
    np.testing.assert_array_equal(again.eye_rotation, motion.eye_rotation)


def test_motion_refuses_what_is_not_finite_and_names_it(rng: np.random.Generator) -> None:
    motion = random_motion(rng)
    head = motion.head_rotation.copy()
    head[3, 1] = np.nan
    with pytest.raises(InputError, match="head_rotation"):
        Motion(60.0, motion.weights, head, motion.eye_rotation)


def test_the_names_are_apples_52_and_mirror_in_pairs() -> None:
    assert len(set(ARKIT_NAMES)) == 52
    assert all(MIRROR[MIRROR[i]] == i for i in range(52))
    # The shapes on the midline, from Apple's list of blend shape locations.
    midline = {name for index, name in enumerate(ARKIT_NAMES) if MIRROR[index] == index}
    assert midline == {
        "jawForward", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRollLower", "mouthRollUpper",
        "mouthShrugLower", "mouthShrugUpper", "browInnerUp", "cheekPuff", "tongueOut",
    }  # fmt: skip
