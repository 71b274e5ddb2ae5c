"""A new line on a filmed head: lips, eyes and brows of the performance, everything else of the clip.

One frame of the clip, the most frontal with a closed mouth, serves as portrait. It is drawn with the new
performance in the pose of each frame, laid over the frame's face, and blended in the gradient domain
(P. Pérez, M. Gangnet, A. Blake, "Poisson image editing", 2003, equation 4): the difference along the border
is spread over the inside as a membrane. Outside the mask the clip's pixels are left as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderers.clip import Clip, track_face
from renderers.face import Face, Landmarker, Picture
from renderers.landmarks import (
    FACE_OVAL,
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
)
from renderers.portrait.matte import fill
from renderers.portrait.scene import Scene, make_scene

__all__ = ["Dubbing", "Pose", "make_dubbing", "poses_of"]

Float = npt.NDArray[np.float32]

#: Points that move with the skull alone.
_RIGID = (168, 6, 197, 195, 33, 133, 362, 263, 10, 109, 338, 67, 297, 103, 332, 127, 356, 234, 454, 151, 9, 8)
#: Around brows, nose and cheeks.
_UPPER = (54, 103, 67, 109, 10, 338, 297, 332, 284, 356, 323, 425, 2, 205, 93, 127)
#: A registration that moves the face by more than this share of the portrait has lost it.
_MOST_REST = 0.03
#: Frames over which registered places are steadied.
_REST_FRAMES = 5
#: Frames over which places and turns of the head are steadied, odd.
_PLACE_FRAMES, _TURN_FRAMES = 7, 13
#: The portrait's margin around the face, in face sizes.
_MARGIN = 0.75
#: The mask goes beyond the chin and above the brows by these shares of the face's height …
_BELOW, _ABOVE = 0.10, 0.0
#: … and fades to its border over this share.
_FEATHER = 0.05
#: Turns beyond this are left to the clip's own picture, radians.
_MOST_TURN = np.radians(22.0)


@dataclass(frozen=True, eq=False)
class Pose:
    """How the head of the portrait frame lies in another frame.

    Attributes
    ----------
    turn_rad : (3,) float32
        Pitch and yaw of the head, and 0: roll is in the matrix.
    matrix : (2, 3) float64
        From the portrait's pixels, the head so turned, to the clip's.
    """

    turn_rad: Float
    matrix: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Dubbing:
    """A clip prepared for new lines.

    Attributes
    ----------
    clip : Clip
        The video.
    scene : Scene
        The portrait frame around the face.
    poses : tuple of Pose
        Of every frame.
    mask : (h, w) float32
        In the portrait: 1 where the performance shows, falling to 0.
    """

    clip: Clip
    scene: Scene
    poses: tuple[Pose, ...]
    mask: Float

    def draw(self, index: int, weights: Float, eye_rotation_rad: Float) -> npt.NDArray[np.uint8]:
        """Return frame ``index`` of the clip (H, W, 3) uint8 with a performance on its face."""
        pose = self.poses[index]
        face = self.scene.draw(weights, pose.turn_rad, eye_rotation_rad)
        return _lay(np.asarray(self.clip.frames[index]), face, self.mask, pose.matrix)


def make_dubbing(clip: Clip) -> Dubbing:
    """Prepare a clip: find and follow its face, choose the portrait frame.

    Raises
    ------
    InputError
        If there is no face, or it is lost on the way.
    """
    with Landmarker() as landmarker:
        tracked = track_face(clip, landmarker)
        best = _most_neutral(tracked)
        portrait = np.ascontiguousarray(clip.frames[best])
        careful = landmarker.find(Picture(portrait, None, clip.name))
    left, top, right, bottom = _around(careful, clip.size)
    corner = np.array([left, top, 0], np.float32)
    scene = make_scene(np.ascontiguousarray(portrait[top:bottom, left:right]), careful.points - corner)
    poses = poses_of(scene, tracked[best] - corner, tracked)
    poses = registered(scene, poses, clip, careful.points - corner)
    return Dubbing(clip, scene, poses, _mask(careful.points - corner, (right - left, bottom - top)))


def poses_of(scene: Scene, portrait: Float, tracked: Float) -> tuple[Pose, ...]:
    """Return how the head lies in every frame, steadied over time.

    Parameters
    ----------
    scene : Scene
        The portrait.
    portrait : (478, 3) float32
        Its landmarks, as the same look found them that found ``tracked``.
    tracked : (T, 478, 3) float32
        Landmarks of the frames, pixels of the clip.
    """
    rigid = portrait[list(_RIGID)].astype(np.float64)
    basis = scene.head.fit.rotation
    angles = []
    for points in tracked[:, list(_RIGID)].astype(np.float64):
        turn = basis.T @ _rotation(rigid, points) @ basis
        angles.append((np.arcsin(np.clip(-turn[1, 2], -1, 1)), np.arctan2(turn[0, 2], turn[2, 2])))
    turns = np.clip(_steady(np.array(angles), _TURN_FRAMES), -_MOST_TURN, _MOST_TURN)
    matrices = []
    for (pitch, yaw), points in zip(turns, tracked[:, list(_RIGID), :2].astype(np.float64), strict=True):
        rotation = scene.poser.rotation(np.array([pitch, yaw, 0.0]))
        drawn = scene.poser.rotate(rigid.astype(np.float32), rotation)[:, :2].astype(np.float64)
        matrices.append(_similarity(drawn, points))
    steady = _steady(np.array(matrices).reshape(-1, 6), _PLACE_FRAMES).reshape(-1, 2, 3)
    zero = np.zeros((len(turns), 1))
    all_turns = np.concatenate([turns, zero], 1).astype(np.float32)
    return tuple(Pose(turn, matrix) for turn, matrix in zip(all_turns, steady, strict=True))


def registered(scene: Scene, poses: tuple[Pose, ...], clip: Clip, landmarks: Float) -> tuple[Pose, ...]:
    """Return the poses laid on the frames' own pixels of brows, nose and cheeks.

    Enhanced correlation (G. Evangelidis, E. Psarakis, IEEE PAMI 30, 2008) finds the rest that landmarks leave; where
    it fails the pose stays.
    """
    import cv2

    size = (scene.pixels.shape[1], scene.pixels.shape[0])
    part = _upper_face(landmarks, size)
    none, ahead = np.zeros(52, np.float32), np.zeros((2, 3), np.float32)
    mask = part.astype(np.uint8)
    refined = []
    for pose, frame in zip(poses, clip.frames, strict=True):
        drawn = cv2.cvtColor(scene.draw(none, pose.turn_rad, ahead), cv2.COLOR_RGB2GRAY)
        seen = cv2.warpAffine(
            cv2.cvtColor(np.asarray(frame), cv2.COLOR_RGB2GRAY),
            pose.matrix,
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        rest = np.eye(2, 3, dtype=np.float32)
        stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 25, 1e-4)
        try:
            _, rest = cv2.findTransformECC(drawn, seen, rest, cv2.MOTION_EUCLIDEAN, stop, mask, 5)
        except cv2.error:
            rest = np.eye(2, 3, dtype=np.float32)
        center = landmarks[168, :2]
        moved = rest[:, :2] @ center + rest[:, 2] - center
        if np.abs(moved).max() > _MOST_REST * size[0]:
            rest = np.eye(2, 3, dtype=np.float32)
        whole = np.concatenate([rest.astype(np.float64), [[0, 0, 1]]])
        refined.append(pose.matrix @ whole)
    steady = _steady(np.array(refined).reshape(-1, 6), _REST_FRAMES).reshape(-1, 2, 3)
    return tuple(Pose(pose.turn_rad, matrix) for pose, matrix in zip(poses, steady, strict=True))


def _upper_face(landmarks: Float, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Return (h, w): brows, nose and cheeks, without the eyes."""
    import cv2

    part = np.zeros((size[1], size[0]), np.uint8)
    hull = cv2.convexHull(np.round(landmarks[list(_UPPER), :2]).astype(np.int32))
    cv2.fillConvexPoly(part, hull, 1)
    for eye in (RIGHT_EYE_UPPER + RIGHT_EYE_LOWER, LEFT_EYE_UPPER + LEFT_EYE_LOWER):
        hull = cv2.convexHull(np.round(landmarks[list(eye), :2]).astype(np.int32))
        cv2.fillConvexPoly(part, hull, 0)
    return np.asarray(part > 0)


