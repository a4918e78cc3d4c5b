"""Brings image B onto image A and cuts both to what both show."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from film_core.errors import ImageError
from film_core.images import PairedSources, SourceImage
from film_core.registration.estimating import Registration


@dataclass(frozen=True)
class Aligned:
    """Two aligned sources.

    Attributes:
        sources: both, cut to the largest upright rectangle that both show.
        top, left: where that rectangle begins in A, in pixels.
        lost: share of A's area that the cut cost, in [0, 1].
    """

    sources: PairedSources
    top: int
    left: int
    lost: float


def align(sources: PairedSources, found: Registration) -> Aligned:
    """Resample B (cubic) so that it lies on A, and cut both.

    Raises:
        ImageError: less than a quarter of the view is common to both.
    """
    a, b = sources.a, sources.b
    shape = a.luminance.shape
    matrix = found.matrix()
    centre = (np.array(shape) - 1) / 2
    offset = centre - matrix @ centre + np.array([found.dy, found.dx])

    def moved(plane: np.ndarray) -> np.ndarray:
        plane = plane.astype(np.float32)
        return ndimage.affine_transform(plane, matrix, offset, order=3, mode="nearest")

    inside = (
        ndimage.affine_transform(np.ones(shape, np.float32), matrix, offset, order=1, cval=0.0)
        > 0.999
    )
    top, bottom, left, right = _common(inside)
    lost = 1 - (bottom - top) * (right - left) / (shape[0] * shape[1])
    if lost > 0.75:
        raise ImageError(
            "registration.little_common",
            "After aligning only {percent:.0f} % of the view is common to both images; at least "
            "25 % are needed: use images of the same view.",
            percent=100 * (1 - lost),
        )
    cut = (slice(top, bottom), slice(left, right))
    chroma = b.chroma
    if chroma is not None:
        planes = [np.clip(moved(chroma[..., i]), -0.5, 0.5)[cut] for i in range(2)]
        chroma = np.stack(planes, axis=-1).astype(np.float32)
    rgb = np.stack([moved(b.rgb[..., i])[cut] for i in range(3)], axis=-1)
    new_b = replace(
        b,
        luminance=np.clip(moved(b.luminance), 0, 1)[cut].astype(np.float32),
        chroma=chroma,
        rgb=np.rint(np.clip(rgb, 0, 255)).astype(np.uint8),
    )
    return Aligned(PairedSources(_cut(a, cut), new_b, sources.note), top, left, lost)


def _cut(image: SourceImage, cut: tuple[slice, slice]) -> SourceImage:
    chroma = None if image.chroma is None else np.ascontiguousarray(image.chroma[cut])
    return replace(
        image,
        luminance=np.ascontiguousarray(image.luminance[cut]),
        chroma=chroma,
        rgb=np.ascontiguousarray(image.rgb[cut]),
    )


def _common(inside: np.ndarray) -> tuple[int, int, int, int]:
    """Return (top, bottom, left, right) of a large upright rectangle that is all inside.

    Shrinks the side with most outside pixels until none is left: for a turned rectangle that ends
    within a pixel or two of the largest.
    """
    top, left = 0, 0
    bottom, right = inside.shape
    while bottom - top > 1 and right - left > 1:
        view = inside[top:bottom, left:right]
        outside = [1 - view[0].mean(), 1 - view[-1].mean(), 1 - view[:, 0].mean(),
                   1 - view[:, -1].mean()]  # fmt: skip
        worst = int(np.argmax(outside))
        if outside[worst] == 0:
            break
        top, bottom = top + (worst == 0), bottom - (worst == 1)
        left, right = left + (worst == 2), right - (worst == 3)
    return top, bottom, left, right
