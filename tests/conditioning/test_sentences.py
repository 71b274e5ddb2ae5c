"""Sentences of whole texts and of text that arrives in pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditioning.sentences import MAX_SENTENCE_CHARACTERS, sentences

TEXT = (
    "Dr. Hale waited. “Go!” he said… Then 3.5 seconds passed; J. R. Smith, e.g. the guard, slept.\n\n"
    "A new paragraph without an end\n\nWhy?! Because. Well… maybe it was 5 p.m. already! (Yes.) I."
)


def test_abbreviations_quotes_numbers_and_paragraphs() -> None:
    assert list(sentences(TEXT)) == [
        "Dr. Hale waited.",
        "“Go!” he said…",
        "Then 3.5 seconds passed; J. R. Smith, e.g. the guard, slept.",
        "A new paragraph without an end",
        "Why?!",
        "Because.",
        "Well… maybe it was 5 p.m. already!",
        "(Yes.)",
        "I.",
    ]


@given(st.lists(st.integers(0, len(TEXT)), max_size=12))
def test_pieces_of_text_give_the_same_sentences(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(TEXT)]
    chunks = [TEXT[a:b] for a, b in pairwise(places)]
    assert list(sentences(chunks)) == list(sentences(TEXT))


def test_nothing_yet_is_passed_over() -> None:
    assert list(sentences([None, "Go", "", None, " now. Then", " rest.", None])) == ["Go now.", "Then rest."]


@given(st.text(alphabet="ab .,;!?…\n\"'(", max_size=3000))
def test_no_word_is_lost_or_said_twice(text: str) -> None:
    assert " ".join(sentences(text)).split() == text.split()


def test_text_without_an_end_is_cut_at_words() -> None:
    text = "word " * 3000
    parts = list(sentences(text))
    assert max(map(len, parts)) <= MAX_SENTENCE_CHARACTERS
    assert " ".join(parts).split() == text.split()


def test_a_sentence_comes_as_soon_as_it_has_ended() -> None:
    arrived: list[str] = []

    def chunks() -> object:
        for chunk in ("Hel", "lo there. ", "How", " are you?"):
            arrived.append(chunk)
            yield chunk

    stream = sentences(chunks())  # type: ignore[arg-type]
    assert next(stream) == "Hello there."
    assert arrived[-1] == "How"
    assert list(stream) == ["How are you?"]


@pytest.mark.parametrize("text", ["", "   ", "\n\n\n"])
def test_nothing_gives_nothing(text: str) -> None:
    assert list(sentences(text)) == []
