"""Where heads come from: the person of a portrait, the shipped neutral head, ICT-FaceKit, a user's GLB."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning import ARKIT_INDEX, ARKIT_NAMES
from renderers.mesh_eyes import eyeball, paint_uv, painted_texture
from renderers.mesh_head import Head, triangles_between
from renderers.mesh_mouth import mouth_light

__all__ = ["choose_head", "ict_head", "neutral_head", "open_head", "portrait_head"]

ICT_ATTRIBUTION = "Head: ICT-FaceKit, copyright (c) 2020 USC Institute for Creative Technologies, MIT licence"

#: Distance between the pupils, metres (Dodgson 2004: mean of adults).
_PUPIL_DISTANCE_M = 0.063
#: The joint that the head turns about lies this far below and behind the middle between the ears, metres.
_PIVOT_BELOW_EARS_M = np.array([0.0, -0.03, -0.01], np.float32)

#: Height and depth of the middle between the ears of ICT-FaceKit's head, in its units.
_EARS = (1.3, -1.0)

#: Parts inside the mouth, where little light comes.
_INNER = ("socket", "gums", "teeth")

#: How much further than ICT-FaceKit's the upper lids go in a blink.
_BLINK_REACH = 1.08

FloatArray = npt.NDArray[np.float32]


def choose_head(head: str | None, portrait: Path | None) -> Head:
    """Return the named head, else the face of a portrait, else a neutral one.

    Parameters
    ----------
    head : str, optional
        A registered name, a GLB file or an ICT-FaceKit folder.
    portrait : Path, optional
    """
    if head is not None:
        return open_head(head)
    return neutral_head() if portrait is None else portrait_head(portrait)


def open_head(name: str) -> Head:
    """Return a head by its registered name, or from a GLB file or an ICT-FaceKit folder.

    Raises
    ------
    InputError
        If there is none of that name, or the file has no ARKit shapes.
    """
    from renderers.mesh_glb import read_glb
    from renderers.mesh_registry import registered

    if name == "neutral":
        return neutral_head()
    known = registered()
    if name in known:
        entry = known[name]
        return read_glb(Path(entry.path), entry.rename) if entry.kind == "glb" else ict_head(Path(entry.path))
    path = Path(name)
    if path.is_dir():
        return ict_head(path)
    if path.is_file():
        return read_glb(path)
    names = ", ".join(["neutral", *sorted(known)])
    raise InputError(
        f"no head is called {name!r}; there are {names}, or give a .glb file; `mien head add` registers one"
    )


def portrait_head(portrait: Path) -> Head:
    """Return the person on a portrait: their 478-point face, a mouth behind its lips, hair, neck and shoulders."""
    from renderers.face import find_face, read_picture
    from renderers.landmarks import LEFT_IRIS, RIGHT_IRIS
    from renderers.mesh_bust import make_bust
    from renderers.mesh_mouth import with_mouth
    from renderers.rig import load_rig

    picture = read_picture(portrait)
    bust = make_bust(picture.pixels, find_face(picture), picture.alpha)
    vertices = bust.vertices - _PIVOT_BELOW_EARS_M
    sight = np.array([0.0, 0.0, 0.012], np.float32)
    person = replace(
        bust,
        vertices=vertices,
        eyes=np.stack([vertices[LEFT_IRIS[0]] - sight, vertices[RIGHT_IRIS[0]] - sight]),
        name=portrait.stem,
        attribution=f"Mouth of the {ICT_ATTRIBUTION[0].lower()}{ICT_ATTRIBUTION[1:]}",
    )
    return with_mouth(person, load_rig())


@lru_cache(maxsize=1)
def neutral_head() -> Head:
    """Return the shipped head: nobody in particular, painted plainly, with eyes and teeth."""
    from renderers.rig import load_rig

    rig = load_rig()
    parts = {
        "skin": [rig.parts["face"], rig.parts["head"]],
        "socket": [rig.parts["mouth_socket"]],
        "gums": [rig.parts["gums_tongue"]],
        "teeth": [rig.parts["teeth"]],
    }
    return _painted(rig.head_points, rig.head_triangles, rig.head_deltas, parts, rig.eye_centers, "neutral")


def ict_head(folder: Path) -> Head:
    """Return the head of an ICT-FaceKit folder, at full detail."""
    from renderers import train_rig
    from renderers.rig import load_rig

    ict = train_rig._read(folder)
    ranges = {
        "skin": [train_rig.FACE, train_rig.HEAD],
        "socket": [train_rig.MOUTH_SOCKET],
        "gums": [train_rig.GUMS_TONGUE],
        "teeth": [train_rig.TEETH],
    }
    rig = load_rig()
    parts = {name: [slice(*pair) for pair in pairs] for name, pairs in ranges.items()}
    deltas = train_rig._arkit_deltas(ict)
    return _painted(ict.neutral, ict.triangles, deltas, parts, rig.eye_centers, "ict")


def _closing(deltas: FloatArray) -> FloatArray:
    """Return the shapes with blinks whose upper lids reach a little further, lest a slit of the eyeball shows."""
    closing = deltas.copy()
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        blink = closing[ARKIT_INDEX[name]]
        blink[blink[:, 1] < 0] *= _BLINK_REACH
    return closing


def _painted(
    points: FloatArray,
    triangles: npt.NDArray[np.int32],
    deltas: FloatArray,
    parts: dict[str, list[slice]],
    eye_centres: FloatArray,
    name: str,
) -> Head:
    """Return ICT-FaceKit's head in metres with its parts painted and eyeballs put in."""
    unit_m = _PUPIL_DISTANCE_M / float(np.linalg.norm(eye_centres[0] - eye_centres[1]))
    origin = np.array([0.0, *_EARS], np.float32) + _PIVOT_BELOW_EARS_M / unit_m
    uvs = np.zeros((len(points), 2), np.float32)
    used, inner = np.zeros(len(points), bool), np.zeros(len(points), bool)
    for part, slices in parts.items():
        for piece in slices:
            bright = np.ones(piece.stop - piece.start, np.float32)
            if part in _INNER:
                bright = mouth_light(unit_m * points[piece, 2], float(unit_m * points[parts["teeth"][0], 2].max()))
            uvs[piece], used[piece], inner[piece] = paint_uv(part, bright), True, part in _INNER
    vertices, shapes = (points[used] - origin) * unit_m, _closing(deltas[:, used]) * unit_m
    faces, coordinates = [triangles_between(triangles, used)], [uvs[used]]
    eyes = (eye_centres - origin) * unit_m
    eye_parts = [np.zeros(len(vertices), np.int8)]
    bodies = [vertices]
    for side, centre in enumerate(eyes.astype(np.float32), start=1):
        ball, ball_faces, ball_uvs = eyeball(centre)
        faces.append(ball_faces + sum(map(len, bodies)))
        coordinates.append(ball_uvs)
        eye_parts.append(np.full(len(ball), side, np.int8))
        bodies.append(ball)
    still = np.zeros((len(ARKIT_NAMES), sum(map(len, bodies[1:])), 3), np.float32)
    return Head(
        vertices=np.concatenate(bodies),
        triangles=np.concatenate(faces).astype(np.int32),
        shape_names=ARKIT_NAMES,
        shapes=np.concatenate([shapes, still], axis=1),
        uvs=np.concatenate(coordinates),
        texture=painted_texture(),
        eyes=eyes.astype(np.float32),
        eye_parts=np.concatenate(eye_parts),
        inner=np.concatenate([inner[used], np.zeros(still.shape[1], bool)]),
        name=name,
        attribution=ICT_ATTRIBUTION,
    )
