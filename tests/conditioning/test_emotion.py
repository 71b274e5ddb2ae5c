"""The algebra of emotions, by its laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conditioning import EMOTION_NAMES, NEUTRAL, Emotion, InputError

weights = st.lists(st.floats(0.0, 1.0), min_size=8, max_size=8)
emotions = weights.map(Emotion.from_weights)


@given(emotions, emotions)
def test_mixing_commutes(a: Emotion, b: Emotion) -> None:
    assert a + b == b + a
    assert hash(a + b) == hash(b + a)


@given(emotions)
def test_neutral_changes_nothing(a: Emotion) -> None:
    assert a + NEUTRAL == a
    assert 0 * a == NEUTRAL
    assert 1 * a == a


@given(emotions)
def test_the_opposite_of_the_opposite_is_the_emotion(a: Emotion) -> None:
    opposite = -a
    assert -opposite == a
    assert -1 * a == -a


@pytest.mark.parametrize(
    ("one", "other"),
    # Plutchik 1980: the four pairs of polar opposites.
    [("joy", "sadness"), ("trust", "disgust"), ("fear", "anger"), ("surprise", "anticipation")],
)
def test_opposites_are_those_of_plutchik_half_a_turn_apart(one: str, other: str) -> None:
    assert -Emotion(**{one: 0.7}) == Emotion(**{other: 0.7})
    assert abs(EMOTION_NAMES.index(one) - EMOTION_NAMES.index(other)) * 45 == 180


@given(emotions, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_scaling_is_linear_and_monotone(a: Emotion, k: float, m: float) -> None:
    np.testing.assert_allclose((k * a).weights, k * a.weights, atol=1e-6)
    low, high = sorted((k, m))
    assert ((low * a).weights <= (high * a).weights + 1e-6).all()


@given(emotions)
def test_text_round_trip(a: Emotion) -> None:
    np.testing.assert_allclose(Emotion.parse(str(a)).weights, a.weights, atol=1e-5)


@pytest.mark.parametrize("weight", [-0.01, 1.01, float("nan"), float("inf"), "much", None])
def test_weights_outside_their_range_are_refused_by_name(weight: object) -> None:
    with pytest.raises(InputError, match="joy="):
        Emotion(joy=weight)  # type: ignore[arg-type]


@given(emotions)
def test_vad_stays_in_its_cube(a: Emotion) -> None:
    vad = a.vad
    assert max(abs(vad.valence), abs(vad.arousal), abs(vad.dominance)) <= 1.0


@settings(deadline=None)  # the first call imports scipy
@given(emotions)
@example(Emotion(joy=1, trust=1, anger=1, anticipation=1))  # its arousal is beyond the cube
def test_from_vad_inverts_vad_on_what_emotions_reach(a: Emotion) -> None:
    vad = a.vad
    again = Emotion.from_vad(vad.valence, vad.arousal, vad.dominance).vad
    np.testing.assert_allclose(
        [again.valence, again.arousal, again.dominance], [vad.valence, vad.arousal, vad.dominance], atol=0.05
    )
