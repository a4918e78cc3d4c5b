"""Fuses the held-out pairs and measures them."""

import jittor as jt
import numpy as np

from film_core.data import PreparedPair
from film_core.metrics import measure

NAMES = ("VIFF", "Qabf", "SSIM", "SD", "SF")


def fuse_pair(film, pair: PreparedPair) -> np.ndarray:
    """Return the fused luminance (H, W) float32 in [0, 1] of a prepared pair."""
    with jt.no_grad():
        fused = film(jt.array(pair.image_a[None]), jt.array(pair.image_b[None]),
                     jt.array(pair.text))  # fmt: skip
        return fused.numpy()[0, 0]


def validate(film, pairs: list[PreparedPair]) -> dict[str, float]:
    """Return the mean of `NAMES` over `pairs`, raw form, of 8-bit fused images."""
    rows = []
    for pair in pairs:
        fused = np.rint(255 * np.clip(fuse_pair(film, pair), 0, 1))
        a, b = 255 * pair.image_a[0], 255 * pair.image_b[0]
        rows.append(measure(fused, a, b, names=NAMES))
    return {name: float(np.nanmean([row[name] for row in rows])) for name in NAMES}
