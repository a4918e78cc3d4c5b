"""From light to grey levels: exposure, tone curve, glare, vignetting, grain, thermal detector."""

import numpy as np
from scipy import ndimage

from examples.render.noise import hashed


def _pixels(shape: tuple[int, int]) -> np.ndarray:
    return np.arange(shape[0] * shape[1]).reshape(shape)


def grain(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Return standard normal noise of `shape`, float32 (Box-Muller on hashed pixel numbers)."""
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    radius = np.sqrt(-2 * np.log(1 - hashed(numbers, seed, 11) + 1e-12))
    return (radius * np.cos(2 * np.pi * hashed(numbers, seed, 12))).astype(np.float32)


def vignette(shape: tuple[int, int], strength: float) -> np.ndarray:
    """Return the lens fall-off towards the corners, 1 in the middle, float32 (H, W)."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return (1 / (1 + strength * (x**2 + y**2)) ** 2).astype(np.float32)


def glare(picture: np.ndarray, amount: float, widths=(3.0, 12.0, 40.0)) -> np.ndarray:
    """Return `picture` (H, W, 3) with light scattered in the lens around bright places."""
    bright = np.maximum(picture - 0.9, 0)
    halo = sum(ndimage.gaussian_filter(bright, (w, w, 0)) for w in widths)
    return picture + np.float32(amount) * halo.astype(np.float32)


def develop(
    radiance: np.ndarray,
    exposure: float,
    contrast: float = 1.0,
    noise: float = 0.004,
    seed: int = 1,
    fall_off: float = 0.08,
    shoulder: bool = True,
) -> np.ndarray:
    """Return an 8-bit photograph, uint8 (H, W, 3).

    Args:
        radiance: linear RGB (H, W, 3).
        exposure: factor before the tone curve.
        contrast: power applied to the finished tones, around middle grey.
        noise: standard deviation of read noise in linear units; shot noise goes with it.
        seed: chooses the grain.
        fall_off: vignetting strength.
        shoulder: roll highlights off like film (Hable's curve); else clip like a bare sensor.
    """
    light = radiance * np.float32(exposure) * vignette(radiance.shape[:2], fall_off)[..., None]
    deviation = np.sqrt(noise**2 + 0.6 * noise * np.clip(light, 0, 1))
    light = np.maximum(light + deviation * grain(light.shape, seed), 0)
    if shoulder:
        light = _hable(2.2 * light) / _hable(np.float32(9.0))
    tones = np.clip(light, 0, 1) ** (1 / 2.2)
    if contrast != 1:
        tones = np.clip(0.5 + (tones - 0.5) * contrast, 0, 1)
    return np.rint(tones * 255).astype(np.uint8)


def _hable(x):
    a, b, c, d, e, f = 0.15, 0.50, 0.10, 0.20, 0.02, 0.30
    return ((x * (a * x + c * b) + d * e) / (x * (a * x + b) + d * f)) - e / f


def thermal_detector(celsius: np.ndarray, low: float, high: float, seed: int = 3) -> np.ndarray:
    """Return what an uncooled microbolometer shows, white for hot, uint8 (H, W).

    Optical blur of one pixel, slight column pattern and noise, then the range low..high degrees
    with a soft limit at both ends.
    """
    soft = ndimage.gaussian_filter(celsius, 0.9)
    columns = grain((1, celsius.shape[1]), seed + 1) * 0.10
    seen = soft + columns + grain(celsius.shape, seed) * 0.16
    tone = (seen - low) / (high - low)
    tone = np.where(tone > 0.8, 0.8 + 0.2 * np.tanh((tone - 0.8) / 0.2), tone)
    tone = np.where(tone < 0.1, 0.1 * np.exp((tone - 0.1) / 0.1), tone)
    return np.rint(np.clip(tone, 0, 1) * 255).astype(np.uint8)
