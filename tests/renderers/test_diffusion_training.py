"""Training on small random weights: resumable, confined to chosen parts, able to make a label move a picture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("accelerate")

from conditioning import CheckpointError, Emotion, InputError, Speech  # noqa: E402
from renderers.diffusion.clips import Clip, lend_portraits, read_labels, read_sound, read_video  # noqa: E402
from renderers.diffusion.loading import from_pretrained  # noqa: E402
from renderers.diffusion.rehearsal import FRAMES, MOODS, cartoon, draw_mood, measure, rehearse  # noqa: E402
from renderers.diffusion.sampling import Sampling  # noqa: E402
from renderers.diffusion.tiny import MICRO_NET, tiny_features, tiny_head  # noqa: E402
from renderers.diffusion.training import Training, WindowLoss, draw_sigma, train_clips  # noqa: E402
from renderers.video import write_video  # noqa: E402

SMALL = Training(steps=2, learning_rate=1e-3, frames=2, past_frames=2, save_every=1)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def clip(seed: int = 0, frames: int = 6) -> Clip:
    generator = torch.Generator().manual_seed(seed)
    mixtures = torch.eye(10)[3].repeat(frames, 1)
    latents = torch.randn(frames, 4, 8, 8, generator=generator)
    return Clip(latents, torch.randn(frames, 5, 3, 8, generator=generator), mixtures)


def test_a_resumed_run_gives_the_weights_of_an_uninterrupted_one(tmp_path: Path) -> None:
    whole, halved = tiny_head(0, MICRO_NET), tiny_head(0, MICRO_NET)
    train_clips([clip()], whole, tmp_path / "whole", replace(SMALL, steps=4))
    train_clips([clip()], tiny_head(0, MICRO_NET), tmp_path / "halved", replace(SMALL, steps=2))
    train_clips([clip()], halved, tmp_path / "halved", replace(SMALL, steps=4))
    ours, theirs = whole.diffusion_net.state_dict(), halved.diffusion_net.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    with pytest.raises(CheckpointError, match="other settings"):
        train_clips([clip()], tiny_head(0, MICRO_NET), tmp_path / "halved", replace(SMALL, learning_rate=1.0))


def test_only_the_chosen_parts_are_trained_and_the_result_loads_like_the_published_one(tmp_path: Path) -> None:
    head = tiny_head(0, MICRO_NET)
    before = {key: value.clone() for key, value in head.diffusion_net.state_dict().items()}
    train_clips([clip()], head, tmp_path, replace(SMALL, parts=("emotion",)))
    after = from_pretrained(tmp_path).diffusion_net.state_dict()
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    emotion = {key for key in before if ".adaLN_modulation." in key or ".class_embedder." in key}
    assert changed
    assert changed <= emotion
    assert len(changed) > 0.9 * len(emotion)


def test_training_lowers_the_loss_of_one_clip(tmp_path: Path) -> None:
    plain = replace(clip(), latents=torch.tensor([1.0, -0.5, 0.3, -1.0])[:, None, None].expand(6, 4, 8, 8).clone())

    def mean_loss() -> float:
        loss = WindowLoss(head, SMALL)
        with torch.no_grad():
            return float(np.mean([float(loss(plain, np.random.default_rng(i))) for i in range(8)]))

    head = tiny_head(0, MICRO_NET)
    first = mean_loss()
    train_clips([plain], head, tmp_path, replace(SMALL, steps=25, save_every=25, parts=("all",), ema=0.9))
    assert mean_loss() < 0.75 * first


def test_windows_without_conditioning_do_not_see_it() -> None:
    head = tiny_head(0, MICRO_NET)
    loss = WindowLoss(head, replace(SMALL, drop_all=1.0))
    other = clip(1)
    ours = Clip(clip().latents, clip().sound, clip().mixtures)
    strange = Clip(clip().latents, other.sound, torch.eye(10)[6].repeat(6, 1))
    with torch.no_grad():
        assert float(loss(ours, np.random.default_rng(5))) == float(loss(strange, np.random.default_rng(5)))
        heard = WindowLoss(head, replace(SMALL, drop_all=0.0, drop_emotion=0.0))
        assert float(heard(ours, np.random.default_rng(5))) != float(heard(strange, np.random.default_rng(5)))


def test_a_state_from_before_a_setting_existed_is_resumed_with_its_default(tmp_path: Path) -> None:
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    train_clips([clip()], tiny_head(0, MICRO_NET), tmp_path, replace(SMALL, steps=1))
    path = tmp_path / "training.safetensors"
    with safe_open(path, framework="pt") as file:
        about = file.metadata()
    settings = json.loads(about["settings"])
    del settings["sigma_location"]
    save_file(load_file(path), path, metadata=about | {"settings": json.dumps(settings)})
    with pytest.raises(CheckpointError, match="sigma_location"):
        train_clips([clip()], tiny_head(0, MICRO_NET), tmp_path, replace(SMALL, sigma_location=1.0))
    train_clips([clip()], tiny_head(0, MICRO_NET), tmp_path, SMALL)
    with safe_open(path, framework="pt") as file:
        assert file.metadata()["step"] == "2"


@pytest.mark.parametrize("location", [0.0, 1.0])
def test_noise_levels_are_logit_normal(location: float) -> None:
    from scipy.stats import kstest, norm

    rng = np.random.default_rng(0)
    sigmas = np.array([draw_sigma(rng, location) for _ in range(4000)])
    assert kstest(np.log(sigmas / (1 - sigmas)), norm(location).cdf).pvalue > 0.01


@pytest.mark.training
def test_the_label_moves_mouth_and_brows_after_overfitting_cartoon_clips(tmp_path: Path) -> None:
    head, features = rehearse(tmp_path, steps=3000)
    sampling = Sampling(steps=8, guidance=1.5, frames=FRAMES, past_frames=FRAMES)

    def seen(mood: Emotion) -> np.ndarray:
        measures = [measure(frame) for frame in draw_mood(head, features, mood, sampling)]
        return np.mean([[m.smile, m.brow_tilt, m.brow_raise] for m in measures], axis=0)

    drawn = {name: seen(mood) for name, mood in MOODS.items()}
    shown = {name: measure(cartoon(mood, 0.5)) for name, mood in MOODS.items()}
    # At least half of what the clips show: 10.5 px of mouth corners, 9 px of brow tilt, 9 px of brow height.
    assert drawn["happy"][0] - drawn["sad"][0] > 0.5 * (shown["happy"].smile - shown["sad"].smile)
    assert drawn["sad"][1] - drawn["angry"][1] > 0.5 * (shown["sad"].brow_tilt - shown["angry"].brow_tilt)
    assert drawn["surprised"][2] - drawn["neutral"][2] > 0.5 * shown["surprised"].brow_raise
    half = seen(Emotion(surprise=0.5))
    assert drawn["neutral"][2] - 1 < half[2] < drawn["surprised"][2] + 1


def labelled(folder: Path, text: str) -> Path:
    (folder / "labels.csv").write_text(text)
    (folder / "a.mp4").write_bytes(b"no video")
    return folder


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,mood\na.mp4,joy\n", "needs clip,emotion"),
        ("clip,emotion\nb.mp4,joy\n", "line 2: there is no clip .*b.mp4"),
        ("clip,emotion\na.mp4,hapy\n", "hapy"),
        ("clip,emotion,start_s,end_s\na.mp4,joy,soon,later\n", "must be seconds"),
        ("clip,emotion\n", "lists no clip"),
    ],
)
def test_bad_labels_are_explained(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_labels(labelled(tmp_path, text))


def test_labels_give_the_emotion_over_time(tmp_path: Path) -> None:
    text = "clip,emotion,start_s,end_s,person\na.mp4,joy:1,0,1,Ann\na.mp4,sadness:0.5,1,2,Ann\n"
    (label,) = read_labels(labelled(tmp_path, text)).values()
    assert label.track.at(0.5) == Emotion(joy=1.0)
    assert label.track.at(1.8) == Emotion(sadness=0.5)
    assert label.person == "Ann"


def test_portraits_are_lent_between_clips_of_one_person_only() -> None:
    clips = [clip(seed) for seed in range(3)]
    lent = lend_portraits(clips, ["Ann", "Ann", ""])
    assert torch.equal(lent[0].faces, clips[1].latents)
    assert torch.equal(lent[1].faces, clips[0].latents)
    assert torch.equal(lent[2].faces, clips[2].latents)


def test_clips_are_read_at_thirty_frames_and_sixteen_kilohertz(tmp_path: Path) -> None:
    ramp = np.linspace(40, 220, 30)
    frames = (np.full((64, 96, 3), value, np.uint8) for value in ramp)
    wave = (0.5 * np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050)).astype(np.float32)
    path = tmp_path / "clip.mp4"
    write_video(path, frames, Speech(wave, 22_050), n_frames=30, fps=30, size=(96, 64))
    read = read_video(path, 64, 64)
    assert read.shape == (30, 64, 64, 3)
    assert np.abs(read.mean((1, 2, 3)) - ramp).max() < 4
    sound = read_sound(path)
    spectrum = np.abs(np.fft.rfft(sound[:16_000]))
    assert np.argmax(spectrum) * 16_000 / 16_000 == pytest.approx(440, abs=2)


def test_impossible_trainings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="parts="):
        Training(parts=("soul",))
    with pytest.raises(InputError, match="ema=1"):
        Training(ema=1.0)
    with pytest.raises(InputError, match="none of 1 clips has 16 frames"):
        train_clips([clip()], tiny_head(0, MICRO_NET), tmp_path, Training())
    with pytest.raises(InputError, match="cannot be read as a clip"):
        read_video(labelled(tmp_path, "") / "a.mp4", 64, 64)


def test_the_cartoon_shows_what_the_measures_see() -> None:
    happy, sad, angry, surprised = (measure(cartoon(MOODS[m], 0.3)) for m in ("happy", "sad", "angry", "surprised"))
    # Corners and middle of the mouth's parabola y = -9 (x² - ½): corners are read at |x| = 0.62–0.92.
    across = np.concatenate([(np.arange(40, 48) + 0.5 - 64) / 26, (np.arange(60, 68) + 0.5 - 64) / 26])
    expected = 9 * (np.mean(across[:8] ** 2) - np.mean(across[8:] ** 2))
    assert happy.smile == pytest.approx(expected, abs=0.2)
    assert sad.smile == pytest.approx(-expected, abs=0.2)
    assert (sad.brow_tilt, angry.brow_tilt) == (pytest.approx(4.57, abs=0.1), pytest.approx(-4.57, abs=0.1))
    assert surprised.brow_raise == pytest.approx(9, abs=0.1)
    assert tiny_features().shape == (3, 8)
