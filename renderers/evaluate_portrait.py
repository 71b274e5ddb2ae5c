"""Measure the portrait renderer on a folder of portraits (behind ``mien evaluate portrait``).

The landmarker looks at our own frames, so that what is measured is what a viewer sees: whether the mouth opens
with the curve, lips and lids meet, brows and corners go where the emotion sends them, and what should be still
is still.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning import Motion
from conditioning.arkit import ARKIT_INDEX
from renderers.face import Landmarker
from renderers.portrait import PortraitRenderer
from renderers.video import write_video

__all__ = [
    "EXPRESSIONS",
    "arkit_columns",
    "evaluate_portrait",
    "face_heights",
    "face_width_px",
    "landmark_distance",
    "landmarks_within",
    "speech_like_motion",
]

Float = npt.NDArray[np.float32]

_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
_FPS = 25.0
_SIZE = (512, 512)

#: Expressions of the eight emotions: weights at full intensity, both sides alike (action units after EMFACS).
EXPRESSIONS: dict[str, dict[str, float]] = {
    "neutral": {},
    "joy": {"mouthSmile": 0.75, "cheekSquint": 0.6, "eyeSquint": 0.5, "mouthDimple": 0.15},
    "trust": {"mouthSmile": 0.3, "browInnerUp": 0.2, "cheekSquint": 0.2},
    "fear": {"browInnerUp": 0.8, "browOuterUp": 0.4, "browDown": 0.2, "eyeWide": 0.7, "mouthStretch": 0.5},
    "surprise": {"browInnerUp": 0.7, "browOuterUp": 0.9, "eyeWide": 0.8, "mouthFunnel": 0.15},
    "sadness": {"browInnerUp": 0.7, "browDown": 0.15, "mouthFrown": 0.6, "mouthShrugLower": 0.3, "eyeSquint": 0.2},
    "disgust": {"noseSneer": 0.8, "mouthUpperUp": 0.5, "browDown": 0.4, "eyeSquint": 0.4, "mouthShrugUpper": 0.3},
    "anger": {"browDown": 0.8, "eyeSquint": 0.4, "noseSneer": 0.35, "mouthPress": 0.4, "mouthFrown": 0.3},
    "anticipation": {"browOuterUp": 0.3, "browInnerUp": 0.2, "eyeSquint": 0.2, "eyeWide": 0.15},
}
#: Shapes of the lower face are scaled by this while speaking.
_SPEAKING = 0.4
#: What an emotion must do: measure, sign.
_DIRECTIONS = {
    "joy": (("corner", 1),),
    "surprise": (("brow", 1), ("eye", 1)),
    "fear": (("brow", 1), ("eye", 1)),
    "sadness": (("inner_brow", 1), ("corner", -1)),
    "disgust": (("brow", -1),),
    "anger": (("brow", -1), ("eye", -1)),
}
#: Margins of the views from which a still face is measured, shares of the view.
_LOOKS = (0.0, 0.03, 0.06, 0.09, 0.12)
#: The cut-out is looked at in every so many frames.
_OUTLINE_STEP = 10
#: Points that speech does not move: bridge of the nose, corners of the eyes.
_STILL = (168, 6, 197, 33, 133, 362, 263)


@dataclass
class _Tally:
    """What has been measured so far."""

    mouth_r: list[tuple[float, float]] = field(default_factory=list)
    closed: list[float] = field(default_factory=list)
    blink: list[float] = field(default_factory=list)
    rest_psnr: list[float] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)
    background: list[float] = field(default_factory=list)
    outline: list[float] = field(default_factory=list)
    still: list[float] = field(default_factory=list)
    directions: list[float] = field(default_factory=list)
    jump: list[float] = field(default_factory=list)


def evaluate_portrait(folder: Path, *, seconds: float = 4.0, seed: int = 0) -> dict[str, float]:
    """Measure the renderer over the portraits of a folder.

    Parameters
    ----------
    folder : Path
        Pictures with one face each.
    seconds : float
        Length of the clip per portrait and emotion.
    seed : int
        Of the motions.

    Returns
    -------
    dict of str to float
        ``fps_512`` and ``fps_1080`` (frames a second, drawn and encoded), ``mouth_r_refined`` and ``mouth_r_plain``
        (least over portraits of the mean correlation of mouth opening and curve, seen by MediaPipe's two models of the
        mesh, with and without its second look at the lips), ``mouth_r`` (the same by the better of both on each
        portrait: on some still pictures one of them misses the mouth), ``closed_aperture`` (95th percentile at
        commanded closures, in mouth widths), ``blink_aperture`` (95th percentile at full blinks, in resting apertures),
        ``rest_psnr_db`` and ``identity_ssim`` (least), ``background_change`` (mean, of 1),
        ``outline_change`` (largest share of the head's cut-out that differs from the portrait's while it speaks),
        ``still_landmark_px`` (95th percentile), ``directions_ok`` (share of commanded directions that either sees),
        ``jump_ratio`` (largest change between frames over the median one) and ``portraits``.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES) if folder.is_dir() else []
    if not paths:
        raise InputError(f"{folder} holds no pictures; give a folder of portraits ({', '.join(_SUFFIXES)})")
    tally = _Tally()
    rng = np.random.default_rng(seed)
    with Landmarker() as landmarker, Landmarker(refined=False) as plain:
        for path in paths:
            _measure(PortraitRenderer(path), landmarker, plain, tally, seconds, rng)
    renderer = PortraitRenderer(paths[0])
    return {
        "fps_512": frames_per_second(renderer, (512, 512), 150),
        "fps_1080": frames_per_second(renderer, (1920, 1080)),
        "mouth_r": float(np.max(tally.mouth_r, axis=1).min()),
        "mouth_r_refined": float(np.min(tally.mouth_r, axis=0)[0]),
        "mouth_r_plain": float(np.min(tally.mouth_r, axis=0)[1]),
        "closed_aperture": float(np.percentile(tally.closed, 95)),
        "blink_aperture": float(np.percentile(tally.blink, 95)),
        "rest_psnr_db": float(np.min(tally.rest_psnr)),
        "identity_ssim": float(np.min(tally.ssim)),
        "background_change": float(np.mean(tally.background)),
        "outline_change": float(np.max(tally.outline)),
        "still_landmark_px": float(np.percentile(tally.still, 95)),
        "directions_ok": float(np.mean(tally.directions)),
        "jump_ratio": float(np.max(tally.jump)),
        "portraits": float(len(paths)),
    }


