"""SF: how much neighbouring pixels of the fused image differ."""

import numpy as np

from film_core.metrics.metric import Metric
from film_core.metrics.moments import sum_of_squares


def spatial_frequency(fused: np.ndarray, image_a: np.ndarray, image_b: np.ndarray) -> float:
    """Return sqrt(mean square of horizontal + of vertical differences) of `fused` (H, W)."""
    across = sum_of_squares(fused[:, 1:], fused[:, :-1]) / fused[:, 1:].size
    down = sum_of_squares(fused[1:], fused[:-1]) / fused[1:].size
    return float(np.sqrt(across + down))


METRIC = Metric(
    name="SF",
    long_name="Spatial frequency",
    higher_is_better=True,
    low=0.0,
    high=255 * 2**0.5,
    range_text="0 to 360.6",
    unit="grey levels",
    digits=2,
    source="Eskicioglu and Fisher, IEEE Transactions on Communications 1995",
    sentence="How much neighbouring pixels of the fused image differ: fine detail, of whatever"
    " origin.",
    rewards_wrongly="Noise, halos and artificial edges; a checkerboard has the highest value.",
    compute=spatial_frequency,
)
