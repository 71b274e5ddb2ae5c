"""``mien serve``: performances over HTTP and WebSocket."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import FrameType

import click

from checkpoints.errors import InputError, MissingDependency


@click.command()
@click.option(
    "--folder", type=click.Path(path_type=Path), default="mien-jobs", show_default=True, help="Jobs and files."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Off loopback a token in MIEN_TOKEN is required.")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True)
@click.option("--portraits", type=click.Path(path_type=Path), help="Folder of the pictures that requests may name.")
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes.")
@click.option(
    "--queue", "queue_limit", type=click.IntRange(1, 100_000), default=64, show_default=True, help="Jobs that may wait."
)
@click.option("--rate", "rate_limit", default="120/minute", show_default=True, help="Requests per key.")
def serve(**options: object) -> None:
    """Serve performances over HTTP and WebSocket; /docs describes them.

    \b
    mien serve --portraits portraits/ &
    curl -s localhost:8765/v1/lines?wait=true -H 'content-type: application/json' \\
         -d '{"text": "You came back!", "emotion": "joy"}' -o hello.wav
    """
    try:
        import uvicorn

        from avatar.serve.app import create_app
    except ImportError as error:
        raise MissingDependency(f"mien serve needs {error.name}: pip install 'mien[serve]'") from error
    from avatar.serve.config import ServeConfig

    config = ServeConfig(token=os.environ.get("MIEN_TOKEN", ""), **options)  # type: ignore[arg-type]
    listener = _listen(config.host, config.port)
    app = create_app(config)

    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            ws_max_size=65536,
            timeout_graceful_shutdown=30,
        )
    )
    end = server.handle_exit

    def handle_exit(signal: int, frame: FrameType | None) -> None:
        """Let those who wait for a result go, before uvicorn waits for them."""
        app.state.service.stopping = True
        end(signal, frame)

    server.handle_exit = handle_exit
    click.echo(f"http://{config.host}:{listener.getsockname()[1]}/docs tells what it can do  (Ctrl-C ends it)")
    server.run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else error
        raise InputError(
            f"cannot listen at {host}:{port}: {why}; stop what uses it, or give another --port or --host"
        ) from error
