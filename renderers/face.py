"""Find the face on a picture: 478 points in pixels and depth.

The points are those of MediaPipe's face mesh (468 of the skin, 10 of the irises), whose models lie inside
its wheel. Coordinates are pixels of the picture with centres at whole numbers: x to the right, y down,
z towards the viewer on the same scale.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError, MissingDependency

__all__ = [
    "LANDMARKS",
    "MAX_SIDE_PX",
    "MIN_FACE_PX",
    "MIN_SIDE_PX",
    "Face",
    "Landmarker",
    "Picture",
    "find_face",
    "quiet",
    "read_picture",
]

#: Points of the mesh, irises included.
LANDMARKS = 478
#: Smaller pictures hold too little of a face to animate.
MIN_SIDE_PX = 48
#: Larger pictures are reduced to this side.
MAX_SIDE_PX = 4096
#: Largest number of pixels that is opened at all (decompression bombs).
MAX_PIXELS = 200_000_000
#: Narrowest face that is animated.
MIN_FACE_PX = 24

#: Side of the square that the landmarker sees.
_CROP_PX = 384
#: Widths of the crops in face sizes, and their shifts: the mean over them is steadier than one look.
_LOOKS = ((1.7, 0.0, 0.0), (1.5, 0.02, 0.02), (1.9, -0.02, 0.02), (1.6, 0.02, -0.02), (1.8, -0.02, -0.02))


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture in memory.

    Attributes
    ----------
    pixels : (H, W, 3) uint8
        sRGB.
    alpha : (H, W) uint8 or None
        The file's own transparency, where it has any.
    name : str
        For messages.
    """

    pixels: npt.NDArray[np.uint8]
    alpha: npt.NDArray[np.uint8] | None
    name: str


