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
    kept, present = np.zeros(2), np.zeros(2)  # log10 of information: in the fused, in the source
    for scale, side in enumerate(SIDES):
        if scale:
            halve = gaussian_window(side, side / 5, step=2)
            levels = [halve.valid(level) for level in levels]
        of_scale = _information(levels, gaussian_window(side, side / 5))
        kept += of_scale[0]
        present += of_scale[1]
    # A source without any structure has nothing to lose: 0/0 counts as 1.
    return float(sum(k / p if p > 0 else 1.0 for k, p in zip(kept, present, strict=True)))


def _information(
    levels: list[np.ndarray], window: SeparableWindow
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums over one scale, for A and B: information kept, information present."""
    height, width = levels[0].shape
    kept, present = np.zeros(2), np.zeros(2)
    for _, rows in strips(window.count(height), width, window.side - 1):
        fused, *sources = (level[rows].astype(np.float64, copy=False) for level in levels)
        fields = np.stack(
            [fused, fused * fused] + [field for s in sources for field in (s, s * s, s * fused)]
        )  # (8, rows, W)
        means = window.valid(fields)
        fused_mean = means[0]
        fused_variance = np.maximum(means[1] - fused_mean * fused_mean, 0)
        for index in range(2):
            source_mean, square, product = means[2 + 3 * index : 5 + 3 * index]
            source_variance = np.maximum(square - source_mean * source_mean, 0)
            covariance = product - source_mean * fused_mean
            # Flat in the source, flat in the fused, or inverted: nothing is kept there.
            source_variance *= source_variance >= EPSILON
            covariance *= (covariance > 0) & (fused_variance >= EPSILON)
            gain = covariance / (source_variance + EPSILON)
            rest = np.maximum(fused_variance - gain * covariance, EPSILON)
            kept[index] += np.log10(1 + gain * gain * source_variance / (rest + NOISE)).sum()
            present[index] += np.log10(1 + source_variance / NOISE).sum()
    return kept, present


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
