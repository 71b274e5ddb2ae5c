"""The mesh renderer's picture by PyTorch3D, for CUDA.

Visibility is PyTorch3D's, the light is that of :mod:`renderers.mesh_shade`. PyTorch3D has no package on PyPI for
most platforms; build it as its INSTALL.md says. It is imported when it is used.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from checkpoints.errors import MissingDependency
from renderers.mesh_raster import SAMPLES
from renderers.mesh_shade import SKIN_FROM, SKIN_POWER, SKIN_SHINE, WET_FROM, WET_POWER, WET_SHINE

if TYPE_CHECKING:
    import torch

__all__ = ["Pytorch3dPainter", "is_usable", "paint", "visible"]

FloatArray = npt.NDArray[np.float32]


def is_usable() -> bool:
    """Tell whether PyTorch3D is installed and a CUDA device is there."""
    if importlib.util.find_spec("pytorch3d") is None:
        return False
    import torch

    return bool(torch.cuda.is_available())


class Pytorch3dPainter:
    """Draws one head, frame by frame.

    Parameters
    ----------
    triangles : (F, 3) int32
    uvs : (V, 2) float32
        Origin at the top left.
    gloss : (V, 2) float32
        How wet a vertex is, and how open to the light.
    texture : (h, w, 3) float32
        Linear light.
    lights : (L, 15) float32
        As for :func:`renderers.mesh_shade.shade_band`.
    unlit : bool
        Whether the texture is shown as it is.
    device : str, optional
        ``cuda`` where there is one, else ``cpu``.

    Raises
    ------
    MissingDependency
        If PyTorch3D is not installed.
    """

    def __init__(
        self,
        triangles: npt.NDArray[np.int32],
        uvs: FloatArray,
        gloss: FloatArray,
        texture: FloatArray,
        lights: FloatArray,
        *,
        unlit: bool,
        device: str | None = None,
    ) -> None:
        try:
            import pytorch3d
        except ImportError as error:
            raise MissingDependency(
                f"the backend pytorch3d needs PyTorch3D ({error}): build it as its INSTALL.md says, or choose numba"
            ) from error
        import torch

        del pytorch3d
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._triangles = torch.as_tensor(triangles.astype(np.int64), device=self._device)
        self._fixed = tuple(torch.as_tensor(np.array(a), device=self._device) for a in (uvs, gloss, texture, lights))
        self._unlit = unlit

    def draw(self, screen: FloatArray, normals: FloatArray, ground: FloatArray) -> npt.NDArray[np.uint8]:
        """Return (H, W, 3) uint8 sRGB.

        Parameters
        ----------
        screen : (V, 3) float32
            x and y in samples (two to a pixel, y down), and 1 / distance.
        normals : (V, 3) float32
        ground : (H, W, 3) float32
            Linear light behind the head.
        """
        import torch

        height, width = ground.shape[:2]
        points = torch.as_tensor(screen, device=self._device)
        seen, shares = visible(points, self._triangles, (width, height))
        attributes = (torch.as_tensor(normals, device=self._device), *self._fixed)
        behind = torch.as_tensor(ground, device=self._device)
        image = paint(seen, shares, self._triangles, attributes, behind, unlit=self._unlit)
        drawn: npt.NDArray[np.uint8] = image.cpu().numpy()
        return drawn


def visible(screen: torch.Tensor, triangles: torch.Tensor, size: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the nearest triangle of each sample (-1: none) and its corners' shares, correct under perspective.

    PyTorch3D's screen has +X to the left, +Y up, [-1, 1] along its shorter side, and distances for depth.

    Parameters
    ----------
    screen : (V, 3) float32
        x and y in samples, y down, and 1 / distance.
    triangles : (F, 3) int64
        Counter-clockwise as seen; others are not drawn.
    size : tuple of int
        Width and height, pixels.

    Returns
    -------
    (2H, 2W) int64, (2H, 2W, 3) float32
    """
    import torch
    from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
    from pytorch3d.structures import Meshes

    width, height = size[0] * SAMPLES, size[1] * SAMPLES
    unit = 2.0 / min(width, height)
    x = (0.5 * width - 0.5 - screen[:, 0]) * unit
    y = (0.5 * height - 0.5 - screen[:, 1]) * unit
    points = torch.stack([x, y, 1.0 / screen[:, 2]], dim=1)
    seen, _, shares, _ = rasterize_meshes(
        Meshes(verts=[points], faces=[triangles]),
        image_size=(height, width),
        blur_radius=0.0,
        faces_per_pixel=1,
        perspective_correct=True,
        cull_backfaces=True,
    )
    return seen[0, ..., 0], shares[0, ..., 0, :]


