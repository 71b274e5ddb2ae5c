"""The server, asked as clients ask it."""

from __future__ import annotations

import io
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="mien[serve] is not installed")

import soundfile
from starlette.testclient import TestClient

from avatar.serve.app import create_app
from avatar.serve.config import ServeConfig
from avatar.serve.jobs import JobStore, QueueFull
from checkpoints import InputError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*httpx.*")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    config = ServeConfig(tmp_path_factory.mktemp("serve"), rate_limit="10000/minute")
    with TestClient(create_app(config)) as ready:
        yield ready


def wait_for(client: TestClient, job_id: str, headers: dict[str, str] | None = None) -> dict[str, object]:
    for _ in range(600):
        job: dict[str, object] = client.get(f"/v1/jobs/{job_id}", headers=headers).json()
        if job["state"] not in ("queued", "running"):
            return job
        time.sleep(0.1)
    raise AssertionError("the job did not end in a minute")


def test_a_line_comes_back_as_sound(client: TestClient) -> None:
    answer = client.post("/v1/lines?wait=true", json={"text": "Halt!", "emotion": "anger"})
    assert answer.status_code == 200
    wave, rate = soundfile.read(io.BytesIO(answer.content))
    assert 0.2 < len(wave) / rate < 3.0
    assert np.abs(wave).max() > 0.05


def test_a_job_can_be_followed_and_its_files_fetched(client: TestClient) -> None:
    job = client.post("/v1/lines", json={"text": "Yes.", "formats": ["wav", "csv"]})
    assert job.status_code == 202
    ended = wait_for(client, job.json()["id"])
    assert ended["state"] == "done"
    assert ended["files"] == ["line.wav", "line.csv"]
    header = client.get(f"/v1/jobs/{ended['id']}/files/line.csv").text.splitlines()[0]
    assert header.startswith("Timecode,BlendShapeCount")
    assert client.get(f"/v1/jobs/{ended['id']}/files/..%2F..%2Fjobs.sqlite").status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"text": "Hi.", "emotion": "joyy"}, 400, "did you mean joy"),
        ({"text": "…"}, 400, "nothing to say"),
        ({"text": "Hi.", "portrait": "../../etc/passwd", "formats": ["mp4"]}, 400, "has no portrait"),
        ({"text": "x " * 4000}, 413, "2000 characters"),
        ({"text": ""}, 422, "at least 1 character"),
        ({"text": "Hi.", "formats": ["exe"]}, 422, "wav"),
        ({"text": "Hi.", "rate": 99}, 422, "less than or equal to 4"),
        ({"text": "Hi.", "portait": "a"}, 422, "Extra inputs"),
    ],
)
def test_bad_requests_say_why(client: TestClient, body: dict[str, object], status: int, reason: str) -> None:
    answer = client.post("/v1/lines?wait=true", json=body)
    assert answer.status_code == status
    assert reason in answer.text


