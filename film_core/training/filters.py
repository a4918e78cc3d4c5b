"""Linear filters as banded matrices: a separable filter of an image is R X C^T.

On the CPU, Jittor runs a matrix product on oneDNN, forward and backward, where a convolution of a
single channel by a wide window is slow; borders ("zero" or "valid") and strides are just rows.
"""

from functools import cache

import jittor as jt
import numpy as np


class SeparableFilter:
    """Applies `rows` (H', H) down the columns and `columns` (W', W) along the rows of an image."""

    def __init__(self, rows: np.ndarray, columns: np.ndarray) -> None:
        self.rows = jt.array(rows.T.astype(np.float32)).stop_grad()  # (H, H')
        self.columns = jt.array(columns.T.astype(np.float32)).stop_grad()  # (W, W')

    def __call__(self, x: jt.Var) -> jt.Var:
        """(B, H, W) float32 -> (B, H', W')."""
        batch, height, width = x.shape
        x = jt.matmul(x.reshape(batch * height, width), self.columns)
        x = x.reshape(batch, height, -1).transpose(0, 2, 1)  # (B, W', H)
        across = x.shape[1]
        x = jt.matmul(x.reshape(batch * across, height), self.rows)
        return x.reshape(batch, across, -1).transpose(0, 2, 1)  # (B, H', W')


def banded(size: int, taps: np.ndarray, *, valid: bool = False, stride: int = 1) -> np.ndarray:
    """Return the matrix that correlates a signal of `size` values with `taps` (odd length).

    Args:
        size: length of the signal.
        taps: weights, the middle one on the pixel itself.
        valid: keep only places where all taps lie inside; otherwise zeros lie outside.
        stride: keep every stride-th row.

    Returns:
        (places, size) float64.
    """
    reach = len(taps) // 2
    matrix = np.zeros((size, size))
    for offset, weight in zip(range(-reach, reach + 1), taps, strict=True):
        matrix += weight * np.eye(size, k=offset)
    return (matrix[reach : size - reach] if valid else matrix)[::stride]


def gaussian_taps(side: int, deviation: float) -> np.ndarray:
    """Return a Gaussian of `side` taps that sums to 1."""
    places = np.arange(side) - side // 2
    taps = np.exp(-(places**2) / (2 * deviation**2))
    return taps / taps.sum()


@cache
def gaussian(
    height: int, width: int, side: int, deviation: float, *, valid: bool, stride: int = 1
) -> SeparableFilter:
    """Return a Gaussian filter for images of this size."""
    taps = gaussian_taps(side, deviation)
    return SeparableFilter(
        banded(height, taps, valid=valid, stride=stride),
        banded(width, taps, valid=valid, stride=stride),
    )


@cache
def sobel(height: int, width: int) -> tuple[SeparableFilter, SeparableFilter]:
    """Return the horizontal and the vertical Sobel filter (weights 1 2 1, zeros outside)."""
    smooth, difference = np.array([1.0, 2.0, 1.0]), np.array([-1.0, 0.0, 1.0])
    return (
        SeparableFilter(banded(height, smooth), banded(width, difference)),
        SeparableFilter(banded(height, difference), banded(width, smooth)),
    )
