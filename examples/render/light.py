"""Light transport: a small path tracer with direct light, one or two bounces, gloss and fog.

A scene is a list of things (shape and material) with lamps, a sun, a sky and perhaps windows.
All radiances are linear RGB, shape (3, N). Kajiya's rendering equation (1986), estimated with
explicit light sampling; which random numbers are used depends on the pixel alone (see noise).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from examples.render.noise import stratified


@dataclass
class Surface:
    """What a material answers for N points.

    Attributes:
        albedo: (3, N) diffuse reflectance in [0, 1].
        emission: (3, N) radiance given off, or None.
        mirror: reflectance straight on; rises to 1 at grazing angles where above 0. Float or (N,).
        roughness: how far reflections are scattered, 0 for a mirror.
        celsius: surface temperature, degrees; float or (N,). Only the infrared camera sees it.
    """

    albedo: np.ndarray
    emission: np.ndarray | None = None
    mirror: np.ndarray | float = 0.0
    roughness: float = 0.0
    celsius: np.ndarray | float = 10.0


@dataclass(frozen=True)
class Thing:
    """A shape and its material: (points, normals) -> Surface. `shadow`: whether it stops light."""

    shape: object
    material: Callable[[np.ndarray, np.ndarray], Surface]
    shadow: bool = True


@dataclass(frozen=True)
class Lamp:
    """A glowing ball: radiant intensity `colour` (RGB) at `place`, soft by its `radius`.

    `aim` and `spread`: a cone instead of all directions (cosine of the half angle).
    """

    place: tuple[float, float, float]
    colour: tuple[float, float, float]
    radius: float = 0.1
    aim: tuple[float, float, float] | None = None
    spread: float = 0.0


@dataclass(frozen=True)
class Sun:
    """Parallel light from `direction` (towards the sun) with irradiance `colour`."""

    direction: tuple[float, float, float]
    colour: tuple[float, float, float]
    radius: float = 0.01


@dataclass(frozen=True)
class Window:
    """A rectangle that lets the sky in: `corner` and two `edges`; light enters along `inward`."""

    corner: tuple[float, float, float]
    edges: tuple[tuple[float, float, float], tuple[float, float, float]]
    inward: tuple[float, float, float]


@dataclass
class Scene:
    """All that is in a picture. `fog`: (extinction per metre, RGB radiance) or None.

    `bounces`: diffuse bounces that are followed; `ambient` stands for all later ones, and
    `indirect_limit` caps what a bounce may bring, against single bright pixels.
    """

    things: list[Thing]
    sky: Callable[[np.ndarray], np.ndarray]
    lamps: list[Lamp] = field(default_factory=list)
    suns: list[Sun] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    fog: tuple[float, tuple[float, float, float]] | None = None
    bounces: int = 1
    indirect_limit: float = 4.0
    ambient: tuple[float, float, float] = (0.0, 0.0, 0.0)


def column(vector) -> np.ndarray:
    """Return a 3-vector as float32 of shape (3, 1)."""
    return np.asarray(vector, np.float32)[:, None]


def nearest(things: list[Thing], origins: np.ndarray, directions: np.ndarray):
    """Return the distance to the first hit (N,) and which thing it is (N,), -1 for none."""
    best = np.full(origins.shape[1], np.inf, np.float32)
    which = np.full(origins.shape[1], -1, np.int32)
    for number, thing in enumerate(things):
        distance = thing.shape.hit(origins, directions)
        closer = distance < best
        best[closer] = distance[closer]
        which[closer] = number
    return best, which


def lit(things: list[Thing], origins: np.ndarray, directions: np.ndarray, reach) -> np.ndarray:
    """Return for each ray whether nothing stands within `reach` metres, shape (N,)."""
    free = np.ones(origins.shape[1], bool)
    reach = np.broadcast_to(np.asarray(reach, np.float32), free.shape)
    for thing in things:
        if not thing.shadow:
            continue
        rays = np.flatnonzero(free)
        if not rays.size:
            break
        free[rays] = thing.shape.hit(origins[:, rays], directions[:, rays]) >= reach[rays]
    return free


def surfaces(things: list[Thing], which: np.ndarray, points: np.ndarray):
    """Return normals (3, N) and one Surface with every field as a full array, for hit points."""
    count = points.shape[1]
    normals = np.zeros((3, count), np.float32)
    whole = Surface(*(np.zeros((3, count), np.float32) for _ in range(2)))
    whole.mirror, whole.celsius, whole.roughness = np.zeros((3, count), np.float32)
    for number in np.unique(which):
        rays = np.flatnonzero(which == number)
        thing = things[number]
        normals[:, rays] = thing.shape.normal(points[:, rays])
        part = thing.material(points[:, rays], normals[:, rays])
        whole.albedo[:, rays] = part.albedo
        if part.emission is not None:
            whole.emission[:, rays] = part.emission
        whole.mirror[rays] = part.mirror
        whole.roughness[rays] = part.roughness
        whole.celsius[rays] = part.celsius
    return normals, whole


def _around(axis: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return directions with a cosine density around unit `axis` (3, N)."""
    height = 2 * u - 1  # a point of the unit sphere added to the axis
    flat, angle = np.sqrt(np.maximum(1 - height**2, 0)), 2 * np.pi * v
    aimed = axis + np.stack([flat * np.cos(angle), height, flat * np.sin(angle)])
    return aimed / (np.linalg.norm(aimed, axis=0) + 1e-9)


