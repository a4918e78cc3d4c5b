"""Pairs made from one image, so that the right fusion is known: that image.

Focus: the image is blurred inside a random region for one source, outside it for the other.
Exposure: the image is exposed too long for one source, too short for the other, and clipped.
"""

import numpy as np
from scipy.ndimage import convolve, gaussian_filter


def make_focus_pair(image: np.ndarray, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return (near, far) focused versions of `image` (H, W) float32 in [0, 1].

    Half of them are blurred evenly over a disc, as an open aperture does, half by a Gaussian, as
    a closed one with its diffraction nearly does.
    """
    if draw.random() < 0.5:
        blurred = gaussian_filter(image, draw.uniform(0.8, 3.5), mode="nearest")
    else:
        blurred = convolve(image, _disc(draw.uniform(1.2, 5.0)), mode="nearest")
    # A region with a natural outline: smooth noise above its median-ish level, slightly soft,
    # because a lens never cuts sharply between focus and blur.
    size = max(image.shape)
    noise = gaussian_filter(draw.standard_normal(image.shape), size / draw.uniform(6, 16))
    level = np.quantile(noise, draw.uniform(0.25, 0.75))
    region = gaussian_filter((noise > level).astype(np.float32), draw.uniform(0.5, 2.5))
    near = region * image + (1 - region) * blurred
    far = region * blurred + (1 - region) * image
    return near.astype(np.float32), far.astype(np.float32)


def _disc(radius: float) -> np.ndarray:
    """Return a blur kernel: a disc of `radius` pixels with a soft rim, its sum 1, float32."""
    reach = int(np.ceil(radius + 0.5))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(y, x), 0, 1)
    return (kernel / kernel.sum()).astype(np.float32)


def make_exposure_pair(
    image: np.ndarray, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return (over-, under-) exposed versions of `image` (H, W) float32 in [0, 1].

    Exposure acts on light, not on grey levels: the image is made linear (gamma 2.2), multiplied,
    clipped, and made grey levels again; sensors add noise where there is little light.
    """
    linear = np.clip(image, 0, 1) ** 2.2
    over = np.clip(linear * 2 ** draw.uniform(1.0, 2.5), 0, 1)
    dim = linear * 2 ** -draw.uniform(1.0, 3.0)
    noise = draw.standard_normal(image.shape) * draw.uniform(0, 0.002)
    under = np.clip(dim + noise * np.sqrt(dim + 0.01), 0, 1)
    return (over ** (1 / 2.2)).astype(np.float32), (under ** (1 / 2.2)).astype(np.float32)
