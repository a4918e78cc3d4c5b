"""Words on walls, signs and book spines: text drawn once and looked up as a texture."""

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont


@cache
def written(text: str, bold: bool = True, margin: float = 0.2, points: int = 120) -> np.ndarray:
    """Return `text` as coverage in [0, 1], float32 (H, W), in matplotlib's own DejaVu Sans."""
    face = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    font = ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts/ttf" / face, points)
    left, top, right, bottom = font.getbbox(text)
    edge = int(points * margin)
    picture = Image.new("L", (right - left + 2 * edge, bottom - top + 2 * edge), 0)
    ImageDraw.Draw(picture).text((edge - left, edge - top), text, 255, font)
    return np.asarray(picture, np.float32) / 255


def printed(texture: np.ndarray, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Return the texture's value at places in [0, 1]; outside it is 0.

    Args:
        texture: (H, W) or (H, W, C). across, down: (N,) fractions of its width and height.
    """
    height, width = texture.shape[:2]
    column = np.floor(across * width).astype(np.int64)
    row = np.floor(down * height).astype(np.int64)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    value = texture[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    return value * (inside if texture.ndim == 2 else inside[:, None])
