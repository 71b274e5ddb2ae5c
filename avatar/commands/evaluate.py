"""``mien evaluate``: measure the shipped checkpoints on public test sets."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.group()
def evaluate() -> None:
    """Measure one of the shipped checkpoints."""


@evaluate.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One flat JSON object instead of lines.")
def reader(data: Path, as_json: bool) -> None:
    """Measure the reader of emotions in text on its test sets.

    DATA holds the folders goemotions, xed and emobank, each as it is published. Figures: macro-F1 over
    GoEmotions' 28 labels and its Ekman grouping and over XED's eight, Pearson's r with EmoBank's valence, arousal
    and dominance, and milliseconds per line.
    """
    from conditioning.evaluate_reader import evaluate as measure

    figures = {name: round(value, 4) for name, value in measure(data).items()}
    click.echo(json.dumps(figures) if as_json else "\n".join(f"{name:28s} {value}" for name, value in figures.items()))


@evaluate.command()
@click.option("--voice", "name", default="daisy", show_default=True, help="Name in the registry of voices.")
@click.option("--speaker", help="One of the voice's speakers; default its first.")
@click.option("--wer-lines", type=click.IntRange(1, 60), default=60, show_default=True, help="Sentences to recognise.")
@click.option("--cue-lines", type=click.IntRange(1, 60), default=12, show_default=True, help="In every emotion.")
@click.option("--json", "as_json", is_flag=True, help="One flat JSON object instead of lines.")
def voice(name: str, speaker: str | None, wer_lines: int, cue_lines: int, as_json: bool) -> None:
    """Measure a voice: words understood, cues of the emotions beside people's, times, speed.

    Needs pocketsphinx: pip install 'mien[test]'. Sixty sentences of our own are spoken neutrally and with
    feeling; at most a quarter of an hour on two cores.
    """
    from tts.evaluate_voice import EvaluationPlan
    from tts.evaluate_voice import evaluate as measure

    plan = EvaluationPlan(wer_lines=wer_lines, cue_lines=cue_lines, speaker=speaker)
    figures = {
        key: round(value, 4) for key, value in measure(name, plan, lambda row: click.echo(row, err=True)).items()
    }
    click.echo(json.dumps(figures) if as_json else "\n".join(f"{key:28s} {value}" for key, value in figures.items()))
