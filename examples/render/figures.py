"""People, cars and trees as signed distances, for the outdoor scenes."""

import numpy as np

from examples.render.distances import ball, brick, drum, ellipsoid, limb, melt
from examples.render.light import Surface, Thing, column
from examples.render.noise import fractal_noise, hashed
from examples.render.shapes import Solid


def walker(place, yaw=0.0, stride=0.35, coat=(0.05, 0.05, 0.07), height=1.75, warmth=0.0) -> Thing:
    """Return a walking person standing at `place` (x, ground, z), facing +z turned by `yaw`.

    `coat` is the clothes' colour; `warmth` is added to the body's 28 degrees.
    """
    grow = height / 1.75
    cos, sin = np.float32(np.cos(yaw)), np.float32(np.sin(yaw))
    middle = 0.9  # all joints below are relative to a point 0.9 m above the ground

    def own(x, y, z):
        x, y, z = x / grow, y / grow, z / grow
        return cos * x - sin * z, y, sin * x + cos * z

    def parts(x, y, z):
        x, y, z = own(x, y, z)
        head = ellipsoid(x, y - 0.72, z - 0.03, (0.095, 0.125, 0.11))
        neck = limb(x, y, z, (0, 0.5, 0), (0, 0.65, 0.02), 0.055)
        torso = ellipsoid(x, y - 0.30, z, (0.21, 0.32, 0.135))
        hips = ellipsoid(x, y - 0.02, z, (0.17, 0.17, 0.13))
        body = melt(melt(torso, hips, 0.12), neck, 0.05)
        for side in (-1, 1):
            step = side * stride
            knee = (0.10 * side, -0.42, step * 0.42 + 0.05)
            foot = (0.10 * side, -0.82, step * 0.85 - 0.04)
            body = melt(body, limb(x, y, z, (0.09 * side, -0.02, 0), knee, 0.085, 0.062), 0.06)
            body = melt(body, limb(x, y, z, knee, foot, 0.060, 0.045), 0.03)
            toe = (foot[0], foot[1] - 0.04, foot[2] + 0.14)
            body = np.minimum(body, limb(x, y, z, (foot[0], foot[1] - 0.03, foot[2]), toe, 0.045))
            elbow = (0.27 * side, 0.16, -step * 0.30 - 0.05)
            hand = (0.26 * side, -0.05, -step * 0.55 + 0.08)
            body = melt(body, limb(x, y, z, (0.20 * side, 0.48, 0), elbow, 0.06, 0.045), 0.05)
            body = melt(body, limb(x, y, z, elbow, hand, 0.045, 0.036), 0.03)
        return head * grow, body * grow

    shape = Solid(
        lambda x, y, z: melt(*parts(x, y, z), 0.03),
        (place[0], place[1] + middle * grow, place[2]),
        (0.45 * grow, 0.95 * grow, 0.45 * grow),
        40,
        0.95,
    )

    def material(points, normals):
        x, y, z = own(*shape.local(points))
        skin = (y > 0.58) | ((y < 0.02) & (y > -0.14) & (np.abs(x) > 0.2))
        hair = (y > 0.74) & (z < 0.09)
        legs = y < 0.0
        albedo = np.where(legs, column((0.03, 0.035, 0.05)), column(coat))
        albedo = np.where(skin, column((0.42, 0.26, 0.19)), albedo)
        albedo = np.where(hair, column((0.03, 0.02, 0.015)), albedo)
        folds = fractal_noise(x * 9, y * 6, z * 9, octaves=2, seed=5)
        celsius = 24 + 3 * folds + warmth - 2.5 * (y < -0.45)
        celsius = np.where(skin, 31.5 + warmth, celsius)
        celsius = np.where(hair, 26.5 + warmth, celsius)
        return Surface(albedo.astype(np.float32) * (0.7 + 0.5 * folds), celsius=celsius)

    return Thing(shape, material)


