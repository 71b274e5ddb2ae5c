"""The people: proportions, complexion, eyes, hair, clothes, light and surroundings of each portrait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import clothes
import hairstyles
from eyes import Iris
from finish import Backdrop
from head import Brush, Head
from skin import SkinTone
from stage import Light, cloth_material, hair_material, plain_material
from strands import Skull, Strands

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Finish:
    """Settings of the last, two-dimensional steps."""

    warmth: float = 1.0
    contrast: float = 0.22
    vignette: float = 0.45
    bloom: float = 0.06
    saturation: float = 1.05
    brush: float = 0.18
    brush_radius: int = 3
    illustrated: bool = False


@dataclass(frozen=True)
class Character:
    """Everything that makes one portrait."""

    name: str
    seed: int
    brushes: list[Brush]
    expression: dict[str, float]
    tone: SkinTone
    iris: Iris
    brow: tuple[Colour, Colour]
    brow_count: int
    brow_width: float
    lash_length: float
    lash_line: float
    hair: Callable[[Skull, Head, int], list[tuple[Strands, Any]]]
    dress: Callable[[int], None]
    lights: list[Light]
    ambient: tuple[Colour, float]
    backdrop: Backdrop
    scalp_front: float = 10.4
    spectacles: Colour | None = None
    finish: Finish = field(default_factory=Finish)


def _mira_hair(skull: Skull, head: Head, seed: int) -> list[tuple[Strands, Any]]:
    return [(hairstyles.long_waves(skull, head, seed), hair_material((0.13, 0.048, 0.022), (0.62, 0.28, 0.13)))]


def _mira_dress(seed: int) -> None:
    trim = plain_material((0.42, 0.30, 0.16), 0.6)
    brass = plain_material((0.70, 0.52, 0.25), 0.3, 1.0)
    wool = cloth_material((0.18, 0.29, 0.17), weave=0.5)
    clothes.green_cloak(wool, cloth_material((0.72, 0.66, 0.54), weave=0.4), trim, brass, seed)


MIRA = Character(
    name="mira",
    seed=5,
    brushes=[
        Brush((6.0, -4.5, 6.0), (2.0, 2.5, 4.0), move=(-0.5, 0.1, 0.0)),
        Brush((2.5, -7.0, 9.0), (1.6, 1.2, 3.0), move=(-0.35, 0.15, 0.0)),
        Brush((0.0, -7.0, 10.4), (1.3, 1.0, 2.0), move=(0.0, 0.25, -0.1)),
        Brush((1.2, -0.9, 11.0), (0.7, 0.7, 1.2), move=(-0.22, 0.05, 0.0)),
        Brush((0.0, 0.2, 12.8), (0.8, 0.8, 1.2), move=(0.0, 0.14, -0.25)),
        Brush((0.0, 2.5, 11.4), (0.7, 1.5, 1.0), move=(0.0, 0.0, -0.12)),
        Brush((3.1, 3.55, 9.0), (1.9, 1.15, 2.0), grow=(0.21, 0.20, 0.0)),
        Brush((4.3, 3.6, 8.8), (0.7, 0.7, 1.5), move=(0.0, 0.10, 0.0)),
        Brush((0.0, -3.4, 11.5), (1.3, 0.55, 1.5), move=(0.0, 0.0, 0.08), grow=(0.0, 0.18, 0.0)),
        Brush((2.4, -3.5, 10.2), (0.9, 0.7, 1.5), move=(-0.18, 0.06, 0.0)),
        Brush((0.0, -3.75, 11.3), (1.7, 0.28, 1.2), move=(0.0, 0.10, 0.02)),
        Brush((5.2, 0.6, 8.3), (1.4, 1.3, 2.0), move=(0.05, 0.1, 0.12)),
        Brush((4.5, -11.0, 0.0), (3.0, 4.0, 6.0), move=(-1.3, 0.0, 0.0)),
        Brush((0.0, 13.0, 3.0), (9.0, 3.5, 9.0), move=(0.0, -1.0, 0.0)),
        Brush((8.0, 1.0, 0.5), (1.0, 3.5, 3.0), move=(-0.6, 0.0, -0.2)),
    ],
    expression={
        "mouthSmile_L": 0.30,
        "mouthSmile_R": 0.30,
        "browDown_L": 0.12,
        "browDown_R": 0.12,
        "browOuterUp_L": 0.15,
        "browOuterUp_R": 0.15,
    },
    tone=SkinTone(
        base=(0.90, 0.72, 0.62),
        flush=(0.80, 0.42, 0.36),
        shade=(0.70, 0.49, 0.47),
        lips=(0.75, 0.41, 0.38),
        lip_depth=0.7,
        freckles=1.0,
        mottle=1.6,
        freckle=(0.60, 0.36, 0.23),
        hair=(0.36, 0.17, 0.09),
        brow_shadow=0.28,
    ),
    iris=Iris(inner=(0.50, 0.44, 0.20), outer=(0.24, 0.36, 0.24), rim=(0.07, 0.10, 0.08), radius=0.70),
    brow=((0.14, 0.07, 0.04), (0.34, 0.17, 0.10)),
    brow_count=520,
    brow_width=0.9,
    lash_length=0.72,
    lash_line=1.0,
    hair=_mira_hair,
    dress=_mira_dress,
    lights=[
        Light((-62, 48, 130), 55, 170000, (1.0, 0.95, 0.88)),
        Light((95, 10, 90), 90, 30000, (0.85, 0.92, 1.0)),
        Light((70, 60, -80), 50, 150000, (1.0, 0.88, 0.70)),
        Light((-90, 40, -60), 50, 60000, (0.75, 0.87, 1.0)),
    ],
    ambient=((0.62, 0.72, 0.68), 0.3),
    backdrop=Backdrop(
        top=(0.42, 0.50, 0.36), bottom=(0.16, 0.23, 0.17), glow=(0.95, 0.85, 0.55), dark=(0.13, 0.17, 0.12)
    ),
)


def _guard_hair(skull: Skull, head: Head, seed: int) -> list[tuple[Strands, Any]]:
    hair = hair_material((0.035, 0.028, 0.024), (0.11, 0.085, 0.07), 0.4, grey=(0.55, 0.53, 0.5), greys=0.10)
    beard = hair_material((0.04, 0.03, 0.026), (0.12, 0.09, 0.07), 0.4, grey=(0.66, 0.64, 0.61), greys=0.24)
    return [
        (hairstyles.cropped(skull, head, seed, front=10.5), hair),
        (hairstyles.beard(skull, head, seed + 9, length=1.1), beard),
    ]


def _guard_dress(seed: int) -> None:
    leather = plain_material((0.20, 0.12, 0.075), 0.45)
    brass = plain_material((0.62, 0.48, 0.26), 0.3, 1.0)
    clothes.gambeson(cloth_material((0.33, 0.17, 0.13), weave=0.4), leather, leather, brass, seed)


GUARD = Character(
    name="guard",
    seed=11,
    brushes=[
        Brush((6.0, -4.5, 6.0), (2.0, 2.2, 4.0), move=(0.50, -0.2, 0.1)),
        Brush((2.4, -7.0, 9.4), (1.6, 1.2, 3.0), move=(0.35, -0.35, 0.15)),
        Brush((1.3, -0.8, 11.0), (0.8, 0.8, 1.4), move=(0.42, 0.02, 0.05)),
        Brush((0.0, 0.0, 12.6), (1.1, 0.9, 1.4), move=(0.0, -0.12, -0.25), grow=(0.16, 0.0, 0.0)),
        Brush((0.0, 3.2, 11.0), (1.0, 1.6, 1.2), move=(0.0, 0.0, 0.10), grow=(0.15, 0.0, 0.0)),
        Brush((2.8, 5.4, 10.4), (2.2, 0.7, 1.6), move=(0.0, -0.25, 0.30)),
        Brush((3.1, 3.55, 9.0), (1.9, 1.0, 2.0), grow=(-0.02, -0.06, 0.0)),
        Brush((0.0, -3.4, 11.5), (1.9, 0.7, 1.6), move=(0.0, 0.0, 0.06)),
        Brush((0.0, -4.45, 11.2), (2.2, 0.40, 1.6), move=(0.0, 0.30, 0.0)),
        Brush((5.6, 0.8, 8.0), (1.4, 1.2, 2.2), move=(0.22, 0.1, 0.15)),
        Brush((5.0, -11.0, 0.0), (3.0, 4.0, 6.0), move=(0.9, 0.0, 0.0)),
        Brush((8.0, 1.0, 0.5), (1.0, 3.5, 3.0), move=(-0.25, 0.0, -0.1)),
    ],
    expression={"browDown_L": 0.15, "browDown_R": 0.15, "mouthSmile_L": 0.10, "mouthSmile_R": 0.10},
    tone=SkinTone(
        base=(0.54, 0.385, 0.295),
        flush=(0.50, 0.25, 0.19),
        shade=(0.34, 0.21, 0.17),
        lips=(0.50, 0.30, 0.26),
        blush=0.75,
        mottle=1.4,
        lip_depth=0.65,
        hair=(0.10, 0.075, 0.06),
        brow_shadow=0.45,
        stubble=0.6,
        dryness=0.07,
        age=1.0,
    ),
    iris=Iris(
        inner=(0.34, 0.20, 0.09),
        outer=(0.20, 0.11, 0.06),
        rim=(0.05, 0.03, 0.02),
        white=(0.82, 0.77, 0.72),
        radius=0.61,
    ),
    brow=((0.03, 0.025, 0.02), (0.10, 0.08, 0.06)),
    brow_count=800,
    brow_width=1.1,
    lash_length=0.36,
    lash_line=0.35,
    hair=_guard_hair,
    dress=_guard_dress,
    lights=[
        Light((62, 46, 130), 55, 185000, (1.0, 0.93, 0.84)),
        Light((-95, 10, 90), 90, 42000, (0.82, 0.90, 1.0)),
        Light((-75, 50, -80), 50, 170000, (1.0, 0.82, 0.60)),
        Light((90, 40, -60), 50, 90000, (0.75, 0.87, 1.0)),
    ],
    ambient=((0.60, 0.66, 0.75), 0.3),
    backdrop=Backdrop(
        top=(0.38, 0.36, 0.38),
        bottom=(0.16, 0.15, 0.17),
        glow=(1.0, 0.72, 0.38),
        dark=(0.13, 0.12, 0.13),
        glow_at=(0.2, 0.35),
        discs=16,
    ),
    scalp_front=10.5,
)


def _ilse_hair(skull: Skull, head: Head, seed: int) -> list[tuple[Strands, Any]]:
    silver = hair_material((0.42, 0.42, 0.47), (0.86, 0.85, 0.86), 0.35)
    return [(hairstyles.swept_back(Skull(head, ears=False), head, seed), silver)]


def _ilse_dress(seed: int) -> None:
    gold = plain_material((0.80, 0.60, 0.28), 0.35, 0.7)
    clothes.high_collar(cloth_material((0.24, 0.15, 0.36), mottle=0.2), cloth_material((0.80, 0.76, 0.70)), gold, seed)


ILSE = Character(
    name="ilse",
    seed=23,
    brushes=[
        Brush((6.0, -4.5, 6.0), (2.0, 2.5, 4.0), move=(-0.75, 0.2, 0.0)),
        Brush((2.5, -7.0, 9.0), (1.6, 1.2, 3.0), move=(-0.55, 0.0, 0.05)),
        Brush((1.2, -0.9, 11.0), (0.7, 0.7, 1.2), move=(-0.30, 0.08, 0.0)),
        Brush((0.0, 0.2, 12.8), (0.8, 0.8, 1.2), move=(0.0, 0.10, -0.20)),
        Brush((0.0, 2.5, 11.4), (0.6, 1.6, 1.0), move=(0.0, 0.0, 0.10), grow=(-0.15, 0.0, 0.0)),
        Brush((3.1, 3.55, 9.0), (1.9, 1.15, 2.0), grow=(0.20, 0.20, 0.0)),
        Brush((4.5, 3.6, 8.6), (0.8, 0.8, 1.5), move=(0.10, 0.28, 0.0)),
        Brush((0.0, -3.4, 11.5), (1.2, 0.55, 1.5), move=(0.0, 0.0, 0.08), grow=(-0.06, 0.20, 0.0)),
        Brush((2.4, -3.5, 10.2), (0.9, 0.7, 1.5), move=(-0.30, 0.05, 0.0)),
        Brush((0.0, -3.75, 11.3), (1.7, 0.28, 1.2), move=(0.0, 0.11, 0.02)),
        Brush((5.4, 0.9, 8.2), (1.3, 1.1, 2.0), move=(0.22, 0.15, 0.2)),
        Brush((4.5, -11.0, 0.0), (3.0, 4.0, 6.0), move=(-1.3, 0.0, 0.0)),
        Brush((8.6, 3.6, -0.6), (0.75, 0.85, 1.3), move=(1.3, 2.3, -0.9)),
        Brush((8.4, 1.8, -0.2), (0.8, 1.4, 2.0), move=(0.25, 0.5, 0.0)),
    ],
    expression={
        "mouthSmile_L": 0.14,
        "mouthSmile_R": 0.14,
        "browDown_L": 0.25,
        "browDown_R": 0.25,
        "browOuterUp_L": 0.3,
        "browOuterUp_R": 0.3,
    },
    tone=SkinTone(
        base=(0.86, 0.67, 0.54),
        flush=(0.70, 0.34, 0.27),
        shade=(0.55, 0.36, 0.36),
        lips=(0.74, 0.38, 0.38),
        blush=1.1,
        mottle=0.6,
        lip_depth=0.9,
        hair=(0.38, 0.34, 0.36),
        brow_shadow=0.35,
    ),
    iris=Iris(inner=(0.80, 0.58, 0.22), outer=(0.52, 0.30, 0.12), rim=(0.13, 0.06, 0.06), radius=0.70),
    brow=((0.10, 0.09, 0.11), (0.22, 0.20, 0.23)),
    brow_count=620,
    brow_width=0.85,
    lash_length=0.85,
    lash_line=1.2,
    hair=_ilse_hair,
    dress=_ilse_dress,
    lights=[
        Light((-60, 50, 130), 45, 240000, (1.0, 0.95, 0.86)),
        Light((95, 0, 90), 90, 40000, (0.75, 0.80, 1.0)),
        Light((75, 50, -80), 40, 190000, (0.80, 0.78, 1.0)),
        Light((-80, 40, -70), 40, 90000, (1.0, 0.80, 0.55)),
    ],
    ambient=((0.55, 0.52, 0.75), 0.3),
    backdrop=Backdrop(top=(0.30, 0.33, 0.45), bottom=(0.2, 0.2, 0.3), glow=(0.93, 0.87, 0.74), dark=(0.85, 0.72, 0.45)),
    scalp_front=10.0,
    finish=Finish(illustrated=True, bloom=0.0, vignette=0.25, contrast=0.1),
)


def _tomas_hair(skull: Skull, head: Head, seed: int) -> list[tuple[Strands, Any]]:
    hair = hair_material((0.16, 0.12, 0.10), (0.36, 0.30, 0.26), 0.4, grey=(0.62, 0.60, 0.58), greys=0.30)
    grown = hairstyles.cropped(skull, head, seed, front=11.7)
    trimmed = grown.points[:, 0, 1] > -2.0
    return [(Strands(grown.points[trimmed], grown.radius[trimmed], grown.shade[trimmed]), hair)]


def _tomas_dress(seed: int) -> None:
    trim = plain_material((0.30, 0.20, 0.12), 0.6)
    brass = plain_material((0.70, 0.52, 0.25), 0.3, 1.0)
    wool = cloth_material((0.30, 0.22, 0.17), weave=0.5)
    clothes.green_cloak(wool, cloth_material((0.74, 0.70, 0.62), weave=0.4), trim, brass, seed)


TOMAS = Character(
    name="tomas",
    seed=31,
    brushes=[
        Brush((6.0, -4.5, 6.0), (2.0, 2.2, 4.0), move=(0.15, -0.1, 0.0)),
        Brush((2.4, -7.0, 9.4), (1.6, 1.2, 3.0), move=(0.1, -0.2, 0.05)),
        Brush((0.0, -7.0, 10.4), (1.3, 1.0, 2.0), move=(0.0, -0.1, 0.1)),
        Brush((1.2, -0.9, 11.0), (0.8, 0.8, 1.4), move=(0.15, -0.05, 0.1)),
        Brush((0.0, 0.0, 12.6), (1.0, 0.9, 1.4), move=(0.0, -0.20, 0.15), grow=(0.10, 0.0, 0.0)),
        Brush((0.0, 3.2, 11.0), (0.8, 1.6, 1.2), move=(0.0, 0.0, 0.20)),
        Brush((2.8, 5.4, 10.4), (2.2, 0.7, 1.6), move=(0.0, -0.1, 0.15)),
        Brush((3.1, 3.55, 9.0), (1.9, 1.0, 2.0), grow=(0.02, 0.0, 0.0)),
        Brush((0.0, -3.4, 11.5), (1.5, 0.6, 1.6), grow=(0.0, -0.12, 0.0)),
        Brush((5.2, 0.6, 8.3), (1.4, 1.3, 2.0), move=(-0.1, -0.15, -0.2)),
        Brush((4.4, -3.0, 8.8), (1.5, 2.0, 2.0), move=(-0.1, -0.1, -0.2)),
        Brush((5.0, -11.0, 0.0), (3.0, 4.0, 6.0), move=(-0.3, 0.0, 0.0)),
        Brush((8.0, 1.0, 0.5), (1.1, 3.5, 3.0), move=(0.2, 0.0, 0.0)),
    ],
    expression={"browOuterUp_L": 0.2, "browOuterUp_R": 0.2, "mouthSmile_L": 0.22, "mouthSmile_R": 0.22},
    tone=SkinTone(
        base=(0.86, 0.69, 0.60),
        flush=(0.80, 0.44, 0.38),
        shade=(0.64, 0.46, 0.43),
        lips=(0.70, 0.44, 0.41),
        blush=1.1,
        mottle=2.0,
        lip_depth=0.55,
        hair=(0.34, 0.30, 0.27),
        brow_shadow=0.30,
        stubble=0.12,
        age=1.0,
    ),
    iris=Iris(inner=(0.42, 0.50, 0.55), outer=(0.22, 0.32, 0.42), rim=(0.07, 0.09, 0.13), radius=0.64),
    brow=((0.17, 0.13, 0.11), (0.38, 0.33, 0.30)),
    brow_count=620,
    brow_width=1.1,
    lash_length=0.4,
    lash_line=0.5,
    hair=_tomas_hair,
    dress=_tomas_dress,
    lights=[
        Light((-60, 50, 130), 55, 165000, (1.0, 0.94, 0.85)),
        Light((95, 10, 90), 90, 36000, (0.82, 0.90, 1.0)),
        Light((72, 55, -80), 50, 140000, (1.0, 0.86, 0.66)),
        Light((-90, 40, -60), 50, 70000, (0.75, 0.87, 1.0)),
    ],
    ambient=((0.66, 0.66, 0.68), 0.3),
    backdrop=Backdrop(
        top=(0.36, 0.27, 0.20), bottom=(0.15, 0.11, 0.09), glow=(1.0, 0.78, 0.46), dark=(0.13, 0.09, 0.07), discs=10
    ),
    scalp_front=11.6,
    spectacles=(0.20, 0.13, 0.08),
)

CHARACTERS = {c.name: c for c in (MIRA, GUARD, ILSE, TOMAS)}
