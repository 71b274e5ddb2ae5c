"""Training data of the styles: readings moved along the axes of u, real speech measured, emotions calibrated."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from conditioning import EMOTION_NAMES  # noqa: E402
from tts.daisy.inputs import FEATURES, SpokenWord, encode  # noqa: E402
from tts.daisy.network import Sizes  # noqa: E402
from tts.daisy.style import LIMIT, N_STYLE, N_TIMBRE, UNITS, axis  # noqa: E402
from tts.train_voice.calibrate import CARRIERS, GOALS, corrected, goals  # noqa: E402
from tts.train_voice.data import Item, statistics  # noqa: E402
from tts.train_voice.prosody_data import reference_set, shifted  # noqa: E402
from tts.train_voice.references import Reference, measured_style, syllable_s  # noqa: E402
from tts.train_voice.style_space import Timbre, first_emotions, opposition, timbre_of  # noqa: E402
from tts.train_voice.styles import StyleMix, draw_style, restyle  # noqa: E402

LINE = encode([SpokenWord("back", ("b", "ˈæ", "k"), True, ","), SpokenWord("so", ("s", "ˈoʊ"), True, ".")])


def _item(rng, speaker=0):
    ends = np.cumsum(rng.integers(24, 50, len(LINE.ids)))
    total = int(ends[-1])
    voiced = np.isin(np.searchsorted(ends, np.arange(total), side="right"), [1, 2, 6]).astype(np.float32)
    log_f0 = (np.log(180.0) + 0.1 * np.sin(np.arange(total) / 15.0)).astype(np.float32)
    targets = rng.standard_normal((total, 63)).astype(np.float32)
    return Item(speaker, LINE.ids, LINE.features, ends, targets, log_f0, voiced)


@pytest.fixture
def timbre(rng):
    measured = {name: rng.standard_normal((2, 63)) for name in ("joy", "fear", "sadness", "disgust", "anger")}
    return timbre_of(measured)


def _style(n, **values):
    u = np.zeros((n, N_STYLE))
    for name, value in values.items():
        u[:, axis(name)] = value / UNITS[name]
    return u


def test_no_style_is_the_teachers_own_reading(rng, timbre):
    item = _item(rng)
    assert restyle(item, np.zeros((len(item.ids), N_STYLE)), timbre, np.log(180.0), rng) is item


def test_the_level_moves_by_the_asked_semitones(rng, timbre):
    item = _item(rng)
    moved = restyle(item, _style(len(item.ids), f0_level_st=4.0), timbre, np.log(180.0), rng)
    np.testing.assert_allclose(moved.log_f0 - item.log_f0, 4.0 * np.log(2.0) / 12.0, atol=1e-4)
    np.testing.assert_array_equal(moved.ends, item.ends)


def test_vowels_consonants_and_pauses_stretch_apart(rng, timbre):
    item = _item(rng)
    moved = restyle(item, _style(len(item.ids), vowel_ln=0.4, consonant_ln=-0.2), timbre, np.log(180.0), rng)
    ratio = np.diff(moved.ends, prepend=0) / np.diff(item.ends, prepend=0)
    vowel, silent = LINE.features[:, FEATURES.index("nucleus")] > 0, LINE.ids == 0
    np.testing.assert_allclose(ratio[vowel], np.exp(0.4), rtol=0.06)  # whole frames
    np.testing.assert_allclose(ratio[~vowel & ~silent], np.exp(-0.2), rtol=0.09)
    np.testing.assert_allclose(ratio[silent], 1.0, rtol=0.06)
    assert len(moved.targets) == len(moved.log_f0) == len(moved.voiced) == moved.ends[-1]


def test_the_colour_of_speech_moves_along_the_measured_direction(rng, timbre):
    item = _item(rng)
    k = EMOTION_NAMES.index("anger")
    u = np.zeros((len(item.ids), N_STYLE))
    u[:, -N_TIMBRE:] = timbre.emotions[k]
    change = restyle(item, u, timbre, np.log(180.0), rng).targets - item.targets
    phone = np.searchsorted(item.ends, np.arange(item.ends[-1]), side="right")
    np.testing.assert_allclose(change[LINE.ids[phone] == 0], 0.0, atol=1e-6)
    middle = (item.ends[1] + item.ends[2]) // 2  # of the vowel, six frames and more from its edges
    np.testing.assert_allclose(change[middle], (timbre.emotions @ timbre.voiced)[k], atol=1e-4)


def test_timbre_axes_hold_the_measured_emotions(rng):
    measured = {name: rng.standard_normal((2, 63)) for name in ("joy", "fear", "sadness", "disgust", "anger")}
    timbre = timbre_of(measured)
    k = EMOTION_NAMES.index("disgust")
    np.testing.assert_allclose((timbre.emotions @ timbre.voiced)[k], measured["disgust"][0], atol=1e-9)
    np.testing.assert_allclose((timbre.emotions @ timbre.unvoiced)[k], measured["disgust"][1], atol=1e-9)
    assert np.abs(timbre.emotions).max() == pytest.approx(1.0)


def test_styles_are_dropped_as_often_as_asked(rng):
    mix = StyleMix(plain=0.15)
    drawn = np.array([draw_style(0.5 * rng.standard_normal((8, N_STYLE)), mix, rng) for _ in range(2000)])
    assert np.mean(~drawn.any(axis=1)) == pytest.approx(0.15, abs=0.03)  # 3.7 standard errors
    assert np.abs(drawn).max() <= LIMIT


def test_opposition_is_the_cosine(timbre):
    found = opposition(first_emotions(timbre)[:, :-N_TIMBRE])
    assert set(found) == {"joy_sadness", "trust_disgust", "fear_anger", "surprise_anticipation"}
    assert found["joy_sadness"] < 0.0 < found["fear_anger"]  # both raise F0 in people: facts of EmoDB


def test_syllables_are_counted_without_pauses(tmp_path):
    path = tmp_path / "a.silb"
    path.write_text("0.10 der\n0.30 la\n0.40 (\n0.90 pen\n1.20 .\n")
    assert syllable_s(path) == pytest.approx((0.2 + 0.1 + 0.3) / 3)


def _reference(rng, f0_hz, emotion, syllable=0.2, speaker="emodb99", length=300):
    log_f0 = (np.log(f0_hz) + 0.1 * np.sin(np.arange(length) / 9.0)).astype(np.float32)
    targets = rng.standard_normal((length, 63)).astype(np.float32)
    return Reference(speaker, emotion, targets, log_f0, np.ones(length, np.float32), syllable)


def test_emotional_speech_is_measured_against_the_same_speakers_neutral(rng, timbre):
    rows = [_reference(rng, 100.0, "neutral"), _reference(rng, 200.0, "anger", 0.25), _reference(rng, 90.0, "")]
    found = measured_style(rows, timbre.basis)
    assert set(found) == {0, 1}
    assert found[1]["f0_level_st"] == pytest.approx(12.0, abs=1e-4)
    assert found[1]["syllable_ln"] == pytest.approx(np.log(0.25 / 0.2))
    made = reference_set(rows, first_emotions(timbre), timbre)
    np.testing.assert_allclose(made.styles[1, axis("f0_level_st")], min(12.0 / UNITS["f0_level_st"], LIMIT))
    assert made.emotions.tolist()[2] == -1


def test_a_reader_is_shifted_in_pitch_speed_and_colour(rng, timbre):
    item = _reference(rng, 120.0, "", speaker="librispeech1")
    u = _style(1, f0_level_st=-3.0, vowel_ln=0.25)[0]
    moved = shifted(item, u, timbre)
    assert len(moved.log_f0) == int(300 * np.exp(0.25))
    assert np.median(moved.log_f0) - np.median(item.log_f0) == pytest.approx(-3.0 * np.log(2) / 12, abs=0.02)


def test_calibration_of_a_linear_voice_arrives(timbre):
    wanted, emotions = goals(), first_emotions(timbre)
    k = EMOTION_NAMES.index("anger")
    u = emotions[k].copy()

    def heard(style):  # a voice that does 70 % of everything
        found = {cue: 0.7 * style[axis(name)] * gain for cue, (name, gain) in CARRIERS.items()}
        return found | {"alpha_db": 4.0 * np.linalg.norm(style[-N_TIMBRE:])}

    for _ in range(8):
        colour = np.linalg.norm(u[-N_TIMBRE:]) / np.linalg.norm(emotions[k, -N_TIMBRE:])
        u = corrected(u, heard(u), wanted["anger"], float(colour))
    for cue in GOALS:
        assert heard(u)[cue] == pytest.approx(wanted["anger"][cue], abs=0.05)


def _save(folder, name, item):
    np.savez(folder / f"{name}.npz", ids=item.ids, feats=item.features, ends=item.ends, mcep=item.targets[:, :60],
             bap=item.targets[:, 60:], lf0=item.log_f0, vuv=item.voiced)  # fmt: skip


@pytest.mark.training
def test_training_learns_a_style_resumes_and_exports(tmp_path, rng, timbre):
    from checkpoints import Checkpoint
    from tts.daisy.model import parse_model
    from tts.train_voice.export import voice_tensors
    from tts.train_voice.train import Styles, TrainingPlan, train
    from tts.train_voice.train_flow import train_flow

    (tmp_path / "feat" / "festival").mkdir(parents=True)
    for k in range(6):
        _save(tmp_path / "feat" / "festival", f"line{k}", _item(rng))
    real = [_reference(rng, 100.0 + 10 * k, e) for k, e in enumerate(["neutral", "anger", "joy", "neutral", "", ""])]
    emotions = first_emotions(timbre)
    styles = Styles(emotions, timbre, reference_set(real, emotions, timbre, first_speaker=3))
    sizes = Sizes(encoder=16, encoder_blocks=1, prosody=16, duration_blocks=1, pitch_blocks=1, decoder=16,
                  decoder_hidden=16, decoder_blocks=1, style=N_STYLE)  # fmt: skip
    out, held = tmp_path / "model.pt", frozenset({"line5"})
    plan = TrainingPlan(minutes=0.2, batch_size=4, references=4, rate=5e-3, sizes=sizes)
    rows = list(train(tmp_path / "feat", out, held, plan, styles))
    assert rows[-1]["duration"] < rows[0]["duration"]
    assert rows[-1]["items"] == 5
    longer = TrainingPlan(minutes=0.5, batch_size=4, references=4, rate=5e-3, sizes=sizes)
    assert next(iter(train(tmp_path / "feat", out, held, longer, styles)))["step"] > rows[-1]["step"]
    flow = list(train_flow(tmp_path / "feat", out, tmp_path / "flow.pt", held, plan, styles, blocks=1))
    assert flow[-1]["flow"] < flow[0]["flow"]
    state, second = (torch.load(tmp_path / name, weights_only=False) for name in ("model.pt", "flow.pt"))
    ones = np.ones(3)
    extra = {"widen": np.ones((3, 63)), "f0_widen": ones, "gain": ones, "emotions": emotions}
    tensors, metadata = voice_tensors(state, extra, second, decoder="flow")
    model = parse_model(Checkpoint("daisy", tensors, metadata, {"version": 2}))
    assert model.decoder == "flow"
    assert json.loads(metadata["sizes"])["flow_blocks"] == 1
    u = np.zeros((len(LINE.ids), N_STYLE), np.float32)
    slow = u.copy()
    slow[:, axis("vowel_ln")] = slow[:, axis("consonant_ln")] = 2.0
    lengths = [model.network.durations(model.network.encode(LINE.ids, LINE.features, s), 0, s) for s in (u, slow)]
    assert (lengths[1] - lengths[0])[1:4].mean() > 0.0  # longer phones where u says so


def test_statistics_of_a_speaker_without_readings_are_the_first_ones(rng):
    found = statistics([_item(rng)], 2)
    np.testing.assert_array_equal(found.target_mean[0], found.target_mean[1])


def test_timbre_is_found_again_in_a_spectrum(timbre):
    assert isinstance(timbre, Timbre)
    np.testing.assert_allclose(timbre.basis @ timbre.voiced.T, np.eye(N_TIMBRE), atol=1e-8)
