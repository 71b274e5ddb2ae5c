"""The face embedding: zeros by default, or from an ArcFace model in ONNX that the user has.

InsightFace's models are for non-commercial use, so that none is shipped or fetched; the published code
itself falls back to zeros.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from checkpoints.errors import CheckpointError, InputError, MissingDependency

__all__ = ["face_embedding"]

EMBEDDING = 512
#: Eyes, nose tip and mouth corners of the 112×112 pictures that ArcFace models are trained on
#: (J. Deng et al., "ArcFace", CVPR 2019; the five-point template of their published code).
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
SIDE_PX = 112
#: The same five among the mesh's points: iris centres, nose tip, mouth corners, in picture order.
FIVE = (468, 473, 1, 61, 291)


def face_embedding(model: Path, portrait: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the (512,) embedding of the largest face.

    Parameters
    ----------
    model : path
        An ArcFace model in ONNX, or a ``.npy`` file that holds the embedding itself.
    portrait : (H, W, 3) uint8
    """
    model = Path(model)
    if not model.is_file():
        raise CheckpointError(
            f"there is no face model {model}; give an ArcFace .onnx, a .npy of 512 numbers, or nothing"
        )
    found = np.load(model, allow_pickle=False) if model.suffix == ".npy" else _run(model, _aligned(portrait))
    vector = np.asarray(found, np.float32).reshape(-1)
    if vector.shape != (EMBEDDING,) or not np.isfinite(vector).all():
        raise CheckpointError(f"{model} gives {vector.size} numbers, a face embedding has {EMBEDDING} finite ones")
    return vector


def _aligned(portrait: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """(1, 3, 112, 112) float32 in [-1, 1]: the face turned and scaled onto the template."""
    from PIL import Image

    from renderers.face import Picture, find_face

    points = find_face(Picture(portrait, None, "the portrait")).points[list(FIVE), :2].astype(np.float64)
    forward = _similarity(TEMPLATE, points)
    face = Image.fromarray(portrait).transform(
        (SIDE_PX, SIDE_PX), Image.Transform.AFFINE, tuple(forward.reshape(-1)), Image.Resampling.BICUBIC
    )
    return (np.asarray(face, np.float32).transpose(2, 0, 1)[None] - 127.5) / 127.5


def _similarity(source: npt.NDArray[np.float64], target: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(2, 3) turn, scale and shift that takes ``source`` to ``target`` with least squares."""
    x, y = source.T
    one, zero = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)])
    a, b, dx, dy = np.linalg.lstsq(rows, target.T.reshape(-1), rcond=None)[0]
    return np.array([[a, -b, dx], [b, a, dy]])


def _run(model: Path, face: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependency("a face model in ONNX needs a package: pip install onnxruntime") from error
    try:
        session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        found = session.run(None, {session.get_inputs()[0].name: face})[0]
    except Exception as error:  # onnxruntime's errors have no common root but Exception
        raise InputError(f"{model} cannot be run as a face model ({str(error).splitlines()[0]})") from error
    return np.asarray(found, np.float32)
