"""Nearest-neighbour resizing by the rule that the published weights were trained with."""

import numpy as np


def nearest_indices(source: int, destination: int) -> np.ndarray:
    """Return for each destination index the source index that it copies, int32 (destination,).

    floor(index * ratio) with the ratio held in float32, capped at the last index: PyTorch's
    ``nearest``. Odd sizes come out differently when the ratio is exact.
    """
    ratio = np.float32(source) / np.float32(destination)
    index = np.floor(np.arange(destination, dtype=np.float32) * ratio).astype(np.int32)
    return np.minimum(index, source - 1)
