"""Damage to one source, so that a repair has a known answer: the fusion of the undamaged pair."""

import numpy as np
from scipy.ndimage import gaussian_filter

DAMAGES = ("noise", "under", "blur", "over")
REPAIRS = {"noise": "denoise", "under": "lift", "blur": "deblur", "over": "unsaturate"}
"""The operation of `film_core.instructions` that repairs each damage."""


def damage_pair(
    a: np.ndarray, b: np.ndarray, kind: str, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the pair with one source damaged.

    Args:
        a, b: (H, W) float32 in [0, 1].
        kind: ``noise`` (normal, deviation 0.05 to 0.1), ``under`` (light times 0.2 to 0.45),
            ``blur`` (deviation 1.5 to 3 pixels) or ``over`` (light times 1.8 to 3, clipped).
        draw: decides the source and the amount.
    """
    pair = [a, b]
    side = int(draw.integers(2))
    pair[side] = _damaged(pair[side], kind, draw)
    return pair[0], pair[1]


def _damaged(image: np.ndarray, kind: str, draw: np.random.Generator) -> np.ndarray:
    if kind == "noise":
        image = image + draw.uniform(0.05, 0.1) * draw.standard_normal(image.shape)
    elif kind == "under":
        image = image * draw.uniform(0.2, 0.45)
    elif kind == "blur":
        image = gaussian_filter(image, draw.uniform(1.5, 3.0), mode="nearest")
    else:
        image = image * draw.uniform(1.8, 3.0)
    return np.clip(image, 0, 1).astype(np.float32)
