"""The measurements behind `mien evaluate voice` on sounds whose cues are known."""

from __future__ import annotations

import numpy as np
import pytest

from conditioning import Segment, Speech
from tts.acoustics import measure
from tts.evaluate_voice import HUMAN_BANDS, change, evaluation_lines
from tts.recogniser import plain_words, word_errors

RATE = 24_000


def _harmonics(f0_hz, slope_db_per_octave: float, seconds: float = 1.0) -> np.ndarray:
    """A pulse-like tone whose harmonics fall by a given slope; f0 may be an array."""
    t = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(f0_hz, t.shape)) / RATE
    count = int(9000 / np.max(f0_hz))
    levels = 10 ** (slope_db_per_octave * np.log2(np.arange(1, count + 1)) / 20)
    wave = sum(level * np.cos(k * phase) for k, level in enumerate(levels, 1))
    return (0.3 * wave / np.abs(wave).max()).astype(np.float32)


def _speech(wave: np.ndarray, borders=(0.0, 0.2, 0.5, 0.8, 1.0), symbols=("m", "ˈɑ", "sil", "ˈi")) -> Speech:
    phones = tuple(Segment(s, a, b) for s, a, b in zip(symbols, borders[:-1], borders[1:], strict=True))
    return Speech(wave, RATE, phones)


def test_mean_and_range_of_a_swept_tone():
    t = np.arange(RATE) / RATE
    f0 = 200.0 * 2 ** (np.interp(t, [0, 1], [-3, 3]) / 12)  # six semitones, evenly: 5th to 95th percentile is 5.4
    found = measure(_speech(_harmonics(f0, -9.0)))
    assert found["f0_mean_st"] == pytest.approx(12 * np.log2(200.0), abs=0.1)
    assert found["f0_range_st"] == pytest.approx(5.4, abs=0.15)


@pytest.mark.parametrize("slope", [-6.0, -12.0])
def test_tilt_and_alpha_follow_the_harmonics(slope):
    found = measure(_speech(_harmonics(150.0, slope)))
    harmonics = 150.0 * np.arange(1, 60)
    power = 10 ** (slope * np.log2(np.arange(1, 60)) / 10)
    high, low = power[(harmonics >= 1000) & (harmonics < 5000)].sum(), power[harmonics < 1000].sum()
    assert found["alpha_db"] == pytest.approx(10 * np.log10(high / low), abs=0.7)  # leakage of the 32 ms window
    assert found["tilt_db_per_octave"] == pytest.approx(slope, abs=1.0)  # third octaves hold whole harmonics


def test_times_come_from_the_phones():
    found = measure(_speech(_harmonics(150.0, -9.0)))
    assert found["pause_share"] == pytest.approx(0.3)
    assert found["syllable_rate"] == pytest.approx(2 / 0.7)
    assert found["vowel_s"] == pytest.approx(0.25)
    assert found["consonant_s"] == pytest.approx(0.2)


def test_change_has_the_units_of_the_human_table():
    a, b = {"vowel_s": 0.1, "pause_share": 0.0}, {"vowel_s": 0.12, "pause_share": 0.1}
    assert change(a, b, "vowel_s") == pytest.approx(0.2)
    assert change(a, b, "pause_share") == pytest.approx(10.0)
    assert all(low < high for bands in HUMAN_BANDS.values() for low, high in bands.values())


def test_word_errors_of_a_worked_example():
    # From D. Jurafsky and J. Martin, Speech and Language Processing, section 16.5: four substitutions, two insertions.
    said = plain_words("portable phone upstairs last night so")
    assert word_errors(plain_words("portable form of stores next light so far"), said) == 4 + 2
    assert word_errors(said, said) == 0


def test_sixty_different_sentences_of_plain_words():
    lines = evaluation_lines()
    assert len(set(lines)) == 60
    assert all(line[-1] in ".?!" and len(plain_words(line)) >= 6 for line in lines)
