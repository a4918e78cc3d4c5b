"""SCD: whether what the fused image has beyond one source is what the other source has."""

import numpy as np

from film_core.metrics.metric import Metric
from film_core.metrics.moments import correlation


def sum_of_difference_correlations(
    fused: np.ndarray, image_a: np.ndarray, image_b: np.ndarray
) -> float:
    """Return corr(A, F - B) + corr(B, F - A) of three (H, W) images."""
    return correlation(image_a, fused, image_b) + correlation(image_b, fused, image_a)


METRIC = Metric(
    name="SCD",
    long_name="Sum of the correlations of differences",
    higher_is_better=True,
    low=-2.0,
    high=2.0,
    range_text="-2 to 2",
    unit="",
    digits=3,
    source="Aslantas and Bendes, AEU International Journal of Electronics 2015",
    sentence="Whether what the fused image has beyond one source is what the other source shows.",
    rewards_wrongly="The bare sum of the sources, however overexposed it comes out.",
    undefined="undefined where a source is flat or equals the fused image up to a constant",
    compute=sum_of_difference_correlations,
)
