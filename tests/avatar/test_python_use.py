"""The Python interface as people use it in a notebook, and as they misuse it."""

from __future__ import annotations

import base64
import io
import pickle
import re
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from avatar import Avatar, Take
from checkpoints import InputError
from conditioning import NEUTRAL, Emotion
from conditioning.reader import read_emotion


@pytest.fixture(scope="module")
def take() -> Take:
    return Avatar().say("Halt <!>", emotion="anger:0.4", seed=7)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"text": None}, "a str or a Line, not NoneType"),
        ({"text": b"Hi."}, "a str or a Line, not bytes"),
        ({"emotion": {"joy": 0.5}}, r"not dict; write Emotion\(\*\*weights\)"),
        ({"emotion": 0.5}, "'joy:0.8, fear:0.2' or an Emotion, not float"),
        ({"seed": -1}, "seed=-1 is not allowed"),
        ({"seed": "x"}, "seed='x' is not allowed"),
        ({"seed": 1.5}, "seed=1.5 is not allowed"),
    ],
)
def test_values_of_a_wrong_kind_are_named(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Avatar().say(**{"text": "Hi."} | arguments)


def test_a_face_that_is_not_there_is_missed_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no portrait .*none\.png"):
        Avatar(portrait=tmp_path / "none.png")
    with pytest.raises(InputError, match="not Image; save it first"):
        Avatar(portrait=Image.new("RGB", (64, 64)))  # type: ignore[arg-type]


def test_a_notebook_shows_one_line_and_a_player(take: Take) -> None:
    assert repr(take) == "<Take: 'Halt <!>', anger:0.4, " + f"{take.duration_s:.2f} s, {take.motion!r}>"
    assert max(len(repr(part)) for part in (take, take.speech, take.motion)) < 120
    page = take._repr_html_()
    assert "<!>" not in page
    (encoded,) = re.findall(r'src="data:audio/wav;base64,([^"]+)"', page)
    sound, rate = soundfile.read(io.BytesIO(base64.b64decode(encoded)), dtype="float32")
    assert rate == take.speech.sample_rate
    np.testing.assert_allclose(sound, take.speech.waveform, atol=2**-15)


def test_threads_and_pickles_give_the_same_take(take: Take) -> None:
    avatar = pickle.loads(pickle.dumps(Avatar()))
    waves: list[np.ndarray] = []

    def speak() -> None:
        waves.append(avatar.say("Halt <!>", emotion="anger:0.4", seed=7).speech.waveform)

    threads = [Thread(target=speak) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for wave in (*waves, pickle.loads(pickle.dumps(take)).speech.waveform):
        np.testing.assert_array_equal(wave, take.speech.waveform)
    assert len(waves) == 3


@pytest.mark.parametrize(
    ("text", "emotion", "says"),
    [
        (
            "Ich habe dich so vermisst.",
            None,
            "^the text seems to be German and is spoken as English and felt as neutral",
        ),
        ("Ich bin da. [pause 0.2] Ich bin nicht froh, und du?", None, "^the text seems to be German"),
        ("Ich habe dich so vermisst.", "neutral", "German and is spoken as English; give its language tag"),
        (
            "Hello there. Ich habe dich so vermisst. Ich auch, und sehr.",
            None,
            "^'Ich habe dich so vermisst.' seems to be",
        ),
    ],
)
def test_a_text_that_is_not_english_gives_one_warning_and_is_neutral(text: str, emotion: str | None, says: str) -> None:
    with pytest.warns(UserWarning, match=says) as caught:
        take = Avatar().say(text, emotion)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert take.emotion == NEUTRAL


def test_what_is_english_in_a_text_keeps_its_feeling() -> None:
    with pytest.warns(UserWarning, match="seems to be German"):
        take = Avatar().say("I hate you! Ich bin nicht froh, und du? [joy] Ich bin da.")
    hate, neutral, joy = (span.emotion for span in take.line.spans)  # type: ignore[union-attr]
    assert hate == read_emotion("I hate you!") != NEUTRAL == neutral
    assert joy == Emotion.parse("joy")


def test_the_voice_of_another_language_is_not_told_that_it_speaks_english() -> None:
    with pytest.warns(UserWarning, match="from English only") as caught:
        Avatar(voice="formant").say("Ich bin da. [rate 0.9] Ich bin nicht froh.", language="de")
    assert [str(warning.message) for warning in caught] == [
        "emotions are read from English only: what is said in 'de' is felt as neutral; give the emotion yourself"
    ]
