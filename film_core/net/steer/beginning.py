"""Where the full-resolution part begins to learn: filters and blends that are nearly right.

Differences from Gaussians (Burt and Adelson, 1983) sharpen and smooth, and taking over a source is
its difference from the neutral picture. Training changes all of them; it only needn't find them.
"""

import numpy as np

_SIDE = 7


def beginning_filters(count: int) -> np.ndarray:
    """Return (count, 3, 7, 7) float32 over A, B and neutral: fine detail, the picture, blur.

    The first eight are set, any others are zero.
    """
    filters = np.zeros((max(count, 8), 3, _SIDE, _SIDE), np.float32)
    itself = np.zeros((_SIDE, _SIDE))
    itself[_SIDE // 2, _SIDE // 2] = 1
    for channel, (plane, deviation) in enumerate(
        ((2, 1.5), (2, 2.5), (2, 1.2), (0, 1.5), (1, 1.5))
    ):
        filters[channel, plane] = itself - _gaussian(deviation)
    filters[5, 2] = itself
    filters[6, 0] = filters[7, 1] = _gaussian(2.0)
    return filters[:count]


def beginning_blend(planes: int, edits: int) -> np.ndarray:
    """Return (planes, edits) float32: how much of A - neutral, B - neutral, mean - neutral, the
    filtered planes and 1 each kind of edit adds (`film_core.instructions.CHANNELS`)."""
    blend = np.zeros((planes, edits), np.float32)
    blend[0, 0] = blend[1, 1] = 1  # trust
    blend[2, 3] = -1  # contrast: away from the mean
    blend[4, 4], blend[6, 5], blend[6, 7] = 1.3, -0.8, 1.0  # detail, grain, focus
    blend[9, 2], blend[-1, 2] = 0.25, 0.07  # tone
    blend[9, 6], blend[-1, 6] = -0.08, 0.1  # shadows
    return blend


def _gaussian(deviation: float) -> np.ndarray:
    places = np.arange(_SIDE) - _SIDE // 2
    taps = np.exp(-(places**2) / (2 * deviation**2))
    return np.outer(taps, taps) / taps.sum() ** 2
