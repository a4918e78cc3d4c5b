"""What a file is and how large its image claims to be, from its first bytes and without decoding.

The decoder sees a file only after its header has passed the limits, so a 30,000 x 30,000 PNG of a
few kilobytes costs nothing. References: PNG (ISO/IEC 15948) IHDR; JPEG (ITU-T T.81) SOFn; BMP
BITMAPCOREHEADER / BITMAPINFOHEADER; TIFF 6.0 and BigTIFF image file directory; WebP (RFC 9649).
"""

import struct
from dataclasses import dataclass

from film_core.errors import ImageError

READABLE = "PNG, JPEG, BMP, TIFF and WebP"

# Bounds on what a hostile file can make us read: far above what real ones have.
_MOST_SEGMENTS = 5000
_MOST_TAGS = 4096


@dataclass(frozen=True)
class Header:
    """Format name as Pillow spells it, and the stored width and height in pixels.

    The stored size is that before an EXIF orientation is applied.
    """

    format: str
    width: int
    height: int


class _CutOffError(Exception):
    """The file ends inside its header, or the header makes no sense."""


def read_header(data: bytes, name: str) -> Header:
    """Return format and size of the image in `data`.

    Args:
        data: the whole file.
        name: how the user knows the file; used in the sentence only.

    Raises:
        ImageError: another kind of file, or a header that is cut off or senseless.
    """
    for magic, kind, parse in _FORMATS:
        if not data.startswith(magic):
            continue
        if kind == "WEBP" and data[8:12] != b"WEBP":
            continue
        try:
            width, height = parse(data)
        except (_CutOffError, struct.error, IndexError, OverflowError):
            raise _damaged(name, kind) from None
        if width < 1 or height < 1:
            raise _damaged(name, kind)
        return Header(kind, width, height)
    raise _refusal(data, name)


def _damaged(name: str, kind: str) -> ImageError:
    return ImageError(
        "image.damaged",
        "'{name}' begins as a {format} file, but its header is damaged or cut off: "
        "export or copy the image again.",
        name=name, format=kind,
    )  # fmt: skip


def _png(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR":
        raise _CutOffError
    return struct.unpack_from(">II", data, 16)


def _bmp(data: bytes) -> tuple[int, int]:
    (header_bytes,) = struct.unpack_from("<I", data, 14)
    if header_bytes == 12:  # the OS/2 core header has 16-bit sizes
        return struct.unpack_from("<HH", data, 18)
    width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)  # a negative height means rows from top to bottom


def _jpeg(data: bytes) -> tuple[int, int]:
    position = 2
    for _ in range(_MOST_SEGMENTS):
        position = data.find(b"\xff", position)  # some writers leave stray bytes in between
        if position < 0:
            break
        while data[position] == 0xFF:
            position += 1
        marker = data[position]
        position += 1
        # SOF0..SOF15 without DHT (C4), JPG (C8) and DAC (CC)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, position + 3)
            return width, height
        if marker in (0xD9, 0xDA):  # end of image, or pixels, before any frame header
            break
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:  # markers without a segment
            continue
        (length,) = struct.unpack_from(">H", data, position)
        position += max(length, 2)
    raise _CutOffError


def _webp(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        if len(data) < 30:
            raise _CutOffError
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        return width, height
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF  # the two top bits are a scaling hint
    raise _CutOffError


def _tiff(data: bytes) -> tuple[int, int]:
    order = "<" if data[:2] == b"II" else ">"
    (version,) = struct.unpack_from(order + "H", data, 2)
    big = version == 43
    (directory,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, directory)
    if count > _MOST_TAGS:
        raise _CutOffError
    first, step, value_at = (directory + 8, 20, 12) if big else (directory + 2, 12, 8)
    size: dict[int, int] = {}
    for entry in range(first, min(first + count * step, len(data)), step):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag in (256, 257) and kind in (3, 4, 16):  # SHORT, LONG, LONG8
            code = {3: "H", 4: "I", 16: "Q"}[kind]
            (size[tag],) = struct.unpack_from(order + code, data, entry + value_at)
    if len(size) != 2:
        raise _CutOffError
    return size[256], size[257]


_FORMATS = (
    (b"\x89PNG\r\n\x1a\n", "PNG", _png),
    (b"\xff\xd8\xff", "JPEG", _jpeg),
    (b"BM", "BMP", _bmp),
    (b"II*\x00", "TIFF", _tiff),
    (b"MM\x00*", "TIFF", _tiff),
    (b"II+\x00", "TIFF", _tiff),
    (b"MM\x00+", "TIFF", _tiff),
    (b"RIFF", "WEBP", _webp),
)

# Files that people do drop on such a page, told apart so that the sentence can name them.
_OTHERS = (
    (0, b"GIF8", "an animated or still GIF"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL image"),
    (0, b"\xff\x0a", "a JPEG XL image"),
    (4, b"ftypavif", "an AVIF image"),
    (4, b"ftypavis", "an AVIF image"),
    (4, b"ftyphei", "a HEIC photograph"),
    (4, b"ftypmif1", "a HEIC photograph"),
    (4, b"ftyp", "a video"),
    (128, b"DICM", "a DICOM file"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"\x7fELF", "a program"),
)


def _refusal(data: bytes, name: str) -> ImageError:
    named = [kind for offset, magic, kind in _OTHERS if data.startswith(magic, offset)]
    kind = named[0] if named else _guess_text(data[:4096])
    return ImageError(
        "image.format",
        "'{name}' is {kind}, not an image that can be read; accepted are {accepted}: "
        "convert it to PNG first.",
        name=name, kind=kind, accepted=READABLE,
    )  # fmt: skip


def _guess_text(start: bytes) -> str:
    lowered = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in lowered:
        return "an SVG drawing"
    if lowered.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    # A character may be cut in two at the end of the excerpt; nothing else may be undecodable.
    decoded = start.decode("utf-8", errors="replace").rstrip("�")
    printable = all(c.isprintable() or c in "\t\r\n\f" for c in decoded)
    return "a text file" if decoded and printable and "�" not in decoded else "an unknown file"
