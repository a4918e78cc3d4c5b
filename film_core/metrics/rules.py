"""Fusion without a network: the rules that any learnt fusion has to beat.

Each takes two (H, W) luminances in 0..255 and returns the fused one as 8-bit values held as
float32, so that it can be measured like any other.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LEVELS = 5  # with four the base still holds detail, and VIFF drops
TAPS = np.array([1, 4, 6, 4, 1], np.float32) / 16  # Burt and Adelson's generating kernel, a = 3/8


@dataclass(frozen=True)
class Rule:
    """A fusion rule without learning.

    Attributes:
        name: "mean", "maximum" or "pyramid".
        long_name: title for people.
        sentence: what it does, plainly.
        fuse: (image_a, image_b) -> fused, (H, W) float in 0..255 each.
    """

    name: str
    long_name: str
    sentence: str
    fuse: Callable[[np.ndarray, np.ndarray], np.ndarray]


def mean(image_a: np.ndarray, image_b: np.ndarray) -> np.ndarray:
    """Return the rounded mean of two (H, W) images in 0..255 as float32."""
    return np.rint((np.asarray(image_a, np.float32) + np.asarray(image_b, np.float32)) / 2)


def maximum(image_a: np.ndarray, image_b: np.ndarray) -> np.ndarray:
    """Return the brighter value at each pixel of two (H, W) images in 0..255 as float32."""
    return np.maximum(image_a, image_b).astype(np.float32)


def pyramid(image_a: np.ndarray, image_b: np.ndarray, levels: int = LEVELS) -> np.ndarray:
    """Return the Laplacian-pyramid fusion of two (H, W) images in 0..255 as float32.

    At each level of detail the coefficient of larger magnitude is taken (A's on ties), the coarse
    base is averaged, and the result is rounded and clipped to 0..255. Burt and Adelson, "The
    Laplacian pyramid as a compact image code", 1983, and "Merging images through pattern
    decomposition", SPIE 1985.

    Args:
        image_a, image_b: luminances of one size.
        levels: bands of detail; fewer where the image is too small to be halved that often.
    """
    base_a, base_b = (np.asarray(image, np.float32) for image in (image_a, image_b))
    details = []
    for _ in range(levels):
        if min(base_a.shape) < 2 * len(TAPS):
            break
        detail_a, base_a = _split(base_a)
        detail_b, base_b = _split(base_b)
        details.append(np.where(np.abs(detail_a) >= np.abs(detail_b), detail_a, detail_b))
    fused = (base_a + base_b) / 2
    for detail in reversed(details):
        fused = detail + _expand(fused, detail.shape)
    return np.rint(np.clip(fused, 0, 255))


def _split(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (detail, base): base is smoothed and halved, detail what expanding it doesn't give."""
    base = _smooth(_smooth(image, 0)[::2], 1)[:, ::2]
    return image - _expand(base, image.shape), base


def _expand(base: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return `base` at twice its size, cut to `shape`: zeros between, smoothed, doubled."""
    for axis, length in enumerate(shape):
        # Repeat the last line before spreading: an odd border then has a neighbour on its far side.
        padded = np.concatenate([base, base.take([-1], axis)], axis)
        spread = list(padded.shape)
        spread[axis] = 2 * padded.shape[axis]
        wide = np.zeros(spread, np.float32)
        wide[(slice(None),) * axis + (slice(None, None, 2),)] = padded
        smoothed = 2 * _smooth(wide, axis)
        base = smoothed[(slice(None),) * axis + (slice(0, length),)]
    return base


def _smooth(image: np.ndarray, axis: int) -> np.ndarray:
    """Return `image` smoothed by the five taps along `axis`; borders are mirrored."""
    width = [(0, 0), (0, 0)]
    width[axis] = (2, 2)
    padded = np.pad(image, width, mode="reflect")
    length = image.shape[axis]
    lines = (slice(None),) * axis
    return sum(tap * padded[(*lines, slice(i, i + length))] for i, tap in enumerate(TAPS))


RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("mean", "Mean", "Both sources averaged: washed out, hard to beat on MSE.", mean),
        Rule("maximum", "Maximum", "The brighter source at each pixel.", maximum),
        Rule(
            "pyramid",
            "Laplacian pyramid",
            "The stronger detail at each of five scales over the averaged base.",
            pyramid,
        ),
    )
}
