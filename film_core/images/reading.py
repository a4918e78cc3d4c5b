"""From a path, bytes or an array to a SourceImage, or a sentence that says why not."""

import os
import stat
from pathlib import Path

import numpy as np

from film_core.errors import ImageError
from film_core.images.decoding import Pixels, decode
from film_core.images.headers import read_header
from film_core.images.limits import ImageLimits
from film_core.images.source import SourceImage, from_samples
from film_core.images.writing import read_text_chunks
from film_core.notes import Note


def read_image(
    image: str | os.PathLike | bytes | np.ndarray,
    name: str = "",
    limits: ImageLimits | None = None,
) -> SourceImage:
    """Read one source image.

    PNG, JPEG, BMP, TIFF and WebP; 8 and 16 bit, float TIFF; grey, RGB, palette, CMYK (converted).
    Transparent pixels are set on black. Of several frames or pages the first is used. Float
    samples within [0, 1] are taken as they are, any others are stretched to it. Each of these is
    said in `notes`. Colour profiles are not applied, which is what the field does.

    Args:
        image: a path, the bytes of a file, or an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)
            of uint8, uint16, bool, or float in [0, 1].
        name: how the user knows the image; the file's name if empty.
        limits: sizes to accept; `ImageLimits()` if None.

    Raises:
        ImageError: not there, not readable, not an image, damaged, out of limits, NaN or infinite.
    """
    limits = limits or ImageLimits()
    if isinstance(image, np.ndarray):
        name = _printable(name) or "array"
        pixels = _pixels_of_array(image, name)
    else:
        if isinstance(image, (bytes, bytearray, memoryview)):
            data, name = bytes(image), _printable(name) or "image"
            limits.check_bytes(len(data), name)
        else:
            name = _printable(name or Path(image).name) or "image"
            data = _read_bytes(image, name, limits)
        header = read_header(data, name)
        limits.check_size(header.width, header.height, name)
        pixels = decode(data, header, name)
    height, width = pixels.samples.shape[:2]
    limits.check_size(width, height, name)
    return _source(pixels, name)


def read_text(
    image: str | os.PathLike | bytes, name: str = "", limits: ImageLimits | None = None
) -> dict[str, str]:
    """Return the text chunks of a PNG, such as `write_image` stores; {} where there are none.

    Args:
        image: a path, or the bytes of a file.
        name, limits: as for `read_image`.

    Raises:
        ImageError: not there, not readable, not a PNG, out of limits, or damaged.
    """
    limits = limits or ImageLimits()
    if isinstance(image, bytes):
        data, name = image, _printable(name) or "image"
        limits.check_bytes(len(data), name)
    else:
        name = _printable(name or Path(image).name) or "image"
        data = _read_bytes(image, name, limits)
    header = read_header(data, name)
    limits.check_size(header.width, header.height, name)
    return read_text_chunks(data, header, name)


def _printable(name: str) -> str:
    """Return `name` fit for a sentence: one line, no control characters, not endless."""
    return "".join(c if c.isprintable() else "?" for c in str(name))[:120]


def _read_bytes(path: str | os.PathLike, name: str, limits: ImageLimits) -> bytes:
    try:
        # Not blocking, so that a named pipe is refused instead of waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ImageError(
            "image.missing", "There is no file '{path}': check the path.",
            path=_printable(os.fspath(path)),
        ) from None  # fmt: skip
    except (OSError, ValueError) as failure:  # ValueError: a null character in the path
        reason = getattr(failure, "strerror", None) or str(failure)
        raise ImageError(
            "image.unreadable",
            "'{path}' can't be opened ({reason}): check its name and its permissions.",
            path=_printable(os.fspath(path)), reason=reason,
        ) from None  # fmt: skip
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a device or pipe"
        raise ImageError(
            "image.not_a_file", "'{path}' is {kind}, not an image: give a file.",
            path=_printable(os.fspath(path)), kind=kind,
        )  # fmt: skip
    with open(descriptor, "rb") as file:
        limits.check_bytes(status.st_size, name)
        try:
            data = file.read(limits.max_bytes + 1)
        except OSError as failure:
            raise ImageError(
                "image.unreadable", "'{path}' can't be read ({reason}): copy the file again.",
                path=_printable(os.fspath(path)), reason=failure.strerror,
            ) from None  # fmt: skip
    limits.check_bytes(len(data), name)
    return data


