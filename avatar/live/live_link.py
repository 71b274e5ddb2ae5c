"""Unreal's Live Link, as the app Live Link Face sends it over UDP (protocol version 6).

A datagram: version (little-endian), ``$`` and a UUID, the subject's name, frame and sub-frame, rate, and 61
values: the 52 shapes in Apple's order, then yaw, pitch and roll of head, left and right eye in radians, with the
signs of :mod:`avatar.export.live_link`.
"""

from __future__ import annotations

import struct
import uuid
from fractions import Fraction

import numpy as np

from avatar.export.live_link import VALUE_COUNT, unreal_angles
from avatar.live.frames import Header, LiveFrame, rest_frame
from avatar.live.udp import UdpSocket

__all__ = ["LiveLinkSender", "packet"]

_VERSION = 6


def packet(frame: LiveFrame, header: Header, device: str) -> bytes:
    """Return the datagram of one frame.

    Parameters
    ----------
    frame : LiveFrame
    header : Header
        Gives rate and subject.
    device : str
        A UUID that stays the same for a sender.
    """
    name = header.subject.encode("utf-8")
    rate = Fraction(header.fps).limit_denominator(1001)
    angles = unreal_angles(np.stack([frame.head, frame.left_eye, frame.right_eye]))
    values = np.concatenate([frame.weights, angles.ravel()])
    return b"".join(
        [
            struct.pack("<I", _VERSION),
            b"$" + device.encode("ascii"),
            struct.pack("!i", len(name)) + name,
            struct.pack("!if", frame.index, 0.0),
            struct.pack("!II", rate.numerator, rate.denominator),
            struct.pack("!B", VALUE_COUNT),
            values.astype(">f4").tobytes(),
        ]
    )


class LiveLinkSender:
    """Sends frames to Unreal; see :class:`avatar.live.targets.Sender`."""

    default_port = 11111

    def __init__(self, host: str, port: int) -> None:
        self._socket = UdpSocket(host, port)
        self._header: Header | None = None
        # The same address is the same device to Unreal, run after run.
        self._device = str(uuid.uuid5(uuid.NAMESPACE_URL, f"mien:livelink:{host}:{port}")).upper()

    async def open(self, header: Header) -> None:
        """Show the subject at rest."""
        self._header = header
        self.send(rest_frame())

    def send(self, frame: LiveFrame) -> None:
        """Send one frame."""
        assert self._header is not None
        self._socket.send(packet(frame, self._header, self._device))

    async def joined(self) -> None:
        """Return at once: nobody answers a datagram."""

    async def close(self) -> None:
        """Close the socket."""
        self._socket.close()
