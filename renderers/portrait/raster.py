"""Draw triangles into arrays: vertex attributes interpolated at every sample, the nearest surface kept.

Coordinates are pixels with centres at whole numbers, x to the right, y down, z towards the viewer. The
picture is drawn without perspective, so attributes are linear across a triangle.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderers.portrait.compiled import compiled

__all__ = ["EMPTY_DEPTH", "blend", "rasterize", "rasterize_into"]

#: Depth of samples that no triangle covers.
EMPTY_DEPTH = np.float32(-1e30)

#: Triangles flatter than this (twice the area in square pixels) are skipped.
_MIN_AREA = 1e-9


@compiled
def rasterize_into(
    points: npt.NDArray[np.float32],
    triangles: npt.NDArray[np.int32],
    attributes: npt.NDArray[np.float32],
    left: float,
    top: float,
    scale: float,
    depth: npt.NDArray[np.float32],
    out: npt.NDArray[np.float32],
) -> None:
    """Draw into existing buffers.

    Parameters
    ----------
    points : (V, 3) float32
        Vertices: x, y, z in pixels.
    triangles : (T, 3) int32
        Either winding is drawn.
    attributes : (V, K) float32
        What is interpolated.
    left, top : float
        Pixel coordinates of sample [0, 0].
    scale : float
        Samples a pixel along each axis.
    depth : (H, W) float32
        Updated where a nearer surface is drawn; start it with :data:`EMPTY_DEPTH`.
    out : (H, W, K) float32
        Updated at the same samples.
    """
    height, width = depth.shape
    channels = attributes.shape[1]
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay = (points[a, 0] - left) * scale, (points[a, 1] - top) * scale
        bx, by = (points[b, 0] - left) * scale, (points[b, 1] - top) * scale
        cx, cy = (points[c, 0] - left) * scale, (points[c, 1] - top) * scale
        x_low = max(0, int(np.ceil(min(ax, bx, cx))))
        x_high = min(width - 1, int(np.floor(max(ax, bx, cx))))
        y_low = max(0, int(np.ceil(min(ay, by, cy))))
        y_high = min(height - 1, int(np.floor(max(ay, by, cy))))
        if x_low > x_high or y_low > y_high:
            continue
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-9:
            continue
        inverse = 1.0 / area
        # Barycentric weights of b and c are linear in x and y.
        wb_x, wb_y = (cy - ay) * inverse, -(cx - ax) * inverse
        wc_x, wc_y = -(by - ay) * inverse, (bx - ax) * inverse
        z_a, z_b, z_c = points[a, 2], points[b, 2], points[c, 2]
        wa_x = -wb_x - wc_x
        for y in range(y_low, y_high + 1):
            wb_0, wc_0 = wb_y * (y - ay) - wb_x * ax, wc_y * (y - ay) - wc_x * ax
            # Where each weight passes zero bounds the row, to a sample; the test below is exact.
            first, last = _row(1.0 - wb_0 - wc_0, wa_x, x_low, x_high)
            first, last = _row(wb_0, wb_x, first, last)
            first, last = _row(wc_0, wc_x, first, last)
            for x in range(first, last + 1):
                wb, wc = wb_0 + wb_x * x, wc_0 + wc_x * x
                wa = 1.0 - wb - wc
                if wa >= -1e-6 and wb >= -1e-6 and wc >= -1e-6:
                    z = wa * z_a + wb * z_b + wc * z_c
                    if z > depth[y, x]:
                        depth[y, x] = z
                        for k in range(channels):
                            out[y, x, k] = wa * attributes[a, k] + wb * attributes[b, k] + wc * attributes[c, k]


@compiled
def _row(at_zero: float, slope: float, first: int, last: int) -> tuple[int, int]:
    """Return the samples of a row, to one too many on either side, where a weight is not negative."""
    if slope > 1e-6:
        return max(first, int(np.floor(-at_zero / slope))), last
    if slope < -1e-6:
        return first, min(last, int(np.ceil(-at_zero / slope)))
    return first, last


@compiled
def blend(
    rest: npt.NDArray[np.float32], deltas: npt.NDArray[np.float32], weights: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return ``rest + Σ weights · deltas`` of (V, 3) vertices and (S, V, 3) shapes; idle shapes cost nothing."""
    out = rest.copy()
    for s in range(len(weights)):
        weight = weights[s]
        if weight == 0.0:
            continue
        for v in range(len(out)):
            for k in range(3):
                out[v, k] += weight * deltas[s, v, k]
    return out


def rasterize(
    points: npt.NDArray[np.float32],
    triangles: npt.NDArray[np.int32],
    attributes: npt.NDArray[np.float32],
    size: tuple[int, int],
    *,
    origin: tuple[float, float] = (0.0, 0.0),
    scale: float = 1.0,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Draw into new buffers of (width, height) samples.

    Returns
    -------
    out : (H, W, K) float32
        Attributes, zero where nothing was drawn.
    depth : (H, W) float32
        Depth, :data:`EMPTY_DEPTH` where nothing was drawn.
    """
    width, height = size
    depth = np.full((height, width), EMPTY_DEPTH, np.float32)
    out = np.zeros((height, width, attributes.shape[1]), np.float32)
    rasterize_into(
        np.ascontiguousarray(points, np.float32),
        np.ascontiguousarray(triangles, np.int32),
        np.ascontiguousarray(attributes, np.float32),
        float(origin[0]),
        float(origin[1]),
        float(scale),
        depth,
        out,
    )
    return out, depth
