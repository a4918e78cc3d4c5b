"""From a file to luminance and chroma, and from a fused luminance to a picture in a file.

`read_image` checks a file's header against `ImageLimits` before anything is decoded; `pair` brings
two sources to one size; `compose` gives the fused luminance its colour; `write_image` writes PNG
all at once or not at all.
"""

from film_core.images.composing import compose, quantise
from film_core.images.guessing import Suggestion, guess
from film_core.images.headers import Header, read_header
from film_core.images.limits import ImageLimits
from film_core.images.pairing import PairedSources, pair
from film_core.images.reading import read_image, read_text
from film_core.images.source import SourceImage
from film_core.images.writing import check_ending, encode_png, write_image

__all__ = [
    "Header",
    "ImageLimits",
    "PairedSources",
    "SourceImage",
    "Suggestion",
    "check_ending",
    "compose",
    "encode_png",
    "guess",
    "pair",
    "quantise",
    "read_header",
    "read_image",
    "read_text",
    "write_image",
]
