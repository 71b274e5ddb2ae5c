"""The studio's page, in Gradio: a line and a feeling on the left, the performance on the right.

Words, wheel, pad and sliders are four handles on one feeling: the sliders hold it, the others set them and show it.
"""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from avatar.avatar import DEFAULT_VOICE, Avatar
from avatar.export import VIDEO_SUFFIXES, WRITERS
from avatar.studio.pad import emotion_at, pad_picture
from avatar.studio.preview import save_preview
from avatar.studio.wheel import emotion_on_wheel, wheel_picture
from avatar.take import Take
from checkpoints.errors import MienError
from conditioning import EMOTION_NAMES, NEUTRAL, Delivery, Emotion
from tts import VOICES

__all__ = ["build_page", "open_page"]

EXAMPLE = "You came back! I thought I had lost you."
#: Formats that are ticked at the beginning.
TICKED = [".mp4", ".wav", ".csv", ".glb"]
#: So many performances are kept on the disk; older ones make room.
KEPT_TAKES = 12
HEAD = """<h1>Mien</h1>
<p>Write a line and choose how it feels: sound and face follow at once. <b>Perform</b> makes the video and the files.
With no feeling chosen, it is read from the words.</p>"""
CSS = """
.gradio-container {max-width: 1240px !important; margin: 0 auto !important}
#head h1 {margin: .2rem 0; font-size: 1.7rem} #head p {margin: 0; color: #666}
#wheel img, #pad img {cursor: crosshair; object-fit: contain}
#perform {font-size: 1.05rem}
"""


def open_page(portrait: Path | None, port: int, *, in_browser: bool) -> None:
    """Serve the page on this machine until it is stopped.

    Parameters
    ----------
    portrait : Path, optional
        The picture that stands there at the beginning.
    port : int
        Of the page; 0 for any that is free.
    in_browser : bool
        Whether to open it.
    """
    theme = gr.themes.Soft(
        primary_hue="indigo",
        font=["system-ui", "sans-serif"],  # Of this machine: nothing is fetched from elsewhere.
        font_mono=["ui-monospace", "monospace"],
    )
    with tempfile.TemporaryDirectory(prefix="mien-studio-", ignore_cleanup_errors=True) as folder:
        build_page(portrait, Path(folder)).launch(
            server_name="127.0.0.1",
            server_port=port or None,
            inbrowser=in_browser,
            share=False,
            quiet=True,
            theme=theme,
            css=CSS,
            footer_links=[],
            max_file_size="30mb",
        )


def build_page(portrait: Path | None, folder: Path) -> Any:
    """Return the Gradio page; ``folder`` takes the files of the last performances."""
    with gr.Blocks(title="Mien studio", analytics_enabled=False, delete_cache=(3600, 6 * 3600)) as page:
        gr.HTML(HEAD, elem_id="head")
        with gr.Row():
            with gr.Column(scale=5):
                text = gr.Textbox(EXAMPLE, label="Line", lines=2, max_length=2_000, elem_id="line")
                words, wheel, pad, sliders = _feeling()
                face = gr.Image(
                    str(portrait) if portrait else None, type="filepath", label="Portrait", sources=["upload"],
                    height=230, placeholder="A photo or painting of a face: click, or drop it here",
                )  # fmt: skip
                voice = _voice()
            with gr.Column(scale=6):
                video = gr.Video(label="Video", autoplay=True, elem_id="video", height=400)
                perform = gr.Button("Perform", variant="primary", elem_id="perform")
                sound = gr.Audio(label="Sound", type="filepath", elem_id="sound", editable=False, buttons=[])
                curves = gr.Image(
                    show_label=False, interactive=False, buttons=["fullscreen"], elem_id="curves",
                    alt_text="Sound, feeling and face over time", format="png",
                )  # fmt: skip
                formats = gr.CheckboxGroup(_formats(), value=TICKED, label="Files to make", elem_id="formats")
                files = gr.Files(label="Downloads", elem_id="files", interactive=False, visible=False)
        _connect_feeling(words, wheel, pad, sliders)
        asked = [text, face, *voice, *sliders]
        gr.on(
            [page.load, *(part.change for part in (text, *voice, *sliders))],
            partial(_preview, folder), asked, [sound, curves],
            trigger_mode="always_last", show_progress="hidden", concurrency_id="speak", api_visibility="private",
        )  # fmt: skip
        perform.click(
            partial(_perform, folder), [formats, *asked], [video, sound, curves, files],
            concurrency_id="speak", concurrency_limit=1, api_visibility="private",
        )  # fmt: skip
    return page


