"""Files that Pillow can't write, made by hand."""

import struct
import zlib

import numpy as np
import pytest


def _tiff(samples, *, order="<", photometric=None, compression=1, planar=1, extra=None, format_=1):
    """Return a single-strip TIFF (one strip a plane if `planar` is 2) of (H, W) or (H, W, C)."""
    samples = samples if samples.ndim == 3 else samples[..., None]
    height, width, channels = samples.shape
    bits = samples.dtype.itemsize * 8
    stored = samples.astype(samples.dtype.newbyteorder(order))
    planes = [stored[..., i] for i in range(channels)] if planar == 2 else [stored]
    strips = [np.ascontiguousarray(plane).tobytes() for plane in planes]
    if compression == 8:
        strips = [zlib.compress(strip) for strip in strips]
    if photometric is None:
        photometric = 1 if channels < 3 else 2
    body, offsets = b"", []
    for strip in strips:
        offsets.append(8 + len(body))
        body += strip + b"\0" * (len(strip) % 2)
    entries = {
        256: ("I", [width]), 257: ("I", [height]), 258: ("H", [bits] * channels),
        259: ("H", [compression]), 262: ("H", [photometric]), 273: ("I", offsets),
        277: ("H", [channels]), 278: ("I", [height]), 279: ("I", [len(s) for s in strips]),
        284: ("H", [planar]), 339: ("H", [format_] * channels),
    }  # fmt: skip
    if extra is not None:
        entries[338] = ("H", [extra])
    directory, beyond = b"", b""
    after = 8 + len(body) + 2 + 12 * len(entries) + 4
    for tag, (code, values) in sorted(entries.items()):
        packed = struct.pack(order + code * len(values), *values)
        kind = 3 if code == "H" else 4
        if len(packed) > 4:
            place = struct.pack(order + "I", after + len(beyond))
            beyond += packed
        else:
            place = packed.ljust(4, b"\0")
        directory += struct.pack(order + "HHI", tag, kind, len(values)) + place
    magic = b"II*\0" if order == "<" else b"MM\0*"
    head = magic + struct.pack(order + "I", 8 + len(body))
    count = struct.pack(order + "H", len(entries))
    return head + body + count + directory + struct.pack(order + "I", 0) + beyond


def _png16(samples, colour_type, interlace=0):
    """Return a 16-bit PNG of (H, W, C) uint16 without filters."""
    height, width = samples.shape[:2]
    rows = samples.astype(">u2").reshape(height, -1).view(np.uint8)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, interlace)),
        (b"IDAT", zlib.compress(raw)),
        (b"IEND", b""),
    ]
    chunks = [
        struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _png_grey(samples, bits, transparent):
    """Return a grey PNG of (H, W) integers below 2**bits, of which `transparent` is see-through."""
    height, width = samples.shape
    if bits == 16:
        rows = samples.astype(">u2").view(np.uint8)
    else:
        places = np.arange(bits)[::-1]
        rows = np.packbits((samples[..., None] >> places & 1).reshape(height, -1), axis=1)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)),
        (b"tRNS", struct.pack(">H", transparent)),
        (b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))),
        (b"IEND", b""),
    ]
    chunks = [
        struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.fixture(scope="session")
def tiff_bytes():
    """Writer of TIFF files that Pillow can't write."""
    return _tiff


@pytest.fixture(scope="session")
def png16_bytes():
    """Writer of 16-bit PNG files of any colour type."""
    return _png16


@pytest.fixture(scope="session")
def png_grey_bytes():
    """Writer of grey PNG files of any depth with a transparent grey level."""
    return _png_grey


@pytest.fixture
def picture():
    """(H, W, 3) uint8 of smooth colour with odd sides, different in every corner."""
    y, x = np.mgrid[0:37, 0:51]
    return np.stack([x * 5, y * 6, 255 - x * 2 - y], axis=-1).astype(np.uint8)
