"""espeak-ng behind the formant voice: times, words, determinism, languages, bad input."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from conditioning import BackendError, Emotion, InputError, Line, Speech
from conditioning.line import Span
from tts import open_voice
from tts.espeak_library import language_files
from tts.scripts import LANGUAGES, check_script

pytest.importorskip("pyworld")
pytest.importorskip("espeakng_loader")

SENTENCES = Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").splitlines()


def speak(text: str, **options: str) -> Speech:
    return open_voice("formant", **options).speak(Line.of(text))


def digest(speech: Speech) -> str:
    return hashlib.sha256(speech.waveform.tobytes() + str(speech.phones).encode()).hexdigest()


def symbols(speech: Speech) -> str:
    return " ".join(phone.symbol for phone in speech.phones)


def test_phones_are_those_of_the_dictionary() -> None:
    """CMU dictionary: THOUGHT = TH AO1 T, CHURCH = CH ER1 CH, TOY = T OY1, BEAR = B EH1 R."""
    assert symbols(speak("thought")) == "sil θ ˈɔ t sil"
    assert symbols(speak("church")) == "sil tʃ ˈɝ tʃ sil"
    assert symbols(speak("toy")) == "sil t ˈɔɪ sil"
    assert symbols(speak("bear")) == "sil b ˈɛ ɹ sil"


def test_words_are_as_written() -> None:
    speech = speak("Dr. Smith paid $5.50, of the 12 dollars!")
    words = [word.symbol for word in speech.words if word.symbol]
    assert words == ["Dr.", "Smith", "paid", "$5.50", "of", "the", "12", "dollars"]
    amount = next(word for word in speech.words if word.symbol == "$5.50")
    inside = [p.symbol for p in speech.phones if p.start_s >= amount.start_s and p.end_s <= amount.end_s]
    assert "".join(inside).startswith("fˈaɪvdˈɑlɚz")


def test_melted_words_have_their_own_time() -> None:
    """espeak-ng says "of the" as one word."""
    speech = speak("One of the best of the rest.")
    pairs = [(word.symbol, word.duration_s) for word in speech.words if word.symbol in ("of", "the")]
    assert [name for name, _ in pairs] == ["of", "the", "of", "the"]
    assert all(0.04 < length < 0.3 for _, length in pairs)


def test_sentences_are_apart() -> None:
    speech = speak("He left. she stayed? They laughed!")
    pauses = [phone.duration_s for phone in speech.phones[1:-1] if phone.symbol == "sil"]
    assert len(pauses) == 2
    assert min(pauses) > 0.15


def test_bytes_depend_on_the_request_alone() -> None:
    first = digest(speak("You came back! I thought I had lost you."))
    speak("Something else in between, to move the synthesiser's state.")
    assert digest(speak("You came back! I thought I had lost you.")) == first
    voice = open_voice("formant")
    line = Line.of("I was afraid.", Emotion(fear=1.0))
    assert digest(voice.speak(line, seed=3)) == digest(voice.speak(line, seed=3))
    assert digest(voice.speak(line, seed=3)) != digest(voice.speak(line, seed=4))


def test_bytes_are_the_same_in_another_process() -> None:
    line = Line.of("You came back!", Emotion(joy=0.8, surprise=0.4))
    code = (
        "import hashlib; from conditioning import Line, Emotion; from tts import open_voice;"
        "s = open_voice('formant').speak(Line.of('You came back!', Emotion(joy=0.8, surprise=0.4)), seed=7);"
        "print(hashlib.sha256(s.waveform.tobytes() + str(s.phones).encode()).hexdigest())"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == digest(open_voice("formant").speak(line, seed=7))


def test_threads_do_not_disturb_each_other() -> None:
    texts = ["The first one.", "And here is the second.", "A third of them, too.", "Four."]
    alone = [digest(speak(text)) for text in texts]
    together: dict[int, str] = {}
    threads = [
        threading.Thread(target=lambda i=i: together.setdefault(i, digest(speak(texts[i])))) for i in range(len(texts))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[i] for i in range(len(texts))] == alone


def test_a_woman_and_a_man() -> None:
    """Adults read at about 190–230 Hz and 100–130 Hz (H. Traunmüller and A. Eriksson, 1995)."""
    for speaker, low, high in (("woman", 180.0, 235.0), ("man", 95.0, 135.0)):
        f0 = speak(SENTENCES[0], speaker=speaker).f0_hz
        assert f0 is not None
        assert low < np.exp(np.log(f0[f0 > 0]).mean()) < high
    with pytest.raises(BackendError, match="did you mean woman"):
        open_voice("formant", speaker="wooman")


def test_the_lines_speaker_is_taken_if_it_is_known() -> None:
    voice = open_voice("formant")
    man = voice.speak(Line.of("Hello there.", speaker="man"))
    assert digest(man) == digest(speak("Hello there.", speaker="man"))
    assert digest(voice.speak(Line.of("Hello there.", speaker="Guard 2"))) == digest(speak("Hello there."))


def test_every_language_that_is_named_is_there() -> None:
    assert set(LANGUAGES) <= set(language_files())


@pytest.mark.parametrize(
    ("language", "text"),
    [("de", "Guten Tag, wie geht es dir?"), ("fr", "Bonjour, ça va ?"), ("ru", "Привет, мир!"), ("es", "¿Qué tal?"),
     ("el", "Καλημέρα"), ("hi", "नमस्ते"), ("en-gb", "Water bottle, okay?")],
)  # fmt: skip
def test_other_languages(language: str, text: str) -> None:
    speech = open_voice("formant").speak(Line.of(text, Emotion(joy=0.5), language=language))
    words = [word.symbol for word in speech.words if word.symbol]
    assert len(words) == len([part for part in text.split() if any(c.isalnum() for c in part)])
    assert speech.duration_s > 0.5  # the shortest text has three syllables, and nobody says more than six a second


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (Line.of("Привет мир"), "such as 'ru'"),
        (Line.of("I like 東京 very much"), "such as 'cmn'"),
        (Line.of("hello", language="xx-yy"), "language 'xx-yy' cannot be spoken"),
        (Line((Span("x", phones=("m", "ʘ")),)), "phone 'ʘ'"),
        (Line((Span("x", phones=("m", "i")),), language="de"), "English only"),
    ],
)
def test_what_cannot_be_spoken_is_said(line: Line, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_voice("formant").speak(line)


def test_scripts() -> None:
    check_script("Zoë & café, π ≈ 3.14 😀", "en-us")
    check_script("Привет, world", "ru")
    with pytest.raises(InputError, match="Greek"):
        check_script("αβγ", "en-us")


def test_phones_of_a_span_are_spoken() -> None:
    line = Line((Span("Say"), Span("Mien", phones=("m", "ˈi", "n")), Span("again.")))
    speech = open_voice("formant").speak(line)
    assert [word.symbol for word in speech.words if word.symbol] == ["Say", "Mien", "again"]
    assert " m ˈi n " in symbols(speech)


@pytest.mark.parametrize(
    "text",
    ["12345 67", "STOP RIGHT THERE", "Hi 😀👍🏽 there ❤️!", "tab\tand\x07bell\x00zero", 'He said "unclosed and left',
     "a", "1", "zzzz tsk grrr", "?!... no", "x" * 400, "word " * 120],
)  # fmt: skip
def test_odd_texts_are_spoken(text: str) -> None:
    speech = speak(text)
    assert speech.duration_s > 0.4
    assert any(word.symbol for word in speech.words)
    assert np.abs(speech.waveform).max() > 0.05


def test_a_long_pause_between_two_feelings() -> None:
    line = Line((Span("Wait.", Emotion(fear=1.0), pause_after_s=30.0), Span("Now go!", Emotion(joy=1.0))))
    speech = open_voice("formant").speak(line)
    now = next(word for word in speech.words if word.symbol == "Now")
    wait = next(word for word in speech.words if word.symbol == "Wait")
    assert 30.0 < now.start_s - wait.end_s < 31.0
    assert speech.emotion.at(wait.end_s + 5.0) == Emotion(fear=1.0)
    assert speech.emotion.at(now.start_s) == Emotion(joy=1.0)


@pytest.mark.slow
def test_five_thousand_characters() -> None:
    text = ("The quick brown fox jumps over the lazy dog, and then it sleeps. " * 80)[:5000]
    speech = open_voice("formant").speak(Line.of(text, Emotion(joy=0.5)))
    assert len([word for word in speech.words if word.symbol]) == len(text.split())
    assert 200 < speech.duration_s < 420


# -- listened to by a recogniser --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("speaker", ["woman", "man"])
def test_a_recogniser_understands_it(speaker: str) -> None:
    pytest.importorskip("pocketsphinx")
    from tts.recogniser import Recogniser, plain_words, word_errors

    recogniser = Recogniser()
    errors = words = 0
    for sentence in SENTENCES[:10]:
        said = plain_words(sentence)
        speech = speak(sentence, speaker=speaker)
        errors += word_errors(recogniser.hear(speech.waveform, speech.sample_rate), said)
        words += len(said)
    assert errors / words < 0.35


@pytest.mark.parametrize(("speaker", "emotion"), [("woman", Emotion()), ("man", Emotion(sadness=1.0))])
def test_word_borders_agree_with_forced_alignment(speaker: str, emotion: Emotion) -> None:
    pytest.importorskip("pocketsphinx")
    from tts.recogniser import Recogniser, plain_words

    recogniser = Recogniser()
    apart = []
    for sentence in SENTENCES[:4]:
        speech = open_voice("formant", speaker=speaker).speak(Line.of(sentence, emotion))
        found = recogniser.word_starts(plain_words(sentence), speech.waveform, speech.sample_rate)
        ours = [word.start_s for word in speech.words if word.symbol]
        if found is not None and len(found) == len(ours):
            apart += np.abs(np.subtract(ours, found)).tolist()
    assert len(apart) > 20
    assert np.median(apart) < 0.02
