"""``mien studio``: a page on which to try things."""

from __future__ import annotations

from pathlib import Path

import click

from checkpoints.errors import InputError, MissingDependency


@click.command()
@click.option("-p", "--portrait", type=click.Path(path_type=Path), metavar="PICTURE", help="The face to begin with.")
@click.option("--port", type=click.IntRange(0, 65535), default=7860, show_default=True)
@click.option("--open/--no-open", "in_browser", default=True, help="Open the page in a browser.")
def studio(portrait: Path | None, port: int, in_browser: bool) -> None:
    """Open a page on which to try lines, emotions, voices and faces; only this machine can reach it."""
    try:
        from avatar.studio.page import open_page
    except ImportError as error:
        raise MissingDependency(f"mien studio needs {error.name}: pip install 'mien[studio]'") from error
    if portrait is not None and not portrait.is_file():
        raise InputError(f"there is no picture {portrait}; check the path")
    click.echo(f"http://127.0.0.1:{port}  (Ctrl-C ends it)" if port else "Ctrl-C ends it")
    open_page(portrait, port, in_browser=in_browser)
