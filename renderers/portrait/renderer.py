"""The portrait renderer: the photo itself, animated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning import Motion, Speech
from conditioning.arkit import ARKIT_INDEX
from renderers.face import find_face, read_picture
from renderers.portrait.frame import choose_frame
from renderers.portrait.sway import body_sway
from renderers.renderer import DEFAULT_FPS, DEFAULT_SIZE, RendererInfo

if TYPE_CHECKING:
    from renderers.portrait.scene import Scene

__all__ = ["PortraitRenderer"]

_FITS = ("face", "full")
#: Eye rotation of a look shape at weight 1, for motions that carry shapes alone (ARKit's shapes span about 30°).
_LOOK_RAD = np.radians(30.0)


class PortraitRenderer:
    """Draws a performance onto one picture of a face.

    Parameters
    ----------
    portrait : Path
        A picture that shows a face: photo, painting or drawing.
    fit : str
        ``"face"`` shows head and shoulders in the output's proportions; ``"full"`` shows the whole picture with the
        head in place.
    breathing : bool
        Whether a speaking person breathes visibly. Without speech the person holds still.
    transparent : bool
        Whether frames come without background, as (height, width, 4) with straight alpha, for compositing.

    Raises
    ------
    InputError
        If the picture cannot be read, shows no face, or an option is not allowed.
    MissingDependency
        If the face landmarker cannot run here.
    """

    info: ClassVar[RendererInfo] = RendererInfo(
        name="portrait",
        summary="the portrait itself on a 478-point face rig; any face, CPU, no download",
        licence="Apache-2.0; rig from ICT-FaceKit, MIT; MediaPipe models, Apache-2.0",
        requires={"mediapipe": "pip install mediapipe==0.10.21", "numba": "pip install numba"},
    )

    def __init__(self, portrait: Path, *, fit: str = "face", breathing: bool = True, transparent: bool = False) -> None:
        if fit not in _FITS:
            raise InputError(f"fit={fit!r} is not allowed; choose {' or '.join(_FITS)}")
        self._fit, self._breathing, self._transparent = fit, breathing, transparent
        self._picture = read_picture(Path(portrait))
        self._face = find_face(self._picture)
        self._scenes: dict[tuple[int, int], Scene] = {}

    def scene(self, size: tuple[int, int] = DEFAULT_SIZE) -> Scene:
        """Return the portrait prepared for frames of (width, height) pixels; made once."""
        from renderers.portrait.scene import make_scene

        if size not in self._scenes:
            width, height = size
            if not (16 <= width <= 8192 and 16 <= height <= 8192):
                raise InputError(f"size={width}x{height} is not allowed; each side runs from 16 to 8192 pixels")
            picture = self._picture.pixels
            frame = choose_frame((picture.shape[1], picture.shape[0]), self._face, size, self._fit)
            self._scenes[size] = make_scene(frame.cut(picture), frame.points(self._face.points))
        return self._scenes[size]

    def frames(
        self,
        motion: Motion,
        speech: Speech | None = None,
        *,
        fps: float = DEFAULT_FPS,
        size: tuple[int, int] = DEFAULT_SIZE,
        seed: int = 0,
    ) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield (height, width, 3) uint8 sRGB frames, frame ``i`` for the time ``i / fps``."""
        scene = self.scene(size)
        played = motion.resample(fps)
        eyes = _eye_rotation(played)
        breathing = self._breathing and speech is not None
        sway, breath = body_sway(played, breathing=breathing, seed=seed)
        for i in range(len(played)):
            yield scene.draw(
                played.weights[i],
                played.head_rotation[i],
                eyes[i],
                sway[i],
                float(breath[i]),
                transparent=self._transparent,
            )


def _eye_rotation(motion: Motion) -> npt.NDArray[np.float32]:
    """Return the motion's eye rotation, or that of its look shapes where it carries none."""
    if np.abs(motion.eye_rotation).max() > 0:
        return motion.eye_rotation
    rotation = np.zeros_like(motion.eye_rotation)
    for side, (name, outward) in enumerate((("Left", 1.0), ("Right", -1.0))):
        down, up, inward, out = (
            motion.weights[:, ARKIT_INDEX[f"eyeLook{way}{name}"]] for way in ("Down", "Up", "In", "Out")
        )
        rotation[:, side, 0] = _LOOK_RAD * (down - up)
        rotation[:, side, 1] = _LOOK_RAD * outward * (out - inward)
    return rotation