def car(place, yaw=0.0, paint=(0.1, 0.12, 0.16), running=True, lights=0.0) -> Thing:
    """Return a hatchback at `place` (x, ground, z), its bonnet towards +z turned by `yaw`.

    A running engine warms bonnet, tyres and what lies beneath; `lights` is the radiance of
    headlamps and (a tenth, red) tail lamps.
    """
    cos, sin = np.float32(np.cos(yaw)), np.float32(np.sin(yaw))
    wheels = [(side * 0.74, -0.42, end) for side in (-1, 1) for end in (-1.25, 1.3)]

    def own(x, y, z):
        return cos * x - sin * z, y, sin * x + cos * z

    def tyre(x, y, z, wheel):
        return drum(np.hypot(y - wheel[1], z - wheel[2]), x - wheel[0], 0.33, 0.11, 0.05)

    def hull(x, y, z):
        lower = brick(x, y + 0.10, z, (0.86, 0.30, 2.05), 0.18)
        lean = (y - 0.45) * 0.42
        cabin = brick(
            np.abs(x) + np.maximum(lean, 0) * 0.6, y - 0.42, z + 0.30, (0.74, 0.36, 1.18), 0.20
        )
        slope = (z - 0.95) * 0.55 + (y - 0.36) * 0.80  # the windscreen cuts the cabin's front
        cabin = np.maximum(cabin, slope * 0.9)
        body = melt(lower, cabin, 0.12)
        for wheel in wheels:
            arch = np.hypot(y - wheel[1], z - wheel[2]) - 0.40
            body = np.maximum(body, -np.maximum(arch, np.abs(x - wheel[0]) - 0.2))
        return body

    def whole(x, y, z):
        x, y, z = own(x, y, z)
        near = hull(x, y, z)
        for wheel in wheels:
            near = np.minimum(near, tyre(x, y, z, wheel))
        return near

    reach = (abs(cos) * 0.95 + abs(sin) * 2.1, 0.82, abs(sin) * 0.95 + abs(cos) * 2.1)
    shape = Solid(whole, (place[0], place[1] + 0.75, place[2]), reach, 60, 0.85)

    def material(points, normals):
        x, y, z = own(*shape.local(points))
        wheel = np.minimum.reduce([tyre(x, y, z, w) for w in wheels]) < 0.02
        glass = (y > 0.28) & (y < 0.64) & ~wheel
        pillar = (np.abs((z + 0.35) % 0.95 - 0.475) > 0.42) & (np.abs(x) > 0.5)
        glass &= ~pillar
        front = (z > 1.85) & (np.abs(np.abs(x) - 0.60) < 0.17) & (np.abs(y + 0.02) < 0.10)
        back = (z < -1.85) & (np.abs(np.abs(x) - 0.62) < 0.16) & (np.abs(y - 0.05) < 0.09)
        plate = (np.abs(z) > 1.9) & (np.abs(x) < 0.26) & (np.abs(y + 0.20) < 0.06)
        albedo = np.where(wheel, column((0.02, 0.02, 0.02)), column(paint))
        albedo = np.where(glass, column((0.01, 0.012, 0.014)), albedo)
        albedo = np.where(plate, column((0.75, 0.75, 0.68)), albedo)
        emission = np.where(front, column((1.0, 0.93, 0.78)) * np.float32(lights), 0)
        emission = np.where(back, column((1.0, 0.05, 0.02)) * np.float32(lights * 0.1), emission)
        heat = 12.0 if running else 0.5
        bonnet = np.exp(-((np.maximum(np.abs(z - 1.35) - 0.3, 0) / 0.35) ** 2)) * (y < 0.32)
        celsius = 8.5 + heat * 0.75 * bonnet + heat * 0.6 * np.exp(-(((y + 0.6) / 0.22) ** 2))
        celsius = np.where(glass, 6.0 + 0.25 * heat, celsius)
        celsius = np.where(wheel, 9.5 + 0.9 * heat, celsius)
        grille = (z > 1.95) & (np.abs(x) < 0.42) & (y < 0.05)
        celsius = np.where(grille, 9 + 1.1 * heat, celsius)
        mirror = np.where(wheel, 0.0, np.where(glass, 0.08, 0.05)).astype(np.float32)
        return Surface(
            albedo.astype(np.float32), emission.astype(np.float32), mirror, 0.02, celsius
        )

    return Thing(shape, material)


