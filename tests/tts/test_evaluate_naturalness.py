"""The measurements behind `mien evaluate voice DATA`, on sounds and tables whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conditioning import InputError, Line
from tts import open_voice
from tts.evaluate_naturalness import FIGURES, _modulation_db, align, describe, log_spectral_distance, naturalness


def _table(seed: int, length: int, width: int = 25):
    """A smooth random trajectory."""
    rng = np.random.default_rng(seed)
    knots = rng.standard_normal((length // 20 + 2, width))
    return np.stack([np.interp(np.arange(length) / 20, np.arange(len(knots)), column) for column in knots.T], axis=1)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 30), st.integers(2, 30), st.integers(0, 99))
def test_the_path_runs_from_corner_to_corner_and_is_the_cheapest(n, m, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((n, 3)), rng.standard_normal((m, 3))
    left, right = align(a, b)
    assert (left[0], right[0], left[-1], right[-1]) == (0, 0, n - 1, m - 1)
    steps = np.stack([np.diff(left), np.diff(right)])
    assert ((steps >= 0) & (steps <= 1)).all()
    assert steps.any(axis=0).all()
    cost = np.linalg.norm(a[:, None] - b[None], axis=2)
    best = np.full((n, m), np.inf)  # the recursion of the paper's eq. 20, cell by cell
    for i in range(n):
        for j in range(m):
            before = [best[x, y] for x, y in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if x >= 0 and y >= 0]
            best[i, j] = cost[i, j] + (min(before) if before else 0.0)
    assert cost[left, right].sum() == pytest.approx(best[-1, -1])


def test_the_distance_knows_neither_tempo_nor_level_nor_colour():
    one = _table(1, 400)
    slow = np.repeat(one, 2, axis=0)
    assert log_spectral_distance(one, one + 3.0) == pytest.approx(0.0, abs=1e-6)
    assert log_spectral_distance(one, slow) < 0.1 * log_spectral_distance(one, _table(2, 400))


@pytest.mark.parametrize(("hertz", "band"), [(3.0, 0), (6.0, 1), (12.0, 2), (20.0, 3)])
def test_modulation_is_found_in_its_band_at_its_level(hertz, band):
    times = np.arange(1280) / 200.0
    rows = np.sin(2 * np.pi * hertz * times)[:, None] * np.ones(24)
    levels = list(_modulation_db(rows).values())
    assert int(np.argmax(levels)) == band
    louder = list(_modulation_db(2.0 * rows).values())
    np.testing.assert_allclose(np.subtract(louder, levels), 20 * np.log10(2.0), atol=1e-6)


def test_a_spoken_line_has_all_figures():
    try:
        speech = open_voice("formant").speak(Line.of("We waited for the morning."))
    except ImportError as error:
        pytest.skip(str(error))
    row = describe(speech.waveform, speech.sample_rate)
    assert all(np.isfinite(row[name]) for name in FIGURES)
    assert row["cepstrum"].shape[1] == 25
    quiet = describe(0.1 * speech.waveform, speech.sample_rate)
    assert quiet["variance_db"] == pytest.approx(row["variance_db"], abs=0.3)


def test_a_folder_without_recordings_is_named(tmp_path):
    with pytest.raises(InputError, match=r"metadata32.csv is not there"):
        naturalness(open_voice("formant"), tmp_path)
