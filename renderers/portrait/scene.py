"""One portrait at one output size: everything that is made once, and the drawing of one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from conditioning.arkit import ARKIT_INDEX
from renderers.face import Face
from renderers.portrait.compiled import compiled
from renderers.portrait.creases import Creases, crease_strengths, make_creases, press
from renderers.portrait.eyes import Eye, draw_eye, make_eye
from renderers.portrait.glasses import Glasses, draw_glasses, find_glasses
from renderers.portrait.head import Head, bend_head
from renderers.portrait.lashes import draw_lashes
from renderers.portrait.lids import Lid, draw_lid, make_lid
from renderers.portrait.lip_contour import round_opening
from renderers.portrait.lip_rim import draw_rim
from renderers.portrait.lip_seam import seat_lips
from renderers.portrait.matte import person_matte, split_layers
from renderers.portrait.mouth import Mouth, draw_mouth, draw_seam, make_mouth
from renderers.portrait.mouth_colours import ON_SKIN, mean_colour
from renderers.portrait.pose import Poser, closing_demand
from renderers.portrait.raster import EMPTY_DEPTH, blend, rasterize
from renderers.portrait.sheet import Sheet, make_sheet
from renderers.portrait.softness import softness_px
from renderers.portrait.sway import HEAD_SHARE
from renderers.portrait.texture import Texture, over
from renderers.rig import fit_rig, load_rig

__all__ = ["Scene", "make_scene"]

Float = npt.NDArray[np.float32]
Box = tuple[int, int, int, int]
#: Points, triangles, and where each point takes its colour.
Mesh = tuple[Float, npt.NDArray[np.int32], Float]

#: The grid is drawn at this fraction of the output's resolution; it is smooth.
_COARSE = 4
#: Samples a pixel along each axis where lips and lids need soft edges.
_FINE = 2
#: From this weight of a blink on, the lid shows its painted skin.
_LID_FROM = 0.4
#: From this weight on they meet.
_MET_FROM = 0.8
#: Lips that have parted this much further show their portrait's teeth without the rim of the lower lip.
_PARTED_PX = 1.5
#: Points that move less are at rest.
_STILL_PX = 0.01
#: A lookup in the person's texture reaches this far (three lobes of its filter, and one pixel).
_TEXTURE_REACH_PX = 4.0
#: Folds reach this far beyond the face (its widths).
_AROUND_FACE = 0.1
#: Shapes that thrust the lips forward, with their shares.
_ROUNDING = ((ARKIT_INDEX["mouthFunnel"], 1.2), (ARKIT_INDEX["mouthPucker"], 1.0))
#: Radius of an eyeball, head model's units.
_BALL_UNITS = 1.27


@dataclass(frozen=True, eq=False)
class Scene:
    """A portrait prepared for one frame size.

    Attributes
    ----------
    pixels : (H, W, 3) uint8
        The portrait in the frame.
    bare : (H, W, 3) uint8
        The same without glasses.
    person : (H, W, 4) uint8
        The person with multiplied alpha.
    background : (H, W, 3) uint8
        What lies behind, filled in where the person stands.
    extent : (2, 2) float32
        Upper left and lower right pixel of the person.
    texture : Texture
        The person, for drawing.
    head, sheet, poser
        The geometry.
    eyes : tuple of Eye
        Left, right.
    lids : tuple of Lid
        Left, right, for blinks.
    creases : Creases
        Folds of the skin.
    mouth : Mouth
        Its inside.
    glasses : tuple of Glasses
        Parts of their frame, if the person wears any.
    """

    pixels: npt.NDArray[np.uint8]
    bare: npt.NDArray[np.uint8]
    person: npt.NDArray[np.uint8]
    background: npt.NDArray[np.uint8]
    extent: Float
    texture: Texture
    head: Head
    sheet: Sheet
    poser: Poser
    eyes: tuple[Eye, Eye]
    lids: tuple[Lid, Lid]
    creases: Creases
    mouth: Mouth
    glasses: tuple[Glasses, ...]

    def draw(
        self,
        weights: Float,
        rotation_rad: Float,
        eye_rotation_rad: Float,
        sway: Float | None = None,
        breath: float = 0.0,
        *,
        transparent: bool = False,
    ) -> npt.NDArray[np.uint8]:
        """Draw one frame.

        Parameters
        ----------
        weights : (52,) float32
            In the order of ``ARKIT_NAMES``.
        rotation_rad : (3,) float32
            The head's pitch, yaw, roll.
        eye_rotation_rad : (2, 3) float32
            Left, right eye.
        sway : (2,) float32, optional
            The shoulders' way to the right and down, head model's units.
        breath : float
            Their rise with the breath, the same units.
        transparent : bool
            Whether to leave the background out.

        Returns
        -------
        (H, W, 3) uint8, or (H, W, 4) if transparent
            sRGB, with alpha that is not multiplied in.
        """
        rotation = self.poser.rotation(rotation_rad)
        shaped = self.poser.shape(weights)
        points = self.poser.rotate(shaped, rotation, self.sheet.turning)
        lift = self._sway(points, sway, breath)
        height, width = self.pixels.shape[:2]
        mesh = (points, self.sheet.face_triangles, self.sheet.colour_at)
        source = _grid_map(points, self.sheet, width, height)
        _draw_face(mesh, _box(points[: self.sheet.face_count], 1.0, width, height), source)
        zones = []
        for index, eye in enumerate(self.poser.eyes):
            box = _box(points[eye.vertices], 3.0, width, height)
            near = (points, self.poser.near_eyes[index], self.sheet.colour_at)
            opening = _open_share(near, box, self.poser.outline(points, eye.ring), source)
            zones.append(
                (box, opening, self._eye(index, (points, box, opening), rotation, eye_rotation_rad[index], lift))
            )
        box = _box(points[self.poser.lip_vertices], 4.0, width, height)
        near = (points, self.poser.near_mouth, self.sheet.colour_at)
        opening = _open_share(near, box, self.poser.outline(points, self.poser.mouth_ring), source)
        rounded = min(1.0, sum(share * max(0.0, float(weights[index])) for index, share in _ROUNDING))
        opening = round_opening(opening, source[box[1] : box[3], box[0] : box[2]], rounded, self.mouth.width_px)
        closed = closing_demand(weights)
        # What the edges of closed lips leave open would show as a row of bright teeth.
        opening *= np.float32(1.0 - closed)
        parted = 0.0
        if opening.max() > 0:
            parted = min(abs(self.poser.parted_px(points)) / _PARTED_PX, 1.0)
            zones.append((box, opening, self._mouth(points, box, rotation, weights, opening, parted, rounded, lift)))
        frame = self.bare.copy()
        left, top, right, bottom = self._moved(points)
        part = np.ascontiguousarray(source[top:bottom, left:right])
        if part.size:
            person = self.texture.sample(part)
            rows, columns = self._face_part(points, (left, top, right, bottom))
            press(self.creases, person[rows, columns], part[rows, columns], crease_strengths(weights))
            over(person, self.background[top:bottom, left:right], frame[top:bottom, left:right])
        if parted > 0:
            rows, columns = slice(box[1], box[3]), slice(box[0], box[2])
            lips = draw_rim(self.mouth.rim, frame[rows, columns], source[rows, columns], opening, parted, rounded)
            frame[rows, columns] = np.clip(lips + 0.5, 0, 255).astype(np.uint8)
        for (left, top, right, bottom), share, inside in zones:
            part = frame[top:bottom, left:right]
            mixed = part + (inside - part) * share[..., None]
            frame[top:bottom, left:right] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
        if closed > 0 and self.head.mouth_open_px > 0:
            draw_seam(frame, self.poser.seam(points), self.mouth, closed)
        for lids, lid in zip(self.poser.eyes, self.lids, strict=True):
            strength = np.clip(float(weights[lids.blink]) / _LID_FROM, 0, 1)
            if strength > 0:
                strength = strength * strength * (3 - 2 * strength)
                draw_lid(lid, frame, points, strength)
                met = np.clip((float(weights[lids.blink]) - _MET_FROM) / (1 - _MET_FROM), 0, 1)
                draw_lashes(lid.lashes, frame, self.poser.outline(points, lids.edge), strength, met)
        draw_glasses(self.glasses, frame, rotation, self.poser.pivot, lift)
        return self._cut_out(frame, source, points) if transparent else frame

    def _cut_out(self, frame: npt.NDArray[np.uint8], source: Float, points: Float) -> npt.NDArray[np.uint8]:
        """Return a frame (H, W, 4) with the person's matte as alpha and the background's colour taken out."""
        alpha = self.person[..., 3].copy()
        left, top, right, bottom = self._moved(points)
        part = np.ascontiguousarray(source[top:bottom, left:right])
        if part.size:
            alpha[top:bottom, left:right] = self.texture.sample(part)[..., 3]
        share = alpha[..., None].astype(np.float32) / 255
        colour = (frame - (1 - share) * self.background) / np.maximum(share, 1 / 255)
        return np.concatenate([np.clip(colour + 0.5, 0, 255).astype(np.uint8), alpha[..., None]], 2)

    def _sway(self, points: Float, sway: Float | None, breath: float) -> Float:
        """Move the shoulders, in place, and return (3,) how far the head goes along."""
        lift = np.zeros(3, np.float32)
        if sway is None:
            return lift
        unit = self.head.fit.scale
        lift[1] = -HEAD_SHARE * breath * unit
        moved = np.array([sway[0], sway[1] - breath, 0], np.float32) * unit
        points += self.sheet.body[:, None] * moved + self.sheet.turning[:, None] * lift
        return lift

    def _moved(self, points: Float) -> Box:
        """Return the box outside which nothing moves."""
        height, width = self.pixels.shape[:2]
        rest = self.sheet.points
        moving = np.abs(points[:, 0] - rest[:, 0]) > _STILL_PX
        moving |= np.abs(points[:, 1] - rest[:, 1]) > _STILL_PX
        if not moving.any():
            return 0, 0, 0, 0
        both = np.concatenate([points[moving], rest[moving]])
        # The nodes around a moving one reach as far as the next ones.
        left, top, right, bottom = _box(both, self.sheet.spacing_px + 1, width, height)
        # Where the person neither was nor has gone, the background stays.
        way = float(np.abs(points[moving, :2] - rest[moving, :2]).max())
        near = _box(self.extent, way + _TEXTURE_REACH_PX, width, height)
        left, top, right, bottom = max(left, near[0]), max(top, near[1]), min(right, near[2]), min(bottom, near[3])
        return left, top, max(left, right), max(top, bottom)

    def _face_part(self, points: Float, box: Box) -> tuple[slice, slice]:
        """Return the rows and columns of a box of the frame where the face with its folds lies."""
        face = points[: self.sheet.face_count]
        margin = _AROUND_FACE * float(np.ptp(face[:, 0]))
        left, top, right, bottom = _box(face, margin, self.pixels.shape[1], self.pixels.shape[0])
        rows = slice(max(top - box[1], 0), max(min(bottom, box[3]) - box[1], 0))
        return rows, slice(max(left - box[0], 0), max(min(right, box[2]) - box[0], 0))

    def _eye(
        self,
        index: int,
        zone: tuple[Float, Box, Float],
        rotation: npt.NDArray[np.float64],
        angles_rad: Float,
        lift: Float,
    ) -> Float:
        """Return one eyeball in its zone (all points, box, opening)."""
        points, box, opening = zone
        eye = self.eyes[index]
        anchor = self.poser.rotate(eye.anchor[None], rotation)[0] + lift
        pitch, yaw = float(angles_rad[0]), float(angles_rad[1])
        basis = self.head.fit.rotation
        turned = basis @ np.array([np.sin(yaw), -np.sin(pitch), 0.0]) * eye.ball_px
        raised_px = self.poser.raised_px(points, self.poser.eyes[index])
        return draw_eye(eye, box, anchor, rotation, turned[:2], opening, raised_px)

    def _mouth(
        self,
        points: Float,
        box: Box,
        rotation: npt.NDArray[np.float64],
        weights: Float,
        opening: Float,
        parted: float,
        rounded: float,
        lift: Float,
    ) -> Float:
        mouth = self.mouth
        inside = blend(mouth.points, mouth.deltas, weights[mouth.shape_index].astype(np.float32))
        inside = self.poser.rotate(inside, rotation) + lift
        anchor = self.poser.rotate(mouth.anchor[None], rotation)[0] + lift
        return draw_mouth(mouth, box, inside, anchor, rotation, opening, parted, rounded)


def make_scene(pixels: npt.NDArray[np.uint8], landmarks: Float) -> Scene:
    """Prepare a framed portrait.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        The frame.
    landmarks : (478, 3) float32
        On the frame.
    """
    rig = load_rig()
    size = (pixels.shape[1], pixels.shape[0])
    fit = fit_rig(rig, Face(landmarks))
    landmarks = seat_lips(pixels, landmarks)
    glasses, bare = find_glasses(pixels, rig, fit)
    head = bend_head(rig, fit, landmarks)
    sheet = make_sheet(rig, head, size)
    poser = Poser(rig, head, sheet)
    matte = person_matte(pixels, sheet.silhouette)
    person, background = split_layers(bare, matte)
    ball_px, soft_px = _BALL_UNITS * fit.scale, softness_px(bare, landmarks)
    cheeks = mean_colour(bare, landmarks, ON_SKIN)
    eyes, closed = [], []
    for lids, first in zip(poser.eyes, (473, 468), strict=True):
        box = _box(sheet.points[lids.vertices], 3.0, *size)
        mesh = (sheet.points, sheet.face_triangles, sheet.colour_at)
        outline = poser.outline(sheet.points, lids.ring)
        opening = _open_share(mesh, box, outline, np.zeros((size[1], size[0], 2), np.float32))
        eyes.append(make_eye(bare, opening, box, landmarks[first : first + 5], ball_px))
        shut = poser.shut(lids)[: sheet.face_count]
        edge = poser.outline(shut, lids.edge)
        closed.append(
            make_lid(bare, sheet.face_triangles, sheet.points[: len(shut)], shut, opening, box, edge, cheeks, soft_px)
        )
    return Scene(
        pixels=pixels,
        bare=bare,
        person=person,
        background=background,
        extent=_extent(person[..., 3]),
        texture=Texture(person),
        head=head,
        sheet=sheet,
        poser=poser,
        eyes=(eyes[0], eyes[1]),
        lids=(closed[0], closed[1]),
        creases=make_creases(bare, landmarks),
        mouth=make_mouth(bare, rig, head, landmarks, soft_px),
        glasses=glasses,
    )


def _grid_map(points: Float, sheet: Sheet, width: int, height: int) -> Float:
    """Return (H, W, 2): where in the portrait each pixel of the frame takes its colour, from the grid alone."""
    import cv2

    columns, rows = -(-width // _COARSE) + 2, -(-height // _COARSE) + 2
    start = (_COARSE - 1) / 2 - _COARSE
    coarse, depth = rasterize(
        points, sheet.grid_triangles, sheet.colour_at, (columns, rows), origin=(start, start), scale=1 / _COARSE
    )
    empty = depth == EMPTY_DEPTH
    if empty.any():
        ys, xs = np.nonzero(empty)
        coarse[ys, xs, 0], coarse[ys, xs, 1] = xs * _COARSE + start, ys * _COARSE + start
    whole = cv2.resize(coarse, (columns * _COARSE, rows * _COARSE), interpolation=cv2.INTER_LINEAR)
    result: Float = np.ascontiguousarray(whole[_COARSE : _COARSE + height, _COARSE : _COARSE + width])
    return result


def _draw_face(mesh: Mesh, box: Box, source: Float) -> None:
    """Draw the face's mesh over the map, in place."""
    left, top, right, bottom = box
    if right <= left or bottom <= top:
        return
    drawn, depth = rasterize(*mesh, (right - left, bottom - top), origin=(left, top))
    part = source[top:bottom, left:right]
    _where_drawn(drawn, depth, part)


