"""The HTTP and WebSocket interface, documented by its own OpenAPI page at ``/docs``."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response, WebSocket
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from avatar.serve.config import ServeConfig, is_loopback
from avatar.serve.jobs import Job, JobState, JobStore, QueueFull
from avatar.serve.schema import JobView, LineRequest, Problem
from avatar.serve.work import Workers

__all__ = ["Service", "create_app"]

#: Requests are small; a larger body is refused before it is read.
MAX_BODY_BYTES = 256_000
#: Buckets of the time in the queue, in seconds.
_WAITS_S = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
_REFUSALS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (400, 401, 404, 409, 413, 429, 504)}
#: What a file of each format is called in ``Content-Type``.
MEDIA_TYPES = {
    "wav": "audio/wav", "csv": "text/csv", "json": "application/json", "glb": "model/gltf-binary",
    "mp4": "video/mp4", "webm": "video/webm",
}  # fmt: skip
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {kind: {} for kind in MEDIA_TYPES.values()}}
}


class Service:
    """What the endpoints share: settings, jobs, workers, limits and counts."""

    def __init__(self, config: ServeConfig) -> None:
        self.config = config
        config.folder.mkdir(parents=True, exist_ok=True)
        self.store = JobStore(config.folder / "jobs.sqlite", config.queue_limit)
        self.limiter = MovingWindowRateLimiter(MemoryStorage())
        self.rate = parse(config.rate_limit)
        self.workers: Workers | None = None
        #: Set when the server is told to stop: who waits for a result is told where it will be found.
        self.stopping = False
        self.registry = CollectorRegistry()
        self.accepted = Counter("mien_jobs_accepted", "Jobs accepted", registry=self.registry)
        self.refused = Counter("mien_refused", "Requests refused", ["reason"], registry=self.registry)
        self.waited = Histogram("mien_direct_seconds", "Time of direct results", registry=self.registry)
        self.queued = Histogram(
            "mien_queued_seconds", "Time that jobs waited for a worker", registry=self.registry, buckets=_WAITS_S
        )
        self.states = Gauge("mien_jobs", "Jobs by state", ["state"], registry=self.registry)

    def key_of(self, authorization: str | None, client: str) -> str:
        """Return the key that a request counts for.

        Raises
        ------
        HTTPException
            401 without the right token, 429 beyond the rate.
        """
        token = (authorization or "").removeprefix("Bearer ").strip()
        if self.config.token and not hmac.compare_digest(token.encode(), self.config.token.encode()):
            self.refused.labels("token").inc()
            raise HTTPException(401, "send 'Authorization: Bearer <token>'", {"WWW-Authenticate": "Bearer"})
        key = hashlib.sha256((token or client).encode()).hexdigest()[:16]
        if not self.limiter.hit(self.rate, key):
            self.refused.labels("rate").inc()
            raise HTTPException(429, f"more than {self.config.rate_limit}; wait", {"Retry-After": "5"})
        return key


def create_app(config: ServeConfig) -> FastAPI:
    """Return the application of a server; its workers start with it and stop with it."""
    service = Service(config)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.workers = Workers(config, service.store, service.queued.observe)
        service.workers.start()
        yield
        await service.workers.stop()
        service.store.close()

    app = FastAPI(title="Mien", version=version("mien"), lifespan=lifespan, responses=_REFUSALS)
    app.state.service = service
    app.include_router(router)
    app.middleware("http")(_bounded)
    return app


async def _bounded(request: Request, call_next: Any) -> Response:
    """Refuse bodies that are too large or of unknown size, and pages of other origins on loopback."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BODY_BYTES or "transfer-encoding" in request.headers:
        return JSONResponse({"detail": f"a body has at most {MAX_BODY_BYTES} bytes, and says its length"}, 413)
    host = (request.url.hostname or "").strip("[]")
    service: Service = request.app.state.service
    if not service.config.token and not (is_loopback(host) or host == "testserver"):
        # Without a token only this machine may ask, also by name: a page elsewhere could rebind a name of its own.
        return JSONResponse({"detail": "ask for 127.0.0.1 or localhost"}, 400)
    response: Response = await call_next(request)
    return response


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _workers(request: Request) -> Workers:
    workers = _service(request).workers
    assert workers is not None  # They start with the application.
    return workers


def _key(request: Request) -> str:
    client = request.client.host if request.client else ""
    return _service(request).key_of(request.headers.get("authorization"), client)


