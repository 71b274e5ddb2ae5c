"""``mien train``: remake the shipped checkpoints from public data."""

from __future__ import annotations

from pathlib import Path

import click

OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the checkpoint and its manifest. Default: the installed package's own.",
)


@click.group()
def train() -> None:
    """Remake one of the shipped checkpoints.

    Training data is never downloaded: each command says what it needs and from where to get it.
    """


@train.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@OUTPUT
def rig(data: Path, output: Path | None) -> None:
    """Remake the 478-point face rig from an ICT-FaceKit folder.

    DATA holds ict_neutral_plus_57_deltas.npz, the neutral head and the 57 expression deltas of ICT-FaceKit
    (MIT, https://github.com/USC-ICT/ICT-FaceKit).
    """
    from renderers.train_rig import train_rig

    click.echo(train_rig(data, output) if output else train_rig(data))
