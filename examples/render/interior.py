"""A study with a bright window: outdoors burns out where the room is well exposed."""

import numpy as np

from examples.render.camera import Camera
from examples.render.denoise import denoise
from examples.render.distances import ball, drum, ellipsoid, limb, melt
from examples.render.lettering import printed, written
from examples.render.light import Lamp, Scene, Surface, Thing, Window, column
from examples.render.noise import fractal_noise, hashed, value_noise
from examples.render.sensor import develop
from examples.render.shapes import Box, Solid

CAMERA = Camera((-0.55, 1.42, -1.35), (0.42, 1.17, 1.6), 576, 432, 68.0)
LEFT, RIGHT, LOW, HIGH, WALL = -0.15, 1.55, 0.95, 2.25, 2.2  # the window's opening


def _paint(colour, seed, rough=0.05):
    def material(points, normals):
        mottle = fractal_noise(*(points * np.float32(3)), octaves=4, seed=seed)
        fine = value_noise(*(points * np.float32(70)), seed=seed + 1)
        return Surface((column(colour) * (0.93 + 0.1 * mottle + rough * fine)).astype(np.float32))

    return material


def _wood(colour, seed, along=0, gloss=0.03):
    def material(points, normals):
        stretch = np.full(3, 9.0, np.float32)
        stretch[along] = 0.8
        x, y, z = points * stretch[:, None]
        bend = fractal_noise(x * 0.5, y * 0.5, z * 0.5, octaves=3, seed=seed)
        rings = 0.5 + 0.5 * np.sin((x + y + z + 5 * bend) * 5)
        fibre = fractal_noise(x * 5, y * 5, z * 5, octaves=2, seed=seed + 3)
        tone = 0.55 + 0.3 * rings * bend + 0.45 * fibre
        return Surface((column(colour) * tone).astype(np.float32), mirror=gloss, roughness=0.15)

    return material


def _floor(points, normals):
    x, _, z = points
    plank = np.floor(x / 0.14).astype(int)
    shift = hashed(plank, 3) * 1.4
    piece = np.floor((z + shift) / 1.4).astype(int)
    each = hashed(plank, piece, 5)
    gap = (np.abs(x / 0.14 % 1 - 0.5) > 0.475) | (np.abs((z + shift) / 1.4 % 1 - 0.5) > 0.497)
    fibre = fractal_noise(x * 60, z * 2.5 + 9 * each, octaves=3, seed=7)
    tone = (0.55 + 0.5 * each) * (0.6 + 0.7 * fibre) * np.where(gap, 0.3, 1)
    return Surface(
        (column((0.36, 0.21, 0.115)) * tone).astype(np.float32), mirror=0.04, roughness=0.12
    )


def _rug(points, normals):
    x, z = points[0] - 0.15, points[2] - 0.3
    u, v = np.abs(x) / 1.15, np.abs(z) / 0.8
    border = np.maximum(u, v)
    lozenge = (np.abs(x) * 4 + np.abs(z) * 4) % 1
    colour = np.where(border > 0.9, column((0.42, 0.32, 0.18)), column((0.34, 0.05, 0.05)))
    colour = np.where((border < 0.82) & (lozenge < 0.22), column((0.5, 0.4, 0.22)), colour)
    colour = np.where((border < 0.82) & (lozenge > 0.78), column((0.05, 0.09, 0.2)), colour)
    pile = 0.6 + 0.7 * value_noise(x * 160, z * 160, seed=9)
    return Surface((colour * pile).astype(np.float32))


