"""``mien head``: the 3-D heads that a user has."""

from __future__ import annotations

from pathlib import Path

import click

from checkpoints.errors import InputError


@click.group()
def head() -> None:
    """Register 3-D heads: GLB files with ARKit's morph targets, or an ICT-FaceKit folder."""


@head.command("add")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", metavar="NAME", help="What to call it; the file's own name by default.")
@click.option("--rename", multiple=True, metavar="OLD=NEW", help="A shape of the file and the ARKit shape it is.")
def add(path: Path, name: str | None, rename: tuple[str, ...]) -> None:
    """Check the head at PATH and register it.

    \b
    mien head add goblin.glb
    mien head add goblin.glb --rename Jaw_Drop=jawOpen --rename Smile_L=mouthSmileLeft
    """
    from renderers.mesh_registry import add_head, registered
    from renderers.mesh_sources import open_head

    pairs = {}
    for item in rename:
        old, mark, new = item.partition("=")
        if not mark or not old or not new:
            raise InputError(f"--rename {item!r} is not understood; write OLD=NEW")
        pairs[old] = new
    before = registered()
    chosen, entry = add_head(path, name, pairs)
    found = open_head(chosen)
    click.echo(f"{chosen}: {len(found.vertices)} vertices, {len(found.shape_names)} of 52 shapes")
    if chosen in before and before[chosen].path != entry.path:
        click.echo(f"{chosen} was {before[chosen].path} before; to have both, add one under another --name", err=True)


@head.command("list")
def list_heads() -> None:
    """List the registered heads."""
    from renderers.mesh_registry import registered

    click.echo("neutral   shipped with mien")
    for name, entry in sorted(registered().items()):
        click.echo(f"{name}   {entry.path}")