def _feeling() -> tuple[Any, Any, Any, list[Any]]:
    """Lay out the four handles of the feeling."""
    words = gr.Textbox(
        "", label="Feeling, in words", placeholder="joy:0.8, surprise:0.4 · bittersweet · slightly annoyed · -joy",
        elem_id="words",
    )  # fmt: skip
    plain: Any = {"interactive": False, "buttons": [], "show_label": False, "height": 330, "format": "png"}
    with gr.Tabs():
        with gr.Tab("Wheel"):
            wheel = gr.Image(wheel_picture(NEUTRAL), elem_id="wheel", alt_text="Emotion wheel: click a petal", **plain)
        with gr.Tab("Pleasant and excited"):
            pad = gr.Image(pad_picture(NEUTRAL), elem_id="pad", alt_text="Plane of feelings: click a place", **plain)
        with gr.Tab("Sliders"):
            sliders = [gr.Slider(0, 1, 0, step=0.05, label=name.capitalize(), buttons=[]) for name in EMOTION_NAMES]
    return words, wheel, pad, sliders


def _voice() -> list[Any]:
    with gr.Accordion("Voice", open=False):
        return [
            gr.Dropdown(sorted(VOICES), value=DEFAULT_VOICE, label="Voice"),
            gr.Slider(0.5, 2, 1, step=0.05, label="Speed"),
            gr.Slider(-12, 12, 0, step=0.5, label="Pitch, in semitones"),
            gr.Number(0, precision=0, minimum=0, label="Take: another number, another reading of the line"),
        ]


def _connect_feeling(words: Any, wheel: Any, pad: Any, sliders: list[Any]) -> None:
    """Let each handle set the sliders, and the sliders redraw the pictures."""
    quiet: Any = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
    # Through the queue, which carries errors to the page.
    gr.on([words.submit, words.blur], _from_words, words, sliders, **{**quiet, "queue": True})
    wheel.select(_from_wheel, None, [words, *sliders], **quiet)
    pad.select(_from_pad, None, [words, *sliders], **quiet)
    gr.on([slider.release for slider in sliders], _to_words, sliders, words, **quiet)
    gr.on(
        [slider.change for slider in sliders], _pictures, sliders, [wheel, pad], trigger_mode="always_last", **quiet
    )  # fmt: skip


def _from_words(words: str) -> list[float]:
    """Set the sliders to what the words say."""
    try:
        return [float(weight) for weight in Emotion.parse(words).weights]
    except MienError as error:
        raise _shown(error) from error


def _from_wheel(event: gr.SelectData) -> list[Any]:
    return _handles(emotion_on_wheel(*event.index))


def _from_pad(event: gr.SelectData) -> list[Any]:
    return _handles(emotion_at(*event.index))


def _handles(emotion: Emotion) -> list[Any]:
    """Return what the words and the sliders show."""
    return [str(emotion) if emotion else "", *emotion.weights.tolist()]


def _to_words(*weights: float) -> str:
    return str(_handles(Emotion.from_weights(weights))[0])


def _pictures(*weights: float) -> list[Any]:
    emotion = Emotion.from_weights(weights)
    return [wheel_picture(emotion), pad_picture(emotion)]


def _preview(folder: Path, text: str, *asked: Any) -> list[Any]:
    """Return sound and picture of what is asked for now."""
    if not text.strip():
        return [None, None]
    place = _place(folder)
    try:
        return _heard(_take(text, *asked), place)
    except MienError as error:
        raise _shown(error) from error


def _perform(folder: Path, formats: list[str], *asked: Any) -> list[Any]:
    """Return video, sound, picture and the files."""
    place = _place(folder)
    try:
        take = _take(*asked)
        made = [suffix for suffix in WRITERS if suffix in formats and (take.portrait or suffix not in VIDEO_SUFFIXES)]
        for suffix in made:
            take.save(place / f"take{suffix}")
        heard = _heard(take, place)
    except MienError as error:
        raise _shown(error) from error
    video = str(place / "take.mp4") if ".mp4" in made else None
    return [video, *heard, gr.Files([str(place / f"take{suffix}") for suffix in made], visible=bool(made))]


def _take(
    text: str, face: str | None, voice: str, rate: float, pitch_st: float, seed: float | None, *weights: float
) -> Take:
    avatar = Avatar(portrait=face, voice=voice, delivery=Delivery(rate=rate, pitch_st=pitch_st))
    return avatar.say(text, Emotion.from_weights(weights) or None, seed=int(seed or 0))


def _heard(take: Take, place: Path) -> list[str]:
    """Write the sound and the picture of its curves."""
    take.save(place / "sound.wav")
    save_preview(take, place / "curves.png")
    return [str(place / "sound.wav"), str(place / "curves.png")]


def _place(folder: Path) -> Path:
    """Return a new folder for one take; the oldest ones go."""
    for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)[: -KEPT_TAKES + 1]:
        shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(dir=folder))


def _formats() -> list[str]:
    """Return the formats that can be written here: ``.usda`` and the like only with their library."""
    from importlib.util import find_spec

    return [suffix for suffix in WRITERS if not suffix.startswith(".usd") or find_spec("pxr")]


def _shown(error: MienError) -> gr.Error:
    """Return an error that the page shows as one sentence."""
    return gr.Error(str(error), print_exception=False, title="This does not work yet")
