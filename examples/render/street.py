"""Night street: the eye sees lamps and a lit sign, the infrared walkers and engines."""

import numpy as np

from examples.render.camera import Camera
from examples.render.distances import ball, limb
from examples.render.figures import car, crown, trunk, walker
from examples.render.lettering import printed, written
from examples.render.light import Lamp, Scene, Sun, Surface, Thing, column
from examples.render.noise import fractal_noise, hashed, value_noise
from examples.render.sensor import develop, glare, thermal_detector
from examples.render.shapes import Box, Ground, Solid

CAMERA = Camera((-0.6, 2.5, -3.0), (0.2, 2.35, 12.0), 640, 480, 62.0)
LAMP_PLACES = [(side * 4.4, 5.4, z) for side, z in ((-1, 9.0), (1, 20.0), (-1, 31.0), (1, 43.0))]
SODIUM = (1.0, 0.62, 0.28)


def _road(points, normals):
    x, _, z = points
    gravel = fractal_noise(x * 24, z * 24, octaves=3, seed=1)
    wear = fractal_noise(x * 0.7, z * 0.25, octaves=3, seed=2)
    puddle = np.clip((fractal_noise(x * 0.55, z * 0.22, octaves=3, seed=3) - 0.52) * 9, 0, 1)
    tone = (0.045 + 0.05 * gravel) * (0.6 + 0.7 * wear) * (1 - 0.5 * puddle)
    dash = (np.abs(x) < 0.07) & ((z % 4.5) < 2.2)
    edge = np.abs(np.abs(x) - 3.15) < 0.06
    paint = (dash | edge) & (gravel + 0.3 * wear > 0.45)
    albedo = np.where(paint, 0.55, tone) * column((1.0, 0.99, 0.96))
    tracks = np.exp(-(((np.abs(np.abs(x) - 1.6) - 0.7) / 0.28) ** 2))
    celsius = 10.2 + 1.3 * wear + 1.0 * tracks - 2.0 * puddle + 0.4 * gravel
    return Surface(
        albedo.astype(np.float32), mirror=0.02 + 0.28 * puddle, roughness=0.10, celsius=celsius
    )


def _ripple(x, z):
    return (
        0.02 * (value_noise(x * 9, z * 5, seed=11) - 0.5),
        0.03 * (value_noise(x * 9, z * 5, seed=12) - 0.5),
    )


def _pavement(points, normals):
    x, _, z = points
    row = np.floor(z / 0.6)
    shifted = x / 0.6 + 0.5 * (row % 2)
    joint = (np.abs(z / 0.6 % 1 - 0.5) > 0.47) | (np.abs(shifted % 1 - 0.5) > 0.47)
    slab = hashed(np.floor(shifted).astype(int), row.astype(int), 4)
    grit = fractal_noise(x * 20, z * 20, octaves=2, seed=6)
    tone = (0.12 + 0.10 * slab + 0.08 * grit) * np.where(joint, 0.4, 1)
    return Surface(
        (tone * column((1, 0.97, 0.92))).astype(np.float32),
        mirror=0.015,
        roughness=0.25,
        celsius=9.0 + 0.7 * slab - 0.5 * joint,
    )


def _facade(side: int, seed: int, storey: float, bay: float, plaster, brick: bool):
    """Return a material for a house front along z: masonry, windows, sills, a shop below."""

    def material(points, normals):
        x, y, z = points
        along = np.where(np.abs(normals[0]) > 0.5, z, x)
        grime = fractal_noise(along * 0.8, y * 0.5, octaves=4, seed=seed)
        if brick:
            course = np.floor(y / 0.085)
            offset = along / 0.26 + 0.5 * (course % 2)
            mortar = (np.abs(y / 0.085 % 1 - 0.5) > 0.40) | (np.abs(offset % 1 - 0.5) > 0.46)
            each = hashed(np.floor(offset).astype(int), course.astype(int), seed)
            tone = np.where(mortar, 1.15, 0.65 + 0.6 * each)
        else:
            tone = 0.8 + 0.4 * fractal_noise(along * 6, y * 6, octaves=3, seed=seed + 1)
        albedo = column(plaster) * (tone * (0.55 + 0.7 * grime))
        column_of, floor_of = np.floor(along / bay).astype(int), np.floor(y / storey).astype(int)
        u, v = along / bay % 1 - 0.5, y / storey % 1 - 0.52
        upstairs = floor_of > 0
        frame = upstairs & (np.abs(u) < 0.27) & (np.abs(v) < 0.31)
        pane = upstairs & (np.abs(u) < 0.24) & (np.abs(v) < 0.28)
        bar = (np.abs(u) < 0.012) | (np.abs(v - 0.06) < 0.01)
        sill = upstairs & (np.abs(u) < 0.31) & (np.abs(v + 0.33) < 0.022)
        albedo = np.where(frame | sill, column((0.5, 0.48, 0.44)), albedo)
        pane &= ~bar
        chance = hashed(column_of, floor_of, seed + 7)
        on = pane & (chance > 0.72)
        curtain = 0.55 + 0.45 * np.sin(u * 90 + 3 * np.sin(v * 5)) * (np.abs(u) > 0.13)
        glow = np.where(chance > 0.9, 0.5, 0.95) * curtain * (0.75 + 0.5 * v)
        tint = np.where(chance > 0.87, column((0.65, 0.8, 1.0)), column((1.0, 0.72, 0.40)))
        emission = tint * np.where(on, glow * 0.42, 0)
        albedo = np.where(pane, column((0.015, 0.02, 0.025)), albedo)
        mirror = np.where(pane, 0.09, 0.0)
        cornice = np.abs(y / storey - 1.0) < 0.05
        albedo = np.where(cornice, column((0.38, 0.36, 0.33)), albedo)
        celsius = 8.6 + 1.6 * grime + np.where(on, 3.2, np.where(pane, -1.6 + 1.2 * chance, 0))
        celsius = celsius + 0.9 * np.exp(-(((v + 0.42) / 0.12) ** 2)) * upstairs
        return Surface(
            albedo.astype(np.float32), emission.astype(np.float32), mirror, 0.01, celsius
        )

    return material


