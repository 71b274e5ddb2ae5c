"""Moods: each part of the model alone, then a scene."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conditioning import EMOTION_NAMES, NEUTRAL, Emotion, InputError
from conditioning.mood import HALF_LIFE_S, INERTIA, TRAITS, Mood, Personality, Scene

unit = st.floats(-1.0, 1.0)
personalities = st.builds(Personality, *[unit] * 5)
emotions = st.lists(st.floats(0.0, 1.0), min_size=8, max_size=8).map(Emotion.from_weights)
slow = settings(deadline=None, max_examples=40)


@pytest.mark.parametrize(
    # Mehrabian 1996, "Analysis of the Big-five personality factors in terms of the PAD temperament model":
    # P = .21 E + .59 A + .19 S, A = .15 O + .30 A - .57 S, D = .25 O + .17 C + .60 E - .32 A; S = emotional stability.
    ("traits", "temperament"),
    [
        ({"extraversion": 1.0}, (0.21, 0.0, 0.60)),
        ({"agreeableness": 1.0}, (0.59, 0.30, -0.32)),
        ({"neuroticism": -1.0}, (0.19, -0.57, 0.0)),
        ({"openness": 1.0, "conscientiousness": 1.0}, (0.0, 0.15, 0.42)),
    ],
)
def test_temperament_is_that_of_mehrabian(traits: dict[str, float], temperament: tuple[float, ...]) -> None:
    assert Personality.of(traits).temperament == pytest.approx(temperament)


def test_an_average_character_at_rest_says_what_is_written() -> None:
    felt, _ = Mood().feel(Emotion(joy=0.8, surprise=0.2))
    assert felt == Emotion(joy=0.8, surprise=0.2)


def test_half_of_a_mood_is_gone_after_its_half_life() -> None:
    mood = Mood(baseline=Emotion(trust=0.2), current=Emotion(anger=0.8, trust=0.2))
    later = mood.wait(HALF_LIFE_S).now
    assert later.anger == pytest.approx(0.4)
    assert later.trust == pytest.approx(0.2)


@slow
@given(personalities, emotions, emotions, st.floats(0.0, 500.0), st.floats(0.0, 500.0))
def test_waiting_twice_is_waiting_once(
    who: Personality, baseline: Emotion, now: Emotion, one_s: float, other_s: float
) -> None:
    mood = Mood(who, baseline, now)
    split = mood.wait(one_s).wait(other_s).now.weights
    np.testing.assert_allclose(split, mood.wait(one_s + other_s).now.weights, atol=1e-5)


@slow
@given(personalities, emotions, emotions)
def test_moods_return_to_rest(who: Personality, baseline: Emotion, now: Emotion) -> None:
    mood = Mood(who, baseline, now)
    np.testing.assert_allclose(mood.wait(1e5).now.weights, mood.rest.weights, atol=1e-5)


def test_what_was_felt_carries_over_and_fades_line_by_line() -> None:
    felt, mood = Mood().feel(Emotion(sadness=0.9))
    trace = [felt.sadness]
    for _ in range(5):
        after, mood = mood.feel(NEUTRAL, elapsed_s=3.0)
        trace.append(after.sadness)
    assert all(one > other > 0 for one, other in pairwise(trace))
    assert trace[1] < INERTIA * trace[0]
    assert trace[-1] < 0.05


def test_joy_leaves_no_room_for_sadness_but_for_fear() -> None:
    _, mood = Mood().feel(Emotion(sadness=0.8, fear=0.8))
    felt, _ = mood.feel(Emotion(joy=0.9))
    assert felt.sadness < 0.3 * felt.fear


def test_expression_uses_a_feeling_up() -> None:
    mood = Mood(current=Emotion(anger=0.6))
    _, spoken = mood.feel(Emotion(anger=0.6))
    silent = mood.wait(0.0)
    assert spoken.now.anger < silent.now.anger


def test_personality_shifts_reactions_as_measured() -> None:
    threat, gift = Emotion(fear=0.5), Emotion(joy=0.5)
    nervous, steady = Mood(Personality(neuroticism=0.8)), Mood(Personality(neuroticism=-0.8))
    assert nervous.feel(threat)[0].fear > Mood().feel(threat)[0].fear > steady.feel(threat)[0].fear
    lively, quiet = Mood(Personality(extraversion=0.8)), Mood(Personality(extraversion=-0.8))
    assert lively.feel(gift)[0].joy > Mood().feel(gift)[0].joy > quiet.feel(gift)[0].joy
    both = Emotion(fear=0.4, anger=0.4)
    bold = Mood(Personality(extraversion=1.0)).feel(both)[0]
    meek = Mood(Personality(extraversion=-1.0)).feel(both)[0]
    assert bold.anger > meek.anger
    assert bold.fear < meek.fear
    upset = Emotion(sadness=0.8)
    assert (
        Mood(Personality(neuroticism=0.8), current=upset).wait(60).now.sadness
        > Mood(Personality(conscientiousness=0.8), current=upset).wait(60).now.sadness
    )


def test_contagion_moves_toward_the_other_and_never_past() -> None:
    heard = Emotion(joy=0.7)
    kind, cold = Mood(Personality(agreeableness=1.0)), Mood(Personality(agreeableness=-1.0))
    gain = [mood.hear(heard).now.joy - mood.rest.joy for mood in (kind, Mood(), cold)]
    assert gain[1] > gain[2] > 0
    assert gain[0] > gain[2]
    mood = Mood()
    for _ in range(200):
        mood = mood.hear(heard)
    assert mood.now.joy == pytest.approx(0.7, abs=1e-3)


@slow
@given(personalities, emotions, st.one_of(st.none(), emotions))
def test_moods_survive_json(who: Personality, baseline: Emotion, now: Emotion | None) -> None:
    mood = Mood(who, baseline, now)
    assert Mood.from_dict(json.loads(json.dumps(mood.to_dict()))) == mood


@pytest.mark.parametrize(
    "content", [{}, {"format": 2}, {"format": 1, "anger": 1}, {"format": 1, "baseline": {"hunger": 1}},
                {"format": 1, "personality": {"luck": 1}}, {"format": 1, "current": 3}]
)  # fmt: skip
def test_foreign_moods_are_refused(content: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Mood.from_dict(content)


@pytest.mark.parametrize("value", [1.1, -2.0, float("nan")])
def test_traits_have_their_range(value: float) -> None:
    with pytest.raises(InputError, match="neuroticism="):
        Personality(neuroticism=value)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(InputError, match="elapsed_s"):
        Mood(current=Emotion(joy=1)).wait(-1.0)


QUARREL = [
    ("Mira", "joy:0.7"), ("Tom", "joy:0.4"), ("Mira", "anticipation:0.6, joy:0.4"), ("Tom", "neutral"),
    ("Mira", "surprise:0.4"), ("Tom", "fear:0.5"), ("Mira", "surprise:0.6, anger:0.3"),
    ("Tom", "fear:0.5, sadness:0.3"),
    ("Mira", "anger:0.8"), ("Tom", "sadness:0.5"), ("Mira", "anger:0.9, disgust:0.4"), ("Tom", "anger:0.5"),
    ("Mira", "anger:0.5, sadness:0.4"), ("Tom", "sadness:0.7"), ("Mira", "sadness:0.6"), ("Tom", "neutral"),
    ("Mira", "neutral"), ("Tom", "trust:0.6, sadness:0.2"), ("Mira", "trust:0.5"), ("Tom", "joy:0.5, trust:0.5"),
]  # fmt: skip


def quarrel() -> Scene:
    """Twenty lines: a welcome, a confession, a quarrel, a truce."""
    scene = Scene({"Mira": Mood(Personality(extraversion=0.6)), "Tom": Mood(Personality(neuroticism=0.6))})
    for speaker, said in QUARREL:
        scene.say(speaker, Emotion.parse(said), duration_s=2.5)
    return scene


def test_a_scene_makes_sense() -> None:
    lines = quarrel().lines
    assert len(lines) == 20
    valence = [line.felt.vad.valence for line in lines]
    assert np.mean(valence[:3]) > 0.3
    assert np.mean(valence[8:14]) < -0.3
    assert valence[-1] > 0.3
    silent = lines[15]
    assert silent.said == NEUTRAL
    assert silent.felt.sadness > 0.05, "Tom is still sad when he says nothing of it"
    assert lines[9].felt.anger > 0, "Mira's anger rubs off before Tom says anything angry"
    assert {name for line in lines for name in line.moods} == {"Mira", "Tom"}
    assert [line.start_s for line in lines] == sorted(line.start_s for line in lines)


def test_scenes_repeat() -> None:
    assert quarrel().lines == quarrel().lines
    assert set(EMOTION_NAMES) >= {name for line in quarrel().lines for name, _ in line.felt}
    assert len(TRAITS) == 5