@dataclass(frozen=True, eq=False)
class Face:
    """A face found on a picture.

    Attributes
    ----------
    points : (478, 3) float32
        Pixels; z towards the viewer.
    others : int
        How many smaller faces were passed over.
    """

    points: npt.NDArray[np.float32]
    others: int = 0

    @property
    def width_px(self) -> float:
        """Distance between the points before the ears."""
        return float(np.linalg.norm(self.points[454, :2] - self.points[234, :2]))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the points."""
        low, high = self.points[:468, :2].min(0), self.points[:468, :2].max(0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def read_picture(path: Path) -> Picture:
    """Read a picture file, upright and in sRGB values.

    Pictures above :data:`MAX_SIDE_PX` are reduced with a warning.

    Raises
    ------
    InputError
        If the file is absent, not a picture, damaged, too small or absurdly large.
    """
    from PIL import Image

    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no portrait {path}; give the path of a PNG, JPEG or WebP picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                image = _decode(path, opened)
    except InputError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(
            f"{path} is not a picture that can be read ({error}); give a PNG, JPEG or WebP file"
        ) from error
    if max(image.size) > MAX_SIDE_PX:
        warnings.warn(f"{path} has {image.width}x{image.height} pixels and is reduced to {MAX_SIDE_PX}", stacklevel=2)
        image.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
    array = np.asarray(image)
    alpha = np.ascontiguousarray(array[..., 3]) if array.shape[2] == 4 else None
    pixels = array[..., :3]
    if alpha is not None:
        # Colours under full transparency are undefined in files; a mid grey frightens no detector.
        share = alpha[..., None].astype(np.float32) / 255
        pixels = (pixels * share + 128 * (1 - share) + 0.5).astype(np.uint8)
    return Picture(np.ascontiguousarray(pixels), alpha, str(path))


def _decode(path: Path, opened: Any) -> Any:
    """Return an opened image upright, as RGB or RGBA."""
    from PIL import ImageOps

    if opened.width * opened.height > MAX_PIXELS:
        raise InputError(
            f"{path} has {opened.width}x{opened.height} pixels, more than {MAX_PIXELS // 1_000_000} million; "
            "reduce it first"
        )
    _check_side(path, opened.width, opened.height)
    opened.draft("RGB", (MAX_SIDE_PX, MAX_SIDE_PX))
    image = ImageOps.exif_transpose(opened)
    return image.convert("RGBA" if _has_alpha(image) else "RGB")


def find_face(picture: Picture) -> Face:
    """Find the largest face of a picture.

    Warns when there are several faces.

    Raises
    ------
    InputError
        If there is no face, or it is too small.
    MissingDependency
        If the landmarker cannot run here.
    """
    with Landmarker() as landmarker:
        return landmarker.find(picture)


class Landmarker:
    """The face landmarker, opened once for many pictures.

    Parameters
    ----------
    track : bool
        Whether successive pictures are frames of one video.
    refined : bool
        Whether a second look at lips and eyes corrects the mesh. Without it, another model looks: 468 points, no iris,
        and other errors.
    """

    def __init__(self, *, track: bool = False, refined: bool = True) -> None:
        face_mesh, face_detection = _modules()
        with quiet():
            self._mesh: Any = face_mesh.FaceMesh(
                static_image_mode=not track,
                max_num_faces=1,
                refine_landmarks=refined,
                min_detection_confidence=0.3,
            )
            # The models load in another thread; the first answer comes after their chatter.
            self._mesh.process(np.zeros((64, 64, 3), np.uint8))
            self._many: Any = None
            self._detector: Any = None
        self._face_mesh, self._face_detection = face_mesh, face_detection

    def __enter__(self) -> Landmarker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the models."""
        with quiet():
            for graph in (self._mesh, self._many, self._detector):
                if graph is not None:
                    graph.close()
        self._mesh = self._many = self._detector = None

    def points(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32] | None:
        """Return (478 or 468, 3) float32 pixels of the most prominent face after one look, or None.

        For measuring frames; :meth:`find` is the careful way.
        """
        with quiet():
            result = self._mesh.process(np.ascontiguousarray(pixels))
        if not result.multi_face_landmarks:
            return None
        return _to_pixels(result.multi_face_landmarks[0], pixels.shape[1], pixels.shape[0])

    def find(self, picture: Picture) -> Face:
        """Find the largest face of a picture; see :func:`find_face`."""
        boxes = self._boxes(picture.pixels)
        if not boxes:
            raise InputError(
                f"no face was found on {picture.name}; give a portrait that shows one face from the front, "
                "upright and unobstructed"
            )
        if len(boxes) > 1:
            warnings.warn(f"{picture.name} shows {len(boxes)} faces; the largest is used", stacklevel=3)
        left, top, side = boxes[0]
        points = self._careful(picture.pixels, left + side / 2, top + side / 2, side)
        face = Face(points, len(boxes) - 1)
        if face.width_px < MIN_FACE_PX:
            raise InputError(
                f"the face on {picture.name} is {face.width_px:.0f} pixels wide, needs {MIN_FACE_PX}; "
                "give a larger picture"
            )
        return face

    def _boxes(self, pixels: npt.NDArray[np.uint8]) -> list[tuple[float, float, float]]:
        """Return (left, top, side) squares of the faces in pixels, largest first."""
        import cv2

        height, width = pixels.shape[:2]
        scale = 768 / max(height, width)
        view = cv2.resize(
            pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        )
        with quiet():
            if self._many is None:
                self._many = self._face_mesh.FaceMesh(
                    static_image_mode=True, max_num_faces=8, refine_landmarks=False, min_detection_confidence=0.4
                )
                self._many.process(np.zeros((64, 64, 3), np.uint8))
            result = self._many.process(view)
        found = [_square(_to_pixels(one, width, height)) for one in result.multi_face_landmarks or []]
        if not found:
            found = self._distant(view, width, height)
        return sorted(found, key=lambda box: -box[2])

    def _distant(self, view: npt.NDArray[np.uint8], width: int, height: int) -> list[tuple[float, float, float]]:
        """Return squares of faces that are small in the frame, from the full-range detector."""
        with quiet():
            if self._detector is None:
                self._detector = self._face_detection.FaceDetection(model_selection=1, min_detection_confidence=0.3)
                self._detector.process(np.zeros((64, 64, 3), np.uint8))
            result = self._detector.process(view)
        boxes = []
        for detection in result.detections or []:
            box = detection.location_data.relative_bounding_box
            side = max(box.width * width, box.height * height) * 1.2
            boxes.append(
                ((box.xmin + box.width / 2) * width - side / 2, (box.ymin + box.height / 2) * height - side / 2, side)
            )
        return boxes

    def _careful(
        self, pixels: npt.NDArray[np.uint8], center_x: float, center_y: float, side: float
    ) -> npt.NDArray[np.float32]:
        """Return the mean of the points over several crops around a face."""
        import cv2

        looks = []
        for width_factor, shift_x, shift_y in _LOOKS:
            span = side * width_factor
            scale = _CROP_PX / span
            offset_x = center_x + shift_x * side - span / 2
            offset_y = center_y + shift_y * side - span / 2
            left, top = max(0, int(offset_x) - 2), max(0, int(offset_y) - 2)
            part = pixels[top : int(offset_y + span) + 3, left : int(offset_x + span) + 3]
            if scale < 0.6:
                part = cv2.GaussianBlur(part, (0, 0), 0.4 / scale)
            matrix = np.array([[scale, 0, (left - offset_x) * scale], [0, scale, (top - offset_y) * scale]])
            crop = cv2.warpAffine(
                part, matrix, (_CROP_PX, _CROP_PX), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
            found = self.points(crop)
            if found is not None:
                looks.append(found / scale + np.array([offset_x, offset_y, 0]))
        if not looks:
            raise InputError("the face is too hidden or turned to find its features; give a more frontal portrait")
        mean: npt.NDArray[np.float32] = np.median(looks, axis=0).astype(np.float32)
        return mean


def _to_pixels(landmarks: Any, width: int, height: int) -> npt.NDArray[np.float32]:
    """Return MediaPipe's normalised points as pixels with centres at whole numbers."""
    points = np.array([(p.x, p.y, p.z) for p in landmarks.landmark], np.float32)
    points *= np.array([width, height, -width], np.float32)
    points[:, :2] -= 0.5
    return points


def _square(points: npt.NDArray[np.float32]) -> tuple[float, float, float]:
    """Return the (left, top, side) square around points."""
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    side = float((high - low).max())
    center = (low + high) / 2
    return float(center[0] - side / 2), float(center[1] - side / 2), side


def _has_alpha(image: Any) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _check_side(path: Path, width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE_PX:
        raise InputError(
            f"{path} has {width}x{height} pixels, needs at least {MIN_SIDE_PX} a side; give a larger picture"
        )


def _modules() -> tuple[Any, Any]:
    """Import MediaPipe's face mesh and face detection."""
    try:
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from mediapipe.python.solutions import face_detection, face_mesh
    except ImportError as error:
        library = str(error).split(":")[0]
        if library.startswith("lib") and ".so" in library:
            package = {"libGL.so.1": "libgl1", "libgthread-2.0.so.0": "libglib2.0-0", "libEGL.so.1": "libegl1"}.get(
                library
            )
            command = f"apt-get install {package}" if package else f"install the package that holds {library}"
            raise MissingDependency(f"the face landmarker needs the system library {library}: {command}") from error
        raise MissingDependency(
            f"the face landmarker cannot be loaded ({error}): pip install mediapipe==0.10.21"
        ) from error
    return face_mesh, face_detection


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence what native libraries write to the process's standard error."""
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (OSError, AttributeError, ValueError):
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(sink)
        os.close(kept)
