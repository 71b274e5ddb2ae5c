"""Targets, and the plain formats: sound, JSON, Live Link CSV."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avatar.export import WRITERS, check_target, targets, write
from avatar.export.live_link import timecode
from avatar.export.take_json import SCHEMA_PATH, read_json
from avatar.export.wave import write_wav
from avatar.take import Take
from checkpoints.errors import InputError, OutputError
from conditioning import ARKIT_NAMES, Motion

#: Header of a real take of Live Link Face (facts read off a file of the app).
REAL_SHAPES = (
    "EyeBlinkLeft,EyeLookDownLeft,EyeLookInLeft,EyeLookOutLeft,EyeLookUpLeft,EyeSquintLeft,EyeWideLeft,"
    "EyeBlinkRight,EyeLookDownRight,EyeLookInRight,EyeLookOutRight,EyeLookUpRight,EyeSquintRight,EyeWideRight,"
    "JawForward,JawRight,JawLeft,JawOpen,MouthClose,MouthFunnel,MouthPucker,MouthRight,MouthLeft,"
    "MouthSmileLeft,MouthSmileRight,MouthFrownLeft,MouthFrownRight,MouthDimpleLeft,MouthDimpleRight,"
    "MouthStretchLeft,MouthStretchRight,MouthRollLower,MouthRollUpper,MouthShrugLower,MouthShrugUpper,"
    "MouthPressLeft,MouthPressRight,MouthLowerDownLeft,MouthLowerDownRight,MouthUpperUpLeft,MouthUpperUpRight,"
    "BrowDownLeft,BrowDownRight,BrowInnerUp,BrowOuterUpLeft,BrowOuterUpRight,CheekPuff,CheekSquintLeft,"
    "CheekSquintRight,NoseSneerLeft,NoseSneerRight,TongueOut"
)
REAL_ANGLES = "HeadYaw,HeadPitch,HeadRoll,LeftEyeYaw,LeftEyePitch,LeftEyeRoll,RightEyeYaw,RightEyePitch,RightEyeRoll"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_csv_has_the_header_of_the_app_and_every_curve(take: Take, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    take.save(path)
    assert path.read_text().splitlines()[0] == f"Timecode,BlendShapeCount,{REAL_SHAPES},{REAL_ANGLES}"
    rows = rows_of(path)
    assert len(rows) == round(take.duration_s * 60)
    assert all(row["BlendShapeCount"] == "61" for row in rows)
    for name in ARKIT_NAMES:
        column = [float(row[name[0].upper() + name[1:]]) for row in rows]
        np.testing.assert_allclose(column, take.motion.curve(name), atol=1e-6)


def test_csv_looking_in_has_positive_left_eye_yaw(take: Take, tmp_path: Path) -> None:
    """In real takes LeftEyeYaw runs with LookIn − LookOut; yaw > 0 in a Motion is the character's left."""
    motion = Motion.still(0.5, 60.0)
    eyes, head = motion.eye_rotation.copy(), motion.head_rotation.copy()
    eyes[:, 0] = (0.1, -0.2, 0.0)  # the left eye looks down and towards the nose
    head[:] = (0.3, 0.4, 0.5)
    replace(take, motion=Motion(60.0, motion.weights, head, eyes)).save(tmp_path / "a.csv")
    row = {key: float(value) for key, value in rows_of(tmp_path / "a.csv")[3].items() if key != "Timecode"}
    assert row["LeftEyeYaw"] == pytest.approx(0.2)
    assert row["LeftEyePitch"] == pytest.approx(0.1)
    assert (row["HeadYaw"], row["HeadPitch"], row["HeadRoll"]) == pytest.approx((-0.4, 0.3, -0.5))


def test_timecode_counts_sixtieths_at_every_rate(take: Take, tmp_path: Path) -> None:
    take.save(tmp_path / "a.csv", fps=30)
    codes = [row["Timecode"] for row in rows_of(tmp_path / "a.csv")]
    assert codes[:3] == ["00:00:00:00.000", "00:00:00:02.000", "00:00:00:04.000"]
    assert codes[30] == "00:00:01:00.000"
    # The example row of a real take: 12:27:47 and 47.169 sixtieths.
    assert timecode(12 * 3600 + 27 * 60 + 47 + 47.169 / 60) == "12:27:47:47.169"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux' full device")
def test_a_sound_that_the_disk_does_not_take_is_an_error_of_the_system(take: Take) -> None:
    with pytest.raises(OSError):
        write_wav(take, Path("/dev/full"))