def _books(points, normals):
    x, y, _ = points
    shelf = np.floor((y - 0.32) / 0.36).astype(int)
    book = np.floor(x / 0.045 + 0.35 * np.sin(x * 9 + shelf)).astype(int)
    tall = (y - 0.32) / 0.36 % 1
    kind = hashed(book, shelf, 31)
    cover = np.stack([hashed(book, shelf, 32 + k) for k in range(3)]) ** 1.6 * 0.55 + 0.03
    edge = x / 0.045 + 0.35 * np.sin(x * 9 + shelf)
    groove = np.abs(edge % 1 - 0.5) > 0.42
    band = (np.abs(tall - 0.18) < 0.02) | (np.abs(tall - 0.55) < 0.015)
    title = (tall > 0.25) & (tall < 0.5) & (np.abs(edge % 1 - 0.5) < 0.13)
    title &= value_noise(tall * 60, edge * 1.0, seed=33) > 0.45
    cover = np.where(band | title, column((0.62, 0.5, 0.22)), cover)
    above = tall > 0.62 + 0.28 * kind
    albedo = np.where(above | groove, 0.02, cover)
    return Surface(albedo.astype(np.float32), mirror=0.02, roughness=0.2)


def _picture(points, normals):
    """A framed print on the right wall: sea, sun and a sail."""
    u = (1.5 - points[2]) / 0.9
    v = (1.93 - points[1]) / 0.62
    mat = (u < 0.08) | (u > 0.92) | (v < 0.1) | (v > 0.9)
    sea = v > 0.62
    wave = 0.5 + 0.5 * np.sin(v * 130 + 3 * fractal_noise(u * 9, v * 9, octaves=2, seed=3))
    colour = np.where(
        sea,
        column((0.03, 0.16, 0.26)) * (0.6 + 0.6 * wave),
        column((0.75, 0.48, 0.22)) + column((-0.2, 0.0, 0.3)) * (0.62 - v),
    )
    colour = np.where(np.hypot(u - 0.68, (v - 0.4) * 0.7) < 0.08, column((0.9, 0.75, 0.4)), colour)
    sail = (u > 0.3) & (u - 0.3 < (v - 0.25) * 0.45) & (v > 0.25) & (v < 0.6)
    colour = np.where(sail, column((0.85, 0.82, 0.75)), colour)
    return Surface(np.where(mat, 0.8, colour).astype(np.float32), mirror=0.02)


def outdoors(directions: np.ndarray) -> np.ndarray:
    """Return the view through the window: sun-lit clouds, far hills, a village and fields."""
    azimuth = np.arctan2(directions[0], directions[2])
    height = directions[1] / np.maximum(np.hypot(directions[0], directions[2]), 1e-3)
    h = np.clip(height, 0, 2)
    scale = 0.55 / (h + 0.14)
    cloud = fractal_noise(azimuth * 3.4 + 2, h * 9 * (0.4 + scale * 0.2), octaves=6, seed=40)
    cloud = np.clip((cloud - 0.46) * 4.5, 0, 1)
    blue = column((1.1, 2.3, 4.6)) * np.exp(-1.1 * h) + column((3.0, 3.1, 3.2)) * np.exp(-7 * h)
    body = column((7.5, 7.3, 7.0)) * (
        0.55 + 0.55 * fractal_noise(azimuth * 7, h * 22, octaves=4, seed=41)
    )
    light = blue * (1 - cloud) + body * cloud
    for number, (level, rise, hue) in enumerate(
        (
            (0.115, 0.10, (1.15, 1.55, 2.0)),
            (0.055, 0.09, (0.75, 1.10, 1.05)),
            (-0.005, 0.06, (0.55, 0.85, 0.36)),
        )
    ):
        crest = level + rise * (
            fractal_noise(
                azimuth * (3 + 3 * number) + 7 * number,
                np.zeros_like(azimuth),
                octaves=6,
                seed=50 + number,
            )
            - 0.5
        )
        woods = fractal_noise(azimuth * 60, height * 90, octaves=4, seed=55 + number)
        light = np.where(
            height < crest, column(hue) * (0.55 + 0.9 * woods) * (1 + number * 0.15), light
        )
    field = np.floor(azimuth * 9 + 3 * value_noise(azimuth * 5, height * 25, seed=70))
    strip = np.floor((height + 0.4) * 22).astype(int)
    crop = hashed(field.astype(int), strip, 71)
    hue = np.where(crop > 0.6, column((1.9, 1.6, 0.55)), column((0.75, 1.25, 0.35)))
    furrow = 0.85 + 0.25 * np.sin(azimuth * 300 * (0.3 + crop))
    hedge = fractal_noise(azimuth * 50, height * 160, octaves=3, seed=72) > 0.62
    meadow = np.where(hedge, column((0.22, 0.38, 0.12)), hue * furrow)
    light = np.where(height < -0.035, meadow, light)
    for number in range(9):  # a village with red roofs
        at = 0.13 + 0.055 * number + 0.03 * hashed(number, 80)
        wide, tall = 0.011 + 0.008 * hashed(number, 81), 0.014 + 0.008 * hashed(number, 82)
        foot = -0.042 + 0.012 * hashed(number, 83)
        side = np.abs(azimuth - at) / wide
        wall = (side < 1) & (height > foot) & (height < foot + tall)
        roof = (
            (side < 1.2) & (height >= foot + tall) & (height < foot + tall + 0.016 * (1.2 - side))
        )
        light = np.where(wall, column((4.2, 3.9, 3.3)) * (0.85 + 0.15 * (azimuth > at)), light)
        light = np.where(roof, column((1.9, 0.55, 0.32)), light)
    church = (np.abs(azimuth - 0.36) < 0.008) & (height < 0.045) & (height > -0.04)
    spire = (
        (np.abs(azimuth - 0.36) < 0.009 * (0.10 - height) / 0.055)
        & (height >= 0.045)
        & (height < 0.10)
    )
    light = np.where(church, column((3.8, 3.6, 3.2)), light)
    light = np.where(spire, column((0.55, 0.6, 0.7)), light)
    return (light * 1.25).astype(np.float32)


