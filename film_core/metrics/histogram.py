"""Counts of grey levels and of pairs of grey levels."""

import numpy as np

from film_core.metrics.strips import strips

LEVELS = 256


def grey_histogram(image: np.ndarray) -> np.ndarray:
    """Return the (256,) int64 counts of the rounded grey levels of `image` (H, W) in 0..255."""
    counts = np.zeros(LEVELS, np.int64)
    for rows, _ in strips(*image.shape):
        counts += np.bincount(_levels(image[rows]).ravel(), minlength=LEVELS)
    return counts


def joint_histogram(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return (256, 256) int64 counts: rows are rounded levels of `first`, columns of `second`."""
    counts = np.zeros(LEVELS * LEVELS, np.int64)
    for rows, _ in strips(*first.shape, pixels=400_000):  # the table is larger than a strip is
        pairs = _levels(first[rows]) * LEVELS + _levels(second[rows])
        counts += np.bincount(pairs.ravel(), minlength=counts.size)
    return counts.reshape(LEVELS, LEVELS)


def _levels(image: np.ndarray) -> np.ndarray:
    return np.rint(image).astype(np.intp)
