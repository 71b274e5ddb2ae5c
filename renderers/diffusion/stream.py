"""Window after window of a video; where past frames stay latents, decoding overlaps the next window's steps."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from renderers.diffusion.model import Steering, TalkingHead
from renderers.diffusion.sampling import Sampling
from renderers.diffusion.state import VideoState

__all__ = ["Inputs", "stream"]

Inputs = Iterable[tuple[Tensor, Tensor, Steering | None]]
"""Sound features, emotion mixtures and steering for window after window."""


def stream(head: TalkingHead, state: VideoState, inputs: Inputs, sampling: Sampling) -> Generator[Tensor, None, None]:
    """Yield the frames (F, 3, H, W) in [0, 1] of window after window.

    Parameters
    ----------
    head : TalkingHead
    state : VideoState
        Advanced as windows are drawn; nothing else is changed, so that videos can be drawn in turns.
    inputs : iterable
    sampling : Sampling
    """
    if sampling.past == "pixels" or head.offload:
        for audio, mixtures, steering in inputs:
            latents = head.window(state, audio, mixtures, sampling, steering=steering)
            yield head.finish(state, latents, sampling)
        return
    yield from _overlapped(head, state, inputs, sampling)


def _overlapped(head: TalkingHead, state: VideoState, inputs: Inputs, sampling: Sampling) -> Iterator[Tensor]:
    """Draw the next window in another thread (and CUDA stream) while this one is decoded and handed over."""
    source = iter(inputs)
    cuda = head.device.type == "cuda"
    drawing: Any = torch.cuda.Stream(head.device) if cuda else None

    def draw() -> tuple[Tensor, Any] | None:
        item = next(source, None)
        if item is None:
            return None
        with torch.cuda.stream(drawing) if cuda else nullcontext():
            latents = head.window(state, item[0], item[1], sampling, steering=item[2])
            return latents, drawing.record_event() if cuda else None

    if cuda:
        drawing.wait_stream(torch.cuda.current_stream(head.device))
    with ThreadPoolExecutor(max_workers=1) as worker:
        coming, first = worker.submit(draw), True
        while (drawn := coming.result()) is not None:
            if not first:
                coming = worker.submit(draw)
            latents, event = drawn
            if cuda:
                torch.cuda.current_stream(head.device).wait_event(event)
                latents.record_stream(torch.cuda.current_stream(head.device))
            frames = head.finish(state, latents, sampling)
            if first:  # nothing delays the first frames
                coming, first = worker.submit(draw), False
            yield frames