def trunk(place, height, radius, seed) -> Thing:
    """Return a bare, slightly crooked trunk with a few boughs, standing at `place`."""
    lean = (hashed(seed, 1) - 0.5) * 0.12 * height
    boughs = []
    for number in range(7):
        level = (0.35 + 0.6 * hashed(seed, number, 2)) * height
        angle = 2 * np.pi * hashed(seed, number, 3)
        reach = (0.10 + 0.14 * hashed(seed, number, 4)) * height
        start = (lean * (level / height), level, 0.0)
        end = (start[0] + reach * np.cos(angle), level + 0.6 * reach, reach * np.sin(angle))
        boughs.append((start, end))

    def distance(x, y, z):
        y = y + height / 2
        rough = 0.10 * radius * np.sin(9 * np.arctan2(z, x) + 3 * np.sin(y * 2.1))
        near = limb(x, y, z, (0, -0.2, 0), (lean, height, 0), radius, radius * 0.3) + rough
        for start, end in boughs:
            near = np.minimum(near, limb(x, y, z, start, end, radius * 0.35, radius * 0.1))
        return near

    shape = Solid(
        distance,
        (place[0], place[1] + height / 2, place[2]),
        (0.35 * height, 0.62 * height, 0.35 * height),
        48,
        0.85,
    )

    def material(points, normals):
        bark = fractal_noise(points[0] * 14, points[1] * 3, points[2] * 14, octaves=3, seed=seed)
        albedo = column((0.16, 0.115, 0.08)) * (0.4 + bark)
        moss = np.clip(normals[2] * -0.6 + bark - 0.5, 0, 1)
        albedo = albedo * (1 - moss) + column((0.09, 0.12, 0.04)) * moss
        return Surface(albedo.astype(np.float32), celsius=7.6 + 1.6 * bark)

    return Thing(shape, material)


def crown(place, radius, seed, leaf=(0.07, 0.11, 0.035), flat=1.0) -> Thing:
    """Return a leafy crown around `place`, lumps and leaves made by folded waves."""

    def distance(x, y, z):
        near = ball(x, y / flat, z, radius * 0.78) * min(1.0, flat)
        for size, depth in ((0.9, 0.16), (2.3, 0.10), (6.1, 0.06)):
            s = size * 2.6 / radius * 1.6
            wave = np.sin(x * s + seed) * np.cos(y * s * 1.1 + 2) + np.sin(y * s) * np.cos(
                z * s * 0.9
            )
            near = near + np.float32(depth * radius * 0.55) * (
                wave + np.sin(z * s + x * s * 0.5) * 0.5
            )
        return near

    shape = Solid(distance, place, (1.1 * radius, 1.1 * radius * flat, 1.1 * radius), 40, 0.5)

    def material(points, normals):
        speckle = fractal_noise(*(points * np.float32(7)), octaves=3, seed=seed)
        albedo = column(leaf) * (0.35 + 1.3 * speckle)
        return Surface(albedo.astype(np.float32), celsius=7.0 + 1.5 * speckle)

    return Thing(shape, material)


def fir(place, height, seed) -> Thing:
    """Return a fir: tiers of drooping boughs around a cone, with ragged edges."""
    tiers = 9 + int(hashed(seed, 8) * 4)
    width = height * (0.17 + 0.05 * hashed(seed, 9))

    def distance(x, y, z):
        level = np.clip((y + height / 2) / height, 0, 1)
        angle = np.arctan2(z, x)
        ragged = 0.16 * np.sin(angle * 7 + seed + level * 31) + 0.09 * np.sin(
            angle * 17 + level * 57
        )
        tier = (level * tiers + 0.12 * np.sin(angle * 3 + seed)) % 1
        edge = width * (1 - level) ** 0.85 * (1.05 - 0.55 * tier + ragged)
        edge = np.where(level < 0.09, 0.018 * height, edge)
        return np.maximum((np.hypot(x, z) - edge) * 0.5, np.abs(y) - height / 2)

    shape = Solid(
        distance,
        (place[0], place[1] + height / 2, place[2]),
        (1.25 * width, height * 0.5, 1.25 * width),
        48,
        0.75,
    )

    def material(points, normals):
        needle = fractal_noise(points[0] * 9, points[1] * 16, points[2] * 9, octaves=3, seed=seed)
        albedo = column((0.045, 0.075, 0.035)) * (0.3 + 1.4 * needle)
        return Surface(albedo.astype(np.float32), celsius=6.6 + 1.6 * needle)

    return Thing(shape, material)