def speech_like_motion(expression: dict[str, float], seconds: float, rng: np.random.Generator) -> Motion:
    """Return syllables of random height with an expression, and lips closed between some of them.

    ``jawOpen`` and ``mouthClose`` are all that moves.
    """
    frames = max(2, round(seconds * _FPS))
    weights = np.zeros((frames, len(ARKIT_INDEX)), np.float32)
    for name, value in expression.items():
        lower = name.startswith(("mouth", "jaw", "cheek"))
        for index in arkit_columns(name):
            weights[:, index] = value * (_SPEAKING if lower else 1.0)
    times = np.arange(frames) / _FPS
    jaw = np.zeros(frames)
    close = np.zeros(frames)
    start = 0.0
    while start < seconds:
        length = rng.uniform(0.16, 0.36)
        height = rng.uniform(0.08, 0.45)
        inside = (times >= start) & (times < start + length)
        jaw[inside] = height * np.sin(np.pi * (times[inside] - start) / length) ** 2
        start += length
        if rng.random() < 0.35:
            held = (times >= start) & (times < start + 0.1)
            jaw[held] = 0.05
            close[held] = 0.05 + 0.013
            start += 0.1
    weights[:, ARKIT_INDEX["jawOpen"]] = jaw
    weights[:, ARKIT_INDEX["mouthClose"]] = close
    held_mask = close > 0
    for name in ("mouthUpperUp", "mouthFunnel", "noseSneer", "mouthShrugUpper"):
        for index in arkit_columns(name):
            weights[held_mask, index] = 0
    zeros = np.zeros((frames, 3), np.float32)
    return Motion(_FPS, weights, zeros, np.zeros((frames, 2, 3), np.float32))


