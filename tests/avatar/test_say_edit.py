"""A take written as JSON, edited by hand, and said again."""

from __future__ import annotations

import json

import numpy as np
import pytest

import checkpoints
from avatar.cli import main
from avatar.export.take_json import SCHEMA_PATH, read_edits, read_json


def mien(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return int(stop.value.code or 0)


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.setattr("warnings.showwarning", None)  # the command line sets its own; put back afterwards
    if not {"daisy", "english_phones"} <= checkpoints.manifest().keys():
        pytest.skip("the voice's checkpoints are not in this checkout")
    path = tmp_path / "line.json"
    assert mien("say", "Leave. Now, my friend.", "-e", "anger:0.3", "-o", str(path), "-q") == 0
    return path


def test_edit_in_json_and_say_again(written, tmp_path):
    before = read_json(written)
    content = json.loads(written.read_text())
    rows = content["speech"]["phones"]
    index = next(i for i, row in enumerate(rows) if row["symbol"] == "ˈi")
    rows[index]["duration_s"] = 0.35
    rows[index]["f0_hz"] = [rows[index]["f0_hz"], 330]
    pytest.importorskip("jsonschema").validate(content, json.loads(SCHEMA_PATH.read_text()))
    written.write_text(json.dumps(content))
    again = tmp_path / "again.json"
    assert mien("say", "--edit", str(written), "-o", str(again), "-q") == 0
    after = read_json(again)
    assert after.speech.phones[index].duration_s == pytest.approx(0.35, abs=1e-9)
    assert after.text == before.text
    assert after.line == before.line
    grown = after.speech.duration_s - before.speech.duration_s
    assert grown == pytest.approx(0.35 - before.speech.phones[index].duration_s, abs=1e-6)
    assert after.motion.weights.shape[0] > before.motion.weights.shape[0]
    last = [take.speech.phones[-2] for take in (before, after)]
    ends = [take.speech.waveform[round(p.start_s * 24_000) : round(p.end_s * 24_000)] for take, p in
            zip((before, after), last, strict=True)]  # fmt: skip
    np.testing.assert_array_equal(*ends)


def test_a_take_that_was_not_edited_has_no_edits(written):
    take, edits = read_edits(written)
    assert edits == ()
    assert take.speech.phones


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give either TEXT or --edit"),
        (("Hello", "--edit", "FILE"), "give either TEXT or --edit"),
        (("--edit", "FILE", "--rate", "1.2"), "--rate cannot be changed"),
        (("--edit", "FILE", "-e", "joy"), "--emotion cannot be changed"),
    ],
)
def test_what_cannot_be_edited_is_said_in_one_line(written, arguments, message, tmp_path, capsys):
    arguments = [str(written) if a == "FILE" else a for a in arguments]
    assert mien("say", *arguments, "-o", str(tmp_path / "x.wav")) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "x.wav").exists()


@pytest.mark.parametrize("value", ["long", [], -1, {"a": 1}, 1e9])
def test_a_damaged_edit_is_named(written, value):
    from checkpoints.errors import InputError

    content = json.loads(written.read_text())
    content["speech"]["phones"][2]["duration_s"] = value
    written.write_text(json.dumps(content))
    with pytest.raises(InputError, match="phone 2"):
        read_edits(written)
