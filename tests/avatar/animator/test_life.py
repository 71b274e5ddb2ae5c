"""Blinks, gaze, head, expression and idling against what is published about people."""

from __future__ import annotations

import numpy as np
import pytest

from avatar.animator import Style, animate, idle
from avatar.animator.blinks import blink_times, lid_closure
from avatar.animator.expression import PATTERNS
from avatar.animator.gaze import LOOK_PITCH_RAD, LOOK_YAW_RAD, gaze_path
from avatar.motion_metrics import blink_facts, gaze_holds_s, upper_face
from conditioning import EMOTION_NAMES, Emotion, InputError


def test_blink_rates_lie_in_the_published_band() -> None:
    """Conversation: 95 % of people blink 10.5 to 32.5 times a minute (Bentivoglio et al. 1997)."""
    rates = [len(blink_times(60.0, Style(), np.random.default_rng(seed))) for seed in range(200)]
    inside = [10.5 <= rate <= 32.5 for rate in rates]
    assert np.mean(inside) > 0.95
    assert 17 <= np.mean(rates) <= 28


def test_lids_close_fast_and_open_slowly() -> None:
    """Closing takes about 50 to 100 ms, opening at least 100 ms (Trutoiu et al. 2011)."""
    times_s = np.arange(0, 0.5, 0.001)
    closure = lid_closure(times_s, np.array([0.1]))
    shut = np.flatnonzero(closure > 0.99)
    closing_s = times_s[shut[0]] - 0.1
    opening_s = times_s[np.flatnonzero(closure > 0.01)[-1]] - times_s[shut[-1]]
    assert 0.04 < closing_s < 0.10
    assert 0.09 < opening_s < 0.30
    assert opening_s > 1.3 * closing_s


def test_a_blink_shows_at_25_frames_a_second_on_both_eyes() -> None:
    motion = idle(60.0, fps=25.0, seed=3)
    facts = blink_facts(motion)
    assert 8 <= facts.count <= 33
    assert facts.sides_correlation > 0.97
    edges = np.flatnonzero(np.diff((motion.curve("eyeBlinkLeft") > 0.5).astype(int)) == 1)
    assert all(motion.curve("eyeBlinkLeft")[edge : edge + 6].max() > 0.8 for edge in edges)


def test_fixations_have_the_published_length() -> None:
    """Fixations on faces last 150 to 600 ms, with longer glances away between them."""
    holds = np.concatenate([gaze_holds_s(idle(60.0, seed=seed)) for seed in range(5)])
    assert 0.2 < np.median(holds) < 0.6
    assert np.mean((holds > 0.13) & (holds < 1.2)) > 0.85


def test_saccades_follow_the_main_sequence() -> None:
    """21 ms + 2.2 ms per degree (Bahill et al. 1975): measured between 1 % and 99 % of the way."""
    path = gaze_path(60.0, Style(), np.random.default_rng(0))
    shifts = np.hypot(np.diff(path.yaw), np.diff(path.pitch))
    k = int(np.argmax(shifts))
    times_s = path.start_s[k + 1] + np.arange(0, 0.2, 0.0005)
    way = np.linalg.norm(path.at(times_s) - path.at(times_s[:1]), axis=1) / shifts[k]
    lasted_s = times_s[np.flatnonzero(way > 0.999)[0]] - times_s[0]
    assert lasted_s == pytest.approx(0.021 + 0.0022 * np.degrees(shifts[k]), rel=0.2)


def test_eye_shapes_and_eye_rotation_say_the_same(make_speech) -> None:
    motion = animate(make_speech(), seed=2)
    yaw = (motion.curve("eyeLookOutLeft") - motion.curve("eyeLookInLeft")) * LOOK_YAW_RAD
    pitch = (motion.curve("eyeLookDownLeft") - motion.curve("eyeLookUpLeft")) * LOOK_PITCH_RAD
    np.testing.assert_allclose(yaw, motion.eye_rotation[:, 0, 1], atol=1e-5)
    np.testing.assert_allclose(pitch, motion.eye_rotation[:, 0, 0], atol=1e-5)
    np.testing.assert_allclose(motion.curve("eyeLookInRight"), motion.curve("eyeLookOutLeft"), atol=1e-6)


def test_without_aversion_the_eyes_hold_the_target_while_the_head_moves(make_speech) -> None:
    target = (np.radians(8.0), np.radians(-4.0))
    motion = animate(make_speech(), style=Style(gaze_aversion=0.0, gaze_target=target), seed=5)
    world = motion.eye_rotation[:, 0, :2] + motion.head_rotation[:, :2]
    assert np.degrees(np.abs(world[:, 1] - target[0]).mean()) < 2.0
    assert np.degrees(np.abs(world[:, 0] - target[1]).mean()) < 2.0
    assert np.degrees(motion.head_rotation[:, 1].std()) > 0.3


