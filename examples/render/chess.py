"""A chess board seen through a wide lens: first the near pieces are in focus, then the far ones."""

from dataclasses import replace

import numpy as np

from examples.render.camera import Camera
from examples.render.denoise import denoise
from examples.render.distances import ball, drum, ellipsoid, limb, melt
from examples.render.light import Lamp, Scene, Surface, Thing, column
from examples.render.noise import fractal_noise, hashed, value_noise
from examples.render.sensor import develop
from examples.render.shapes import Box, Ground, Solid

SQUARE = 0.055  # metres
CAMERA = Camera((-0.03, 0.205, -0.47), (0.0, 0.028, 0.0), 528, 400, 38.0, aperture=0.010)
NEAR_FOCUS, FAR_FOCUS = 0.345, 0.74


def _marble(colour, vein, seed):
    def tone(x, y, z):
        warp = fractal_noise(x * 26, y * 26, z * 26, octaves=4, seed=seed)
        line = np.abs(np.sin((x * 40 + z * 55 + y * 30) + 9 * warp)) ** 0.35
        return column(colour) * line + column(vein) * (1 - line)

    return tone


PALE, DARK = (
    _marble((0.70, 0.64, 0.52), (0.42, 0.34, 0.24), 3),
    _marble((0.13, 0.065, 0.04), (0.30, 0.20, 0.12), 9),
)


def _table(points, normals):
    x, y, z = points
    column_of, row = np.floor(x / SQUARE).astype(int), np.floor(z / SQUARE).astype(int)
    inside = (np.abs(x) < 4 * SQUARE) & (np.abs(z - SQUARE) < 4 * SQUARE)
    frame = (np.abs(x) < 4.6 * SQUARE) & (np.abs(z - SQUARE) < 4.6 * SQUARE) & ~inside
    board = np.where((column_of + row) % 2 == 0, PALE(x, y, z), DARK(x, y, z))
    fibre = fractal_noise(x * 18, z * 240, octaves=4, seed=5)
    ring = 0.5 + 0.5 * np.sin(z * 260 + 7 * fractal_noise(x * 7, z * 16, octaves=3, seed=6))
    wood = column((0.36, 0.19, 0.085)) * (0.35 + 0.6 * fibre + 0.35 * ring)
    rim = column((0.16, 0.075, 0.035)) * (0.5 + 0.8 * fibre)
    albedo = np.where(inside, board, np.where(frame, rim, wood))
    seam = inside & (
        (np.abs(x / SQUARE % 1 - 0.5) > 0.488) | (np.abs(z / SQUARE % 1 - 0.5) > 0.488)
    )
    albedo = np.where(seam, 0.03, albedo)
    shine = np.where(inside, 0.05, 0.03)
    return Surface(albedo.astype(np.float32), mirror=shine, roughness=0.05)


def _foot(r, y):
    """Return the turned base that all pieces share: two steps and a ring."""
    base = drum(r, y - 0.004, 0.0175, 0.004, 0.002)
    base = melt(base, drum(r, y - 0.0105, 0.0145, 0.003, 0.0025), 0.003)
    return melt(base, drum(r, y - 0.0155, 0.0115, 0.002, 0.0015), 0.003)


def _turned(kind: str):
    """Return the signed distance of a piece (x, y from its foot, z) and its height."""
    heights = {"pawn": 0.048, "rook": 0.056, "bishop": 0.068, "queen": 0.079, "king": 0.088}
    height = heights[kind]

    def distance(x, y, z):
        r = np.hypot(x, z)
        neck = height * 0.66
        stem = limb(
            x, y, z, (0, 0.014, 0), (0, neck, 0), 0.0105, 0.0055 if kind != "rook" else 0.0085
        )
        body = melt(_foot(r, y), stem, 0.008)
        collar = drum(r, y - neck, 0.0095, 0.0016, 0.001)
        body = melt(body, collar, 0.003)
        if kind == "pawn":
            return melt(body, ball(x, y - height + 0.0085, z, 0.0085), 0.002)
        if kind == "rook":
            top = drum(r, y - height + 0.008, 0.0125, 0.008, 0.001)
            top = np.maximum(top, -drum(r, y - height + 0.001, 0.0085, 0.006, 0.0005))
            notch = np.maximum(np.minimum(np.abs(x), np.abs(z)) - 0.0026, height - 0.007 - y)
            return melt(body, np.maximum(top, -notch), 0.003)
        if kind == "bishop":
            head = melt(
                ellipsoid(x, y - height + 0.015, z, (0.0088, 0.0135, 0.0088)),
                ball(x, y - height + 0.0015, z, 0.0026),
                0.002,
            )
            slit = np.maximum(np.abs((x + (y - height + 0.013)) * 0.7) - 0.0010, 0.001 - x)
            return melt(body, np.maximum(head, -slit), 0.003)
        crown = np.maximum(
            np.abs(r - 0.0035 - 0.30 * (y - neck)) - 0.0035, np.abs(y - height + 0.016) - 0.010
        )
        if kind == "queen":
            angle = np.arctan2(z, x)
            crown = np.maximum(crown, y - height + 0.0085 - 0.0025 * np.cos(8 * angle))
            return melt(
                melt(body, crown * 0.8, 0.003), ball(x, y - height + 0.005, z, 0.0048), 0.002
            )
        cup = drum(r, y - height + 0.018, 0.0105, 0.008, 0.003)
        cross = np.minimum(
            np.maximum(
                np.maximum(np.abs(x) - 0.0016, np.abs(z) - 0.0016), np.abs(y - height) - 0.0095
            ),
            np.maximum(
                np.maximum(np.abs(x) - 0.0055, np.abs(z) - 0.0016),
                np.abs(y - height - 0.003) - 0.0017,
            ),
        )
        return np.minimum(melt(body, cup, 0.003), cross)

    return distance, height


