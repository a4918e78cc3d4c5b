"""What a near-and-far pair should become, told from the pair itself: the locally sharper source."""

import numpy as np
from scipy.ndimage import gaussian_filter, laplace

NOISE, NEIGHBOURHOOD, SEAM = 1.0, 6.0, 2.0
"""Deviations in pixels: of the smoothing before differences are taken, of the window in which
sharpness is compared, and of the transition from one source to the other."""


def in_focus(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return at each place the source with the more Laplacian energy around it.

    The energy of the Laplacian as a measure of focus: Subbarao, Choi and Nikzad, "Focusing
    techniques", Optical Engineering 1993.

    Args:
        a, b: (H, W) float32 in [0, 1].

    Returns:
        (H, W) float32 in [0, 1]; between regions the sources pass softly into each other.
    """
    energy_a, energy_b = (
        gaussian_filter(np.square(laplace(gaussian_filter(x, NOISE))), NEIGHBOURHOOD)
        for x in (a, b)
    )
    share = gaussian_filter((energy_a >= energy_b).astype(np.float32), SEAM)
    return (share * a + (1 - share) * b).astype(np.float32)
