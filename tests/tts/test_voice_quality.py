"""Harmonics-to-noise ratio, jitter and shimmer: signals with known values, and Praat on a spoken line."""

from __future__ import annotations

import numpy as np
import pytest

from conditioning import Line, MienError
from tts import open_voice, world
from tts.voice_quality import voice_quality

RATE = 24_000


def _pulses(periods_s, sizes, rate=RATE):
    """Damped resonances that begin where each period does."""
    starts = np.cumsum(periods_s)
    wave = np.zeros(int((starts[-1] + 0.05) * rate))
    for start, size in zip(starts, sizes, strict=True):
        t = np.arange(len(wave)) / rate - start
        wave += np.where(t >= 0, size * np.exp(-600.0 * np.abs(t)) * np.sin(2 * np.pi * 700.0 * t), 0.0)
    return wave


def _f0(wave, f0_hz):
    return np.full(int(len(wave) / RATE * 200) - 4, f0_hz)


@pytest.mark.parametrize("snr_db", [5.0, 12.0, 20.0])
def test_harmonicity_is_the_ratio_of_tone_and_noise(rng, snr_db):
    t = np.arange(2 * RATE) / RATE
    tone = sum(np.sin(2 * np.pi * 150.0 * k * t + k) for k in range(1, 12))
    noise = rng.standard_normal(len(t)) * tone.std() * 10 ** (-snr_db / 20)
    found = voice_quality(tone + noise, RATE, _f0(tone, 150.0))
    assert found["hnr_db"] == pytest.approx(snr_db, abs=0.7)  # the best lag of a noisy correlation is a little too good


@pytest.mark.parametrize("jitter", [0.0, 0.005, 0.02])
def test_jitter_is_the_mean_difference_of_neighbouring_periods(rng, jitter):
    periods = 0.006 * (1.0 + jitter * rng.standard_normal(300))
    found = voice_quality(_pulses(periods, np.ones(300)), RATE, _f0(_pulses(periods, np.ones(300)), 1 / 0.006))
    expected = 100.0 * np.abs(np.diff(periods)).mean() / periods.mean()
    assert found["jitter_pct"] == pytest.approx(expected, rel=0.12, abs=0.08)


@pytest.mark.parametrize("shimmer", [0.0, 0.03, 0.10])
def test_shimmer_is_the_mean_difference_of_neighbouring_amplitudes(rng, shimmer):
    sizes = 1.0 + shimmer * rng.standard_normal(300)
    wave = _pulses(np.full(300, 0.006), sizes)
    expected = 100.0 * np.abs(np.diff(sizes)).mean() / sizes.mean()
    found = voice_quality(wave, RATE, _f0(wave, 1 / 0.006))
    assert found["shimmer_pct"] == pytest.approx(expected, rel=0.15, abs=0.3)


def test_silence_has_no_voice():
    found = voice_quality(np.zeros(RATE), RATE, np.zeros(200))
    assert all(np.isnan(value) for value in found.values())


@pytest.mark.parametrize("speaker", ["daisy", "rowan"])
def test_a_spoken_line_as_praat_hears_it(speaker):
    parselmouth = pytest.importorskip("parselmouth")
    from parselmouth.praat import call

    try:
        speech = open_voice("daisy", speaker=speaker).speak(Line.of("We were away a year ago, and nobody knew why."))
    except MienError as error:
        pytest.skip(f"the voice is not available here: {error}")
    wave = speech.waveform.astype(np.float64)
    ours = voice_quality(wave, RATE, world.pitch(wave, RATE))
    sound = parselmouth.Sound(wave, RATE)
    pulses = call(sound, "To PointProcess (periodic, cc)", 75.0, 420.0)
    limits = (0.0, 0.0, 0.0001, 0.02, 1.3)
    harmonicity = call(sound, "To Harmonicity (cc)", 0.01, 75.0, 0.1, 1.0)
    assert ours["hnr_db"] == pytest.approx(call(harmonicity, "Get mean", 0.0, 0.0), abs=1.5)
    assert ours["jitter_pct"] == pytest.approx(100 * call(pulses, "Get jitter (local)", *limits), rel=0.25)
    assert ours["shimmer_pct"] == pytest.approx(
        100 * call([sound, pulses], "Get shimmer (local)", *limits, 1.6), rel=0.25
    )
