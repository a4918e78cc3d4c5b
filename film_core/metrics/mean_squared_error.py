"""MSE: how far the fused image's grey levels are from the sources'."""

import numpy as np

from film_core.metrics.metric import Metric
from film_core.metrics.moments import sum_of_squares


def mean_squared_error(fused: np.ndarray, image_a: np.ndarray, image_b: np.ndarray) -> float:
    """Return the mean of MSE(F, A) and MSE(F, B) of three (H, W) images, in grey levels^2."""
    both = sum_of_squares(fused, image_a) + sum_of_squares(fused, image_b)
    return both / (2 * fused.size)


METRIC = Metric(
    name="MSE",
    long_name="Mean squared error",
    higher_is_better=False,
    low=0.0,
    high=255.0**2,
    range_text="0 to 65025",
    unit="grey levels^2",
    digits=1,
    source="",
    sentence="How far the fused grey levels are from both sources', squared and averaged.",
    rewards_wrongly="The plain mean of the sources: washed out, yet nothing scores lower.",
    compute=mean_squared_error,
    min_side=1,
)