def _one_lamp(lamps, points, normals, pixels, sample, dimension):
    """Choose one lamp for each point, the likelier the more it would give if nothing stood between.

    Returns direction (3, N), reach (N,) and what arrives divided by the chance (3, N): one shadow
    ray serves for all lamps, and on average the result is the same.
    """
    strengths = np.zeros((len(lamps), points.shape[1]), np.float32)
    aims = np.zeros((len(lamps), *points.shape), np.float32)
    reaches = np.zeros_like(strengths)
    for number, lamp in enumerate(lamps):
        u, v = stratified(pixels, sample, dimension + number + 1)
        height, angle = 2 * u - 1, 2 * np.pi * v
        flat = np.sqrt(np.maximum(1 - height**2, 0))
        jitter = np.stack([flat * np.cos(angle), height, flat * np.sin(angle)])
        towards = column(lamp.place) + jitter * np.float32(lamp.radius) - points
        far = np.linalg.norm(towards, axis=0) + 1e-6
        towards /= far
        strength = np.maximum((towards * normals).sum(axis=0), 0) / np.maximum(far, 0.05) ** 2
        if lamp.aim is not None:
            cosine = -(towards * column(lamp.aim)).sum(axis=0)
            strength = strength * np.clip((cosine - lamp.spread) / (1 - lamp.spread), 0, 1) ** 1.5
        strengths[number] = strength * max(lamp.colour)
        aims[number] = towards
        # rays stop just short of the lamp, so that its own globe casts no shadow
        reaches[number] = far - lamp.radius * 1.5 - 0.02
    total = strengths.sum(axis=0)
    pick, _ = stratified(pixels, sample, dimension + 60)
    chosen = (np.cumsum(strengths, axis=0) <= pick * total).sum(axis=0)
    chosen = np.minimum(chosen, len(lamps) - 1)
    columns = np.arange(points.shape[1])
    hues = np.stack([np.asarray(lamp.colour, np.float32) / max(lamp.colour) for lamp in lamps])
    return aims[chosen, :, columns].T, reaches[chosen, columns], hues[chosen].T * total


def _direct(scene, points, normals, pixels, sample, depth):
    """Return the irradiance over pi from lamps, suns and windows, (3, N)."""
    total = np.zeros_like(points)
    raised = points + normals * np.float32(4e-3)
    dimension = 100 * (depth + 1)

    def add(direction, reach, arriving, needed):
        rays = np.flatnonzero(needed)
        if rays.size:
            free = lit(scene.things, raised[:, rays], direction[:, rays], np.asarray(reach)[rays])
            rays = rays[free]
            total[:, rays] += arriving[:, rays] / np.float32(np.pi)

    if scene.lamps:
        towards, far, arriving = _one_lamp(scene.lamps, raised, normals, pixels, sample, dimension)
        add(towards, far, arriving, arriving.max(axis=0) > 2e-4)
        dimension += len(scene.lamps)
    for sun in scene.suns:
        dimension += 1
        u, v = stratified(pixels, sample, dimension)
        spread = np.stack([u - 0.5, v - 0.5, (u + v) % 1 - 0.5]) * np.float32(2 * sun.radius)
        towards = column(sun.direction) + spread
        towards /= np.linalg.norm(towards, axis=0)
        cosine = np.maximum((towards * normals).sum(axis=0), 0)
        add(towards, np.full(cosine.shape, np.inf), column(sun.colour) * cosine, cosine > 0)
    for window in scene.windows:
        dimension += 1
        u, v = stratified(pixels, sample, dimension)
        first, second = (column(edge) for edge in window.edges)
        towards = column(window.corner) + first * u + second * v - raised
        far = np.linalg.norm(towards, axis=0) + 1e-6
        towards /= far
        area = np.linalg.norm(np.cross(first[:, 0], second[:, 0]))
        facing = np.maximum(-(towards * column(window.inward)).sum(axis=0), 0)
        cosine = np.maximum((towards * normals).sum(axis=0), 0)
        strength = facing * cosine * np.float32(area) / np.maximum(far, 0.3) ** 2
        add(towards, far, scene.sky(towards) * strength, strength > 1e-5)
    return total


