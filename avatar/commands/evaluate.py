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
