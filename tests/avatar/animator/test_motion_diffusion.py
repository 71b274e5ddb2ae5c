"""The diffusion model of motion: its steps, guidance, windows, what is read off it, and its training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avatar.animator import animate
from avatar.animator.blinks import MIN_INTERVAL_S, lid_closure
from avatar.animator.gaze import GazePath
from avatar.animator.lips import CLOSED_APERTURE, lip_aperture
from avatar.animator.style import Style
from avatar.audio_motion import sampler
from avatar.audio_motion.representation import CHANNELS, MOTION_RATE_HZ, N_CHANNELS, blink_starts, fixations, part
from avatar.audio_motion.sampler import (
    CONTEXT,
    EMOTION_SIZE,
    INPUT_SIZE,
    SOUND_SIZE,
    WINDOW,
    Guidance,
    alphas_cumprod,
    ddim_step,
    sample_motion,
    step_times,
    windows,
)  # fmt: skip
from conditioning import Emotion, EmotionTrack, Speech

FACEGOOD = Path(__file__).resolve().parents[4] / "shared" / "data" / "facegood"


@pytest.mark.parametrize("steps", [5, 8, 10, 50])
def test_steps_are_those_of_diffusers(rng, steps: int) -> None:
    torch = pytest.importorskip("torch", reason="compares with diffusers")
    pytest.importorskip("diffusers", reason="compares with diffusers")
    from avatar.train_motion.diffusion import scheduler

    theirs = scheduler()
    np.testing.assert_allclose(alphas_cumprod(), theirs.alphas_cumprod.numpy(), rtol=2e-4, atol=1e-7)
    theirs.set_timesteps(steps)
    np.testing.assert_array_equal(step_times(steps), theirs.timesteps.numpy())
    noisy = rng.normal(size=(7, N_CHANNELS)).astype(np.float32)
    for time in step_times(steps):
        velocity = rng.normal(size=noisy.shape).astype(np.float32)
        wanted = theirs.step(torch.from_numpy(velocity), int(time), torch.from_numpy(noisy)).prev_sample.numpy()
        noisy = ddim_step(velocity, int(time), noisy, steps)
        np.testing.assert_allclose(noisy, wanted, rtol=1e-3, atol=1e-3)


#: Guidance in every step.
ALL = (0.0, 1.0)


class Oracle:
    """A velocity that leads from any noise to ``clean(input)``."""

    def __init__(self, clean) -> None:
        self.clean = clean
        self.inputs: list[np.ndarray] = []
        embedded = sampler.embed_time(np.arange(sampler.TRAIN_STEPS))
        self.times = {row.tobytes(): time for time, row in enumerate(embedded)}

    def __call__(self, inputs: np.ndarray, condition: np.ndarray) -> np.ndarray:
        self.inputs.append(inputs)
        level = alphas_cumprod()[self.times[condition[0].tobytes()]]
        noisy = inputs[..., :N_CHANNELS]
        return ((np.sqrt(level) * noisy - self.clean(inputs)) / np.sqrt(1.0 - level)).astype(np.float32)


def test_guidance_goes_beyond_what_sound_and_emotion_say(rng) -> None:
    first = 2 * N_CHANNELS + 1

    def clean(inputs: np.ndarray) -> np.ndarray:
        heard, felt = inputs[..., first], inputs[..., first + SOUND_SIZE + 1]
        return (1.0 + 2.0 * heard + 3.0 * felt)[..., None] * np.ones(N_CHANNELS)

    sound, emotion = np.full((30, SOUND_SIZE), 0.5), np.full((30, EMOTION_SIZE), 0.25)
    for guidance in (Guidance(1.5, 2.0, 5, ALL), Guidance(1.0, 1.3, 8, ALL), Guidance(1.0, 1.0, 10)):
        motion = sample_motion(Oracle(clean), sound, emotion, rng, guidance)
        wanted = 1.0 + guidance.sound * 2.0 * 0.5 + guidance.emotion * 3.0 * 0.25
        np.testing.assert_allclose(motion, wanted, atol=0.02)


@pytest.mark.parametrize("frames", [1, 40, WINDOW, WINDOW + 1, 3 * WINDOW, 1000])
def test_windows_cover_a_sound_once(frames: int) -> None:
    made = np.zeros(frames, int)
    for start, stop, known in windows(frames):
        assert stop - start <= WINDOW
        assert made[start : start + known].all(), "context is finished motion"
        made[start + known : stop] += 1
    assert (made == 1).all()


def test_each_window_is_given_the_end_of_the_one_before(rng) -> None:
    oracle = Oracle(lambda inputs: np.cumsum(np.ones_like(inputs[..., :N_CHANNELS]), axis=1) * 0.01)
    motion = sample_motion(oracle, rng.normal(size=(260, SOUND_SIZE)), np.zeros((260, EMOTION_SIZE)), rng)
    last = oracle.inputs[-1][0]
    start = list(windows(260))[-1][0]
    np.testing.assert_allclose(last[:CONTEXT, :N_CHANNELS], motion[start : start + CONTEXT], atol=1e-6)
    np.testing.assert_allclose(last[:CONTEXT, N_CHANNELS : 2 * N_CHANNELS], last[:CONTEXT, :N_CHANNELS])
    np.testing.assert_array_equal(last[:, 2 * N_CHANNELS], np.arange(len(last)) < CONTEXT)


def test_blinks_are_found_where_they_were(rng) -> None:
    starts = np.array([0.3, 1.13, 2.0, 2.75, 4.4])
    fine = (np.arange(4 * 125) - 1.5) / 100.0
    lids = lid_closure(fine, starts).reshape(-1, 4).mean(axis=1) + rng.normal(0.0, 0.03, 125)
    found = blink_starts(lids.astype(np.float32), 5.0, per_minute=60.0, rng=rng)
    np.testing.assert_allclose(found, starts, atol=0.025)


def test_there_are_as_many_blinks_as_the_face_blinks(rng) -> None:
    lids = rng.normal(0.05, 0.02, 25 * 600).astype(np.float32)
    starts = blink_starts(lids, 600.0, per_minute=21.0, rng=rng)
    assert len(starts) == pytest.approx(210, abs=12)
    assert np.diff(starts).min() >= MIN_INTERVAL_S - 0.05
    assert blink_starts(lids[:3], 0.12, 21.0, rng).size == 0


def test_fixations_are_found_where_they_were(rng) -> None:
    path = GazePath(np.array([0.0, 0.5, 0.9, 2.1]), np.array([0.0, 0.03, -0.2, 0.01]), np.array([0.0, 0.0, 0.03, 0.0]))
    times_s = np.arange(100) / MOTION_RATE_HZ
    found = fixations((path.at(times_s) + rng.normal(0, 0.001, (100, 2))).astype(np.float32))
    np.testing.assert_allclose(found.start_s, path.start_s, atol=0.04)
    np.testing.assert_allclose(found.yaw, path.yaw, atol=0.003)


def test_the_reader_of_openings_finds_a_linear_mouth(rng) -> None:
    from avatar.audio_motion.opening import READER_SIZE, around, read_opening
    from avatar.train_motion.opening import correlations, fit_opening, leave_one_out

    truth = rng.normal(size=(READER_SIZE, 5)) * 0.01
    clips = {}
    for name in "abc":
        seen = around(rng.normal(0.0, 0.4, (900, 82)).astype(np.float32))
        clips[name] = seen, (0.5 + seen @ truth).astype(np.float32)
    assert min(min(pair) for pair in leave_one_out(clips).values()) > 0.9
    weight, bias = fit_opening({"a": clips["a"], "b": clips["b"]}, penalty=1e-3)
    assert min(correlations(clips["c"], weight, bias)) > 0.95
    features = rng.normal(size=(500, 82)).astype(np.float32)
    tensors = {"opening.weight": weight, "opening.bias": bias}
    whole = np.clip(around(features) @ weight + bias, 0.0, 1.0)
    np.testing.assert_allclose(read_opening(features, tensors, block=90), whole, atol=1e-4)


@pytest.mark.skipif(not FACEGOOD.is_dir(), reason="the captured clips are not here (shared/data/facegood)")
@pytest.mark.slow
def test_openings_of_clips_left_out_are_read_better_than_loudness_reads_them() -> None:
    from avatar.train_motion.opening import leave_one_out, read_clips

    clips = read_clips(FACEGOOD)
    level = 6 * 43 + 40  # the loudness of the moment itself
    for name, (opening, width) in leave_one_out(clips).items():
        seen, captured = clips[name]
        assert opening > np.corrcoef(seen[:, level], captured[:, 0])[0, 1] + 0.03
        assert width > 0.5


LJSPEECH = FACEGOOD.parent / "ljspeech" / "wavs"


@pytest.mark.skipif(not LJSPEECH.is_dir(), reason="the recordings are not here (shared/data/ljspeech)")
def test_a_person_is_told_from_a_synthesiser() -> None:
    from avatar.audio_motion.features import audio_features
    from avatar.audio_motion.lips import shipped_tensors
    from avatar.audio_motion.person import person_share
    from avatar.recording import read_recording
    from conditioning import Line
    from tts import open_voice

    tensors = shipped_tensors()
    for path in sorted(LJSPEECH.glob("*.wav"))[:3]:
        recording = read_recording(path)
        assert person_share(audio_features(recording.waveform, recording.sample_rate), tensors) > 0.6
    spoken = open_voice("daisy").speak(Line.of("The lamp on the table burned all night long."), seed=3)
    assert person_share(audio_features(spoken.waveform, spoken.sample_rate), tensors) < 0.4


def talk(rng: np.random.Generator, seconds: float = 6.0) -> Speech:
    """Return syllables of a harmonic tone with pauses: sound that is nobody's."""
    rate = 16_000
    times_s = np.arange(int(seconds * rate)) / rate
    gate = np.clip(np.sin(2 * np.pi * 3.1 * times_s), 0, None) * (np.sin(2 * np.pi * 0.4 * times_s) > -0.6)
    tone = sum(np.sin(2 * np.pi * 140 * k * times_s) / k for k in range(1, 18))
    wave = 0.2 * gate * tone + 0.001 * rng.normal(size=len(times_s))
    return Speech(wave.astype(np.float32), rate)


