"""Whether a change of the picture is what an instruction said: direction and place."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, uniform_filter

from film_core.images.cells import spreading
from film_core.instructions import GRID, RegionPlanes, region_mask

_TEXTURE = {"sharper": 1, "smoother": -1, "denoise": -1, "deblur": 1}
_CONTRAST = {"more-contrast": 1, "less-contrast": -1}
_TONE = {"brighter": 1, "darker": -1}
LEAST_CELLS = 0.02  # a region has at least this share of the picture, and leaves as much


@dataclass(frozen=True)
class Shown:
    """A test pair and its neutral picture; (H, W) float32 in [0, 1] each."""

    a: np.ndarray
    b: np.ndarray
    neutral: np.ndarray
    planes: RegionPlanes

    def inside(self, region: str) -> np.ndarray:
        """Return which pixels belong to `region`, (H, W) bool."""
        mask = region_mask(region, self.planes)
        height, width = self.neutral.shape
        return spreading(height, GRID) @ mask @ spreading(width, GRID).T > 0.5


def can_be_seen(shown: Shown, operation: str, region: str) -> bool:
    """Whether an edit there has anything to act on: a black corner can't be darker or sharper."""
    inside = shown.inside(region)
    if inside.mean() < LEAST_CELLS or (region != "all" and inside.mean() > 1 - LEAST_CELLS):
        return False
    there = shown.neutral[inside]
    if operation in _TONE:
        return bool(0.08 < there.mean() < 0.9)
    if operation in _TEXTURE or operation in _CONTRAST:
        return bool(_texture(shown.neutral)[inside].mean() > 0.5 / 255)
    if operation.startswith("source"):
        source = shown.a if operation == "source-a" else shown.b
        return bool(np.abs(source - shown.neutral)[inside].mean() > 3 / 255)
    return _affected(shown, operation, inside).mean() > LEAST_CELLS


def does_what_it_says(fused: np.ndarray, shown: Shown, operation: str, region: str) -> bool:
    """Whether the edit goes in its direction and is at least twice as strong inside as outside."""
    inside = shown.inside(region)
    change = np.abs(fused - shown.neutral)
    if region != "all" and change[inside].mean() < 2 * change[~inside].mean():
        return False
    return _goes_right(fused, shown, operation, inside)


def _goes_right(fused: np.ndarray, shown: Shown, operation: str, inside: np.ndarray) -> bool:
    neutral = shown.neutral
    if operation in _TONE:
        return bool(_TONE[operation] * (fused - neutral)[inside].mean() > 1 / 255)
    if operation in _CONTRAST:
        ratio = _spread(fused)[inside].mean() / _spread(neutral)[inside].mean()
        return bool(ratio > 1.02 if _CONTRAST[operation] > 0 else ratio < 0.98)
    if operation in _TEXTURE:
        ratio = _texture(fused)[inside].mean() / _texture(neutral)[inside].mean()
        return bool(ratio > 1.02 if _TEXTURE[operation] > 0 else ratio < 0.98)
    if operation.startswith("source"):
        source = shown.a if operation == "source-a" else shown.b
        before, after = (np.abs(x - source)[inside].mean() for x in (neutral, fused))
        return bool(after < 0.9 * before)
    there = _affected(shown, operation, inside)
    sign = 1 if operation == "lift" else -1
    return bool(sign * (fused - neutral)[there].mean() > 1 / 255)


def _affected(shown: Shown, operation: str, inside: np.ndarray) -> np.ndarray:
    """The pixels that "lift" (dark ones) or "unsaturate" (clipped ones) speak of."""
    if operation == "lift":
        return inside & (shown.neutral < 0.35) & (shown.neutral > 0.03)
    clipped = np.maximum(np.maximum(shown.a, shown.b), shown.neutral) > 0.9
    return inside & clipped & (np.minimum(shown.a, shown.b) < 0.8)


def _texture(x: np.ndarray) -> np.ndarray:
    return np.abs(x - uniform_filter(x, 3, mode="nearest"))


def _spread(x: np.ndarray) -> np.ndarray:
    return np.abs(x - gaussian_filter(x, max(x.shape) / 24, mode="nearest"))
