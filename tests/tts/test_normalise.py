"""Text normalisation: worked examples of how people read, and what holds for every text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts import numerals
from tts.normalise import MAX_BREATH_WORDS, normalise, split_plain

UNITS = {word: value for value, word in enumerate(numerals.ONES)}
TENS = {word: 10 * value for value, word in enumerate(numerals.TENS) if word}


def said(text: str, language: str = "en-us") -> str:
    return " ".join(" ".join(token.spoken) + token.mark for token in normalise(text, language))


def value_of(words: list[str]) -> int:
    """Read a cardinal back by its grammar."""
    if words[0] == "minus":
        return -value_of(words[1:])
    total = part = 0
    for word in words:
        if word == "hundred":
            part *= 100
        elif word in numerals.SCALES[1:]:
            total, part = total + part * 1000 ** numerals.SCALES.index(word), 0
        else:
            part += UNITS.get(word, TENS.get(word, 0))
    return total + part


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        # cardinals, ordinals, decimals, fractions
        ("I have 3 cats.", "i have three cats."),
        ("1,234,567", "one million two hundred thirty four thousand five hundred sixty seven"),
        ("the 1st, 22nd and 103rd", "the first, twenty second and one hundred third"),
        ("3.14 and -7 and .5", "three point one four and minus seven and point five"),
        ("1/2, 3/4, 2/3 and 2 1/2", "one half, three quarters, two thirds and two and a half"),
        ("3½ cups", "three and a half cups"),
        # dates, years, times
        ("March 5, 2024", "march fifth twenty twenty four"),
        ("2024-12-25", "december twenty fifth twenty twenty four"),
        ("In 1905, 1984, 2007.", "in nineteen oh five, nineteen eighty four, two thousand seven."),
        ("the 1990s and the '80s", "the nineteen nineties and the eighties"),
        ("1914–1918", "nineteen fourteen to nineteen eighteen"),
        ("At 10:30 p.m., 7:05 and 10:00.", "at ten thirty pee em, seven oh five and ten o'clock."),
        ("at 5pm", "at five pee em"),
        # money, percent, units
        ("$5.50", "five dollars and fifty cents"),
        ("$1 and $0.99", "one dollar and ninety nine cents"),
        ("€3.2 million", "three point two million euros"),
        ("£1.01", "one pound and one penny"),
        ("50% of it", "fifty percent of it"),
        ("5 km, 1 kg, 60 mph", "five kilometers, one kilogram, sixty miles per hour"),
        ("-5°C", "minus five degrees celsius"),
        # digit strings
        ("Call 555-1234.", "call five five five one two three four."),
        ("+1 (555) 123-4567", "plus one five five five one two three four five six seven"),
        ("agent 007", "agent zero zero seven"),
        ("24/7", "twenty four seven"),
        # abbreviations, initials, acronyms
        ("Dr. Smith and Mrs. Lee.", "doctor smith and missus lee."),
        ("St. Paul lives on Elm St. now", "saint paul lives on elm street now"),
        ("Cats, dogs, etc. Then birds.", "cats, dogs, et cetera. then birds."),
        ("No. 5 is late. No. I am.", "number five is late. no. i am."),
        ("J. R. R. Tolkien", "jay ar ar tolkien"),
        ("NASA and the FBI", "nasa and the eff bee eye"),
        ("two NPCs", "two en pee sees"),
        ("GET OUT NOW! GO HOME!", "get out now! go home!"),
        # Roman numerals in names
        ("Henry VIII and Elizabeth I.", "henry the eighth and elizabeth the first."),
        ("World War II, Chapter IV", "world war two, chapter four"),
        ("Henry, I am here", "henry, i am here"),
        # addresses, symbols, emoji, quotes
        ("jane.doe@example.com", "jane dot doe at example dot com"),
        ("https://www.example.com/a", "double you double you double you dot example dot com slash ay"),
        ("Tom & Jerry", "tom and jerry"),
        ("2 + 2 = 4", "two plus two equals four"),
        ("Hi 😀👍🏽 there ❤️!", "hi there!"),
        ("“It’s unclosed, she said", "it's unclosed, she said"),
        ("Wait... what?!", "wait, what?"),
        ("Yes — no (maybe) so", "yes, no, maybe, so"),
        ("Nooooo! Sooo good", "no! so good"),
        ("R2D2 and COVID-19", "ar two dee two and covid nineteen"),
        ("tab\tand\x07bell", "tab and bell"),
    ],
)  # fmt: skip
def test_reads_as_people_do(written: str, spoken: str) -> None:
    assert said(written) == spoken


def test_british_dates_begin_with_the_day() -> None:
    assert said("3/5/2024", "en-gb") == "the third of may twenty twenty four"
    assert said("3/5/2024", "en-us") == "march fifth twenty twenty four"


@given(st.integers(-(10**20), 10**20))
def test_cardinals_can_be_read_back(number: int) -> None:
    assert value_of(numerals.cardinal(number)) == number


@given(st.integers(1, 3999))
def test_roman_numerals_can_be_read_back(number: int) -> None:
    tables = ("M", ""), ("C", "D"), ("X", "L"), ("I", "V")
    digits = [number // 1000, number // 100 % 10, number // 10 % 10, number % 10]
    text = ""
    for (one, five), digit, ten in zip(tables, digits, ("", "M", "C", "X"), strict=True):
        small = {0: "", 1: "1", 2: "11", 3: "111", 4: "15", 5: "5", 6: "51", 7: "511", 8: "5111", 9: "1t"}
        form = one * digit if not five else small[digit]
        text += form.replace("1", one).replace("5", five).replace("t", ten)
    assert numerals.roman(text) == number


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=120))
def test_any_text_keeps_its_places(text: str) -> None:
    tokens = normalise(text)
    at = 0
    for token in tokens:
        assert at <= token.start < token.end <= len(text)
        assert text[token.start : token.end] == token.source
        assert token.spoken
        assert token.mark in ("", ",", ";", ":", ".", "!", "?")
        at = token.end
    for token in split_plain(text):
        assert text[token.start : token.end] == token.source


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="abcXYZ019.,:/-$%&'\"() #@+ \n", max_size=60))
def test_ascii_becomes_plain_words(text: str) -> None:
    for token in normalise(text):
        for word in token.spoken:
            assert re.fullmatch(r"[a-z]+(?:'[a-z]+)*|'[a-z]+", word), (token, text)


@given(st.lists(st.sampled_from(["cat", "dog", "and", "house"]), min_size=100, max_size=400))
def test_long_texts_without_punctuation_get_breaths(words: list[str]) -> None:
    run = longest = 0
    for token in normalise(" ".join(words)):
        run += 1
        longest = max(longest, run)
        run = 0 if token.mark else run
    assert longest <= MAX_BREATH_WORDS


def test_numbers_have_every_digit() -> None:
    spoken = " ".join(normalise("12345678901234567890123")[0].spoken)
    assert spoken.split()[:4] == ["one", "two", "three", "four"]
    assert len(spoken.split()) == 23
