"""Fuses the held-out pairs and measures them."""

import jittor as jt
import numpy as np

from film_core.data import PreparedPair
from film_core.metrics import measure
from film_core.metrics.kept_brightness import kept_brightness

METRICS = ("VIFF", "Qabf", "SSIM", "SD", "SF")
KEPT = ("kept A", "kept B")
NAMES = (*METRICS, *KEPT)


def fuse_pair(film, pair: PreparedPair) -> np.ndarray:
    """Return the fused luminance (H, W) float32 in [0, 1] of a prepared pair."""
    with jt.no_grad():
        fused = film(jt.array(pair.image_a[None]), jt.array(pair.image_b[None]),
                     jt.array(pair.text))  # fmt: skip
        return fused.numpy()[0, 0]


def validate(film, pairs: list[PreparedPair]) -> dict[str, float]:
    """Return the mean of `NAMES` over `pairs`: metrics in raw form of 8-bit fused images, and how
    much is kept of each source's own light (see `kept_brightness`), over the pairs that have any.
    """
    rows = []
    for pair in pairs:
        fused = np.rint(255 * np.clip(fuse_pair(film, pair), 0, 1))
        a, b = pair.image_a[0], pair.image_b[0]
        row = measure(fused, 255 * a, 255 * b, names=METRICS)
        for name, source, other in zip(KEPT, (a, b), (b, a), strict=True):
            row[name] = kept_brightness(fused / 255, source, other).kept
        rows.append(row)
    return {name: _mean([row[name] for row in rows]) for name in NAMES}


def _mean(values: list[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