def test_seeds_change_the_face_and_never_the_lips(rng) -> None:
    speech = talk(rng)
    motions = [animate(speech, seed=seed) for seed in range(4)]
    for other in motions[1:]:
        for name in ("jawOpen", "mouthRollLower", "mouthPucker"):
            np.testing.assert_allclose(other.curve(name), motions[0].curve(name), atol=1e-6)
        shut = [lip_aperture(motion.weights) <= CLOSED_APERTURE for motion in (motions[0], other)]
        assert (shut[0] != shut[1]).mean() < 0.01
        assert np.abs(other.head_rotation - motions[0].head_rotation).mean() > 0.005
        assert np.abs(other.eye_rotation - motions[0].eye_rotation).mean() > 0.002
        assert np.abs(other.curve("browInnerUp") - motions[0].curve("browInnerUp")).mean() > 1e-4
    np.testing.assert_array_equal(animate(speech, seed=2).weights, motions[2].weights)


def test_emotions_are_told_apart_without_phones(rng) -> None:
    speech = talk(rng, 4.0)
    marks = {
        "joy": "mouthSmileLeft",
        "anger": "browDownLeft",
        "surprise": "browOuterUpLeft",
        "disgust": "noseSneerLeft",
    }
    motions = {name: animate(replace(speech, emotion=EmotionTrack.constant(Emotion(**{name: 1.0})))) for name in marks}
    for name, shape in marks.items():
        means = {other: float(motion.curve(shape).mean()) for other, motion in motions.items()}
        assert means[name] == max(means.values())
        assert means[name] > 0.25