def _open_share(mesh: Mesh, box: Box, outline: Float, source: Float) -> Float:
    """Return (h, w): the share of each pixel within an outline that the face's mesh leaves open.

    The map is refined in the box, in place.
    """
    import cv2

    left, top, right, bottom = box
    size = (max(right - left, 0), max(bottom - top, 0))
    if not size[0] or not size[1]:
        return np.zeros((size[1], size[0]), np.float32)
    offset = (1 / _FINE - 1) / 2
    drawn, depth = rasterize(
        *mesh,
        (size[0] * _FINE, size[1] * _FINE),
        origin=(left + offset, top + offset),
        scale=_FINE,
    )
    part = source[top:bottom, left:right]
    opening = np.empty((size[1], size[0]), np.float32)
    _average(drawn, depth, part, opening)
    within = np.zeros(opening.shape, np.uint8)
    ring = np.round((outline - np.array([left, top])) * 16).astype(np.int32)
    cv2.fillPoly(within, [ring], 1, shift=4)
    opening *= cv2.dilate(within, np.ones((3, 3), np.uint8))
    return opening


@compiled
def _where_drawn(drawn: Float, depth: Float, out: Float) -> None:
    """Copy what was drawn."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            if depth[y, x] > -1e29:
                out[y, x, 0] = drawn[y, x, 0]
                out[y, x, 1] = drawn[y, x, 1]


@compiled
def _average(drawn: Float, depth: Float, source: Float, opening: Float) -> None:
    """Average the fine map over each pixel's covered samples."""
    fine = drawn.shape[0] // opening.shape[0]
    for y in range(opening.shape[0]):
        for x in range(opening.shape[1]):
            sum_x, sum_y, count = 0.0, 0.0, 0
            for j in range(y * fine, y * fine + fine):
                for i in range(x * fine, x * fine + fine):
                    if depth[j, i] > -1e29:
                        sum_x += drawn[j, i, 0]
                        sum_y += drawn[j, i, 1]
                        count += 1
            opening[y, x] = 1.0 - count / (fine * fine)
            if count:
                source[y, x, 0] = sum_x / count
                source[y, x, 1] = sum_y / count


def _extent(alpha: npt.NDArray[np.uint8]) -> Float:
    """Return (2, 2): the first and the last column and row, as x and y, where a matte is not empty."""
    ys, xs = np.nonzero(alpha)
    if not len(xs):
        return np.zeros((2, 2), np.float32)
    return np.array([[xs.min(), ys.min()], [xs.max(), ys.max()]], np.float32)


def _box(points: Float, margin: float, width: int, height: int) -> Box:
    """Return the whole-pixel box around points, inside the frame."""
    x, y = points[:, 0], points[:, 1]
    left, top = max(0, int(np.floor(x.min() - margin))), max(0, int(np.floor(y.min() - margin)))
    right, bottom = int(np.ceil(x.max() + margin)) + 1, int(np.ceil(y.max() + margin)) + 1
    return left, top, max(left, min(width, right)), max(top, min(height, bottom))
