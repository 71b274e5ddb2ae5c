"""A WebSocket server, and the page that shows the head moving to the sound.

One port serves the page (``/``), its script and its head, and at ``/live`` the stream: a text message with the
header as JSON, then one binary message per frame, little-endian::

    4s  "MIEN"      u8  version 1      u8  1 for a rest pose, else 0      u16  values
    u32 frame index                    u32 samples
    f32 × values    curves in the header's "names", then pitch, yaw, roll of head, left and right eye, radians
    i16 × samples   the sound from this frame to the next

A text message ``{"type": "end"}`` follows the last frame. Each receiver has a short queue of its own: one that
stops reading loses frames and nothing else does. Receivers have nothing to say; those that talk are cut off.
"""

from __future__ import annotations

import asyncio
import errno
import json
import struct
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from avatar.export.curve_tables import ANGLE_NAMES
from avatar.export.gltf import build_gltf
from avatar.live.frames import Header, LiveFrame, rest_frame
from avatar.rigs import Rig, open_rig
from checkpoints.errors import InputError, MissingDependency
from conditioning import Motion
from renderers.mesh_head import Head
from renderers.mesh_sources import choose_head

__all__ = ["WebSender", "pack_frame"]

#: Frames that wait for a slow receiver: a second at 60 a second.
QUEUE_FRAMES = 60
#: Receivers at a time.
MAX_RECEIVERS = 32
#: What a receiver may send before it is cut off.
MAX_MESSAGES, MAX_MESSAGE_BYTES = 16, 1024
#: Bytes that may wait in the system's buffer of one receiver.
WRITE_LIMIT_BYTES = 32_768

_MAGIC = b"MIEN"
_VERSION = 1
_FOLDER = Path(__file__).parent
#: Path → file of this folder (the head has none) and its kind.
_FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/viewer.js": ("viewer.js", "text/javascript; charset=utf-8"),
    "/head.glb": ("", "model/gltf-binary"),
}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def pack_frame(frame: LiveFrame, rig: Rig, *, rest: bool = False) -> bytes:
    """Return the binary message of one frame."""
    values = np.concatenate([rig.curves(frame.motion).values[0], frame.head, frame.left_eye, frame.right_eye])
    samples = np.round(np.clip(frame.samples, -1.0, 1.0) * 32767.0)
    head = struct.pack("<4sBBHII", _MAGIC, _VERSION, rest, len(values), frame.index & 0xFFFFFFFF, len(samples))
    curves, sound = values.astype("<f4").tobytes(), samples.astype("<i2").tobytes()
    return b"".join([head, curves, sound])


