"""The illustrated style: strokes that follow the form, tones in steps, ink lines and paper.

After Kyprianidis & Kang 2011 ("Image and video abstraction by coherence-enhancing filtering": smoothing along the
structure tensor's flow) and Winnemöller et al. 2012 ("XDoG": thresholded difference of Gaussians), in plain numpy.
"""

from __future__ import annotations

import numpy as np
from head import Floats
from noise import smoothstep
from scipy.ndimage import gaussian_filter, map_coordinates, sobel, zoom

LUMA = np.array([0.2126, 0.7152, 0.0722])
Colour = tuple[float, float, float]


def flow_field(picture: Floats, scale: float) -> tuple[Floats, Floats]:
    """Unit tangent of the structure tensor, smoothed over `scale` pixels: components along x and y, (h, w) each."""
    xx = yy = xy = np.zeros(picture.shape[:2])
    for k in range(3):
        gx, gy = sobel(picture[..., k], 1), sobel(picture[..., k], 0)
        xx, yy, xy = xx + gx * gx, yy + gy * gy, xy + gx * gy
    xx, yy, xy = (gaussian_filter(t, scale) for t in (xx, yy, xy))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    return np.cos(angle), np.sin(angle)


def stroke(picture: Floats, flow: tuple[Floats, Floats], length: float) -> Floats:
    """Average each pixel along the flow, Gaussian of `length` pixels: the marks of a brush."""
    fx, fy = flow
    height, width = fx.shape
    y0, x0 = np.mgrid[0:height, 0:width].astype(float)
    total, weight = picture.copy(), 1.0
    for sign in (1.0, -1.0):
        x, y, dx, dy = x0.copy(), y0.copy(), sign * fx, sign * fy
        for step in range(1, int(2 * length) + 1):
            x, y = x + dx, y + dy
            vx, vy = (map_coordinates(f, [y, x], order=0, mode="nearest") for f in (fx, fy))
            turn = np.where(vx * dx + vy * dy < 0, -1.0, 1.0)
            dx, dy = vx * turn, vy * turn
            share = np.exp(-0.5 * (step / length) ** 2)
            layers = picture if picture.ndim == 3 else picture[..., None]
            sample = np.stack(
                [map_coordinates(layers[..., k], [y, x], order=1, mode="nearest") for k in range(layers.shape[2])], -1
            )
            total = total + share * sample.reshape(picture.shape)
            weight += share
    return np.asarray(total / weight)


def ink_lines(picture: Floats, flow: tuple[Floats, Floats], width: float, gain: float) -> Floats:
    """Amount of ink, 0-1: dark side of each edge, drawn out along the flow."""
    luma = picture @ LUMA
    difference = gaussian_filter(luma, width) - 0.985 * gaussian_filter(luma, 1.6 * width)
    difference = stroke(difference, flow, 4 * width)
    return np.asarray(1 - smoothstep(-0.55, 0.35, np.tanh(gain * (difference - 0.001))))


def steps(picture: Floats, levels: int, hardness: float, weight: float) -> Floats:
    """Gather brightness into soft-edged steps, keep the hue."""
    luma = np.clip(picture @ LUMA, 1e-4, 1)
    value = np.sqrt(luma) * levels
    base = np.floor(value) + 0.5
    stepped = (base + 0.5 * np.tanh(hardness * (value - base)) / np.tanh(0.5 * hardness)) / levels
    target = (1 - weight) * np.sqrt(luma) + weight * stepped
    return np.asarray(np.clip(picture * (target**2 / luma)[..., None], 0, 1))


