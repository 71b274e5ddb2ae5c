"""What clients send and get, as OpenAPI shows it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from avatar.serve.jobs import JobState

__all__ = ["JobView", "LineRequest", "Problem", "StreamOpening"]

Format = Literal["wav", "csv", "json", "glb", "mp4", "webm"]


class StreamOpening(BaseModel):
    """The first message of a stream: how everything after it is said."""

    model_config = ConfigDict(extra="forbid")

    emotion: Annotated[str | None, Field(max_length=200, examples=["joy:0.8, surprise:0.4"])] = None
    voice: Annotated[str | None, Field(max_length=64)] = None
    speaker: Annotated[str | None, Field(max_length=64)] = None
    language: Annotated[str, Field(max_length=35)] = "en-us"
    rate: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0
    pitch_st: Annotated[float, Field(ge=-24.0, le=24.0)] = 0.0
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class LineRequest(StreamOpening):
    """A line to perform."""

    text: Annotated[str, Field(min_length=1, max_length=20_000, examples=["You came back!"])]
    portrait: Annotated[str | None, Field(max_length=128, description="Name of a picture that the server has.")] = None
    formats: Annotated[list[Format], Field(min_length=1, max_length=6)] = ["wav"]


class JobView(BaseModel):
    """A job as its owner sees it."""

    id: str
    state: JobState
    files: list[str] = []
    duration_s: float | None = None
    error: str | None = None


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str
