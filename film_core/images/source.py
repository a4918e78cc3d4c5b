"""A source image as the network and the page need it: luminance, chroma, and a picture to show.

Luminance and chroma follow ITU-R BT.601 in full range, as the image-fusion field does:

    Y  = 0.299 R + 0.587 G + 0.114 B
    Cb = (B - Y) / 1.772        Cr = (R - Y) / 1.402
"""

from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image

RED, GREEN, BLUE = 0.299, 0.587, 0.114


@dataclass(frozen=True)
class SourceImage:
    """One decoded image.

    Attributes:
        luminance: (H, W) float32 in [0, 1], at the precision of the file.
        chroma: (H, W, 2) float32, Cb and Cr in [-0.5, 0.5]; None if the image is grey, which an
            RGB file with three equal channels is too.
        rgb: (H, W, 3) uint8, for showing.
        name: how the user knows the image.
        bits: 8, 16 or 32 (float) bits a channel in the file.
        notes: sentences on what was done to the image on the way in, for the user.
    """

    luminance: np.ndarray
    chroma: np.ndarray | None
    rgb: np.ndarray
    name: str = ""
    bits: int = 8
    notes: list[str] = field(default_factory=list)

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.luminance.shape[0]

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.luminance.shape[1]

    def resized(self, width: int, height: int) -> "SourceImage":
        """Return this image resampled (bicubic, clipped to the range) to `width` x `height`."""
        chroma = self.chroma
        if chroma is not None:
            planes = [_resample(chroma[..., i], width, height, -0.5, 0.5) for i in range(2)]
            chroma = np.stack(planes, axis=-1)
        shown = Image.fromarray(self.rgb).resize((width, height), Image.Resampling.BICUBIC)
        return replace(
            self,
            luminance=_resample(self.luminance, width, height, 0.0, 1.0),
            chroma=chroma,
            rgb=np.asarray(shown),
        )


def _resample(plane: np.ndarray, width: int, height: int, low: float, high: float) -> np.ndarray:
    image = Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32))
    resized = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(resized, dtype=np.float32), low, high)


def from_samples(
    samples: np.ndarray, white: float, name: str, bits: int, notes: list[str]
) -> SourceImage:
    """Make a SourceImage of decoded samples.

    Args:
        samples: (H, W) grey or (H, W, 3) RGB; any real dtype; 0 is black.
        white: the sample value that means full intensity (255, 65535, 1.0, ...).
        name, bits, notes: see SourceImage.
    """
    if samples.ndim == 3 and _is_grey(samples):
        samples = samples[..., 0]
    if samples.ndim == 2:
        luminance = np.multiply(samples, 1.0 / white, dtype=np.float32)
        np.clip(luminance, 0.0, 1.0, out=luminance)
        shown = _to_uint8(samples, luminance)
        rgb = np.repeat(shown[..., None], 3, axis=2)
        return SourceImage(luminance, None, rgb, name, bits, notes)
    scaled = [np.multiply(samples[..., i], 1.0 / white, dtype=np.float32) for i in range(3)]
    luminance = scaled[0] * np.float32(RED)
    luminance += scaled[1] * np.float32(GREEN)
    luminance += scaled[2] * np.float32(BLUE)
    np.clip(luminance, 0.0, 1.0, out=luminance)
    chroma = np.empty((*luminance.shape, 2), np.float32)
    chroma[..., 0] = (scaled[2] - luminance) / np.float32(2 * (1 - BLUE))
    chroma[..., 1] = (scaled[0] - luminance) / np.float32(2 * (1 - RED))
    if samples.dtype == np.uint8:
        rgb = np.ascontiguousarray(samples)
    else:
        rgb = np.stack([_to_uint8(samples, plane) for plane in scaled], axis=-1)
    return SourceImage(luminance, chroma, rgb, name, bits, notes)


def _is_grey(samples: np.ndarray) -> bool:
    return np.array_equal(samples[..., 0], samples[..., 1]) and np.array_equal(
        samples[..., 1], samples[..., 2]
    )


def _to_uint8(samples: np.ndarray, scaled: np.ndarray) -> np.ndarray:
    if samples.dtype == np.uint8 and samples.ndim == 2:
        return samples
    return np.rint(np.clip(scaled, 0.0, 1.0) * 255.0).astype(np.uint8)
