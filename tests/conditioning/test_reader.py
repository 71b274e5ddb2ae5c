"""The emotion reader: its parts against other programs, its readings against a reader's expectation."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoints import manifest
from conditioning import EMOTION_NAMES, NEUTRAL, Emotion, InputError, Line, Span
from conditioning.evaluate_reader import best_thresholds, evaluate, macro_f1
from conditioning.language import foreign_language
from conditioning.reader import INERTIA, Reading, read_emotion, read_line, read_sentences, read_track
from conditioning.reader_data import xed
from conditioning.reader_irony import is_ironic
from conditioning.reader_model import N_SCORES, ReaderModel, dequantize, quantize
from conditioning.reader_ratings import PENALTY, SHARPNESS, LabelKernel
from conditioning.reader_rules import EMOJI
from conditioning.reader_text import MAX_TOKENS, char_ngrams, tokenize, word_ngrams
from conditioning.reader_threat import is_threat

sys.path.insert(0, str(Path(__file__).parent))
from reader_cases import BLIND_CASES, CASES, EVENT_CASES, FRESH_CASES, LATER_EVENT_CASES, Case

#: Cases that the shipped reader gets wrong; each is a known weakness, not a moving target.
KNOWN_MISSES = frozenset({"Run! It's right behind us!"})

AROUSED = ("joy", "fear", "surprise", "anger", "anticipation")


def amount(emotion: Emotion, what: str) -> float:
    return sum(getattr(emotion, name) for name in AROUSED) if what == "arousal" else getattr(emotion, what)


def read(text: str, *, rules: bool = True) -> Emotion:
    readings = list(read_sentences(text, rules=rules))
    total = sum(len(reading.text) * reading.emotion.weights for reading in readings)
    return Emotion.from_weights(total / sum(len(reading.text) for reading in readings))


def holds(case: Case, *, rules: bool = True) -> bool:
    emotion = read(case.text, rules=rules)
    top = max(emotion, key=lambda item: item[1], default=("neutral", 0.0))
    if case.top:
        return top[0] in case.top
    if case.not_top:
        return top[0] not in case.not_top or top[1] < 0.3
    if case.both:
        return all(getattr(emotion, name) >= 0.15 for name in case.both)
    if case.calm:
        return top[1] <= 0.3
    if case.more:
        return amount(emotion, case.more) > amount(read(case.than, rules=rules), case.more)
    return emotion.vad.valence * case.valence > 0


def test_there_are_sixty_cases() -> None:
    assert len(CASES) == 60
    assert len({case.text for case in CASES}) == 60
    assert {case.text for case in CASES} >= KNOWN_MISSES


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.text}")
def test_a_line_is_read_as_a_reader_would(case: Case) -> None:
    assert holds(case) == (case.text not in KNOWN_MISSES), f"{case.text!r} was read as {read(case.text)}"


def test_the_rules_help_and_most_new_lines_are_read_right() -> None:
    # Measured: 59 of 60 with the rules, 44 without; 29 and 23 of the fresh lines; 26 and 17 of the blind ones.
    assert sum(holds(case) for case in CASES) >= 57 > 46 >= sum(holds(case, rules=False) for case in CASES) >= 38
    assert sum(holds(case) for case in FRESH_CASES) >= 28
    assert sum(holds(case) for case in BLIND_CASES) >= 24
    assert all(holds(case) for case in BLIND_CASES if case.kind == "praise")


def test_events_told_in_plain_words_are_felt() -> None:
    # Measured: 37 and 38 of 40; before sentences were judged, 35 and 33; before words were rated, 18 and 20.
    assert sum(holds(case) for case in EVENT_CASES) >= 35
    assert sum(holds(case) for case in LATER_EVENT_CASES) >= 36


def test_tokens() -> None:
    tokens = tokenize("I DON'T know… “soooo” BAD!! 😂👍🏽 [NAME] <3 3:00")
    expected = (
        "i",
        "do",
        "n't",
        "know",
        "...",
        '"',
        "soo",
        '"',
        "bad",
        "!!",
        "😂",
        "👍",
        "[name]",
        "<3",
        "0",
        ":",
        "00",
    )
    assert tokens.words == expected
    assert set(tokens.marks) == {"<caps>", "<long>", "<!>", "<...>"}
    assert "not_like" in set(word_ngrams(tokenize("I do not really like it")))
    assert "not_it" not in set(word_ngrams(tokenize("no, it is fine")))


@given(st.text(max_size=200))
def test_any_text_has_tokens_of_bounded_number(text: str) -> None:
    tokens = tokenize(text)
    assert len(tokens.words) == len(tokens.case) <= MAX_TOKENS
    assert tokens == tokenize(text.replace("’", "'"))
    for gram in [*word_ngrams(tokens), *char_ngrams(tokens)]:
        assert "\n" not in gram


def test_macro_f1_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(5)
    truth, found = rng.random((200, 6)) < 0.2, rng.random((200, 6)) < 0.3
    assert macro_f1(found, truth) == pytest.approx(metrics.f1_score(truth, found, average="macro"))
    logits = truth + rng.normal(0, 1, truth.shape)
    thresholds, f1 = best_thresholds(logits, truth.astype(np.float32))
    assert f1 == pytest.approx(metrics.f1_score(truth, logits > thresholds, average="macro"))
    assert f1 >= metrics.f1_score(truth, logits > 0.5, average="macro")


def test_tfidf_is_that_of_scikit_learn() -> None:
    text = pytest.importorskip("sklearn.feature_extraction.text")
    from conditioning.reader_linear import Vocabulary, matrix

    corpus = ["a b b c", "b c d", "a a a d e", "b"] * 3
    vectorizer = text.TfidfVectorizer(
        analyzer=lambda line: list(word_ngrams(tokenize(line))), sublinear_tf=True, smooth_idf=False, min_df=3
    )
    theirs = vectorizer.fit_transform(corpus).toarray()
    vocabulary = Vocabulary.of([tokenize(line) for line in corpus])
    ours = matrix(vocabulary, [tokenize(line) for line in corpus]).toarray()
    columns = [vocabulary.index[gram] for gram in vectorizer.get_feature_names_out()]
    np.testing.assert_allclose(ours[:, columns], theirs, atol=1e-6)


def test_logistic_regression_is_that_of_scikit_learn() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    from scipy.sparse import csr_matrix

    from conditioning.reader_linear import fit_logistic, fit_ridge

    rng = np.random.default_rng(2)
    features = rng.normal(size=(300, 12)).astype(np.float32)
    labels = (features @ rng.normal(size=(12, 2)) + rng.normal(size=(300, 2)) > 0.5).astype(np.float32)
    weights, intercepts = fit_logistic(csr_matrix(features), labels, 0.5)
    for column in range(2):
        theirs = linear.LogisticRegression(C=0.5, tol=1e-8, max_iter=1000).fit(features, labels[:, column])
        np.testing.assert_allclose(weights[:, column], theirs.coef_[0], atol=0.02)
        np.testing.assert_allclose(intercepts[column], theirs.intercept_[0], atol=0.02)
    centred = features - features.mean(axis=0)
    ratings = features @ rng.normal(size=(12, 3))
    ridge, _ = fit_ridge(csr_matrix(centred), ratings, 4.0)
    np.testing.assert_allclose(ridge.T, linear.Ridge(alpha=4.0).fit(centred, ratings).coef_, atol=1e-3)


def test_ratings_from_labels_are_those_of_scikit_learn() -> None:
    ridge = pytest.importorskip("sklearn.kernel_ridge")
    rng = np.random.default_rng(4)
    logits = rng.normal(1.0, 2.0, (120, 6)).astype(np.float32)
    ratings = np.stack([np.tanh(logits[:, 0] * logits[:, 1]), logits[:, 2]], axis=1)
    # Two parts that count alike, of two and four columns: each squared distance is over its part's share of six.
    fitted = LabelKernel.fit((logits[:100, :2], logits[:100, 2:]), ratings[:100])
    spread = (logits - logits[:100].mean(axis=0)) / logits[:100].std(axis=0) / np.sqrt([2 / 3] * 2 + [4 / 3] * 4)
    theirs = ridge.KernelRidge(kernel="rbf", gamma=SHARPNESS / 6, alpha=PENALTY).fit(spread[:100], ratings[:100])
    np.testing.assert_allclose(fitted(logits[100:]), theirs.predict(spread[100:]), atol=1e-4)
    packed = LabelKernel.of(fitted.tensors())
    np.testing.assert_allclose(packed(logits[100:]), fitted(logits[100:]), atol=0.02)


def test_the_recurrent_half_is_that_of_torch() -> None:
    torch = pytest.importorskip("torch", reason="needs torch: pip install 'mien[train]'")
    from conditioning import reader_net
    from conditioning.reader_export import export_linear, export_network
    from conditioning.reader_linear import Vocabulary
    from conditioning.train_reader import _neutral_blend

    torch.manual_seed(0)
    config = reader_net.NetConfig(dim=16, hidden=12, dense=20, buckets=50)
    words = ["i", "like", "it", "!", "not"]
    net = reader_net._Net(config, len(words), N_SCORES + 6).eval()
    tensors = export_network(words, {name: value.numpy() for name, value in net.state_dict().items()})
    empty = Vocabulary({"a": 0}, np.ones(1, np.float32))
    tensors |= export_linear(empty, np.zeros((1, N_SCORES)), np.zeros(N_SCORES)) | _neutral_blend()
    model = ReaderModel(tensors)
    encoder = reader_net._Encoder(config, words)
    for text in ("I like it!", "I do NOT like zebras", "!", "what a loooong line of words that it is"):
        with torch.no_grad():
            expected = net(encoder([tokenize(text)], None)).numpy()[0, :N_SCORES]
        np.testing.assert_allclose(model.network(tokenize(text)), expected, atol=0.02)


def test_quantization_keeps_half_a_step() -> None:
    table = np.random.default_rng(1).normal(size=(40, 30))
    for axis in (0, 1):
        packed, scale = quantize(table, axis)
        assert packed.dtype == np.int8
        assert (np.abs(dequantize(packed, scale, axis) - table) <= np.expand_dims(scale, axis) * 0.5001).all()


@pytest.mark.parametrize(
    # The first article of the Universal Declaration of Human Rights, and two everyday lines.
    ("text", "name"),
    [
        ("All human beings are born free and equal in dignity and rights.", None),
        ("Alle Menschen sind frei und gleich an Würde und Rechten geboren.", "German"),
        ("Tous les êtres humains naissent libres et égaux en dignité et en droits.", "French"),
        ("Todos los seres humanos nacen libres e iguales en dignidad y derechos.", "Spanish"),
        ("Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono.", "Italian"),
        ("Все люди рождаются свободными и равными.", "Cyrillic"),
        ("人皆生而自由", "CJK"),
        ("Kneel before Vael'noth, the Elder Wyrm of Zhar!", None),
        # "a" and "as" are Portuguese too, and one word does not count more often for being repeated.
        ("A button takes a lever as a child takes a toy.", None),
        ("A menina foi para a escola.", "Portuguese"),
        ("Oui.", None),
        ("", None),
    ],
)
def test_other_languages_are_told_apart(text: str, name: str | None) -> None:
    assert foreign_language(text) == name


def test_english_is_hardly_ever_taken_for_another_language(shared_data: Path) -> None:
    from conditioning.reader_data import goemotions

    texts = goemotions(shared_data, "test").texts
    assert len(texts) > 5000
    assert sum(foreign_language(text) is not None for text in texts) <= 0.001 * len(texts)


def test_other_languages_are_neutral_with_one_warning() -> None:
    with pytest.warns(UserWarning, match="German") as caught:
        emotion = read_emotion("Ich bin so glücklich, dass du da bist! Ich hasse dich nicht, und das ist gut.")
    assert emotion == NEUTRAL
    assert len(caught) == 1
    with pytest.warns(UserWarning, match="seems to be fr"):
        assert read_emotion("Bonjour!", language="fr-FR") == NEUTRAL


@pytest.mark.parametrize("text", ["", " \n", "\0\x07", "...", "!!!", "[NAME]", "\u200b", "🏳️‍🌈", "\ud800"])
def test_odd_texts_are_read(text: str) -> None:
    assert all(isinstance(reading, Reading) for reading in read_sentences(text))
    assert 0.0 <= read_emotion(text).intensity <= 1.0


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=120))
def test_any_text_is_read_and_twice_alike(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert read_emotion(text) == read_emotion(text)


def test_a_million_characters_stream_in_bounded_memory() -> None:
    block = "I am so happy that you are here. But the road was dark, and I was afraid! "
    readings = read_sentences(block for _ in range(1_000_000 // len(block) + 1))
    next(readings)
    tracemalloc.start()
    count = 1 + sum(1 for _ in readings)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 2 * (1_000_000 // len(block) + 1)
    assert peak < 2_000_000


def test_a_line_is_read_sentence_by_sentence_and_keeps_what_is_given() -> None:
    given_span = Span("I am fine.", Emotion(anger=0.5))
    line = Line((Span("I'm so happy! I'm so scared.", pause_after_s=0.5), given_span))
    happy, scared, kept = read_line(line).spans
    assert (happy.text, scared.text) == ("I'm so happy!", "I'm so scared.")
    assert happy.emotion.joy > 0.3
    assert scared.emotion.fear > 0.2
    assert scared.emotion.joy == pytest.approx(INERTIA * happy.emotion.joy, abs=0.1), "some joy lingers"
    assert (happy.pause_after_s, scared.pause_after_s) == (0.0, 0.5)
    assert kept == given_span
    assert read_line(read_line(line)) == read_line(line)


def test_a_longer_text_becomes_a_smooth_track() -> None:
    track = read_track("I love this place. It is wonderful! Then he died. I cried for days.", duration_s=8.0)
    early, late = track.at(0.5), track.at(7.5)
    assert early.vad.valence > 0.2 > -0.2 > late.vad.valence
    assert np.abs(np.diff(track.sample(100, 8.0), axis=0)).max() < 0.05


def test_irony_shows_and_praise_that_is_meant_stays_praise() -> None:
    assert all(is_ironic(case.text) for case in CASES if case.kind == "irony")
    for honest in (
        "That was great!",
        "Thanks a lot for your help.",
        "I love being with you.",
        "Nice job, Tom!",
        "Wonderful, I won't forget it.",
        "Great, no problem.",
        "Thanks so much for staying late!",
        "As if by magic, the door opened.",
        "Oh, thanks... you shouldn't have.",
        "Well, it was such a nice evening...",
    ):
        assert not is_ironic(honest), honest


@pytest.mark.parametrize(
    ("threat", "harmless"),
    [
        *(("You'll pay for this.", "You'll pay for the coffee, I hope?"), ("I'll kill you.", "He'll kill you.")),
        *(
            ("I'll cut your throat.", "I'll cut your hair."),
            ("One more word and I'm leaving.", "One more word of advice."),
        ),
        *(
            ("Touch her again and you're dead.", "Touch the wall and turn."),
            ("Sign it, or else.", "Sign it, or someone else does."),
        ),
        *(("You will regret this.", "You will never regret this."), ("I'll break your arms!", "I'll break the bread.")),
    ],
)
def test_who_threatens_is_angry(threat: str, harmless: str) -> None:
    (reading,) = read_sentences(threat)
    assert "threat" in reading.causes
    assert reading.emotion.anger == max(reading.emotion.weights) > 0.5
    assert "threat" not in next(read_sentences(harmless)).causes


@pytest.mark.parametrize(
    "line",
    [
        *("I'll beat you at chess tonight.", "You'll pay for that at the counter, ma'am.", "I'll cut you some slack."),
        *(
            "Come over and I'll make you some soup.",
            "I know where you live, I'll drop off the cake.",
            "You'll be next in line.",
        ),
        *(
            "That's the last chance to buy tickets.",
            "We have ways of saving money.",
            "Try it and I swear you'll love it.",
        ),
        *(
            "Just one more step, sweetheart, you can do it!",
            "I'd hate to see you go.",
            "It'd be a shame if anyone missed it.",
        ),
        *(
            "Don't make me do the dishes again.",
            "You'd better watch this movie, it's great.",
            "One more move and you've won.",
        ),
    ],
)
def test_what_only_sounds_like_a_threat(line: str) -> None:
    assert "threat" not in next(read_sentences(line)).causes


def test_threats_in_films_were_called_anger(shared_data: Path) -> None:
    lines = xed(shared_data, "train")
    threats = np.array([is_threat(text) for text in lines.texts])
    angry = lines.labels[:, EMOTION_NAMES.index("anger")]
    assert threats.sum() > 15
    assert angry[threats].mean() > 4 * angry.mean()


def test_praise_is_ironic_over_bad_news_only() -> None:
    def causes(text: str) -> set[str]:
        return {cause for reading in read_sentences(text) for cause in reading.causes}

    for news in ("We're lost.", "My phone is dead.", "Another flat tire.", "We missed the boat."):
        assert "irony" in causes(f"Oh, wonderful. {news}"), news
    for news in ("See you tomorrow.", "Thank you!", "You made it!", "More cake!", "She is here.", "How much is it?"):
        assert "irony" not in causes(f"Oh, wonderful. {news}"), news


def test_who_begs_is_not_angry_and_who_cannot_wait_is_glad() -> None:
    for plea in ("Please don't hurt us!", "Don't go, please.", "Please stop, I beg you."):
        begged = read(plea)
        assert begged.anger + begged.disgust < begged.fear + begged.sadness, plea
    eager, weary = read("I can't wait to see you!"), read("I can't wait any longer.")
    assert min(eager.joy, eager.anticipation) > 0.3 > weary.joy


def test_every_emoji_of_the_table_survives_the_tokenizer() -> None:
    for sign in EMOJI:
        assert tokenize(f"so {sign.upper()}").words[-1] == sign, sign


def test_importing_the_reader_needs_no_torch_and_is_quick() -> None:
    code = (
        "import sys, conditioning.reader as r\n"
        "r.read_emotion('I am so happy!')\n"
        "heavy = {'torch', 'scipy', 'sklearn', 'transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_the_checkpoint_is_small_and_says_where_it_is_from() -> None:
    entry = manifest()["emotion_reader"]
    assert entry["bytes"] <= 15_000_000
    assert "EmoBank" in entry["attribution"]
    assert entry["licence"] == "CC-BY-SA-4.0"


@pytest.mark.slow
def test_ten_thousand_lines_take_less_than_fifty_seconds(shared_data: Path) -> None:
    from conditioning.reader_data import goemotions

    texts = (goemotions(shared_data, "test").texts + goemotions(shared_data, "dev").texts)[:10_000]
    read_emotion("warm up")
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for text in texts:
            read_emotion(text)
    assert time.process_time() - started < 50.0


@pytest.mark.slow
def test_the_figures_of_the_test_sets(shared_data: Path) -> None:
    # Published, for comparison: BERT-base .46 and .64 on GoEmotions (Demszky et al. 2020, tables 4 and 6).
    figures = evaluate(shared_data)
    assert figures["goemotions_macro_f1"] > 0.48
    assert figures["goemotions_ekman_macro_f1"] > 0.60
    assert figures["emobank_r_v"] > 0.70
    assert figures["emobank_r_a"] > 0.50
    assert figures["emobank_r_d"] > 0.41
    assert figures["xed_macro_f1"] > 0.48
    assert figures["ms_per_line"] < 5.0


def test_evaluating_without_the_corpora_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no corpus file"):
        evaluate(tmp_path, ReaderModel.shipped())