def radiance(scene: Scene, origins, directions, pixels, sample, depth=0, sharp=True):
    """Return the light that arrives along each ray, linear RGB (3, N).

    Args:
        origins, directions: (3, N) float32, directions of unit length.
        pixels: (N,) integer pixel numbers, the key of all random choices.
        sample: number of the sample within each pixel.
        depth: bounces so far. sharp: whether the ray came by eye or mirror, (N,) or bool.
    """
    distance, which = nearest(scene.things, origins, directions)
    hit = np.flatnonzero(which >= 0)
    result = np.zeros_like(directions)
    miss = which < 0
    if depth and scene.windows:  # windows are sampled directly: not to be counted twice
        miss = miss & np.broadcast_to(sharp, miss.shape)
    if miss.any():
        result[:, miss] = scene.sky(directions[:, miss])
    if hit.size:
        heading = directions[:, hit]
        points = origins[:, hit] + heading * distance[hit]
        normals, surface = surfaces(scene.things, which[hit], points)
        normals = np.where((normals * heading).sum(axis=0) > 0, -normals, normals)
        light = surface.albedo * _direct(scene, points, normals, pixels[hit], sample, depth)
        glow = surface.emission
        blunt = ~np.broadcast_to(sharp, which.shape)[hit]
        light += np.where(blunt, np.minimum(glow, scene.indirect_limit), glow)
        if depth >= scene.bounces:
            light += surface.albedo * column(scene.ambient)
        if depth <= scene.bounces:
            light += _bounce(scene, points, normals, heading, surface, pixels[hit], sample, depth)
        result[:, hit] = light
    if scene.fog is not None:
        density, colour = scene.fog
        clear = np.exp(-np.float32(density) * np.minimum(distance, 1e4))
        result = result * clear + column(colour) * (1 - clear)
    return result


def _bounce(scene, points, normals, heading, surface, pixels, sample, depth):
    """Return the light that comes by one more bounce, mirror or diffuse by chance, (3, N)."""
    facing = np.clip(-(heading * normals).sum(axis=0), 0, 1)
    shine = surface.mirror + (1 - surface.mirror) * (1 - facing) ** 5 * (surface.mirror > 0)
    u, v = stratified(pixels, sample, 7 + depth)
    pick, second = stratified(pixels, sample, 50 + depth)
    mirrored = pick < shine
    if depth >= scene.bounces:  # the last bounce serves mirrors alone
        follow = mirrored if depth == scene.bounces else np.zeros_like(mirrored)
    else:
        follow = np.ones_like(mirrored)
    light = np.zeros_like(points)
    rays = np.flatnonzero(follow)
    if not rays.size:
        return light
    normals, heading, mirrored = normals[:, rays], heading[:, rays], mirrored[rays]
    diffuse = _around(normals, u[rays], v[rays])
    reflected = heading - 2 * (heading * normals).sum(axis=0) * normals
    scatter = np.stack([u[rays] - 0.5, v[rays] - 0.5, second[rays] - 0.5])
    reflected = reflected + scatter * surface.roughness[rays]
    reflected /= np.linalg.norm(reflected, axis=0)
    direction = np.where(mirrored, reflected, diffuse).astype(np.float32)
    start = points[:, rays] + normals * np.float32(4e-3)
    incoming = radiance(scene, start, direction, pixels[rays], sample, depth + 1, mirrored)
    limit = np.float32(scene.indirect_limit)
    incoming = np.where(mirrored, np.minimum(incoming, 8 * limit), np.minimum(incoming, limit))
    tint = np.where(mirrored, 1, surface.albedo[:, rays])
    light[:, rays] = incoming * tint
    return light
