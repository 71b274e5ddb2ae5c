"""Style in the daisy voice: the embedding, the modulated networks against torch, flow against diffusers, references."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from conditioning import EMOTION_NAMES, BackendError, Delivery, Emotion, InputError, Line, Span
from tts.acoustics import measure
from tts.daisy import DaisyVoice
from tts.daisy.flow import flow_times, integrate
from tts.daisy.guided import encode_styled
from tts.daisy.inputs import SpokenWord, encode
from tts.daisy.model import HIGH_HZ, SHARE_ABOVE, SPEAKERS, SpeakerStatistics, VoiceModel
from tts.daisy.network import N_OUT, Network, Sizes
from tts.daisy.plan import Manner
from tts.daisy.prosody_encoder import N_COLUMNS, ProsodyEncoder, columns, style_of
from tts.daisy.style import AXES, LIMIT, N_STYLE, StyleSpace, axis, values_of
from tts.evaluate_voice import HUMAN_BANDS

torch = pytest.importorskip("torch")

from tts.train_voice.model import AcousticModel, to_numpy  # noqa: E402
from tts.train_voice.prosody_model import ProsodyModel, reverse_gradient  # noqa: E402

SIZES = Sizes(
    encoder=16, encoder_blocks=1, prosody=8, duration_blocks=1, pitch_blocks=1, decoder=12, decoder_hidden=16,
    decoder_blocks=1, style=N_STYLE, flow_blocks=1,
)  # fmt: skip
RATE = 24_000


def _random(module):
    """Give every weight, also those that begin at zero, a random value."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0.0, 0.2)
    return module.eval()


@pytest.fixture(scope="module")
def acoustic():
    torch.manual_seed(3)
    return _random(AcousticModel(SIZES))


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(4)
    return _random(ProsodyModel(3))


def _weights(module):
    return {name: tensor for name, tensor in to_numpy(module).items() if not name.startswith("speaker.")}


@pytest.fixture(scope="module")
def model(acoustic, encoder):
    rng = np.random.default_rng(5)
    one = np.ones(63, np.float32)
    speaker = SpeakerStatistics(
        -3.0 * one, 0.3 * one, one, np.log(180.0), 0.15, 1.0, np.log(14.0), 0.4, 1.0, np.zeros(2), np.zeros(8)
    )
    return VoiceModel(
        Network(to_numpy(acoustic), SIZES), (speaker,) * len(SPEAKERS), (0, 1, 0), np.zeros((8, 63), np.float32),
        np.zeros((8, 63), np.float32), StyleSpace(0.4 * rng.standard_normal((8, N_STYLE))),
        ProsodyEncoder(_weights(encoder)),
    )  # fmt: skip


def test_emotions_are_directions_mixtures_are_sums_and_intensity_is_a_factor(rng):
    space = StyleSpace(0.5 * rng.standard_normal((8, N_STYLE)))
    joy, fear = Emotion(joy=1.0), Emotion(fear=1.0)
    np.testing.assert_allclose(space.at(joy.weights), space.emotions[EMOTION_NAMES.index("joy")])
    mixed = space.at((0.5 * joy + 0.5 * fear).weights)
    np.testing.assert_allclose(mixed, 0.5 * space.at(joy.weights) + 0.5 * space.at(fear.weights))
    np.testing.assert_allclose(space.at((0.25 * joy).weights), 0.25 * space.at(joy.weights))
    assert not space.at(np.zeros(8)).any()
    assert np.abs(StyleSpace(9.0 * space.emotions).at(np.ones(8))).max() <= LIMIT


def test_opposites_that_are_opposite_in_u_are_reached_by_minus():
    half = np.eye(4, N_STYLE)
    space = StyleSpace(np.vstack([half, -half]))
    for name in EMOTION_NAMES:
        emotion = Emotion(**{name: 1.0})
        np.testing.assert_array_equal(space.at((-emotion).weights), -space.at(emotion.weights))


