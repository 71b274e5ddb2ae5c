"""``mesh``: a 3-D head that performs, on the CPU."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning import Motion, Speech
from renderers.mesh_head import Head, rotation_matrices, weights_of
from renderers.mesh_raster import SAMPLES, facing, normals_of, pose_vertices, visible
from renderers.mesh_shade import shade_band, srgb_table
from renderers.mesh_sources import choose_head
from renderers.renderer import DEFAULT_FPS, DEFAULT_SIZE, RendererInfo

if TYPE_CHECKING:
    from renderers.mesh_pytorch3d import Pytorch3dPainter

__all__ = ["BACKENDS", "Camera", "MeshRenderer"]

#: What draws: see :class:`MeshRenderer`.
BACKENDS = ("auto", "numba", "pytorch3d")

#: Vertical angle of view, degrees: that of a portrait lens.
_VIEW_DEG = 24.0
#: How much of the picture's height the head takes.
_FILL = 0.8
#: Head and neck down to this far below the top are framed, metres.
_HEAD_HEIGHT_M = 0.29
#: Textures are not larger than this along a side.
_MAX_TEXTURE_PX = 4096

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Camera:
    """Looks along -Z at a point.

    Attributes
    ----------
    target : tuple of float
        Metres.
    distance_m : float
        From the target.
    view_deg : float
        Vertical angle of view.
    """

    target: tuple[float, float, float]
    distance_m: float
    view_deg: float = _VIEW_DEG

    @classmethod
    def framing(cls, head: Head) -> Camera:
        """Return a camera that shows a head whole."""
        top = float(head.vertices[:, 1].max())
        bottom = max(float(head.vertices[:, 1].min()), top - _HEAD_HEIGHT_M)
        shown = head.vertices[head.vertices[:, 1] >= bottom]
        height = max(top - bottom, float(np.ptp(shown[:, 0])), 1e-3) / _FILL
        distance_m = 0.5 * height / np.tan(np.radians(_VIEW_DEG) / 2) + float(head.vertices[:, 2].max()) * 0.5
        return cls((0.0, (top + bottom) / 2, 0.0), distance_m)

    def project(self, points: FloatArray, size: tuple[int, int]) -> FloatArray:
        """Return (V, 3) float32: x and y in pixels with centres at halves, y down, and 1 / distance."""
        away = self.distance_m - (points[:, 2] - self.target[2])
        inverse = 1.0 / np.maximum(away, 1e-3)
        scale = 0.5 * size[1] / np.tan(np.radians(self.view_deg) / 2)
        x = 0.5 * size[0] + scale * (points[:, 0] - self.target[0]) * inverse
        y = 0.5 * size[1] - scale * (points[:, 1] - self.target[1]) * inverse
        projected: FloatArray = np.stack([x, y, inverse], axis=1).astype(np.float32)
        return projected


def _lights() -> FloatArray:
    """Return a soft key from the upper left of the picture, a fill from the right, a rim from behind."""
    rows = [
        # towards the light      colour              sky (first row)      wrap: red goes furthest
        ((-0.45, 0.50, 0.74), (1.02, 0.97, 0.90), (0.20, 0.22, 0.25), (0.30, 0.16, 0.10)),
        ((0.80, 0.10, 0.55), (0.17, 0.19, 0.23), (0.0, 0.0, 0.0), (0.45, 0.40, 0.40)),
        ((0.55, 0.35, -0.75), (0.42, 0.42, 0.46), (0.0, 0.0, 0.0), (0.05, 0.05, 0.05)),
    ]
    table = np.array([np.concatenate(row) for row in rows], np.float32)
    table[:, :3] /= np.linalg.norm(table[:, :3], axis=1, keepdims=True)
    half = table[:, :3] + np.array([0.0, 0.0, 1.0], np.float32)
    lights: FloatArray = np.concatenate([table, half / np.linalg.norm(half, axis=1, keepdims=True)], axis=1)
    return lights


class MeshRenderer:
    """Draws a head with smooth normals, texture and soft light.

    Parameters
    ----------
    portrait : Path or None
        Whose face it is, where no head is named; a neutral head without.
    head : str, optional
        A registered name, a GLB file or an ICT-FaceKit folder.
    threads : int, optional
        The number of processors, at most 4, by default.
    backend : str
        ``numba`` (CPU), ``pytorch3d`` (CUDA, or CPU without one), or ``auto``: PyTorch3D where it is installed and
        there is a CUDA device. The pictures are the same within a small tolerance.
    """

    info: ClassVar[RendererInfo] = RendererInfo(
        name="mesh",
        summary="a 3-D head: the portrait's face, a neutral head, or your own GLB",
        licence="Apache-2.0; the neutral head is ICT-FaceKit's, MIT",
        needs_portrait=False,
    )

    def __init__(
        self,
        portrait: Path | None = None,
        *,
        head: str | None = None,
        threads: int | None = None,
        backend: str = "auto",
    ) -> None:
        if backend not in BACKENDS:
            raise InputError(f"backend={backend!r} is not known; choose {', '.join(BACKENDS)}")
        self.head = choose_head(head, None if portrait is None else Path(portrait))
        if threads is not None and not 1 <= threads <= 64:
            raise InputError(f"threads={threads} is not possible; choose 1 to 64")
        self._threads = threads or min(4, os.cpu_count() or 1)
        self.camera = Camera.framing(self.head)
        self._starts, self._at, self._values = _moved(self.head.shapes)
        self._texture = _linear_texture(self.head)
        self._uvs = np.zeros((len(self.head.vertices), 2), np.float32) if self.head.uvs is None else self.head.uvs
        self._gloss = _gloss(self.head)
        self._lights, self._table = _lights(), srgb_table()
        self._painter = self._open_painter(backend)

    def _open_painter(self, backend: str) -> Pytorch3dPainter | None:
        """Return PyTorch3D's painter where it shall be used."""
        from renderers.mesh_pytorch3d import Pytorch3dPainter, is_usable

        if backend == "numba" or (backend == "auto" and not is_usable()):
            return None
        return Pytorch3dPainter(
            self.head.triangles, self._uvs, self._gloss, self._texture, self._lights, unlit=self.head.unlit
        )

    def frames(
        self,
        motion: Motion,
        speech: Speech | None = None,
        *,
        fps: float = DEFAULT_FPS,
        size: tuple[int, int] = DEFAULT_SIZE,
        seed: int = 0,
    ) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield (height, width, 3) uint8 sRGB frames; see :class:`renderers.renderer.Renderer`."""
        if min(size) < 16 or max(size) > 8192:
            raise InputError(f"a picture of {size[0]}x{size[1]} is not possible; sides run from 16 to 8192 pixels")
        moments = motion.resample(fps)
        weights = weights_of(moments, self.head.shape_names)
        turns = rotation_matrices(moments.head_rotation).astype(np.float32)
        eyes = rotation_matrices(moments.eye_rotation).astype(np.float32)
        samples = (size[1] * SAMPLES, size[0] * SAMPLES)
        room = np.empty(samples, np.float32), np.empty(samples, np.int32)
        with ThreadPoolExecutor(self._threads) as pool:
            for i in range(len(moments)):
                points, normals = self.posed(weights[i], turns[i], eyes[i])
                yield self._frame(points, normals, size, room, pool)

    def posed(self, weights: FloatArray, turn: FloatArray, eyes: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (V, 3) vertices and (V, 3) unit normals of one frame, head turned and eyes looking."""
        head = self.head
        points = pose_vertices(head.vertices, self._starts, self._at, self._values, weights)
        if head.eye_parts is not None:
            for side in (0, 1):
                ball = head.eye_parts == side + 1
                points[ball] = (points[ball] - head.eyes[side]) @ eyes[side].T + head.eyes[side]
        normals = normals_of(points, head.triangles)
        return points @ turn.T, normals @ turn.T

    def _frame(
        self,
        points: FloatArray,
        normals: FloatArray,
        size: tuple[int, int],
        room: tuple[FloatArray, npt.NDArray[np.int32]],
        pool: ThreadPoolExecutor,
    ) -> npt.NDArray[np.uint8]:
        """Draw one pose; ``room`` holds each sample's 1 / distance and triangle, and is used again by the next."""
        # Sample i lies at (i + 0.5) / SAMPLES pixels.
        screen = self.camera.project(points, size) * np.array([SAMPLES, SAMPLES, 1.0], np.float32)
        screen[:, :2] -= 0.5
        ground = _ground(size[1])
        if self._painter is not None:
            return self._painter.draw(screen, normals, np.repeat(ground[:, None], size[0], axis=1))
        image = np.empty((size[1], size[0], 3), np.uint8)
        # The middle rows hold most of the head: thin bands keep all threads at work to the end.
        borders = np.linspace(0, size[1], 4 * self._threads + 1 if self._threads > 1 else 2).astype(int)

        triangles = self.head.triangles
        found = facing(screen, triangles, size[0] * SAMPLES, size[1] * SAMPLES)

        def draw(band: int) -> None:
            first, last = borders[band], borders[band + 1]
            depth, nearest = (array[first * SAMPLES : last * SAMPLES] for array in room)
            visible(screen, triangles, found, first * SAMPLES, depth, nearest)
            shade_band(
                depth, nearest, screen, triangles, normals, self._uvs, self._gloss, self._texture, self._lights,
                self.head.unlit, ground, self._table, first, image,
            )  # fmt: skip

        list(pool.map(draw, range(len(borders) - 1)))
        return image


