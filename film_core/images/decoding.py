"""Pillow's pixels at full depth.

Pillow decodes 16-bit RGB, RGBA and grey-with-alpha to 8 bits: its unpackers keep the high byte of
every sample. The low bytes are had by decoding once more with the unpacker for the other byte
order, which takes exactly the byte that the first one left. So one well-kept library, with its
security fixes, reads everything.
"""

import io
import struct
import sys
import warnings
import zlib
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from PIL import Image

from film_core.errors import ImageError
from film_core.images.headers import Header
from film_core.images.quiet import without_native_messages
from film_core.notes import Note

# What Pillow's plug-ins raise on damaged files, beside OSError; anything else is a bug of ours.
DECODER_FAILURES = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError,
    EOFError, RuntimeError, struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip

_ORIENTATION = 0x0112
_BITS_PER_SAMPLE = 258
_PHOTOMETRIC = 262
_PLANAR_CONFIGURATION = 284
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes an image upright, by its EXIF orientation."""
_WIDENED = {"L;2": 85, "L;4": 17}
"""What Pillow multiplies packed grey by, but not the grey that a PNG names as transparent."""


@dataclass(frozen=True)
class Pixels:
    """Decoded samples, upright.

    Attributes:
        samples: (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA; uint8, uint16 or float32.
        white: the value of full intensity; None for float samples, whose range is their own.
        notes: what was done on the way.
    """

    samples: np.ndarray
    white: float | None
    notes: list[str]


def decode(data: bytes, header: Header, name: str) -> Pixels:
    """Decode the first frame of `data`, whose header has been checked.

    Raises:
        ImageError: damaged or truncated data, a header that Pillow reads otherwise than we did, or
            a kind of pixel that has no agreed meaning here.
    """
    with ExitStack() as surroundings:
        if header.format == "TIFF":
            surroundings.enter_context(without_native_messages())
        surroundings.enter_context(warnings.catch_warnings())
        # Pillow warns of odd metadata, which doesn't concern the pixels, and of large images,
        # which our own limits have already judged.
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(data), formats=[header.format])
            if sorted(image.size) != sorted((header.width, header.height)):
                raise ValueError("two sizes in one header")
            return _decode(image, data, header)
        except _PixelKindError as refused:
            raise ImageError(
                "image.pixel_kind",
                "'{name}' holds {kind}, which can't be fused: convert it to 8 or 16 bit grey "
                "or RGB.",
                name=name, kind=str(refused),
            ) from None  # fmt: skip
        except Image.UnidentifiedImageError:
            raise ImageError(
                "image.unsupported",
                "'{name}' is a {format} file of a kind that can't be read, or a damaged one: "
                "save it as an ordinary 8 or 16 bit PNG.",
                name=name, format=header.format,
            ) from None  # fmt: skip
        except MemoryError:
            raise ImageError(
                "image.memory",
                "There isn't enough memory to decode '{name}' ({width} x {height} pixels): use a "
                "smaller image.",
                name=name, width=header.width, height=header.height,
            ) from None  # fmt: skip
        except DECODER_FAILURES as failure:
            raise ImageError(
                "image.damaged_data",
                "'{name}' can't be decoded, it is damaged or cut off ({reason}): export or copy "
                "the image again.",
                name=name, reason=_reason(failure),
            ) from failure  # fmt: skip


class _PixelKindError(Exception):
    """The kind of pixel, in words."""


def _reason(failure: BaseException) -> str:
    return " ".join(str(failure).split())[:120] or type(failure).__name__


def _decode(image: Image.Image, data: bytes, header: Header) -> Pixels:
    notes: list[str] = []
    if getattr(image, "is_animated", False) and image.format != "MPO":
        notes.append(
            Note("image.frames", "It has several frames or pages; only the first is used.")
        )
    tags = image.tag_v2 if image.format == "TIFF" else {}
    inverted = tags.get(_PHOTOMETRIC) == 0
    turned = tags.get(_ORIENTATION)  # gone once a TIFF has been loaded
    depth = _depth(image)
    samples, white = _samples(image, depth, data, header, notes)
    if inverted and depth > 8:  # Pillow inverts "white is zero" for 8 bits only
        samples = -samples if white is None else int(white) - samples
    if (turned or _orientation(image)) in _TURNS:
        notes.append(Note("image.turned", "Turned upright as its EXIF orientation says."))
    return Pixels(samples, white, notes)


def _samples(
    image: Image.Image, depth: int, data: bytes, header: Header, notes: list[str]
) -> tuple[np.ndarray, float | None]:
    """Return samples and white level as in `Pixels`, and add to `notes`."""
    if depth == 16 and _compressed_planes(image):
        notes.append(
            Note(
                "image.upper_bits",
                "Its planes are compressed one by one: the upper 8 of 16 bits were read.",
            )
        )
    elif depth == 16 and image.mode in ("RGB", "RGBA", "RGBa"):
        samples = _sixteen_bits(image, data, header)
        return _with_alpha(samples, image.info.get("transparency")), 65535.0
    if image.mode in ("I;16", "I;16B", "I;16L", "I;16N"):
        if any(isinstance(tile.args, tuple) and tile.args[0] == "I" for tile in image.tile):
            # A grey TIFF that calls its only plane "planar": Pillow forgets its 16 bits.
            image.tile = [t._replace(args=(image.mode, *t.args[1:])) for t in image.tile]
        samples = np.asarray(_upright(image)).astype(np.uint16)
        return _with_alpha(samples, image.info.get("transparency")), float((1 << depth) - 1)
    if image.mode == "F":
        return np.array(_upright(image), np.float32), None
    if image.mode in ("I", "LAB", "HSV"):
        kinds = {
            "I": "signed or 32-bit integer samples",
            "LAB": "Lab colours",
            "HSV": "HSV colours",
        }
        raise _PixelKindError(kinds[image.mode])
    if image.mode == "CMYK":
        notes.append(
            Note(
                "image.cmyk",
                "Converted from CMYK to RGB without an ink profile: colours are approximate.",
            )
        )
    packed = image.tile[0].args if image.format == "PNG" and image.tile else None
    upright = _upright(image)
    if packed in _WIDENED and "transparency" in upright.info:
        step = _WIDENED[packed]
        # Of the 16 bits that the chunk has, as many count as a sample has.
        upright.info["transparency"] = upright.info["transparency"] * step % (255 + step)
    return np.asarray(_eight_bits(upright)), 255.0


def _with_alpha(samples: np.ndarray, transparent: object) -> np.ndarray:
    """Return 16-bit samples, (H, W, 4) where a PNG names a grey or a colour as transparent.

    Args:
        samples: (H, W), (H, W, 3) or (H, W, 4) uint16.
        transparent: Pillow's entry, an int for grey and three for RGB; anything else is none.
    """
    if isinstance(transparent, int) and samples.ndim == 2:
        samples = np.repeat(samples[..., None], 3, axis=2)
        transparent = (transparent,) * 3
    if not isinstance(transparent, tuple):
        return samples
    opaque = (samples != np.array(transparent, np.uint16)).any(axis=-1)
    return np.dstack([samples, np.where(opaque, 65535, 0).astype(np.uint16)])


def _upright(image: Image.Image) -> Image.Image:
    image.load()  # a TIFF is turned by its plug-in here, the others by the next lines
    turn = _TURNS.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 (upright) where the EXIF data, not the pixels, are damaged."""
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except DECODER_FAILURES:
        return 1
    return orientation if isinstance(orientation, int) else 1


def _eight_bits(image: Image.Image) -> Image.Image:
    """Convert any mode of 8 bits or fewer to L, RGB or RGBA."""
    if image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB", "RGBA"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _depth(image: Image.Image) -> int:
    """Bits a sample as stored, for modes that may hold more than eight."""
    if image.format == "TIFF":
        stored = image.tag_v2.get(_BITS_PER_SAMPLE, (1,))
        return int(max(stored)) if isinstance(stored, tuple) else int(stored)
    if image.format == "PNG":
        return 16 if "16" in image.mode or "16" in str(image.tile[0].args) else 8
    return 8


def _compressed_planes(image: Image.Image) -> bool:
    """Whether Pillow reads a TIFF plane by plane, for which it has one unpacker only."""
    return (
        image.format == "TIFF"
        and image.mode in ("RGB", "RGBA", "RGBa")
        and image.tag_v2.get(_PLANAR_CONFIGURATION) == 2
        and image.tile[0].codec_name == "libtiff"
    )


def _sixteen_bits(image: Image.Image, data: bytes, header: Header) -> np.ndarray:
    """Return uint16 (H, W), (H, W, 3) or (H, W, 4) from a file that Pillow opens with 8 bits."""
    if image.tile[0].args == "LA;16B":  # four bytes a pixel: grey high, grey low, alpha high, low
        image.tile = [tile._replace(args="RGBA") for tile in image.tile]
        quads = np.asarray(_upright(image)).astype(np.uint16)
        grey = quads[..., 0] << 8 | quads[..., 1]
        alpha = quads[..., 2] << 8 | quads[..., 3]
        return np.dstack([grey, grey, grey, alpha])
    again = Image.open(io.BytesIO(data), formats=[header.format])
    premultiplied = image.mode == "RGBa"
    for opened, swap in ((image, False), (again, True)):
        opened.tile = [
            _with_byte(tile, image.format == "TIFF", swap, opened) for tile in opened.tile
        ]
    high = np.asarray(_upright(image)).astype(np.uint16)
    low = np.asarray(_upright(again)).astype(np.uint16)
    samples = high << 8 | low
    # Premultiplied colour is colour set on black already.
    return samples[..., :3] if premultiplied else samples


def _with_byte(tile, is_tiff: bool, swap: bool, image: Image.Image):
    """Return `tile` decoded with the unpacker for its own byte order, or for the other one."""
    rawmode = tile.args[0] if isinstance(tile.args, tuple) else tile.args
    if len(rawmode) == 1:  # a TIFF plane of its own: Pillow forgets that its samples are 16 bits
        rawmode += ";16" + ("L" if image.tag_v2.prefix == b"II" else "B")
    native = "L" if sys.byteorder == "little" else "B"
    base, order = rawmode[:-1], rawmode[-1].replace("N", native)
    if not base.endswith(";16"):
        raise _PixelKindError(f"16-bit samples packed as '{rawmode}'")
    if swap:
        order = "B" if order == "L" else "L"
    rawmode = base + order
    return tile._replace(args=(rawmode, *tile.args[1:]) if is_tiff else rawmode)