def test_style_switches_generated_layers_off(rng) -> None:
    still = Style(expressiveness=0.0, head_motion=0.0, blink_rate=0.0, gaze=0.0)
    motion = animate(talk(rng, 4.0), style=still)
    assert np.abs(motion.head_rotation).max() == 0.0
    assert np.abs(motion.eye_rotation).max() == 0.0
    assert max(motion.curve(name).max() for name in ("browInnerUp", "mouthSmileLeft", "eyeBlinkLeft")) < 1e-6


def test_training_resumes_to_the_same_weights(rng, tmp_path, monkeypatch) -> None:
    torch = pytest.importorskip("torch", reason="trains with torch")
    pytest.importorskip("diffusers", reason="trains with diffusers")
    from avatar.train_motion import diffusion
    from avatar.train_motion.corpus import from_speech
    from avatar.train_motion.diffusion import DiffusionTraining, train_diffusion
    from conditioning import tile

    spoken = talk(rng, 3.0)
    count = len(spoken.waveform)
    phones = tile(["sil", "m", "ɑ", "f", "i", "sil"], [0, 4000, 9000, 20000, 30000, 44000, count], 16_000)
    example = from_speech(replace(spoken, phones=phones), rng)
    assert example.motion.shape[1:] == (len(example.sound), len(CHANNELS))
    plan = DiffusionTraining(size=16, steps=4, batch=2, save_every=2)
    train_diffusion([example], tmp_path / "whole.pt", plan, tmp_path / "log.jsonl")
    step, calls = diffusion._step, []

    def interrupted(*args):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return step(*args)

    monkeypatch.setattr(diffusion, "_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_diffusion([example], tmp_path / "parts.pt", plan)
    monkeypatch.setattr(diffusion, "_step", step)
    train_diffusion([example], tmp_path / "parts.pt", plan)
    half = torch.load(tmp_path / "parts.pt", weights_only=True)
    whole = torch.load(tmp_path / "whole.pt", weights_only=True)
    assert whole["step"] == 4
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 2
    for name, value in whole["model"].items():
        torch.testing.assert_close(half["model"][name], value)


def test_parts_of_motion_are_its_columns() -> None:
    motion = np.arange(N_CHANNELS, dtype=np.float32)[None]
    joined = np.concatenate([part(motion, name) for name in ("mouth", "face", "lids", "gaze", "head")], axis=1)
    np.testing.assert_array_equal(joined, motion)
    assert INPUT_SIZE == 2 * N_CHANNELS + 1 + SOUND_SIZE + 1 + EMOTION_SIZE + 1


def test_a_checkpoint_keeps_the_shipped_parts_that_were_not_trained(rng, tmp_path) -> None:
    torch = pytest.importorskip("torch", reason="trains with torch")
    from avatar.audio_motion.lips import CHECKPOINT, shipped_tensors
    from avatar.train_motion.export import export
    from checkpoints import load, manifest

    shipped = shipped_tensors()
    trained = {name.removeprefix("lips."): torch.from_numpy(np.array(value) + 0.25)
               for name, value in shipped.items() if name.startswith("lips.")}  # fmt: skip
    torch.save({"average": trained, "step": 7}, tmp_path / "lips.pt")
    path = export(tmp_path, tmp_path, None, made_by="a test", seed=5)
    made = load(CHECKPOINT, folder=tmp_path)
    assert path.exists()
    assert made.tensors.keys() == shipped.keys()
    for name, value in shipped.items():
        moved = 0.25 if name.startswith("lips.") else 0.0
        np.testing.assert_allclose(made.tensors[name].astype(np.float32), value + moved, atol=2e-3)
    entry = manifest(tmp_path)[CHECKPOINT]
    assert (entry["made_by"], entry["seed"], entry["steps"]) == ("a test", 5, {"lips": 7})
    assert entry["earlier"][-1]["sha256"] == manifest()[CHECKPOINT]["sha256"]
