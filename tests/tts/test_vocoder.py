"""What the vocoder adds to a voiced frame, heard by the measurements of a voice's quality."""

from __future__ import annotations

import numpy as np
import pytest

from tts import world
from tts.contour import melody
from tts.daisy.plan import NEUTRAL_JITTER_PCT
from tts.daisy.vocoder import N_CEPSTRUM, SAMPLE_RATE, synthesise
from tts.emotion_cues import cues_at
from tts.voice_quality import voice_quality

FRAMES = 400


def _vowel(f0_hz, breath=None):
    """A steady vowel without any noise of its own, its spectrum falling with frequency."""
    mcep = np.zeros((FRAMES, N_CEPSTRUM))
    mcep[:, :3] = (-9.0, 2.0, 0.5)
    return synthesise(mcep, np.full((FRAMES, 3), -40.0), f0_hz, breath).astype(np.float64)


def _quality(wave):
    return voice_quality(wave, SAMPLE_RATE, world.pitch(wave, SAMPLE_RATE))


def test_breath_lowers_the_harmonicity_step_by_step():
    f0_hz = np.full(FRAMES, 180.0)
    levels = [_quality(_vowel(f0_hz, np.full(FRAMES, share)))["hnr_db"] for share in (0.0, 0.5, 1.0)]
    assert levels[0] > levels[1] + 1.0 > levels[2] + 2.0
    np.testing.assert_array_equal(_vowel(f0_hz, np.zeros(FRAMES)), _vowel(f0_hz))


@pytest.mark.parametrize("level_hz", [110.0, 180.0])
def test_the_neutral_jitter_is_that_of_a_healthy_voice(rng, level_hz):
    still = {name: np.zeros(FRAMES) for name in cues_at(np.zeros(8))}
    times_s, flat, whole = np.arange(FRAMES) * 0.005, np.zeros(FRAMES), np.ones(FRAMES)

    def heard(percent):
        cues = {**still, "jitter_pct": np.full(FRAMES, percent)}
        source = np.full(FRAMES, level_hz)
        return _quality(_vowel(melody(source, level_hz, times_s, [(0.0, 2.0)], [], cues, flat, whole, rng)))[
            "jitter_pct"
        ]

    assert heard(0.0) < 0.1
    assert heard(-0.3) < 0.1
    assert 0.3 < heard(NEUTRAL_JITTER_PCT) < 1.04  # the sources of NEUTRAL_JITTER_PCT