def _shop(points, normals):
    _, y, z = points
    u, v = (z - 6.6) / 4.2, (2.55 - y) / 2.3
    mullion = (np.abs(u * 3 % 1 - 0.5) > 0.475) | (v < 0.03) | (v > 0.93)
    shelf = np.abs(v * 4 % 1 - 0.9) < 0.05
    goods = hashed(np.floor(u * 30).astype(int), np.floor(v * 4).astype(int), 21)
    tall = (v * 4 % 1) > 0.25 + 0.5 * hashed(
        np.floor(u * 30).astype(int), np.floor(v * 4).astype(int), 22
    )
    hue = np.stack([0.5 + 0.5 * np.sin(6.3 * goods + k) for k in (0.0, 2.1, 4.2)])
    inside = np.where(tall & ~shelf, hue * 0.8, column((1.0, 0.86, 0.62)))
    inside = np.where(shelf, column((0.25, 0.16, 0.09)), inside)
    emission = np.where(mullion, 0, inside * (0.35 + 0.25 * (1 - v)))
    celsius = np.where(mullion, 9.5, 11.0 + 0.5 * (1 - v))
    albedo = np.where(mullion, column((0.10, 0.12, 0.11)), column((0.02, 0.02, 0.02)))
    return Surface(
        albedo.astype(np.float32),
        emission.astype(np.float32),
        np.where(mullion, 0, 0.06),
        0.0,
        celsius,
    )


def _sign(text, low, high, colour, ground, temperature):
    """Return a material for a lit board facing -z: `text` between x low..high, y low..high."""
    picture = written(text)

    def material(points, normals):
        u = (points[0] - low[0]) / (high[0] - low[0])
        v = (high[1] - points[1]) / (high[1] - low[1])
        ink = printed(picture, u, v) * (normals[2] < -0.5)
        emission = column(colour) * ink + column(ground) * (1 - ink)
        return Surface(np.full_like(points, 0.05), emission.astype(np.float32), celsius=temperature)

    return material


def _plain(colour, celsius, glow=0.0):
    def material(points, normals):
        albedo = np.repeat(column(colour), points.shape[1], axis=1)
        return Surface(albedo, albedo * np.float32(glow), celsius=celsius)

    return material


def _post(place):
    x, y, z = place
    reach = -np.sign(x) * 0.9
    start = np.array([-reach, -y / 2, 0.0])

    def distance(px, py, pz):
        pole = limb(px, py, pz, start, (-reach, y / 2 - 0.2, 0), 0.075, 0.05)
        arm = limb(px, py, pz, (-reach, y / 2 - 0.2, 0), (0, y / 2 + 0.02, 0), 0.05, 0.035)
        return np.minimum(pole, arm)

    centre, half = (x, y / 2 + 0.12, z), (abs(reach) + 0.1, y / 2 + 0.2, 0.12)
    return Thing(Solid(distance, centre, half, 32), _plain((0.05, 0.06, 0.06), 8.2))


