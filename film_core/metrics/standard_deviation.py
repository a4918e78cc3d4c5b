"""SD: the spread of the fused image's grey levels."""

import numpy as np

from film_core.metrics.metric import Metric
from film_core.metrics.moments import sum_of_squares


def standard_deviation(fused: np.ndarray, image_a: np.ndarray, image_b: np.ndarray) -> float:
    """Return the population standard deviation of `fused` (H, W) in grey levels."""
    mean = fused.mean(dtype=np.float64)
    return float(np.sqrt(sum_of_squares(fused, mean) / fused.size))


METRIC = Metric(
    name="SD",
    long_name="Standard deviation",
    higher_is_better=True,
    low=0.0,
    high=127.5,
    range_text="0 to 127.5",
    unit="grey levels",
    digits=2,
    source="Rao, Measurement Science and Technology 1997",
    sentence="How far grey levels lie from their mean: the contrast of the fused image as a whole.",
    rewards_wrongly="Noise, clipping to black and white, and stretched contrast of any origin.",
    compute=standard_deviation,
    min_side=1,
)
