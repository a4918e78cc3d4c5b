"""MI: what the fused image's grey levels tell about the sources' grey levels."""

import numpy as np

from film_core.metrics.histogram import joint_histogram
from film_core.metrics.metric import Metric


def mutual_information(fused: np.ndarray, image_a: np.ndarray, image_b: np.ndarray) -> float:
    """Return I(F; A) + I(F; B) in nats over the rounded grey levels of three (H, W) images."""
    return _information(fused, image_a) + _information(fused, image_b)


def _information(fused: np.ndarray, source: np.ndarray) -> float:
    joint = joint_histogram(fused, source) / fused.size
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    seen = joint > 0
    return float(max(0.0, (joint[seen] * np.log(joint[seen] / independent[seen])).sum()))


METRIC = Metric(
    name="MI",
    long_name="Mutual information",
    higher_is_better=True,
    low=0.0,
    high=2 * 8 * 0.6931471805599453,  # both sources known to all of 8 bit
    range_text="0 to 11.09",
    unit="nats",
    digits=2,
    source="Qu et al., Electronics Letters 2002",
    sentence="How well the sources' grey levels can be guessed from the fused image's grey level"
    " at the same pixel.",
    rewards_wrongly="Copying one source and dropping the other: a copy scores higher than most"
    " fusions.",
    compute=mutual_information,
    min_side=1,
)
