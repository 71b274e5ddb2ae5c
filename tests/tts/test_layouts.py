"""Emotional corpora as they lie on people's disks, made small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from conditioning import Emotion, InputError
from tts.train_voice.layouts import layout_of, prepare_corpus, read_corpus, read_esd

ARCTIC = """( arctic_a0001 "Author of the danger trail, Philip Steels, etc." )
( arctic_a0002 "Not at this particular case, Tom, apologized Whittemore." )
( arctic_b0001 "Gad, your letter came just in time." )
"""


def tone(path: Path, rate: int = 16_000, seconds: float = 1.0, rest: float = 0.5) -> None:
    """A buzz of 150 Hz with half a second of silence on each side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    t = np.arange(int(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 150 * k * t) / k for k in range(1, 20)) * 0.1
    quiet = 1e-5 * np.random.default_rng(0).standard_normal(int(rest * rate))
    soundfile.write(str(path), np.concatenate([quiet, buzz, quiet]), rate)


@pytest.fixture
def esd(tmp_path: Path) -> Path:
    folder = tmp_path / "ESD"
    rows = {
        "0011_000001": ("The nine the eggs, I keep.", "Neutral"), "0011_000351": ("I did go and made many.", "Angry"),
        "0011_000701": ("Chew leaves quickly, said rabbit.", "Happy"), "0011_001051": ("Over here.", "Sad"),
        "0011_001401": ("Why, what is it?", "Surprise"),
    }  # fmt: skip
    for number, (name, (_, emotion)) in enumerate(rows.items()):
        parts = ["train"] if number % 2 else []
        tone(folder.joinpath("0011", emotion, *parts, f"{name}.wav"))
    text = "\n".join(f"{name}\t{words}\t{emotion}" for name, (words, emotion) in rows.items())
    (folder / "0011" / "0011.txt").write_text(text + "\n\n", encoding="utf-8")
    tone(folder / "0001" / "中立" / "0001_000001.wav")
    (folder / "0001" / "0001.txt").write_text("0001_000001\t打远一看\t中立\n", encoding="gb18030")
    return folder


@pytest.fixture
def emov(tmp_path: Path) -> Path:
    folder = tmp_path / "EmoV-DB"
    tone(folder / "bea" / "Amused" / "amused_1-15_0001.wav")
    tone(folder / "bea" / "sleepiness" / "sleepiness_1-28_0002.wav")
    tone(folder / "sam_Anger" / "anger_1-28_0002.wav")
    tone(folder / "sam_Disgusted" / "disgust_1-28_0001.wav")
    tone(folder / "sam_Neutral" / "neutral_1-28_0001.wav")
    (tmp_path / "cmuarctic.data").write_text(ARCTIC)
    return folder


def test_esd_with_and_without_parts(esd: Path) -> None:
    readings = read_corpus(esd)
    assert layout_of(esd) == "esd"
    assert {r.id: r.emotion for r in readings} == {
        "esd_0011_000001": Emotion(), "esd_0011_000351": Emotion(anger=1.0), "esd_0011_000701": Emotion(joy=1.0),
        "esd_0011_001051": Emotion(sadness=1.0), "esd_0011_001401": Emotion(surprise=1.0),
    }  # fmt: skip
    assert {r.speaker for r in readings} == {"esd_0011"}
    assert next(r.text for r in readings if r.emotion.sadness) == "Over here."


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_esd_transcripts_in_other_encodings(esd: Path, encoding: str) -> None:
    path = esd / "0011" / "0011.txt"
    path.write_text(path.read_text(encoding="utf-8"), encoding=encoding)
    assert len(list(read_esd(esd))) == 5


def test_emov_finds_arctics_sentences(emov: Path) -> None:
    readings = read_corpus(emov)
    assert layout_of(emov) == "emov"
    assert [(r.speaker, str(r.emotion), r.text.split()[0]) for r in readings] == [
        ("emov_bea", "joy:1", "Author"), ("emov_sam", "anger:1", "Not"), ("emov_sam", "disgust:1", "Author"),
        ("emov_sam", "neutral", "Author"),
    ]  # fmt: skip
    assert len({r.id for r in readings}) == len(readings)


def test_what_is_missing_is_named(esd: Path, emov: Path, tmp_path: Path) -> None:
    (tmp_path / "cmuarctic.data").unlink()
    with pytest.raises(InputError, match=r"no cmuarctic\.data"):
        read_corpus(emov)
    (esd / "0011" / "0011.txt").write_text("0011_000001 The nine the eggs Neutral\n")
    with pytest.raises(InputError, match=r"0011\.txt:1: .*with tabs between"):
        list(read_esd(esd))
    (esd / "0011" / "0011.txt").unlink()
    with pytest.raises(InputError, match=r"0011\.txt is missing"):
        list(read_esd(esd))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="neither as ESD nor as EmoV-DB"):
        layout_of(empty)
    with pytest.raises(InputError, match="0011 to 0020"):
        list(read_esd(empty))


def test_prepared_recordings_are_what_the_training_loads(esd: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from tts.train_voice.references import load_references

    work = tmp_path / "work"
    assert prepare_corpus(esd, work) == 5
    stamps = {p: p.stat().st_mtime_ns for p in work.rglob("*.npz")}
    assert prepare_corpus(esd, work) == 5  # goes on where it stopped
    assert {p: p.stat().st_mtime_ns for p in work.rglob("*.npz")} == stamps
    found = {r.emotion: r for r in load_references(work)}
    assert set(found) == {"neutral", "anger", "joy", "sadness", "surprise"}
    sad = found["sadness"]  # "Over here": three syllables in the second that sounds, of two
    assert sad.speaker == "esd_0011"
    assert sad.syllable_s == pytest.approx(1.0 / 3.0, rel=0.08)
    heard = sad.voiced > 0
    assert np.exp(np.median(sad.log_f0[heard])) == pytest.approx(150.0, rel=0.01)
