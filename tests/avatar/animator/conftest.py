"""Speech made by hand, and the ICT-FaceKit head to measure curves on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from conditioning import ARKIT_NAMES, Emotion, EmotionTrack, Speech, tile

RATE = 16_000
LINE = "sil p ˈi t ə b ɹ ˈaʊ n m eɪ d f ˈaɪ v b ˈɪ ɡ sil w ˈʊ d ə n b ˈoʊ t s ð æ t ˈɪ m p ɹ ɛ s t ɔɪ dʒ ˌɛ f sil"
LOUD = {"sil": 0.0003, "p": 0.02, "t": 0.03, "b": 0.03, "d": 0.03, "ɡ": 0.03, "s": 0.06, "f": 0.04, "v": 0.05}


def make(line: str = LINE, *, phone_s: float = 0.085, emotion: Emotion | None = None, seed: int = 0) -> Speech:
    """Return phones of varying length with noise as loud as each, and a slow melody."""
    rng = np.random.default_rng(seed)
    phones = line.split()
    lengths = [0.45 if p == "sil" else phone_s * rng.uniform(0.6, 1.6) * (1.5 if p[0] in "ˈˌ" else 1) for p in phones]
    borders = np.round(np.cumsum([0.0, *lengths]) * RATE).astype(int)
    rows = zip(phones, borders[:-1], borders[1:], strict=True)
    gains = np.concatenate([np.full(b - a, LOUD.get(p.strip("ˈˌ"), 0.2)) for p, a, b in rows])
    wave = np.clip(gains * rng.normal(size=len(gains)), -1, 1).astype(np.float32)
    f0 = 120 + 30 * np.sin(np.arange(int(len(wave) / RATE * 200) + 1) / 40)
    track = EmotionTrack.constant(emotion or Emotion())
    return Speech(wave, RATE, tile(phones, borders.tolist(), RATE), emotion=track, f0_hz=f0.astype(np.float32))


@pytest.fixture(scope="session")
def make_speech() -> Callable[..., Speech]:
    return make


@pytest.fixture(scope="session")
def feel() -> Callable[[Speech, Emotion], Speech]:
    return lambda speech, emotion: replace(speech, emotion=EmotionTrack.constant(emotion))


@dataclass(frozen=True)
class Head:
    """Displacements of the ICT-FaceKit head's inner lips for each ARKit shape, in its units (about 1 cm)."""

    upper: np.ndarray  # (52, 3 points, 3)
    lower: np.ndarray
    rest_upper: np.ndarray
    rest_lower: np.ndarray
    incisor_edge: np.ndarray  # (y, z)

    def aperture(self, weights: np.ndarray) -> np.ndarray:
        """Return the (T, 3) vertical distances of the inner lips: right of the middle, middle, left."""
        return weights @ (self.upper - self.lower)[:, :, 1] + (self.rest_upper - self.rest_lower)[:, 1]

    def lower_lip(self, weights: np.ndarray) -> np.ndarray:
        """Return the (T, 3) position of the lower lip's inner midpoint."""
        return np.tensordot(weights, self.lower[:, 1], 1) + self.rest_lower[1]


@pytest.fixture(scope="session")
def ict_head(shared_data) -> Head:
    folder = shared_data / "ict_facekit"
    marks = json.loads((folder / "vertex_indices.json").read_text())["idx_to_landmark_verts"]
    with np.load(folder / "ict_neutral_plus_57_deltas.npz") as file:
        shapes = {name: file[name].astype(np.float64) for name in file.files}
    upper, lower = [marks[i] for i in (61, 62, 63)], [marks[i] for i in (67, 66, 65)]

    def delta(name: str, vertices: list[int]) -> np.ndarray:
        short = name.replace("Left", "_L").replace("Right", "_R") if name.endswith(("Left", "Right")) else name
        if name in ("mouthLeft", "mouthRight", "jawLeft", "jawRight"):
            short = name
        found = [key for key in (short, short + "_L", short + "_R") if key in shapes]
        return sum((shapes[key][vertices] for key in found), np.zeros((len(vertices), 3)))

    teeth = np.arange(17039, 21451)
    fixed = teeth[np.abs(shapes["jawOpen"][teeth]).max(axis=1) < 0.01]
    rest = shapes["neutral"]
    middle = fixed[np.abs(rest[fixed, 0]) < 0.6]
    front = middle[rest[middle, 2] > rest[middle, 2].max() - 1.0]
    edge = front[rest[front, 1] < rest[front, 1].min() + 0.15]
    return Head(
        np.stack([delta(name, upper) for name in ARKIT_NAMES]),
        np.stack([delta(name, lower) for name in ARKIT_NAMES]),
        rest[upper],
        rest[lower],
        np.array([rest[edge, 1].min(), rest[edge, 2].max()]),
    )
