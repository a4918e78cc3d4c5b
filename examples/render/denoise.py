"""Remove the sampling noise of few light paths, guided by what is exact: colour, normal, depth.

The edge-avoiding a-trous wavelet of Dammertz et al. (2010) on light divided by surface colour, so
that texture passes through untouched.
"""

import numpy as np
from scipy import ndimage

KERNEL = np.array([1, 4, 6, 4, 1], np.float32) / 16
FLOOR = np.float32(0.02)


def denoise(light: np.ndarray, guides: dict[str, np.ndarray], levels: int = 4) -> np.ndarray:
    """Return `light` without grain, float32 (H, W, 3).

    Args:
        light: linear RGB (H, W, 3).
        guides: "albedo" and "normal" (H, W, 3), "depth" and "solid" (H, W) from `Camera.guides`;
            where nothing solid is seen the light is left alone.
        levels: each doubles the reach; 4 look 16 pixels around.
    """
    texture = guides["albedo"] + FLOOR
    smooth = _without_sparks(light / texture)
    normal, depth = guides["normal"], guides["depth"]
    for level in range(levels):
        step = 2**level
        reach = 2 * step
        grey = np.log(smooth.mean(axis=2) + 0.01)
        padded = {
            name: np.pad(field, [(reach, reach)] * 2 + [(0, 0)] * (field.ndim - 2), mode="edge")
            for name, field in {
                "smooth": smooth,
                "normal": normal,
                "depth": depth,
                "grey": grey,
            }.items()
        }
        total, weights = np.zeros_like(smooth), np.zeros_like(depth)
        for row in range(5):
            for column in range(5):
                window = (
                    slice(row * step, row * step + depth.shape[0]),
                    slice(column * step, column * step + depth.shape[1]),
                )
                turn = ((padded["normal"][window] - normal) ** 2).sum(axis=2)
                away = np.abs(padded["depth"][window] - depth) / (depth * 0.03 * step + 1e-3)
                tone = (padded["grey"][window] - grey) * (1.3 * 1.6**level)
                weight = np.exp(-turn * 24 - np.minimum(away, 20) - np.minimum(tone**2, 20))
                weight = weight * (KERNEL[row] * KERNEL[column])
                total += padded["smooth"][window] * weight[..., None]
                weights += weight
        smooth = total / weights[..., None]
    solid = guides["solid"][..., None]
    return (smooth * texture * solid + light * (1 - solid)).astype(np.float32)


def _without_sparks(light: np.ndarray) -> np.ndarray:
    """Replace single pixels far brighter than those around: rare paths to a bright source."""
    median = ndimage.median_filter(light, size=(5, 5, 1))
    spark = light.mean(axis=2) > 1.8 * median.mean(axis=2) + 1e-3
    return np.where(spark[..., None], median, light)
