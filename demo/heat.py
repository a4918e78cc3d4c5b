"""Attention maps as pictures: a perceptual colour map of matplotlib laid over the grey source."""

import base64
import io
from dataclasses import dataclass

import numpy as np

COLOURS = ("inferno", "viridis", "magma", "cividis")  # perceptually uniform, safe in grey
SIGNED = "RdBu_r"  # for values with a sign: white at 0


@dataclass(frozen=True)
class Heat:
    """A drawn map.

    Attributes:
        png: the picture, as a data address.
        low, high: values at the ends of the colour scale.
        gradient: the colour scale as a CSS gradient.
    """

    png: str
    low: float
    high: float
    gradient: str


def draw(
    values: np.ndarray,
    under: np.ndarray,
    colours: str,
    strength: int,
    span: tuple[float, float] | None = None,
) -> Heat:
    """Draw a map over a picture.

    Args:
        values: (H, W) float32.
        under: (H, W) uint8 grey picture below it.
        colours: one of COLOURS, or SIGNED.
        strength: opacity of the map in percent.
        span: ends of the colour scale; None for the map's own minimum and maximum.
    """
    from PIL import Image

    low, high = span or span_of([values])
    picture = Image.fromarray(place_over(values, under, colours, strength, (low, high)))
    if max(picture.size) > 1280:
        picture.thumbnail((1280, 1280))
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    data = base64.b64encode(file.getvalue()).decode()
    return Heat(f"data:image/png;base64,{data}", low, high, gradient(colours))


def span_of(maps: list[np.ndarray], signed: bool = False) -> tuple[float, float]:
    """Return the ends of one colour scale for all `maps`; 0 is in its middle where `signed`."""
    low, high = min(float(m.min()) for m in maps), max(float(m.max()) for m in maps)
    if signed:
        high = max(-low, high)
        return -high, high
    return low, high


def place_over(
    values: np.ndarray, under: np.ndarray, colours: str, strength: int, span: tuple[float, float]
) -> np.ndarray:
    """Return (H, W, 3) uint8, the map over the picture; arguments as for `draw`."""
    from matplotlib import colormaps

    low, high = span
    scaled = (values - low) / ((high - low) or 1.0)
    heat = colormaps[colours](scaled)[..., :3].astype(np.float32)
    share = strength / 100.0
    mixed = share * heat + (1.0 - share) * (under[..., None].astype(np.float32) / 255.0)
    return np.rint(mixed * 255.0).astype(np.uint8)


def gradient(colours: str) -> str:
    """Return a colour map as a CSS gradient."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    stops = ", ".join(to_hex(colormaps[colours](x)) for x in np.linspace(0, 1, 9))
    return f"linear-gradient(90deg, {stops})"
