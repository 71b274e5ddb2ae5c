"""Speech while the text arrives: every word once, one clock, and a natural end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from avatar import Avatar
from avatar.stream import Chunk

TEXT = "You came back! I thought I had lost you. Where have you been?"


@pytest.fixture(scope="module")
def avatar() -> Avatar:
    return Avatar()


@pytest.fixture(scope="module")
def chunks(avatar: Avatar) -> list[Chunk]:
    return list(avatar.stream(TEXT[i : i + 3] for i in range(0, len(TEXT), 3)))


def test_chunks_follow_each_other_on_one_clock(chunks: list[Chunk]) -> None:
    fps, rate = chunks[0].motion.fps, chunks[0].sample_rate
    frames = samples = 0
    for chunk in chunks:
        assert chunk.start_s == pytest.approx(frames / fps, abs=1e-9)
        frames += len(chunk.motion)
        samples += len(chunk.waveform)
        assert samples == round(frames * rate / fps)
    assert [chunk.is_last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


def test_the_stream_is_the_takes_of_its_sentences(avatar: Avatar, chunks: list[Chunk]) -> None:
    texts = list(dict.fromkeys(chunk.text for chunk in chunks))
    assert " ".join(texts) == TEXT
    for index, text in enumerate(texts):
        wave = np.concatenate([chunk.waveform for chunk in chunks if chunk.text == text])
        whole = avatar.say(text, seed=index).speech.waveform
        np.testing.assert_array_equal(wave[: len(whole)], whole)
        assert not wave[len(whole) :].any()


def test_the_pose_does_not_jump_between_sentences(chunks: list[Chunk]) -> None:
    head = np.concatenate([chunk.motion.head_rotation for chunk in chunks])
    weights = np.concatenate([chunk.motion.weights for chunk in chunks])
    border = sum(len(chunk.motion) for chunk in chunks if chunk.text == chunks[0].text)
    for curve in (head, weights):
        steps = np.abs(np.diff(curve, axis=0)).max(axis=1)
        assert steps[border - 1] <= np.quantile(steps, 0.99)


def test_an_interruption_closes_the_mouth_and_fades(avatar: Avatar) -> None:
    stream = avatar.stream([TEXT])
    heard: list[Chunk] = []
    for chunk in stream:
        heard.append(chunk)
        if len(heard) == 3:
            stream.interrupt()
    assert len(heard) == 4
    assert heard[-1].is_last
    assert np.abs(heard[-1].motion.weights[-1]).max() < 1e-6
    level = np.abs(heard[-1].waveform)
    assert level[-len(level) // 10 :].max() < 0.05


def test_a_sentence_is_given_whole_before_the_next_is_asked_for(avatar: Avatar) -> None:
    asked: list[str] = []

    def text() -> Iterator[str]:
        for piece in ("Yes. ", "No.", " Go."):
            asked.append(piece)
            yield piece

    at_first: list[Chunk] = []
    for chunk in avatar.stream(text()):
        if asked != ["Yes. ", "No."]:
            break
        at_first.append(chunk)
    wave = np.concatenate([chunk.waveform for chunk in at_first])
    whole = avatar.say("Yes.", seed=0).speech.waveform
    np.testing.assert_array_equal(wave[: len(whole)], whole)


def test_an_interruption_between_sentences_needs_no_further_text(avatar: Avatar) -> None:
    def text() -> Iterator[str]:
        yield "Yes. No"
        raise AssertionError("asked for more after the interruption")

    stream = avatar.stream(text())
    heard: list[Chunk] = []
    length = -(-len(avatar.say("Yes.", seed=0).motion) // 12)  # chunks of 0.2 s at 60 frames a second
    for chunk in stream:
        heard.append(chunk)
        if len(heard) == length:
            stream.interrupt()
    assert len(heard) == length + 1
    assert heard[-1].is_last
    assert np.abs(heard[-1].motion.weights[-1]).max() < 1e-6


@pytest.mark.parametrize("text", ["[laughs] You came back.", "You came back [or so.", "<speak>You came back."])
def test_brackets_of_a_language_model_do_not_end_the_stream(avatar: Avatar, text: str) -> None:
    chunks = list(avatar.stream([text, " Yes."]))
    assert chunks[-1].text == "Yes."
    assert sum(len(chunk.motion) for chunk in chunks if chunk.text != "Yes.") > 30


def test_marks_alone_are_passed_over(avatar: Avatar) -> None:
    assert list(avatar.stream(["…", " !? ", "\n\n"])) == []
