"""Live senders on loopback: decoded by receivers that we did not write."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import struct
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from avatar.export.editing import cut
from avatar.live import frames_of, open_sender, play, stream
from avatar.live.frames import Header, LiveFrame, frames_of_chunks
from avatar.live.live_link import packet
from avatar.live.punctual import priority, prompt, sleep_until
from avatar.live.web import MAX_MESSAGES, WebSender
from avatar.stream import Chunk
from avatar.take import Take
from checkpoints.errors import InputError
from conditioning import ARKIT_NAMES


class UdpReceiver:
    """Collects datagrams with their times in a thread."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(20.0)  # for the first; a busy machine takes its time to begin
        self.port = self.socket.getsockname()[1]
        self.packets: list[tuple[float, bytes]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                data = self.socket.recv(65536)
            except OSError:
                return
            self.packets.append((time.perf_counter(), data))
            self.socket.settimeout(0.7)

    def done(self) -> list[tuple[float, bytes]]:
        self._thread.join(timeout=30)
        self.socket.close()
        return self.packets


@pytest.fixture
def receiver() -> Iterator[UdpReceiver]:
    made = UdpReceiver()
    yield made
    made.socket.close()


def test_live_link_arrives_whole_in_order_and_in_time(take: Take, receiver: UdpReceiver) -> None:
    report = stream(take, f"livelink://127.0.0.1:{receiver.port}", subject="Anna")
    packets = receiver.done()
    assert report.frames == 90
    assert len(packets) == 1 + 90
    indices = [struct.unpack("!i", data[49:53])[0] for _, data in packets]  # after 4 + 37 + 4 + len("Anna") bytes
    assert indices == [0, *range(90)]
    times = np.array([moment for moment, _ in packets[1:]])
    # The clock does not drift: the fitted rate is 60 a second, however busy the machine. (Jitter: benchmarks/live.py.)
    interval_s = np.polyfit(np.arange(90), times, 1)[0]
    assert interval_s == pytest.approx(1 / 60, rel=0.06)


def test_live_link_packets_by_pylivelinkface(take: Take) -> None:
    module = pytest.importorskip("pylivelinkface")
    frame = list(frames_of(take, 60.0))[37]
    data = packet(frame, Header(60.0, 16_000, "Änna"), "B5A25E5A-0000-4000-8000-000000000001")
    known, decoded = module.PyLiveLinkFace.decode(data)
    assert known
    assert decoded.name == "Änna"
    assert decoded.fps == 60
    for index, name in enumerate(ARKIT_NAMES):
        shape = module.FaceBlendShape[name[0].upper() + name[1:]]
        assert shape.value == index
        assert decoded.get_blendshape(shape) == pytest.approx(frame.weights[index], abs=1e-6)
    shapes = module.FaceBlendShape
    assert decoded.get_blendshape(shapes.HeadYaw) == pytest.approx(-frame.head[1], abs=1e-6)
    assert decoded.get_blendshape(shapes.HeadPitch) == pytest.approx(frame.head[0], abs=1e-6)
    assert decoded.get_blendshape(shapes.RightEyeYaw) == pytest.approx(-frame.right_eye[1], abs=1e-6)


def test_vmc_bundles_by_python_osc(take: Take, receiver: UdpReceiver) -> None:
    bundles = pytest.importorskip("pythonosc.osc_bundle")
    stream(take, f"vmc://127.0.0.1:{receiver.port}")
    packets = receiver.done()
    assert len(packets) == 91
    for index, (_, data) in enumerate(packets[1:]):
        messages = [(m.address, list(m.params)) for m in bundles.OscBundle(data)]
        assert messages[-1] == ("/VMC/Ext/Blend/Apply", [])
        values = {p[0]: p[1] for address, p in messages if address == "/VMC/Ext/Blend/Val"}
        assert tuple(values) == ARKIT_NAMES
        np.testing.assert_allclose(list(values.values()), take.motion.weights[index], atol=1e-6)
        bone = next(p for address, p in messages if address == "/VMC/Ext/Bone/Pos")
        assert bone[0] == "Head"
        assert np.linalg.norm(bone[4:]) == pytest.approx(1.0, abs=1e-5)


def split(data: bytes) -> tuple[bool, int, np.ndarray, np.ndarray]:
    """Read a message as the docstring of avatar.live.web tells."""
    magic, version, rest, count, index, samples = struct.unpack("<4sBBHII", data[:16])
    assert (magic, version) == (b"MIEN", 1)
    values = np.frombuffer(data, "<f4", count, 16)
    return bool(rest), index, values, np.frombuffer(data, "<i2", samples, 16 + 4 * count) / 32767


def web_session(
    take: Take, client: Callable[[int], Any], *, frames: Callable[[], Iterator[LiveFrame]] | None = None
) -> tuple[Any, Any]:
    """Play a take to a client coroutine on one loop; return the report and what the client returns."""

    async def run() -> tuple[Any, Any]:
        sender = WebSender("127.0.0.1", 0)
        header = Header(60.0, take.speech.sample_rate, "Anna")
        original = sender.open

        async def opened(h: Header) -> None:
            await original(h)
            ready.set()

        ready = asyncio.Event()
        sender.open = opened  # type: ignore[method-assign]
        made = frames() if frames else frames_of(take, 60.0)
        playing = asyncio.create_task(play(made, header, [sender]))
        await ready.wait()
        try:
            result = await client(sender.port)
        finally:
            report = await playing
        return report, result

    return asyncio.run(run())


async def collect(port: int, delay_s: float = 0.0) -> list[str | bytes]:
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed

    await asyncio.sleep(delay_s)
    got: list[str | bytes] = []
    async with connect(f"ws://127.0.0.1:{port}/live", compression=None) as socket_:
        try:
            async for message in socket_:
                got.append(message)
        except ConnectionClosed:
            pass
    return got


def delayed(take: Take, delay_s: float = 0.15) -> Iterator[LiveFrame]:
    """The take's frames after a moment in which the client can connect."""
    time.sleep(delay_s)
    yield from frames_of(take, 60.0)


def test_websocket_gives_curves_and_their_sound_together(take: Take) -> None:
    pytest.importorskip("websockets")
    report, got = web_session(take, collect, frames=lambda: delayed(take, 0.3))
    header = json.loads(got[0])
    assert (header["fps"], header["sample_rate"], header["subject"]) == (60.0, 16_000, "Anna")
    assert header["names"] == list(ARKIT_NAMES)
    frames = [split(message) for message in got[1:-1]]
    assert json.loads(got[-1]) == {"type": "end"}
    assert frames[0][0]
    assert not frames[0][2].any()
    assert [index for _, index, _, _ in frames[1:]] == list(range(90))
    assert report.frames == 90
    sound = np.concatenate([samples for _, _, _, samples in frames[1:]])
    np.testing.assert_allclose(sound, take.speech.waveform, atol=1 / 32767)
    for _, index, values, samples in frames[1:]:
        np.testing.assert_allclose(values[:52], take.motion.weights[index], atol=1e-6)
        np.testing.assert_allclose(values[52:55], take.motion.head_rotation[index], atol=1e-6)
        assert len(samples) == round((index + 1) * 16_000 / 60) - round(index * 16_000 / 60)


def test_a_late_joiner_gets_a_rest_pose_first(take: Take) -> None:
    pytest.importorskip("websockets")
    _, got = web_session(take, lambda port: collect(port, 0.7))
    assert isinstance(got[0], str)
    frames = [split(message) for message in got[1:] if isinstance(message, bytes)]
    assert frames[0][0]
    indices = [index for _, index, _, _ in frames[1:]]
    assert indices[0] > 20
    assert indices == list(range(indices[0], 90))


def test_a_receiver_that_stops_reading_stalls_nobody(long_take: Take) -> None:
    """One client reads, one does not: the reader loses nothing and the sender keeps no more than its queue."""
    pytest.importorskip("websockets")
    take = long_take
    count = 4 * 60

    def frames() -> Iterator[LiveFrame]:
        time.sleep(0.3)
        for frame in frames_of(take, 60.0):
            if frame.index == count:
                return
            yield frame

    async def client(port: int) -> tuple[list[str | bytes], int]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        key = "dGhlIHNhbXBsZSBub25jZQ=="
        writer.write(
            f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        tracemalloc.start()
        try:
            return await collect(port), tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            writer.transport.abort()

    report, (got, peak_bytes) = web_session(take, client, frames=frames)
    indices = [split(message)[1] for message in got if isinstance(message, bytes)][1:]
    assert indices == list(range(count))
    assert report.frames == count
    assert peak_bytes < 8 << 20
    assert report.waits == 0


async def raw(port: int, lines: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(lines.replace("\n", "\r\n").replace("PORT", str(port)).encode())
    answer = (await reader.read(65536)).decode("latin-1")
    writer.close()
    return answer


UPGRADE = (
    "Upgrade: websocket\nConnection: Upgrade\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n\n"
)


def test_the_page_its_files_and_nothing_else(take: Take) -> None:
    pytest.importorskip("websockets")

    async def client(port: int) -> list[str]:
        host = "Host: 127.0.0.1:PORT\n"
        return [
            await raw(port, f"GET / HTTP/1.1\n{host}\n"),
            await raw(port, f"GET /../../../etc/passwd HTTP/1.1\n{host}\n"),
            await raw(port, f"GET /%2e%2e/web.py HTTP/1.1\n{host}\n"),
            await raw(port, "GET / HTTP/1.1\nHost: evil.example:PORT\n\n"),
            await raw(port, f"GET /live HTTP/1.1\n{host}Origin: http://evil.example\n{UPGRADE}"),
        ]

    _, (page, up, dots, rebound, foreign) = web_session(take, client)
    assert page.startswith("HTTP/1.1 200")
    assert "text/html" in page
    assert up.startswith("HTTP/1.1 404")
    assert dots.startswith("HTTP/1.1 404")
    assert rebound.startswith("HTTP/1.1 403")
    assert foreign.startswith("HTTP/1.1 403")


@pytest.mark.parametrize("attack", ["big", "utf8", "flood"])
def test_hostile_receivers_are_cut_off_and_others_go_on(take: Take, attack: str) -> None:
    websockets = pytest.importorskip("websockets")
    from websockets.asyncio.client import connect

    async def hostile(port: int) -> int | None:
        async with connect(f"ws://127.0.0.1:{port}/live", compression=None) as socket_:
            try:
                if attack == "big":
                    await socket_.send(b"x" * 100_000)
                elif attack == "utf8":
                    await socket_.send(b"\xff\xfe", text=True)
                else:
                    for _ in range(10 * MAX_MESSAGES):
                        await socket_.send("hello")
                async for _ in socket_:
                    pass
            except websockets.exceptions.ConnectionClosed:
                pass
            code: int | None = socket_.close_code
            return code

    async def client(port: int) -> tuple[list[str | bytes], int | None]:
        good, code = await asyncio.gather(collect(port), hostile(port))
        return good, code

    _, (got, code) = web_session(take, client, frames=lambda: delayed(take))
    assert code == {"big": 1009, "utf8": 1007, "flood": 1008}[attack]
    assert [split(message)[1] for message in got if isinstance(message, bytes)][1:][-1] == 89


def test_a_port_in_use_is_told(take: Take) -> None:
    pytest.importorskip("websockets")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match="the port is in use"):
            stream(take, f"ws://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("livelnk://localhost", "did you mean livelink"),
        ("localhost:11111", "is not known"),
        ("ws://", "is not known"),
        ("ws://host:99999", "malformed"),
        ("ws://host:x", "malformed"),
        ("livelink://no.such.host.invalid", "there is no host"),
    ],
)
def test_bad_addresses(address: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        open_sender(address)
    assert "\n" not in str(caught.value)


def test_chunks_join_without_a_gap(take: Take) -> None:
    """Frames of chunks carry every sample once, in order, and go on counting."""
    rate, fps = take.speech.sample_rate, 60.0
    chunks = []
    for first in range(0, 90, 7):
        last = min(first + 7, 90)
        left, right = round(first * rate / fps), round(last * rate / fps)
        part = cut(take.motion, first / fps, last / fps)
        chunks.append(Chunk(first / fps, take.speech.waveform[left:right], rate, part, ""))
    frames = list(frames_of_chunks(chunks))
    assert [frame.index for frame in frames] == list(range(90))
    np.testing.assert_array_equal(np.concatenate([frame.samples for frame in frames]), take.speech.waveform)


def test_slow_synthesis_stops_the_clock_instead_of_skipping(take: Take, receiver: UdpReceiver) -> None:
    def frames() -> Iterator[LiveFrame]:
        for frame in frames_of(take, 60.0):
            if frame.index == 36:
                time.sleep(0.9)
            if frame.index == 60:
                return
            yield frame

    sender = open_sender(f"livelink://127.0.0.1:{receiver.port}")
    report = asyncio.run(play(frames(), Header(60.0, 16_000), [sender]))
    packets = receiver.done()
    assert report.waits == 1
    assert len(packets) == 61
    gaps = np.diff([moment for moment, _ in packets[1:]])
    assert gaps.max() > 0.2
    assert np.sort(gaps)[-2] < 0.1


def test_frames_that_cannot_be_made_are_told(take: Take, receiver: UdpReceiver) -> None:
    def frames() -> Iterator[LiveFrame]:
        for frame in frames_of(take, 60.0):
            if frame.index == 20:
                raise InputError("no voice")
            yield frame

    sender = open_sender(f"livelink://127.0.0.1:{receiver.port}")
    with pytest.raises(InputError, match="no voice"):
        asyncio.run(play(frames(), Header(60.0, 16_000), [sender]))
    assert len(receiver.done()) == 21


def test_streams_can_be_stopped(take: Take, receiver: UdpReceiver) -> None:
    """As Ctrl-C does: the tasks are cancelled; nothing is sent any more and no thread stays."""
    sender = open_sender(f"livelink://127.0.0.1:{receiver.port}")

    async def run() -> None:
        playing = asyncio.create_task(play(frames_of(take, 60.0), Header(60.0, 16_000), [sender]))
        await asyncio.sleep(0.5)
        playing.cancel()
        await playing

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
    assert 2 < len(receiver.done()) < 80
    time.sleep(0.3)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("mien-live")]


def test_punctuality_is_given_back() -> None:
    """After the stream the thread has the priority, and the interpreter the settings, that they had before."""
    before = sys.getswitchinterval(), gc.get_freeze_count(), os.nice(0)
    scheduler = getattr(os, "sched_getscheduler", lambda _: None)
    policy = scheduler(0)
    children: list[Any] = []
    with priority() as granted, prompt():
        assert granted in ("real time", "nice", "none")
        assert sys.getswitchinterval() < before[0]
        child = threading.Thread(target=lambda: children.append(scheduler(0)))
        child.start()
        child.join()
    assert children == [policy]
    assert scheduler(0) == policy
    assert (sys.getswitchinterval(), gc.get_freeze_count(), os.nice(0)) == before
    due_s = time.perf_counter() + 0.02
    sleep_until(due_s)
    assert 0.0 <= time.perf_counter() - due_s < 0.5
