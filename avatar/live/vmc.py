"""VMC protocol over OSC: blend shapes and the head's bone, a bundle per frame.

Marionettes listen at port 39539, performers at 39540. Axes are Unity's (X mirrored against ours). The
encoding is OSC 1.0 (M. Wright, 2002): addresses and strings end in zeros up to a multiple of four bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from avatar.live.frames import Header, LiveFrame, rest_frame
from avatar.live.udp import UdpSocket
from avatar.rigs import open_rig
from renderers.mesh_head import rotation_quaternions

__all__ = ["VmcSender", "bundle", "message"]

#: "Now" in OSC time.
_IMMEDIATELY = struct.pack("!Q", 1)


def message(address: str, *arguments: str | float | int) -> bytes:
    """Return an OSC message of strings, ints and floats."""
    tags, body = ",", b""
    for argument in arguments:
        if isinstance(argument, str):
            tags, body = tags + "s", body + _padded(argument)
        elif isinstance(argument, int):
            tags, body = tags + "i", body + struct.pack("!i", argument)
        else:
            tags, body = tags + "f", body + struct.pack("!f", argument)
    return _padded(address) + _padded(tags) + body


def bundle(messages: Sequence[bytes]) -> bytes:
    """Return an OSC bundle to be acted on at once."""
    return b"#bundle\0" + _IMMEDIATELY + b"".join(struct.pack("!i", len(item)) + item for item in messages)


def _padded(text: str) -> bytes:
    data = text.encode("utf-8") + b"\0"
    return data + b"\0" * (-len(data) % 4)


class VmcSender:
    """Sends frames to VMC marionettes; see :class:`avatar.live.targets.Sender`.

    Parameters
    ----------
    host : str
    port : int
    rig : str
        ``arkit`` for characters with "Perfect Sync", ``vrm1`` or ``vrm0`` for preset expressions.
    """

    default_port = 39539

    def __init__(self, host: str, port: int, *, rig: str = "arkit") -> None:
        self._socket = UdpSocket(host, port)
        self._rig = open_rig(rig)
        self._fps = 60.0

    async def open(self, header: Header) -> None:
        """Show the face at rest."""
        self._fps = header.fps
        self.send(rest_frame())

    def send(self, frame: LiveFrame) -> None:
        """Send one frame."""
        curves = self._rig.curves(frame.motion)
        x, y, z, w = rotation_quaternions(frame.head).tolist()
        self._socket.send(
            bundle(
                [
                    message("/VMC/Ext/OK", 1),
                    message("/VMC/Ext/T", frame.index / self._fps),
                    message("/VMC/Ext/Bone/Pos", "Head", 0.0, 0.0, 0.0, x, -y, -z, w),
                    *(
                        message("/VMC/Ext/Blend/Val", name, float(value))
                        for name, value in zip(curves.names, curves.values[0], strict=True)
                    ),
                    message("/VMC/Ext/Blend/Apply"),
                ]
            )
        )

    async def joined(self) -> None:
        """Return at once: nobody answers a datagram."""

    async def close(self) -> None:
        """Close the socket."""
        self._socket.close()
