"""VIFF: how much of each source's visual information can still be read from the fused image.

Pixel-domain visual information fidelity (VIFp): Sheikh and Bovik, "Image information and visual
quality", TIP 2006, summed over the two sources. The field calls that sum VIFF after Han et al.,
Information Fusion 2013, whose own measure is another one.
"""

import numpy as np

from film_core.metrics.metric import Metric
from film_core.metrics.separable import SeparableWindow, gaussian_window
from film_core.metrics.strips import strips

SIDES = (17, 9, 5, 3)  # window side of scale 1..4, standard deviation a fifth of it
NOISE = 2.0  # variance of the eye's own noise, grey levels^2
EPSILON = 1e-10
SMALLEST_SIDE = 41  # below it the 3 x 3 window no longer fits into the fourth scale


def visual_information_fidelity(
    fused: np.ndarray, image_a: np.ndarray, image_b: np.ndarray
) -> float:
    """Return VIFp(A, F) + VIFp(B, F) of three (H, W) images in 0..255, H and W at least 41."""
    levels = [fused, image_a, image_b]
    # Centred, a flat image is exactly zero, and no digits are lost to a large mean.
    centres = [image.mean(dtype=np.float64) for image in levels]
    kept, present = np.zeros(2), np.zeros(2)  # of A's and B's information
    for scale, side in enumerate(SIDES):
        if scale:
            halve = gaussian_window(side, side / 5, step=2)
            levels = [halve.valid(level) for level in levels]
        of_scale = _information(levels, centres, gaussian_window(side, side / 5))
        kept += of_scale[0]
        present += of_scale[1]
    # A source without any structure has nothing to lose: 0/0 counts as 1.
    return float(sum(k / p if p > 0 else 1.0 for k, p in zip(kept, present, strict=True)))


def _information(
    levels: list[np.ndarray], centres: list[float], window: SeparableWindow
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums over one scale, for A and B: information kept, information present.

    With gain g = s12 / s1 and rest v = s2 - g s12, what is kept, log(1 + g^2 s1 / (v + noise)), is
    log((s2 + noise) / (s2 - s12^2 / s1 + noise)): the same number for fewer operations. Any base
    of the logarithm does, as only ratios of these sums are used.
    """
    height, width = levels[0].shape
    kept, present = np.zeros(2), np.zeros(2)
    for _, rows in strips(window.count(height), width, window.side - 1):
        means = window.valid(_fields(levels, centres, rows))  # (8, rows, W')
        fused_mean, fused_variance = means[:2]
        fused_variance -= fused_mean * fused_mean
        fused_variance *= fused_variance >= EPSILON
        for index in range(2):
            source_mean, source_variance, covariance = means[2 + 3 * index : 5 + 3 * index]
            covariance -= source_mean * fused_mean
            source_variance -= source_mean * source_mean
            source_variance *= source_variance >= EPSILON
            # Flat in the source, flat in the fused, or inverted: nothing is kept there.
            covariance *= (covariance > 0) & (source_variance > 0) & (fused_variance > 0)
            explained = covariance * covariance
            explained /= source_variance + EPSILON
            total = fused_variance + NOISE
            kept[index] += np.log(total / (total - explained)).sum()
            present[index] += np.log(1 + source_variance / NOISE).sum()
    return kept, present


def _fields(levels: list[np.ndarray], centres: list[float], rows: slice) -> np.ndarray:
    """Return what is averaged, (8, rows, W): F, F^2, A, A^2, A F, B, B^2, B F, all centred."""
    fields = np.empty((8, *levels[0][rows].shape))
    for level, centre, first in zip(levels, centres, (0, 2, 5), strict=True):
        np.subtract(level[rows], centre, out=fields[first], dtype=np.float64)
        np.multiply(fields[first], fields[first], out=fields[first + 1])
        if first:
            np.multiply(fields[first], fields[0], out=fields[first + 2])
    return fields


METRIC = Metric(
    name="VIFF",
    long_name="Visual information fidelity for fusion",
    higher_is_better=True,
    low=0.0,
    high=None,
    range_text="0 to about 2",
    unit="",
    digits=3,
    source="Sheikh and Bovik, IEEE TIP 2006; Han et al., Information Fusion 2013, for the name",
    sentence="How much of what an eye could see in each source can still be seen in the fused"
    " image, at four scales.",
    rewards_wrongly="Raised contrast: an image whose contrast exceeds the sources' scores above"
    " faithful ones, clipped highlights included.",
    compute=visual_information_fidelity,
    min_side=SMALLEST_SIDE,
)