def frames_per_second(renderer: PortraitRenderer, size: tuple[int, int], count: int = 50) -> float:
    """Return how many frames a second are drawn and encoded (H.264), the portrait prepared."""
    motion = speech_like_motion(EXPRESSIONS["joy"], count / _FPS, np.random.default_rng(1))
    swing = 0.1 * np.sin(np.linspace(0, 6, len(motion)))[:, None] * np.ones((1, 3))
    moving = Motion(motion.fps, motion.weights, swing.astype(np.float32), motion.eye_rotation)
    next(iter(renderer.frames(moving, fps=_FPS, size=size)))
    with tempfile.TemporaryDirectory(prefix="mien-") as folder:
        start = time.perf_counter()
        frames = renderer.frames(moving, fps=_FPS, size=size)
        write_video(Path(folder) / "speed.mp4", frames, None, n_frames=len(moving), fps=_FPS, size=size)
        return len(moving) / (time.perf_counter() - start)


def _measure(
    renderer: PortraitRenderer,
    landmarker: Landmarker,
    plain: Landmarker,
    tally: _Tally,
    seconds: float,
    rng: np.random.Generator,
) -> None:
    """Measure one portrait."""
    scene = renderer.scene(_SIZE)
    rest = _still_frame(renderer, {})
    error = float(((rest.astype(np.float64) - scene.pixels) ** 2).mean())
    tally.rest_psnr.append(10 * np.log10(255**2 / max(error, 1e-6)))
    view = _view(scene.head.points[:6706], _SIZE)
    tally.ssim.append(_ssim(rest, scene.pixels, _upper(view)))
    resting = landmarks_within(landmarker, rest, view)
    models = {model: _steady_heights(model, rest, view) for model in (landmarker, plain)}
    correlations = []
    for name, expression in EXPRESSIONS.items():
        motion = speech_like_motion(expression, seconds, rng)
        drawn = renderer.frames(motion, fps=_FPS, size=_SIZE)
        looks = [[landmarks_within(one, frame, view) for one in (landmarker, plain)] for frame in drawn]
        seen = [points for points, _ in looks]
        opening, other = (np.array([_mouth(points) for points in one]) for one in zip(*looks, strict=True))
        jaw = motion.weights[:, ARKIT_INDEX["jawOpen"]]
        held = motion.weights[:, ARKIT_INDEX["mouthClose"]] > 0
        # A portrait that smiles with open lips rests open: its closures lie below the curve's zero.
        correlations.append([float(np.corrcoef(one[~held], jaw[~held])[0, 1]) for one in (opening, other)])
        tally.closed.extend(opening[held])
        tally.outline.append(_outline_change(renderer, motion, view))
        still = np.array([points[list(_STILL), :2] for points in seen])
        if name == "neutral":
            moved = np.linalg.norm(still - np.median(still, axis=0), axis=2)
            tally.still.extend(moved.ravel())
        tally.directions.extend(_directions(renderer, models, name, view))
    refined, unrefined = np.mean(correlations, axis=0)
    tally.mouth_r.append((float(refined), float(unrefined)))
    _blinks(renderer, landmarker, tally, resting, view)
    _turns(renderer, tally)


def _outline_change(renderer: PortraitRenderer, motion: Motion, view: tuple[int, int, int]) -> float:
    """Return the largest share of the head's matte that a sample of frames, cut out, does not share with it."""
    left, top, side = view
    scene = renderer.scene(_SIZE)
    head = (slice(top, top + side), slice(left, left + side))
    matte = scene.person[head][..., 3] > 127
    worst = 0.0
    for index in range(0, len(motion), _OUTLINE_STEP):
        angles = motion.head_rotation[index], motion.eye_rotation[index]
        frame = scene.draw(motion.weights[index], *angles, transparent=True)
        worst = max(worst, float(((frame[head][..., 3] > 127) ^ matte).sum() / matte.sum()))
    return worst


