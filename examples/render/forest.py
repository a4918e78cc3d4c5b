"""Fog on a forest track: the eye sees a few metres, the infrared sees who is there."""

import numpy as np

from examples.render.camera import Camera
from examples.render.distances import ellipsoid, limb, melt
from examples.render.figures import fir, trunk, walker
from examples.render.lettering import printed, written
from examples.render.light import Scene, Sun, Surface, Thing, column
from examples.render.noise import fractal_noise, hashed, value_noise
from examples.render.sensor import develop, thermal_detector
from examples.render.shapes import Box, Ground, Solid

CAMERA = Camera((0.2, 1.75, -1.0), (0.0, 2.15, 14.0), 608, 456, 60.0)
FOG = (0.62, 0.655, 0.69)


def _bend(z):
    """Where the middle of the track runs, metres to the side."""
    return 0.0022 * z * z - 0.03 * z


def _forest_floor(points, normals):
    x, _, z = points
    aside = np.abs(x - _bend(z))
    ragged = 0.5 * (fractal_noise(x * 1.3, z * 1.3, octaves=3, seed=1) - 0.5)
    track = np.clip((1.9 + ragged - aside) * 3, 0, 1)
    rut = np.exp(-(((aside - 0.85) / 0.26) ** 2))
    stones = fractal_noise(x * 16, z * 16, octaves=4, seed=2)
    pebble = value_noise(x * 34, z * 34, seed=3) > 0.74
    wet = (
        np.clip((fractal_noise(x * 0.8, z * 0.4, octaves=2, seed=4) - 0.5) * 8, 0, 1) * rut * track
    )
    gravel = column((0.25, 0.20, 0.15)) * (0.45 + 0.75 * stones + 0.35 * pebble - 0.25 * rut)
    blade = fractal_noise(x * 30, z * 11, octaves=3, seed=5)
    clump = fractal_noise(x * 1.1, z * 1.1, octaves=4, seed=6)
    grass = column((0.15, 0.24, 0.06)) * (0.25 + 1.5 * blade * clump)
    needles = column((0.17, 0.105, 0.06)) * (0.4 + 0.9 * blade)
    verge = np.where(clump > 0.50, grass, needles)
    middle = np.clip(0.3 - np.abs(aside), 0, 0.25) * 4 * (clump > 0.42)
    gravel = gravel * (1 - middle) + grass * middle
    albedo = gravel * track + verge * (1 - track)
    celsius = 8.0 + 1.4 * track * (1 - 0.8 * wet) + 1.3 * (clump - 0.5) + 0.7 * blade + 0.5 * stones
    return Surface(albedo.astype(np.float32), mirror=0.35 * wet, roughness=0.05, celsius=celsius)


def _rough(x, z):
    return (
        0.30 * (value_noise(x * 9, z * 9, seed=21) - 0.5),
        0.30 * (value_noise(x * 9, z * 9, seed=22) - 0.5),
    )


def _deer(place, yaw) -> Thing:
    """Return a standing red deer with antlers, looking along +x turned by `yaw`."""
    cos, sin = np.float32(np.cos(yaw)), np.float32(np.sin(yaw))

    def distance(x, y, z):
        x, z = cos * x - sin * z, sin * x + cos * z
        body = ellipsoid(x, y - 0.12, z, (0.62, 0.27, 0.21))
        chest = ellipsoid(x - 0.38, y - 0.10, z, (0.30, 0.30, 0.20))
        body = melt(body, chest, 0.15)
        body = melt(body, limb(x, y, z, (0.52, 0.22, 0), (0.80, 0.72, 0), 0.15, 0.085), 0.12)
        body = melt(body, limb(x, y, z, (0.80, 0.76, 0), (1.06, 0.66, 0), 0.085, 0.045), 0.05)
        body = melt(body, limb(x, y, z, (-0.60, 0.22, 0), (-0.70, 0.08, 0), 0.05, 0.02), 0.05)
        for side in (-1, 1):
            body = melt(
                body,
                limb(x, y, z, (0.76, 0.82, 0.07 * side), (0.70, 0.92, 0.18 * side), 0.035, 0.02),
                0.03,
            )
            for start, knee, hoof in (
                ((0.42, -0.05), (0.45, -0.45), (0.42, -0.86)),
                ((-0.46, -0.02), (-0.52, -0.42), (-0.45, -0.86)),
            ):
                shift = 0.05 * side
                a, b, c = ((p[0] + shift, p[1], 0.12 * side) for p in (start, knee, hoof))
                body = melt(body, limb(x, y, z, a, b, 0.085, 0.05), 0.06)
                body = melt(body, limb(x, y, z, b, c, 0.045, 0.032), 0.02)
            root, bow, tip = (0.76, 0.84, 0.05), (0.62, 1.15, 0.30), (0.80, 1.45, 0.36)
            points = [(p[0], p[1], p[2] * side) for p in (root, bow, tip)]
            antler = limb(x, y, z, points[0], points[1], 0.026, 0.02)
            antler = np.minimum(antler, limb(x, y, z, points[1], points[2], 0.02, 0.012))
            for level in (0.93, 1.12, 1.28):
                start = (0.70, level, side * (0.12 + 0.5 * (level - 0.9)))
                end = (0.92, level + 0.16, start[2] * 1.1)
                antler = np.minimum(antler, limb(x, y, z, start, end, 0.018, 0.008))
            body = np.minimum(body, antler)
        return body

    shape = Solid(distance, (place[0], place[1] + 0.88, place[2]), (1.25, 1.55, 1.25), 56, 0.9)

    def material(points, normals):
        y = shape.local(points)[1]
        coat = fractal_noise(*(points * np.float32(20)), octaves=2, seed=31)
        albedo = column((0.20, 0.115, 0.06)) * (0.6 + 0.7 * coat)
        celsius = np.where(y > 0.95, 11.0, np.where(y < -0.4, 17.0, 20.5) + 2.5 * coat)
        return Surface(albedo.astype(np.float32), celsius=celsius)

    return Thing(shape, material)


