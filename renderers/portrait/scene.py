"""One portrait at one output size: everything that is made once, and the drawing of one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from conditioning.arkit import ARKIT_INDEX
from renderers.face import Face
from renderers.portrait.creases import Creases, crease_strengths, make_creases, press
from renderers.portrait.eyes import Eye, draw_eye, make_eye
from renderers.portrait.frame_map import Box, box_around, draw_face, extent, grid_map, open_share
from renderers.portrait.glasses import GlassesLayer, draw_glasses, find_glasses
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
from renderers.portrait.raster import blend
from renderers.portrait.sheet import Sheet, make_sheet
from renderers.portrait.softness import softness_px
from renderers.portrait.sway import HEAD_SHARE
from renderers.portrait.texture import Texture, over
from renderers.rig import fit_rig, load_rig

__all__ = ["Scene", "make_scene"]

Float = npt.NDArray[np.float32]

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
    glasses : tuple of GlassesLayer
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
    glasses: tuple[GlassesLayer, ...]

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
        source = grid_map(points, self.sheet, width, height)
        draw_face(mesh, box_around(points[: self.sheet.face_count], 1.0, width, height), source)
        zones = []
        for index, eye in enumerate(self.poser.eyes):
            box = box_around(points[eye.vertices], 3.0, width, height)
            near = (points, self.poser.near_eyes[index], self.sheet.colour_at)
            opening = open_share(near, box, self.poser.outline(points, eye.ring), source)
            zones.append(
                (box, opening, self._eye(index, (points, box, opening), rotation, eye_rotation_rad[index], lift))
            )
        box = box_around(points[self.poser.lip_vertices], 4.0, width, height)
        near = (points, self.poser.near_mouth, self.sheet.colour_at)
        opening = open_share(near, box, self.poser.outline(points, self.poser.mouth_ring), source)
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
        left, top, right, bottom = box_around(both, self.sheet.spacing_px + 1, width, height)
        # Where the person neither was nor has gone, the background stays.
        way = float(np.abs(points[moving, :2] - rest[moving, :2]).max())
        near = box_around(self.extent, way + _TEXTURE_REACH_PX, width, height)
        left, top, right, bottom = max(left, near[0]), max(top, near[1]), min(right, near[2]), min(bottom, near[3])
        return left, top, max(left, right), max(top, bottom)

    def _face_part(self, points: Float, box: Box) -> tuple[slice, slice]:
        """Return the rows and columns of a box of the frame where the face with its folds lies."""
        face = points[: self.sheet.face_count]
        margin = _AROUND_FACE * float(np.ptp(face[:, 0]))
        left, top, right, bottom = box_around(face, margin, self.pixels.shape[1], self.pixels.shape[0])
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
        moved = weights[mouth.shape_index].astype(np.float32)
        # A little of the tongue between the teeth, as in "th", shows already.
        moved[-1] = np.sqrt(max(float(moved[-1]), 0.0))
        inside = blend(mouth.points, mouth.deltas, moved)
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
        box = box_around(sheet.points[lids.vertices], 3.0, *size)
        mesh = (sheet.points, sheet.face_triangles, sheet.colour_at)
        outline = poser.outline(sheet.points, lids.ring)
        opening = open_share(mesh, box, outline, np.zeros((size[1], size[0], 2), np.float32))
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
        extent=extent(person[..., 3]),
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