def test_modulated_networks_equal_torchs(acoustic, rng):
    network = Network(to_numpy(acoustic), SIZES)
    line = encode([SpokenWord("a", ("h", "ə", "l", "ˈoʊ"), True, ","), SpokenWord("b", ("j", "ˈu"), False, "?")])
    style = rng.standard_normal((len(line.ids), N_STYLE)).astype(np.float32)
    ends = np.cumsum(rng.integers(3, 20, len(line.ids)))
    with torch.no_grad():
        ids, features = torch.from_numpy(line.ids)[None], torch.from_numpy(line.features)[None]
        mask, u, one = torch.ones(1, len(ids[0]), 1), torch.from_numpy(style)[None], torch.tensor([1])
        encoded = acoustic.encode(ids, features, mask, u)
        spans = acoustic.durations(encoded, one, mask, u)
        context = network.context(encoded[0].numpy(), ends)
        steps = rng.standard_normal((len(context), N_STYLE)).astype(np.float32)
        noisy = rng.standard_normal((len(context), 4 * N_OUT)).astype(np.float32)
        c, s = torch.from_numpy(context)[None], torch.from_numpy(steps)[None]
        pitch, out = acoustic.melody(c, one, s), acoustic.decode(c, one, s)
        velocity = acoustic.velocity(torch.from_numpy(noisy)[None], torch.tensor([0.3]), c, one, s)
    np.testing.assert_allclose(network.encode(line.ids, line.features, style), encoded[0].numpy(), atol=2e-5)
    np.testing.assert_allclose(network.durations(encoded[0].numpy(), 1, style), spans[0].numpy(), atol=2e-5)
    np.testing.assert_allclose(network.pitch(context, 1, steps), pitch[0].numpy().reshape(-1), atol=2e-5)
    np.testing.assert_allclose(network.decode(context, 1, steps), out[0].numpy().reshape(-1, N_OUT), atol=1e-4)
    np.testing.assert_allclose(network.velocity(noisy, 0.3, context, 1, steps), velocity[0].numpy(), atol=1e-4)


def test_a_fresh_network_ignores_the_style():
    torch.manual_seed(0)
    model = AcousticModel(SIZES).eval()
    ids, features = torch.tensor([[0, 3, 5]]), torch.zeros(1, 3, 26)
    with torch.no_grad():
        plain, styled = (
            model.encode(ids, features, torch.ones(1, 3, 1), k * torch.ones(1, 3, N_STYLE)) for k in (0, 1)
        )
    torch.testing.assert_close(plain, styled)


def test_the_prosody_encoder_equals_torchs(encoder, rng):
    table = rng.standard_normal((100, N_COLUMNS)).astype(np.float32)
    with torch.no_grad():
        expected = encoder(torch.from_numpy(table)[None])[0].numpy()
    np.testing.assert_allclose(ProsodyEncoder(_weights(encoder)).window(table), expected, atol=1e-4)


def test_reversed_gradient_has_the_other_sign():
    x = torch.tensor([2.0, -1.0], requires_grad=True)
    (reverse_gradient(x, 0.5) ** 2).sum().backward()
    torch.testing.assert_close(x.grad, torch.tensor([-2.0, 1.0]))  # -0.5 * 2 x


@pytest.mark.parametrize("count", [1, 4, 10])
def test_steps_are_those_of_diffusers(count, rng):
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=1.0)
    scheduler.set_timesteps(sigmas=flow_times(count)[:-1])
    matrix = rng.standard_normal((6, 6)).astype(np.float32)
    noise = rng.standard_normal((3, 6)).astype(np.float32)
    x = torch.from_numpy(noise)
    for k, time in enumerate(scheduler.timesteps):
        velocity = torch.tanh(x @ torch.from_numpy(matrix)) * scheduler.sigmas[k]
        x = scheduler.step(velocity, time, x).prev_sample
    found = integrate(lambda y, time: np.tanh(y @ matrix) * np.float32(time), noise, count)
    np.testing.assert_allclose(found, x.numpy(), atol=1e-5)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_the_straight_path_to_one_point_is_exact(count, rng):
    goal, noise = rng.standard_normal((2, 5, 4)).astype(np.float32)
    found = integrate(lambda x, time: (x - goal) / np.float32(time), noise, count)
    np.testing.assert_allclose(found, goal, atol=1e-5)


