"""The words rated by hand: the file, inflections, negation, and what they tell of events."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditioning import EMOTION_NAMES, Emotion
from conditioning.reader import read_sentences
from conditioning.reader_data import emobank, goemotions, judged, own_lines, xed
from conditioning.reader_lexicon import LEXICON, N_FEATURES, entries, features, lines_of, rated, rated_words, rating
from conditioning.reader_text import tokenize

sys.path.insert(0, str(Path(__file__).parent))
from reader_cases import BLIND_CASES, CASES, EVENT_CASES, FRESH_CASES, LATER_EVENT_CASES

LINES = lines_of(LEXICON)

#: Pairs of antonyms, from W. G. Charles & G. A. Miller, "Contexts of antonymous adjectives", Applied Psycholinguistics
#: 10 (1989), and everyday ones; the first is the pleasant one.
ANTONYMS = (
    *(("happy", "sad"), ("good", "bad"), ("strong", "weak"), ("beautiful", "ugly"), ("clean", "dirty")),
    *(("rich", "poor"), ("love", "hate"), ("peace", "war"), ("friend", "enemy"), ("success", "failure")),
    *(("win", "lose"), ("hero", "coward"), ("gain", "loss"), ("hopeful", "hopeless"), ("pride", "shame")),
    *(("honest", "dishonest"), ("kind", "cruel"), ("healthy", "sick"), ("wedding", "funeral"), ("praise", "insult")),
    *(("safe", "dangerous"), ("generous", "greedy"), ("brave", "cowardly"), ("hope", "despair"), ("fair", "unfair")),
)  # fmt: skip


#: A word from W. G. Parrott's tree of emotions (2001) or R. Plutchik's wheel (1980) for each of the eight.
NAMED = ("cheerful", "acceptance", "terror", "astonished", "grief", "loathing", "furious", "eager")


def test_every_line_is_a_word_three_ratings_and_what_it_evokes() -> None:
    words = []
    for line in LINES:
        found = re.fullmatch(r"(.+) [1-9] [1-9] [1-9](?: ([JTFUSDAN]{1,3}))?", line)
        assert found, line
        word, letters = found.groups(default="")
        assert tuple(word.split()) == tokenize(word).words, f"{line!r} is not cut as a text would be"
        assert len(set(letters)) == len(letters), line
        words.append(word)
    assert words == sorted(set(words))
    assert len(words) == len(entries()) > 25_000


@pytest.mark.parametrize(("pleasant", "unpleasant"), ANTONYMS)
def test_antonyms_lie_on_both_sides(pleasant: str, unpleasant: str) -> None:
    one, other = rating(pleasant), rating(unpleasant)
    assert one is not None
    assert other is not None
    assert one[0] > 0 > other[0]


@pytest.mark.parametrize(
    ("form", "base"),
    [
        *(("funerals", "funeral"), ("tragedies", "tragedy"), ("hugged", "hug"), ("smiling", "smile")),
        *(("bravely", "brave"), ("horribly", "horrible"), ("happier", "happy"), ("loneliest", "lonely")),
        *(("cruelest", "cruel"), ("colourful", "colorful"), ("honoured", "honored"), ("killin", "killing")),
    ],
)  # fmt: skip
def test_a_word_stands_for_its_inflections(form: str, base: str) -> None:
    one, other = rating(form), rating(base)
    assert one is not None
    assert other is not None
    assert one[0] * other[0] > 0


@pytest.mark.parametrize(
    "word", ["wharf", "number", "business", "mother-of-pearl", "later", "counter", "server", "xyzzy"]
)
def test_look_alikes_are_not_rated(word: str) -> None:
    assert rating(word) is None


@pytest.mark.parametrize(
    "word",
    [
        *("muslim", "jew", "christians", "hindu", "atheist", "black", "white", "asian", "gay", "lesbian", "mexican"),
        *(
            "russian",
            "chinese",
            "americans",
            "immigrants",
            "democrat",
            "republicans",
            "obama",
            "trump",
            "putin",
            "merkel",
        ),
    ],
)
def test_nobody_is_pleasant_or_unpleasant_by_birth_faith_or_name(word: str) -> None:
    assert rating(word) is None


def test_a_phrase_is_more_than_its_words_and_a_negation_turns_them() -> None:
    away = rated(tokenize("He passed away").words)
    assert [(item.start, item.end) for item in away] == [(1, 3)]
    assert away[0].deviations[0] < -0.5
    assert rated_words(("he", "passed", "away"))[1:].tolist() == [rated_words(("passed", "away"))[0].tolist()] * 2
    for word in ("happy", "terrible", "safe", "cruel"):
        (plain,), (turned,) = rated((word,)), rated(("not", "so", word))
        assert plain.deviations[0] * turned.deviations[0] < 0
        assert abs(turned.deviations[0]) < abs(plain.deviations[0])
    (slightly,), (very,) = rated(("slightly", "sad")), rated(("very", "sad"))
    assert very.deviations[0] < rated(("sad",))[0].deviations[0] < slightly.deviations[0] < 0


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        *(("break heart", "You're breaking my heart"), ("let down", "They let him down")),
        *(("run out of food", "We're running out of food"), ("give hope", "He gave us some hope")),
    ],
)
def test_a_phrase_is_found_in_all_its_forms(phrase: str, text: str) -> None:
    words = tuple(phrase.split())
    (plain,) = rated(words)
    (found,) = rated(tokenize(text).words)
    assert (plain.start, plain.end) == (0, len(words))
    assert found.end - found.start >= len(words)
    assert found.rating[0] * plain.rating[0] > 0


def test_words_evoke_what_they_are_named_after() -> None:
    for name, word in zip(EMOTION_NAMES, NAMED, strict=True):
        (found,) = rated((word,))
        assert EMOTION_NAMES[int(np.argmax(found.evoked))] == name, word


@given(st.text(max_size=200))
def test_any_text_has_finite_features(text: str) -> None:
    words = tokenize(text).words
    assert features(words).shape == (N_FEATURES,)
    assert np.isfinite(features(words)).all()
    places = [place for item in rated(words) for place in range(item.start, item.end)]
    assert places == sorted(set(places))


def test_our_lines_are_labelled_and_none_is_a_test() -> None:
    texts, labels = own_lines()
    assert len(texts) == len(set(texts)) > 400
    assert labels["goemotions"].any(axis=1).all()
    assert labels["xed"].any(axis=1).all()
    assert ((labels["emobank"] >= 1) & (labels["emobank"] <= 5)).all()
    cases = (*CASES, *FRESH_CASES, *BLIND_CASES, *EVENT_CASES, *LATER_EVENT_CASES)
    assert not {tokenize(text).words for text in texts} & {tokenize(case.text).words for case in cases}


def test_what_we_felt_at_sentences_is_what_emobank_s_raters_felt(shared_data: Path) -> None:
    ours, theirs = judged(shared_data, "train"), emobank(shared_data, "train")
    ratings = dict(zip(theirs.texts, theirs.labels, strict=True))
    both = [(row[8], ratings[text][0]) for text, row in zip(ours.texts, ours.labels, strict=True) if text in ratings]
    assert len(both) > 6_000
    # Two halves of EmoBank's own raters, readers and writers, agree at .66.
    assert np.corrcoef(np.array(both).T)[0, 1] > 0.75


def test_rated_words_alone_tell_what_emobank_s_raters_felt(shared_data: Path) -> None:
    corpus = emobank(shared_data, "train")
    means = np.stack([features(tokenize(text).words)[6:9] for text in corpus.texts])
    valence, arousal, dominance = (np.corrcoef(means[:, i], corpus.labels[:, i])[0, 1] for i in range(3))
    # Nothing is fitted; two halves of EmoBank's own raters, readers and writers, agree at .66, .30 and .22.
    assert valence > 0.55
    assert arousal > 0.15
    assert dominance > 0.2


def test_no_sentence_that_is_measured_on_was_judged(shared_data: Path) -> None:
    held = {
        text.strip().lower()
        for load in (goemotions, xed, emobank)
        for split in ("dev", "test")
        for text in load(shared_data, split).texts
    }
    ours = [judged(shared_data, split) for split in ("train", "dev")]
    texts = [text for corpus in ours for text in corpus.texts]
    assert len(set(texts)) == len(texts) > 60_000
    assert not held & {text.strip().lower() for text in texts}
    assert 0.04 < len(ours[1].texts) / len(texts) < 0.06


@pytest.mark.parametrize("line", ["They burned the village.", "We buried him this morning.", "He was tortured."])
def test_misfortunes_in_plain_words_are_felt(line: str) -> None:
    (reading,) = read_sentences(line)
    (plain,) = read_sentences(line, rules=False)
    assert reading.emotion.vad.valence < -0.1
    assert reading.emotion.intensity >= plain.emotion.intensity


def read(text: str) -> Emotion:
    return next(iter(read_sentences(text))).emotion


@pytest.mark.parametrize(
    ("ended", "lasts"),
    [
        *(("The plague has ended.", "The plague has not ended."), ("Her cancer is cured.", "Is her cancer cured?")),
        *(("The war is finally over!", "The war is over there."), ("The killer is dead.", "The killer's son is dead.")),
        *(
            ("The pain has stopped at last.", "The music has stopped at last."),
            ("The tumor's gone.", "My sick dog's gone."),
        ),
    ],
)
def test_what_is_over_is_a_relief_if_it_was_bad(ended: str, lasts: str) -> None:
    assert read(ended).vad.valence > 0.2
    assert read(ended).joy > max(read(ended).sadness, read(ended).fear, read(lasts).joy)


@pytest.mark.parametrize(
    "line",
    [
        *("The victims are dead.", "All the hostages are dead.", "The funeral is over.", "The cancer has beaten him."),
        *("The abuse has gone on for years.", "The virus is all over the city.", "If only the pain were gone."),
        *("The war is over, and my son never came home.", "They lied that the plague has ended."),
    ],
)
def test_what_is_not_over_or_not_good_is_no_relief(line: str) -> None:
    felt = read(line)
    assert felt.joy < max(felt.sadness, felt.fear, felt.anger, felt.disgust)


def test_who_is_not_hurt_does_not_suffer() -> None:
    for denied, told in (("He is not dead.", "He is dead."), ("No one was killed.", "Someone was killed.")):
        assert read(denied).vad.valence > 0 > read(told).vad.valence
    for plea in ("I don't want to die.", "Never insult me.", "Is she not dead?"):
        assert read(plea).joy < 0.2, plea