def paint(
    seen: torch.Tensor,
    shares: torch.Tensor,
    triangles: torch.Tensor,
    attributes: tuple[torch.Tensor, ...],
    ground: torch.Tensor,
    *,
    unlit: bool,
) -> torch.Tensor:
    """Return the (H, W, 3) uint8 picture of what :func:`visible` found.

    Parameters
    ----------
    seen : (2H, 2W) int64
        Triangle of each sample, or -1.
    shares : (2H, 2W, 3) float32
        Of its corners.
    triangles : (F, 3) int64
    attributes : tuple of tensors
        Normals (V, 3), uvs (V, 2), gloss (V, 2), texture (h, w, 3), lights (L, 15).
    ground : (H, W, 3) float32
        Linear light behind the head.
    unlit : bool
        Whether the texture is shown as it is.
    """
    import torch

    normals, uvs, gloss, texture, lights = attributes
    light = ground.repeat_interleave(SAMPLES, 0).repeat_interleave(SAMPLES, 1)
    drawn = seen >= 0
    corners = triangles[seen[drawn]]
    share = shares[drawn][..., None]

    def mixed(values: torch.Tensor) -> torch.Tensor:
        return (values[corners] * share).sum(dim=1)

    colour = _texel(texture, mixed(uvs))
    if not unlit:
        normal = torch.nn.functional.normalize(mixed(normals), dim=1, eps=1e-9)
        wet, is_open = mixed(gloss).split(1, dim=1)
        diffuse, shine = _lit(normal, wet, lights)
        colour = (colour * diffuse + shine) * is_open
    light[drawn] = colour
    height, width = ground.shape[:2]
    mean = light.reshape(height, SAMPLES, width, SAMPLES, 3).mean(dim=(1, 3)).clamp(0.0, 1.0)
    curve = torch.where(mean <= 0.0031308, 12.92 * mean, 1.055 * mean.clamp(min=1e-9) ** (1 / 2.4) - 0.055)
    return (255.0 * curve + 0.5).to(torch.uint8)


def _texel(texture: torch.Tensor, uvs: torch.Tensor) -> torch.Tensor:
    """Return the texture between its four nearest pixels at (N, 2) coordinates."""
    height, width = texture.shape[:2]
    x = (uvs[:, 0] * width - 0.5).clamp(0.0, width - 1.0)
    y = (uvs[:, 1] * height - 0.5).clamp(0.0, height - 1.0)
    x0, y0 = x.long(), y.long()
    x1, y1 = (x0 + 1).clamp(max=width - 1), (y0 + 1).clamp(max=height - 1)
    fx, fy = (x - x0)[:, None], (y - y0)[:, None]
    above = texture[y0, x0] * (1 - fx) + texture[y0, x1] * fx
    below = texture[y1, x0] * (1 - fx) + texture[y1, x1] * fx
    return above * (1 - fy) + below * fy


def _lit(normal: torch.Tensor, wet: torch.Tensor, lights: torch.Tensor) -> tuple[Any, Any]:
    """Return diffuse light (N, 3) and shine (N, 1) on unit normals."""
    import torch

    diffuse = lights[0, 6:9] * (0.5 + 0.5 * normal[:, 1:2])
    shine = torch.zeros_like(wet)
    for lamp in lights:
        facing = normal @ lamp[:3, None]
        wrap = lamp[9:12]
        diffuse = diffuse + lamp[3:6] * ((facing + wrap) / (1.0 + wrap)).clamp(min=0.0)
        half = normal @ lamp[12:15, None]
        skin = SKIN_SHINE * (1.0 - wet) * half.clamp(min=0.0) ** SKIN_POWER
        water = WET_SHINE * wet * half.clamp(min=0.0) ** WET_POWER
        shine = shine + lamp[4] * (skin * (half > SKIN_FROM) + water * (half > WET_FROM))
    return diffuse, shine