def scene() -> Scene:
    """Return the street, running along z between two rows of houses."""
    things = [Thing(Ground(0.0, _ripple), _road)]
    for side in (-1, 1):
        things.append(Thing(Box((side * 4.9, 0.05, 30), (1.6, 0.09, 40)), _pavement))
    rows = [
        (-1, -8.0, 11.6, 10.6, (0.34, 0.17, 0.12), True),
        (-1, 11.7, 22.0, 8.4, (0.40, 0.36, 0.28), False),
        (-1, 22.1, 36.0, 12.4, (0.26, 0.15, 0.11), True),
        (-1, 36.1, 62.0, 9.6, (0.33, 0.30, 0.27), False),
        (1, -8.0, 7.8, 9.0, (0.38, 0.33, 0.25), False),
        (1, 7.9, 17.0, 12.0, (0.30, 0.15, 0.11), True),
        (1, 24.0, 38.0, 10.0, (0.36, 0.31, 0.26), False),
        (1, 38.1, 62.0, 13.0, (0.27, 0.16, 0.12), True),
    ]
    for number, (side, near, far, height, colour, brick) in enumerate(rows):
        middle, half = (near + far) / 2, (far - near) / 2
        material = _facade(side, 30 + 5 * number, 3.1, 2.3 + 0.25 * (number % 3), colour, brick)
        things.append(
            Thing(Box((side * 9.5, height / 2, middle), (3.2, height / 2, half)), material)
        )
    things.append(
        Thing(Box((0, 7.5, 66), (30, 7.5, 2)), _facade(0, 91, 3.1, 2.6, (0.3, 0.27, 0.24), False))
    )
    things.append(Thing(Box((-6.28, 1.4, 8.7), (0.05, 1.15, 2.1)), _shop))
    low, high = (-6.2, 3.0), (-4.35, 3.62)
    things.append(
        Thing(
            Box((-5.27, 3.31, 7.6), (0.93, 0.31, 0.06)),
            _sign("BAKERY", low, high, (3.2, 1.5, 0.5), (0.03, 0.10, 0.09), 10.5),
        )
    )
    for place in LAMP_PLACES:
        things.append(_post(place))
        globe = Solid(lambda x, y, z: ball(x, y * 1.8, z, 0.20) * 0.55, place, (0.22, 0.13, 0.22))
        things.append(Thing(globe, _plain(SODIUM, 24.0, glow=9.0), shadow=False))
    things += [
        car((1.75, 0, 15.5), np.pi, (0.35, 0.03, 0.03), True, 22.0),
        car((-2.5, 0, 16.5), 0.0, (0.10, 0.14, 0.20), False),
        car((-2.5, 0, 24.0), 0.0, (0.30, 0.30, 0.31), True),
        walker((3.9, 0.14, 7.2), np.pi * 0.93, 0.42, (0.03, 0.035, 0.05)),
        walker((-0.55, 0.0, 12.6), np.pi / 2, 0.5, (0.06, 0.05, 0.04)),
        walker((-4.9, 0.14, 14.2), 0.1, 0.3, (0.05, 0.06, 0.05), 1.68),
        walker((4.5, 0.14, 21.0), np.pi, 0.38, (0.04, 0.04, 0.05)),
        walker((5.0, 0.14, 21.4), np.pi, 0.30, (0.08, 0.04, 0.05), 1.62),
        walker((0.6, 0.0, 31.0), -np.pi / 2, 0.5, (0.05, 0.05, 0.05)),
        trunk((6.0, 0.1, 20.2), 5.0, 0.17, 5),
        crown((6.0, 5.6, 20.2), 2.2, 4),
        trunk((7.4, 0.1, 22.6), 5.0, 0.15, 9),
        crown((7.6, 5.2, 22.6), 1.9, 2),
    ]
    lamps = [Lamp(place, tuple(26.0 * c for c in SODIUM), 0.2) for place in LAMP_PLACES]
    lamps += [
        Lamp((x, 0.72, 13.4), (95.0, 88.0, 74.0), 0.08, (0.0, -0.08, -0.997), 0.90)
        for x in (1.15, 2.35)
    ]
    lamps.append(Lamp((-5.7, 1.9, 8.7), (5.5, 4.4, 2.9), 0.6))

    def sky(directions):
        height = np.clip(directions[1], 0, 1)
        scale = 2.2 / np.maximum(height, 0.08)
        cloud = fractal_noise(directions[0] * scale, directions[2] * scale, octaves=4, seed=60)
        glow = column((0.050, 0.036, 0.028)) * np.exp(-4 * height)
        return (
            glow + column((0.006, 0.008, 0.016)) + column((0.014, 0.012, 0.012)) * cloud**2
        ).astype(np.float32)

    moon = Sun((0.4, 0.8, -0.45), (0.010, 0.012, 0.018), 0.02)
    return Scene(things, sky, lamps, [moon], fog=(0.0016, (0.05, 0.036, 0.026)), indirect_limit=1.2)


def cold_sky(directions: np.ndarray) -> np.ndarray:
    """Return the sky's apparent temperature: cold overhead, the air's at the horizon."""
    return (5.5 - 9.0 * np.clip(directions[1], 0, 1) ** 0.6).astype(np.float32)


def render(samples: int = 16, camera: Camera = CAMERA) -> dict[str, np.ndarray]:
    """Return {"a": infrared uint8 (H, W), "b": visible uint8 (H, W, 3)}."""
    street = scene()
    light = camera.photograph(street, samples)
    visible = develop(glare(light * 2.8, 0.16), 1.0, noise=0.003, seed=71, fall_off=0.10)
    celsius = camera.thermogram(street, cold_sky, max(4, samples // 3), haze=0.002)
    return {"a": thermal_detector(celsius, 3.0, 28.5), "b": visible}
