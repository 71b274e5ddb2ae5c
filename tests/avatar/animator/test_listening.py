"""Listening: silent, attentive, nodding, without a jump where a loop closes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from avatar import Avatar
from avatar.animator import Style, idle
from avatar.animator.listening import listen, pauses_of
from conditioning import InputError, Segment, Speech


def nod_deg(seconds: float, seed: int = 1, **options: object) -> np.ndarray:
    """What listening adds to the pitch of the head of the same idle."""
    with_nods = listen(seconds, seed=seed, **options)
    without = idle(seconds, seed=seed, style=Style(gaze_aversion=0.4), loop=options.get("loop", True))
    return np.degrees(with_nods.head_rotation[:, 0] - without.head_rotation[:, 0])


def test_listeners_nod_downwards_and_rest_between() -> None:
    nods = nod_deg(40.0)
    assert nods.min() > -1e-4
    assert 2.0 < nods.max() < 5.5
    starts = np.flatnonzero((nods[1:] > 1e-3) & (nods[:-1] <= 1e-3))
    assert 6 <= len(starts) <= 25  # of one to three dips each
    assert (np.abs(nods) < 1e-3).mean() > 0.5


def test_the_eyes_stay_on_the_speaker_through_a_nod() -> None:
    motion, still = listen(20.0, seed=1), idle(20.0, seed=1, style=Style(gaze_aversion=0.4))
    world = motion.head_rotation[:, 0] + motion.eye_rotation[:, 0, 0]
    assert np.abs(world - still.head_rotation[:, 0] - still.eye_rotation[:, 0, 0]).max() < 1e-5


def test_the_mouth_is_shut_and_loops_close() -> None:
    motion = listen(8.0, "joy:0.4", seed=4)
    assert motion.curve("jawOpen").max() == 0
    steps = np.abs(np.diff(motion.head_rotation, axis=0)).max(1)
    jump = np.abs(motion.head_rotation[0] - motion.head_rotation[-1]).max()
    assert jump < 4 * np.median(steps) + 1e-4
    assert np.abs(motion.weights[0] - motion.weights[-1]).max() < 0.05


def test_nods_answer_the_speakers_pauses() -> None:
    pauses = [3.0, 8.0, 13.0, 18.0, 23.0]
    nods = nod_deg(28.0, seed=3, pauses_s=pauses, loop=False)
    begins = np.flatnonzero((nods[1:] > 1e-3) & (nods[:-1] <= 1e-3)) / 60.0
    first = [begin for begin in begins if min(abs(begin - pause) for pause in pauses) < 0.7]
    assert len(first) >= 3
    assert all(any(0.15 <= begin - pause <= 2.2 for pause in pauses) for begin in begins)


def test_an_avatar_listens_to_a_line() -> None:
    words = (Segment("one", 0.0, 1.0), Segment("", 1.0, 1.5), Segment("two", 1.5, 3.0))
    speech = Speech(np.zeros(72_000, np.float32), 24_000, phones=(), words=words)
    take = Avatar().listen(speech, "trust", seed=2)
    assert take.duration_s == pytest.approx(3.0)
    assert not take.speech.waveform.any()
    with pytest.raises(InputError, match=r"0\.5"):
        Avatar().listen(0.1)


def test_pauses_of_a_recording_are_where_it_is_silent(tmp_path: Path) -> None:
    rate, sounds = 16_000, [(0.5, 2.0), (2.1, 3.0), (3.6, 5.0)]  # the gap of .1 s is a consonant, no pause
    wave = np.zeros(6 * rate, np.float32)
    for start_s, end_s in sounds:
        at = np.arange(round(start_s * rate), round(end_s * rate))
        wave[at] = 0.3 * np.sin(2 * np.pi * 180.0 * at / rate)
    soundfile.write(tmp_path / "line.wav", wave, rate)
    assert pauses_of(Speech(wave, rate)) == pytest.approx([3.0, 5.0], abs=0.08)
    assert pauses_of(Speech(np.zeros(rate, np.float32), rate)) == []
    take = Avatar().listen(tmp_path / "line.wav", "joy:0.3", seed=1)
    assert take.duration_s == pytest.approx(6.0)
    assert not take.speech.waveform.any()
    assert take.motion.curve("jawOpen").max() == 0
    with pytest.raises(InputError, match="there is no file"):
        Avatar().listen(tmp_path / "none.wav")
