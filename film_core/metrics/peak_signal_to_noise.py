"""PSNR: the mean squared error again, against the brightest fused pixel, in decibel."""

import math

import numpy as np

from film_core.metrics.mean_squared_error import mean_squared_error
from film_core.metrics.metric import Metric


def peak_signal_to_noise(fused: np.ndarray, image_a: np.ndarray, image_b: np.ndarray) -> float:
    """Return 10 log10(max(F)^2 / MSE) in dB of three (H, W) images.

    Infinite where the fused image equals both sources, nan where it is black.
    """
    peak = float(fused.max())
    error = mean_squared_error(fused, image_a, image_b)
    if peak == 0:
        return math.nan
    if error == 0:
        return math.inf
    return 10 * math.log10(peak**2 / error)


METRIC = Metric(
    name="PSNR",
    long_name="Peak signal-to-noise ratio",
    higher_is_better=True,
    low=None,
    high=None,
    range_text="no bounds, often 10 to 25",
    unit="dB",
    digits=2,
    source="",
    sentence="The mean squared error against the brightest fused pixel, on a logarithmic scale.",
    rewards_wrongly="The plain mean of the sources, and a single pixel at full white.",
    undefined="infinite where the fused image equals both sources; undefined where it is black",
    compute=peak_signal_to_noise,
    min_side=1,
)
