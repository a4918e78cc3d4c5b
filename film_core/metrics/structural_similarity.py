"""SSIM: whether each neighbourhood of the fused image looks like the sources' neighbourhood.

Wang et al., "Image quality assessment: from error visibility to structural similarity", TIP 2004,
with scikit-image's defaults: 7x7 uniform window, sample covariance, data range 255.
"""

from collections.abc import Iterator

import numpy as np

from film_core.metrics.metric import LocalMap, Metric
from film_core.metrics.strips import strips

SIDE = 7
BORDER = SIDE // 2
PIXELS = SIDE * SIDE
CENTRE = np.float32(128)
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def structural_similarity(fused: np.ndarray, image_a: np.ndarray, image_b: np.ndarray) -> float:
    """Return SSIM(F, A) + SSIM(F, B) of three (H, W) images in 0..255, sides of at least 7."""
    total, count = 0.0, 0
    for _, similarity in _similarities(fused, image_a, image_b):
        total += float(similarity.sum(dtype=np.float64))
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
    """Yield for each strip its rows inside the border and SSIM(F, A) + SSIM(F, B) of each pixel.

    Grey levels are centred on 128 first: sums of whole numbers are then exact in float32.
    """
    height, width = fused.shape
    for rows, taken in strips(height - 2 * BORDER, width, SIDE - 1):
        f, *sources = (image[taken] - CENTRE for image in (fused, image_a, image_b))
        fields = np.empty((7, *f.shape), np.float32)
        fields[0] = f
        for index, source in enumerate(sources):
            fields[1 + 3 * index] = source
            np.multiply(source, f, out=fields[2 + 3 * index])
            fields[3 + 3 * index] = source * source + f * f
        sums = _window_sums(fields)  # (7, rows, W - 6)
        f_sum = sums[0]
        f_mean = f_sum / PIXELS + CENTRE
        f_square = f_sum * f_sum
        similarity = np.zeros_like(f_mean)
        for index in range(2):
            total, product, squares = sums[1 + 3 * index : 4 + 3 * index]
            covariance = (product - total * f_sum / PIXELS) / (PIXELS - 1)
            variances = (squares - (total * total + f_square) / PIXELS) / (PIXELS - 1)
            mean = total / PIXELS + CENTRE
            numerator = (2 * mean * f_mean + C1) * (2 * covariance + C2)
            denominator = (mean * mean + f_mean * f_mean + C1) * (variances + C2)
            similarity += numerator / denominator
        yield rows, similarity


def _window_sums(fields: np.ndarray) -> np.ndarray:
    """Return the sums of every 7x7 window of `fields` (n, H, W): (n, H - 6, W - 6)."""
    n, height, width = fields.shape
    tall = _seven(fields.reshape(n, -1), (height - SIDE + 1) * width, width)
    return _seven(tall.reshape(n, -1, width), width - SIDE + 1, 1)


def _seven(values: np.ndarray, count: int, step: int) -> np.ndarray:
    """Return values[i] + values[i + step] + ... seven terms, for the first `count` i.

    Along the last axis. Four additions do it: pairs, pairs of pairs, then 4 + 2 + 1.
    """
    pairs = values[..., :-step] + values[..., step:]
    fours = pairs[..., : -2 * step] + pairs[..., 2 * step :]
    sevens = fours[..., :count] + pairs[..., 4 * step : 4 * step + count]
    sevens += values[..., 6 * step : 6 * step + count]
    return sevens


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
