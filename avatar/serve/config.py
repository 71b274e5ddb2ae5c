"""What a server is told when it starts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from checkpoints.errors import InputError

__all__ = ["ServeConfig", "is_loopback"]

MIN_TOKEN_CHARACTERS = 16


@dataclass(frozen=True)
class ServeConfig:
    """Settings of ``mien serve``; every default has its home here.

    Attributes
    ----------
    folder : Path
        Job state (SQLite) and finished files.
    host, port : str, int
        Where to listen.
    token : str
        Bearer token that every request must carry; required off loopback.
    portraits : Path or None
        Folder of the pictures that requests may name; ``None``: no pictures.
    workers : int
        Processes that perform lines.
    queue_limit : int
        Jobs that may wait; beyond, requests are refused with 429.
    rate_limit : str
        Requests per key, in the notation of the ``limits`` package.
    max_characters : int
        Longest text of one request.
    job_timeout_s : float
        A line that takes longer fails.
    keep_s : float
        Finished jobs and their files are removed after this time.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8765
    token: str = ""
    portraits: Path | None = None
    workers: int = 1
    queue_limit: int = 64
    rate_limit: str = "120/minute"
    max_characters: int = 2_000
    job_timeout_s: float = 300.0
    keep_s: float = 24 * 3600.0

    def __post_init__(self) -> None:
        if not is_loopback(self.host) and len(self.token) < MIN_TOKEN_CHARACTERS:
            raise InputError(
                f"listening on {self.host} lets others in; give a token of at least {MIN_TOKEN_CHARACTERS} characters "
                "in MIEN_TOKEN, or listen on 127.0.0.1"
            )
        if self.portraits is not None and not self.portraits.is_dir():
            raise InputError(f"the portraits folder {self.portraits} does not exist; make it or leave --portraits out")


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a host name or address.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.org")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
