"""Lattice noise from integer hashing: the source of every texture and every random choice here.

Nothing is drawn from a generator with a state, so a pixel depends on its own place alone and every
rendering gives the same picture.
"""

import numpy as np


def hashed(*keys: np.ndarray | int) -> np.ndarray:
    """Return uniform float32 numbers in [0, 1), one for each combination of integer keys.

    Args:
        keys: integer arrays of one common (broadcastable) shape; negative values are fine.
    """
    state = np.uint32(0x9E3779B9)
    with np.errstate(over="ignore"):  # the products are meant modulo 2**32
        for place, key in enumerate(keys):
            word = np.asarray(key).astype(np.int64).astype(np.uint32)
            state = (state ^ word) * np.uint32(0x85EBCA6B + 2 * place)
            state = (state ^ (state >> np.uint32(15))) * np.uint32(0xC2B2AE35)
            state = state ^ (state >> np.uint32(13))
    return (state >> np.uint32(8)).astype(np.float32) * np.float32(2**-24)


def _fade(fraction: np.ndarray) -> np.ndarray:
    return fraction * fraction * (3 - 2 * fraction)


def value_noise(*coordinates: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return smooth noise in [0, 1] with one lattice cell per unit, in two or three dimensions.

    Args:
        coordinates: two or three float arrays of one shape.
        seed: chooses an independent field.
    """
    cells = [np.floor(c) for c in coordinates]
    fractions = [
        _fade((c - cell).astype(np.float32)) for c, cell in zip(coordinates, cells, strict=True)
    ]
    lattice = [cell.astype(np.int64) for cell in cells]
    total = np.zeros(np.shape(coordinates[0]), np.float32)
    for corner in range(2 ** len(coordinates)):
        weight = np.float32(1)
        keys = []
        for axis, fraction in enumerate(fractions):
            bit = corner >> axis & 1
            weight = weight * (fraction if bit else 1 - fraction)
            keys.append(lattice[axis] + bit)
        total += weight * hashed(*keys, seed)
    return total


def fractal_noise(*coordinates: np.ndarray, octaves: int = 4, seed: int = 0) -> np.ndarray:
    """Return value noise over `octaves`, each twice as fine and half as strong, in [0, 1]."""
    total = np.zeros(np.shape(coordinates[0]), np.float32)
    weight = 0.0
    for octave in range(octaves):
        scale = 2.0**octave
        shifted = [c * scale + 17.3 * octave for c in coordinates]
        total += value_noise(*shifted, seed=seed + octave) / np.float32(scale)
        weight += 1 / scale
    return total / np.float32(weight)


def stratified(pixels: np.ndarray, sample: int, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two numbers in [0, 1) for each pixel, spread evenly over successive samples.

    The R2 sequence (Roberts, 2018) with a rotation of its own for each pixel and dimension.

    Args:
        pixels: integer pixel numbers, any shape.
        sample: number of the sample within the pixel, from 0.
        dimension: which random decision this is, so that decisions are independent.
    """
    first = hashed(pixels, dimension, 1) + np.float32((sample * 0.7548776662466927) % 1)
    second = hashed(pixels, dimension, 2) + np.float32((sample * 0.5698402909980532) % 1)
    return first % 1, second % 1