def _leaf_plant(x, y, z):
    stem = limb(x, y, z, (0, -0.3, 0), (0, 0.05, 0), 0.012)
    for number in range(11):
        angle = 2.399 * number
        lift = 0.10 + 0.028 * number
        reach = 0.26 - 0.012 * number
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        u, w = x * cos + z * sin, -x * sin + z * cos
        v = y - lift + 0.22 + 0.9 * (u - reach) ** 2 - 0.16
        blade = ellipsoid(u - reach * 0.55, v, w, (reach * 0.6, 0.010, 0.055))
        stem = np.minimum(stem, blade * 0.6)
    return stem


def scene() -> Scene:
    """Return the room, 4.6 m wide, with its window in the far wall."""
    wall, trim = _paint((0.60, 0.56, 0.47), 1), _paint((0.72, 0.70, 0.66), 3, 0.02)
    oak, dark = _wood((0.40, 0.24, 0.12), 11), _wood((0.20, 0.11, 0.06), 15, along=1)
    things = [
        Thing(Box((0, -0.05, 0), (2.4, 0.05, 3.4)), _floor),
        Thing(Box((0.15, 0.006, 0.3), (1.15, 0.006, 0.8)), _rug),
        Thing(Box((0, 2.75, 0), (2.4, 0.05, 3.4)), _paint((0.75, 0.74, 0.71), 5)),
        Thing(Box((-2.35, 1.35, 0), (0.05, 1.4, 3.4)), _paint((0.34, 0.42, 0.40), 6)),
        Thing(Box((2.35, 1.35, 0), (0.05, 1.4, 3.4)), wall),
        Thing(Box((0, 1.35, -3.35), (2.4, 1.4, 0.05)), wall),
        # the far wall around the opening
        Thing(Box(((-2.4 + LEFT) / 2, 1.35, WALL + 0.15), ((LEFT + 2.4) / 2, 1.4, 0.15)), wall),
        Thing(Box(((2.4 + RIGHT) / 2, 1.35, WALL + 0.15), ((2.4 - RIGHT) / 2, 1.4, 0.15)), wall),
        Thing(
            Box(((LEFT + RIGHT) / 2, LOW / 2, WALL + 0.15), ((RIGHT - LEFT) / 2, LOW / 2, 0.15)),
            wall,
        ),
        Thing(
            Box(
                ((LEFT + RIGHT) / 2, (HIGH + 2.7) / 2, WALL + 0.15),
                ((RIGHT - LEFT) / 2, (2.7 - HIGH) / 2, 0.15),
            ),
            wall,
        ),
        Thing(Box(((LEFT + RIGHT) / 2, LOW - 0.02, WALL + 0.06), (0.95, 0.025, 0.16)), trim),
        Thing(Box(((LEFT + RIGHT) / 2, (LOW + HIGH) / 2, WALL + 0.12), (0.030, 0.66, 0.03)), trim),
        Thing(Box(((LEFT + RIGHT) / 2, 1.80, WALL + 0.12), (0.86, 0.018, 0.025)), trim),
        Thing(Box((-2.27, 0.06, 0), (0.03, 0.06, 3.3)), trim),
        Thing(Box((0, 0.06, WALL - 0.02), (2.3, 0.06, 0.02)), trim),
    ]
    for edge in (LEFT + 0.02, RIGHT - 0.02):
        things.append(Thing(Box((edge, (LOW + HIGH) / 2, WALL + 0.12), (0.03, 0.66, 0.04)), trim))
    for level in (LOW + 0.03, HIGH - 0.03):
        things.append(Thing(Box((0.7, level, WALL + 0.12), (0.86, 0.03, 0.04)), trim))
    # desk under the window, with lamp, books, mug and a plant
    things += [Thing(Box((0.75, 0.74, 1.72), (0.95, 0.02, 0.40)), oak)]
    things += [
        Thing(Box((x, 0.36, z), (0.03, 0.36, 0.03)), dark)
        for x in (-0.15, 1.65)
        for z in (1.37, 2.07)
    ]
    for number in range(4):
        colour = ((0.30, 0.05, 0.05), (0.06, 0.14, 0.24), (0.45, 0.36, 0.16), (0.07, 0.18, 0.10))[
            number
        ]
        cover = _paint(colour, 60 + number)
        things.append(
            Thing(
                Box(
                    (0.26 + 0.01 * number, 0.78 + 0.036 * number, 1.62),
                    (0.15 - 0.012 * number, 0.017, 0.11),
                    0.2 * number - 0.3,
                ),
                cover,
            )
        )
    mug = Solid(
        lambda x, y, z: np.minimum(
            np.maximum(
                drum(np.hypot(x, z), y, 0.042, 0.05), -drum(np.hypot(x, z), y - 0.02, 0.036, 0.05)
            ),
            np.hypot(np.hypot(x + 0.045, y) - 0.026, z) - 0.006,
        ),
        (0.72, 0.81, 1.50),
        (0.09, 0.06, 0.06),
    )
    things.append(Thing(mug, _paint((0.12, 0.24, 0.38), 71, 0.0)))
    paper = written("notes on fusion", bold=False, margin=0.5)

    def sheet(points, normals):
        u, v = (points[0] - 0.78) / 0.30, (1.74 - points[2]) / 0.06
        lines = (np.abs((points[2] * 45) % 1 - 0.5) < 0.16) & (points[2] < 1.66)
        lines &= value_noise(points[0] * 90, np.floor(points[2] * 45), seed=4) > 0.4
        ink = np.maximum(printed(paper, u, v), 0.75 * lines)
        return Surface((column((0.78, 0.77, 0.72)) * (1 - 0.85 * ink)).astype(np.float32))

    things.append(Thing(Box((0.95, 0.763, 1.62), (0.19, 0.0025, 0.135)), sheet))
    lamp = Solid(
        lambda x, y, z: melt(
            np.minimum(
                drum(np.hypot(x, z), y + 0.21, 0.085, 0.012),
                limb(x, y, z, (0, -0.2, 0), (0.06, 0.08, 0), 0.010),
            ),
            limb(x, y, z, (0.06, 0.08, 0), (-0.08, 0.22, -0.05), 0.010),
            0.01,
        ),
        (1.50, 0.98, 1.75),
        (0.2, 0.26, 0.2),
    )
    things.append(Thing(lamp, _paint((0.03, 0.03, 0.03), 73)))
    shade = Solid(
        lambda x, y, z: (
            np.abs(np.maximum(np.hypot(x, z) - 0.05 + 0.45 * y, np.abs(y) - 0.075)) - 0.003
        ),
        (1.40, 1.17, 1.69),
        (0.11, 0.085, 0.11),
        48,
        0.7,
    )
    things.append(Thing(shade, _paint((0.40, 0.06, 0.04), 74)))
    pot = Solid(
        lambda x, y, z: (
            drum(np.hypot(x, z), y, 0.085 + 0.25 * (np.clip(y, -0.1, 0.1)), 0.09, 0.02) * 0.9
        ),
        (0.06, 1.06, 2.20),
        (0.13, 0.1, 0.13),
    )
    things.append(Thing(pot, _paint((0.42, 0.17, 0.09), 75)))
    plant = Solid(_leaf_plant, (0.06, 1.40, 2.20), (0.33, 0.36, 0.33), 40, 0.8)
    things.append(Thing(plant, _paint((0.08, 0.19, 0.05), 76)))
    # chair seen from behind
    seat = Solid(
        lambda x, y, z: melt(
            ellipsoid(x, y, z, (0.26, 0.05, 0.25)),
            ellipsoid(x, y - 0.38, z + 0.24 + 0.1 * y, (0.23, 0.26, 0.045)) * 0.8,
            0.08,
        ),
        (0.95, 0.50, 0.80),
        (0.32, 0.70, 0.45),
        48,
        0.8,
    )
    things.append(Thing(seat, _paint((0.16, 0.20, 0.15), 77, 0.25)))
    for dx, dz in ((-0.18, -0.18), (0.18, -0.18), (-0.18, 0.18), (0.18, 0.18)):
        things.append(Thing(Box((0.95 + dx, 0.23, 0.80 + dz), (0.016, 0.23, 0.016)), dark))
    # bookcase in the corner, print on the right wall
    for edge in (-2.12, -0.72):
        things.append(Thing(Box((edge, 1.05, WALL - 0.14), (0.02, 1.05, 0.14)), oak))
    things.append(Thing(Box((-1.42, 1.05, WALL - 0.07), (0.69, 1.04, 0.07)), _books))
    for level in range(6):
        things.append(
            Thing(Box((-1.42, 0.30 + 0.36 * level, WALL - 0.14), (0.70, 0.014, 0.15)), oak)
        )
    things.append(Thing(Box((2.28, 1.62, 1.05), (0.02, 0.34, 0.48)), dark))
    things.append(Thing(Box((2.27, 1.62, 1.05), (0.02, 0.31, 0.45)), _picture))
    vase = Solid(
        lambda x, y, z: melt(
            ball(x, y + 0.05, z, 0.095), limb(x, y, z, (0, 0, 0), (0, 0.15, 0), 0.035), 0.08
        ),
        (-1.0, 2.25, WALL - 0.12),
        (0.11, 0.2, 0.11),
    )
    things.append(Thing(vase, _paint((0.13, 0.20, 0.34), 79, 0.0)))
    window = Window(
        (LEFT, LOW, WALL + 0.22), ((RIGHT - LEFT, 0, 0), (0, HIGH - LOW, 0)), (0, 0, -1)
    )
    bulb = Lamp((1.37, 1.13, 1.66), (0.035, 0.026, 0.016), 0.03)
    ceiling = Lamp((-0.6, 2.3, -1.7), (0.75, 0.66, 0.54), 0.35)
    return Scene(
        things,
        outdoors,
        [bulb, ceiling],
        windows=[window],
        bounces=1,
        indirect_limit=0.5,
        ambient=(0.035, 0.034, 0.032),
    )


def render(samples: int = 14, camera: Camera = CAMERA) -> dict[str, np.ndarray]:
    """Return {"a": over-exposed, "b": under-exposed}, uint8 (H, W, 3)."""
    room = scene()
    light = camera.photograph(room, samples)
    light = denoise(light, camera.guides(room, samples // 2))
    options = {"contrast": 1.0, "noise": 0.0008, "fall_off": 0.04, "shoulder": False}
    return {
        "a": develop(light, 4.6, seed=81, **options),
        "b": develop(light, 0.20, seed=82, **options),
    }
