"""How much a fused picture keeps of what shines in one source only: a lamp, a hot spot.

None of the twelve metrics is for that, and they hardly see it: a picture that copies the infrared
source of a street at night has high Qabf and VIFF, and its lamps are gone.
"""

from dataclasses import dataclass

import numpy as np

MUCH_BRIGHTER = 64 / 255
"""By how much a source must be brighter than the other for a pixel to count."""


@dataclass(frozen=True)
class KeptBrightness:
    """What became of the pixels where one source is much brighter than the other.

    Attributes:
        share: their part of the picture, 0 to 1.
        kept: mean of fused - other, divided by the mean of source - other, over these pixels: 1
            where the source's brightness was taken, 0 where the other's was. NaN without pixels.
    """

    share: float
    kept: float


def kept_brightness(fused: np.ndarray, source: np.ndarray, other: np.ndarray) -> KeptBrightness:
    """Measure it for `source`; all three are (H, W) luminance in [0, 1].

    Raises:
        ValueError: the shapes differ.
    """
    if not fused.shape == source.shape == other.shape:
        raise ValueError(f"shapes differ: {fused.shape}, {source.shape}, {other.shape}")
    brighter = source - other >= MUCH_BRIGHTER
    share = float(brighter.mean())
    if not share:
        return KeptBrightness(0.0, float("nan"))
    there = other[brighter].mean(dtype=np.float64)
    gained = fused[brighter].mean(dtype=np.float64) - there
    return KeptBrightness(share, float(gained / (source[brighter].mean(dtype=np.float64) - there)))
