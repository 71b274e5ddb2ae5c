"""``mien studio``: a page on which to try things."""

from __future__ import annotations

from pathlib import Path

import click

from checkpoints.errors import MissingDependency


@click.command()
@click.option("-p", "--portrait", type=click.Path(path_type=Path), metavar="PICTURE", help="The face to begin with.")
@click.option("--port", type=click.IntRange(0, 65535), default=7860, show_default=True)
@click.option("--open/--no-open", "in_browser", default=True, help="Open the page in a browser.")
def studio(portrait: Path | None, port: int, in_browser: bool) -> None:
    """Open a page on which to try lines, emotions, voices and faces; only this machine can reach it."""
    try:
        from avatar.studio.page import build_page

        page = build_page(portrait)
    except ImportError as error:
        raise MissingDependency(f"mien studio needs {error.name}: pip install 'mien[studio]'") from error
    page.launch(server_name="127.0.0.1", server_port=port, inbrowser=in_browser, share=False, quiet=True)