Key = Annotated[str, Depends(_key)]
router = APIRouter()


@router.get("/health")
def health(request: Request) -> dict[str, Any]:
    """Tell that the server lives, and how many jobs are in each state."""
    return {"status": "ok", "version": version("mien"), "jobs": _service(request).store.counts()}


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    """Return the counts in Prometheus' text form."""
    service = _service(request)
    counts = service.store.counts()
    for state in get_args(JobState):
        service.states.labels(state).set(counts.get(state, 0))
    return Response(generate_latest(service.registry), media_type=CONTENT_TYPE_LATEST)


@router.post("/v1/lines", status_code=202, response_model=JobView, responses=_FILE)
async def post_line(
    line: LineRequest,
    request: Request,
    key: Key,
    wait: Annotated[bool, Query(description="Wait and answer with the first format's file.")] = False,
) -> Any:
    """Accept a line; with ``?wait=true`` answer with its first file when it is done."""
    service = _service(request)
    if len(line.text) > service.config.max_characters:
        raise HTTPException(413, f"a text has at most {service.config.max_characters} characters here")
    try:
        job = await asyncio.to_thread(service.store.add, key, line.model_dump())
    except QueueFull:
        service.refused.labels("queue").inc()
        raise HTTPException(429, "the queue is full; try again soon", {"Retry-After": "2"}) from None
    service.accepted.inc()
    finished = _workers(request).notify(job.id)
    return await _direct(request, job, finished) if wait else _view(job)


@router.get("/v1/jobs/{job_id}", response_model=JobView)
def get_job(job_id: str, request: Request, key: Key) -> JobView:
    """Return how a job stands."""
    return _view(_own_job(request, job_id, key))


@router.delete("/v1/jobs/{job_id}", response_model=JobView)
async def delete_job(job_id: str, request: Request, key: Key) -> JobView:
    """Cancel a job that is not finished."""
    job = await asyncio.to_thread(_own_job, request, job_id, key)
    if not await _workers(request).cancel(job.id):
        raise HTTPException(409, f"the job is {job.state}; only one that is not finished can be cancelled")
    return _view(await asyncio.to_thread(_own_job, request, job_id, key))


@router.get("/v1/jobs/{job_id}/files/{name}", response_class=FileResponse, responses=_FILE)
def get_file(job_id: str, name: str, request: Request, key: Key) -> FileResponse:
    """Return one of a job's files."""
    job = _own_job(request, job_id, key)
    if name not in job.result.get("files", []):
        raise HTTPException(404, f"the job has no file {name[:60]!r}")
    return _file(_service(request), job, name)


@router.websocket("/v1/stream")
async def stream(socket: WebSocket) -> None:
    """Speak text as it arrives; see :mod:`avatar.serve.socket`."""
    from avatar.serve.socket import speak_stream

    await speak_stream(socket, socket.app.state.service)


async def _direct(request: Request, job: Job, finished: asyncio.Event) -> Response:
    """Wait for a job, or cancel it when the client leaves; a server that stops answers that the job is accepted."""
    service = _service(request)
    with service.waited.time():
        while not finished.is_set():
            if service.stopping:
                return JSONResponse(_view(job).model_dump(), 202)
            if await request.is_disconnected():
                await _workers(request).cancel(job.id)
                return Response(status_code=499)
            try:
                await asyncio.wait_for(finished.wait(), timeout=0.25)
            except TimeoutError:
                continue
    ended = await asyncio.to_thread(service.store.get, job.id)
    if ended is None or ended.state != "done":
        raise HTTPException(400, ended.result.get("error", "the job was cancelled") if ended else "the job is gone")
    return _file(service, ended, ended.result["files"][0])


def _file(service: Service, job: Job, name: str) -> FileResponse:
    """Return one of a job's files; ``X-Job`` says whose."""
    kind = MEDIA_TYPES[name.rpartition(".")[2]]
    return FileResponse(service.config.folder / "files" / job.id / name, media_type=kind, headers={"X-Job": job.id})


def _own_job(request: Request, job_id: str, key: str) -> Job:
    job = _service(request).store.get(job_id)
    if job is None or job.owner != key:
        raise HTTPException(404, "no such job")
    return job


def _view(job: Job) -> JobView:
    return JobView(
        id=job.id,
        state=job.state,
        files=job.result.get("files", []),
        duration_s=job.result.get("duration_s"),
        error=job.result.get("error"),
    )
