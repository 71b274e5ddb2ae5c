"""Where live frames go."""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import urlsplit

from avatar.live.frames import Header, LiveFrame
from checkpoints.errors import InputError
from conditioning.registry import Registry, nearest

__all__ = ["SENDERS", "Sender", "open_sender"]


class Sender(Protocol):
    """Sends frames to receivers of one kind.

    Made as ``Class(host, port, **options)``. :meth:`open` and :meth:`close` run in the event loop; :meth:`send` is
    called from a thread of its own and returns at once whatever its receivers do.
    """

    default_port: int

    async def open(self, header: Header) -> None:
        """Prepare to send; a port in use is told here."""
        ...

    def send(self, frame: LiveFrame) -> None:
        """Send one frame, without waiting."""
        ...

    async def joined(self) -> None:
        """Return when somebody receives, or at once where that cannot be known."""
        ...

    async def close(self) -> None:
        """Send what is left and let go."""
        ...


#: Scheme of an address → sender; outside packages add theirs through the entry-point group ``mien.senders``.
SENDERS = Registry(
    "sender",
    "mien.senders",
    {
        "livelink": "avatar.live.live_link:LiveLinkSender",
        "vmc": "avatar.live.vmc:VmcSender",
        "ws": "avatar.live.web:WebSender",
    },
)


def open_sender(address: str, **options: Any) -> Sender:
    """Return the sender of an address such as ``livelink://192.168.1.20:11111``.

    Raises
    ------
    InputError
        If the address is malformed or its scheme unknown.
    """
    known = sorted(SENDERS)
    example = "give livelink://HOST, vmc://HOST or ws://HOST, each with :PORT if it is not the usual one"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise InputError(f"the address {address!r} is malformed ({error}); {example}") from error
    if parts.scheme not in known or not parts.hostname:
        raise InputError(f"the address {address!r} is not known; {example}{nearest(parts.scheme, known)}")
    kind = SENDERS.load(parts.scheme)
    sender: Sender = kind(parts.hostname, port or kind.default_port, **options)
    return sender