def _blinks(
    renderer: PortraitRenderer, landmarker: Landmarker, tally: _Tally, resting: Float, view: tuple[int, int, int]
) -> None:
    """Measure the eyes at a full blink."""
    frame = _still_frame(renderer, {"eyeBlink": 1.0})
    # Shut eyes give the landmarker little to hold on to: the middle of three looks.
    looks = [_eyes(landmarks_within(landmarker, frame, _wider(view, share))) for share in (0.0, 0.06, 0.12)]
    tally.blink.append(float(np.median(looks)) / max(_eyes(resting), 1e-6))


def _turns(renderer: PortraitRenderer, tally: _Tally) -> None:
    """Measure background and steadiness while the head turns."""
    import cv2

    times = np.arange(30) / _FPS
    head = np.radians(12) * np.stack([np.sin(2.1 * times), np.sin(3.3 * times), np.sin(2.7 * times)], 1)
    weights = np.zeros((30, len(ARKIT_INDEX)), np.float32)
    motion = Motion(_FPS, weights, head.astype(np.float32), np.zeros((30, 2, 3), np.float32))
    scene = renderer.scene(_SIZE)
    frames = list(renderer.frames(motion, size=_SIZE))
    reach = round(0.12 * _SIZE[0])
    person = (scene.person[..., 3] > 0).astype(np.uint8)
    far = cv2.dilate(person, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) == 0
    if far.any():
        changes = [np.abs(frame.astype(np.float32) - scene.pixels)[far].mean() / 255 for frame in frames]
        tally.background.append(float(np.mean(changes)))
    else:
        tally.background.append(0.0)
    steps = [np.abs(b.astype(np.float32) - a).mean() for a, b in pairwise(frames[1:])]
    tally.jump.append(float(np.max(steps) / max(float(np.median(steps)), 1e-6)))


def _directions(
    renderer: PortraitRenderer, models: dict[Landmarker, dict[str, float]], name: str, view: tuple[int, int, int]
) -> Iterator[float]:
    """Yield 1 for each commanded direction that a model sees grow from rest over half to full intensity, else 0.

    ``models`` holds the heights that each sees at rest.
    """
    if name not in _DIRECTIONS:
        return
    shapes = EXPRESSIONS[name]
    frames = [_still_frame(renderer, {key: share * value for key, value in shapes.items()}) for share in (0.5, 1.0)]
    seen = [[rest, *(_steady_heights(model, frame, view) for frame in frames)] for model, rest in models.items()]
    for measure, sign in _DIRECTIONS[name]:
        yield float(any(all(sign * b[measure] > sign * a[measure] for a, b in pairwise(one)) for one in seen))


def _still_frame(renderer: PortraitRenderer, shapes: dict[str, float]) -> npt.NDArray[np.uint8]:
    """Return the frame of some shapes, both sides alike, with head and eyes ahead."""
    motion = Motion.still(1 / _FPS, _FPS)
    weights = motion.weights.copy()
    for name, value in shapes.items():
        weights[:, arkit_columns(name)] = value
    return next(iter(renderer.frames(replace(motion, weights=weights), fps=_FPS, size=_SIZE)))


def _steady_heights(
    landmarker: Landmarker, frame: npt.NDArray[np.uint8], view: tuple[int, int, int]
) -> dict[str, float]:
    """Return :func:`face_heights` as the median of looks from several distances, which err apart."""
    looks = [face_heights(landmarks_within(landmarker, frame, _wider(view, share))) for share in _LOOKS]
    return {measure: float(np.median([look[measure] for look in looks])) for measure in looks[0]}


def _view(points: Float, size: tuple[int, int]) -> tuple[int, int, int]:
    """Return (left, top, side) of the square of the frame that the landmarker looks at: the face with a margin."""
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    side = int(1.6 * float((high - low).max()))
    center = (low + high) / 2
    left = int(np.clip(center[0] - side / 2, 0, max(0, size[0] - side)))
    top = int(np.clip(center[1] - side / 2, 0, max(0, size[1] - side)))
    return left, top, min(side, *size)