def _moved(shapes: FloatArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], FloatArray]:
    """Return the vertices that each shape moves, as starts, numbers and movements."""
    moved = np.abs(shapes).max(axis=2) > 1e-7
    starts = np.concatenate([[0], np.cumsum(moved.sum(axis=1))]).astype(np.int64)
    _, at = np.nonzero(moved)
    return starts, at.astype(np.int32), np.ascontiguousarray(shapes[moved])


def _linear_texture(head: Head) -> FloatArray:
    """Return the texture as linear light, three channels."""
    if head.texture is None or head.uvs is None:
        values = np.array(head.colour, np.float32).reshape(1, 1, 3)
    else:
        step = -(-max(head.texture.shape[:2]) // _MAX_TEXTURE_PX)
        values = head.texture[::step, ::step, :3].astype(np.float32) / 255.0
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.ascontiguousarray(linear, np.float32)


def _gloss(head: Head) -> FloatArray:
    """Return (V, 2) float32: how wet each vertex is, and how open to the lights (the mouth's inside is not)."""
    gloss = np.zeros((len(head.vertices), 2), np.float32)
    gloss[:, 1] = 1.0
    if head.eye_parts is not None:
        gloss[head.eye_parts > 0, 0] = 1.0
    if head.inner is not None:
        gloss[head.inner] = (0.10, 0.85)
    return gloss


def _ground(height: int) -> FloatArray:
    """Return (height, 3) float32 linear light: a dark studio wall, lighter towards the floor."""
    share = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
    upper, lower = np.array([0.017, 0.021, 0.028], np.float32), np.array([0.050, 0.056, 0.066], np.float32)
    ground: FloatArray = upper + share**1.5 * (lower - upper)
    return ground