def _board(points, normals):
    """A wooden signpost: carved, painted letters that only the eye can read."""
    u, v = (points[0] - 1.62) / 1.36, (1.92 - points[1]) / 0.56
    text = printed(written("TRAIL 7"), u, v / 0.62)
    small = printed(written("LAKE  2.4 km", margin=0.4), u, (v - 0.58) / 0.36)
    grain = fractal_noise(points[0] * 3, points[1] * 60, points[2] * 9, octaves=3, seed=41)
    ink = np.maximum(text, small) * (normals[2] < -0.5)
    albedo = (
        column((0.20, 0.115, 0.055)) * (0.5 + 0.8 * grain) * (1 - ink)
        + column((0.85, 0.8, 0.55)) * ink
    )
    return Surface(albedo.astype(np.float32), celsius=7.8 + 0.6 * grain)


def _post(points, normals):
    grain = fractal_noise(points[0] * 40, points[1] * 4, points[2] * 40, octaves=3, seed=43)
    return Surface(
        (column((0.15, 0.10, 0.06)) * (0.5 + 0.9 * grain)).astype(np.float32), celsius=7.5 + grain
    )


def _barrier(points, normals):
    stripe = ((points[0] + points[1]) * 2.6 % 1) > 0.5
    albedo = np.where(stripe, column((0.62, 0.04, 0.03)), column((0.8, 0.8, 0.78)))
    return Surface(albedo.astype(np.float32), celsius=7.2)


def scene() -> Scene:
    """Return the track, running along z and bending to the right, between firs."""
    things = [Thing(Ground(0.0, _rough), _forest_floor)]
    for number in range(40):
        depth = 7.0 + 1.15 * number + 0.8 * hashed(number, 51)
        side = 1 if number % 2 else -1
        away = 3.9 + 0.10 * depth + 5.0 * hashed(number, 52) ** 1.5
        place = (_bend(depth) + side * away, 0.0, depth)
        if hashed(number, 53) < 0.62:
            things.append(fir(place, 6.0 + 6.5 * hashed(number, 54), 60 + number))
        else:
            things.append(
                trunk(
                    place,
                    9.0 + 3 * hashed(number, 55),
                    0.19 + 0.1 * hashed(number, 56),
                    60 + number,
                )
            )
    things += [
        Thing(Box((2.30, 1.62, 7.6), (0.68, 0.29, 0.035)), _board),
        Thing(Box((1.78, 0.95, 7.68), (0.05, 0.95, 0.05)), _post),
        Thing(Box((2.82, 0.95, 7.68), (0.05, 0.95, 0.05)), _post),
        Thing(Box((-2.75, 0.85, 9.2), (0.9, 0.085, 0.03), 0.25), _barrier),
        Thing(Box((-3.4, 0.45, 9.25), (0.05, 0.45, 0.05)), _post),
        Thing(Box((-2.1, 0.45, 9.25), (0.05, 0.45, 0.05)), _post),
        walker((_bend(23.0) - 0.75, 0.0, 23.0), np.pi, 0.38, (0.13, 0.14, 0.10)),
        walker((_bend(23.6) + 0.25, 0.0, 23.8), np.pi * 1.04, 0.30, (0.12, 0.10, 0.10), 1.66),
        walker((-4.1, 0.0, 12.5), 0.8, 0.12, (0.09, 0.12, 0.05), 1.80),
        walker((_bend(38.0), 0.0, 38.0), np.pi, 0.42, (0.2, 0.12, 0.1)),
        _deer((_bend(28.0) + 2.4, 0.0, 28.0), np.pi - 0.35),
    ]

    def sky(directions):
        height = np.clip(directions[1], 0, 1)
        drift = fractal_noise(directions[0] * 3, directions[1] * 4, octaves=3, seed=71)
        return (column(FOG) * (1 + 0.25 * height + 0.06 * (drift - 0.5))).astype(np.float32)

    veiled = Sun((-0.3, 0.75, -0.4), (0.55, 0.53, 0.50), 0.4)
    return Scene(things, sky, suns=[veiled], fog=(0.058, FOG), ambient=(0.12, 0.13, 0.13))


def overcast(directions: np.ndarray) -> np.ndarray:
    """Return the apparent temperature of fog overhead, colder the less of it is in the way."""
    return (6.6 - 3.5 * np.clip(directions[1], 0, 1)).astype(np.float32)


def render(samples: int = 10, camera: Camera = CAMERA) -> dict[str, np.ndarray]:
    """Return {"a": infrared uint8 (H, W), "b": visible uint8 (H, W, 3)}."""
    forest = scene()
    light = camera.photograph(forest, samples)
    celsius = camera.thermogram(forest, overcast, max(4, samples // 2), haze=0.010)
    visible = develop(light * 0.72, 1.0, contrast=1.45, noise=0.0012, seed=75)
    return {"a": thermal_detector(celsius, 3.0, 24.0), "b": visible}
