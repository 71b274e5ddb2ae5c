"""Streaming over a WebSocket.

The client sends JSON texts: first a :class:`~avatar.serve.schema.StreamOpening`, then any number of
``{"text": "…"}`` as the text arrives, and ``{"end": true}`` behind the last; ``{"interrupt": true}`` lets the
character fall silent. The server answers each chunk with a JSON header and then one binary frame::

    {"start_s": 0.0, "sample_rate": 22050, "samples": 4410, "fps": 60.0, "frames": 12, "text": "…", "last": false}
    samples × int16 sound, then frames × 61 float32: 52 ARKit weights, head (3) and eyes (2 × 3) in radians

all little-endian. Curves are never later than their sound, since both come in one frame.
"""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from fastapi import HTTPException, WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from avatar.serve.schema import StreamOpening
from avatar.stream import Chunk, LineStream
from checkpoints.errors import MienError

if TYPE_CHECKING:
    from avatar.serve.app import Service

__all__ = ["frame_of", "header_of", "speak_stream"]

#: One message of a client, and the chunks that may wait for a slow one.
MAX_MESSAGE_CHARACTERS = 8_192
MAX_WAITING_CHUNKS = 16
#: A client that says nothing for this long is let go.
IDLE_S = 300.0
_POLICY_VIOLATION, _BAD_DATA = 1008, 1007


async def speak_stream(socket: WebSocket, service: Service) -> None:
    """Serve one client from opening to end."""
    try:
        client = socket.client.host if socket.client else ""
        service.key_of(socket.headers.get("authorization"), client)
    except HTTPException:
        await socket.close(_POLICY_VIOLATION)
        return
    await socket.accept()
    try:
        opening = StreamOpening.model_validate(await _message(socket))
        await _converse(socket, opening, service.config.max_characters)
        await socket.close()
    except (ValidationError, ValueError, MienError) as error:
        await socket.send_json({"error": " ".join(str(error).split())[:500]})
        await socket.close(_BAD_DATA)
    except (TimeoutError, WebSocketDisconnect, RuntimeError):
        return


async def _converse(socket: WebSocket, opening: StreamOpening, max_characters: int) -> None:
    """Take texts in and send chunks out until the text ends."""
    from avatar.serve.work import avatar_of

    texts: queue.Queue[str | None] = queue.Queue()
    avatar = await asyncio.to_thread(avatar_of, None, opening.voice, opening.speaker, opening.rate, opening.pitch_st)
    stream = LineStream(avatar, iter(texts.get, None), opening.emotion, seed=opening.seed, language=opening.language)
    chunks: asyncio.Queue[Chunk | Exception | None] = asyncio.Queue(MAX_WAITING_CHUNKS)
    gone = threading.Event()
    loop = asyncio.get_running_loop()
    speaking = asyncio.create_task(asyncio.to_thread(_speak, stream, chunks, loop, gone))
    listening = asyncio.create_task(_listen(socket, texts, stream, max_characters))
    try:
        while (item := await chunks.get()) is not None:
            if isinstance(item, Exception):
                raise item
            await socket.send_json(header_of(item))
            await socket.send_bytes(frame_of(item))
            if listening.done() and listening.exception():
                raise listening.exception()  # type: ignore[misc]
    finally:
        gone.set()
        stream.interrupt()
        texts.put(None)
        listening.cancel()
        while not speaking.done():
            while not chunks.empty():
                chunks.get_nowait()
            await asyncio.sleep(0.01)


async def _listen(socket: WebSocket, texts: queue.Queue[str | None], stream: LineStream, max_characters: int) -> None:
    """Pass the client's texts on; whatever goes wrong ends the text, so that the speaker is not left waiting."""
    total = 0
    try:
        while True:
            message = await _message(socket)
            if message.get("interrupt"):
                stream.interrupt()
            if message.get("end") or message.get("interrupt"):
                return
            text = message.get("text")
            if not isinstance(text, str):
                raise ValueError('send {"text": "…"}, {"end": true} or {"interrupt": true}')
            total += len(text)
            if total > max_characters:
                raise ValueError(f"a stream has at most {max_characters} characters here")
            texts.put(text)
    except WebSocketDisconnect:
        stream.interrupt()
        raise
    finally:
        texts.put(None)


def _speak(
    stream: LineStream, chunks: asyncio.Queue[Any], loop: asyncio.AbstractEventLoop, gone: threading.Event
) -> None:
    """Run the speaker in a thread; a full queue holds it back, so a slow client costs no memory."""
    try:
        for chunk in _until(stream, gone):
            asyncio.run_coroutine_threadsafe(chunks.put(chunk), loop).result()
        end: Exception | None = None
    except MienError as error:
        end = error
    asyncio.run_coroutine_threadsafe(chunks.put(end), loop).result()


def _until(stream: LineStream, gone: threading.Event) -> Iterator[Chunk]:
    for chunk in stream:
        if gone.is_set():
            return
        yield chunk


async def _message(socket: WebSocket) -> dict[str, Any]:
    """Return the client's next message.

    Raises
    ------
    ValueError
        If it is too long or no JSON object.
    """
    text = await asyncio.wait_for(socket.receive_text(), timeout=IDLE_S)
    if len(text) > MAX_MESSAGE_CHARACTERS:
        raise ValueError(f"a message has at most {MAX_MESSAGE_CHARACTERS} characters")
    message = json.loads(text)
    if not isinstance(message, dict):
        raise ValueError("a message is a JSON object")
    return message


def header_of(chunk: Chunk) -> dict[str, Any]:
    """Return the JSON header of a chunk."""
    return {
        "start_s": round(chunk.start_s, 6),
        "sample_rate": chunk.sample_rate,
        "samples": len(chunk.waveform),
        "fps": chunk.motion.fps,
        "frames": len(chunk.motion),
        "text": chunk.text,
        "last": chunk.is_last,
    }


def frame_of(chunk: Chunk) -> bytes:
    """Return the binary frame of a chunk: sound, then curves."""
    sound = (np.clip(chunk.waveform, -1.0, 1.0) * 32767.0).round().astype("<i2").tobytes()
    motion = chunk.motion
    eyes = motion.eye_rotation.reshape(len(motion), 6)
    curves: bytes = np.concatenate([motion.weights, motion.head_rotation, eyes], axis=1).astype("<f4").tobytes()
    return sound + curves
