"""The bar that is shown while a long text is spoken."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from avatar.cli import main
from avatar.commands import shell


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def said(monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO, target: Path, *options: str) -> str:
    """Speak three sentences; return what went to the standard error stream."""
    monkeypatch.setattr("sys.stderr", stderr)
    with pytest.raises(SystemExit) as caught:
        main(["say", "Halt! Who goes there? Answer me.", "-e", "anger", "-o", str(target), *options])
    assert not caught.value.code
    return stderr.getvalue()


@pytest.mark.parametrize(("voice", "parts"), [("daisy", r"3"), ("formant", r"\d+")])
def test_a_bar_counts_what_is_spoken_where_somebody_watches(
    voice: str, parts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "QUICK_S", 0.0)
    seen = said(monkeypatch, Terminal(), tmp_path / "a.wav", "--voice", voice)
    assert re.search(rf"speech: .* 0/{parts} ", seen)
    assert seen.endswith("\r")  # Cleared: nothing is left of it.
    assert said(monkeypatch, io.StringIO(), tmp_path / "b.wav", "--voice", voice) == ""
    assert said(monkeypatch, Terminal(), tmp_path / "b.wav", "--voice", voice, "-q") == ""
    np.testing.assert_array_equal(soundfile.read(tmp_path / "a.wav")[0], soundfile.read(tmp_path / "b.wav")[0])


def test_a_bar_counts_the_parts_of_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "QUICK_S", 0.0)
    tone = 0.1 * np.sin(2 * np.pi * 220 * np.arange(45 * 16_000) / 16_000)
    soundfile.write(tmp_path / "long.wav", tone, 16_000)
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with pytest.raises(SystemExit) as caught:
        main(["sync", str(tmp_path / "long.wav"), "-o", str(tmp_path / "long.csv")])
    assert not caught.value.code
    # F0 in blocks of 20 s, the lips in blocks of 30 s.
    assert re.search(r"listening: .* 0/3 ", terminal.getvalue())
    assert re.search(r"listening: .* 0/2 ", terminal.getvalue())


def test_what_is_spoken_at_once_shows_no_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "QUICK_S", 60.0)
    assert said(monkeypatch, Terminal(), tmp_path / "a.wav") == ""
