"""PNG files: 8 and 16 bits, grey and RGB, with text chunks, written whole or not at all.

Pillow encodes all but 16-bit RGB, which it can't hold; those are encoded here with the adaptive
filter heuristic of the PNG specification (ISO/IEC 15948, 12.8: the filter with the least sum of
absolute differences for each row).
"""

import io
import os
import secrets
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from film_core.errors import ImageError, OutputError
from film_core.images.decoding import DECODER_FAILURES
from film_core.images.headers import Header

_COMPRESSION = 6
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def write_image(
    path: str | os.PathLike, picture: np.ndarray, text: dict[str, str] | None = None
) -> None:
    """Write `picture` as a PNG file, atomically: readers see the old file or the whole new one.

    Args:
        path: where to; its name ends with ".png". An existing file is replaced.
        picture: (H, W) grey or (H, W, 3) RGB; uint8 or uint16.
        text: keyword -> text, stored as iTXt chunks (keywords of 1 to 79 Latin characters).

    Raises:
        OutputError: another ending, no such folder, not writable, disk full, or a picture that
            PNG can't hold.
    """
    check_ending(path)
    write_bytes(path, encode_png(picture, text))


def check_ending(path: str | os.PathLike) -> None:
    """Refuse a name that says another format than the PNG that would be in the file.

    Raises:
        OutputError: it doesn't end with ".png".
    """
    target = Path(path)
    if target.suffix.lower() != ".png":
        raise OutputError(
            "output.format", "'{path}' doesn't end with .png; results are written as PNG.",
            path=str(target),
        )  # fmt: skip


def write_bytes(path: str | os.PathLike, content: bytes) -> None:
    """Write `content` to `path` atomically, by way of a neighbour that is renamed at the end.

    Raises:
        OutputError: it can't be written; nothing is left behind.
    """
    target = Path(path)
    # Nothing of the target's name, which may be as long as the file system allows.
    partial = target.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        try:
            with open(partial, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # a full disk may only be noticed here
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
    except (OSError, ValueError) as failure:  # ValueError: a null character in the path
        reason = getattr(failure, "strerror", None) or str(failure)
        raise OutputError(
            "output.unwritable",
            "'{path}' can't be written ({reason}): choose another place or make room.",
            path=str(target).replace("\0", "?"), reason=reason,
        ) from failure  # fmt: skip


def encode_png(picture: np.ndarray, text: dict[str, str] | None = None) -> bytes:
    """Return `picture` as the bytes of a PNG file; arguments as for `write_image`.

    Raises:
        OutputError: a shape, sample type or keyword that PNG can't hold.
    """
    shape_fits = picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3)
    if not shape_fits or picture.size == 0 or picture.dtype not in (np.uint8, np.uint16):
        raise OutputError(
            "output.picture",
            "A picture of shape {shape} and type {dtype} can't be written; (height, width) or "
            "(height, width, 3) of uint8 or uint16 can.",
            shape=str(picture.shape), dtype=str(picture.dtype),
        )  # fmt: skip
    chunks = _text_chunks(text or {})
    if picture.ndim == 3 and picture.dtype == np.uint16:
        return _encode_rgb16(picture, chunks)
    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(picture))
    image.save(buffer, "PNG", compress_level=_COMPRESSION, pnginfo=chunks)
    return buffer.getvalue()


def read_text_chunks(data: bytes, header: Header, name: str) -> dict[str, str]:
    """Return keyword -> text of the PNG in `data` (chunks after the pixels too)."""
    if header.format != "PNG":
        raise ImageError(
            "image.not_png", "'{name}' is a {format} file; only PNG files carry text: give a PNG.",
            name=name, format=header.format,
        )  # fmt: skip
    try:
        image = Image.open(io.BytesIO(data), formats=["PNG"])
        image.load()
    except (*DECODER_FAILURES, MemoryError) as failure:
        raise ImageError(
            "image.damaged_data",
            "'{name}' can't be decoded, it is damaged or cut off ({reason}): export or copy "
            "the image again.",
            name=name, reason=" ".join(str(failure).split())[:120],
        ) from failure  # fmt: skip
    return {key: str(value) for key, value in image.text.items()}


def _text_chunks(text: dict[str, str]) -> PngImagePlugin.PngInfo:
    chunks = PngImagePlugin.PngInfo()
    for keyword, value in text.items():
        try:
            encoded = keyword.encode("latin-1")
            value.encode("utf-8")
        except UnicodeEncodeError:
            encoded = b""
        if not 1 <= len(encoded) <= 79 or "\0" in keyword or "\0" in value:
            raise OutputError(
                "output.text",
                "The entry '{keyword}' can't be stored in a PNG file: keywords have 1 to 79 "
                "Latin characters, and texts no null or half characters.",
                keyword=keyword[:100],
            )  # fmt: skip
        chunks.add_itxt(keyword, value, zip=len(value) > 1000)
    return chunks


def _encode_rgb16(picture: np.ndarray, text: PngImagePlugin.PngInfo) -> bytes:
    height, width = picture.shape[:2]
    rows = picture.astype(">u2").reshape(height, width * 3).view(np.uint8)  # (H, 6 W) bytes
    compressor = zlib.compressobj(_COMPRESSION)
    above = np.zeros(width * 6, np.uint8)
    packed = []
    for row in rows:
        packed.append(compressor.compress(_filtered(row, above)))
        above = row
    packed.append(compressor.flush())
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    parts = [_SIGNATURE, _chunk(b"IHDR", header)]
    parts += [_chunk(kind, content) for kind, content, *_ in text.chunks]
    parts += [_chunk(b"IDAT", b"".join(packed)), _chunk(b"IEND", b"")]
    return b"".join(parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def _filtered(row: np.ndarray, above: np.ndarray) -> bytes:
    """Return filter type and filtered bytes of one scan line of 6-byte pixels."""
    left = np.zeros_like(row)
    left[6:] = row[:-6]
    above_left = np.zeros_like(row)
    above_left[6:] = above[:-6]
    average = ((left.astype(np.int16) + above) >> 1).astype(np.uint8)
    candidates = (
        row, row - left, row - above, row - average, row - _paeth(left, above, above_left),
    )  # fmt: skip
    # A byte counts by its distance from zero on the ring of 256.
    costs = [np.abs(c.view(np.int8).astype(np.int16)).sum(dtype=np.int64) for c in candidates]
    best = int(np.argmin(costs))
    return bytes([best]) + candidates[best].tobytes()


def _paeth(left: np.ndarray, above: np.ndarray, above_left: np.ndarray) -> np.ndarray:
    a, b, c = (plane.astype(np.int16) for plane in (left, above, above_left))
    to_a, to_b, to_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    nearest_b_or_c = np.where(to_b <= to_c, above, above_left)
    return np.where((to_a <= to_b) & (to_a <= to_c), left, nearest_b_or_c)
