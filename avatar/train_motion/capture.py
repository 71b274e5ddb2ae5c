"""Captured clips: curves of a mouth with their sound (FACEGOOD Audio2Face, MIT licence)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from conditioning import InputError

__all__ = ["CAPTURE_MAP", "read_capture"]

#: Our channel → captured channels; the largest counts, as in the data set's own table of ARKit's shapes.
CAPTURE_MAP: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "jawOpen": ("mouth_stretch_c",),
    "mouthFunnel": ("mouth_funnel_dl", "mouth_funnel_dr", "mouth_funnel_ul", "mouth_funnel_ur", "mouth_oh_c"),
    "mouthPucker": ("mouth_pucker_l", "mouth_pucker_r", "mouth_oo_c"),
    "mouthLowerDown": ("mouth_lowerLipDepress_l", "mouth_lowerLipDepress_r"),
    "mouthUpperUp": ("mouth_upperLipRaise_l", "mouth_upperLipRaise_r"),
})  # fmt: skip


def read_capture(path: Path) -> tuple[dict[str, npt.NDArray[np.float32]], float]:
    """Return captured curves by our channels' names, and their frames a second.

    Parameters
    ----------
    path : Path
        An npz file with ``weights`` (T, N), ``names`` (N,) and ``fps``.

    Raises
    ------
    InputError
        If the file is not such a clip.
    """
    try:
        with np.load(path) as clip:
            names, weights, fps = list(clip["names"]), clip["weights"], float(clip["fps"])
        columns = {name: [names.index(source) for source in sources] for name, sources in CAPTURE_MAP.items()}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} is not a captured clip: {error}") from error
    return {name: weights[:, chosen].max(axis=1) for name, chosen in columns.items()}, fps