def _wider(view: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    """Return a view with a margin of a share of its side; what lies outside the frame is left out."""
    left, top, side = view
    margin = min(round(share * side), left, top)
    return left - margin, top - margin, side + 2 * margin


def landmarks_within(landmarker: Landmarker, frame: npt.NDArray[np.uint8], view: tuple[int, int, int]) -> Float:
    """Return the landmarks of a frame in its pixels, seen in the square ``view`` (left, top, side) of it.

    Raises
    ------
    InputError
        If no face is found there.
    """
    import cv2

    left, top, side = view
    crop = cv2.resize(frame[top : top + side, left : left + side], (512, 512), interpolation=cv2.INTER_CUBIC)
    points = landmarker.points(crop)
    if points is None:
        raise InputError("the landmarker finds no face on a drawn frame; the portrait is too unclear to measure")
    result: Float = points * (side / 512) + np.array([left, top, 0], np.float32)
    return result


def arkit_columns(name: str) -> list[int]:
    """Columns of a shape in :class:`Motion`'s weights; of both sides for a name without a side."""
    if name in ARKIT_INDEX:
        return [ARKIT_INDEX[name]]
    return [ARKIT_INDEX[f"{name}Left"], ARKIT_INDEX[f"{name}Right"]]


def landmark_distance(points: Float, a: int, b: int) -> float:
    """Return the distance of two landmarks in the picture, pixels."""
    return float(np.linalg.norm(points[a, :2] - points[b, :2]))


def _mouth(points: Float) -> float:
    """Opening of the lips in mouth widths."""
    gap = np.mean([landmark_distance(points, a, b) for a, b in ((82, 87), (13, 14), (312, 317))])
    return float(gap / landmark_distance(points, 61, 291))


def _eyes(points: Float) -> float:
    """Opening of the lids in eye widths, across the line between the corners, mean of both eyes.

    Distances of the pairs themselves would count how far they are shifted along the lids as an opening.
    """
    return 0.5 * (
        _opening(points, (33, 133), ((160, 144), (159, 145), (158, 153)))
        + _opening(points, (362, 263), ((385, 380), (386, 374), (387, 373)))
    )


def _opening(points: Float, corners: tuple[int, int], pairs: tuple[tuple[int, int], ...]) -> float:
    axis = points[corners[1], :2] - points[corners[0], :2]
    width = float(np.hypot(*axis))
    across = np.array([-axis[1], axis[0]]) / width
    gaps = [(points[lower, :2] - points[upper, :2]) @ across for upper, lower in pairs]
    return float(np.abs(gaps).mean()) / width


def face_heights(points: Float) -> dict[str, float]:
    """Heights of brows, corners of the mouth and lids, in face widths along the face's own axis."""
    up = points[10, :2] - points[152, :2]
    up = up / np.linalg.norm(up)
    width = face_width_px(points)

    def height(a: tuple[int, ...], b: tuple[int, ...]) -> float:
        return float((points[list(a), :2].mean(0) - points[list(b), :2].mean(0)) @ up) / width

    corners = (33, 133, 362, 263)
    return {
        "brow": height((105, 66, 334, 296), corners),
        "inner_brow": height((107, 55, 336, 285), corners),
        "corner": height((61, 291), (0, 17)),
        "eye": _eyes(points),
    }


def face_width_px(points: Float) -> float:
    """Distance of the outermost landmarks on either side, pixels."""
    return landmark_distance(points, 234, 454)


def _upper(view: tuple[int, int, int]) -> tuple[slice, slice]:
    """Return the part of the frame with the upper face."""
    left, top, side = view
    return slice(top + side // 6, top + side // 2), slice(left + side // 6, left + side - side // 6)


def _ssim(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8], part: tuple[slice, slice]) -> float:
    """Return the structural similarity of two pictures' grey parts (Wang et al. 2004, equation 13)."""
    import cv2

    x, y = (cv2.cvtColor(np.ascontiguousarray(one[part]), cv2.COLOR_RGB2GRAY).astype(np.float64) for one in (a, b))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

    def mean(array: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(array, (11, 11), 1.5), np.float64)

    mx, my = mean(x), mean(y)
    vx, vy, vxy = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    score = (2 * mx * my + c1) * (2 * vxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return float(score.mean())
