"""An invented take that the tests of writers and senders share."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from avatar.take import Take
from conditioning import Delivery, Emotion, EmotionTrack, Line, Motion, Span, Speech, tile

#: Scripts for other programs' interpreters.
collect_ignore_glob = ["importers/*"]


@pytest.fixture(scope="session")
def importers() -> ModuleType:
    """Starters of the programs that read our files: ``importers/tools.py``."""
    spec = importlib.util.spec_from_file_location("importers_tools", Path(__file__).parent / "importers" / "tools.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_take(duration_s: float = 1.5, fps: float = 60.0, seed: int = 3) -> Take:
    """A hum with smooth random curves: every shape moves, and differently."""
    rng = np.random.default_rng(seed)
    rate = 16_000
    count = round(duration_s * rate)
    wave = 0.4 * np.sin(2 * np.pi * 140 * np.arange(count) / rate)
    motion = Motion.still(duration_s, fps)
    times = motion.times_s[:, None]
    weights = 0.5 + 0.5 * np.sin(times * rng.uniform(2, 9, 52) + rng.uniform(0, 6, 52))
    head = 0.3 * np.sin(times * rng.uniform(1, 3, 3) + rng.uniform(0, 6, 3))
    eyes = 0.2 * np.sin(times[:, None] * rng.uniform(1, 3, (2, 3)) + rng.uniform(0, 6, (2, 3)))
    joy, calm = Emotion(joy=0.8, surprise=0.4), Emotion()
    line = Line((Span("Hello", joy, Delivery(rate=1.1), 0.1), Span("you.", None, phones=("j", "uː"))), "Anna", id="a1")
    speech = Speech(
        wave.astype(np.float32),
        rate,
        tile(["h", "ə", "l", "ˈoʊ", "sil"], [0, 1600, 3200, 5000, 12000, count], rate),
        tile(["Hello", ""], [0, 12000, count], rate),
        EmotionTrack(((0.0, joy), (duration_s, calm))),
        np.full(int(200 * duration_s), 140.0, np.float32),
        np.full(int(200 * duration_s), -11.0, np.float32),
        "Hello you.",
    )
    settings = {"voice": "hum", "style": {"lively": 0.5}}
    return Take(speech, Motion(fps, weights, head, eyes), line=line, seed=seed, settings=settings)


@pytest.fixture(scope="session")
def take() -> Take:
    return make_take()


@pytest.fixture(scope="session")
def long_take() -> Take:
    """A minute at 60 frames a second."""
    return make_take(60.0)


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph with a face: NASA's portrait of Eileen Collins, public domain."""
    from PIL import Image
    from skimage import data

    path = tmp_path_factory.mktemp("portrait") / "astronaut.png"
    Image.fromarray(data.astronaut()).save(path)
    return path
