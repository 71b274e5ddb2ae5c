"""The diffusion renderer from the command line, on small random weights in the published layout."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("accelerate")

from avatar.cli import main  # noqa: E402
from conditioning import Speech  # noqa: E402
from renderers.diffusion.clips import read_video  # noqa: E402
from renderers.diffusion.loading import from_pretrained, save_network  # noqa: E402
from renderers.diffusion.tiny import MICRO_NET, TINY_CONFIGS, TINY_VAE, tiny_features, tiny_head  # noqa: E402
from renderers.video import write_video  # noqa: E402


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("memo")
    head = tiny_head(0, MICRO_NET)
    for name in TINY_CONFIGS:
        network = getattr(head, name)
        save_network(network, folder / name, asdict(network.config))
    save_network(head.vae, folder / "vae", {"_class_name": "AutoencoderKL", **TINY_VAE})
    tiny_features().model.save_pretrained(folder / "wav2vec2")
    return folder


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("portrait") / "portrait.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(path)
    return path


def mien(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in arguments])
    assert isinstance(stop.value.code, int)
    return stop.value.code


def test_a_line_becomes_a_video_of_its_length(weights: Path, picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "hello.mp4"
    options = ["--weights", weights, "--device", "cpu", "--steps", 1, "-R", "guidance=1", "-R", "resolution=64"]
    status = mien("say", "Go.", "-p", picture, "--renderer", "diffusion", "--size", 64, *options, "-o", out)
    assert status == 0
    frames = read_video(out, 64, 64)
    assert len(frames) >= 8
    assert frames.std() > 5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--renderer", "diffusion"], "memoavatar/memo"),
        (["--steps", "5"], "the renderer 'portrait' has no option 'steps'; it has fit"),
        (["-R", "guidance"], "--renderer-option 'guidance' is not NAME=VALUE"),
        (["--renderer", "diffusion", "-R", "sparkle=3"], "no option 'sparkle'"),
        (["--renderer", "diffusion", "--weights", "WEIGHTS"], "need CUDA"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(
    weights: Path,
    picture: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    words: str,
) -> None:
    monkeypatch.delenv("MIEN_DIFFUSION_WEIGHTS", raising=False)
    if words == "need CUDA" and torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    given = [str(weights) if option == "WEIGHTS" else option for option in options]
    assert mien("say", "Go.", "-p", picture, *given, "-o", tmp_path / "hello.mp4") == 2
    said = capsys.readouterr().err.strip()
    assert words in said
    assert "\n" not in said
    assert list(tmp_path.iterdir()) == []


def test_training_from_the_command_line_gives_weights_that_load(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "clips"
    data.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        frames = rng.integers(0, 255, (18, 64, 64, 3), dtype=np.uint8)
        tone = (0.1 * rng.standard_normal(9_600)).astype(np.float32)
        write_video(data / f"{name}.mp4", frames, Speech(tone, 16_000), n_frames=18, fps=30, size=(64, 64))
    (data / "labels.csv").write_text("clip,emotion,person\na.mp4,joy,Ann\nb.mp4,sadness:0.5,Ann\n")
    out = tmp_path / "tuned"
    options = ["--steps", 2, "--save-every", 1, "--resolution", 64, "--device", "cpu", "--learning-rate", 0.01]
    assert mien("train", "diffusion", data, "--from", weights, "-o", out, *options) == 0
    said = capsys.readouterr()
    assert "step 2/2  loss " in said.err
    assert said.out.strip() == str(out)
    before, after = (from_pretrained(folder).diffusion_net.state_dict() for folder in (weights, out))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(".audio_modules." in name or ".motion_modules." in name for name in changed)
