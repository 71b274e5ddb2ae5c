"""A UDP socket that never waits."""

from __future__ import annotations

import contextlib
import socket

from checkpoints.errors import InputError

__all__ = ["UdpSocket"]


class UdpSocket:
    """Sends datagrams to one address; what the network will not take at once is dropped.

    Parameters
    ----------
    host : str
        Name or number.
    port : int
    """

    def __init__(self, host: str, port: int) -> None:
        try:
            family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        except (OSError, UnicodeError) as error:
            raise InputError(f"there is no host {host!r} ({error}); give a name or an IP address") from error
        self._socket = socket.socket(family, kind)
        self._socket.setblocking(False)
        self._address = address
        with contextlib.suppress(OSError):  # broadcast addresses are receivers too
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)

    def send(self, data: bytes) -> None:
        """Send a datagram; a receiver that is not there is no error."""
        with contextlib.suppress(OSError):
            self._socket.sendto(data, self._address)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