def _steady(values: npt.NDArray[np.float64], window: int) -> npt.NDArray[np.float64]:
    """Return (T, K) values without their jitter: local parabolas, which follow any smooth movement to the ends."""
    from scipy.signal import savgol_filter

    window = min(window, len(values) - 1 + len(values) % 2)
    if window < 4:
        return values
    steady: npt.NDArray[np.float64] = savgol_filter(values, window, 2, axis=0)
    return steady


def _rotation(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the rotation (3, 3) of the best similarity from a to b (Umeyama 1991, equation 39)."""
    u, _, vt = np.linalg.svd((b - b.mean(0)).T @ (a - a.mean(0)))
    sign = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation: npt.NDArray[np.float64] = u @ sign @ vt
    return rotation


def _similarity(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the (2, 3) similarity that takes points a nearest to b in the least-squares sense."""
    first, second = a - a.mean(0), b - b.mean(0)
    za, zb = first @ np.array([1, 1j]), second @ np.array([1, 1j])
    factor = (np.conj(za) @ zb) / (np.conj(za) @ za)
    linear = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.concatenate([linear, (b.mean(0) - linear @ a.mean(0))[:, None]], 1)


def _most_neutral(tracked: Float) -> int:
    """Return the frame with the most closed mouth, open eyes and frontal head."""

    def distance(a: int, b: int) -> Float:
        apart: Float = np.linalg.norm(tracked[:, a, :2] - tracked[:, b, :2], axis=1)
        return apart

    width = distance(234, 454)
    mouth = distance(13, 14) / width
    eyes = (distance(159, 145) + distance(386, 374)) / width
    near, far = tracked[:, 234, 2], tracked[:, 454, 2]
    turned = np.abs(near - far) / width
    cost = 2 * mouth + np.maximum(np.median(eyes) - eyes, 0) * 3 + 0.5 * turned
    return int(cost.argmin())


def _around(face: Face, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the part of the frame that serves as portrait."""
    left, top, right, bottom = face.box
    margin = _MARGIN * max(right - left, bottom - top)
    return (
        max(0, int(left - margin)),
        max(0, int(top - margin)),
        min(size[0], int(right + margin) + 1),
        min(size[1], int(bottom + margin) + 1),
    )


def _mask(landmarks: Float, size: tuple[int, int]) -> Float:
    """Return (h, w): the face from the forehead to a little below the chin, falling to 0 at its border."""
    import cv2

    oval = landmarks[list(FACE_OVAL), :2].astype(np.float64)
    center = landmarks[:468, :2].mean(0)
    down = landmarks[152, :2] - landmarks[10, :2]
    height = float(np.linalg.norm(down))
    axis = down / height
    oval = center + 0.93 * (oval - center)
    depth = (oval - center) @ axis
    low = np.clip(depth / depth.max(), 0, 1)[:, None]
    oval = oval + low**3 * (_BELOW + 0.04) * height * axis
    inside = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillPoly(inside, [np.round(oval * 16).astype(np.int32)], 1, shift=4)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    ramp = np.clip(distance / max(_FEATHER * height, 1.5), 0, 1)
    mask: Float = (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)
    return mask


def _lay(
    frame: npt.NDArray[np.uint8],
    face: npt.NDArray[np.uint8],
    mask: Float,
    matrix: npt.NDArray[np.float64],
) -> npt.NDArray[np.uint8]:
    """Return the frame with a drawn face blended in where the mask, moved by a matrix, is above 0."""
    import cv2

    height, width = mask.shape
    corners = matrix[:, :2] @ np.array([[0, width, width, 0], [0, 0, height, height]]) + matrix[:, 2:]
    left, top = np.maximum(np.floor(corners.min(1)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(corners.max(1)).astype(int) + 1, (frame.shape[1], frame.shape[0]))
    result = frame.copy()
    if right - left < 2 or bottom - top < 2:
        return result
    moved = matrix - np.array([[0, 0, left], [0, 0, top]])
    size = (int(right - left), int(bottom - top))
    drawn = cv2.warpAffine(face, moved, size, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    share = cv2.warpAffine(mask, moved, size, flags=cv2.INTER_LINEAR, borderValue=0.0)
    part = frame[top:bottom, left:right].astype(np.float32)
    drawn = drawn.astype(np.float32)
    outside = (share <= 0).astype(np.float32)
    near = cv2.dilate((share > 0).astype(np.uint8), np.ones((9, 9), np.uint8)).astype(np.float32) * outside
    soft = cv2.GaussianBlur((part - drawn) * near[..., None], (0, 0), 2.0)
    weight = cv2.GaussianBlur(near, (0, 0), 2.0)
    border = soft / np.maximum(weight, 1e-3)[..., None]
    membrane = fill(np.ascontiguousarray(border, np.float32), near)
    mixed = part + share[..., None] * (drawn + membrane - part)
    changed = share > 0
    result[top:bottom, left:right][changed] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)[changed]
    return result
