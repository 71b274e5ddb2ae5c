"""Inline marks: what is read, what is refused and where."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditioning import Emotion, EmotionTrack, InputError, Line, MarkupError, Span
from conditioning.markup import escape, format_line, parse_line, parse_marks
from conditioning.vocabulary import WORDS

words = st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1, max_size=20).filter(
    lambda text: any(c.isalnum() for c in text)
)
emotions = st.one_of(st.none(), st.lists(st.floats(0.0, 1.0), min_size=8, max_size=8).map(Emotion.from_weights))


def test_the_example_of_the_guide() -> None:
    line = parse_marks("[joy:0.9] You came back! [sadness:0.5] I thought you were gone.")
    assert [span.text for span in line.spans] == ["You came back!", "I thought you were gone."]
    assert [span.emotion for span in line.spans] == [Emotion(joy=0.9), Emotion(sadness=0.5)]


def test_before_the_first_mark_and_after_auto_the_words_decide() -> None:
    line = parse_marks("Well. [fear:0.4] What was that? [auto] Nothing. [neutral] Go on.")
    assert [span.emotion for span in line.spans] == [None, Emotion(fear=0.4), None, Emotion()]


def test_pauses_follow_the_words_before_them() -> None:
    line = parse_marks("One [pause 0.5] two [pause: 300ms] [pause .2s] three".replace(" .2s", " 0.2s"))
    assert [(span.text, round(span.pause_after_s, 6)) for span in line.spans] == [
        ("One", 0.5),
        ("two", 0.5),
        ("three", 0),
    ]


def test_transitions_glide() -> None:
    line = parse_marks("[joy:1] yes [sadness:1] no")
    track = EmotionTrack.from_spans([(i * 1.0, i + 1.0, span.emotion) for i, span in enumerate(line.spans)])
    steps = abs(track.sample(100, 2.0)[1:] - track.sample(100, 2.0)[:-1]).max()
    assert steps < 0.04, "no jump: 0.35 s of glide moves at most 1/35 in 10 ms"


@given(words)
def test_escaped_text_is_read_as_written(text: str) -> None:
    line = parse_marks("[joy:0.5] x " + escape(text))
    assert line.text.split() == ("x " + text).split()
    assert len(line.spans) == 1


@given(st.lists(st.tuples(words, emotions, st.sampled_from([0.0, 0.25, 1.5])), min_size=1, max_size=5))
def test_format_and_parse_round_trip(parts: list[tuple[str, Emotion | None, float]]) -> None:
    line = Line(tuple(Span(" ".join(text.split()), emotion, pause_after_s=pause) for text, emotion, pause in parts))
    again = parse_marks(format_line(line))
    assert again.text.split() == line.text.split()
    felt = [span.emotion for span in again.spans for _ in span.text.split()]
    meant = [span.emotion for span in line.spans for _ in span.text.split()]
    for one, other in zip(felt, meant, strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert abs(one.weights - other.weights).max() < 1e-5
    assert sum(s.pause_after_s for s in again.spans) == pytest.approx(sum(s.pause_after_s for s in line.spans))


@pytest.mark.parametrize("word", sorted(WORDS)[::7])
def test_any_word_can_be_a_mark(word: str) -> None:
    assert parse_marks(f"[{word}] Hello.").spans[0].emotion == WORDS[word]


@pytest.mark.parametrize(
    ("text", "line", "column", "part"),
    [
        ("[joy Hello", 1, 1, "never closed"),
        ("Hello\n there [joy", 2, 8, "never closed"),
        ("Hello]", 1, 6, "without its"),
        ("[joy [fear] x", 1, 6, "inside a mark"),
        ("[] x", 1, 2, "empty mark"),
        ("[joy:nan] x", 1, 2, "weight 'nan'"),
        ("one\n\n[joy:2] x", 3, 2, "weight '2'"),
        ("[hapy] x", 1, 2, "did you mean happy"),
        ("[sigh] x", 1, 2, r"'\['"),
        ("[pause 1] x", 1, 2, "before the first word"),
        ("x [pause 99]", 1, 4, "from 0 to 60"),
        ("[" + "j" * 5000 + "] x", 1, 1, "never closed"),
    ],
)
def test_mistakes_are_refused_at_their_place(text: str, line: int, column: int, part: str) -> None:
    with pytest.raises(MarkupError) as caught:
        parse_marks(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "  ", "[joy]", "[joy] ... !", "\0\0", "x" * 1_000_000])
def test_nothing_to_say_or_far_too_much(text: str) -> None:
    with pytest.raises(InputError):
        parse_marks(text)


def test_control_characters_are_not_spoken() -> None:
    assert parse_marks("a\0b\x07 c\x9b").text == "a b c"


@given(st.text(max_size=80))
def test_any_text_is_a_line_or_an_error_of_ours(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            line = parse_line(text)
        except InputError:
            return
    assert line.text


def test_ssml_is_recognised() -> None:
    assert parse_line("  <speak>Hello</speak>").text == "Hello"
    assert parse_line("a < b").text == "a < b"
