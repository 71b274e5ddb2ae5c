from __future__ import annotations

import numpy as np
import pytest

import checkpoints
from avatar.recording import Recording, read_recording
from avatar.sound_emotion import CLASSES, emotion_of, window_features
from avatar.train_sound_emotion import fit


def test_level_plays_no_part(rng) -> None:
    times_s = np.arange(32000) / 16000
    voice = np.sign(np.sin(2 * np.pi * 140 * times_s)) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * times_s)) * 0.3
    loud, soft = (window_features((gain * voice).astype(np.float32)) for gain in (1.0, 0.1))
    np.testing.assert_allclose(loud, soft, atol=0.35)


def test_silence_and_clicks_are_neutral(rng) -> None:
    quiet = np.zeros(80000, np.float32)
    quiet[40000] = 1.0
    assert all(not emotion for _, emotion in emotion_of(Recording(quiet, 16000)).keyframes)
    assert not emotion_of(Recording(np.zeros(160, np.float32), 16000)).at(0.0)


def test_the_regression_is_that_of_scikit_learn(rng) -> None:
    linear = pytest.importorskip("sklearn.linear_model", reason="compares with scikit-learn")
    labels = np.repeat(np.arange(len(CLASSES)), 20)
    inputs = rng.normal(size=(len(labels), 5)) + 0.8 * rng.normal(size=(len(CLASSES), 5))[labels]
    model = fit(inputs, labels, penalty=0.05)
    scaled = (inputs - model["mean"]) / model["scale"]
    # Their price is on the sum of losses: C = 1 / (penalty · n) with every class equally large.
    other = linear.LogisticRegression(C=1 / (0.05 * len(labels)), max_iter=5000, tol=1e-8).fit(scaled, labels)
    np.testing.assert_allclose(model["weight"], other.coef_, atol=2e-3)


def test_held_out_speakers_beat_chance_by_far() -> None:
    metrics = checkpoints.manifest()["sound_emotion"]["metrics"]
    assert metrics["unweighted_recall"] > 4 / 7  # chance is 1/7


def test_acted_anger_and_sadness_are_told_apart(shared_data) -> None:
    folder = shared_data / "emodb" / "flac"
    for code, name in (("W", "anger"), ("T", "sadness")):
        heard = [emotion_of(read_recording(p)).at(1.0) for p in sorted(folder.glob(f"*{code}?.flac"))[:12]]
        assert np.mean([getattr(emotion, name) for emotion in heard]) > 0.3
        assert np.mean([emotion.joy + emotion.fear for emotion in heard]) < 0.3
