"""Compact regions that are much brighter, or darker, than all that surrounds them.

The luminance is cut at a ladder of levels; a connected region that keeps its distance from a ring
around it, whatever lies there, counts as an object. (The idea of maximally stable extremal regions,
Matas et al., BMVC 2002, with the contrast to the ring in place of stability, which can be said in
words.) Nothing is recognised: an object here is a place, a size and a brightness.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from film_core.text.describers.measured.places import place
from film_core.text.describers.measured.view import View

_LEVELS = 10
_SMALLEST, _LARGEST = 0.0004, 0.12  # share of the picture's area
_FEWEST_PIXELS = 4
_LONGEST = 0.6  # share of the picture's width or height
_LEAST_FILL = 0.3  # share of the bounding box
# What stands out depends on what there is: a third of the range, within these bounds.
_LEAST_CONTRAST, _MOST_NEEDED_CONTRAST = 0.04, 0.12
_CANDIDATES_A_LEVEL = 10


@dataclass(frozen=True)
class BrightObject:
    """One object.

    Attributes:
        bright: whether it is brighter (else darker) than its surroundings.
        rows, columns: its bounding box in the small luminance, as slices.
        mask: its pixels within the box.
        inside, outside: mean luminance of the object and of the ring around it.
        shape: (h, w) of the small luminance.
    """

    bright: bool
    rows: slice
    columns: slice
    mask: np.ndarray
    inside: float
    outside: float
    shape: tuple[int, int]

    @property
    def contrast(self) -> float:
        """Difference to the surroundings, positive."""
        return abs(self.inside - self.outside)

    @property
    def place(self) -> str:
        """The field of the picture that its centre of mass lies in."""
        y, x = ndimage.center_of_mass(self.mask)
        return place(
            (self.rows.start + y) / self.shape[0], (self.columns.start + x) / self.shape[1]
        )

    @property
    def size(self) -> tuple[float, float]:
        """Width and height as shares of the picture's."""
        return (
            (self.columns.stop - self.columns.start) / self.shape[1],
            (self.rows.stop - self.rows.start) / self.shape[0],
        )

    @property
    def kind(self) -> str:
        """What to call it: "object", or "region" above a twentieth of the picture."""
        width, height = self.size
        return "region" if width * height > 0.05 else "object"

    @property
    def form(self) -> str:
        """By its box in pixels: "tall", "wide" or "compact"."""
        height, width = self.mask.shape
        return "tall" if height > 1.6 * width else "wide" if width > 1.6 * height else "compact"


def find_objects(view: View, bright: bool = True, most: int = 3) -> list[BrightObject]:
    """Return up to `most` objects that don't overlap, the most conspicuous first."""
    plane = view.luminance if bright else 1 - view.luminance
    objects: list[BrightObject] = []
    taken = np.zeros(plane.shape, bool)
    for found in sorted(_candidates(plane), key=lambda item: item.score, reverse=True):
        if len(objects) == most:
            break
        if taken[found.box][found.mask].any():
            continue
        taken[found.box] |= found.mask
        inside, outside = found.inside, found.outside
        if not bright:
            inside, outside = 1 - inside, 1 - outside
        objects.append(BrightObject(bright, *found.box, found.mask, inside, outside, plane.shape))
    return objects


@dataclass(frozen=True)
class _Candidate:
    """A region at one level: box, pixels within it, mean luminances, and how conspicuous it is."""

    box: tuple[slice, slice]
    mask: np.ndarray
    inside: float
    outside: float
    score: float


def _candidates(plane: np.ndarray) -> list[_Candidate]:
    """Return the regions that stand out at any level of the ladder; many overlap."""
    smooth = ndimage.uniform_filter(plane, 3, mode="nearest")
    low, high = np.percentile(smooth, [30, 99.95])
    if high - low < _LEAST_CONTRAST:
        return []
    needed = min(_MOST_NEEDED_CONTRAST, max(_LEAST_CONTRAST, (high - low) / 3))
    found = []
    for level in np.linspace(high, low, _LEVELS + 2)[1:-1]:
        labels, count = ndimage.label(smooth > level)
        boxes = ndimage.find_objects(labels)
        sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
        # The most light above the level first: large and bright before small and dim.
        light = np.bincount(labels.ravel(), (smooth - level).ravel(), count + 1)[1:]
        sized = (sizes >= max(_FEWEST_PIXELS, _SMALLEST * plane.size)) & (
            sizes <= _LARGEST * plane.size
        )
        fitting = [i for i in np.flatnonzero(sized) if _fits(sizes[i], boxes[i], plane.shape)]
        fitting.sort(key=lambda i, light=light: light[i], reverse=True)
        for index in fitting[:_CANDIDATES_A_LEVEL]:
            measured = _against_ring(plane, labels, index + 1, boxes[index], needed)
            if measured:
                inside, outside, mask = measured
                filled = sizes[index] ** 2 / _area(boxes[index]) / plane.size
                score = (inside - outside) * filled**0.3
                found.append(_Candidate(boxes[index], mask, inside, outside, score))
    return found


def _fits(size: int, box: tuple[slice, slice], shape: tuple[int, int]) -> bool:
    """Whether a region of `size` pixels is as compact as an object."""
    if size < _LEAST_FILL * _area(box):
        return False
    return all(
        part.stop - part.start <= _LONGEST * length for part, length in zip(box, shape, strict=True)
    )


def contrast_in(view: View, found: BrightObject) -> float:
    """Return how much brighter (or darker, for a dark one) the same region is in another view."""
    plane = view.luminance if found.bright else 1 - view.luminance
    mask = np.zeros(plane.shape, bool)
    mask[found.rows, found.columns] = found.mask
    wide = _widened((found.rows, found.columns), plane.shape)
    ring = _ring(mask[wide])
    return float(plane[mask].mean() - plane[wide][ring].mean())


def _widened(box: tuple[slice, slice], shape: tuple[int, int]) -> tuple[slice, slice]:
    margin = max(4, round(0.02 * max(shape)))
    return tuple(
        slice(max(0, part.start - margin), min(length, part.stop + margin))
        for part, length in zip(box, shape, strict=True)
    )


def _area(box: tuple[slice, slice]) -> int:
    return (box[0].stop - box[0].start) * (box[1].stop - box[1].start)


def _ring(mask: np.ndarray) -> np.ndarray:
    """Return the band around `mask`, four pixels wide, less the two pixels that blur into it."""
    plane = mask.astype(np.uint8)
    near = ndimage.maximum_filter(plane, 5, mode="constant")
    return ndimage.maximum_filter(near, 9, mode="constant") > near


def _against_ring(
    plane: np.ndarray, labels: np.ndarray, label: int, box: tuple[slice, slice], needed: float
) -> tuple[float, float, np.ndarray] | None:
    wide = _widened(box, plane.shape)
    mask = labels[wide] == label
    around = plane[wide][_ring(mask)]
    if around.size == 0:
        return None
    inside = float(plane[wide][mask].mean())
    # Not the ring's mean: where a quarter of it is as bright, this is a part of something else.
    quartile = np.partition(around, around.size * 3 // 4)[around.size * 3 // 4]
    if inside - float(quartile) < needed:
        return None
    return inside, float(around.mean()), labels[box] == label
