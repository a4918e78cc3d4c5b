"""Sums of squares and correlations of whole images, strip by strip in float64."""

import numpy as np

from film_core.metrics.strips import strips


def sum_of_squares(image: np.ndarray, less: np.ndarray | float) -> float:
    """Return the sum of (image - less)^2; `less` is an image (H, W) of its own, or a number."""
    total = 0.0
    for rows, _ in strips(*image.shape):
        part = less[rows] if isinstance(less, np.ndarray) else less
        difference = np.subtract(image[rows], part, dtype=np.float64)
        total += np.vdot(difference, difference)
    return float(total)


def correlation(first: np.ndarray, second: np.ndarray, less: np.ndarray | None = None) -> float:
    """Return Pearson's correlation of `first` with `second`, or with `second - less`.

    All (H, W). It is nan where either side is flat: 0/0.
    """
    first_mean = first.mean(dtype=np.float64)
    second_mean = second.mean(dtype=np.float64)
    if less is not None:
        second_mean -= less.mean(dtype=np.float64)
    products = np.zeros(3)  # first x second, first^2, second^2
    flat = [True, True]  # decided on exact values: a rounded mean leaves a residue
    for rows, _ in strips(*first.shape):
        x = first[rows].astype(np.float64)
        y = second[rows].astype(np.float64)
        if less is not None:
            y -= less[rows]
        if rows.start == 0:
            corners = x[0, 0], y[0, 0]
        flat = [f and bool((z == c).all()) for f, z, c in zip(flat, (x, y), corners, strict=True)]
        x -= first_mean
        y -= second_mean
        products += np.vdot(x, y), np.vdot(x, x), np.vdot(y, y)
    if any(flat):
        return float("nan")
    product, x_squared, y_squared = products
    return float(np.clip(product / np.sqrt(x_squared * y_squared), -1, 1))