def _pixels_of_array(array: np.ndarray, name: str) -> Pixels:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ImageError(
            "image.array_shape",
            "'{name}' has the shape {shape}; (height, width), or that with 1, 3 or 4 channels "
            "last, is expected: index or transpose it first.",
            name=name, shape=str(array.shape),
        )  # fmt: skip
    if array.dtype == np.uint8:
        return Pixels(array, 255.0, [])
    if array.dtype == np.bool_:
        return Pixels(array.astype(np.uint8), 1.0, [])
    if array.dtype == np.uint16 or array.dtype == ">u2":
        return Pixels(array.astype(np.uint16, copy=False), 65535.0, [])
    if array.dtype.kind == "f":
        low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
        if np.isfinite([low, high]).all() and (low < 0.0 or high > 1.0):
            raise ImageError(
                "image.array_range",
                "'{name}' has float values from {low:.4g} to {high:.4g}; [0, 1] is expected: "
                "divide by the value of full intensity.",
                name=name, low=low, high=high,
            )  # fmt: skip
        return Pixels(array.astype(np.float32, copy=False), None, [])
    raise ImageError(
        "image.array_type",
        "'{name}' has samples of type {dtype}; uint8, uint16, bool or float in [0, 1] are "
        "expected: convert it first.",
        name=name, dtype=str(array.dtype),
    )  # fmt: skip


def _source(pixels: Pixels, name: str) -> SourceImage:
    samples, white, notes = pixels.samples, pixels.white, list(pixels.notes)
    bits = {"u1": 8, "u2": 16}.get(samples.dtype.str[1:], 32)
    if white is None:
        samples, note = _within_unit_range(samples, name)
        white = 1.0
        notes.extend(note)
    elif bits == 16:
        colours = samples if samples.ndim == 2 else samples[..., :3]  # without transparency
        percent = 100.0 * float(colours.max()) / white
        if percent < 10.0:
            notes.append(
                Note(
                    "image.dark",
                    "Its values reach only {percent:.1f} % of the 16-bit range, so it is dark.",
                    percent=percent,
                )
            )
    if samples.ndim == 3 and samples.shape[2] == 4:
        samples, note = _on_black(samples, white)
        notes.extend(note)
    return from_samples(samples, white, name, bits, notes)


def _within_unit_range(samples: np.ndarray, name: str) -> tuple[np.ndarray, list[str]]:
    finite = np.isfinite(samples)
    if not finite.all():
        raise ImageError(
            "image.not_finite",
            "'{name}' has {count} pixels that are NaN or infinite: fill them in first.",
            name=name, count=int(samples.size - np.count_nonzero(finite)),
        )  # fmt: skip
    low, high = float(samples.min()), float(samples.max())
    if low >= 0.0 and high <= 1.0:
        return samples, []
    # Measured quantities such as temperatures; float64, as a span may exceed float32's range.
    span = (high - low) or 1.0
    stretched = ((samples.astype(np.float64) - low) / span).astype(np.float32)
    note = Note(
        "image.stretched",
        "Its values from {low:.6g} to {high:.6g} were stretched to black to white.",
        low=low, high=high,
    )  # fmt: skip
    return stretched, [note]


def _on_black(samples: np.ndarray, white: float) -> tuple[np.ndarray, list[str]]:
    colour, alpha = samples[..., :3], samples[..., 3]
    if (alpha >= white).all():
        return colour, []
    share = alpha.astype(np.float32) / np.float32(white)
    flat = colour * share[..., None]
    if samples.dtype.kind == "u":
        flat = np.rint(flat).astype(samples.dtype)
    return flat, [Note("image.transparent", "Its transparent parts were set on black.")]
