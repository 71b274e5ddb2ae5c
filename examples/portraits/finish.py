"""After the render: a soft background, light wrap, bloom, grading and a touch of brush work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from head import Floats
from scipy.ndimage import gaussian_filter, zoom

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Backdrop:
    """Out-of-focus surroundings; colours sRGB 0-1."""

    top: Colour
    bottom: Colour
    glow: Colour
    dark: Colour
    glow_at: tuple[float, float] = (0.72, 0.3)
    discs: int = 40
    trunks: int = 5


def paint_backdrop(size: int, look: Backdrop, seed: int) -> Floats:
    """Blurred depth: gradient, soft masses, upright shapes and discs of light; (size, size, 3)."""
    rng = np.random.default_rng(seed)
    axis = (np.arange(size) + 0.5) / size
    x, y = np.meshgrid(axis, axis)
    blend = np.clip(y * 1.1, 0, 1)[..., None]
    picture = np.array(look.top) * (1 - blend) + np.array(look.bottom) * blend
    for cells, weight in ((4, 0.30), (7, 0.22), (13, 0.10)):
        mass = zoom(rng.standard_normal((cells + 3, cells + 3)), (size + 8) / (cells + 3), order=3)[:size, :size]
        mass = gaussian_filter(mass, size / cells / 6)
        picture = picture * (1 + weight * np.clip(mass, -2, 2)[..., None] * 0.6)
    for _ in range(look.trunks):
        middle, width = rng.uniform(0, 1), rng.uniform(0.02, 0.07)
        lean = rng.normal(0, 0.06)
        trunk = np.exp(-(((x - middle - lean * (y - 0.5)) / width) ** 4))
        trunk = gaussian_filter(trunk, size * 0.018)[..., None] * rng.uniform(0.25, 0.6)
        picture = picture * (1 - trunk) + np.array(look.dark) * trunk
    distance = np.hypot(x - look.glow_at[0], y - look.glow_at[1])
    glow = (np.exp(-((distance / 0.33) ** 2)) * 0.55)[..., None]
    picture = picture * (1 - glow) + np.array(look.glow) * glow
    for _ in range(look.discs):
        cx, cy = rng.uniform(0, 1), rng.beta(1.6, 2.4)
        radius = rng.uniform(0.012, 0.045)
        d = np.hypot(x - cx, y - cy) / radius
        disc = np.clip((1.06 - d) * 12, 0, 1) * (0.75 + 0.25 * np.clip(d, 0, 1) ** 3)
        weight = rng.uniform(0.03, 0.16) * np.exp(-(np.hypot(cx - look.glow_at[0], cy - look.glow_at[1]) ** 2) / 0.16)
        picture = picture + (np.array(look.glow) - 0.35 * picture) * (disc * weight)[..., None]
    picture = gaussian_filter(picture, (size * 0.004, size * 0.004, 0))
    return np.asarray(np.clip(picture, 0, 1))


def compose(render: Floats, backdrop: Floats, wrap: float = 0.35) -> Floats:
    """Lay the straight-alpha RGBA render over the backdrop and let its light spill over the outline."""
    alpha = render[..., 3:]
    size = len(render)
    spill = gaussian_filter(backdrop * (1 - alpha), (size * 0.012, size * 0.012, 0))
    front = 1 - (1 - render[..., :3]) * (1 - wrap * spill)
    return np.asarray(front * alpha + backdrop * (1 - alpha))


def grade(
    picture: Floats, warmth: float, contrast: float, vignette: float, bloom: float, saturation: float = 1.0
) -> Floats:
    """Bloom, contrast curve, split toning (cool shadows, warm lights), vignette."""
    size = len(picture)
    bright = np.clip(picture - 0.72, 0, 1)
    picture = picture + bloom * gaussian_filter(bright, (size * 0.02, size * 0.02, 0)) * 3
    picture = np.clip(picture, 0, 1)
    curve = picture * picture * (3 - 2 * picture)
    picture = picture * (1 - contrast) + curve * contrast
    luma = picture @ np.array([0.2126, 0.7152, 0.0722])
    picture = luma[..., None] + saturation * (picture - luma[..., None])
    tone = (luma[..., None] - 0.45) * warmth
    picture = picture + tone * np.array([0.06, 0.01, -0.06])
    axis = np.linspace(-1, 1, size)
    fall = np.clip(np.hypot(*np.meshgrid(axis, axis * 0.9)) - 0.55, 0, None) ** 2
    return np.asarray(np.clip(picture * (1 - vignette * fall[..., None]), 0, 1))


def brush_work(picture: Floats, radius: int, weight: float) -> Floats:
    """Kuwahara's filter (Kuwahara et al. 1976): each pixel takes the mean of its calmest neighbour patch."""
    from scipy.ndimage import shift, uniform_filter

    if weight == 0:
        return picture
    span = radius + 1
    luma = picture.mean(-1)
    mean = uniform_filter(picture, (span, span, 1))
    spread = uniform_filter(luma**2, span) - uniform_filter(luma, span) ** 2
    best, out = np.full(luma.shape, np.inf), picture.copy()
    for dy in (-radius / 2, radius / 2):
        for dx in (-radius / 2, radius / 2):
            v = shift(spread, (dy, dx), order=1, mode="nearest")
            m = shift(mean, (dy, dx, 0), order=1, mode="nearest")
            better = v < best
            best = np.where(better, v, best)
            out[better] = m[better]
    return np.asarray(picture * (1 - weight) + out * weight)


def sharpen(picture: Floats, radius: float, amount: float) -> Floats:
    """Unsharp mask."""
    soft = gaussian_filter(picture, (radius, radius, 0))
    return np.asarray(np.clip(picture + amount * (picture - soft), 0, 1))
