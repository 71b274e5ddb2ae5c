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
from renderers.clip import CLIP_SUFFIXES
from renderers.face import find_face, read_picture
from renderers.portrait.frame import choose_frame
from renderers.portrait.sway import body_sway
from renderers.renderer import DEFAULT_FPS, DEFAULT_SIZE, RendererInfo

if TYPE_CHECKING:
    from renderers.portrait.dub import Dubbing
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
        A picture that shows a face: photo, painting or drawing. Or a video (.mp4 .mov .mkv .webm .avi): then lips,
        eyes and brows of the performance are put on the filmed head, and all else stays as filmed.
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
        self._dubbing: Dubbing | None = None
        if Path(portrait).suffix.lower() in CLIP_SUFFIXES:
            if transparent:
                raise InputError("transparent=True needs a picture; a video keeps its own background")
            self._dubbing = _dubbing(Path(portrait))
            return
        self._picture = read_picture(Path(portrait))
        self._face = find_face(self._picture)
        self._scenes: dict[tuple[int, int], Scene] = {}

    @property
    def native(self) -> tuple[tuple[int, int], float] | None:
        """Size (width, height) and frames a second of the video that is dubbed, ``None`` for a picture."""
        if self._dubbing is None:
            return None
        return self._dubbing.clip.size, self._dubbing.clip.fps

    def scene(self, size: tuple[int, int] = DEFAULT_SIZE) -> Scene:
        """Return the portrait prepared for frames of (width, height) pixels; made once."""
        from renderers.portrait.scene import make_scene

        if self._dubbing is not None:
            return self._dubbing.scene
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
        played = motion.resample(fps)
        eyes = _eye_rotation(played)
        if self._dubbing is not None:
            yield from _dubbed(self._dubbing, played, eyes, size)
            return
        scene = self.scene(size)
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


def _dubbing(path: Path) -> Dubbing:
    from renderers.clip import read_clip
    from renderers.portrait.dub import make_dubbing

    return make_dubbing(read_clip(path))


def _dubbed(
    dubbing: Dubbing, motion: Motion, eyes: npt.NDArray[np.float32], size: tuple[int, int]
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the clip's frames with a performance, at another size if asked for."""
    import cv2

    for i, time_s in enumerate(motion.times_s):
        frame = dubbing.draw(dubbing.clip.index_at(float(time_s)), motion.weights[i], eyes[i])
        if size != dubbing.clip.size:
            frame = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        yield frame


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
