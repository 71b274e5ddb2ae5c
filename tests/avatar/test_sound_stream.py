"""A voice followed live: the same mouth as its recording, whatever blocks it comes in, and bounded memory."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar import Avatar
from avatar.animator import Style, animate
from avatar.audio_motion.ear import Ear, StreamResampler
from avatar.audio_motion.features import audio_features, hearing_of, recording_bands
from avatar.recording import Recording, resample
from avatar.sound_stream import FULL_LOOK_AHEAD_S, SoundStream
from conditioning import ARKIT_NAMES, Emotion, InputError, Motion, Speech

STILL = Style(expressiveness=0.0, head_motion=0.0, blink_rate=0.0, gaze=0.0)
MOUTH = [i for i, name in enumerate(ARKIT_NAMES) if name.startswith(("jaw", "mouth", "tongue"))]


@lru_cache
def talk(rate: int = 16_000, seconds: float = 3.0) -> np.ndarray:
    """Syllables of a buzz through two moving resonances, with pauses and quiet noise: a voice that is nobody's."""
    from scipy.signal import lfilter

    rng = np.random.default_rng(0)
    times_s = np.arange(int(seconds * 16_000)) / 16_000
    wave = (np.diff(np.floor(130 * times_s), prepend=0) > 0).astype(float)
    for hertz, swing in ((500, 300), (1500, 500)):
        parts = []
        for first in range(0, len(wave), 800):
            centre = hertz + swing * np.sin(2 * np.pi * 1.7 * times_s[first])
            pole = 0.97 * np.exp(2j * np.pi * centre / 16_000)
            parts.append(lfilter([1.0], [1.0, -2 * pole.real, abs(pole) ** 2], wave[first : first + 800]))
        wave = np.concatenate(parts)
    gate = np.clip(np.sin(2 * np.pi * 3.3 * times_s), 0, None) * (np.sin(2 * np.pi * 0.45 * times_s) > -0.5)
    sound = 0.3 * gate * wave / np.abs(wave).max() + 0.001 * rng.normal(size=len(times_s))
    return resample(sound.astype(np.float32), 16_000, rate)


def cut(wave: np.ndarray, lengths: list[int]) -> Iterator[np.ndarray]:
    first = 0
    while first < len(wave):
        for length in lengths:
            yield wave[first : first + length]
            first += length


