"""The command line as people use it, and as they misuse it."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

HELLO = ("say", "Hello there.", "-e", "joy:1")


def mien(*arguments: str, folder: Path, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "avatar", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, **options)  # type: ignore[call-overload, no-any-return]


def assert_refused(result: subprocess.CompletedProcess[str], says: str, folder: Path) -> None:
    """Status 2, one line, and nothing left in the folder."""
    assert result.returncode == 2
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert list(folder.iterdir()) == []


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Portraits that cannot be used, and one that can."""
    data = pytest.importorskip("skimage.data")
    folder = tmp_path_factory.mktemp("faces")
    astronaut = Image.fromarray(data.astronaut())
    astronaut.save(folder / "good.png")
    astronaut.resize((20, 20)).save(folder / "tiny.png")
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    (folder / "broken.png").write_bytes(b"not a picture")
    return folder


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("say", "", "-o", "x.wav"), "nothing to say"),
        (("idle",), "SECONDS or --listen-to"),
        (("idle", "0.1"), "from 0.5 to 86400 seconds"),
        (("idle", "--listen-to", "none.wav"), "there is no file none.wav"),
        (("idle", "5", "-o", "x.mp4"), "needs a face"),
        (("say", "…?!", "-o", "x.wav"), "nothing to say"),
        (("say", "🎉🎉", "-o", "x.wav"), "nothing to say"),
        (("say", "Hi.", "-e", "joyy", "-o", "x.wav"), "did you mean joy"),
        (("say", "Hi.", "-e", "joy:2", "-o", "x.wav"), "weights run from 0"),
        (("say", "Hi.", "-e", "joy:nan", "-o", "x.wav"), "weights run from 0"),
        (("say", "Hi.", "-e", "joy", "-o", "nowhere/x.wav"), "the folder nowhere does not exist"),
        (("say", "Hi.", "-e", "joy", "-o", "x.foo"), "unknown suffix '.foo'"),
        (("say", "Hi.", "-e", "joy", "-o", "x.mp4"), "needs a face"),
        (("say", "Hi.", "-e", "joy", "-o", "x.wav", "-o", "x.wav"), "twice"),
        (("say", "Hi.", "--voice", "nobody", "-o", "x.wav"), "no voice is called 'nobody'"),
        (("say", "Hi.", "--language", "xx", "-e", "joy", "-o", "x.wav"), "language 'xx'"),
        (("say", "Hola, amigo.", "--language", "es", "-o", "x.wav"), "language 'es' cannot be spoken by 'daisy'"),
        (("say", "Все люди", "-o", "x.wav"), "give words in Latin letters"),
        (("say", "Hi.", "--rate", "99", "-o", "x.wav"), "rate=99"),
        (("say", "Hi.", "--size", "big", "-o", "x.wav"), "'big' is not a size"),
        (("say", "Hi.", "--fps", "0", "-o", "x.wav"), "--fps"),
        (("sya", "Hi."), "No such command 'sya'; did you mean say?"),
        (("say", "Hi", "there."), "a text of several words stands in quotes"),
        (("say", "Hi.", "-e", "joy=0.5"), "write weights as in 'joy:0.8, fear:0.2'"),
        (("say", "Hi.", "-e", "joy:0.5 fear:0.2"), "write weights as in 'joy:0.8, fear:0.2'"),
        (("say", "Hi.", "-p", "none.png", "-o", "x.wav"), "there is no portrait none.png"),
        (("say",), "give either TEXT"),
    ],
)
def test_a_wrong_request_gets_one_line_and_leaves_nothing(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    result = mien(*arguments, folder=tmp_path)
    assert_refused(result, says, tmp_path)


def test_a_text_that_is_a_file_or_has_tags_is_read_aloud_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "line.txt").write_text("Hi.")
    for text, says in (("line.txt", "mien say - < line.txt"), ("Go <b>now</b>.", "'<b>' is read aloud")):
        result = mien("say", text, "-e", "joy", "-o", "x.wav", folder=tmp_path)
        assert result.returncode == 0
        assert says in result.stderr


@pytest.mark.parametrize("target", ["x.mp4", "x.gif"])
def test_transparency_that_a_file_cannot_hold_is_refused_before_any_work(tmp_path: Path, target: str) -> None:
    """No portrait has been opened yet: the one named here does not exist."""
    result = mien("say", "Hi.", "--portrait", "no.png", "--transparent", "-o", target, folder=tmp_path)
    assert_refused(result, f"{target} cannot be transparent; write .webm or .png.zip", tmp_path)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("noise.png", "no face was found"),
        ("tiny.png", "20x20"),
        ("broken.png", "not a picture"),
        ("missing.png", "no portrait"),
    ],
)
def test_a_wrong_portrait_gets_one_line_and_leaves_nothing(faces: Path, tmp_path: Path, name: str, says: str) -> None:
    result = mien(*HELLO, "-p", str(faces / name), "-o", "x.mp4", folder=tmp_path)
    assert_refused(result, says, tmp_path)


def test_an_idle_face_is_curves_alone_by_default(tmp_path: Path) -> None:
    assert mien("idle", "2", "-e", "joy:0.5", folder=tmp_path).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["take.csv"]
    with (tmp_path / "take.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 120  # 60 frames a second
    assert {float(row["JawOpen"]) for row in rows} == {0.0}
    assert min(float(row["MouthSmileLeft"]) for row in rows) > 0.2


def test_the_same_seed_gives_the_same_bytes_in_two_processes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert mien(*HELLO, "--seed", "7", "-o", f"{name}.wav", "-o", f"{name}.csv", folder=tmp_path).returncode == 0
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_text_comes_from_standard_input(tmp_path: Path) -> None:
    result = mien("say", "-", "-e", "joy", "-o", "x.wav", folder=tmp_path, input="Good morning.\n")
    assert result.returncode == 0
    assert soundfile.info(tmp_path / "x.wav").duration > 0.5


def test_help_answers_at_once_and_imports_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys, avatar.cli; heavy = {'numpy', 'torch', 'mediapipe', 'scipy'} & set(sys.modules); print(heavy)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        assert mien("--help", folder=tmp_path).returncode == 0
        seconds.append(time.perf_counter() - start)
    # Half a second on an idle machine; the factor leaves room for one that is not.
    assert min(seconds) < 3 * 0.5


def test_doctor_names_backends_licences_and_the_way_to_mend_what_is_missing(tmp_path: Path) -> None:
    result = mien("doctor", folder=tmp_path)
    assert result.returncode == 0
    for text in ("formant", "portrait", ".mp4", "face_rig", "MIT", "GPL-3.0"):
        assert text in result.stdout


@pytest.mark.slow
def test_ctrl_c_in_the_middle_of_a_video_leaves_nothing(faces: Path, tmp_path: Path) -> None:
    text = "This is a rather long line, so that the video takes a while. " * 8
    command = [sys.executable, "-m", "avatar", "say", text, "-e", "joy", "-p", str(faces / "good.png"), "-o", "x.mp4"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not any(tmp_path.rglob("x.mp4")):
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130
    assert complaint.strip().splitlines()[-1] == "mien: interrupted"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small disk")
def test_a_full_disk_in_the_middle_of_a_video_is_said_and_leaves_nothing(faces: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("cannot mount a small disk here")
    try:
        result = mien(*HELLO, "-p", str(faces / "good.png"), "-o", "x.mp4", folder=disk)
        assert_refused(result, "disk is full", disk)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
