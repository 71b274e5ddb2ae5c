"""Which head a take is written with, and its shapes under the names of a rig."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from avatar.rigs import open_rig
from conditioning import ARKIT_INDEX, ARKIT_NAMES, Motion
from renderers.mesh_head import Head
from renderers.mesh_sources import choose_head

if TYPE_CHECKING:
    from avatar.take import Take

__all__ = ["performed", "rigged"]


def performed(
    take: Take, fps: float | None, rig: str, head: str | None
) -> tuple[Head, Motion, npt.NDArray[np.float32]]:
    """Return the head of a take, its motion at a rate (None: its own), and the (T, N) float32 weights of its shapes."""
    motion = take.motion if fps is None else take.motion.resample(fps, take.duration_s)
    shaped, weights = rigged(choose_head(head, take.portrait), motion, rig)
    return shaped, motion, weights


def rigged(head: Head, motion: Motion, rig: str) -> tuple[Head, npt.NDArray[np.float32]]:
    """Return a head whose shapes carry a rig's names, and the (T, N) float32 weights that move it.

    Each control gets the shape that makes it: the face that performs is the same under every rig whose
    controls span the performance.
    """
    chosen = open_rig(rig)
    curves = chosen.curves(motion)
    if chosen.name == "arkit" and head.shape_names == ARKIT_NAMES:
        return head, curves.values
    columns = np.array([ARKIT_INDEX[name] for name in head.shape_names], np.intp)
    poses = chosen.control_poses[:, columns]
    shapes = np.tensordot(poses, head.shapes, axes=1)
    return replace(head, shape_names=chosen.controls, shapes=shapes), curves.values