def test_wav_is_the_waveform(take: Take, tmp_path: Path) -> None:
    take.save(tmp_path / "a.wav")
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (1, 16_000, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    np.testing.assert_allclose(samples, take.speech.waveform, atol=1 / 32768)


def test_json_follows_its_schema_and_reads_back(take: Take, tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    take.save(tmp_path / "a.json")
    schema = json.loads(SCHEMA_PATH.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    content = json.loads((tmp_path / "a.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(content)
    again = read_json(tmp_path / "a.json")
    assert again.line == take.line
    assert again.speech.phones == take.speech.phones
    assert again.speech.emotion == take.speech.emotion
    assert (again.seed, again.settings, again.fps, again.size) == (take.seed, take.settings, take.fps, take.size)
    np.testing.assert_allclose(again.speech.waveform, take.speech.waveform, atol=1 / 32768)
    np.testing.assert_allclose(again.motion.weights, take.motion.weights, atol=1e-6)
    np.testing.assert_allclose(again.motion.eye_rotation, take.motion.eye_rotation, atol=1e-6)


@pytest.mark.parametrize(
    "damage",
    [
        {"format": "else"},
        {"version": 2},
        {"speech": {}},
        {"motion": None},
        {"line": {"spans": [{}]}},
        {"video": {"renderer": "x"}},
    ],
)
def test_damaged_json_is_refused(take: Take, tmp_path: Path, damage: dict[str, object]) -> None:
    path = tmp_path / "a.json"
    take.save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    with pytest.raises(InputError, match=r"a\.json"):
        read_json(path)
    path.write_bytes(b"\xff\xfe{")
    with pytest.raises(InputError, match="JSON"):
        read_json(path)


@pytest.mark.parametrize("name", ["ünï cödé 'x' $(1) 100%.wav", "UPPER.WAV", "-o.wav", "a.b.wav", "日本語.wav"])
def test_any_name_will_do(take: Take, tmp_path: Path, name: str) -> None:
    take.save(tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes()[:4] == b"RIFF"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.xyz", "unknown suffix '.xyz'"),
        ("a.jsn", r"did you mean \.json"),
        ("a", "no suffix"),
        (".wav", "no suffix"),
        ("none/a.wav", "does not exist"),
        ("file.txt/a.wav", "is a file, not a folder"),
        ("folder.wav", "is a folder"),
    ],
)
def test_bad_targets_are_refused_in_one_line(take: Take, tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "file.txt").write_text("")
    (tmp_path / "folder.wav").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OutputError, match=words) as caught:
        take.save(tmp_path / name)
    assert "\n" not in str(caught.value)
    with pytest.raises(OutputError, match=words):
        check_target(tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before


def test_unwritable_places_are_refused(take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own answer is asked for; root may write anywhere, so here it is made to say no."""
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    with pytest.raises(OutputError, match="not writable"):
        check_target(tmp_path / "a.wav")


def test_unknown_options_are_refused(take: Take, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean bits"):
        take.save(tmp_path / "a.wav", bit=24)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_nothing_remains_of_a_failed_write(tmp_path: Path, error: BaseException) -> None:
    target = tmp_path / "a.wav"
    target.write_bytes(b"old")

    def job(path: Path) -> None:
        path.write_bytes(b"half")
        raise error

    with pytest.raises(KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else OutputError):
        targets.write_whole(target, job)
    assert [file.name for file in tmp_path.iterdir()] == ["a.wav"]
    assert target.read_bytes() == b"old"


def test_full_disk_is_named(tmp_path: Path) -> None:
    def job(path: Path) -> None:
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"x")

    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(OutputError, match="disk is full"):
        targets.write_whole(tmp_path / "a.wav", job)


def test_every_writer_of_ours_can_be_imported() -> None:
    for suffix in WRITERS:
        if suffix in {".mp4", ".webm", ".gif"}:
            continue
        assert callable(WRITERS.load(suffix))


def test_sound_and_manifest_beside(take: Take, tmp_path: Path) -> None:
    write(take, tmp_path / "hello.unreal.csv", beside=True, fps=30)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "hello.unreal.csv",
        "hello.unreal.csv.manifest.json",
        "hello.wav",
    ]
    manifest = json.loads((tmp_path / "hello.unreal.csv.manifest.json").read_text())
    assert (manifest["fps"], manifest["frames"], manifest["rig"]) == (30, 45, "metahuman")
    for entry in manifest["files"]:
        data = (tmp_path / entry["name"]).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert {entry["name"] for entry in manifest["files"]} == {"hello.unreal.csv", "hello.wav"}
    write(take, tmp_path / "hello.unreal.csv", beside=True)  # ours may be replaced
    write(take, tmp_path / "hello.glb", beside=True)
    names = json.loads((tmp_path / "hello.glb.manifest.json").read_text())["names"]
    assert names == list(ARKIT_NAMES)


def test_a_sound_of_the_users_is_not_replaced(take: Take, tmp_path: Path) -> None:
    (tmp_path / "hello.wav").write_bytes(b"a voice actor's hour")
    with pytest.raises(OutputError, match="was not written beside an export"):
        write(take, tmp_path / "hello.glb", beside=True)
    assert (tmp_path / "hello.wav").read_bytes() == b"a voice actor's hour"
    assert len(list(tmp_path.iterdir())) == 1
