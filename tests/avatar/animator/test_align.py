from __future__ import annotations

import csv

import numpy as np
import pytest

from avatar.align import align, align_speech
from avatar.recording import Recording, read_recording
from conditioning import InputError, Line
from conditioning.phones import SILENCE, strip_stress

pytest.importorskip("pocketsphinx", reason="alignment needs pocketsphinx")
TEXT = "My mother will bake a big apple pie before we leave."


@pytest.fixture(scope="module")
def spoken():
    from tts import open_voice

    return open_voice("formant").speak(Line.of(TEXT), seed=0)


def test_words_start_where_the_synthesiser_says(spoken) -> None:
    found = align(Recording(spoken.waveform, spoken.sample_rate), TEXT)
    truth = {w.symbol.strip(".,"): w.start_s for w in spoken.words if w.symbol}
    errors = [abs(w.start_s - truth[w.symbol.strip(".,")]) for w in found.words if w.symbol]
    assert len(errors) == 11
    assert np.median(errors) < 0.03
    assert max(errors) < 0.10


def test_phones_tile_and_lips_close_where_they_did(spoken) -> None:
    from avatar.animator import animate
    from avatar.motion_metrics import contact_counts

    aligned = align_speech(Recording(spoken.waveform, spoken.sample_rate), TEXT)
    assert aligned.phones[0].start_s == 0.0
    assert aligned.phones[-1].symbol == SILENCE
    counts = contact_counts(spoken, animate(aligned))
    assert counts.bilabial_made >= 0.9 * counts.bilabial


def test_a_real_recording_and_somebody_elses_text(shared_data) -> None:
    folder = shared_data / "ljspeech"
    with (folder / "metadata32.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE))
    name, text = rows[3][0], rows[3][-1]
    recording = read_recording(folder / "wavs" / f"{name}.wav")
    assert align(recording, text).score > -25.0
    for other in (rows[7][-1], rows[15][-1]):
        with pytest.raises(InputError, match="fit the recording"):
            align(recording, other)


def test_stress_and_unknown_words(spoken) -> None:
    found = align(Recording(spoken.waveform, spoken.sample_rate), TEXT.replace("big", "Bigg"))
    vowels = [p.symbol for p in found.phones if p.symbol.startswith("ˈ")]
    assert "ˈʌ" in vowels
    assert {"m", "b", "p"} <= {strip_stress(p.symbol) for p in found.phones}


@pytest.mark.parametrize(("text", "language", "message"), [
    ("", "en-us", "no words"), ("?!…", "en-us", "no words"), ("Guten Tag", "de", "English only"),
])  # fmt: skip
def test_what_cannot_be_aligned(text: str, language: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        align(Recording(np.zeros(16000, np.float32), 16000), text, language=language)


def test_silence_is_no_speech() -> None:
    with pytest.raises(InputError, match="fit the recording"):
        align(Recording(np.zeros(32000, np.float32), 16000), "This is said by nobody at all.")
