"""``mien evaluate``: measure the shipped checkpoints on public test sets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

_JSON = click.option("--json", "as_json", is_flag=True, help="One flat JSON object instead of lines.")


@click.group()
def evaluate() -> None:
    """Measure one of the shipped checkpoints."""


@evaluate.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_JSON
def reader(data: Path, as_json: bool) -> None:
    """Measure the reader of emotions in text on its test sets.

    DATA holds the folders goemotions, xed and emobank, each as it is published. Figures: macro-F1 over
    GoEmotions' 28 labels and its Ekman grouping and over XED's eight, Pearson's r with EmoBank's valence, arousal
    and dominance, and milliseconds per line.
    """
    from conditioning.evaluate_reader import evaluate as measure

    _show(measure(data), as_json)


@evaluate.command()
@click.argument("data", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--voice", "name", default="daisy", show_default=True, help="Name in the registry of voices.")
@click.option("--speaker", help="One of the voice's speakers; default its first.")
@click.option("--wer-lines", type=click.IntRange(1, 60), default=60, show_default=True, help="Sentences to recognise.")
@click.option("--cue-lines", type=click.IntRange(1, 60), default=12, show_default=True, help="In every emotion.")
@_JSON
def voice(data: Path | None, name: str, speaker: str | None, wer_lines: int, cue_lines: int, as_json: bool) -> None:
    """Measure a voice: words understood, cues of the emotions beside people's, times, speed.

    Needs pocketsphinx: pip install 'mien[test]'. Sixty sentences of our own are spoken neutrally and with
    feeling; at most a quarter of an hour on two cores. With DATA, which holds the folders ljspeech and librispeech as
    they are published, also how natural it is beside recordings of people: harmonicity, jitter, shimmer, movement of
    F0 and of the spectrum, distance to the same text.
    """
    from tts.evaluate_voice import EvaluationPlan
    from tts.evaluate_voice import evaluate as measure

    def say(row: str) -> None:
        click.echo(row, err=True)

    found = measure(name, EvaluationPlan(wer_lines=wer_lines, cue_lines=cue_lines, speaker=speaker), say)
    if data is not None:
        from tts import open_voice
        from tts.evaluate_naturalness import naturalness

        found |= naturalness(open_voice(name, speaker=speaker), data, report=say)
    _show(found, as_json)


@evaluate.command()
@click.option("--take", type=click.Path(dir_okay=False, path_type=Path), help="Judge this take (.json) alone.")
@click.option("--curves", type=click.Path(dir_okay=False, path_type=Path), help="… with curves of a Live Link CSV.")
@click.option("--voice", "voice_name", default="formant", show_default=True, help="Who speaks the lines.")
@click.option("--lines", type=click.IntRange(4, 2000), default=200, show_default=True, help="How many.")
@click.option("--fps", type=click.FloatRange(1, 240), default=60.0, show_default=True, help="Frames a second.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--capture", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Captured clips.")
@_JSON
def motion(
    take: Path | None,
    curves: Path | None,
    voice_name: str,
    lines: int,
    fps: float,
    seed: int,
    capture: Path | None,
    as_json: bool,
) -> None:
    """Measure the animator over unseen lines in all emotions, or one take.

    Contacts of the lips, lips under emotion, lag, silence, blinks, gaze, whether the emotions are told apart, speed;
    for the audio-only path also captured clips (NAME.npz with NAME.flac; FACEGOOD Audio2Face, MIT).
    """
    from avatar.evaluate_motion import MotionPlan, evaluate_motion, evaluate_pair, read_live_link
    from checkpoints.errors import InputError

    if take is not None:
        from avatar.export.take_json import read_json

        performed = read_json(take)
        figures = evaluate_pair(performed.speech, read_live_link(curves) if curves else performed.motion)
    elif curves is not None:
        raise InputError("--curves needs the speech that they belong to; give it with --take take.json")
    else:
        plan = MotionPlan(voice_name, lines, fps, seed, capture)
        figures = evaluate_motion(plan, lambda row: click.echo(row, err=True))
    _show(figures, as_json, decimals=5)


@evaluate.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--seconds", type=click.FloatRange(0.5, 60), default=4.0, show_default=True, help="Of each clip.")
@_JSON
def portrait(folder: Path, seconds: float, as_json: bool) -> None:
    """Measure the portrait renderer on a FOLDER of portraits, with the landmarker on its own frames.

    Nine expressions with syllables each; mouth against curve, closed lips, blinks, stillness, speed.
    """
    from renderers.evaluate_portrait import evaluate_portrait

    _show(evaluate_portrait(folder, seconds=seconds), as_json)


def _show(figures: Mapping[str, float], as_json: bool, decimals: int = 4) -> None:
    rounded = {name: round(value, decimals) for name, value in figures.items()}
    click.echo(json.dumps(rounded) if as_json else "\n".join(f"{name:28s} {value}" for name, value in rounded.items()))
