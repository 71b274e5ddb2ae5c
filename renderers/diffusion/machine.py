"""Devices, number formats and what a window costs on them."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from checkpoints.errors import BackendError
from renderers.diffusion.sampling import Sampling

__all__ = ["choose_device", "choose_dtype", "explained_memory", "warn_if_slow", "window_tflop"]

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
#: Counted for 16 frames at 512², in TFLOP: one step on two branches, and decoding, encoding and reference
#: network once a window.
STEP_TFLOP, ONCE_TFLOP = 59.7, 85.0
COUNTED_PIXELS, COUNTED_FRAMES = 512 * 512, 16


def choose_device(device: str) -> torch.device:
    """Resolve ``"auto"`` and check that the device is there; the CPU must be asked for by name."""
    if device == "auto":
        if not torch.cuda.is_available():
            raise BackendError(
                f"the diffusion networks need CUDA, and torch {torch.__version__} finds none here; device=cpu works "
                "but takes hours for a second of video; the portrait renderer needs no card"
            )
        return torch.device("cuda")
    try:
        chosen = torch.device(device)
    except RuntimeError:
        chosen = torch.device("meta")
    if chosen.type not in ("cuda", "cpu"):
        raise BackendError(f"device={device!r} is not known; allowed are auto, cuda, cuda:N, cpu")
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise BackendError(
            f"device={device!r}, but torch {torch.__version__} finds no CUDA here; "
            "install a CUDA build of torch and the driver, or use device=cpu (slow), or the portrait renderer"
        )
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise BackendError(f"device={device!r}, but there are {torch.cuda.device_count()} CUDA devices here")
    return chosen


def choose_dtype(dtype: str, device: torch.device) -> torch.dtype:
    """Resolve ``"auto"``: bfloat16 on CUDA where the card has it, float16 on older cards, float32 elsewhere."""
    short = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
    if dtype == "auto":
        if device.type != "cuda":
            return torch.float32
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    name = short.get(dtype, dtype)
    if name not in DTYPES:
        raise BackendError(f"dtype={dtype!r} is not known; allowed are auto, {', '.join(DTYPES)}")
    return DTYPES[name]


def window_tflop(sampling: Sampling, width: int, height: int) -> float:
    """Work of one window at published sizes, in TFLOP (proportional to pixels, which is somewhat low above 512²)."""
    guided = sampling.guided_steps
    branches = guided * (2 + (sampling.emotion_guidance > 0)) + (sampling.steps - guided)
    share = width * height * sampling.frames / (COUNTED_PIXELS * COUNTED_FRAMES)
    return share * (branches * STEP_TFLOP / 2 + ONCE_TFLOP)


def warn_if_slow(head: Any, sampling: Sampling, width: int, height: int) -> None:
    """Warn with an estimate when published-size networks are to run on the CPU."""
    if head.device.type != "cpu" or sum(p.numel() for p in head.diffusion_net.parameters()) < 10**9:
        return
    side = 1024
    a = torch.randn(side, side, dtype=head.dtype)
    a @ a
    start = time.perf_counter()
    a @ a
    tflop_s = 2 * side**3 / 1e12 / (time.perf_counter() - start)
    minutes = window_tflop(sampling, width, height) / tflop_s / 60
    warnings.warn(
        f"the diffusion renderer runs on the CPU here: about {minutes:.0f} minutes for each {sampling.frames} frames "
        "(use a CUDA machine, mode=fast, fewer steps, a lower resolution, or the portrait renderer)",
        stacklevel=3,
    )


@contextmanager
def explained_memory(width: int, height: int) -> Iterator[None]:
    """Say what to lower when the card's memory runs out."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise BackendError(
            f"the card's memory ran out at {width}×{height} ({str(error).splitlines()[0]}): use offload=True, "
            "dtype=bfloat16, resolution=384, or close other programs that use the card"
        ) from error