def test_the_face_rises_with_the_voice(make_speech) -> None:
    """F0 and head motion correlate about .6 to .8 (Kuratate et al. 1999; Busso et al. 2007)."""
    speech = make_speech(" ".join(["sil", *["n ˈɑ l ə"] * 12, "sil"]))
    found = []
    for seed in range(12):
        motion = animate(speech, seed=seed)
        f0 = np.interp(motion.times_s, np.arange(len(speech.f0_hz)) / 200.0, speech.f0_hz)
        speaking = (motion.times_s > 0.5) & (motion.times_s < speech.duration_s - 0.5)
        found.append(np.corrcoef(f0[speaking], -motion.head_rotation[speaking, 0])[0, 1])
    assert 0.4 < np.mean(found) < 0.95


def test_emotional_heads_move_more(make_speech, feel) -> None:
    speech = make_speech()
    speeds = {}
    for name in ("joy", "anger", "sadness"):
        motions = [animate(feel(speech, Emotion(**{name: 1.0})), seed=seed) for seed in range(6)]
        speeds[name] = np.mean([np.abs(np.diff(motion.head_rotation, axis=0)).mean() for motion in motions])
    neutral = np.mean([np.abs(np.diff(animate(speech, seed=s).head_rotation, axis=0)).mean() for s in range(6)])
    assert speeds["joy"] > neutral
    assert speeds["anger"] > neutral
    assert speeds["sadness"] < speeds["joy"]


#: Action units of each emotion (W. Friesen and P. Ekman, EMFACS, 1983), as the ARKit shape that shows them.
EMFACS = {
    "joy": ("mouthSmileLeft", "cheekSquintLeft"), "fear": ("browInnerUp", "eyeWideLeft", "mouthStretchLeft"),
    "surprise": ("browInnerUp", "browOuterUpLeft", "eyeWideLeft"), "sadness": ("browInnerUp", "mouthFrownLeft"),
    "disgust": ("noseSneerLeft", "browDownLeft"), "anger": ("browDownLeft", "eyeSquintLeft", "mouthPressLeft"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(EMFACS))
def test_the_face_shows_the_action_units_of_the_emotion(name: str) -> None:
    face, rest = idle(4.0, Emotion(**{name: 1.0}), seed=1), idle(4.0, seed=1)
    for shape in EMFACS[name]:
        assert face.curve(shape).mean() > rest.curve(shape).mean() + 0.2, shape


@pytest.mark.parametrize("name", EMOTION_NAMES)
def test_intensity_rises(name: str) -> None:
    amounts = [upper_face(idle(3.0, Emotion(**{name: level}), seed=7))[:13].sum() for level in (0, 0.25, 0.5, 0.75, 1)]
    assert (np.diff(amounts) > 0.01).all()


def test_sides_differ_a_little(make_speech, feel) -> None:
    motion = idle(6.0, Emotion(joy=1.0), seed=2)
    ratio = motion.curve("mouthSmileLeft").mean() / motion.curve("mouthSmileRight").mean()
    assert 0.01 < abs(ratio - 1.0) < 0.25


def test_no_pattern_opens_the_jaw() -> None:
    assert all("jawOpen" not in pattern for pattern in PATTERNS.values())


@pytest.mark.parametrize("seconds", [3.0, 7.7, 12.0])
@pytest.mark.parametrize("feeling", [Emotion(sadness=0.6), Emotion(surprise=1.0), Emotion(joy=0.5, fear=0.7)])
def test_a_loop_has_no_jump(seconds: float, feeling: Emotion) -> None:
    motion = idle(seconds, feeling, fps=60.0, seed=1)
    for curves in (motion.weights, motion.head_rotation, motion.eye_rotation.reshape(len(motion), -1)):
        steps = np.abs(np.diff(curves, axis=0)).max(axis=1)
        seam = np.abs(curves[0] - curves[-1]).max()
        assert seam <= np.percentile(steps, 99) + 1e-3


def test_idling_breathes_and_refuses_nonsense() -> None:
    assert np.degrees(np.ptp(idle(10.0).head_rotation[:, 0])) > 0.4
    with pytest.raises(InputError, match=r"0\.1"):
        idle(0.1)
    with pytest.raises(InputError):
        idle(3.0, "joyy")