@pytest.mark.parametrize("decoder", ["l1", "flow"])
def test_streaming_equals_batch_and_a_seed_repeats(model, decoder):
    voice = DaisyVoice(model=model, decoder=decoder)
    line = Line((Span("Stop! Who is", Emotion(fear=0.8)), Span("there? I can hear you.", Emotion(anger=0.6))))
    once, again = voice.speak(line, seed=4), voice.speak(line, seed=4)
    np.testing.assert_array_equal(once.waveform, again.waveform)
    np.testing.assert_array_equal(np.concatenate(list(voice.stream(line, seed=4))), once.waveform)


def test_another_seed_is_another_take_of_the_flow(model):
    voice = DaisyVoice(model=model, decoder="flow")
    one, other = (voice.speak(Line.of("You came back."), seed=seed).waveform for seed in (1, 2))
    assert one.shape == other.shape
    assert np.abs(one - other).max() > 1e-3


@pytest.mark.parametrize("decoder", ["l1", "flow"])
def test_guidance_goes_from_the_plain_voice_through_the_style_and_beyond(model, decoder, rng):
    chosen = replace(model, decoder=decoder, flow_steps=1)  # one step: linear in the velocity
    line = encode([SpokenWord("a", ("h", "ə", "l", "ˈoʊ"), True, ".")])
    ends = np.cumsum(np.full(len(line.ids), 8))
    style = np.repeat(rng.standard_normal((1, N_STYLE)).astype(np.float32), len(line.ids), axis=0)
    steps = np.repeat(style[:1], 12, axis=0)
    found = {g: encode_styled(chosen, line.ids, line.features, style, g) for g in (0.0, 0.5, 1.0, 1.5)}
    none = encode_styled(chosen, line.ids, line.features, 0 * style, 1.0)
    for run in (
        lambda e, u: e.durations(chosen, 0),
        lambda e, u: e.pitch(chosen, 0, ends, u),
        lambda e, u: e.decode(chosen, 0, ends, u, [7]),
    ):
        at = {g: run(encoded, steps) for g, encoded in found.items()}
        np.testing.assert_allclose(at[0.0], run(none, 0 * steps), atol=1e-5)
        np.testing.assert_allclose(at[0.5], 0.5 * (at[0.0] + at[1.0]), atol=1e-4)
        np.testing.assert_allclose(at[1.5] - at[1.0], 0.5 * (at[1.0] - at[0.0]), atol=1e-4)


def test_guidance_leaves_the_neutral_voice(model):
    line = Line.of("You came back.")
    strong = DaisyVoice(model=model, style_guidance=1.5).speak(line)
    np.testing.assert_array_equal(strong.waveform, DaisyVoice(model=model).speak(line).waveform)