def _piece(kind: str, file: int, rank: int, pale: bool) -> Thing:
    """Return a piece in the middle of a square; file and rank count from the board's middle."""
    distance, height = _turned(kind)
    half = (0.018, height / 2 + 0.012, 0.018)
    place = ((file + 0.5) * SQUARE, height / 2, (rank + 0.5) * SQUARE)
    shape = Solid(lambda x, y, z: distance(x, y + height / 2, z), place, half, 56, 0.85)
    hue = (0.62, 0.44, 0.25) if pale else (0.085, 0.036, 0.020)

    def material(points, normals):
        x, y, z = points
        bend = fractal_noise(x * 30, y * 18, z * 30, octaves=3, seed=11 + file)
        rings = 0.5 + 0.5 * np.sin((np.hypot(x - place[0] + 0.02, z - place[2]) * 1500) + 6 * bend)
        pores = value_noise(x * 900, y * 160, z * 900, seed=12)
        tone = 0.62 + 0.25 * rings + 0.35 * bend - 0.16 * (pores > 0.7)
        return Surface((column(hue) * tone).astype(np.float32), mirror=0.045, roughness=0.06)

    return Thing(shape, material)


def _shelf(points, normals):
    """The wall of books behind the table."""
    x, y, _ = points
    edge = x / 0.036 + 0.4 * np.sin(x * 17)
    book, shelf = np.floor(edge).astype(int), np.floor((y + 0.10) / 0.30).astype(int)
    tall = (y + 0.10) / 0.30 % 1
    cover = np.stack([hashed(book, shelf, 32 + k) for k in range(3)]) ** 1.5 * 0.5 + 0.03
    gilt = (
        (np.abs(tall - 0.2) < 0.02)
        | (np.abs(tall - 0.66) < 0.015)
        | (
            (tall > 0.3)
            & (tall < 0.58)
            & (np.abs(edge % 1 - 0.5) < 0.14)
            & (value_noise(tall * 40, edge, seed=33) > 0.5)
        )
    )
    cover = np.where(gilt, column((0.60, 0.47, 0.2)), cover)
    cover = np.where(tall > 0.72 + 0.2 * hashed(book, shelf, 31), 0.02, cover)
    cover = np.where(np.abs(edge % 1 - 0.5) > 0.43, cover * 0.3, cover)
    cover = np.where(tall < 0.05, column((0.25, 0.14, 0.07)), cover)
    return Surface(cover.astype(np.float32))


def scene() -> Scene:
    """Return the table with a game in progress, lamps from both sides."""
    pieces = [
        ("king", -1, -4, True),
        ("pawn", -3, -3, True),
        ("bishop", 0, -3, True),
        ("pawn", 1, -4, True),
        ("rook", 2, -2, True),
        ("pawn", -2, -1, False),
        ("queen", 1, 0, False),
        ("pawn", -4, 0, True),
        ("king", -1, 3, False),
        ("rook", -3, 3, False),
        ("bishop", 1, 3, False),
        ("rook", 3, 4, False),
        ("pawn", -2, 2, False),
        ("pawn", 0, 2, False),
        ("pawn", 2, 3, False),
        ("pawn", -4, 2, False),
        ("queen", -2, 4, False),
    ]
    things = [Thing(Ground(0.0), _table), Thing(Box((0, 0.6, 1.25), (2.5, 1.2, 0.03)), _shelf)]
    things += [_piece(*piece) for piece in pieces]

    def sky(directions):
        height = np.clip(0.5 + 0.5 * directions[1], 0, 1)
        panel = np.clip((directions[0] * -0.7 + directions[1] * 0.6 - 0.55) * 5, 0, 1)
        return (column((0.22, 0.20, 0.18)) * height + column((1.3, 1.25, 1.15)) * panel).astype(
            np.float32
        )

    lamps = [
        Lamp((-0.7, 0.8, -0.15), (0.95, 0.86, 0.72), 0.10),
        Lamp((0.8, 0.55, 0.5), (0.32, 0.36, 0.45), 0.12),
        Lamp((0.1, 0.9, 1.0), (0.35, 0.29, 0.20), 0.1),
    ]
    return Scene(things, sky, lamps, ambient=(0.10, 0.09, 0.08), indirect_limit=1.0)


def render(samples: int = 16, camera: Camera = CAMERA) -> dict[str, np.ndarray]:
    """Return {"a": near pieces in focus, "b": far pieces in focus}, uint8 (H, W, 3)."""
    game = scene()
    pictures = {}
    for source, focus in (("a", NEAR_FOCUS), ("b", FAR_FOCUS)):
        focused = replace(camera, focus=focus)
        light = focused.photograph(game, samples)
        light = denoise(light, focused.guides(game, samples), levels=3)
        pictures[source] = develop(light, 2.1, noise=0.0008, seed=85, fall_off=0.05)
    return pictures
