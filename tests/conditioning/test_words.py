"""Words for emotions, against Plutchik's and Russell & Mehrabian's tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditioning import EMOTION_NAMES, NEUTRAL, Emotion, InputError
from conditioning.vocabulary import ALIASES, DYADS, INTENSITIES, TIERS, WORDS
from conditioning.words import ADVERBS, lookup, nearest_word, parse_emotion

# J. A. Russell and A. Mehrabian, "Evidence for a three-factor theory of emotions", J. Res. Personality 11
# (1977), table 4: pleasure, arousal, dominance of terms that are also words of ours.
PUBLISHED = {
    "happy": (0.81, 0.51, 0.46), "excited": (0.62, 0.75, 0.38), "hopeful": (0.51, 0.23, 0.14),
    "triumphant": (0.69, 0.57, 0.63), "friendly": (0.69, 0.35, 0.30), "affectionate": (0.64, 0.35, 0.24),
    "grateful": (0.64, 0.16, -0.18), "curious": (0.22, 0.62, -0.01), "fascinated": (0.55, 0.51, -0.07),
    "relaxed": (0.68, -0.46, 0.06), "bored": (-0.65, -0.62, -0.33), "lonely": (-0.66, -0.43, -0.32),
    "despairing": (-0.72, -0.16, -0.38), "depressed": (-0.72, -0.29, -0.41), "guilty": (-0.57, 0.28, -0.34),
    "ashamed": (-0.57, 0.01, -0.34), "embarrassed": (-0.46, 0.54, -0.24), "terrified": (-0.62, 0.82, -0.43),
    "anxious": (0.01, 0.59, -0.15), "suspicious": (-0.25, 0.42, 0.11), "contemptuous": (-0.24, 0.31, 0.21),
    "hostile": (-0.42, 0.53, 0.30), "enraged": (-0.44, 0.72, 0.32), "hate": (-0.56, 0.59, 0.13),
    "frustrated": (-0.64, 0.52, -0.35), "humiliated": (-0.63, 0.43, -0.38), "helpless": (-0.71, 0.42, -0.51),
    "startled": (-0.09, 0.65, -0.33), "astonished": (0.16, 0.88, -0.15), "awed": (0.18, 0.40, -0.38),
    "inspired": (0.71, 0.63, 0.34), "respectful": (0.38, 0.13, -0.08), "loving": (0.87, 0.54, -0.18),
    "tense": (-0.33, 0.58, -0.11), "confused": (-0.53, 0.27, -0.32), "defiant": (-0.16, 0.54, 0.32),
    "scornful": (-0.35, 0.35, 0.29), "insecure": (-0.57, 0.14, -0.21), "shy": (-0.15, 0.06, -0.34),
    "regretful": (-0.52, 0.02, -0.21), "distressed": (-0.61, 0.28, -0.36), "weary": (-0.18, -0.33, -0.24),
    "devoted": (0.49, 0.17, 0.10), "interested": (0.64, 0.51, 0.17), "alert": (0.49, 0.57, 0.45),
    "proud": (0.77, 0.38, 0.65),
}  # fmt: skip

vocabulary = st.sampled_from([*WORDS, *ALIASES])


def test_there_are_three_tiers_and_150_words() -> None:
    assert tuple(TIERS[0]) == EMOTION_NAMES
    assert len(WORDS) >= 150
    assert sum(map(len, TIERS)) == len(WORDS) - 1, "no word may stand in two tiers"
    assert set(ALIASES.values()) <= set(WORDS)
    assert not set(ALIASES) & set(WORDS)


def test_words_lie_where_people_rated_them() -> None:
    ours = np.array([list(vars(lookup(word).vad).values()) for word in PUBLISHED])
    theirs = np.array(list(PUBLISHED.values()))
    valence, arousal, dominance = (np.corrcoef(ours[:, k], theirs[:, k])[0, 1] for k in range(3))
    # Plutchik's own recipes (pride = anger + joy, guilt = joy + fear) cost some of the agreement.
    assert valence > 0.85
    assert arousal > 0.65
    assert dominance > 0.75


def test_dyads_are_the_24_pairs_that_are_not_opposite() -> None:
    pairs = {frozenset(pair) for pair in DYADS.values()}
    opposite = {frozenset((EMOTION_NAMES[i], EMOTION_NAMES[i + 4])) for i in range(4)}
    every = {frozenset((a, b)) for a in EMOTION_NAMES for b in EMOTION_NAMES if a != b}
    assert pairs == every - opposite
    assert len(DYADS) == 24


@pytest.mark.parametrize(
    # Plutchik 2001: each dyad and the one on the other side of the wheel.
    ("one", "other"),
    [("love", "remorse"), ("submission", "contempt"), ("awe", "aggressiveness"), ("disapproval", "optimism"),
     ("delight", "pessimism"), ("hope", "unbelief"), ("anxiety", "outrage"), ("guilt", "envy"),
     ("curiosity", "cynicism"), ("despair", "pride"), ("sentimentality", "morbidness"), ("shame", "dominance")],
)  # fmt: skip
def test_opposite_dyads(one: str, other: str) -> None:
    assert parse_emotion(f"-{one}") == parse_emotion(other)


@pytest.mark.parametrize("row", INTENSITIES, ids=lambda row: row[1])
def test_the_three_intensities_rise(row: tuple[str, str, str]) -> None:
    mild, middle, intense = (lookup(word) for word in row)
    assert 0 < mild.intensity < middle.intensity < intense.intensity == 1.0
    for emotion in (mild, middle, intense):
        assert [name for name, _ in emotion] == [row[1]]


@given(vocabulary)
def test_a_word_names_itself(word: str) -> None:
    emotion = parse_emotion(word)
    assert parse_emotion(nearest_word(emotion)) == emotion
    assert parse_emotion(word.upper()) == emotion


@given(vocabulary, st.floats(0.0, 1.0))
def test_weights_scale(word: str, weight: float) -> None:
    emotion = parse_emotion(f"{word}:{weight!r}")
    if ALIASES.get(word, word) in EMOTION_NAMES:
        assert emotion.intensity == pytest.approx(weight, abs=1e-6)
    else:
        np.testing.assert_allclose(emotion.weights, weight * lookup(word).weights, atol=2e-6)


@given(st.lists(vocabulary, max_size=4))
def test_sums_do_not_depend_on_their_order_or_sign(words: list[str]) -> None:
    total = parse_emotion(", ".join(words))
    assert parse_emotion(" + ".join(reversed(words))) == total
    expected = np.clip(sum((lookup(word).weights for word in words), np.zeros(8)), 0, 1)
    np.testing.assert_allclose(total.weights, expected, atol=2e-6)


def test_adverbs_order_as_cliff_measured() -> None:
    order = ["slightly", "somewhat", "rather", "pretty", "quite", "really", "very", "extremely"]
    strengths = [parse_emotion(f"{adverb} annoyed").intensity for adverb in order]
    assert strengths == sorted(strengths)
    assert parse_emotion("annoyed").intensity == pytest.approx(strengths[4], rel=0.06)
    assert set(order) <= set(ADVERBS)


def test_not_is_a_weak_opposite() -> None:
    unhappy, sad = parse_emotion("not happy"), parse_emotion("-happy")
    assert unhappy.vad.valence < 0
    assert unhappy.intensity == pytest.approx(0.5 * sad.intensity)
    assert parse_emotion("not very happy").vad.valence < 0


@pytest.mark.parametrize("text", ["", "  ", "neutral", "none", ",", "joy:0", "-neutral"])
def test_nothing_is_neutral(text: str) -> None:
    assert parse_emotion(text) == NEUTRAL


@pytest.mark.parametrize(
    ("text", "part"),
    [("anoyed", "annoyed"), ("hapy", "happy"), ("saddness", "sadness"), ("suprised", "surprised"), ("joyy:0.3", "joy")],
)
def test_a_slip_is_answered_with_the_word_that_was_meant(text: str, part: str) -> None:
    with pytest.raises(InputError, match=rf"did you mean .*{part}"):
        parse_emotion(text)


@pytest.mark.parametrize(
    "text", ["joy:nan", "joy:2", "joy:-0.1", "joy:inf", "joy:", "joy::1", ":1", "qqqq", "\0", "j" * 9999]
)
def test_bad_input_is_one_clear_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_emotion(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        emotion = parse_emotion(text)
    except InputError:
        return
    assert Emotion.from_weights(emotion.weights) == emotion
