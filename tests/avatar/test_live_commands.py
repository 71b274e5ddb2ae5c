"""``mien head`` and ``mien stream`` from the outside."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import numpy as np
import pytest
import soundfile

from avatar.cli import main
from avatar.take import Take


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    output = capsys.readouterr()
    return int(caught.value.code or 0), output.out, output.err


def test_a_head_is_added_listed_and_used(
    take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    take.save(tmp_path / "goblin.glb")
    status, out, _ = run(["head", "add", str(tmp_path / "goblin.glb")], capsys)
    assert (status, out) == (0, "goblin: 22283 vertices, 52 of 52 shapes\n")
    assert str(tmp_path / "goblin.glb") in run(["head", "list"], capsys)[1]
    assert run(["head", "add", str(tmp_path / "goblin.glb")], capsys)[2] == ""
    take.save(tmp_path / "again.glb", head="goblin")
    assert (tmp_path / "again.glb").stat().st_size > 20_000_000
    status, _, err = run(["head", "add", str(tmp_path / "again.glb"), "--name", "goblin"], capsys)
    assert (status, f"goblin was {tmp_path / 'goblin.glb'} before" in err) == (0, True)
    (tmp_path / "bad.glb").write_bytes(b"nothing")
    for arguments, words in (
        (["head", "add", str(tmp_path / "bad.glb")], "is no binary glTF"),
        (["head", "add", str(tmp_path / "none.glb")], "cannot read"),
        (["head", "add", str(tmp_path / "goblin.glb"), "--rename", "x"], "write OLD=NEW"),
    ):
        status, _, err = run(arguments, capsys)
        assert status == 2
        assert words in err
        assert err.count("\n") == 1


@pytest.mark.filterwarnings("ignore")
def test_a_line_is_streamed(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        address = f"livelink://127.0.0.1:{receiver.getsockname()[1]}"
        status, out, _ = run(["stream", "Hi!", "-e", "joy", "--to", address, "--wait", "0"], capsys)
        assert status == 0
        assert "frames, the latest 1 %" in out
        assert receiver.recv(65536)[:4] == b"\x06\0\0\0"
    status, _, err = run(["stream", "Hi!", "--to", "nowhere"], capsys)
    assert status == 2
    assert "is not known" in err


@pytest.mark.filterwarnings("ignore")
def test_a_voice_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rate = 8000
    buzz = (8000 * np.sign(np.sin(2 * np.pi * 120 * np.arange(rate // 2) / rate))).astype("<i2")
    soundfile.write(tmp_path / "voice.flac", buzz, rate)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        to = ["--to", f"livelink://127.0.0.1:{receiver.getsockname()[1]}", "--wait", "0"]
        status, out, err = run(["stream", "--sound", str(tmp_path / "voice.flac"), *to], capsys)
        assert (status, err) == (0, "")
        assert out.startswith("a voice, 243 ms late")
        assert out.splitlines()[-1].startswith("30 frames")
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(buzz.tobytes() + b"x")))
        status, out, _ = run(["stream", "--sound", "-", "--sound-rate", str(rate), *to], capsys)
        assert status == 0
        assert out.splitlines()[-1].startswith("30 frames")
    for arguments, words in (
        (["stream"], "give either TEXT or --sound"),
        (["stream", "Hi!", "--sound", "-"], "give either TEXT or --sound"),
        (["stream", "--sound", "none.wav"], "there is no file"),
    ):
        status, _, err = run(arguments, capsys)
        assert (status, err.count("\n")) == (2, 1)
        assert words in err
