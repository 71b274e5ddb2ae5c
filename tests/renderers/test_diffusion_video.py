"""Windows, states, emotion, steering and samplers on small random weights; sources of expected values in each test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from conditioning import Emotion, EmotionTrack, InputError  # noqa: E402
from renderers.diffusion.attention import set_attention  # noqa: E402
from renderers.diffusion.emotion import EMOTION_LABELS, emotion_mixtures, label_mixture  # noqa: E402
from renderers.diffusion.model import NULL_EMOTION, Steering, TalkingHead  # noqa: E402
from renderers.diffusion.sampling import FAST, Sampling, integrate  # noqa: E402
from renderers.diffusion.state import VideoState  # noqa: E402
from renderers.diffusion.stream import stream  # noqa: E402
from renderers.diffusion.tiny import tiny_head  # noqa: E402

QUICK = Sampling(steps=2, frames=4, past_frames=4)


@pytest.fixture(scope="module")
def head() -> TalkingHead:
    torch.set_num_threads(1)
    return tiny_head()


def portrait(seed: int) -> torch.Tensor:
    return torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def face(seed: int) -> torch.Tensor:
    return torch.randn(512, generator=torch.Generator().manual_seed(seed))


def sounds(seed: int, windows: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(4, 5, 3, 8, generator=generator) for _ in range(windows)]


def label(index: int, frames: int = 4) -> torch.Tensor:
    return torch.eye(10)[index].repeat(frames, 1)


def video(head: TalkingHead, seed: int, windows: int, sampling: Sampling = QUICK, mood: int = 3) -> torch.Tensor:
    state = head.start(portrait(seed), face(seed), seed)
    inputs = ((sound, label(mood), None) for sound in sounds(seed, windows))
    return torch.cat(list(stream(head, state, inputs, sampling)))


def test_two_videos_in_turns_give_the_frames_of_one_after_the_other(head: TalkingHead) -> None:
    alone = [video(head, seed, windows=2) for seed in (1, 2)]
    states = [head.start(portrait(seed), face(seed), seed) for seed in (1, 2)]
    turns = [
        stream(head, state, ((sound, label(3), None) for sound in sounds(seed, 2)), QUICK)
        for state, seed in zip(states, (1, 2), strict=True)
    ]
    parts: list[list[torch.Tensor]] = [[], []]
    for _ in range(2):
        for i, turn in enumerate(turns):
            parts[i].append(next(turn))
    for together, before in zip(parts, alone, strict=True):
        assert torch.equal(torch.cat(together), before)
    assert not torch.equal(alone[0], alone[1])


def test_the_past_of_earlier_windows_is_remembered_and_of_constant_size(head: TalkingHead) -> None:
    state = head.start(portrait(1), face(1), 1)
    sizes, carried = [], None
    for sound in sounds(1, 3):
        latents = head.window(state, sound, label(3), QUICK)
        head.finish(state, latents, QUICK)
        assert state.memories is not None
        sizes.append(sum(m.kv.numel() + m.z.numel() for pair in state.memories for m in pair))
        carried = state.memories[0][0].z.clone() if carried is None else carried
    assert len(set(sizes)) == 1
    # A window adds Σ 0.9^age over its past to Z, whose keys sum to 1 over the past frames in each channel: after
    # window n the channels' sum lies between the bounds of the geometric fade 0.9^4.
    assert state.memories is not None
    fade = 0.9**4
    sums = state.memories[0][0].z
    low, high = 0.9**3, 1.0
    assert float(sums.min()) >= low * (1 + fade + fade**2) - 1e-4
    assert float(sums.max()) <= high * (1 + fade + fade**2) + 1e-4


def test_equal_image_tokens_let_one_half_stand_for_both(head: TalkingHead, monkeypatch: pytest.MonkeyPatch) -> None:
    def run() -> torch.Tensor:
        state = head.start(portrait(3), None, 3)
        return torch.cat(
            [head.window(state, sound, label(6), replace(QUICK, past="latents")) for sound in sounds(3, 2)]
        )

    short = run()
    monkeypatch.setattr(VideoState, "one_half", False)
    assert float((short - run()).abs().max()) < 2e-4  # only the order of sums differs


def test_without_guidance_only_the_conditional_branch_is_run(head: TalkingHead) -> None:
    # u + g (c - u) at g → 1 is c; without a face embedding nothing else depends on the other branch.
    sound = sounds(4, 1)[0]
    results = []
    for guidance in (1.0, 1.0 + 1e-9):
        state = head.start(portrait(4), None, 4)
        results.append(head.window(state, sound, label(3), replace(QUICK, guidance=guidance)))
    assert float((results[0] - results[1]).abs().max()) < 2e-4


def test_steps_outside_the_guidance_interval_equal_unguided_steps(head: TalkingHead) -> None:
    sound = sounds(4, 1)[0]
    results = []
    for sampling in (replace(QUICK, guidance=1.0), replace(QUICK, guidance_interval=(2.0, 3.0))):
        state = head.start(portrait(4), None, 4)
        results.append(head.window(state, sound, label(3), sampling))
    assert float((results[0] - results[1]).abs().max()) < 2e-4


def test_emotion_guidance_strengthens_the_emotion_and_leaves_null_alone(head: TalkingHead) -> None:
    sound = sounds(5, 1)[0]

    def run(mood: int, strength: float) -> torch.Tensor:
        state = head.start(portrait(5), face(5), 5)
        return head.window(state, sound, label(mood), replace(QUICK, emotion_guidance=strength))

    null = run(NULL_EMOTION, 0.0)
    assert float((run(NULL_EMOTION, 2.0) - null).abs().max()) < 2e-4
    weak, strong = run(3, 0.0) - null, run(3, 2.0) - null
    assert float(strong.norm()) > 1.5 * float(weak.norm()) > 0


def test_mixtures_move_the_norms_linearly_in_embedding_space(head: TalkingHead) -> None:
    norm = head.diffusion_net.mid_block.audio_modules[0].transformer_blocks[0].norm1
    table = norm.class_embedder.embedding_table.weight
    halfway = 0.5 * (table[3] + table[6])
    expected = torch.nn.functional.linear(halfway * torch.sigmoid(halfway), *norm.adaLN_modulation[1].parameters())
    shift, scale = norm.modulation(0.5 * (label(3, 1) + label(6, 1)))
    assert torch.allclose(torch.cat([shift, scale], -1).flatten(), expected, atol=1e-6)


def test_emotion_glides_from_frame_to_frame() -> None:
    track = EmotionTrack(((0.0, Emotion()), (1.0, Emotion(joy=1.0))))
    mixtures = emotion_mixtures(track, np.arange(32) / 30)
    happy, neutral = mixtures[:, EMOTION_LABELS.index("happy")], mixtures[:, EMOTION_LABELS.index("neutral")]
    assert np.allclose(happy, np.minimum(np.arange(32) / 30, 1), atol=1e-6)
    assert np.allclose(happy + neutral, 1, atol=1e-6)


def test_mixtures_are_weights_whatever_the_emotion(rng: np.random.Generator) -> None:
    mixtures = label_mixture(rng.random((200, 8)))
    assert (mixtures >= 0).all()
    assert np.allclose(mixtures.sum(-1), 1, atol=1e-6)
    assert (mixtures[:, NULL_EMOTION] == 0).all()


def test_a_full_pull_inside_the_mask_gives_the_driving_frames_there(head: TalkingHead) -> None:
    frames = torch.stack([portrait(6)] * 4)
    target = head.encode(frames)
    mask = torch.zeros(4, 1, 8, 8)
    mask[..., 4:, :] = 1
    state = head.start(portrait(7), face(7), 7)
    steering = Steering(frames, start=1.0, mask=mask, strength=1.0, until=0.0)
    latents = head.window(state, sounds(7, 1)[0], label(3), QUICK, steering=steering)
    assert float((latents - target)[..., 4:, :].abs().max()) < 1e-4
    assert float((latents - target)[..., :4, :].abs().max()) > 0.1


def test_less_noise_keeps_more_of_the_driving_frames(head: TalkingHead) -> None:
    frames = torch.stack([portrait(6)] * 4)
    target = head.encode(frames)
    distances = []
    for start in (0.05, 0.4, 1.0):
        state = head.start(portrait(7), face(7), 7)
        latents = head.window(state, sounds(7, 1)[0], label(3), QUICK, steering=Steering(frames, start))
        distances.append(float((latents - target).norm()))
    assert distances == sorted(distances)
    assert distances[0] < 0.1 * distances[2]


@pytest.mark.parametrize("sampler", ["euler", "heun", "dpm++", "unipc"])
def test_solvers_follow_a_flow_with_a_known_end(sampler: str) -> None:
    # Data N(mean, s²) along x = (1-σ)·data + σ·noise: the marginal has variance (1-σ)² s² + σ², and a point at z
    # standard deviations of the noise ends at mean + s·z.
    mean, s = 0.7, 0.4

    def velocity(x: torch.Tensor, sigma: float) -> torch.Tensor:
        variance = (1 - sigma) ** 2 * s**2 + sigma**2
        return -mean + (sigma - (1 - sigma) * s**2) / variance * (x - (1 - sigma) * mean)

    z = torch.linspace(-2, 2, 9, dtype=torch.float64).reshape(1, 9, 1, 1)
    errors = []
    for steps in (8, 64):
        end = integrate(velocity, z.clone(), Sampling(steps=steps, sampler=sampler))
        errors.append(float((end - (mean + s * z)).abs().max()))
    assert errors[1] < 0.03
    assert errors[1] < 0.4 * errors[0]


def test_few_step_solvers_beat_euler_on_the_network(head: TalkingHead) -> None:
    sound = sounds(8, 1)[0]

    def run(sampler: str, steps: int) -> torch.Tensor:
        state = head.start(portrait(8), face(8), 8)
        return head.window(state, sound, label(3), replace(QUICK, steps=steps, sampler=sampler, guidance=1.0))

    fine = run("heun", 21)
    assert float((run("dpm++", 6) - fine).norm()) < float((run("euler", 6) - fine).norm())


def test_fast_mode_streams_the_same_frames_as_window_by_window(head: TalkingHead) -> None:
    fast = replace(FAST, steps=2, frames=4, past_frames=4)
    overlapped = video(head, 9, 2, fast)
    state = head.start(portrait(9), face(9), 9)
    plain = [head.decode(head.window(state, sound, label(3), fast)) for sound in sounds(9, 2)]
    assert torch.equal(overlapped, torch.cat(plain))


def test_both_attentions_agree(head: TalkingHead) -> None:
    fused = video(head, 1, windows=1)
    for network in (head.reference_net, head.diffusion_net):
        set_attention(network, "math")
    try:
        assert float((video(head, 1, windows=1) - fused).abs().max()) < 1e-4
    finally:
        for network in (head.reference_net, head.diffusion_net):
            set_attention(network, "sdpa")


def test_half_precision_stays_near_and_finite() -> None:
    exact = video(tiny_head(), 1, windows=1)
    rough = tiny_head()
    networks = [
        n.to(torch.bfloat16) for n in (rough.reference_net, rough.diffusion_net, rough.image_proj, rough.audio_proj)
    ]
    half = TalkingHead(torch.nn.Module.to(rough.vae, torch.bfloat16), *networks)
    frames = video(half, 1, windows=1).float()
    assert torch.isfinite(frames).all()
    assert float((frames - exact).abs().mean()) < 0.02  # bfloat16 carries 8 bits: 0.4 % a rounding


def test_offload_gives_the_same_frames(head: TalkingHead) -> None:
    networks = [head.vae, head.reference_net, head.diffusion_net, head.image_proj, head.audio_proj]
    assert torch.equal(video(TalkingHead(*networks, offload=True), 1, windows=1), video(head, 1, windows=1))


@pytest.mark.parametrize(
    "bad", [{"steps": 0}, {"sampler": "magic"}, {"past": "never"}, {"emotion_guidance": -1.0}, {"frames": 0}]
)
def test_impossible_settings_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(bad))):
        Sampling(**bad)


def test_when_memory_runs_out_frames_are_decoded_fewer_at_a_time_and_then_in_tiles(
    head: TalkingHead, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = tiny_head()
    latents = head.encode(torch.stack([portrait(seed) for seed in range(3)]))
    whole = head.decode(latents)
    decode, limit = short.vae.decoder.forward, [1, 64]

    def tight(sample: torch.Tensor) -> torch.Tensor:
        if len(sample) > limit[0] or sample[0, 0].numel() > limit[1]:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return decode(sample)

    monkeypatch.setattr(short.vae.decoder, "forward", tight)
    assert torch.allclose(short.decode(latents), whole, atol=1e-5)  # convolutions sum in another order
    assert short.decode_frames == 1
    limit[1] = 16  # tiles of 4×4
    with pytest.warns(UserWarning, match="decoded in tiles"):
        tiled = short.decode(latents)
    assert torch.allclose(tiled, tiny_head(tiling=True).decode(latents), atol=1e-5)
    assert not torch.allclose(tiled, whole, atol=1e-2)  # norms see one tile at a time
    limit[1] = 1
    with pytest.raises(torch.OutOfMemoryError):
        short.decode(latents)


def test_xformers_is_given_its_documented_layout(head: TalkingHead, monkeypatch: pytest.MonkeyPatch) -> None:
    # xformers.ops.memory_efficient_attention takes and gives (batch, tokens, heads, width); itself it needs CUDA.
    import sys
    from types import ModuleType

    from renderers.diffusion.attention import attend

    shapes = []

    def formula(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        shapes.append((q.shape, k.shape))
        weights = (torch.einsum("bnhw,bmhw->bhnm", q, k) * q.shape[-1] ** -0.5).softmax(-1)
        return torch.einsum("bhnm,bmhw->bnhw", weights, v)

    ops = ModuleType("xformers.ops")
    ops.memory_efficient_attention = formula  # type: ignore[attr-defined]
    package = ModuleType("xformers")
    package.ops = ops  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "xformers", package)
    monkeypatch.setitem(sys.modules, "xformers.ops", ops)
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, n, 24, generator=generator) for n in (5, 7, 7))
    assert torch.allclose(attend(q, k, v, 3, "xformers"), attend(q, k, v, 3, "sdpa"), atol=1e-6)
    assert shapes == [((2, 5, 3, 8), (2, 7, 3, 8))]
