"""AG: the mean steepness of the fused image."""

import numpy as np

from film_core.metrics.metric import Metric
from film_core.metrics.strips import strips


def average_gradient(fused: np.ndarray, image_a: np.ndarray, image_b: np.ndarray) -> float:
    """Return the mean of sqrt((gx^2 + gy^2) / 2) of `fused` (H, W).

    gx and gy are halved central differences inside and one-sided differences at the borders.
    """
    height, width = fused.shape
    total = 0.0
    for rows, _ in strips(height, width):
        above, below = max(rows.start - 1, 0), min(rows.stop + 1, height)
        down, across = np.gradient(fused[above:below])
        own = slice(rows.start - above, rows.stop - above)
        total += np.sqrt((down[own] ** 2 + across[own] ** 2) / 2).sum(dtype=np.float64)
    return float(total / fused.size)


METRIC = Metric(
    name="AG",
    long_name="Average gradient",
    higher_is_better=True,
    low=0.0,
    high=255.0,
    range_text="0 to 255",
    unit="grey levels",
    digits=2,
    source="Cui et al., Optics Communications 2015",
    sentence="How steep the fused image is on average: how sharp it looks, wherever that comes"
    " from.",
    rewards_wrongly="Noise, halos and over-sharpening.",
    compute=average_gradient,
)
