"""Photographs on a table at different distances: near ones in focus, then far ones.

The photographs are those of the scikit-image package that are in the public domain or CC0; it is
needed only to make this example again (`pip install scikit-image==0.26.0`).
"""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from examples.render.camera import Camera
from examples.render.lettering import printed
from examples.render.light import Lamp, Scene, Surface, Thing, column
from examples.render.noise import fractal_noise
from examples.render.sensor import develop
from examples.render.shapes import Box, Ground
from film_core.errors import ImageError

CAMERA = Camera((0.0, 0.30, -0.95), (0.015, 0.135, 0.0), 560, 420, 41.0, aperture=0.0125)
NEAR_FOCUS, FAR_FOCUS = 0.66, 1.52
# file, centre of the foot (x, z), height in metres, turn in radians
PRINTS = (
    ("chelsea.png", (-0.128, -0.29), 0.135, -0.16),
    ("coffee.png", (0.150, -0.22), 0.142, 0.20),
    ("astronaut.png", (-0.205, 0.53), 0.300, -0.10),
    ("rocket.jpg", (0.235, 0.62), 0.300, 0.12),
)


def photographs() -> Path:
    """Return the folder of scikit-image's photographs.

    Raises:
        ImageError: scikit-image is not installed.
    """
    found = importlib.util.find_spec("skimage")
    if found is None or found.origin is None:
        raise ImageError(
            "example.no_photographs",
            "This example is made from scikit-image's photographs, which are not installed here: "
            "pip install scikit-image==0.26.0.",
        )
    return Path(found.origin).parent / "data"


def _linear(name: str, size: int) -> np.ndarray:
    """Return a photograph as linear RGB, float32 (H, W, 3), its longer side `size` pixels."""
    with Image.open(photographs() / name) as file:
        picture = file.convert("RGB")
    picture.thumbnail((size, size), Image.Resampling.LANCZOS)
    return (np.asarray(picture, np.float32) / 255) ** 2.2


def _print(name: str, foot: tuple[float, float], height: float, yaw: float) -> Thing:
    picture = _linear(name, 512)
    border = 0.05
    width = height * picture.shape[1] / picture.shape[0]
    box = Box((foot[0], height / 2, foot[1]), (width / 2, height / 2, 0.003), yaw)

    def material(points, normals):
        x, y, _ = box.local(points)
        u, v = x / width + 0.5, 0.5 - y / height
        edge = border * height
        u = (u * width - edge) / (width - 2 * edge)
        v = (v * height - edge) / (height - 2 * edge)
        image = printed(picture, u, v).T
        inside = (u >= 0) & (u < 1) & (v >= 0) & (v < 1)
        front = np.cos(yaw) * normals[2] + np.sin(yaw) * -normals[0] < -0.5
        albedo = np.where(inside & front, image * 0.9, 0.80)
        return Surface(albedo.astype(np.float32))

    return Thing(box, material)


def _tiled(name: str, metres: float, colour, axes: tuple[int, int]):
    """Return a material that repeats a grey photograph every `metres` along two axes."""
    picture = _linear(name, 512)[..., :1]

    def material(points, normals):
        u, v = (points[axis] / metres for axis in axes)
        tone = printed(picture, u % 1, -v % 1)[:, 0]
        return Surface((column(colour) * tone * 2.2).astype(np.float32))

    return material


def _table(points, normals):
    x, _, z = points
    plank = np.floor(x / 0.13)
    bend = fractal_noise(x * 9 + 5 * plank, z * 1.6, octaves=3, seed=3)
    rings = 0.5 + 0.5 * np.sin(x * 420 + 26 * bend)
    fibre = fractal_noise(x * 300, z * 9, octaves=3, seed=4)
    gap = np.abs(x / 0.13 % 1 - 0.5) > 0.492
    tone = (0.42 + 0.22 * rings + 0.5 * fibre) * np.where(gap, 0.25, 1)
    albedo = column((0.40, 0.235, 0.12)) * tone
    return Surface(albedo.astype(np.float32))


def scene() -> Scene:
    """Return the table in front of a brick wall, two prints near and two far."""
    things = [Thing(Ground(0.0), _table)]
    things.append(
        Thing(
            Box((0, 0.5, 0.95), (2.0, 0.9, 0.02)),
            _tiled("brick.png", 0.52, (0.62, 0.30, 0.20), (1, 0)),
        )
    )
    things.append(
        Thing(
            Box((0, 0.012, 0.86), (2.0, 0.012, 0.07)),
            _tiled("gravel.png", 0.3, (0.5, 0.5, 0.5), (0, 2)),
        )
    )
    things += [_print(*entry) for entry in PRINTS]

    def sky(directions):
        return np.full_like(directions, 0.15)

    lamps = [
        Lamp((-0.9, 1.25, -0.6), (2.5, 2.25, 1.9), 0.06),
        Lamp((1.1, 1.1, 0.1), (0.55, 0.65, 0.85), 0.10),
    ]
    return Scene(things, sky, lamps, bounces=0, ambient=(0.20, 0.20, 0.20))


def render(samples: int = 40, camera: Camera = CAMERA) -> dict[str, np.ndarray]:
    """Return {"a": near prints in focus, "b": far prints in focus}, uint8 (H, W, 3)."""
    table = scene()
    pictures = {}
    for source, focus in (("a", NEAR_FOCUS), ("b", FAR_FOCUS)):
        light = replace(camera, focus=focus).photograph(table, samples)
        pictures[source] = develop(light, 3.3, noise=0.0006, seed=95, fall_off=0.06)
    return pictures
