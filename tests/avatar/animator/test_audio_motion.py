from __future__ import annotations

import numpy as np
import pytest

from avatar.audio_motion.features import (
    FEATURE_SIZE,
    MEL_RANGE_HZ,
    N_FFT,
    N_MELS,
    SAMPLE_RATE,
    _mel_filters,
    audio_features,
)  # fmt: skip
from avatar.audio_motion.lips import CONTACT_OFF, CONTACT_ON, N_TRACK, PERSON_HOLD_S, run_network, sample_track
from avatar.audio_motion.network import ConvStack
from conditioning import Speech


def random_tensors(rng: np.random.Generator, inputs: int, outputs: int, condition: int = 0) -> dict[str, np.ndarray]:
    torch = pytest.importorskip("torch", reason="the twin that trains needs torch")
    from avatar.train_motion.model import ConvStack as Twin

    torch.manual_seed(0)
    twin = Twin(inputs, 16, outputs, condition)
    for parameter in twin.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return {name: value.detach().numpy() for name, value in twin.state_dict().items()}


@pytest.mark.parametrize("condition", [0, 5])
def test_numpy_and_torch_networks_agree(rng, condition: int) -> None:
    torch = pytest.importorskip("torch", reason="the twin that trains needs torch")
    from avatar.train_motion.model import ConvStack as Twin

    tensors = random_tensors(rng, 7, 3, condition)
    twin = Twin(7, 16, 3, condition)
    twin.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})
    inputs = rng.normal(size=(2, 50, 7)).astype(np.float32)
    cond = rng.normal(size=(2, condition)).astype(np.float32) if condition else None
    with torch.no_grad():
        wanted = twin(torch.from_numpy(inputs), None if cond is None else torch.from_numpy(cond)).numpy()
    np.testing.assert_allclose(ConvStack(tensors, "")(inputs, cond), wanted, rtol=2e-4, atol=2e-4)


def test_blocks_of_a_long_sound_meet_without_a_seam(rng) -> None:
    tensors = random_tensors(rng, FEATURE_SIZE + N_TRACK, N_TRACK)
    network = ConvStack(tensors, "")
    features = rng.normal(size=(3300, FEATURE_SIZE)).astype(np.float32)
    whole = run_network(network, features)
    from avatar.audio_motion import lips

    small, lips.BLOCK = lips.BLOCK, 400
    try:
        pieces = run_network(network, features)
    finally:
        lips.BLOCK = small
    np.testing.assert_allclose(pieces, whole, atol=1e-5)


def test_mel_filters_are_htk_triangles() -> None:
    librosa = pytest.importorskip("librosa", reason="compares with librosa's filters")
    low, high = MEL_RANGE_HZ
    theirs = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS, fmin=low, fmax=high, htk=True, norm=None).T
    np.testing.assert_allclose(_mel_filters(), theirs / theirs.sum(axis=0), atol=1e-4)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 96000])
def test_features_do_not_hear_rate_or_level(rate: int) -> None:
    def sound(rate: int) -> np.ndarray:
        times_s = np.arange(2 * rate) / rate
        return (np.sin(2 * np.pi * 300 * times_s) * (1 + np.sin(2 * np.pi * 3 * times_s)) * 0.2).astype(np.float32)

    wanted, found = audio_features(sound(16000), 16000), audio_features(0.1 * sound(rate), rate)
    assert found.shape == wanted.shape == (100, FEATURE_SIZE)
    np.testing.assert_allclose(found[:, [40, 81]], wanted[:, [40, 81]], atol=0.12)


def test_contacts_are_whole_and_long_enough() -> None:
    track = np.zeros((50, N_TRACK), np.float32)
    track[:, -1] = 1.0
    track[20:21, -3] = 0.9
    track[35:38, -3] = (CONTACT_ON + CONTACT_OFF) / 2  # not sure enough to begin
    fine = sample_track(np.arange(240) / 240, track, person=0.0)[:, -3]
    plateau = np.flatnonzero(fine > 0.999) / 240
    assert plateau[0] == pytest.approx(0.38, abs=0.01)
    assert np.ptp(plateau) >= 0.035
    assert fine[160:].max() == 0.0


def test_contacts_of_people_are_short_and_around_their_surest_moment() -> None:
    track = np.zeros((100, N_TRACK), np.float32)
    track[:, -1] = 1.0
    track[30:46, -3] = np.linspace(0.3, 0.9, 16)  # 0.6 to 0.9 s, surest at 0.9
    times_s = np.arange(2 * 960) / 960
    fine = sample_track(times_s, track, person=1.0)[:, -3]
    closed = times_s[fine > 0.999]
    assert np.ptp(closed) == pytest.approx(PERSON_HOLD_S, abs=0.006)
    assert closed[-1] == pytest.approx(0.9, abs=0.006)
    assert np.ptp(times_s[fine > 0]) < 0.13
    assert np.ptp(times_s[sample_track(times_s, track, person=0.0)[:, -3] > 0.999]) == pytest.approx(0.3, abs=0.006)


def test_silence_moves_nothing() -> None:
    from avatar.animator import animate

    motion = animate(Speech(np.zeros(32000, np.float32), 16000))
    assert motion.curve("jawOpen").max() < 0.02
