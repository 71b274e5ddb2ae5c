"""The measures themselves, on motions whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from avatar.animator import animate
from avatar.evaluate_motion import evaluate_pair, read_live_link
from avatar.motion_metrics import contact_counts, content_error, lag_ms, silence_mouth
from conditioning import ARKIT_INDEX, InputError, Motion, Speech, tile

RATE = 16_000


def jaw_motion(curve: np.ndarray, fps: float) -> Motion:
    weights = np.zeros((len(curve), 52))
    weights[:, ARKIT_INDEX["jawOpen"]] = curve
    return Motion(fps, weights, np.zeros((len(curve), 3)), np.zeros((len(curve), 2, 3)))


@pytest.mark.parametrize("shift_ms", [-80.0, -20.0, 0.0, 35.0, 120.0])
def test_lag_finds_a_known_shift(shift_ms: float, rng) -> None:
    def envelope(t: np.ndarray) -> np.ndarray:
        return 0.5 + 0.5 * np.sin(2 * np.pi * 1.3 * t) * np.sin(2 * np.pi * 0.37 * t + 1)

    times_s = np.arange(8 * RATE) / RATE
    speech = Speech((0.3 * envelope(times_s) * rng.normal(size=len(times_s))).astype(np.float32), RATE)
    motion = jaw_motion(0.4 * envelope(np.arange(480) / 60 - shift_ms / 1000), 60.0)
    assert lag_ms([(speech, motion)]) == pytest.approx(shift_ms, abs=6.0)


def test_contacts_are_counted(rng) -> None:
    speech = Speech(rng.normal(0, 0.1, RATE).astype(np.float32), RATE,
                    tile(["ɑ", "b", "ɑ", "f", "ɑ"], [0, 4000, 6000, 10000, 12000, 16000], RATE))  # fmt: skip
    wide_open = jaw_motion(np.full(60, 0.4), 60.0)
    assert contact_counts(speech, wide_open).shares() == {
        "bilabial_closure": 0.0, "labiodental_closure": 0.0, "false_closure": 0.0}  # fmt: skip
    shut = contact_counts(speech, jaw_motion(np.zeros(60), 60.0))
    assert shut.shares() == {"bilabial_closure": 1.0, "labiodental_closure": 0.0, "false_closure": 1.0}
    assert (shut.bilabial, shut.labiodental, shut.open) == (1, 1, 3)


def test_content_error_is_a_share_of_the_range() -> None:
    ramp = np.linspace(0.0, 0.4, 61)
    speech = Speech(np.full(RATE, 0.1, np.float32), RATE)
    error = content_error(speech, jaw_motion(ramp, 60.0), jaw_motion(ramp + 0.04, 60.0))
    assert error == pytest.approx(0.1 / 9, rel=1e-4)  # one of nine channels is off by a tenth of its range


def test_silence_is_judged_away_from_speech(rng) -> None:
    speech = Speech(rng.normal(0, 0.1, 2 * RATE).astype(np.float32), RATE,
                    tile(["sil", "ɑ", "sil"], [0, 12000, 16000, 32000], RATE))  # fmt: skip
    curve = np.zeros(120)
    curve[45:60] = 0.4
    assert silence_mouth(speech, jaw_motion(curve, 60.0)) == 0.0
    assert silence_mouth(speech, jaw_motion(curve + 0.1, 60.0)) == pytest.approx(0.1, abs=1e-6)


def test_a_live_link_table_is_read_back(make_speech, tmp_path) -> None:
    from avatar.export.live_link import write_csv
    from avatar.take import Take

    speech = make_speech()
    motion = animate(speech)
    path = tmp_path / "take.csv"
    write_csv(Take(speech, motion), path)
    read = read_live_link(path)
    assert read.fps == 60.0
    frames = min(len(read), len(motion))
    np.testing.assert_allclose(read.weights[:frames], motion.weights[:frames], atol=1e-4)
    figures = evaluate_pair(speech, read)
    assert figures["bilabial_closure"] == figures["labiodental_closure"] == 1.0


def test_another_table_is_refused(tmp_path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="Live Link"):
        read_live_link(path)
