"""CC: how linearly the fused image follows the sources."""

import numpy as np

from film_core.metrics.metric import Metric
from film_core.metrics.moments import correlation


def correlation_coefficient(fused: np.ndarray, image_a: np.ndarray, image_b: np.ndarray) -> float:
    """Return the mean of the Pearson correlations of F with A and with B, (H, W) each."""
    return (correlation(fused, image_a) + correlation(fused, image_b)) / 2


METRIC = Metric(
    name="CC",
    long_name="Correlation coefficient",
    higher_is_better=True,
    low=-1.0,
    high=1.0,
    range_text="-1 to 1",
    unit="",
    digits=3,
    source="",
    sentence="How linearly the fused grey levels rise and fall with each source's, on average.",
    rewards_wrongly="The plain mean of the sources; lost contrast costs nothing.",
    undefined="undefined where the fused image or a source is flat",
    compute=correlation_coefficient,
)
