"""A source image as models take it."""

import io

from PIL import Image

from film_core.images.source import SourceImage

MOST_SIDE = 1024
"""Models scale images down to less than this anyway."""


def small_png(image: SourceImage) -> bytes:
    """Return `image` as an 8-bit PNG of at most 1024 pixels a side, without any metadata."""
    picture = Image.fromarray(image.rgb)
    picture.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
