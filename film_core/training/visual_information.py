"""Pixel-domain visual information fidelity with a slope everywhere (Sheikh and Bovik, 2006).

The metric itself is in `film_core.metrics`. Here the division that estimates the gain has a larger
floor, because rounding noise in flat regions would otherwise dominate the slope.
"""

import math

import jittor as jt

from film_core.training.filters import gaussian

NOISE = 2.0
WINDOWS = (17, 9, 5, 3)
VARIANCE_FLOOR = 0.05
"""Grey levels squared."""


def visual_information(reference: jt.Var, distorted: jt.Var) -> jt.Var:
    """Return about VIFp of (B, H, W) float32 images in [0, 1], mean over the batch.

    Sides of at least 41 pixels.
    """
    # Centred on mid-grey: squares stay small, so less is lost when variances are differences.
    r, d = 255.0 * reference - 127.5, 255.0 * distorted - 127.5
    kept, there = 0.0, 0.0
    for scale, side in enumerate(WINDOWS):
        if scale:
            smaller = gaussian(r.shape[1], r.shape[2], side, side / 5, valid=True, stride=2)
            r, d = smaller(r), smaller(d)
        window = gaussian(r.shape[1], r.shape[2], side, side / 5, valid=True)
        mean_r, mean_d = window(r), window(d)
        variance_r = jt.maximum(window(r * r) - mean_r * mean_r, 0.0).stop_grad()
        variance_d = jt.maximum(window(d * d) - mean_d * mean_d, 0.0)
        covariance = window(r * d) - mean_r * mean_d
        gain = jt.maximum(covariance, 0.0) / (variance_r + VARIANCE_FLOOR)
        rest = jt.maximum(variance_d - gain * covariance, 0.0)
        kept = kept + _log10(1 + gain * gain * variance_r / (rest + NOISE)).sum(dims=[1, 2])
        there = there + _log10(1 + variance_r / NOISE).sum(dims=[1, 2])
    return ((kept + 1e-6) / (there + 1e-6)).mean()


def _log10(x: jt.Var) -> jt.Var:
    return jt.log(x) / math.log(10)
