"""SSIM: whether each neighbourhood of the fused image looks like the sources' neighbourhood.

Wang et al., "Image quality assessment: from error visibility to structural similarity", TIP 2004,
with scikit-image's defaults: 7x7 uniform window, sample covariance, data range 255.
"""

from collections.abc import Iterator

import numpy as np

from film_core.metrics.metric import LocalMap, Metric
from film_core.metrics.separable import uniform_window
from film_core.metrics.strips import strips

SIDE = 7
BORDER = SIDE // 2
SAMPLE = SIDE**2 / (SIDE**2 - 1)  # population to sample covariance
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def structural_similarity(fused: np.ndarray, image_a: np.ndarray, image_b: np.ndarray) -> float:
    """Return SSIM(F, A) + SSIM(F, B) of three (H, W) images in 0..255, sides of at least 7."""
    total, count = 0.0, 0
    for _, similarity in _similarities(fused, image_a, image_b):
        total += float(similarity.sum())
        count += similarity.size
    return total / count


def lost_structure(fused: np.ndarray, image_a: np.ndarray, image_b: np.ndarray) -> np.ndarray:
    """Return the (H, W) float32 map of 1 - SSIM / 2, from 0 (both alike) to 2 (both inverted).

    Its mean without the 3-pixel border is 1 - SSIM / 2; the border repeats its nearest value.
    """
    height, width = fused.shape
    inside = np.empty((height - 2 * BORDER, width - 2 * BORDER), np.float32)
    for rows, similarity in _similarities(fused, image_a, image_b):
        inside[rows] = 1 - similarity / 2
    return np.pad(inside, BORDER, mode="edge")


def _similarities(
    fused: np.ndarray, image_a: np.ndarray, image_b: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield for each strip its rows inside the border and SSIM(F, A) + SSIM(F, B) of each pixel."""
    height, width = fused.shape
    window = uniform_window(SIDE)
    for rows, taken in strips(window.count(height), width, SIDE - 1):
        f = fused[taken].astype(np.float64)
        sources = [image[taken].astype(np.float64) for image in (image_a, image_b)]
        fields = np.stack([f, f * f] + [field for s in sources for field in (s, s * s, s * f)])
        means = window.valid(fields)  # (8, rows, W - 6)
        f_mean, f_square = means[:2]
        f_variance = (f_square - f_mean * f_mean) * SAMPLE
        similarity = np.zeros_like(f_mean)
        for index in range(2):
            mean, square, product = means[2 + 3 * index : 5 + 3 * index]
            variance = (square - mean * mean) * SAMPLE
            covariance = (product - mean * f_mean) * SAMPLE
            numerator = (2 * mean * f_mean + C1) * (2 * covariance + C2)
            denominator = (mean * mean + f_mean * f_mean + C1) * (variance + f_variance + C2)
            similarity += numerator / denominator
        yield rows, similarity


METRIC = Metric(
    name="SSIM",
    long_name="Structural similarity",
    higher_is_better=True,
    low=-2.0,
    high=2.0,
    range_text="-2 to 2",
    unit="",
    digits=3,
    source="Wang et al., IEEE TIP 2004",
    sentence="Whether each 7x7 neighbourhood has the brightness, contrast and pattern of the"
    " sources' there; 2 when it equals both.",
    rewards_wrongly="Smooth, low-contrast pictures and the plain mean; flat regions count as much"
    " as objects.",
    compute=structural_similarity,
    min_side=SIDE,
    local_map=LocalMap(
        compute=lost_structure,
        sentence="Bright: the neighbourhood looks unlike one source or both. The map's mean is"
        " 1 - SSIM / 2.",
    ),
)