class WebSender:
    """Serves frames to browsers; see :class:`avatar.live.targets.Sender`.

    Parameters
    ----------
    host : str
        Where to listen: ``127.0.0.1`` for this machine only.
    port : int
        0 for any free one; :attr:`port` tells which.
    rig : str
        Which curves are sent. The page needs ``arkit``.
    head : str, optional
        Which head the page shows.
    portrait : Path, optional
        Whose face the page shows where no head is named; a neutral one without.
    """

    default_port = 8765

    def __init__(
        self, host: str, port: int, *, rig: str = "arkit", head: str | None = None, portrait: Path | None = None
    ) -> None:
        self.host, self.port = host, port
        self._rig = open_rig(rig)
        self._head, self._portrait = head, portrait
        self._queues: dict[Any, asyncio.Queue[str | bytes]] = {}
        self._server: Any = None
        self._header = ""
        self._chosen: Head | None = None
        self._head_glb = b""
        self._building = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._joined = asyncio.Event()

    async def open(self, header: Header) -> None:
        """Listen.

        Raises
        ------
        InputError
            If the port is in use or the address is not this machine's.
        """
        try:
            from websockets.asyncio.server import serve
        except ImportError as error:
            raise MissingDependency(f"ws:// needs websockets ({error}): pip install 'mien[live]'") from error
        self._loop = asyncio.get_running_loop()
        names = list(self._rig.controls)
        self._header = json.dumps(
            {
                "format": "mien-live", "version": _VERSION, "subject": header.subject, "fps": header.fps,
                "sample_rate": header.sample_rate, "rig": self._rig.name, "names": names,
                "angles": list(ANGLE_NAMES), "head": "/head.glb",
            }
        )  # fmt: skip
        self._chosen = await asyncio.to_thread(choose_head, self._head, self._portrait)
        try:
            self._server = await serve(
                self._serve_receiver,
                self.host,
                self.port,
                process_request=self._answer,
                max_size=MAX_MESSAGE_BYTES,
                max_queue=4,
                write_limit=WRITE_LIMIT_BYTES,
                compression=None,
                server_header=None,
            )
        except OSError as error:
            raise InputError(f"cannot listen at {self.host}:{self.port}: {_why(error)}") from error
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    def send(self, frame: LiveFrame) -> None:
        """Queue one frame for each receiver; a full queue loses its oldest frame."""
        if self._queues and self._loop is not None:
            self._loop.call_soon_threadsafe(self._spread, pack_frame(frame, self._rig))

    def _spread(self, message: bytes) -> None:
        for queue in self._queues.values():
            _put(queue, message)

    async def joined(self) -> None:
        """Return when the first receiver is there."""
        await self._joined.wait()

    async def close(self) -> None:
        """Tell the receivers that this is the end, give them a moment to read, and stop listening."""
        for queue in self._queues.values():
            _put(queue, '{"type": "end"}')
        for _ in range(50):
            if all(queue.empty() for queue in self._queues.values()):
                break
            await asyncio.sleep(0.02)
        if self._server is not None:
            self._server.close(close_connections=True)
            try:
                await asyncio.wait_for(self._server.wait_closed(), timeout=2.0)
            except TimeoutError:
                for connection in list(self._queues):
                    connection.transport.abort()

    async def _serve_receiver(self, connection: Any) -> None:
        if len(self._queues) >= MAX_RECEIVERS:
            await connection.close(1013, "too many receivers")
            return
        queue: asyncio.Queue[str | bytes] = asyncio.Queue(maxsize=QUEUE_FRAMES)
        queue.put_nowait(self._header)
        queue.put_nowait(pack_frame(rest_frame(), self._rig, rest=True))
        self._queues[connection] = queue
        self._joined.set()
        listener = asyncio.create_task(_listen(connection))
        try:
            await _forward(connection, queue)
        finally:
            del self._queues[connection]
            listener.cancel()

    async def _head_file(self) -> bytes:
        """Return the head as a GLB, made when it is first asked for."""
        async with self._building:
            if not self._head_glb and self._chosen is not None:
                self._head_glb = await asyncio.to_thread(_head_glb, self._chosen)
        return self._head_glb

    async def _answer(self, connection: Any, request: Any) -> Any:
        """Answer requests for files, and refuse streams to pages of other origins."""
        host = request.headers.get("Host", "")
        if self.host in _LOOPBACK and urlsplit(f"//{host}").hostname not in _LOOPBACK:
            return connection.respond(HTTPStatus.FORBIDDEN, "this address is not served here\n")
        path = urlsplit(request.path).path
        if path == "/live":
            origin = request.headers.get("Origin")
            if origin is not None and urlsplit(origin).netloc != host:
                return connection.respond(HTTPStatus.FORBIDDEN, "pages of other origins are not served\n")
            return None
        if path not in _FILES:
            return connection.respond(HTTPStatus.NOT_FOUND, "there is nothing here; the page is at /\n")
        file, kind = _FILES[path]
        response = connection.respond(HTTPStatus.OK, "")
        response.body = (_FOLDER / file).read_bytes() if file else await self._head_file()
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(response.body)))):
            del response.headers[name]
            response.headers[name] = value
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _put(queue: asyncio.Queue[str | bytes], message: str | bytes) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(message)


async def _forward(connection: Any, queue: asyncio.Queue[str | bytes]) -> None:
    from websockets.exceptions import ConnectionClosed

    try:
        while True:
            await connection.send(await queue.get())
    except ConnectionClosed:
        return


async def _listen(connection: Any) -> None:
    """Read and forget; a receiver that goes on talking is cut off."""
    from websockets.exceptions import ConnectionClosed

    try:
        for _ in range(MAX_MESSAGES):
            await connection.recv()
        await connection.close(1008, "receivers do not send")
    except ConnectionClosed:
        return


def _head_glb(head: Head) -> bytes:
    still = Motion.still(0.0)
    return build_gltf(head, still, np.zeros((1, len(head.shape_names)), np.float32), shape_normals=False).glb()


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is in use; stop what uses it or give another, as in ws://127.0.0.1:8766"
    if error.errno == errno.EACCES:
        return "the system does not allow this port; give one above 1023"
    return f"{error.strerror or error}; give an address of this machine"
