"""Whatever is written, the daisy voice says it in sound and times that hold together, as a woman and as a man."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import checkpoints
from avatar import Avatar
from conditioning import EMOTION_NAMES, MienError
from conditioning.phones import SILENCE
from tts.syllables import is_vowel

WORDS = (
    "we", "the", "captain", "Siobhan", "Dvořák", "O'Brien", "NASA", "STOP", "déjà vu", "Łódź", "x", "I", "brrr", "1986",
    "$3.50", "10:45", "-7°C", "1,000,000,000", "3rd", "5/11/2024", "me@home.org", "😀", "👩‍👩‍👧", "…", "—", "“so”", "½",
    "№ 4", "*never*", "?!", "(hm)", "Ünïcödé", "日本", "привет", "e.g.", "\t", "\u200b",
)  # fmt: skip
MARKS = tuple(f"[{name}:{weight}]" for name in EMOTION_NAMES for weight in (0.3, 1.0))
#: The longest silence without a break in the markup: 240 frames of 5 ms, and the one of the next sentence after it.
LONGEST_SILENCE_S = 2.4
#: Nobody speaks outside of this; languages are read at 5 to 8 (F. Pellegrino et al., Language 87, 2011).
SYLLABLES_PER_S = (2.0, 8.0)


@pytest.fixture(scope="module", params=["daisy", "rowan"])
def avatar(request):
    if not {"daisy", "english_phones"} <= checkpoints.manifest().keys():
        pytest.skip("the voice's checkpoints are not in this checkout")
    return Avatar(speaker=request.param)


# Words of other languages are among them.
@pytest.mark.filterwarnings("ignore:.* seems to be .* and is spoken as:UserWarning")
@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS) | st.sampled_from(MARKS), min_size=1, max_size=12),
    st.sampled_from(["", " ", "\n"]),
    st.sampled_from([*EMOTION_NAMES, "neutral"]),
)
def test_any_text_is_spoken(avatar, pieces, glue, emotion):
    text = (glue or " ").join(pieces) if glue or len(pieces) % 2 else "".join(pieces)
    try:
        speech = avatar.say(text, emotion).speech
    except MienError:  # nothing in it can be said
        assume(False)
    wave, rate = speech.waveform, speech.sample_rate
    assert np.isfinite(wave).all()
    assert 0.01 < np.abs(wave).max() <= 1.0
    for segments in (speech.phones, speech.words):
        assert segments[0].start_s == 0.0
        assert all(a.end_s == b.start_s for a, b in itertools.pairwise(segments))
        borders = np.array([segment.end_s for segment in segments]) * rate
        np.testing.assert_allclose(borders, np.round(borders), atol=1e-6)
        assert round(borders[-1]) == len(wave)
    quiet = [phone.duration_s for phone in speech.phones if phone.symbol == SILENCE]
    assert max(quiet, default=0.0) <= LONGEST_SILENCE_S
    syllables = sum(is_vowel(phone.symbol) for phone in speech.phones)
    if syllables >= 5:
        low, high = SYLLABLES_PER_S
        assert low <= syllables / (speech.duration_s - sum(quiet)) <= high
