"""An invented take that the tests of writers and senders share."""

from __future__ import annotations

import numpy as np
import pytest

from avatar.take import Take
from conditioning import Delivery, Emotion, EmotionTrack, Line, Motion, Span, Speech, tile


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