def test_style_reaches_durations_melody_and_spectrum_phone_by_phone(model):
    voice = DaisyVoice(model=model)
    plain = voice.speak(Line((Span("You came back, my"), Span("old friend."))))
    felt = voice.speak(Line((Span("You came back, my"), Span("old friend.", Emotion(anger=1.0)))))
    moved = [abs(a.duration_s - b.duration_s) > 1e-6 for a, b in zip(plain.phones, felt.phones, strict=True)]
    assert any(moved[len(moved) // 2 :])
    assert not any(moved[1:4])  # far before the emotion: the networks see three phones to either side
    assert np.abs(np.median(plain.f0_hz[plain.f0_hz > 0]) - np.median(felt.f0_hz[felt.f0_hz > 0])) > 0.1


def test_deliveries_act_on_top_of_the_style(model):
    voice = DaisyVoice(model=model)
    base = voice.speak(Line.of("You came back.", Emotion(joy=0.5)))
    high = voice.speak(Line((Span("You came back.", Emotion(joy=0.5), Delivery(pitch_st=3.0)),)))
    both = (base.f0_hz > 0) & (high.f0_hz > 0)
    shift = 12 * np.log2(high.f0_hz[both] / base.f0_hz[both])
    assert np.median(shift) == pytest.approx(3.0, abs=0.05)


def _vowel(f0_hz: float, seconds: float = 1.5, seed: int = 0):
    """Return an ah-like voice: harmonics under three formants, with a little vibrato."""
    times = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(f0_hz * (1 + 0.02 * np.sin(2 * np.pi * 3 * times))) / RATE
    peaks = [(700.0, 130.0), (1200.0, 150.0), (2600.0, 200.0)]
    wave = np.zeros_like(times)
    for k in range(1, int(5000 / f0_hz)):
        gain = sum(1.0 / (1.0 + ((k * f0_hz - centre) / width) ** 2) for centre, width in peaks)
        wave += gain * np.sin(k * phase)
    return 0.3 * wave / np.abs(wave).max() + 1e-4 * np.random.default_rng(seed).standard_normal(len(wave))


@pytest.mark.parametrize(
    ("wave", "message"),
    [
        (np.zeros(RATE), "silent"),
        (np.zeros(RATE // 10), "0.10 s"),
        (np.random.default_rng(0).normal(0, 0.1, 2 * RATE), "no voice"),
        (np.full(RATE, np.nan), "not numbers"),
    ],
)
def test_a_reference_without_speech_is_refused(model, wave, message):
    with pytest.raises(InputError, match=message):
        DaisyVoice(model=model, like=(wave, RATE))


def test_a_reference_replaces_the_emotion(model):
    like = (_vowel(220.0), RATE)
    voice = DaisyVoice(model=model, like=like)
    joyful, sad = (voice.speak(Line.of("You came back.", Emotion(**{e: 1.0}))) for e in ("joy", "sadness"))
    np.testing.assert_array_equal(joyful.waveform, sad.waveform)
    plain = DaisyVoice(model=model).speak(Line.of("You came back."))
    assert [p.duration_s for p in plain.phones] != [p.duration_s for p in joyful.phones]


def test_the_rate_of_a_reference_does_not_matter(model):
    from scipy.signal import resample_poly

    wave = _vowel(180.0)
    one = style_of(model.prosody, wave, RATE)
    other = style_of(model.prosody, resample_poly(wave, 2, 1), 2 * RATE)
    np.testing.assert_allclose(other, one, atol=0.25)  # filters of two resamplings


def test_columns_hold_the_pitch_and_the_voicing(rng):
    targets = rng.standard_normal((40, 63)).astype(np.float32)
    log_f0 = np.full(40, np.log(200.0), np.float32)
    table = columns(targets, log_f0, np.ones(40, np.float32))
    assert table.shape == (10, N_COLUMNS)
    np.testing.assert_allclose(table[:, -4], np.log(200.0), rtol=1e-6)
    np.testing.assert_allclose(table[:, 0], targets[:, 1].reshape(10, 4).mean(1), rtol=1e-5)


def test_an_older_checkpoint_says_that_it_knows_no_recordings(model):
    old = replace(model, style=None, prosody=None)
    with pytest.raises(BackendError, match=r"no prosody encoder.*train voice"):
        DaisyVoice(model=old, like=(_vowel(200.0), RATE))


def test_a_decoder_that_is_not_there_is_refused(model):
    other = replace(model, network=Network(model.network._layers.weights, replace(SIZES, flow_blocks=0)))
    with pytest.raises(BackendError, match=r"'flow'.*it has l1"):
        DaisyVoice(model=other, decoder="flow")


def test_axes_have_units():
    u = np.zeros(N_STYLE)
    u[axis("f0_level_st")] = 2.0
    assert values_of(u)["f0_level_st"] == 10.0
    assert len(AXES) == len(set(AXES)) == N_STYLE


def test_what_a_style_adds_to_f0_is_the_same_for_a_speaker_with_anothers_melody(model):
    teacher, guest = model.speakers[0], replace(model.speakers[0], f0_std=0.4, f0_widen=2.0, f0_mean=np.log(210.0))
    both = replace(model, speakers=(teacher, model.speakers[1], guest), prosody_speakers=(0, 1, 0))
    z = np.sin(np.arange(400) / 20.0).astype(np.float32)
    level_st = np.where(np.arange(400) < 200, 0.0, 7.0)
    heard = z + (level_st * np.log(2.0) / 12.0 / teacher.f0_std).astype(np.float32)  # what a network does with it
    for speaker in (0, 2):
        plain = both.styled_log_f0_of(z, speaker, np.zeros(400))
        moved = both.styled_log_f0_of(heard, speaker, level_st)
        np.testing.assert_allclose(12.0 / np.log(2.0) * (moved - plain), level_st, atol=1e-4)


def test_a_borrowed_melody_bends_at_high_f0_and_nowhere_else(model):
    z = np.linspace(-3.0, 8.0, 400).astype(np.float32)
    own, log_f0 = (model.styled_log_f0_of(z, speaker, np.zeros(400)) for speaker in (0, 2))
    straight = model.log_f0_of(z, 0)
    np.testing.assert_allclose(own, straight, atol=1e-6)
    high = straight > np.log(HIGH_HZ)
    assert 0.1 < high.mean() < 0.9
    np.testing.assert_allclose(log_f0[~high], straight[~high], atol=1e-6)
    np.testing.assert_allclose(np.diff(log_f0[high]), SHARE_ABOVE * np.diff(straight[high]), atol=1e-6)


def test_what_is_added_to_the_alpha_ratio_is_linear_in_emotion_and_guidance(model):
    colour = np.linspace(-3.0, 3.0, 8).astype(np.float32)
    own = replace(model, speakers=(replace(model.speakers[0], alpha_db=colour), *model.speakers[1:]))
    weights = np.array([0.2, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0])
    assert Manner().alpha_db(own, 0, weights) == pytest.approx(0.2 * colour[0] + 0.5 * colour[4])
    assert Manner(guidance=2.0).alpha_db(own, 0, weights) == pytest.approx(0.4 * colour[0] + 1.0 * colour[4])
    assert Manner(reference=np.zeros(N_STYLE)).alpha_db(own, 0, weights) == 0.0
    assert Manner().alpha_db(own, 1, weights) == 0.0


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_no_emotion_of_the_shipped_voice_leaves_the_range_of_a_voice(speaker):
    import checkpoints

    if not {"daisy", "english_phones"} <= checkpoints.manifest().keys():
        pytest.skip("the voice's checkpoints are not in this checkout")
    voice = DaisyVoice(speaker=speaker)
    plain = voice.speak(Line.of("Nobody told me that the door was open.")).f0_hz
    for name in EMOTION_NAMES:
        f0_hz = voice.speak(Line.of("Nobody told me that the door was open.", Emotion(**{name: 1.0}))).f0_hz
        shift = 12 * np.log2(np.median(f0_hz[f0_hz > 0]) / np.median(plain[plain > 0]))
        assert -4.0 < shift < 11.3  # people's outer quartiles over all emotions of EmoDB


def test_a_shipped_voice_with_anothers_melody_darkens_in_sadness_and_brightens_in_anger_as_people_do():
    import checkpoints

    if not {"daisy", "english_phones"} <= checkpoints.manifest().keys():
        pytest.skip("the voice's checkpoints are not in this checkout")
    voice = DaisyVoice(speaker="iris")
    texts = ("Nobody told me that the door was open.", "We could see the harbour from the window.")
    for emotion in ("sadness", "anger"):
        spoken = [
            [measure(voice.speak(Line.of(t, e)))["alpha_db"] for e in (None, Emotion(**{emotion: 1.0}))] for t in texts
        ]
        low, high = HUMAN_BANDS[emotion]["alpha_db"]
        assert low < np.diff(spoken).mean() < high
