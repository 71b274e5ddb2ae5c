"""The cue table against the people's medians, and the algebra that it has to carry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditioning import EMOTION_NAMES, Emotion
from tts.emotion_cues import CUES, HEADROOM, cues_at, cues_of

# Quartiles over EmoDB's 456 emotional utterances against the same speaker's neutral ones.
PEOPLE = {
    "f0_level_st": {"anger": (7.0, 11.1), "joy": (6.3, 11.3), "sadness": (-3.1, -0.3), "fear": (4.3, 8.8),
                    "disgust": (1.9, 4.6)},
    "alpha_db": {"anger": (7.3, 13.9), "joy": (3.9, 10.6), "sadness": (-6.6, -2.5), "fear": (0.2, 5.2),
                 "disgust": (0.6, 4.3)},
    "hnr_db": {"anger": (-2.8, -0.3), "joy": (-1.5, 1.2), "sadness": (-2.7, 1.3), "fear": (-1.9, 0.6),
               "disgust": (-2.3, 0.7)},
    "vowel_pct": {"anger": (11, 41), "joy": (7, 28), "sadness": (8, 30), "fear": (-14, 6), "disgust": (36, 73)},
    "consonant_pct": {"anger": (-12, 10), "joy": (-14, 5), "sadness": (25, 45), "fear": (-18, -8),
                      "disgust": (23, 55)},
    "range_st": {"anger": (0.8, 5.1), "joy": (1.9, 6.1), "sadness": (-5.1, -1.6), "fear": (-1.7, 2.4),
                 "disgust": (-1.2, 2.8)},
}  # fmt: skip
NEUTRAL_RANGE_ST = 8.8
OPPOSITES = [("joy", "sadness"), ("trust", "disgust"), ("fear", "anger"), ("surprise", "anticipation")]

weights = st.lists(st.floats(0, 1), min_size=8, max_size=8).map(np.array)


def as_people_count(emotion: str) -> dict[str, float]:
    cues = cues_of(Emotion(**{emotion: 1.0}))
    return cues | {
        "vowel_pct": 100 * np.expm1(cues["vowel_ln"]),
        "consonant_pct": 100 * np.expm1(cues["consonant_ln"]),
        "range_st": NEUTRAL_RANGE_ST * np.expm1(cues["f0_range_ln"]),
    }


@pytest.mark.parametrize("emotion", ["anger", "joy", "sadness", "fear", "disgust"])
def test_primaries_lie_between_the_peoples_quartiles(emotion: str) -> None:
    ours = as_people_count(emotion)
    for cue, rows in PEOPLE.items():
        low, high = rows[emotion]
        assert low <= ours[cue] <= high, (emotion, cue, ours[cue])


@pytest.mark.parametrize(("one", "other"), OPPOSITES)
def test_opposites_pull_apart(one: str, other: str) -> None:
    table = np.array([[cue.values[one], cue.values[other]] for cue in CUES])
    spread = np.array([np.ptp([0.0, *cue.values.values()]) for cue in CUES])
    assert -Emotion(**{one: 1.0}) == Emotion(**{other: 1.0})
    apart = (table[:, 0] * table[:, 1] < 0) & (np.abs(table[:, 0] - table[:, 1]) > 0.15 * spread)
    assert apart.sum() >= 2
    assert np.linalg.norm((table[:, 0] - table[:, 1]) / spread) > 1.0


@given(weights, st.floats(0, 1), st.floats(0, 1))
def test_more_of_the_same_goes_the_same_way(direction: np.ndarray, a: float, b: float) -> None:
    low, high = sorted((a, b))
    for name, full in cues_at(direction).items():
        less, more = cues_at(low * direction)[name], cues_at(high * direction)[name]
        assert abs(less) <= abs(more) + 1e-12 <= abs(full) + 2e-12
        assert less * full >= -1e-12


@given(weights, weights, st.floats(0, 1))
def test_mixtures_lie_between(one: np.ndarray, other: np.ndarray, part: float) -> None:
    mixed, first, second = cues_at(part * one + (1 - part) * other), cues_at(one), cues_at(other)
    for name in mixed:
        assert min(first[name], second[name]) - 1e-9 <= mixed[name] <= max(first[name], second[name]) + 1e-9


@given(weights)
def test_every_mixture_stays_within_the_limits(point: np.ndarray) -> None:
    values = cues_at(point)
    for cue in CUES:
        low, high = cue.limits
        assert low - 1e-9 <= values[cue.name] <= high + 1e-9


@pytest.mark.parametrize("emotion", EMOTION_NAMES)
def test_a_primary_is_its_row_of_the_table(emotion: str) -> None:
    half, full = cues_of(Emotion(**{emotion: 0.5})), cues_of(Emotion(**{emotion: 1.0}))
    for cue in CUES:
        assert full[cue.name] == pytest.approx(cue.values[emotion], abs=1e-12)
        assert half[cue.name] == pytest.approx(0.5 * cue.values[emotion], abs=1e-12)


def test_neutral_changes_nothing() -> None:
    assert set(cues_of(Emotion()).values()) == {0.0}
    assert HEADROOM > 0