def test_large_bodies_are_refused_unread(client: TestClient) -> None:
    answer = client.post("/v1/lines", content=b"x" * 300_000, headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_health_and_metrics(client: TestClient) -> None:
    assert client.get("/health").json()["status"] == "ok"
    assert "mien_jobs_accepted_total" in client.get("/metrics").text


def test_a_token_is_required_where_one_is_set_and_jobs_are_private(tmp_path: Path) -> None:
    token = "0123456789abcdef"
    with TestClient(create_app(ServeConfig(tmp_path, token=token, workers=1))) as client:
        assert client.post("/v1/lines", json={"text": "Hi."}).status_code == 401
        headers = {"authorization": f"Bearer {token}"}
        job = client.post("/v1/lines", json={"text": "Hi."}, headers=headers).json()
        assert client.get(f"/v1/jobs/{job['id']}").status_code == 401
        assert wait_for(client, job["id"], headers)["state"] == "done"
        assert client.get("/v1/jobs/0", headers=headers).status_code == 404


def test_off_loopback_a_token_is_required(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="MIEN_TOKEN"):
        ServeConfig(tmp_path, host="0.0.0.0")


def test_the_rate_limit_answers_429(tmp_path: Path) -> None:
    with TestClient(create_app(ServeConfig(tmp_path, rate_limit="3/minute"))) as client:
        codes = [client.get("/v1/jobs/none").status_code for _ in range(5)]
    assert codes == [404, 404, 404, 429, 429]


def test_the_queue_is_bounded_and_survives_a_restart(tmp_path: Path) -> None:
    store = JobStore(tmp_path / "jobs.sqlite", queue_limit=2)
    first, second = store.add("me", {"text": "1"}), store.add("me", {"text": "2"})
    with pytest.raises(QueueFull):
        store.add("me", {"text": "3"})
    taken = store.take()
    assert taken is not None
    assert taken.id == first.id
    store.close()
    # As after a crash: the job that was running is taken up again, before the one behind it.
    store = JobStore(tmp_path / "jobs.sqlite", queue_limit=2)
    assert store.requeue_running() == 1
    assert [job.id for job in (store.take(), store.take()) if job] == [first.id, second.id]
    assert store.cancel(second.id)
    store.finish(second.id, "done", {})
    ended = store.get(second.id)
    assert ended is not None
    assert ended.state == "cancelled"
    store.close()


def test_a_stream_speaks_text_as_it_arrives(client: TestClient) -> None:
    with client.websocket_connect("/v1/stream") as socket:
        socket.send_json({"emotion": "joy"})
        for text in ("You came ba", "ck! I thought", " I had lost you."):
            socket.send_json({"text": text})
        socket.send_json({"end": True})
        clock_s, texts = 0.0, []
        while True:
            header = json.loads(socket.receive_text())
            frame = socket.receive_bytes()
            assert len(frame) == 2 * header["samples"] + 4 * 61 * header["frames"]
            assert header["start_s"] == pytest.approx(clock_s, abs=1e-5)
            clock_s += header["frames"] / header["fps"]
            weights = np.frombuffer(frame[2 * header["samples"] :], "<f4").reshape(-1, 61)[:, :52]
            assert weights.min() >= 0.0
            assert weights.max() <= 1.0
            texts.append(header["text"])
            if header["last"]:
                break
    assert list(dict.fromkeys(texts)) == ["You came back!", "I thought I had lost you."]


@pytest.mark.parametrize("message", ["[]", "{", '{"emotion": "joy", "x": 1}', '{"rate": 1000}', '"' + "x" * 9000 + '"'])
def test_a_hostile_opening_is_answered_and_closed(client: TestClient, message: str) -> None:
    with client.websocket_connect("/v1/stream") as socket:
        socket.send_text(message)
        assert "error" in socket.receive_json()
        assert socket.receive()["type"] == "websocket.close"


def test_the_command_says_where_it_listens_or_that_it_cannot(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "avatar", "serve", "--folder", str(tmp_path / "jobs"), "--port"]
    with subprocess.Popen([*command, "0"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[0]
        try:
            assert "Mien" in httpx.get(url, timeout=60).text
            port = str(httpx.URL(url).port)
            second = subprocess.run([*command, port], capture_output=True, text=True, check=False)
        finally:
            server.send_signal(signal.SIGINT)
    assert second.returncode == 2
    assert f"cannot listen at 127.0.0.1:{port}: address already in use; stop" in second.stderr


def test_a_cancelled_job_lets_its_waiter_go(tmp_path: Path) -> None:
    with TestClient(create_app(ServeConfig(tmp_path, rate_limit="10000/minute"))) as client:
        long = client.post("/v1/lines", json={"text": "One, two, three, four, five, six. " * 20}).json()
        answers: list[httpx.Response] = []
        waiter = threading.Thread(
            target=lambda: answers.append(client.post("/v1/lines?wait=true", json={"text": "Yes.", "seed": 9}))
        )
        waiter.start()
        store: JobStore = client.app.state.service.store  # type: ignore[attr-defined]
        while sum(store.counts().values()) < 2:
            time.sleep(0.02)
        (waiting,) = (job_id for job_id in job_ids(tmp_path) if job_id != long["id"])
        assert client.delete(f"/v1/jobs/{waiting}").json()["state"] == "cancelled"
        waiter.join(timeout=60)
        assert [answer.status_code for answer in answers] == [400]
        assert "cancelled" in answers[0].text
        assert client.delete(f"/v1/jobs/{waiting}").status_code == 409
        client.delete(f"/v1/jobs/{long['id']}")


def job_ids(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "jobs.sqlite")) as database:
        return [job_id for (job_id,) in database.execute("SELECT id FROM jobs")]


@contextmanager
def listening(config: ServeConfig) -> Iterator[str]:
    """A server on a free port of this machine; its address."""
    uvicorn = pytest.importorskip("uvicorn")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(config), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_whatever_its_openapi_allows_is_answered_as_it_says(tmp_path: Path) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    from hypothesis import HealthCheck, given, settings
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks as openapi_checks

    # That a portrait of a random name is refused with 400 is right, and no fault of a request that fits the schema.
    checks = [
        not_a_server_error,
        openapi_checks.status_code_conformance,
        openapi_checks.content_type_conformance,
        openapi_checks.response_schema_conformance,
    ]
    tried: Counter[int] = Counter()
    with listening(ServeConfig(tmp_path, rate_limit="100000/minute", max_characters=40, queue_limit=4)) as url:
        schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
        for found in schema.get_all_operations():
            operation = found.ok()

            @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy())
            def check(case: object) -> None:
                answer = case.call(timeout=120)  # type: ignore[attr-defined]
                tried[answer.status_code] += 1
                case.validate_response(answer, checks=checks)  # type: ignore[attr-defined]

            check()
    assert tried[200] > 0
    assert tried[202] > 0
    assert not [code for code in tried if code >= 500]
