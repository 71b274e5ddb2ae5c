"""The diffusion talking head as a renderer: portrait, sound and emotion in, frames out, window by window."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError, MissingDependency
from conditioning import EmotionTrack, Motion, Speech
from conditioning.motion import frame_count
from renderers.renderer import DEFAULT_FPS, DEFAULT_SIZE, RendererInfo

if TYPE_CHECKING:
    from torch import Tensor

    from renderers.diffusion.features import AudioFeatures
    from renderers.diffusion.model import TalkingHead
    from renderers.diffusion.sampling import Sampling

__all__ = ["DiffusionRenderer", "Progress"]

MODES = ("exact", "fast")
DRIVES = ("audio", "motion")
PACKAGES = ("torch", "diffusers", "transformers")


@dataclass(frozen=True)
class Progress:
    """How far a video is.

    Parameters
    ----------
    done, total : int
        Frames of the networks (30 a second).
    frames_per_s : float
        Mean speed so far.
    left_s : float
        Time left at that speed.
    peak_memory_bytes : int
        Most memory of the card in use so far, 0 on the CPU.
    """

    done: int
    total: int
    frames_per_s: float
    left_s: float
    peak_memory_bytes: int

    def __str__(self) -> str:
        peak = f", peak memory {self.peak_memory_bytes / 1e9:.1f} GB" if self.peak_memory_bytes else ""
        return f"{self.done}/{self.total} frames, {self.frames_per_s:.2f} frames/s, {self.left_s:.0f} s left{peak}"


class DiffusionRenderer:
    """Latent-diffusion talking head with the published MEMO weights.

    Parameters
    ----------
    portrait : path
        Picture of a face.
    weights, vae, wav2vec : path or hub id, optional
        Where the weights are; see ``renderers.diffusion.weights``. ``vae`` and ``wav2vec`` are looked for in the
        weights' folder (``vae/``, ``wav2vec2/``), then on the hub.
    mode : {"exact", "fast"}
        The published computation, or fewer steps and kept latents.
    steps, guidance, sampler, guidance_interval
        Override the mode's; see ``Sampling``.
    emotion_strength : float
        Extra guidance between the emotion and none; 0 is off (and costs nothing), 1 to 4 is usual.
    emotion_label : str, optional
        One of the nine labels instead of the speech's emotion.
    drive : {"audio", "motion"}
        Whether the motion, drawn by ``driver``, steers the picture as well.
    driver : str
        Renderer that draws the motion.
    drive_noise, drive_strength : float
        See ``Drive``.
    resolution : int
        Longer side of the pictures that the networks draw.
    device, dtype, attention : str
        ``"auto"`` or a name.
    offload : bool
        Keep networks that are not at work on the CPU, for cards of 8–12 GB.
    tiling : bool
        Decode frames in overlapping tiles; chosen by itself when memory runs out.
    acceleration : {"none", "compile", "graph"}
        Compile the step, or record it as a CUDA graph.
    face_model : path, optional
        ArcFace model in ONNX, or ``.npy`` with the embedding; zeros when absent.
    progress : callable or bool
        Called with a :class:`Progress` after each window; ``True`` writes it to standard error.
    head, features : optional
        Loaded networks instead of ``weights`` and what follows it, shared between renderers; give both.

    Attributes
    ----------
    status : str
        What is worth saying of the work so far, such as the peak memory; empty if nothing.
    """

    info: ClassVar[RendererInfo] = RendererInfo(
        name="diffusion",
        summary="latent-diffusion talking head with the published MEMO weights, emotion under control",
        licence="Apache-2.0 (code and the user's own copy of the weights)",
        needs_cuda=True,
        requires=dict.fromkeys(PACKAGES, 'pip install "mien[diffusion]"'),
    )

    def __init__(
        self,
        portrait: str | Path,
        *,
        weights: str | Path | None = None,
        vae: str | Path | None = None,
        wav2vec: str | Path | None = None,
        mode: str = "exact",
        steps: int | None = None,
        guidance: float | None = None,
        sampler: str | None = None,
        guidance_interval: tuple[float, float] | None = None,
        emotion_strength: float = 0.0,
        emotion_label: str | None = None,
        drive: str = "audio",
        driver: str = "portrait",
        drive_noise: float = 0.7,
        drive_strength: float = 0.8,
        resolution: int = 512,
        device: str = "auto",
        dtype: str = "auto",
        attention: str = "auto",
        offload: bool = False,
        tiling: bool = False,
        acceleration: str = "none",
        face_model: str | Path | None = None,
        progress: Callable[[Progress], None] | bool = False,
        head: TalkingHead | None = None,
        features: AudioFeatures | None = None,
    ) -> None:
        _check_choice("mode", mode, MODES)
        _check_choice("drive", drive, DRIVES)
        if (head is None) != (features is None):
            raise InputError("head and features belong together; give both, or neither")
        self.status = ""
        self.portrait = Path(portrait)
        self.face_model = None if face_model is None else Path(face_model)
        self.resolution = resolution
        self.progress = _say if progress is True else progress
        if head is None:
            from renderers.diffusion.weights import locate

            weights = locate(weights)
        _check_packages()
        from renderers.diffusion.drive import Drive

        self.drive = Drive(drive_noise, drive_strength) if drive == "motion" else None
        self.driver = driver
        self.label = None if emotion_label is None else _label(emotion_label)
        changes = {"steps": steps, "guidance": guidance, "sampler": sampler, "guidance_interval": guidance_interval}
        self.sampling = _sampling(mode, emotion_strength, changes)
        if head is None or features is None:
            from renderers.diffusion.networks import open_networks

            choices = (weights, vae, wav2vec, device, dtype, acceleration, attention, offload, tiling)
            self.head, self.features = open_networks(*choices)
        else:
            from renderers.diffusion.acceleration import accelerate

            self.head, self.features = head, features
            accelerate(head, acceleration)

    def frames(
        self,
        motion: Motion,
        speech: Speech | None = None,
        *,
        fps: float = DEFAULT_FPS,
        size: tuple[int, int] = DEFAULT_SIZE,
        seed: int = 0,
    ) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield (height, width, 3) uint8 sRGB frames, frame ``i`` for the time ``i / fps``.

        The networks draw 30 frames a second; other rates take the nearest of them. The first frames come when
        the first window (half a second) is drawn.
        """
        from renderers.diffusion.features import FEATURE_FPS
        from renderers.diffusion.framing import network_size
        from renderers.diffusion.machine import explained_memory, warn_if_slow

        width, height = network_size(size, self.resolution)
        warn_if_slow(self.head, self.sampling, width, height)
        count = max(1, frame_count(motion.duration_s, fps))
        drawn = -1
        picture = np.zeros(0, np.uint8)
        with explained_memory(width, height), closing(self._drawn(motion, speech, size, seed)) as pictures:
            for i in range(count):
                wanted = round(i * FEATURE_FPS / fps)
                while drawn < wanted:
                    following = next(pictures, None)
                    drawn += 1
                    if following is not None:
                        picture = _resized(following, size)
                yield picture

    def _drawn(
        self, motion: Motion, speech: Speech | None, size: tuple[int, int], seed: int
    ) -> Generator[npt.NDArray[np.uint8], None, None]:
        """Frames of the networks, 30 a second, at their size."""
        import torch

        from renderers.diffusion.drive import driving_frames, steerings
        from renderers.diffusion.features import FEATURE_FPS
        from renderers.diffusion.framing import network_size, prepare_portrait
        from renderers.diffusion.pixels import to_frames, to_pixels
        from renderers.diffusion.stream import stream

        total = max(1, frame_count(motion.duration_s, FEATURE_FPS))
        sound, rate = _sound(motion, speech)
        portrait = prepare_portrait(self.portrait, size, *network_size(size, self.resolution))
        face = None
        if self.face_model is not None:
            from renderers.diffusion.identity import face_embedding

            face = torch.from_numpy(face_embedding(self.face_model, portrait))
        steering: Iterator[Any] = repeat(None)
        if self.drive is not None:
            drawn = driving_frames(portrait, motion, speech, FEATURE_FPS, seed, self.driver)
            steering = steerings(drawn, self.sampling.frames, self.drive)
        state = self.head.start(to_pixels(portrait[None])[0], face, seed)
        audio = self.features.windows(sound, rate, self.sampling.frames)
        track = speech.emotion if speech is not None else EmotionTrack()
        done, began = 0, time.perf_counter()
        with closing(stream(self.head, state, self._inputs(audio, track, steering), self.sampling)) as windows:
            for window in windows:
                pictures = to_frames(window)[: total - done]
                done += len(pictures)
                self._report(done, total, began)
                yield from pictures
                if done >= total:
                    return

    def _inputs(
        self, audio: Iterator[Tensor], track: EmotionTrack, steering: Iterator[Any]
    ) -> Iterator[tuple[Tensor, Tensor, Any]]:
        """Sound features, emotion mixtures and steering of window after window."""
        import torch

        from renderers.diffusion.emotion import EMOTION_LABELS, emotion_mixtures
        from renderers.diffusion.features import FEATURE_FPS

        frames = self.sampling.frames
        for window, (sound, steer) in enumerate(zip(audio, steering, strict=False)):
            times_s = (window * frames + np.arange(frames)) / FEATURE_FPS
            if self.label is None:
                mixtures = torch.from_numpy(emotion_mixtures(track, times_s))
            else:
                mixtures = torch.eye(len(EMOTION_LABELS))[self.label].repeat(frames, 1)
            yield sound, mixtures, steer

    def _report(self, done: int, total: int, began: float) -> None:
        import torch

        speed = done / max(time.perf_counter() - began, 1e-9)
        cuda = self.head.device.type == "cuda"
        peak = int(torch.cuda.max_memory_allocated(self.head.device)) if cuda else 0
        self.status = f"peak memory {peak / 1e9:.1f} GB" if peak else ""
        if callable(self.progress):
            self.progress(Progress(done, total, speed, (total - done) / speed, peak))