def paper(size: int, seed: int) -> Floats:
    """Grain of rough paper around 1, (size, size)."""
    rng = np.random.default_rng(seed)
    fine = gaussian_filter(rng.standard_normal((size, size)), 1.0)
    coarse = zoom(rng.standard_normal((size // 24 + 2,) * 2), 24, order=3)[:size, :size]
    return np.asarray(1 + 0.008 * fine / fine.std() + 0.014 * gaussian_filter(coarse, 4))


def hatching(luma: Floats, seed: int) -> Floats:
    """Slanted pencil strokes, denser where it is dark, 0-1."""
    size = len(luma)
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    wobble = zoom(rng.standard_normal((12, 12)), (size + 12) / 12, order=3)[:size, :size]
    wave = np.sin(2 * np.pi * (95 * (x + 0.75 * y) + 0.35 * wobble))
    broken = zoom(rng.random((64, 64)), (size + 64) / 64, order=3)[:size, :size]
    return np.asarray(smoothstep(0.2, 0.9, wave) * smoothstep(0.36, 0.08, luma) * smoothstep(0.15, 0.5, broken))


def graphic_backdrop(size: int, ground: Colour, disc: Colour, line: Colour, seed: int) -> Floats:
    """A pale disc behind the head with rays and a ring of marks, on a washed ground."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    wash = zoom(rng.standard_normal((9, 9)), (size + 9) / 9, order=3)[:size, :size]
    picture = np.array(ground) * (1 + 0.07 * wash - 0.22 * y)[..., None]
    radius, angle = np.hypot(x - 0.5, y - 0.40), np.arctan2(y - 0.40, x - 0.5)
    soft = 1.2 / size
    inside = smoothstep(0.385 + soft, 0.385 - soft, radius)[..., None]
    glow = np.array(disc) * (1 + 0.02 * wash - 0.25 * (radius / 0.4) ** 2)[..., None]
    picture = picture * (1 - inside) + glow * inside
    ring = smoothstep(0.0035, 0.0012, np.abs(radius - 0.41)) + 0.8 * smoothstep(0.0025, 0.0008, np.abs(radius - 0.46))
    tick = (
        smoothstep(0.86, 0.97, np.cos(24 * angle)) * smoothstep(0.425, 0.428, radius) * smoothstep(0.448, 0.445, radius)
    )
    rays = smoothstep(0.93, 0.99, np.cos(36 * angle)) * smoothstep(0.475, 0.49, radius) * 0.5
    marks = np.clip(ring + tick + rays, 0, 1)[..., None] * (0.75 + 0.15 * wash)[..., None]
    return np.asarray(np.clip(picture * (1 - 0.7 * marks) + np.array(line) * 0.7 * marks, 0, 1))


def illustrate(front: Floats, alpha: Floats, backdrop: Floats, ink: Colour, seed: int) -> Floats:
    """Redraw a rendered figure (h, w, 3) with matte `alpha` (h, w) as an illustration over `backdrop`."""
    size = len(front)
    unit = size / 1024
    joined = front * alpha[..., None] + backdrop * (1 - alpha[..., None])
    flow = flow_field(gaussian_filter(joined, (unit, unit, 0)), 3.0 * unit)
    painted = stroke(joined, flow, 5 * unit)
    painted = stroke(painted, flow_field(painted, 4.0 * unit), 4 * unit)
    toned = steps(painted, 7, 5.0, 0.75)
    lines = ink_lines(gaussian_filter(joined, (0.7 * unit, 0.7 * unit, 0)), flow, 1.5 * unit, 45.0)
    shape = gaussian_filter(alpha, 2.5 * unit)
    outline = smoothstep(0.30, 0.48, shape) * smoothstep(0.90, 0.62, shape)
    amount = np.clip(0.85 * lines * smoothstep(0.02, 0.2, alpha) + 0.9 * outline, 0, 1)[..., None]
    drawn = toned * alpha[..., None] + backdrop * (1 - alpha[..., None])
    drawn = drawn * (1 - amount) + np.array(ink) * amount
    glint = np.clip((joined - painted) @ LUMA - 0.05, 0, 1) * (joined @ LUMA > 0.45) * alpha
    drawn = drawn + 1.2 * glint[..., None] * (1 - drawn)
    pencil = (hatching(painted @ LUMA, seed) * alpha * 0.22)[..., None]
    drawn = drawn * (1 - pencil) + np.array(ink) * pencil
    return np.asarray(np.clip(drawn * paper(size, seed)[..., None], 0, 1))
