"""Published folder layout, bad files, messages and the renderer's contract, on small random weights."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from conditioning import (  # noqa: E402
    BackendError,
    CheckpointError,
    Emotion,
    EmotionTrack,
    InputError,
    MienError,
    Motion,
    Speech,
)
from renderers.diffusion import loading  # noqa: E402
from renderers.diffusion.features import AudioFeatures  # noqa: E402
from renderers.diffusion.loading import WEIGHTS_NAME, from_pretrained, save_network  # noqa: E402
from renderers.diffusion.model import TalkingHead  # noqa: E402
from renderers.diffusion.renderer import DiffusionRenderer, Progress  # noqa: E402
from renderers.diffusion.tiny import TINY_CONFIGS, TINY_VAE, tiny_features, tiny_head  # noqa: E402


@pytest.fixture(scope="module")
def head() -> TalkingHead:
    torch.set_num_threads(1)
    return tiny_head()


@pytest.fixture(scope="module")
def features() -> AudioFeatures:
    return tiny_features()


@pytest.fixture(scope="module")
def published(head: TalkingHead, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("memo")
    for name, config in TINY_CONFIGS.items():
        save_network(getattr(head, name), folder / name, {"_class_name": "X", "act_fn": "silu", **asdict(config)})
    save_network(head.vae, folder / "vae", {"_class_name": "AutoencoderKL", **TINY_VAE})
    return folder


@pytest.fixture
def copy(published: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(published, tmp_path / "memo"))


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("portrait") / "portrait.png"
    pixels = np.random.default_rng(0).integers(0, 255, (96, 96, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def speech(duration_s: float, rate: int = 22_050) -> Speech:
    wave = 0.1 * np.random.default_rng(1).standard_normal(int(duration_s * rate))
    return Speech(wave.astype(np.float32), rate, emotion=EmotionTrack.constant(Emotion(joy=0.6)))


def test_saved_folders_load_to_the_same_networks(head: TalkingHead, published: Path) -> None:
    loaded = from_pretrained(published)
    for name in (*TINY_CONFIGS, "vae"):
        ours, theirs = getattr(head, name).state_dict(), getattr(loaded, name).state_dict()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours), name
        assert not any(p.is_meta or p.requires_grad for p in getattr(loaded, name).parameters())


def test_number_format_is_the_one_asked_for_and_positions_stay_precise(published: Path) -> None:
    net = from_pretrained(published, dtype=torch.bfloat16).diffusion_net
    kinds = {key.rsplit(".", 1)[-1] == "pe": value.dtype for key, value in net.state_dict().items()}
    assert kinds == {True: torch.float32, False: torch.bfloat16}


def rewrite(folder: Path, change: Any) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / WEIGHTS_NAME)
    save_file(change(weights), folder / WEIGHTS_NAME)


def broken(folder: Path, kind: str) -> None:
    net = folder / "audio_proj"
    if kind == "folder":
        net.rename(folder / "elsewhere")
    elif kind == "weights":
        (net / WEIGHTS_NAME).unlink()
    elif kind == "config":
        (net / "config.json").unlink()
    elif kind == "json":
        (net / "config.json").write_text("{")
    elif kind == "pickle":
        (net / WEIGHTS_NAME).rename(net / "diffusion_pytorch_model.bin")
    elif kind == "truncated":
        data = (net / WEIGHTS_NAME).read_bytes()
        (net / WEIGHTS_NAME).write_bytes(data[: len(data) // 2])
    elif kind == "foreign":
        rewrite(net, lambda w: {f"unet.{k}": v for k, v in w.items()})
    elif kind == "lacking":
        rewrite(net, lambda w: {k: v for k, v in w.items() if k != "norm.bias"})
    elif kind == "shape":
        rewrite(net, lambda w: {**w, "norm.bias": w["norm.bias"][:-1].clone()})
    elif kind == "integers":
        rewrite(net, lambda w: {**w, "norm.bias": w["norm.bias"].to(torch.int8)})
    elif kind == "setting":
        config = json.loads((net / "config.json").read_text())
        (net / "config.json").write_text(json.dumps({**config, "act_fn": "relu"}))
    elif kind == "number":
        config = json.loads((net / "config.json").read_text())
        (net / "config.json").write_text(json.dumps({**config, "channels": -3}))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("folder", "audio_proj is missing"),
        ("weights", f"{WEIGHTS_NAME} is missing"),
        ("config", "config.json is missing"),
        ("json", "cannot be read as JSON"),
        ("pickle", "pickle.*refused"),
        ("truncated", r"bytes\) is truncated"),
        ("foreign", "weights of another model: 8 are missing .*8 are foreign"),
        ("lacking", "1 are missing .first: norm.bias., 0 are foreign"),
        ("shape", r"norm.bias has shape \(23,\), the configuration asks for \(24,\)"),
        ("integers", "norm.bias is torch.int8, allowed are float16"),
        ("setting", "act_fn='relu' is not implemented, only 'silu'"),
        ("number", "channels=-3 must be a positive whole number"),
    ],
)
def test_bad_folders_are_explained_in_one_line(copy: Path, kind: str, words: str) -> None:
    broken(copy, kind)
    with pytest.raises(CheckpointError, match=words) as caught:
        from_pretrained(copy)
    assert "\n" not in str(caught.value)


def test_mixed_number_formats_are_converted_with_a_warning(copy: Path) -> None:
    rewrite(copy / "audio_proj", lambda w: {**w, "norm.bias": w["norm.bias"].half()})
    with pytest.warns(UserWarning, match=r"mixes number formats \(7 float32, 1 float16\)"):
        from_pretrained(copy)


def test_unknown_settings_are_named(copy: Path) -> None:
    path = copy / "audio_proj" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "sparkle": 3}))
    with pytest.warns(UserWarning, match="sparkle"):
        from_pretrained(copy)


def test_autoencoders_with_the_older_names_load(head: TalkingHead, copy: Path) -> None:
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}

    def renamed(weights: dict[str, Any]) -> dict[str, Any]:
        out = {}
        for key, value in weights.items():
            for new, before in old.items():
                if f".attentions.0.{new}." in key:
                    key = key.replace(new, before)
                    value = value[..., None, None].clone() if key.endswith("weight") else value
            out[key] = value
        return out

    rewrite(copy / "vae", renamed)
    loaded, ours = from_pretrained(copy).vae.state_dict(), head.vae.state_dict()
    assert all(torch.equal(loaded[key], ours[key]) for key in ours)


def test_without_weights_one_line_says_what_to_get(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIEN_DIFFUSION_WEIGHTS", raising=False)
    with pytest.raises(CheckpointError) as caught:
        DiffusionRenderer(picture)
    message = str(caught.value)
    assert "\n" not in message
    for part in ("memoavatar/memo", "4.8 GiB", "Apache-2.0", "weights=", "MIEN_DIFFUSION_WEIGHTS", "portrait renderer"):
        assert part in message


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"weights": "/nowhere/memo"}, CheckpointError, "no folder /nowhere/memo"),
        ({"mode": "magic"}, InputError, "mode='magic'.*exact, fast"),
        ({"drive": "wishes"}, InputError, "drive='wishes'.*audio, motion"),
        ({"drive": "motion", "drive_noise": 0.0}, InputError, "drive_noise=0.0"),
        ({"emotion_label": "hangry"}, InputError, "emotion_label='hangry'.*angry"),
        ({"acceleration": "graph"}, BackendError, "CUDA device"),
        ({"acceleration": "warp"}, InputError, "acceleration='warp'"),
    ],
)
def test_impossible_options_are_explained(
    head: TalkingHead, features: AudioFeatures, picture: Path, options: dict[str, Any], error: type, words: str
) -> None:
    shared = {} if "weights" in options else {"head": head, "features": features}
    with pytest.raises(error, match=words):
        DiffusionRenderer(picture, **shared, **options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"device": "cuda"}, "finds no CUDA here"),
        ({"device": "abacus"}, "device='abacus' is not known"),
        ({"device": "meta"}, "device=.meta. is not known"),
        ({}, "need CUDA.*device=cpu"),
        ({"device": "cpu", "dtype": "int4"}, "dtype='int4'.*float32"),
        ({"device": "cpu", "attention": "xformers"}, "runs on CUDA only"),
        ({"device": "cpu", "attention": "squint"}, "attention='squint'"),
    ],
)
def test_devices_that_are_not_there_are_explained(
    published: Path, picture: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(BackendError, match=words):
        DiffusionRenderer(picture, weights=published, **options)


def test_published_size_on_the_cpu_warns_with_an_estimate(head: TalkingHead) -> None:
    from types import SimpleNamespace

    from renderers.diffusion.diffusion_net import DiffusionNet
    from renderers.diffusion.machine import warn_if_slow, window_tflop
    from renderers.diffusion.sampling import FAST, Sampling

    # Counted work of a window at 512², 20 guided steps: 1278 TFLOP.
    assert window_tflop(Sampling(), 512, 512) == pytest.approx(1278, rel=0.01)
    assert window_tflop(FAST, 512, 512) < 0.45 * window_tflop(Sampling(), 512, 512)
    with torch.device("meta"):
        huge = SimpleNamespace(device=torch.device("cpu"), dtype=torch.float32, diffusion_net=DiffusionNet())
    with pytest.warns(UserWarning, match=r"about \d+ minutes for each 16 frames"):
        warn_if_slow(huge, Sampling(), 512, 512)


@pytest.mark.parametrize(("duration_s", "fps"), [(0.1, 25.0), (0.7, 30.0), (0.55, 60.0)])
def test_every_length_is_drawn_to_its_end(
    head: TalkingHead, features: AudioFeatures, picture: Path, duration_s: float, fps: float
) -> None:
    reports: list[Progress] = []
    renderer = DiffusionRenderer(
        picture, head=head, features=features, resolution=64, steps=1, guidance=1.0, progress=reports.append
    )
    frames = list(renderer.frames(Motion.still(duration_s), speech(duration_s), fps=fps, size=(80, 80)))
    assert len(frames) == int(np.ceil(duration_s * fps - 1e-6))
    assert {(f.shape, f.dtype.name) for f in frames} == {((80, 80, 3), "uint8")}
    assert (reports[-1].done, reports[-1].left_s) == (reports[-1].total, 0)


def test_frames_come_as_windows_are_drawn_and_do_not_depend_on_what_follows(
    head: TalkingHead, features: AudioFeatures, picture: Path
) -> None:
    reports: list[Progress] = []
    renderer = DiffusionRenderer(
        picture, head=head, features=features, resolution=64, steps=1, guidance=1.0, progress=reports.append
    )
    stream = renderer.frames(Motion.still(30.0), None, fps=30, size=(64, 64))
    early = list(islice(stream, 16))
    assert [report.done for report in reports] == [16]
    stream.close()
    again = list(islice(renderer.frames(Motion.still(30.0), None, fps=30, size=(64, 64)), 16))
    other = list(islice(renderer.frames(Motion.still(30.0), None, fps=30, size=(64, 64), seed=1), 16))
    assert all(np.array_equal(a, b) for a, b in zip(early, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(early, other, strict=True))


def test_running_out_of_memory_says_what_to_lower() -> None:
    from renderers.diffusion.machine import explained_memory

    with pytest.raises(BackendError, match=r"offload=True.*resolution=384"), explained_memory(512, 512):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


def test_features_are_those_of_the_model_where_nothing_is_interpolated(features: AudioFeatures) -> None:
    sound = torch.from_numpy(np.random.default_rng(2).standard_normal((1, 16_000)).astype(np.float32))
    native = features.model(sound, output_hidden_states=True).hidden_states[1:]  # transformers' own walk
    ours = features._encode(sound, native[0].shape[1])
    for layer, expected in enumerate(native):
        assert torch.allclose(ours[:, layer], expected[0], atol=1e-5)


def test_windows_of_features_overlap_by_their_neighbours(
    features: AudioFeatures, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = np.random.default_rng(3).standard_normal(48_000).astype(np.float32)
    whole = torch.cat(list(features.windows(sound, 16_000, 16)))
    assert whole.shape == (96, 5, 3, 8)
    assert torch.equal(whole[1:, 1], whole[:-1, 2])
    assert torch.equal(whole[0, 0], whole[0, 2])  # the first frame stands for those before it
    import renderers.diffusion.features as module

    monkeypatch.setattr(module, "PIECE_S", 1.0)
    pieces = torch.cat(list(features.windows(sound, 16_000, 16)))
    assert pieces.shape == whole.shape
    assert torch.equal(pieces[1:, 1], pieces[:-1, 2])


def test_silence_and_the_shortest_sound_have_features(features: AudioFeatures) -> None:
    for sound in (np.zeros(16_000, np.float32), np.zeros(1, np.float32)):
        assert all(torch.isfinite(window).all() for window in features.windows(sound, 16_000, 16))


def test_a_folder_without_wav2vec2_is_explained(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no wav2vec2 model in safetensors"):
        AudioFeatures.from_pretrained(tmp_path)


def test_wav2vec2_loads_from_a_local_folder(features: AudioFeatures, tmp_path: Path) -> None:
    features.model.save_pretrained(tmp_path)
    loaded = AudioFeatures.from_pretrained(tmp_path)
    sound = np.random.default_rng(4).standard_normal(4_000).astype(np.float32)
    ours, theirs = (next(f.windows(sound, 16_000, 16)) for f in (features, loaded))
    assert torch.equal(ours, theirs)


def test_pictures_are_cut_to_the_asked_shape(tmp_path: Path) -> None:
    from renderers.diffusion.framing import network_size, prepare_portrait

    ramp = np.tile(np.linspace(0, 255, 300).astype(np.uint8)[None, :, None], (100, 1, 3))
    Image.fromarray(ramp).save(tmp_path / "wide.png")
    with pytest.warns(UserWarning, match="no face was found"):
        cut = prepare_portrait(tmp_path / "wide.png", (20, 20), 64, 64)
    # The middle third of a ramp from 0 to 255 runs from 85 to 170.
    assert cut.shape == (64, 64, 3)
    assert cut[0, 0, 0] == pytest.approx(85, abs=3)
    assert cut[0, -1, 0] == pytest.approx(170, abs=3)
    assert network_size((512, 512), 512) == (512, 512)
    assert network_size((1280, 720), 512) == (512, 320)  # 288 is no multiple of 64
    with pytest.raises(InputError, match="resolution=8000"):
        network_size((512, 512), 8000)


def test_face_embeddings_from_files_are_checked(tmp_path: Path) -> None:
    from renderers.diffusion.identity import face_embedding

    picture = np.zeros((64, 64, 3), np.uint8)
    np.save(tmp_path / "face.npy", np.arange(512.0))
    assert np.array_equal(face_embedding(tmp_path / "face.npy", picture), np.arange(512))
    np.save(tmp_path / "short.npy", np.arange(5.0))
    for name, words in (("short.npy", "5 numbers"), ("absent.onnx", "no face model")):
        with pytest.raises(MienError, match=words):
            face_embedding(tmp_path / name, picture)


def test_the_similarity_behind_face_alignment_recovers_a_known_turn() -> None:
    from renderers.diffusion.identity import TEMPLATE, _similarity

    angle, scale, shift = 0.3, 1.7, np.array([5.0, -2.0])
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = _similarity(TEMPLATE, TEMPLATE @ turn.T + shift)
    assert np.allclose(found, np.column_stack([turn, shift]))


def test_packages_import_without_torch() -> None:
    code = (
        "import sys, renderers, renderers.diffusion, renderers.diffusion.renderer as r;"
        "r.DiffusionRenderer.info; print('torch' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert out.stdout.strip() == "False"
    assert loading.NETWORKS.keys() == TINY_CONFIGS.keys()
