"""The studio: the wheel and the pad mean what they show; the page works in headless Chromium."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.plot import EMOTION_COLOURS
from avatar.studio import pad, wheel
from avatar.studio.preview import most_moving, save_preview
from avatar.take import Take
from conditioning import EMOTION_NAMES, Emotion


@given(st.floats(0, wheel.WIDTH_PX), st.floats(0, wheel.HEIGHT_PX))
def test_a_click_on_the_wheel_mixes_at_most_two_neighbours(x_px: float, y_px: float) -> None:
    emotion = wheel.emotion_on_wheel(x_px, y_px)
    present = np.flatnonzero(emotion.weights)
    assert len(present) <= 2
    assert len(present) < 2 or (present[1] - present[0]) in (1, 7)
    reach = np.hypot(x_px - wheel.WIDTH_PX / 2, y_px - wheel.HEIGHT_PX / 2) / wheel.RADIUS_PX
    assert emotion.weights.sum() == pytest.approx(min(1.0, reach), abs=0.011)
    # Opposite places are opposite emotions, as on Plutchik's wheel.
    across = wheel.emotion_on_wheel(wheel.WIDTH_PX - x_px, wheel.HEIGHT_PX - y_px)
    np.testing.assert_allclose(across.weights, (-emotion).weights, atol=0.011)


@pytest.mark.parametrize("name", EMOTION_NAMES)
def test_a_click_on_a_petal_fills_that_petal(name: str) -> None:
    from PIL import ImageColor

    picture = wheel.wheel_picture(Emotion(**{name: 1.0}))
    colour = np.array(ImageColor.getrgb(EMOTION_COLOURS[name])[:3])
    filled = (np.abs(picture.astype(int) - colour) <= 3).all(axis=-1)
    y_px, x_px = (float(place.mean()) for place in np.nonzero(filled))
    # An eighth of the circle, less the white lines around it.
    assert filled.sum() == pytest.approx(np.pi * wheel.RADIUS_PX**2 / 8, rel=0.15)
    clicked = wheel.emotion_on_wheel(x_px, y_px)
    assert {key for key, weight in clicked if weight} == {name}


@pytest.mark.parametrize("name", EMOTION_NAMES)
def test_the_pads_ring_lies_where_a_click_means_the_same_feeling(name: str) -> None:
    emotion = Emotion(**{name: 1.0})
    changed = (pad.pad_picture(emotion) != pad.pad_picture(Emotion())).any(axis=-1)
    y_px, x_px = (float(place.mean()) for place in np.nonzero(changed))
    vad, clicked = emotion.vad, pad.emotion_at(x_px, y_px, emotion.vad.dominance).vad
    assert (clicked.valence, clicked.arousal) == pytest.approx((vad.valence, vad.arousal), abs=0.12)


def test_the_preview_shows_the_curves_that_move(take: Take, tmp_path: Path) -> None:
    from PIL import Image

    drawn = most_moving(take)
    assert next(iter(drawn)) == "jawOpen"
    assert len(drawn) == 6
    save_preview(take, tmp_path / "p.png")
    pixels = np.asarray(Image.open(tmp_path / "p.png").convert("RGB"))
    assert (pixels != 255).any(axis=-1).mean() > 0.02


@contextmanager
def studio(portrait: Path, port: int) -> Iterator[str]:
    """The command, running; its address."""
    command = [sys.executable, "-m", "avatar", "studio", "-p", str(portrait), "--port", str(port), "--no-open"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/"
    try:
        deadline_s = time.monotonic() + 600
        while not is_open(url):
            assert process.poll() is None, "the studio ended by itself"
            assert time.monotonic() < deadline_s, "the studio does not come up"
            time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait()


def is_open(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=30).close()
    except OSError:
        return False
    return True


@pytest.mark.slow
def test_the_page_in_a_browser(portrait: Path, importers: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("gradio", reason="mien[studio] is not installed")
    modules = importers.node_modules("puppeteer-core")
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("needs chromium")
    script = Path(__file__).parent / "importers" / "studio.cjs"
    with studio(portrait, 8793) as url:
        command = ["node", str(script), url, browser, str(tmp_path)]
        environment = {**os.environ, "NODE_PATH": str(modules)}
        done = subprocess.run(command, capture_output=True, text=True, timeout=2400, check=False, env=environment)
    found = re.search(r"^RESULT(.*)$", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    shown = json.loads(found[1])
    assert shown["words"].startswith("anger:0.")
    assert (shown["video"]["width"], shown["video"]["height"]) == (512, 512)
    assert 0.5 < shown["video"]["duration"] < 4.0
    assert shown["elsewhere"] == []  # nothing is fetched from other machines
    assert shown["problems"] == []
    first_bytes = {
        "take.mp4": b"ftyp", "take.wav": b"RIFF", "take.glb": b"glTF", "take.csv": b"Timecode", "take.anim": b"%YAML",
        "take.tres": b"[gd_resource", "take.npz": b"PK", "take.png": b"\x89PNG", "take.gif": b"GIF8",
        "take.vrma": b"glTF", "take.a2f.json": b"{", "take.unreal.csv": b"curve_name",
    }  # fmt: skip
    for name, start in first_bytes.items():
        assert start in (tmp_path / name).read_bytes()[:16], name
