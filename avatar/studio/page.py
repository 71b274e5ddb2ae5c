"""The studio's page, in Gradio."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from avatar.avatar import DEFAULT_VOICE, Avatar
from avatar.studio.pad import PAD_PX, emotion_at, pad_picture
from avatar.take import Take
from checkpoints.errors import MienError
from conditioning import EMOTION_NAMES, Delivery, Emotion
from tts import VOICES

__all__ = ["build_page"]

EXAMPLE = "You came back! I thought I had lost you."
#: What can be downloaded beside the video.
DOWNLOADS = (".wav", ".csv", ".glb", ".json")
HEAD = """# Mien
Write a line, choose how it feels, and press **Perform**. Leave the feeling at zero to have it read from the words."""


def build_page(portrait: Path | None = None) -> Any:
    """Return the Gradio page.

    Parameters
    ----------
    portrait : Path, optional
        The picture that stands there at the beginning.
    """
    with gr.Blocks(title="Mien studio", analytics_enabled=False) as page:
        gr.Markdown(HEAD)
        with gr.Row():
            with gr.Column():
                text = gr.Textbox(EXAMPLE, label="Line", lines=2, max_length=2_000)
                words = gr.Textbox(
                    "", label="Feeling, in words", placeholder="joy:0.8, surprise:0.4 · bittersweet · -joy"
                )
                with gr.Row():
                    pad = gr.Image(
                        pad_picture(), label="… or click here", interactive=False, width=PAD_PX, height=PAD_PX,
                        buttons=[], elem_id="pad",
                    )  # fmt: skip
                    with gr.Column(min_width=180):
                        sliders = [gr.Slider(0, 1, 0, step=0.05, label=name.capitalize()) for name in EMOTION_NAMES]
                with gr.Accordion("Voice and face", open=False):
                    voice = gr.Dropdown(sorted(VOICES), value=DEFAULT_VOICE, label="Voice")
                    rate = gr.Slider(0.5, 2, 1, step=0.05, label="Speed")
                    pitch = gr.Slider(-12, 12, 0, step=0.5, label="Pitch, semitones")
                    seed = gr.Number(0, precision=0, label="Seed: another number, another take")
                face = gr.Image(
                    str(portrait) if portrait else None,
                    type="filepath",
                    label="Portrait",
                    sources=["upload"],
                    height=260,
                )
                perform = gr.Button("Perform", variant="primary")
            with gr.Column():
                video = gr.Video(label="Performance", autoplay=True, elem_id="video")
                sound = gr.Audio(label="Sound", type="filepath")
                curves = gr.Image(label="Feeling, pitch and curves over time", interactive=False, buttons=[])
                files = gr.Files(label="Downloads")
        words.submit(_from_words, words, sliders)
        words.blur(_from_words, words, sliders)
        pad.select(_from_pad, None, [words, *sliders])
        perform.click(
            _perform, [text, face, voice, rate, pitch, seed, *sliders], [video, sound, curves, files],
            concurrency_limit=1,
        )  # fmt: skip
    return page


def _from_words(words: str) -> list[float]:
    """Set the sliders to what the words say."""
    try:
        return [float(weight) for weight in Emotion.parse(words).weights]
    except MienError as error:
        raise gr.Error(str(error), print_exception=False) from error


def _from_pad(event: gr.SelectData) -> list[Any]:
    """Set words and sliders to the place that was clicked."""
    emotion = emotion_at(*event.index)
    return [str(emotion) if emotion else "", *emotion.weights.tolist()]


def _perform(
    text: str, face: str | None, voice: str, rate: float, pitch: float, seed: int, *weights: float
) -> list[Any]:
    """Make the take and its files; errors are shown on the page."""
    emotion = Emotion.from_weights(weights)
    try:
        avatar = Avatar(portrait=face, voice=voice, delivery=Delivery(rate=rate, pitch_st=pitch))
        take = avatar.say(text, emotion or None, seed=int(seed or 0))
        folder = Path(tempfile.mkdtemp(prefix="mien-studio-"))
        return _files(replace(take, size=(512, 512)), folder)
    except MienError as error:
        raise gr.Error(str(error), print_exception=False) from error


def _files(take: Take, folder: Path) -> list[Any]:
    suffixes = ((".mp4",) if take.portrait else ()) + DOWNLOADS + (".png",)
    for suffix in suffixes:
        take.save(folder / f"take{suffix}")
    video = str(folder / "take.mp4") if take.portrait else None
    downloads = [str(folder / f"take{suffix}") for suffix in suffixes]
    return [video, str(folder / "take.wav"), str(folder / "take.png"), downloads]
