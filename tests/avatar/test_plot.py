"""Pictures of takes and scenes: what is drawn, read back from the figure and from its pixels."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'mien[plot]'")

from avatar.plot import EMOTION_COLOURS, FLOOR_DB, loudness_db, plot_scene, plot_take, save_figure, write_png
from avatar.take import Take
from conditioning import Emotion, EmotionTrack, InputError, Speech
from conditioning.mood import Scene


def curves(axis: object) -> dict[str, np.ndarray]:
    return {line.get_label(): np.array(line.get_xydata()) for line in axis.get_lines()}  # type: ignore[attr-defined]


def test_the_curves_are_those_of_the_take(take: Take) -> None:
    emotion, vad, voice, words, pitch = plot_take(take).axes
    drawn = curves(emotion)
    assert set(drawn) == {"joy", "surprise"}, "only what is felt is drawn"
    # The track of the fixture falls linearly from joy 0.8 to 0 over 1.5 s.
    times, joy = drawn["joy"].T
    np.testing.assert_allclose(joy, 0.8 * (1 - times / 1.5), atol=1e-6)
    # Russell & Mehrabian 1977: valence of joyful .76, of surprised .40.
    assert curves(vad)["valence"][0, 1] == pytest.approx(0.8 * 0.76 + 0.4 * 0.40)
    np.testing.assert_allclose(pitch.get_lines()[0].get_ydata(), 140.0)
    assert [text.get_text() for text in words.texts] == ["Hello"]
    assert voice.get_ylim()[0] == FLOOR_DB
    assert words.get_xlim() == (0.0, 1.5)


def test_loudness_is_the_root_mean_square() -> None:
    # The RMS level of a sine of amplitude a is 20 log10(a / sqrt 2).
    wave = 0.5 * np.sin(2 * np.pi * 200 * np.arange(16000) / 16000)
    speech = Speech(wave.astype(np.float32), 16000)
    level = loudness_db(speech)
    assert len(level) == 200
    np.testing.assert_allclose(level[5:-5], 20 * np.log10(0.5 / np.sqrt(2)), atol=0.05)
    assert loudness_db(Speech(np.zeros(800, np.float32), 8000)).max() == FLOOR_DB


def test_a_picture_is_a_png_with_the_emotion_s_colour_and_the_same_bytes_twice(take: Take, tmp_path: Path) -> None:
    from PIL import Image

    one, two = tmp_path / "a.png", tmp_path / "b.png"
    write_png(take, one)
    write_png(take, two)
    assert one.read_bytes() == two.read_bytes()
    pixels = np.asarray(Image.open(one).convert("RGB")).reshape(-1, 3)
    joy = np.array([int(EMOTION_COLOURS["joy"][i : i + 2], 16) for i in (1, 3, 5)])
    anger = np.array([int(EMOTION_COLOURS["anger"][i : i + 2], 16) for i in (1, 3, 5)])
    assert (np.abs(pixels - joy).max(axis=1) < 3).sum() > 500
    assert (np.abs(pixels.astype(int) - anger).max(axis=1) < 3).sum() == 0


def test_neutral_unvoiced_and_odd_texts_are_drawn(take: Take) -> None:
    quiet = replace(take.speech, emotion=EmotionTrack(), f0_hz=None, energy_db=None, words=(), text="5 $ and $x_1^2")
    figure = plot_take(replace(take, speech=quiet))
    save_figure(figure, io.BytesIO())  # type: ignore[arg-type]
    assert [text.get_text() for text in figure.axes[0].texts] == ["neutral"]


def test_a_scene_draws_a_mood_for_every_speaker() -> None:
    scene = Scene()
    for number in range(6):
        scene.say(("Ann", "Bo")[number % 2], Emotion(anger=0.8) if number == 2 else Emotion(joy=0.3), 2.0)
    ann, bo, valence = plot_scene(scene.lines).axes
    moods = curves(ann)["anger"]
    np.testing.assert_allclose(moods[:, 1], [line.moods["Ann"].anger for line in scene.lines if "Ann" in line.moods])
    assert curves(bo)["anger"][:, 1].max() < moods[:, 1].max(), "Bo only catches it"
    assert {"Ann", "Bo"} <= set(curves(valence))
    assert valence.get_xlim()[1] == scene.now_s


def test_mistakes() -> None:
    with pytest.raises(InputError, match="without lines"):
        plot_scene([])


def test_drawing_leaves_no_global_state(take: Take) -> None:
    code = "import sys, avatar.plot; assert 'matplotlib' not in sys.modules, 'imported too early'"
    subprocess.run([sys.executable, "-c", code], check=True)
    plot_take(take)
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()
