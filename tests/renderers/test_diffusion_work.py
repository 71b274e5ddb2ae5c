"""Work counted by torch on the meta device against the counts of the published code; the proxy that stands for it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from renderers.diffusion.branches import Branches  # noqa: E402
from renderers.diffusion.diffusion_net import DiffusionNet  # noqa: E402
from renderers.diffusion.machine import window_tflop  # noqa: E402
from renderers.diffusion.model import TalkingHead  # noqa: E402
from renderers.diffusion.reference_net import ReferenceNet  # noqa: E402
from renderers.diffusion.sampling import FAST, Sampling  # noqa: E402
from renderers.diffusion.tiny import tiny_head  # noqa: E402
from renderers.diffusion.work import AUDIO_TOKENS, _counting, count_window  # noqa: E402

#: TFLOP of a 16-frame window at 512² with 20 guided steps, counted on the published code.
PUBLISHED = {
    "resnets and sampling": 268,
    "reference + image attention": 393,
    "audio modules": 269,
    "motion modules": 264,
}


def proxy() -> Any:
    path = Path(__file__).parents[2] / "benchmarks" / "diffusion_proxy.py"
    spec = importlib.util.spec_from_file_location("diffusion_proxy", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_exact_caching_saves_what_the_published_code_repeats_and_nothing_else() -> None:
    ours = count_window(Sampling(), 512)
    assert ours["resnets and sampling"] == pytest.approx(268, rel=0.01)
    assert ours["audio modules"] == pytest.approx(269, rel=0.01)
    assert ours["VAE decode"] == pytest.approx(40, rel=0.02)
    assert 0.14 <= 1 - sum(ours.values()) / 1278 <= 0.17  # what exact caching can save, by the same counts
    assert window_tflop(FAST, 512, 512) == pytest.approx(sum(count_window(FAST, 512).values()), rel=0.25)


@pytest.mark.slow
def test_the_proxy_does_the_work_of_the_published_code() -> None:
    with torch.device("meta"):
        net, reference = DiffusionNet(), ReferenceNet()
        proxy().repeat_attention(net)
        with _counting(net) as counter:
            before = counter.counter.get_total_flops()
            features = reference(torch.zeros(34, 4, 64, 64), torch.zeros(34, 4, 768))
            assert (counter.counter.get_total_flops() - before) / 1e12 == pytest.approx(26, rel=0.03)
            counter.flop.clear()
            before = counter.counter.get_total_flops()
            tokens, mixtures = torch.zeros(2, 4, 768), torch.zeros(32, 10)
            context = proxy().published_step(net, features, tokens, mixtures, Branches(16), 64, 64)
            prepared = counter.counter.get_total_flops() - before
            net(torch.zeros(32, 4, 64, 64), torch.zeros(1), torch.zeros(32, AUDIO_TOKENS, 768), context)
    counted = {part: 20 * flop / 1e12 for part, flop in counter.flop.items()}
    counted["motion modules"] += 20 * prepared / 1e12
    for part, tflop in PUBLISHED.items():
        assert counted[part] == pytest.approx(tflop, rel=0.03), part


def test_the_proxy_gives_the_frames_of_exact_mode() -> None:
    sampling = Sampling(steps=3, frames=4, past_frames=4)
    generator = torch.Generator().manual_seed(0)
    portrait = torch.rand(3, 64, 64, generator=generator) * 2 - 1
    face = torch.randn(512, generator=generator)
    sounds = [torch.randn(4, 5, 3, 8, generator=generator) for _ in range(2)]
    frames = []
    for kind in (TalkingHead, proxy().ProxyHead):
        ours = tiny_head()
        head = kind(ours.vae, ours.reference_net, ours.diffusion_net, ours.image_proj, ours.audio_proj)
        state = head.start(portrait, face, 0)
        mixtures = torch.eye(10)[3].repeat(4, 1)
        frames.append(
            torch.cat([head.finish(state, head.window(state, s, mixtures, sampling), sampling) for s in sounds])
        )
    assert float((frames[0] - frames[1]).abs().max()) < 1e-4
