"""What a ray can hit: planes and boxes by formula, everything else as a signed distance.

Points and directions are float32 arrays of shape (3, N), metres, y upwards. Every shape answers
`hit(origins, directions)` with the distance to the first hit (inf where there is none) and
`normal(points)` with unit normals.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Distance = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
NEAR = np.float32(1e-3)


def _slabs(start: np.ndarray, heading: np.ndarray, half) -> tuple[np.ndarray, np.ndarray]:
    """Return where rays enter and leave a box around the origin; a miss enters after it leaves."""
    enter = np.full(start.shape[1], -np.inf, np.float32)
    leave = np.full(start.shape[1], np.inf, np.float32)
    for axis in range(3):
        inverse = 1 / np.where(np.abs(heading[axis]) < 1e-9, np.float32(1e-9), heading[axis])
        middle, extent = -start[axis] * inverse, np.float32(half[axis]) * np.abs(inverse)
        np.maximum(enter, middle - extent, out=enter)
        np.minimum(leave, middle + extent, out=leave)
    return enter, leave


@dataclass(frozen=True)
class Ground:
    """The horizontal plane at `height`; `bump(x, z)` tilts its normal (slopes along x and z)."""

    height: float = 0.0
    bump: Callable | None = None

    def hit(self, origins: np.ndarray, directions: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = (np.float32(self.height) - origins[1]) / directions[1]
        return np.where(distance > NEAR, distance, np.float32(np.inf))

    def normal(self, points: np.ndarray) -> np.ndarray:
        normal = np.zeros_like(points)
        normal[1] = 1
        if self.bump is not None:
            normal[0], normal[2] = (-slope for slope in self.bump(points[0], points[2]))
            normal /= np.linalg.norm(normal, axis=0)
        return normal


@dataclass(frozen=True)
class Box:
    """A box with `half` extents around `centre`, turned by `yaw` radians about the vertical."""

    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    yaw: float = 0.0

    def local(self, points: np.ndarray) -> np.ndarray:
        """Return points in the box's own axes, shape (3, N)."""
        return self._turn(points - np.asarray(self.centre, np.float32)[:, None])

    def _turn(self, vectors: np.ndarray, back: bool = False) -> np.ndarray:
        if not self.yaw:
            return vectors
        cos, sin = np.float32(np.cos(self.yaw)), np.float32(np.sin(self.yaw))
        sin = -sin if back else sin
        x, y, z = vectors
        return np.stack([cos * x - sin * z, y, sin * x + cos * z])

    def hit(self, origins: np.ndarray, directions: np.ndarray) -> np.ndarray:
        start, heading = self.local(origins), self._turn(directions)
        enter, leave = _slabs(start, heading, self.half)
        distance = np.where(enter > NEAR, enter, leave)  # from inside, the far wall is hit
        return np.where((enter < leave) & (distance > NEAR), distance, np.float32(np.inf))

    def normal(self, points: np.ndarray) -> np.ndarray:
        place = self.local(points) / np.asarray(self.half, np.float32)[:, None]
        axis = np.abs(place).argmax(axis=0)
        normal = np.zeros_like(place)
        columns = np.arange(place.shape[1])
        normal[axis, columns] = np.sign(place[axis, columns])
        return self._turn(normal, back=True)


@dataclass(frozen=True)
class Solid:
    """A signed distance in a bounding box, marched along the ray (Hart's sphere tracing).

    Attributes:
        distance: (x, y, z) -> signed distance, in coordinates relative to `centre`.
        centre, half: bounding box with its half extents; rays that miss it cost nothing more.
        steps: most steps along a ray.
        caution: factor on each step, below 1 where `distance` overestimates.
    """

    distance: Distance
    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    steps: int = 48
    caution: float = 1.0

    def local(self, points: np.ndarray) -> np.ndarray:
        """Return points relative to the centre, shape (3, N)."""
        return points - np.asarray(self.centre, np.float32)[:, None]

    def hit(self, origins: np.ndarray, directions: np.ndarray) -> np.ndarray:
        result = np.full(origins.shape[1], np.inf, np.float32)
        enter, leave = _slabs(self.local(origins), directions, self.half)
        rays = np.flatnonzero((enter < leave) & (leave > NEAR))
        if not rays.size:
            return result
        start, heading = self.local(origins[:, rays]), directions[:, rays]
        along, end = np.maximum(enter[rays], NEAR), leave[rays]
        for _ in range(self.steps):
            gap = self.distance(*(start + heading * along))
            arrived = gap < NEAR + 4e-4 * along
            result[rays[arrived]] = along[arrived]
            along = along + gap * np.float32(self.caution)
            going = ~arrived & (along < end)
            if not going.any():
                break
            rays, along, end = rays[going], along[going], end[going]
            start, heading = start[:, going], heading[:, going]
        return result

    def normal(self, points: np.ndarray) -> np.ndarray:
        place = self.local(points)
        normal = np.zeros_like(place)
        reach = np.float32(max(1e-3, 2e-3 * max(self.half)))
        for corner in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):  # a tetrahedron
            side = np.asarray(corner, np.float32)[:, None]
            normal += side * self.distance(*(place + side * reach))
        return normal / (np.linalg.norm(normal, axis=0) + 1e-12)
