from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from avatar.animator import Style, animate
from avatar.motion_metrics import contact_counts, content_error, lag_ms, silence_mouth, upper_face
from conditioning import ARKIT_INDEX, EMOTION_NAMES, Emotion, EmotionTrack, InputError, Speech

LIPS = [ARKIT_INDEX[name] for name in ("jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRollLower")]


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
def test_the_curve_does_not_depend_on_the_rate(make_speech, fps: float) -> None:
    speech = make_speech(emotion=Emotion(joy=0.7, fear=0.2))
    coarse, fine = animate(speech, fps=fps, seed=4), animate(speech, fps=5 * fps, seed=4)
    np.testing.assert_allclose(coarse.weights, fine.weights[::5][: len(coarse)], atol=1e-6)
    np.testing.assert_allclose(coarse.head_rotation, fine.head_rotation[::5][: len(coarse)], atol=1e-6)
    np.testing.assert_allclose(coarse.eye_rotation, fine.eye_rotation[::5][: len(coarse)], atol=1e-6)


def test_same_seed_same_bytes_and_other_seeds_other_life_but_the_same_lips(make_speech) -> None:
    speech = make_speech(emotion=Emotion(trust=0.5))
    first, again = animate(speech, seed=1), animate(speech, seed=1)
    assert first.weights.tobytes() == again.weights.tobytes()
    others = [animate(speech, seed=seed) for seed in range(2, 12)]
    for other in others:
        np.testing.assert_allclose(other.weights[:, LIPS], first.weights[:, LIPS], atol=0.03)
        assert np.abs(other.head_rotation - first.head_rotation).max() > np.radians(1.0)
        assert contact_counts(speech, other).shares() == contact_counts(speech, first).shares()
    gaze = np.stack([other.eye_rotation[:, 0, 1] for other in others])
    brows = np.stack([other.curve("browOuterUpLeft") for other in others])
    assert gaze.std(axis=0).mean() > np.radians(0.5)
    assert brows.std(axis=0).mean() > 0.005


def test_it_covers_the_sound_and_stays_in_range(make_speech) -> None:
    for feeling in (Emotion(), Emotion(*[1.0] * 8)):
        speech = make_speech(emotion=feeling)
        motion = animate(speech, style=Style(3.0, 3.0, 3.0, 3.0, 3.0))
        assert len(motion) == int(np.ceil(speech.duration_s * 60))
        assert motion.weights.min() >= 0.0
        assert motion.weights.max() <= 1.0


def test_each_knob_at_zero_switches_its_layer_off(make_speech) -> None:
    speech = make_speech(emotion=Emotion(fear=1.0))
    still = animate(speech, style=Style(0.0, 0.0, 0.0, 0.0))
    assert not still.head_rotation.any()
    assert not still.eye_rotation.any()
    assert not upper_face(still).any()
    assert still.curve("eyeBlinkLeft").max() == 0.0
    assert still.curve("jawOpen").max() > 0.1


def test_emotion_leaves_the_lips_alone(make_speech, feel) -> None:
    speech = make_speech()
    neutral = animate(speech)
    for name in EMOTION_NAMES:
        assert content_error(speech, neutral, animate(feel(speech, Emotion(**{name: 1.0})))) < 0.10, name


def test_jaw_moves_with_the_sound_and_rests_in_silence(make_speech) -> None:
    pairs = [(speech, animate(speech)) for speech in (make_speech(seed=seed) for seed in range(6))]
    assert abs(lag_ms(pairs)) < 30.0
    assert max(silence_mouth(*pair) for pair in pairs) < 0.02


def test_louder_speech_opens_the_mouth_wider(make_speech) -> None:
    speech = make_speech("sil ˈɑ n ˈɑ n ˈɑ n ˈɑ n ˈɑ sil", phone_s=0.12)
    half = len(speech.waveform) // 2
    wave = speech.waveform.copy()
    wave[half:] *= 0.15
    jaw = animate(replace(speech, waveform=wave)).curve("jawOpen")
    assert jaw[: len(jaw) // 2].max() > 1.25 * jaw[len(jaw) // 2 :].max()


def test_rounding_starts_before_the_rounded_vowel(make_speech) -> None:
    speech = make_speech("sil s t ˈu t sil", phone_s=0.09)
    pucker = animate(speech).curve("mouthPucker")
    vowel = next(p for p in speech.phones if p.symbol == "ˈu")
    before = pucker[int((vowel.start_s - 0.02) * 60)]
    assert before > 0.25 * pucker.max()


@pytest.mark.parametrize("seconds", [0.01, 0.3, 2.0])
@pytest.mark.parametrize("kind", ["silence", "noise", "clipped"])
def test_any_sound_without_phones(kind: str, seconds: float, rng) -> None:
    n = int(seconds * 16_000)
    wave = {"silence": np.zeros(n), "noise": 0.1 * rng.normal(size=n), "clipped": np.sign(rng.normal(size=n))}[kind]
    motion = animate(Speech(wave.astype(np.float32), 16_000))
    assert len(motion) == int(np.ceil(n / 16_000 * 60))
    if kind == "silence":
        assert motion.curve("jawOpen").max() < 0.02


def test_a_changing_emotion_rises_and_falls_without_a_jump(make_speech) -> None:
    speech = make_speech(" ".join(["sil", *["t ˈɑ n ə"] * 8, "sil"]))
    middle = speech.duration_s / 2
    track = EmotionTrack(((0.0, Emotion()), (middle, Emotion()), (middle, Emotion(joy=1.0))))
    smile = animate(replace(speech, emotion=track), style=Style(blink_rate=0.0)).curve("cheekSquintLeft")
    assert smile[: int((middle - 0.3) * 60)].max() < 0.02
    assert smile.max() > 0.5
    assert np.abs(np.diff(smile)).max() < 0.12


@pytest.mark.parametrize("fps", [0.0, -1.0, 1e6, float("nan")])
def test_rates_out_of_range_are_refused(make_speech, fps: float) -> None:
    with pytest.raises(InputError, match="fps"):
        animate(make_speech("sil ɑ sil"), fps=fps)


def test_style_refuses_values_out_of_range() -> None:
    with pytest.raises(InputError, match="head_motion=4"):
        Style(head_motion=4.0)
    with pytest.raises(InputError, match="gaze_target"):
        Style(gaze_target=(1.0, 0.0))


@pytest.mark.slow
def test_three_hundred_times_real_time(make_speech) -> None:
    speech = make_speech(" ".join(["sil", *["b ˈɑ n ə s t ɪ m"] * 12, "sil"]), emotion=Emotion(joy=0.5))
    animate(speech)
    spent = []
    for _ in range(5):
        started = time.process_time()
        animate(speech)
        spent.append(time.process_time() - started)
    assert speech.duration_s / min(spent) > 300
