"""Where a place word points: masks on a grid of 48 x 48 cells over the picture.

Geometric places are exact. Places named by what is there come from the planes: hot is what is much
warmer than the picture in source A, near is what is sharper in A than in B, and so on. ``sky`` and
``road`` are only likenesses (upper or lower, and without texture): there are no labels to learn
them from.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter

from film_core.images.cells import cell_means

GRID = 48
"""Cells along either side, whatever the picture's shape."""

_Test = Callable[["RegionPlanes"], np.ndarray]


@dataclass(frozen=True)
class RegionPlanes:
    """A picture on the grid: what regions are told by. All (48, 48) float32.

    Attributes:
        a, b, neutral: mean of each cell.
        texture_a, texture_b, texture: mean size of the finest detail in each cell.
    """

    a: np.ndarray
    b: np.ndarray
    neutral: np.ndarray
    texture_a: np.ndarray
    texture_b: np.ndarray
    texture: np.ndarray


def region_planes(a: np.ndarray, b: np.ndarray, neutral: np.ndarray) -> RegionPlanes:
    """Return the planes of a scene; (H, W) float32 in [0, 1] each."""
    rows, columns = (cell_means(size, GRID) for size in a.shape)

    def on_grid(plane: np.ndarray) -> np.ndarray:
        return rows @ plane.astype(np.float32) @ columns.T

    def texture(plane: np.ndarray) -> np.ndarray:
        return on_grid(np.abs(plane - uniform_filter(plane, 3, mode="nearest")))

    return RegionPlanes(
        on_grid(a), on_grid(b), on_grid(neutral), texture(a), texture(b), texture(neutral)
    )


def region_mask(region: str, planes: RegionPlanes) -> np.ndarray:
    """Return how far each cell belongs to `region`, (48, 48) float32 in [0, 1].

    Args:
        region: a name ("left"), names joined by & ("hot&left"), each with ! for its complement,
            or ! before brackets: "!(hot&left)".
        planes: the scene.

    Raises:
        KeyError: an unknown name; regions come from the wordings, never from users.
    """
    if region.startswith("!("):
        return 1 - region_mask(region[2:-1], planes)
    mask = np.ones((GRID, GRID), np.float32)
    for name in region.split("&"):
        one = _BY_NAME[name.lstrip("!")](planes)
        mask = mask * (1 - one if name.startswith("!") else one)
    return mask.astype(np.float32)


def is_geometric(region: str) -> bool:
    """Whether `region` is told by position alone."""
    names = region.replace("!(", "").replace(")", "").replace("!", "").split("&")
    return all(name in _GEOMETRIC for name in names)


def _centres() -> tuple[np.ndarray, np.ndarray]:
    places = (np.arange(GRID) + 0.5) / GRID
    return places[:, None] + 0 * places, places + 0 * places[:, None]


def _box(top: float, bottom: float, left: float, right: float) -> _Test:
    def mask(planes: RegionPlanes) -> np.ndarray:
        y, x = _centres()
        return ((y >= top) & (y < bottom) & (x >= left) & (x < right)).astype(np.float32)

    return mask


def _outside(test: _Test) -> _Test:
    return lambda planes: 1 - test(planes)


def _above(values: np.ndarray, level: float, softness: float = 0.12) -> np.ndarray:
    return 1 / (1 + np.exp(np.clip((level - values) / softness, -60, 60)))


def _standing_out(plane: np.ndarray) -> np.ndarray:
    smooth = uniform_filter(plane, 3, mode="nearest")
    return (smooth - smooth.mean()) / (smooth.std() + 0.02)


def _focus(planes: RegionPlanes) -> np.ndarray:
    a, b = (uniform_filter(t, 5, mode="nearest") for t in (planes.texture_a, planes.texture_b))
    return np.log(a + 0.002) - np.log(b + 0.002)


def _untextured(planes: RegionPlanes) -> np.ndarray:
    texture = uniform_filter(planes.texture_b, 3, mode="nearest")
    return _above(-texture, -texture.mean(), 0.15 * float(texture.mean()) + 1e-4)


_GEOMETRIC: dict[str, _Test] = {
    "all": _box(0, 1, 0, 1),
    "left": _box(0, 1, 0, 0.5),
    "right": _box(0, 1, 0.5, 1),
    "top": _box(0, 0.5, 0, 1),
    "bottom": _box(0.5, 1, 0, 1),
    "left-third": _box(0, 1, 0, 1 / 3),
    "right-third": _box(0, 1, 2 / 3, 1),
    "top-third": _box(0, 1 / 3, 0, 1),
    "bottom-third": _box(2 / 3, 1, 0, 1),
    "top-left": _box(0, 0.5, 0, 0.5),
    "top-right": _box(0, 0.5, 0.5, 1),
    "bottom-left": _box(0.5, 1, 0, 0.5),
    "bottom-right": _box(0.5, 1, 0.5, 1),
    "centre": _box(0.25, 0.75, 0.25, 0.75),
    "border": _outside(_box(1 / 6, 5 / 6, 1 / 6, 5 / 6)),
}
_SEEN: dict[str, _Test] = {
    "bright": lambda p: _above(_standing_out(p.neutral), 0.5),
    "dark": lambda p: _above(-_standing_out(p.neutral), 0.4),
    "hot": lambda p: _above(_standing_out(p.a), 0.8),
    "cold": lambda p: _above(-_standing_out(p.a), 0.4),
    "lights": lambda p: _above(_standing_out(p.b), 0.9),
    "near": lambda p: _above(_focus(p), 0.25),
    "far": lambda p: _above(-_focus(p), 0.25),
    "sky": lambda p: _box(0, 0.5, 0, 1)(p) * _untextured(p),
    "road": lambda p: _box(0.5, 1, 0, 1)(p) * _untextured(p),
}
_BY_NAME = {**_GEOMETRIC, **_SEEN}
GEOMETRIC_PLACES = tuple(_GEOMETRIC)
SEEN_PLACES = tuple(_SEEN)
