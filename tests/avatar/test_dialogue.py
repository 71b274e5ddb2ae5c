"""Whole scripts: same bytes however a run goes, nothing lost, nothing made twice."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avatar.dialogue import Job, Settings, new_cast, plan, read_cast, read_script
from avatar.dialogue.estimate import estimate
from avatar.dialogue.journal import Journal, is_finished, read_records
from avatar.dialogue.perform import take_of
from avatar.dialogue.run import perform_here, run
from avatar.dialogue.scene import Scene
from avatar.dialogue.sheet import moods_picture, write_sheet
from checkpoints import InputError, OutputError
from conditioning import ARKIT_NAMES, Emotion

LINES = [("Mira", "Yes.", "joy"), ("Guard", "Halt!", "anger:0.6"), ("Mira", "No, wait.", ""), ("Guard", "Go.", "")]


@pytest.fixture
def scene_files(tmp_path: Path) -> tuple[Path, Path]:
    script, cast = tmp_path / "scene.csv", tmp_path / "cast.toml"
    rows = [f"l{i},{speaker},{text.replace(',', '')},{emotion}" for i, (speaker, text, emotion) in enumerate(LINES)]
    script.write_text("line_id,speaker,text,emotion\n" + "\n".join(rows) + "\n", encoding="utf-8")
    cast.write_text("[mira]\npitch_st = 2\n[guard]\nrate = 1.1\n", encoding="utf-8")
    return script, cast


@pytest.fixture
def jobs(scene_files: tuple[Path, Path]) -> list[Job]:
    return plan(read_script(scene_files[0]), read_cast(scene_files[1]), Settings())


def planned(folder: Path, script: str, cast: str = "[mira]\n", formats: tuple[str, ...] = (".wav",)) -> list[Job]:
    """The jobs of a sheet and a cast, written into a folder as s.csv and c.toml."""
    (folder / "s.csv").write_text(script, encoding="utf-8")
    (folder / "c.toml").write_text(cast, encoding="utf-8")
    return plan(read_script(folder / "s.csv"), read_cast(folder / "c.toml"), Settings(formats))


def test_moods_read_lines_in_the_run_s_language(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("line_id,speaker,text\na,Mira,I am so happy!\n", encoding="utf-8")
    (tmp_path / "c.toml").write_text("[mira]\n", encoding="utf-8")
    script, cast = read_script(tmp_path / "s.csv"), read_cast(tmp_path / "c.toml")
    (english,) = plan(script, cast, Settings(moods=True))
    assert Emotion.parse(english.emotion).joy > 0.5
    with pytest.warns(UserWarning, match="English only"):
        (french,) = plan(script, cast, Settings(moods=True, language="fr-fr"))
    assert Emotion.parse(french.emotion).intensity == 0.0


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder, with its hash."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_two_workers_and_one_make_the_same_tree(jobs: list[Job], tmp_path: Path) -> None:
    outcome = run(jobs, tmp_path / "two", workers=2)
    assert (outcome.rendered, outcome.kept, outcome.failed) == (4, 0, 0)
    run(jobs, tmp_path / "one", workers=1)
    assert tree(tmp_path / "two") == tree(tmp_path / "one")
    assert set(tree(tmp_path / "one")) == {"manifest.jsonl"} | {name for job in jobs for name in job.files}


@pytest.mark.parametrize(
    ("text", "given", "duration_s", "felt"),
    [
        ("…", "", 1.6, {}),
        ("......", "sadness:0.8", 2.2, {"sadness": 0.8}),
        ("[anger:0.6] ?!", "sadness", 1.4, {"anger": 0.6}),
        ("[joy:0.5] ... [pause 2]", "", 3.6, {"joy": 0.5}),
    ],
)
def test_a_line_without_words_is_a_silent_face_that_feels(
    tmp_path: Path, text: str, given: str, duration_s: float, felt: dict[str, float]
) -> None:
    sheet = f"line_id,speaker,text,emotion\na,Mira,{text},{given!r}\n".replace("'", '"')
    (job,) = planned(tmp_path, sheet, formats=(".wav", ".csv"))
    with pytest.warns(UserWarning, match="no words in"):
        take = take_of(job)
    assert take.duration_s == pytest.approx(duration_s, abs=1e-6)
    assert not take.speech.waveform.any()
    assert take.speech.emotion.at(0.7) == Emotion(**felt)
    jaw = take.motion.weights[:, ARKIT_NAMES.index("jawOpen")]
    assert jaw.max() < 0.12, "nobody speaks"
    assert np.ptp(take.motion.head_rotation, axis=0).max() > np.deg2rad(0.3), "and yet it lives"
    record = run([job], tmp_path / "out", workers=1).records[0]
    assert "silent face" in record["warnings"][0]
    assert "error" not in record


def test_all_speakers_without_a_table_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no table for 2 speakers \(lines\): 'Ann' \(2\), 'narrator' \(1\); add"):
        planned(tmp_path, "line_id,speaker,text\na,Mira,Yes.\nb,Ann,No.\nc,Ann,Go.\nd,,It rains.\n")
    assert len(plan(read_script(tmp_path / "s.csv"), read_cast(tmp_path / "c.toml"), Settings(), only=["Mira"])) == 1


def test_a_new_cast_has_every_speaker_once_and_gives_each_another_voice(tmp_path: Path) -> None:
    script = tmp_path / "s.csv"
    names = ["Mira", "mira", "", 'O\'Neil [the "Kid"]', "Żaba", *(f"n{i}" for i in range(8))]
    rows = [f'l{i},"{name.replace(chr(34), chr(34) * 2)}",Yes.' for i, name in enumerate(names)]
    script.write_text("line_id,speaker,text\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "c.toml").write_text(new_cast(read_script(script)), encoding="utf-8")
    cast = read_cast(tmp_path / "c.toml")
    assert len(cast.characters) == len(names) - 1
    assert len({(character.speaker, character.pitch_st) for character in cast.characters}) == len(names) - 1
    assert len(plan(read_script(script), cast, Settings())) == len(names)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_ray_cluster_makes_the_same_tree(jobs: list[Job], tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="mien[ray] is not installed")
    outcome = run(jobs, tmp_path / "ray", ray_address="local")
    assert (outcome.rendered, outcome.failed) == (4, 0)
    run(jobs, tmp_path / "here", workers=1)
    assert tree(tmp_path / "ray") == tree(tmp_path / "here")


def test_a_second_run_makes_nothing_and_a_changed_line_only_itself(
    jobs: list[Job], scene_files: tuple[Path, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    run(jobs, folder, workers=1)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.wav")}
    again = run(jobs, folder, workers=1)
    assert (again.rendered, again.kept) == (0, 4)
    scene_files[0].write_text(scene_files[0].read_text().replace("Halt!", "Stop!"))
    changed = run(plan(read_script(scene_files[0]), read_cast(scene_files[1]), Settings()), folder, workers=1)
    assert (changed.rendered, changed.kept) == (1, 3)
    touched = [path.name for path, time_ns in before.items() if path.stat().st_mtime_ns != time_ns]
    assert touched == ["l1.wav"]


def test_a_missing_or_cut_file_is_made_again(jobs: list[Job], tmp_path: Path) -> None:
    run(jobs[:1], tmp_path, workers=1)
    records = read_records(tmp_path / "manifest.jsonl")
    assert is_finished(jobs[0], records, tmp_path)
    wave = tmp_path / jobs[0].files[0]
    wave.write_bytes(wave.read_bytes()[:100])
    assert not is_finished(jobs[0], records, tmp_path)


def test_a_line_that_fails_is_recorded_and_does_not_stop_the_others(tmp_path: Path) -> None:
    lines = "a,Mira,Yes.,joy\nb,Mira,你好,joy\nc,Mira,No.,joyy\nd,Mira,Go.,\ne,Mira,Hi {$x}.,\n"
    outcome = run(planned(tmp_path, "line_id,speaker,text,emotion\n" + lines), tmp_path / "out", workers=1)
    assert (outcome.rendered, outcome.failed) == (2, 3)
    errors = {record["line_id"]: record.get("error", "") for record in outcome.records}
    assert "nothing to say" in errors["b"]
    assert "did you mean joy" in errors["c"]
    assert "holds {$x}, which only the game knows" in errors["e"]
    page = write_sheet(tmp_path / "out", outcome.records, "<s>").read_text()
    assert page.count("<audio") == 2
    assert re.search(r"--own:#e3b505\">joy 0\.[5-9]</i>", page)
    assert page.count('class="error"') == 4  # three lines and the summary
    assert "$" not in page.replace("{$x}", "")
    assert "&lt;s&gt;" in page
    assert "<s>" not in page


def test_the_sheet_shows_the_faces_of_speakers_and_passes_over_films(tmp_path: Path) -> None:
    blue, film = tmp_path / "blue.png", tmp_path / "film.mp4"
    Image.new("RGBA", (400, 600), (0, 0, 255, 255)).save(blue)
    film.write_bytes(b"not a picture")
    records = [
        {"speaker": name, "text": "Hi.", "line_id": name, "files": {"a.mp4": ""}} for name in ('"Mi" <ra>', "Bo")
    ]
    page = write_sheet(tmp_path, records, "s", {'"Mi" <ra>': blue, "Bo": film, "absent": blue}).read_text()
    (encoded,) = re.findall(r"url\(\"data:image/jpeg;base64,([^\"]+)\"\)", page)
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as face:
        assert face.size == (176, 264)
        assert max(abs(a - b) for a, b in zip(face.getpixel((80, 80)), (0, 0, 255), strict=True)) < 8
    (rule,) = re.findall(r'\[data-face="(\w+)"\] video', page)
    assert page.count(f'data-face="{rule}"') == 2  # the rule and the line that it is for


def test_the_line_that_kills_its_worker_is_blamed_alone(jobs: list[Job], tmp_path: Path) -> None:
    records = list(perform_here([*jobs[:3], _Poison(jobs[3])], tmp_path, workers=2))
    by_id = {record["line_id"]: record for record in records}
    assert "worker process died" in by_id["l3"]["error"]
    assert all("error" not in by_id[name] for name in ("l0", "l1", "l2"))


class _Poison(Job):
    """A job at whose sight a worker process dies."""

    def __init__(self, job: Job) -> None:
        self.__dict__.update(job.__dict__, here=os.getpid())

    @property
    def files(self) -> tuple[str, ...]:
        if os.getpid() != self.here:
            os.kill(os.getpid(), signal.SIGKILL)
        return ()


def test_a_line_that_a_broken_pool_did_not_take_is_not_lost(
    jobs: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count()

    class Pool(ThreadPoolExecutor):
        def submit(self, *call: object) -> Future[dict[str, str]]:  # type: ignore[override]
            if next(calls) == 1:
                raise BrokenProcessPool
            return super().submit(*call)  # type: ignore[arg-type]

    monkeypatch.setattr("avatar.dialogue.run.worker_pool", Pool)
    monkeypatch.setattr("avatar.dialogue.run.perform", lambda job, folder: {"line_id": job.line.line_id})
    assert sorted(record["line_id"] for record in perform_here(jobs[:3], tmp_path, 1)) == ["l0", "l1", "l2"]


def test_a_run_of_some_lines_keeps_what_is_known_of_the_others(
    scene_files: tuple[Path, Path], jobs: list[Job], tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run(jobs, whole, workers=1)
    script, cast = read_script(scene_files[0]), read_cast(scene_files[1])
    some = run(plan(script, cast, Settings(), only=["MIRA"]), parts, workers=1, keep_others=True)
    assert [record["line_id"] for record in some.records] == ["l0", "l2"]
    other = run(plan(script, cast, Settings((".wav",)), only=["l0"]), parts, workers=1, keep_others=True)
    assert (other.rendered, [record["line_id"] for record in other.records]) == (1, ["l0", "l2"])
    assert set(other.records[0]["files"]) == {jobs[0].stem + ".wav"}
    rest = run(jobs, parts, workers=1)
    assert (rest.rendered, rest.kept) == (3, 1), "l0 once more with its curves, l1 and l3"
    assert tree(parts) == tree(whole)


def test_scripts_that_share_a_folder_keep_their_records(jobs: list[Job], tmp_path: Path) -> None:
    folder, lines = tmp_path / "out", {"a": jobs[:2], "b": jobs[2:]}
    for script in ("b", "a"):
        assert run(lines[script], folder, script=script, workers=1).rendered == 2
    whole = tree(folder)
    for script in ("b", "a"):
        again = run(lines[script], folder, script=script, workers=1)
        assert (again.rendered, again.kept) == (0, 2)
        assert [(r["script"], r["line_id"]) for r in again.records] == [
            ("a", "l0"),
            ("a", "l1"),
            ("b", "l2"),
            ("b", "l3"),
        ]
        assert tree(folder) == whole
    shorter = run(jobs[:1], folder, script="a", workers=1)
    assert [record["line_id"] for record in shorter.records] == ["l0", "l2", "l3"], "a lost a line, b did not"


def test_what_a_stopped_run_has_made_outlives_another_script(jobs: list[Job], tmp_path: Path) -> None:
    with Journal(tmp_path, "a") as journal:
        for record in perform_here(jobs[:2], tmp_path, 1):
            journal.add(record)
    run(jobs[2:], tmp_path, script="b", workers=1)
    assert run(jobs[:2], tmp_path, script="a", workers=1).rendered == 0


def test_ids_that_two_scripts_have_in_common_are_said(jobs: list[Job], scene_files: tuple[Path, Path]) -> None:
    folder = scene_files[0].parent / "out"
    run(jobs[1:2], folder, script="a", workers=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # A renamed script: the same lines.
        assert run(jobs[1:2], folder, script="b", workers=1).kept == 1
    scene_files[0].write_text(scene_files[0].read_text().replace("Halt!", "Stop!"))
    changed = plan(read_script(scene_files[0]), read_cast(scene_files[1]), Settings())
    with pytest.warns(UserWarning, match=r"^lines of b in .*out are replaced, 1 in all, 'l1' first"):
        outcome = run(changed[:2], folder, script="c", workers=1)
    assert [(record["script"], record["text"]) for record in outcome.records] == [("c", "Yes."), ("c", "Stop!")]


def test_the_command_keeps_two_scripts_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[mira]\n")
    for language, text in (("en-gb", "Yes."), ("en-us", "No.")):
        (tmp_path / language).mkdir()
        (tmp_path / language / "s.csv").write_text(f"line_id,speaker,text\na,Mira,{text}\n")
        arguments = [f"{language}/s.csv", "c.toml", "-o", "out", "--language", language, "--workers", "1", "--plot"]
        command = [sys.executable, "-m", "avatar", "dialogue", *arguments]
        subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    records = list(read_records(tmp_path / "out" / "manifest.jsonl").values())
    assert [(r["script"], r["text"]) for r in records] == [("../en-gb/s.csv", "Yes."), ("../en-us/s.csv", "No.")]
    page = (tmp_path / "out" / "index.html").read_text()
    assert "<h1>out</h1>" in page
    assert page.count("<article") == 2
    pictures = re.findall(r'<img class="moods" src="([^"]+)"', page)
    assert len(set(pictures)) == 2
    assert all((tmp_path / "out" / picture).stat().st_size > 0 for picture in pictures)


def test_each_script_has_a_picture_of_its_moods(tmp_path: Path) -> None:
    scripts = ("../s.csv", "../../s.csv", "s.csv", "../s.yarn", "../en/s.csv", "../en_s.csv")
    pictures = {moods_picture(tmp_path, script) for script in scripts}
    assert len(pictures) == len(scripts)
    assert {picture.parent for picture in pictures} == {tmp_path}
    assert tmp_path / "moods-s.csv.png" in pictures


@pytest.mark.parametrize(
    ("cast", "formats", "says"),
    [
        ("[mira]\nspeaker = 'dazy'\n[guard]\n", (".wav",), r"\[mira\]: voice 'daisy' has no speaker 'dazy'.*daisy"),
        ("[mira]\nvoice = 'daysy'\n[guard]\n", (".wav",), r"\[mira\]: no voice is called 'daysy'"),
        ("[mira]\n[guard]\nrenderer = 'mesh'\n", (".wav", ".mp4"), r"\[mira\] has no portrait, and \.mp4 needs a face"),
    ],
)
def test_what_would_fail_every_line_of_a_character_is_said_before_any_work(
    scene_files: tuple[Path, Path], cast: str, formats: tuple[str, ...], says: str
) -> None:
    scene_files[1].write_text(cast)
    script, characters = read_script(scene_files[0]), read_cast(scene_files[1])
    with pytest.raises(InputError, match=says):
        plan(script, characters, Settings(formats))
    assert len(plan(script, characters, Settings(formats), only=["guard"])) == 2


def test_the_command_names_each_line_that_failed(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("line_id,speaker,text,emotion\na,Mira,Yes.,joyy\nb,Mira,Hi {$x}.,joy\n")
    (tmp_path / "c.toml").write_text("[mira]\n")
    command = [sys.executable, "-m", "avatar", "dialogue", "s.csv", "c.toml", "-o", "out", "--workers", "1", "-q"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    first, second = result.stderr.splitlines()
    assert first.startswith("mien: s.csv:2: a: unknown emotion 'joyy'")
    assert second.startswith("mien: s.csv:3: b: the text holds {$x}")


def test_the_command_counts_lines_with_warnings_and_rows_without_a_text(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("line_id,speaker,text\na,Mira,Yes.\nb,Mira,\nc,Mira,Ich bin nicht da.\n")
    (tmp_path / "c.toml").write_text("[mira]\n")
    command = [sys.executable, "-m", "avatar", "dialogue", "s.csv", "c.toml", "-o", "out", "--workers", "1"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout == (f"2 made, 0 kept, 0 failed, 1 with warnings, 1 without text: {Path('out/index.html')}\n")
    assert result.stderr.count("no text") == 1


def test_the_estimate_counts_the_head_in_every_file(scene_files: tuple[Path, Path]) -> None:
    folder = scene_files[0].parent / "out"
    settings = Settings((".wav", ".csv", ".glb", ".anim"))
    (job,) = plan(read_script(scene_files[0]), read_cast(scene_files[1]), settings, only=["l2"])
    said = re.search(r"1 of 1 lines to make, about 1 seconds of speech: .* and (\d+) MB", estimate([job], folder))
    run([job], folder, workers=1)
    made = sum((folder / name).stat().st_size for name in job.files) / 1e6
    assert said is not None
    assert float(said[1]) == pytest.approx(made, rel=0.15)
    assert estimate([job], folder).startswith("0 of 1 lines to make, about 0 seconds")


def test_two_runs_into_one_folder_are_refused(tmp_path: Path) -> None:
    with Journal(tmp_path), pytest.raises(OutputError, match="another run"):
        Journal(tmp_path)


def test_a_journal_cut_off_by_a_power_failure_is_read(tmp_path: Path) -> None:
    (tmp_path / "j").write_text('{"fingerprint": "a", "files": {}}\n{"fingerprint": "b", "fi')
    assert list(read_records(tmp_path / "j")) == ["a"]


def test_unknown_speakers_and_choices_are_refused(scene_files: tuple[Path, Path]) -> None:
    script, cast = read_script(scene_files[0]), read_cast(scene_files[1])
    with pytest.raises(InputError, match="neither a line id nor a speaker"):
        plan(script, cast, Settings(), only=["mirra"])
    assert [job.line.line_id for job in plan(script, cast, Settings(), only=["Mira"])] == ["l0", "l2"]
    scene_files[1].write_text("[mira]\n")
    with pytest.raises(InputError, match=r"scene\.csv:3: the cast has no 'Guard'"):
        plan(script, read_cast(scene_files[1]), Settings())


def test_a_scene_gives_takes_in_order_and_without_blocking(scene_files: tuple[Path, Path]) -> None:
    scene = Scene(scene_files[1])
    takes = list(scene.perform(scene_files[0]))
    assert [take.line.id for take in takes if take.line] == ["l0", "l1", "l2", "l3"]

    async def collect() -> list[np.ndarray]:
        return [take.speech.waveform async for take in scene.perform_async(scene_files[0])]

    for ours, other in zip(takes, asyncio.run(collect()), strict=True):
        np.testing.assert_array_equal(ours.speech.waveform, other)


def test_ids_that_are_paths_or_devices_stay_in_the_folder(tmp_path: Path) -> None:
    ids = ["../../x", "/etc/passwd", "..", "con", "nul.txt", "a/b", "a\\b", "c:d", "z" * 300, "line 1."]
    lines = "".join(f'"{name}",../Mira,Yes.\n' for name in ids)
    jobs, out = planned(tmp_path, "line_id,speaker,text\n" + lines, '["../Mira"]\n'), tmp_path / "deep" / "out"
    outcome = run(jobs, out, workers=1)
    assert outcome.failed == 0
    assert {path.name for path in tmp_path.iterdir()} == {"s.csv", "c.toml", "deep"}
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    files = [path.relative_to(out) for path in out.rglob("*.wav")]
    assert len(files) == len(ids)
    assert all(len(file.parts) == 3 and len(file.name) < 128 for file in files)
    assert not {file.stem.split(".")[0] for file in files} & {"con", "nul", ""}


def test_ids_that_differ_only_in_case_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"s\.csv:3: the id 'a1' makes the same file as 'A1'"):
        planned(tmp_path, "line_id,speaker,text\nA1,Mira,Yes.\na1,Mira,No.\n")


@pytest.mark.slow
def test_a_hundred_thousand_lines_are_planned_in_seconds(tmp_path: Path) -> None:
    lines = "".join(f"Mira,Line {n} of many.,joy:0.5\n" for n in range(100_000))
    start_s = time.process_time()
    jobs = planned(tmp_path, "speaker,text,emotion\n" + lines)
    assert len({job.fingerprint for job in jobs}) == 100_000
    assert time.process_time() - start_s < 60.0  # about 15 s on one core


@pytest.mark.slow
def test_a_full_disk_is_said_and_the_run_goes_on_when_there_is_room(jobs: list[Job], tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120k", "none", disk], check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        try:
            outcome = run(jobs, disk / "out", workers=1)
        except OutputError as error:
            assert "make room and start again" in str(error) or "disk is full" in str(error)  # noqa: PT017
        else:
            assert outcome.failed > 0
            assert any("the disk is full" in record.get("error", "") for record in outcome.records)
        assert not list(disk.rglob("*.partial"))
        subprocess.run(["mount", "-o", "remount,size=20m", disk], check=True)
        assert run(jobs, disk / "out", workers=1).failed == 0
        run(jobs, tmp_path / "plain", workers=1)
        assert tree(disk / "out") == tree(tmp_path / "plain")
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("delay_s", [1.5, 2.5, 3.5])
def test_kill_nine_at_any_moment_leaves_the_same_tree(
    scene_files: tuple[Path, Path], tmp_path: Path, delay_s: float
) -> None:
    command = [sys.executable, "-m", "avatar", "dialogue", *map(str, scene_files), "--workers", "2", "-q", "-o"]
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    subprocess.run([*command, str(whole)], check=True)
    process = subprocess.Popen([*command, str(torn)])
    time.sleep(delay_s)
    process.kill()
    process.wait()
    subprocess.run([*command, str(torn)], check=True)
    assert tree(torn) == tree(whole)
    lines = (torn / "manifest.jsonl").read_text().splitlines()
    assert [json.loads(line)["line_id"] for line in lines] == ["l0", "l1", "l2", "l3"]
