"""Fused luminance and the sources' chroma, put together to a picture."""

import numpy as np

from film_core.errors import ImageError
from film_core.images.pairing import PairedSources
from film_core.images.source import BLUE, GREEN, RED
from film_core.tasks import Task


def quantise(values: np.ndarray, bits: int = 8) -> np.ndarray:
    """Return `values` in [0, 1] rounded to uint8 (`bits` = 8) or uint16 (`bits` = 16)."""
    white, kind = {8: (255.0, np.uint8), 16: (65535.0, np.uint16)}[bits]
    return np.rint(np.clip(values, 0.0, 1.0) * white).astype(kind)


def compose(luminance: np.ndarray, pair: PairedSources, task: Task, bits: int = 8) -> np.ndarray:
    """Return the fused picture: `luminance` with the chroma that `task` asks for.

    Args:
        luminance: (H, W) float in [0, 1], of the pair's size.
        pair: the two sources.
        task: `task.chroma` is "b" (chroma of source B) or "weighted": each pixel's Cb and Cr are
            the sources' averaged with their distance from grey as weights,
            (Ca |Ca| + Cb |Cb|) / (|Ca| + |Cb|), the rule of DeepFuse (Prabhakar et al., ICCV 2017).
        bits: 8 or 16 bits a channel.

    Returns:
        (H, W, 3) RGB, or (H, W) where no colour is to be taken over; uint8 or uint16. Colours that
        the fused luminance drives out of the RGB cube are clipped.

    Raises:
        ImageError: `luminance` isn't of the pair's size.
    """
    if luminance.shape != (pair.height, pair.width):
        raise ImageError(
            "image.fused_size",
            "The fused image is {width} x {height} pixels, its sources {expected_width} x "
            "{expected_height}: they must be equal.",
            width=luminance.shape[-1], height=luminance.shape[0],
            expected_width=pair.width, expected_height=pair.height,
        )  # fmt: skip
    chroma = pair.b.chroma if task.chroma == "b" else _weighted(pair.a.chroma, pair.b.chroma)
    if chroma is None:
        return quantise(luminance, bits)
    luminance = luminance.astype(np.float32, copy=False)
    cb, cr = chroma[..., 0], chroma[..., 1]
    red = luminance + 2 * (1 - RED) * cr
    blue = luminance + 2 * (1 - BLUE) * cb
    green = (luminance - RED * red - BLUE * blue) / GREEN
    return np.stack([quantise(plane, bits) for plane in (red, green, blue)], axis=-1)


def _weighted(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
    if a is None or b is None:  # a grey source has weight 0 everywhere
        return b if a is None else a
    weight_a, weight_b = np.abs(a), np.abs(b)
    total = weight_a + weight_b
    mixed = a * weight_a + b * weight_b
    return np.divide(mixed, total, out=np.zeros_like(mixed), where=total > 0)