def _say(progress: Progress) -> None:
    sys.stderr.write(f"\r{progress}" + ("\n" if progress.done >= progress.total else ""))
    sys.stderr.flush()


def _check_choice(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise InputError(f"{name}={value!r} is not known; allowed are {', '.join(allowed)}")


def _check_packages() -> None:
    from importlib.util import find_spec

    absent = [name for name in PACKAGES if find_spec(name) is None]
    if absent:
        raise MissingDependency(f'the diffusion renderer needs {", ".join(absent)}: pip install "mien[diffusion]"')


def _label(name: str) -> int:
    from renderers.diffusion.emotion import EMOTION_LABELS

    _check_choice("emotion_label", name, EMOTION_LABELS)
    return EMOTION_LABELS.index(name)


def _sampling(mode: str, emotion_strength: float, changes: dict[str, Any]) -> Sampling:
    from renderers.diffusion.sampling import FAST, Sampling

    given = {name: value for name, value in changes.items() if value is not None}
    return replace(FAST if mode == "fast" else Sampling(), emotion_guidance=emotion_strength, **given)


def _sound(motion: Motion, speech: Speech | None) -> tuple[npt.NDArray[np.float32], int]:
    """The waveform, filled up or cut to the motion's length; silence without speech."""
    rate = speech.sample_rate if speech is not None else 16_000
    sound = np.zeros(max(1, round(motion.duration_s * rate)), np.float32)
    if speech is not None:
        heard = speech.waveform[: len(sound)]
        sound[: len(heard)] = heard
    return sound, rate


def _resized(picture: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    if picture.shape[1::-1] == size:
        return picture
    from PIL import Image

    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
