"""A jaw that drops in surprise and fear: only in silence, at a natural speed, never in the way of the lips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.animator import Style, animate, idle
from avatar.animator.jaw_drop import jaw_drop, pauses_of_gate, pauses_of_phones
from avatar.motion_metrics import contact_counts, content_error
from conditioning import EMOTION_NAMES, Emotion, EmotionTrack, Speech, tile

#: jawOpen of an emotion at full strength (AU 26 of EMFACS, in ARKit's shapes).
FACS_JAW = {"surprise": 0.35, "fear": 0.2}
PAUSED = "sil p ˈɑ m ə sil b ˈi n sil m ˈɑ p sil"
SURPRISE = np.eye(8)[EMOTION_NAMES.index("surprise")]


def paused(pause_s: float, emotion: Emotion) -> Speech:
    """Two words with a pause between them, and quiet noise in it."""
    rate = 16_000
    phones = ["sil", "ˈɑ", "p", "sil", "b", "ˈɑ", "sil"]
    borders = np.round(np.cumsum([0.0, 0.3, 0.2, 0.1, pause_s, 0.08, 0.2, 0.3]) * rate).astype(int)
    wave = np.random.default_rng(0).normal(0.0, 0.1, borders[-1]).astype(np.float32)
    return Speech(wave, rate, tile(phones, borders.tolist(), rate), emotion=EmotionTrack.constant(emotion))


@pytest.mark.parametrize("name", EMOTION_NAMES)
def test_only_surprise_and_fear_open_an_idle_mouth_and_more_the_more_they_are_felt(ict_head, name: str) -> None:
    levels = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    motions = [idle(6.0, Emotion(**{name: level}), seed=3) for level in levels]
    jaws = np.array([motion.curve("jawOpen").mean() for motion in motions])
    np.testing.assert_allclose(jaws, FACS_JAW.get(name, 0.0) * levels, atol=0.03)
    gap = [ict_head.aperture(motion.weights)[:, 1].mean() for motion in motions]
    if name in FACS_JAW:
        assert (np.diff(gap) > 0.1).all()  # each step parts the lips of the measured head by a millimetre and more
    else:
        assert max(gap) < 0.15


def test_it_lives_and_keeps_off_when_switched_off() -> None:
    held = idle(12.0, Emotion(surprise=1.0), seed=1).curve("jawOpen")
    assert 0.01 < np.ptp(held) < 0.12
    assert not idle(3.0, Emotion(surprise=1.0), style=Style(expressiveness=0.0)).curve("jawOpen").any()


@pytest.mark.parametrize("name", ["surprise", "fear"])
def test_it_drops_in_pauses_and_after_the_line_and_leaves_the_words_alone(make_speech, feel, name: str) -> None:
    plain = make_speech(PAUSED, phone_s=0.09)
    spoken = feel(plain, Emotion(**{name: 1.0}))
    neutral, motion = animate(plain, fps=120.0), animate(spoken, fps=120.0)
    jaw = motion.curve("jawOpen")
    for phone in spoken.phones:
        inside = (motion.times_s >= phone.start_s) & (motion.times_s < phone.end_s)
        if phone.symbol == "sil":
            assert jaw[inside].max() > 0.3 * FACS_JAW[name]
            # A jaw moves at up to about 20 cm/s in speech (Ostry & Munhall 1985); 1 is 3.5 cm of lip.
            assert np.abs(np.diff(jaw[inside])).max() * 120.0 < 20.0 / 3.5
    assert jaw[-1] > 0.8 * FACS_JAW[name]
    assert contact_counts(spoken, motion).shares()["bilabial_closure"] == 1.0
    assert content_error(spoken, neutral, motion) < 0.10


@given(pause_s=st.floats(0.05, 1.5), longer_s=st.floats(0.001, 0.05))
def test_a_short_pause_has_none_and_none_comes_suddenly_with_length(pause_s: float, longer_s: float) -> None:
    def deepest(length_s: float) -> float:
        times_s = np.arange(0.0, length_s, 0.002)
        strength = np.tile(SURPRISE, (len(times_s), 1))
        return float(jaw_drop(times_s, strength, [(0.0, length_s)], np.random.default_rng(0)).max(initial=0.0))

    here, there = deepest(pause_s), deepest(pause_s + longer_s)
    assert abs(there - here) < 0.002 + 1.5 * longer_s
    if pause_s < 0.2:
        assert here < 0.02
    if pause_s > 0.9:
        assert here > 0.28


@pytest.mark.parametrize("pause_s", [0.1, 0.2, 0.3, 0.45, 0.7, 1.2])
def test_lips_meet_on_both_sides_of_any_pause(ict_head, pause_s: float) -> None:
    speech = paused(pause_s, Emotion(surprise=1.0))
    motion = animate(speech, fps=24.0)
    aperture = ict_head.aperture(motion.weights).max(axis=1)
    for phone in speech.phones:
        if phone.symbol in "pb":
            at = slice(*np.searchsorted(motion.times_s, (phone.start_s - 0.04, phone.end_s)))
            assert aperture[at].min() < 0.15, phone


def test_without_phones_it_drops_where_nothing_is_heard(rng) -> None:
    rate = 16_000
    gate = np.repeat([0.0, 1.0, 0.0, 1.0, 0.0], rate)
    times_s = np.arange(len(gate)) / rate
    tone = sum(np.sin(2 * np.pi * 140 * k * times_s) / k for k in range(1, 18))
    wave = (0.2 * gate * tone * np.clip(np.sin(2 * np.pi * 4 * times_s), 0, 1)).astype(np.float32)
    surprised = Speech(wave, rate, emotion=EmotionTrack.constant(Emotion(surprise=1.0)))
    with_it, without = animate(surprised), animate(replace(surprised, emotion=EmotionTrack()))
    for middle_s in (0.5, 2.5, 4.5):
        frame = round(middle_s * 60)
        assert with_it.curve("jawOpen")[frame] == pytest.approx(0.35, abs=0.05)
        assert without.curve("jawOpen")[frame] < 0.02
    talking = (with_it.times_s > 1.1) & (with_it.times_s < 1.9)
    np.testing.assert_allclose(with_it.curve("jawOpen")[talking], without.curve("jawOpen")[talking], atol=0.02)


def test_pauses_are_what_lies_between_words() -> None:
    phones = tile(["sil", "ɑ", "sil", "sil", "b", "ɑ"], [0, 10, 20, 30, 40, 50, 60], 10)
    assert pauses_of_phones(phones) == [(-np.inf, 1.0), (2.0, 4.0), (6.0, np.inf)]
    assert pauses_of_gate(np.array([0, 0, 1, 1, 0, 1.0]), 10.0) == [(-np.inf, 0.2), (0.4, 0.5), (0.6, np.inf)]
    assert pauses_of_gate(np.zeros(3), 10.0) == pauses_of_phones(phones[:1]) == [(-np.inf, np.inf)]
