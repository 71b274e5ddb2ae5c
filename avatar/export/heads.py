"""Which head a take is written with, and its shapes under the names of a rig."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from avatar.rigs import open_rig
from conditioning import ARKIT_INDEX, ARKIT_NAMES, Motion
from renderers.mesh_head import Head

if TYPE_CHECKING:
    from avatar.take import Take

__all__ = ["choose_head", "head_for", "rigged"]


def head_for(take: Take, head: str | None) -> Head:
    """Return the head of a take: the named one, else the face of its portrait, else a neutral one."""
    return choose_head(head, take.portrait)


def choose_head(head: str | None, portrait: Path | None) -> Head:
    """Return a head.

    Parameters
    ----------
    head : str, optional
        A registered name, a GLB file or an ICT-FaceKit folder.
    portrait : Path, optional
        Whose face it is where no head is named; a neutral one without.
    """
    from renderers.mesh_sources import neutral_head, open_head, portrait_head

    if head is not None:
        return open_head(head)
    return neutral_head() if portrait is None else portrait_head(portrait)


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
