"""The filter over the spectrum's trajectories: its gains at the frequencies that they are for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import freqz

from tts.daisy.modulation import apply_filter, modulation_filter


@pytest.mark.parametrize("gains_db", [(0.0, 0.0), (3.0, 6.0), (-2.0, 2.0)])
def test_the_response_passes_through_the_gains(gains_db):
    frequencies, response = freqz(modulation_filter(gains_db), worN=4096, fs=200.0)
    level = 20.0 * np.log10(np.abs(response))
    assert level[0] == pytest.approx(0.0, abs=1e-9)
    for hertz, gain in zip((12.0, 20.5), gains_db, strict=True):
        assert np.interp(hertz, frequencies, level) == pytest.approx(gain, abs=0.6)  # 81 taps resolve 5 Hz
    assert np.abs(level[(frequencies < 3.0) | (frequencies > 50.0)]).max() < 0.6


def test_what_stands_still_stays_and_what_moves_grows(rng):
    times = np.arange(400) / 200.0
    still, moving = np.full((400, 2), 3.0), np.sin(2 * np.pi * 20.5 * times)[:, None]
    taps = modulation_filter((3.0, 6.0))
    np.testing.assert_allclose(apply_filter(still.astype(np.float32), taps), still, atol=1e-5)
    found = apply_filter(moving.astype(np.float32), taps)[50:-50]
    assert 20 * np.log10(found.std() / moving[50:-50].std()) == pytest.approx(6.0, abs=0.6)
    np.testing.assert_allclose(found, moving[50:-50] * found.std() / moving[50:-50].std(), atol=0.02)  # in phase
