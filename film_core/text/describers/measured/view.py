"""The planes that everything is measured on, small enough to be quick and alike for any size."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image
from scipy import ndimage

from film_core.images.source import SourceImage

_WORKING_SIDE = 400
_FINE_SIDE = 1024


@dataclass(frozen=True)
class View:
    """One image, ready to be measured.

    Attributes:
        source: the image itself.
    """

    source: SourceImage

    @cached_property
    def luminance(self) -> np.ndarray:
        """(h, w) float32 in [0, 1], means of areas, the longer side at most 400."""
        return _shrunk(self.source.luminance, _WORKING_SIDE)

    @cached_property
    def rgb(self) -> np.ndarray:
        """(h, w, 3) float32 in [0, 1], of the same size."""
        height, width = self.luminance.shape
        small = Image.fromarray(self.source.rgb).resize((width, height), Image.Resampling.BOX)
        return np.asarray(small, np.float32) / 255

    @cached_property
    def detail(self) -> np.ndarray:
        """Fine detail: absolute Laplacian of the luminance, the longer side at most 1024."""
        fine = _shrunk(self.source.luminance, _FINE_SIDE)
        return np.abs(ndimage.laplace(fine, mode="nearest"))

    @cached_property
    def gradient(self) -> tuple[np.ndarray, np.ndarray]:
        """Sobel derivatives along x and y of the small luminance, per pixel."""
        return (
            ndimage.sobel(self.luminance, axis=1, mode="nearest") / 8,
            ndimage.sobel(self.luminance, axis=0, mode="nearest") / 8,
        )

    @cached_property
    def local_contrast(self) -> np.ndarray:
        """Standard deviation of the small luminance in a window of about 3 % of its longer side."""
        side = max(3, round(0.03 * max(self.luminance.shape)))
        mean = ndimage.uniform_filter(self.luminance, side, mode="nearest")
        square = ndimage.uniform_filter(self.luminance**2, side, mode="nearest")
        return np.sqrt(np.maximum(square - mean**2, 0))


def _shrunk(plane: np.ndarray, longest: int) -> np.ndarray:
    height, width = plane.shape
    scale = longest / max(height, width)
    if scale >= 1:
        return plane
    size = (max(3, round(width * scale)), max(3, round(height * scale)))
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BOX))
