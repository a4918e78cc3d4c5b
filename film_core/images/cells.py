"""A picture on a coarse grid of cells, and back: matrices for each axis."""

import numpy as np


def cell_means(size: int, cells: int) -> np.ndarray:
    """Return the matrix (cells, size) that takes a signal's mean over each cell, float32.

    A cell may begin within a pixel, so any size works, also one below the number of cells.
    """
    edges = np.arange(cells + 1) * (size / cells)
    pixels = np.arange(size)
    low, high = edges[:-1, None], edges[1:, None]
    covered = np.clip(np.minimum(high, pixels + 1) - np.maximum(low, pixels), 0, None)
    return (covered / covered.sum(1, keepdims=True)).astype(np.float32)


def spreading(size: int, cells: int) -> np.ndarray:
    """Return the matrix (size, cells) that interpolates linearly between the cells' centres."""
    place = np.clip((np.arange(size) + 0.5) * cells / size - 0.5, 0, cells - 1)
    below = np.minimum(place.astype(int), cells - 2)
    share = (place - below).astype(np.float32)
    matrix = np.zeros((size, cells), np.float32)
    matrix[np.arange(size), below] = 1 - share
    matrix[np.arange(size), below + 1] += share
    return matrix