def followed(wave: np.ndarray, rate: int, lengths: list[int], **options: object) -> tuple[Motion, np.ndarray]:
    chunks = list(SoundStream(cut(wave, lengths), rate, options.pop("emotion", "neutral"), **options))
    for chunk, after in itertools.pairwise(chunks):
        assert after.start_s == pytest.approx(chunk.start_s + len(chunk.motion) / chunk.motion.fps)
    assert [chunk.is_last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    curves = [(chunk.motion.weights, chunk.motion.head_rotation, chunk.motion.eye_rotation) for chunk in chunks]
    joined = Motion(chunks[0].motion.fps, *(np.concatenate(part) for part in zip(*curves, strict=True)))
    return joined, np.concatenate([chunk.waveform for chunk in chunks])


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 44_101, 48_000, 96_000])
def test_blocks_are_resampled_as_the_whole_is(rate: int) -> None:
    """Against SciPy's polyphase filter over the whole sound."""
    wave = np.random.default_rng(1).normal(0, 0.1, int(1.3 * rate)).astype(np.float32)
    stream = StreamResampler(rate)
    parts = [stream.feed(block) for block in cut(wave, [9000, 1, 700, 20_000])] + [stream.feed(wave[:0], last=True)]
    np.testing.assert_allclose(np.concatenate(parts), resample(wave, rate, 16_000), atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(lengths=st.lists(st.integers(1, 9000), min_size=1, max_size=4), rate=st.sampled_from([8_000, 16_000, 44_100]))
def test_features_of_any_blocks_are_those_of_the_recording(lengths: list[int], rate: int) -> None:
    wave = talk(rate, 1.5)
    ear = Ear(rate, hearing_of(*recording_bands(wave, rate)))
    for block in cut(wave, lengths):
        ear.feed(block)
    ear.feed(wave[:0], last=True)
    np.testing.assert_allclose(ear.features(0, ear.frames), audio_features(wave, rate), atol=2e-4)


@settings(max_examples=4, deadline=None)
@given(lengths=st.lists(st.integers(20, 12_000), min_size=1, max_size=3), fps=st.sampled_from([25.0, 30.0, 60.0]))
def test_with_full_look_ahead_the_mouth_is_that_of_the_recording(lengths: list[int], fps: float) -> None:
    wave, rate = talk(), 16_000
    whole = animate(Speech(wave, rate), fps=fps, style=STILL)
    assert whole.curve("jawOpen").max() > 0.1
    options = {"reference": Recording(wave, rate), "style": STILL}
    live, sound = followed(wave, rate, lengths, fps=fps, look_ahead_s=FULL_LOOK_AHEAD_S, **options)
    np.testing.assert_allclose(live.weights[:, MOUTH], whole.weights[:, MOUTH], atol=2e-4)
    np.testing.assert_array_equal(sound, wave)


@pytest.mark.parametrize("emotion", ["surprise", None])
def test_blocks_do_not_matter(emotion: str | None) -> None:
    first, _ = followed(talk(), 16_000, [320], emotion=emotion, seed=3)
    other, _ = followed(talk(), 16_000, [30_000, 1, 333], emotion=emotion, seed=3)
    for name in ("weights", "head_rotation", "eye_rotation"):
        np.testing.assert_allclose(getattr(first, name), getattr(other, name), atol=1e-4)


@pytest.mark.parametrize("look_ahead_s", [0.0, 0.1, 0.2])
def test_frames_come_as_soon_as_they_are_promised(look_ahead_s: float) -> None:
    heard_s, given = 0.0, 0

    def counted() -> Iterator[np.ndarray]:
        nonlocal heard_s
        for block in cut(talk(), [80]):
            heard_s += len(block) / 16_000
            yield block

    stream = SoundStream(counted(), 16_000, "joy", look_ahead_s=look_ahead_s)
    assert stream.latency_s <= look_ahead_s + 0.05
    for chunk in stream:
        if chunk.is_last:
            break
        given += len(chunk.motion)
        late_s = heard_s - chunk.start_s
        assert late_s <= stream.latency_s + 80 / 16_000 + 1e-9
    assert given > 120


def test_less_look_ahead_is_nearly_the_same_mouth() -> None:
    options = {"reference": Recording(talk(), 16_000), "style": STILL}
    full, _ = followed(talk(), 16_000, [320], look_ahead_s=FULL_LOOK_AHEAD_S, **options)
    jaw = full.curve("jawOpen")
    errors = []
    for look_ahead_s in (0.0, 0.1, 0.3):
        soon, _ = followed(talk(), 16_000, [320], look_ahead_s=look_ahead_s, **options)
        errors.append(np.abs(soon.curve("jawOpen") - jaw).mean() / np.ptp(jaw))
    assert errors[2] < 0.05
    assert errors[2] <= errors[1] <= errors[0]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_stream() -> None:
    def held(seconds: float) -> int:
        stream = SoundStream(cut(np.tile(talk(), int(seconds / 3)), [1600]), 16_000)
        tracemalloc.start()
        for _ in stream:
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    short, long = held(9.0), held(24.0)
    assert long - short < 0.1 * short + 2_000_000  # 15 s of sound and their frames


@pytest.mark.parametrize("gain", [1.0, 0.05])
def test_level_is_found_while_it_speaks_and_noise_alone_says_nothing(gain: float) -> None:
    wave = np.tile(talk(), 3)
    live, _ = followed(gain * wave, 16_000, [800], style=STILL)
    whole = animate(Speech(wave, 16_000), style=STILL)
    late = slice(200, None)
    assert np.corrcoef(live.curve("jawOpen")[late], whole.curve("jawOpen")[late])[0, 1] > 0.9
    noise = np.random.default_rng(0).normal(0, 0.001, 64_000).astype(np.float32)
    assert followed(noise, 16_000, [800], style=STILL)[0].curve("jawOpen").max() < 0.05


def test_the_jaw_drops_in_a_surprised_silence_and_the_face_lives() -> None:
    wave = np.concatenate([talk(), np.zeros(32_000, np.float32)])
    live, _ = followed(wave, 16_000, [320], emotion=Emotion(surprise=1.0), seed=1)
    assert live.curve("jawOpen")[-40:].mean() == pytest.approx(0.35, abs=0.06)
    assert live.curve("browInnerUp")[60:].mean() > 0.5
    assert np.degrees(np.ptp(live.head_rotation[:, 0])) > 1.0
    steps = np.abs(np.diff(live.weights[:, MOUTH], axis=0)).max()
    assert steps < 0.35


@pytest.mark.parametrize("blocks", [[], [np.zeros(0, np.float32)], [np.zeros(10, np.float32)], [np.zeros((400, 2))]])
def test_hardly_any_sound_ends_well(blocks: list[np.ndarray]) -> None:
    chunks = list(SoundStream(blocks, 16_000))
    assert chunks[-1].is_last
    assert sum(len(chunk.waveform) for chunk in chunks) == sum(len(block) for block in blocks)


def test_channels_integers_and_broken_samples() -> None:
    wave = talk(16_000, 1.0)
    mono = followed(wave, 16_000, [320], seed=1)[0]
    stereo = list(SoundStream([np.stack([wave, wave], axis=1)], 16_000, "neutral", seed=1))
    whole = np.concatenate([chunk.motion.weights for chunk in stereo])
    np.testing.assert_allclose(whole, mono.weights, atol=1e-4)
    integers = followed((wave * 32767).astype(np.int16), 16_000, [320], seed=1)[0]
    np.testing.assert_allclose(integers.weights, mono.weights, atol=0.05)
    broken = wave.copy()
    broken[100:200] = np.nan
    assert np.isfinite(followed(broken, 16_000, [320])[0].weights).all()


@pytest.mark.parametrize(("rate", "options", "message"), [
    (100, {}, "sample_rate=100"), (16_000, {"fps": 0.0}, "fps"), (16_000, {"look_ahead_s": 9.0}, "look_ahead_s=9"),
])  # fmt: skip
def test_numbers_out_of_range_are_refused(rate: int, options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SoundStream([], rate, **options)
    with pytest.raises(InputError, match="no sound"):
        list(SoundStream([np.array(["a"])], 16_000))


def test_an_avatar_follows_a_voice_to_receivers() -> None:
    from avatar.live.frames import frames_of_chunks

    wave = talk(44_100, 2.0)
    frames = list(frames_of_chunks(Avatar().follow(cut(wave, [441]), 44_100, "joy")))
    assert [frame.index for frame in frames] == list(range(120))
    np.testing.assert_array_equal(np.concatenate([frame.samples for frame in frames]), wave)
