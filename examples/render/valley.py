"""Sunset over a mountain lake, painted in layers: a bright sky above a foreground in shade."""

import numpy as np
from scipy import ndimage

from examples.render.noise import fractal_noise, hashed, value_noise
from examples.render.sensor import develop

WIDTH, HEIGHT, OVERSAMPLING = 560, 400, 2
SUN = (0.335, 0.405)  # fractions of width and height
HORIZON = 0.56  # the far shore of the lake


def _rgb(*colour: float) -> np.ndarray:
    return np.asarray(colour, np.float32)


def _over(picture: np.ndarray, cover: np.ndarray, colour: np.ndarray) -> np.ndarray:
    return picture + (colour - picture) * cover[..., None]


def _ridge(x: np.ndarray, level: float, rise: float, scale: float, seed: int) -> np.ndarray:
    """Return the height of a crest (fraction from the top) along x, sharp-edged at the summits."""
    folded = 0.0
    weight = 0.0
    for octave in range(7):
        part = np.abs(
            2 * value_noise(x * scale * 2**octave, np.full_like(x, 0.37), seed=seed + octave) - 1
        )
        folded = folded + (1 - part) / 1.9**octave
        weight += 1 / 1.9**octave
    return level - rise * (folded / weight - 0.5)


def _sky(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    up = np.clip((HORIZON - y) / HORIZON, 0, 1)
    away = np.hypot((x - SUN[0]) * 1.4, y - SUN[1])
    colour = (
        _rgb(0.55, 0.95, 2.1) * up[..., None] + _rgb(4.8, 2.7, 1.15) * np.exp(-3.6 * up)[..., None]
    )
    colour = colour + _rgb(30, 17, 7) * np.exp(-9 * away)[..., None]
    depth = 0.55 / (up + 0.16)  # clouds grow smaller towards the horizon
    bands = fractal_noise(x * 3.2 * depth + 1.5, up * 15 * depth**0.4, octaves=7, seed=3)
    thick = np.clip((bands - 0.47) * 5.5, 0, 1)
    above = fractal_noise(x * 3.2 * depth + 1.5, (up + 0.012) * 15 * depth**0.4, octaves=7, seed=3)
    rim = np.clip((bands - above) * 9 + 0.25, 0, 1)  # lit from below where it thins downwards
    lit = _rgb(14, 6.2, 2.6) * (np.exp(-2.6 * away) * (0.35 + rim))[..., None]
    shade = _rgb(0.75, 0.62, 0.85) * (0.5 + 0.6 * up)[..., None]
    colour = _over(colour, 0.9 * thick, lit + shade)
    disc = np.clip((0.020 - away) / 0.003, 0, 1)
    return _over(colour, disc, _rgb(420, 330, 190))


def _mountains(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    layers = ((0.47, 0.16, 2.3, 20), (0.50, 0.13, 3.6, 40), (0.545, 0.085, 5.5, 60))
    for number, (level, rise, scale, seed) in enumerate(layers):
        crest = _ridge(x, level, rise, scale, seed)
        below = np.clip(y - crest, 0, 1)
        rock = fractal_noise(x * 38 + y * 20, y * 70 - x * 24, octaves=5, seed=seed + 9)
        slope = np.clip(0.5 + (rock - 0.5) * 2.4, 0, 1)
        haze = _rgb(2.4, 1.25, 0.72) * np.exp(-2.8 * np.abs(x - SUN[0]))[..., None] + _rgb(
            0.34, 0.36, 0.55
        )
        stone = _rgb(0.15, 0.15, 0.20) * (0.4 + slope)[..., None]
        snow = (rock > 0.5 + 1.9 * (below - 0.015)) & (number < 2)
        stone = np.where(snow[..., None], _rgb(0.65, 0.58, 0.66) * (0.5 + slope)[..., None], stone)
        clear = (0.40, 0.58, 0.86)[number]
        colour = stone * clear + haze * (1 - clear) * (0.75 + 2.2 * below)[..., None]
        picture = _over(picture, (y > crest).astype(np.float32), colour)
    crest = HORIZON - 0.012 - 0.016 * fractal_noise(x * 9, np.zeros_like(x), octaves=3, seed=80)
    spikes = 0.022 * np.abs((x * 150 + 0.6 * value_noise(x * 60, y * 0, seed=81)) % 1 - 0.5)
    spikes = spikes * (0.5 + hashed(np.floor(x * 150).astype(int), 82))
    woods = (y > crest - 0.011 + spikes) & (y < HORIZON + 0.004)
    needle = fractal_noise(x * 160, y * 160, octaves=3, seed=83)
    return _over(
        picture, woods.astype(np.float32), _rgb(0.05, 0.06, 0.06) * (0.5 + needle)[..., None]
    )


def _lake(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mirror what is above the far shore, stretched and broken by ripples."""
    near = np.clip((y - HORIZON) / (1 - HORIZON), 0, 1)
    distance = 1 / (near + 0.05)
    ripple = (
        fractal_noise(x * 22 * distance**0.5, np.log(near + 0.03) * 26, octaves=4, seed=90) - 0.5
    )
    rows = np.clip(2 * HORIZON - y + 0.05 * ripple * (0.3 + 2 * near), 0, HORIZON)
    columns = np.clip(x + 0.006 * ripple, 0, 1)
    at = [rows * (picture.shape[0] - 1), columns * (picture.shape[1] - 1)]
    mirrored = np.stack(
        [ndimage.map_coordinates(picture[..., k], at, order=1) for k in range(3)], axis=-1
    )
    mirrored = (
        np.minimum(mirrored, 60) * (0.62 - 0.36 * near + 0.5 * np.maximum(ripple, 0))[..., None]
    )
    return _over(picture, (y > HORIZON).astype(np.float32), mirrored + _rgb(0.01, 0.02, 0.03))


def _shore(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The near bank: pebbles, grass and flowers in the shade."""
    edge = (
        0.80
        - 0.13 * np.clip(x - 0.45, 0, 1) ** 0.8
        + 0.022 * (fractal_noise(x * 7, x * 0, octaves=4, seed=100) - 0.5)
    )
    depth = np.clip((y - edge) / (1.0 - edge + 1e-3), 0, 1)
    size = 26 / (0.25 + depth)
    pebble = value_noise(x * size * 2.2, y * size * 3.4, seed=101)
    grit = fractal_noise(x * 170, y * 230, octaves=3, seed=102)
    stones = _rgb(0.105, 0.095, 0.09) * (0.25 + 0.9 * pebble + 0.5 * grit)[..., None]
    clump = fractal_noise(x * 8, y * 13, octaves=4, seed=103)
    blade = fractal_noise(x * 210 + 4 * clump, y * 46, octaves=3, seed=104)
    grass = _rgb(0.055, 0.085, 0.026) * (0.15 + 1.9 * blade * (0.4 + clump))[..., None]
    meadow = np.clip((clump + 0.55 * depth - 0.60) * 9, 0, 1)
    ground = _over(stones, meadow, grass)
    cell_x, cell_y = np.floor(x * 90).astype(int), np.floor(y * 120).astype(int)
    bloom = (hashed(cell_x, cell_y, 105) > 0.955) & (meadow > 0.7)
    centre = np.hypot(x * 90 % 1 - 0.5, y * 120 % 1 - 0.5) < 0.30
    petal = np.where(
        (hashed(cell_x, cell_y, 106) > 0.5)[..., None],
        _rgb(0.30, 0.27, 0.20),
        _rgb(0.32, 0.05, 0.09),
    )
    ground = _over(ground, (bloom & centre).astype(np.float32), petal)
    wet = np.clip(1 - (y - edge) / 0.02, 0, 1)
    cover = np.clip((y - edge) * 300, 0, 1)
    return _over(picture, cover, ground * (1 - 0.5 * wet)[..., None])


def _fir(picture, x, y, foot: tuple[float, float], height: float, seed: int):
    """A fir in front of the light, its needles just told apart."""
    level = (foot[1] - y) / height
    inside = (level > 0) & (level < 1)
    along = np.clip(level, 0, 1)
    tiers = 13 + int(4 * hashed(seed, 1))
    wobble = 0.5 * value_noise(along * 40, np.sign(x - foot[0]) * 3 + 5, seed=seed)
    tier = (along * tiers + wobble) % 1
    width = 0.25 * height * (1 - along) ** 0.95 * (1.05 - 0.62 * tier)
    ragged = 0.055 * height * (1 - along) * (value_noise(x * 420, y * 300, seed=seed + 1) - 0.5)
    aspect = WIDTH / HEIGHT
    crown = inside & (along > 0.06) & (np.abs(x - foot[0]) * aspect < width + ragged)
    stem = inside & (np.abs(x - foot[0]) * aspect < 0.013 * height * (1 - along))
    needle = fractal_noise(x * 240, y * 150, octaves=3, seed=seed + 2)
    light = (0.35 + 0.8 * needle) * (0.6 + 0.7 * (1 - tier))
    colour = _rgb(0.030, 0.050, 0.030) * light[..., None]
    cover = (crown | stem).astype(np.float32)
    return _over(
        picture,
        cover,
        np.where(crown[..., None], colour, _rgb(0.06, 0.04, 0.03) * needle[..., None]),
    )


def _cabin(picture, x, y):
    """A log cabin on the bank with a lamp behind its window."""
    left, right, top, bottom = 0.715, 0.885, 0.615, 0.775
    u, v = (x - left) / (right - left), (y - top) / (bottom - top)
    wall = (u > 0) & (u < 1) & (v > 0) & (v < 1)
    log = v * 11
    round_ = np.sqrt(np.clip(1 - (2 * (log % 1) - 1) ** 2, 0, 1))
    grain = fractal_noise(x * 46, y * 420, octaves=3, seed=120)
    timber = _rgb(0.125, 0.080, 0.050) * ((0.25 + 0.8 * round_) * (0.5 + grain))[..., None]
    door = (np.abs(u - 0.72) < 0.095) & (v > 0.34)
    plank = 0.6 + 0.4 * (np.abs(u * 60 % 1 - 0.5) < 0.42)
    timber = _over(
        timber,
        door.astype(np.float32),
        _rgb(0.05, 0.075, 0.075) * (plank * (0.5 + grain))[..., None],
    )
    frame = (np.abs(u - 0.30) < 0.155) & (np.abs(v - 0.48) < 0.20)
    pane = (np.abs(u - 0.30) < 0.130) & (np.abs(v - 0.48) < 0.165)
    bar = (np.abs(u - 0.30) < 0.010) | (np.abs(v - 0.48) < 0.014)
    timber = _over(timber, frame.astype(np.float32), _rgb(0.16, 0.14, 0.11) + 0 * x[..., None])
    glow = np.exp(-6 * np.hypot(u - 0.33, (v - 0.44) * 0.8))
    curtain = (np.abs(np.abs(u - 0.30) - 0.105) < 0.03) & (v < 0.62)
    inside = _rgb(0.85, 0.50, 0.19) * (0.35 + 0.9 * glow)[..., None]
    inside = np.where(
        curtain[..., None],
        _rgb(0.40, 0.10, 0.06) * (0.6 + 0.5 * np.sin(u * 300))[..., None],
        inside,
    )
    timber = _over(timber, (pane & ~bar).astype(np.float32), inside)
    picture = _over(picture, wall.astype(np.float32), timber)
    slope = np.abs(x - 0.80) / 0.108
    roof = (slope < 1) & (y > top - 0.075 * (1 - slope)) & (y < top + 0.012)
    shingle = fractal_noise(x * 130, y * 90, octaves=2, seed=123) * (
        0.6 + 0.5 * (np.abs(y * 130 % 1 - 0.5) < 0.4)
    )
    picture = _over(
        picture, roof.astype(np.float32), _rgb(0.075, 0.062, 0.060) * (0.3 + shingle)[..., None]
    )
    chimney = (np.abs(x - 0.845) < 0.009) & (y > top - 0.085) & (y < top - 0.02)
    picture = _over(
        picture, chimney.astype(np.float32), _rgb(0.07, 0.055, 0.05) * (0.5 + shingle)[..., None]
    )
    drift = 0.004 * np.sin((top - y) * 55) + 0.25 * np.clip(top - 0.085 - y, 0, 1) ** 1.4
    smoke = np.exp(-(((x - 0.845 - drift) / (0.006 + 0.09 * np.clip(top - y, 0, 1))) ** 2))
    smoke = smoke * np.clip((top - 0.085 - y) * 40, 0, 1) * np.exp(-9 * np.clip(top - y, 0, 1))
    wisps = fractal_noise(x * 30, y * 22, octaves=4, seed=125)
    return _over(
        picture, np.clip(smoke * wisps * 1.1, 0, 0.6), _rgb(0.9, 0.75, 0.7) + 0 * x[..., None]
    )


def _pier(picture, x, y):
    """A plank pier with a rowing boat tied to it."""
    along = (y - 0.675) / 0.165
    centre, half = 0.50 + 0.055 * along, 0.010 + 0.030 * along
    deck = (along > 0) & (along < 1) & (np.abs(x - centre) < half)
    board = 1 / (along * 0.7 + 0.12)
    gap = np.abs(board * 9 % 1 - 0.5) > 0.40
    wood = fractal_noise(x * 70, board * 30, octaves=3, seed=130)
    colour = _rgb(0.115, 0.095, 0.080) * ((0.4 + wood) * np.where(gap, 0.35, 1))[..., None]
    for step in np.linspace(0.08, 0.95, 5):
        for side in (-1, 1):
            post_x, post_y = (
                0.50 + 0.055 * step + side * (0.010 + 0.030 * step),
                0.675 + 0.165 * step,
            )
            post = (np.abs(x - post_x) < 0.0016 + 0.0028 * step) & (
                y > post_y - 0.016 - 0.03 * step
            )
            post &= y < post_y + 0.012 + 0.02 * step
            picture = _over(
                picture, post.astype(np.float32), _rgb(0.035, 0.028, 0.024) + 0 * x[..., None]
            )
    picture = _over(picture, deck.astype(np.float32), colour)
    u, v = (x - 0.405) / 0.062, (y - 0.765) / 0.020
    rim = -0.55 * u**2 + 0.25 * u
    hull = (
        (np.abs(u) < 1)
        & (v > -0.2 + rim * -0.6 - 0.35 * u**4)
        & (v < 1.15 * np.sqrt(np.clip(1 - u**2, 0, 1)))
    )
    stripe = (v > 0.02 - 0.35 * u**4) & (v < 0.22 - 0.35 * u**4)
    paint = np.where(stripe[..., None], _rgb(0.20, 0.18, 0.15), _rgb(0.115, 0.022, 0.020))
    return _over(picture, hull.astype(np.float32), paint * (0.8 + 0.3 * wood)[..., None])


def radiance(oversampling: int = OVERSAMPLING) -> np.ndarray:
    """Return the whole view as linear RGB, float32 (HEIGHT, WIDTH, 3), brightest about 400."""
    rows, columns = HEIGHT * oversampling, WIDTH * oversampling
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    x, y = (x + 0.5) / columns, (y + 0.5) / rows
    picture = _mountains(_sky(x, y), x, y)
    picture = _shore(_lake(picture, x, y), x, y)
    picture = _cabin(_pier(picture, x, y), x, y)
    firs = (
        (0.685, 0.79, 0.30),
        (0.935, 0.775, 0.46),
        (0.99, 0.80, 0.55),
        (0.895, 0.765, 0.25),
        (0.045, 0.985, 0.80),
        (0.135, 0.93, 0.50),
        (-0.01, 0.95, 0.60),
    )
    for number, (foot_x, foot_y, height) in enumerate(firs):
        picture = _fir(picture, x, y, (foot_x, foot_y), height, 140 + 10 * number)
    blocks = (HEIGHT, oversampling, WIDTH, oversampling, 3)
    return picture.reshape(blocks).mean(axis=(1, 3)).astype(np.float32)


def render() -> dict[str, np.ndarray]:
    """Return {"a": over-exposed, "b": under-exposed}, uint8 (HEIGHT, WIDTH, 3)."""
    light = radiance()
    halo = ndimage.gaussian_filter(np.minimum(light, 90), (9, 9, 0)) * 0.03
    options = {"noise": 0.0008, "fall_off": 0.05, "shoulder": False}
    return {
        "a": develop(light + halo, 2.0, seed=151, **options),
        "b": develop(light + halo, 0.085, seed=152, **options),
    }
