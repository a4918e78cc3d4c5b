"""EN: the entropy of the fused image's grey levels."""

import numpy as np

from film_core.metrics.histogram import grey_histogram
from film_core.metrics.metric import Metric


def entropy(fused: np.ndarray, image_a: np.ndarray, image_b: np.ndarray) -> float:
    """Return the entropy in bit of the 256-bin histogram of `fused` (H, W), rounded."""
    counts = grey_histogram(fused)
    shares = counts[counts > 0] / fused.size
    return float(max(0.0, -(shares * np.log2(shares)).sum()))


METRIC = Metric(
    name="EN",
    long_name="Entropy",
    higher_is_better=True,
    low=0.0,
    high=8.0,
    range_text="0 to 8",
    unit="bit",
    digits=2,
    source="Roberts et al., Journal of Applied Remote Sensing 2008",
    sentence="How evenly the fused image uses the 256 grey levels; it never looks at the sources.",
    rewards_wrongly="Noise and stretched contrast of any origin.",
    compute=entropy,
    min_side=1,
)
