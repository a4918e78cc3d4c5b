"""The camera: a thin lens in front of a pixel grid, for visible light and for warmth.

Every pixel is sampled several times over its area, over the lens and over the lights.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from examples.render.light import Scene, column, nearest, radiance, surfaces
from examples.render.noise import stratified

CHUNK = 1 << 16  # rays at once: their working arrays stay within the processor's cache


@dataclass(frozen=True)
class Camera:
    """Where the camera stands and how it sees.

    Attributes:
        place, target: position and the point in the middle of the picture, metres.
        width, height: picture size in pixels.
        field: horizontal angle of view, degrees.
        aperture: lens radius in metres; 0 is a pinhole with everything sharp.
        focus: distance of the sharp plane from the lens, metres.
    """

    place: tuple[float, float, float]
    target: tuple[float, float, float]
    width: int
    height: int
    field: float = 55.0
    aperture: float = 0.0
    focus: float = 1.0

    def rays(self, pixels: np.ndarray, sample: int) -> tuple[np.ndarray, np.ndarray]:
        """Return origins and unit directions (3, N) for pixel numbers (N,)."""
        forward = np.subtract(self.target, self.place)
        forward = forward / np.linalg.norm(forward)
        right = np.cross((0.0, 1.0, 0.0), forward)
        right = right / np.linalg.norm(right)
        up = np.cross(forward, right)
        u, v = stratified(pixels, sample, 1)
        scale = np.tan(np.radians(self.field) / 2) / (self.width / 2)
        across = (pixels % self.width + u - self.width / 2) * scale
        down = (pixels // self.width + v - self.height / 2) * scale
        direction = column(forward) + column(right) * across - column(up) * down
        origin = np.repeat(column(self.place), pixels.size, axis=1)
        if self.aperture:
            a, b = stratified(pixels, sample, 2)
            radius, angle = self.aperture * np.sqrt(a), 2 * np.pi * b
            lens = column(right) * (radius * np.cos(angle)) + column(up) * (radius * np.sin(angle))
            direction = direction * np.float32(self.focus) - lens
            origin = origin + lens
        direction = direction / np.linalg.norm(direction, axis=0)
        return origin.astype(np.float32), direction.astype(np.float32)

    def _gather(self, channels: int, samples: int, see: Callable) -> np.ndarray:
        numbers = np.arange(self.width * self.height)
        total = np.zeros((channels, numbers.size), np.float32)
        for start in range(0, numbers.size, CHUNK):
            part = slice(start, start + CHUNK)
            for sample in range(samples):
                total[:, part] += see(numbers[part], sample)
        return (total / samples).reshape(channels, self.height, self.width).transpose(1, 2, 0)

    def photograph(self, scene: Scene, samples: int) -> np.ndarray:
        """Return linear RGB radiance, float32 (height, width, 3).

        Args:
            scene: what to look at.
            samples: rays for each pixel.
        """

        def see(pixels, sample):
            origins, directions = self.rays(pixels, sample)
            return radiance(scene, origins, directions, pixels, sample)

        return self._gather(3, samples, see)

    def guides(self, scene: Scene, samples: int) -> dict[str, np.ndarray]:
        """Return what the eye hits: "albedo", "normal" (H, W, 3), "depth", "solid" (H, W)."""

        def see(pixels, sample):
            origins, directions = self.rays(pixels, sample)
            distance, which = nearest(scene.things, origins, directions)
            hit = np.flatnonzero(which >= 0)
            found = np.zeros((8, pixels.size), np.float32)
            found[6] = np.minimum(distance, 50)
            points = origins[:, hit] + directions[:, hit] * distance[hit]
            normals, surface = surfaces(scene.things, which[hit], points)
            found[:3, hit], found[3:6, hit], found[7, hit] = surface.albedo, normals, 1
            return found

        found = self._gather(8, samples, see)
        parts = {"albedo": found[..., :3], "normal": found[..., 3:6]}
        return {**parts, "depth": found[..., 6], "solid": found[..., 7]}

    def thermogram(self, scene: Scene, sky: Callable, samples: int, haze: float = 0.0):
        """Return apparent temperature in degrees Celsius, float32 (height, width).

        Args:
            scene: what to look at; the materials' `celsius` is used.
            sky: directions (3, N) -> apparent sky temperature (N,).
            samples: rays for each pixel.
            haze: extinction per metre towards the air's 8 degrees.
        """

        def see(pixels, sample):
            origins, directions = self.rays(pixels, sample)
            distance, which = nearest(scene.things, origins, directions)
            hit = np.flatnonzero(which >= 0)
            celsius = np.empty(which.shape, np.float32)
            celsius[which < 0] = sky(directions[:, which < 0])
            points = origins[:, hit] + directions[:, hit] * distance[hit]
            normals, surface = surfaces(scene.things, which[hit], points)
            # smooth surfaces seen at a grazing angle emit less and mirror the cold sky
            facing = np.clip(-(directions[:, hit] * normals).sum(axis=0), 0, 1)
            clear = np.exp(-np.float32(haze) * distance[hit])
            celsius[hit] = 8 + (surface.celsius - 8) * clear - 2.5 * (1 - facing) ** 4
            return celsius[None]

        return self._gather(1, samples, see)[..., 0]
