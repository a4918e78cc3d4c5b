"""Whatever is dropped on the page, the answer is an image or one sentence."""

import io
import os
import socket
import struct
import sys
import zlib
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from film_core.errors import FilmError, ImageError
from film_core.images import ImageLimits, read_header, read_image


def saved(array, format_, **options):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format_, **options)
    return buffer.getvalue()


def refusal(image, code, **options):
    with pytest.raises(ImageError) as caught:
        read_image(image, **options)
    error = caught.value
    assert error.code == code
    sentence = str(error)
    assert "\n" not in sentence and len(sentence) < 400 and sentence.endswith(".")
    return sentence


def png_claiming(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = b"IHDR" + header
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
        for part in (body, data, b"IEND")
    )


def test_missing_file(tmp_path):
    assert "absent.png" in refusal(tmp_path / "absent.png", "image.missing")


def test_folder_pipe_and_null(tmp_path):
    assert "folder" in refusal(tmp_path, "image.not_a_file")
    os.mkfifo(tmp_path / "pipe")
    assert "pipe" in refusal(tmp_path / "pipe", "image.not_a_file")  # must not wait for a writer
    refusal("/dev/zero", "image.not_a_file")
    refusal("a\0b.png", "image.unreadable")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        refusal(tmp_path / "socket", "image.unreadable")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_unreadable(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    path.chmod(0)
    refusal(path, "image.unreadable")


def test_empty_file(tmp_path):
    path = tmp_path / "a.png"
    path.touch()
    refusal(path, "image.empty")


@pytest.mark.parametrize(
    "content, kind",
    [
        (b"This is only text.\n", "a text file"),
        ("Текст, який обрізано".encode()[:-1], "a text file"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"PK\x03\x04abcdef", "ZIP"),
        (b"\x00\x00\x00\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\x00\x00\x00\x18ftypavif\0\0\0\0", "AVIF"),
        (bytes(range(256)), "unknown"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "unknown"),
    ],
)
def test_other_files_named_png(tmp_path, content, kind):
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    assert kind in refusal(path, "image.format")


def test_animated_gif(picture):
    frames = [Image.fromarray(255 - picture)]
    data = saved(picture, "GIF", save_all=True, append_images=frames)
    assert "GIF" in refusal(data, "image.format")


def test_one_pixel():
    sentence = refusal(saved(np.zeros((1, 1), np.uint8), "PNG"), "image.too_small")
    assert "1 x 1" in sentence and "16" in sentence


def test_huge_png_is_never_decoded(monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *a, **k: pytest.fail("the decoder was asked"))
    sentence = refusal(png_claiming(30_000, 30_000), "image.too_large")
    assert "30000 x 30000" in sentence and "900.0 megapixels" in sentence


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "BMP", "TIFF", "WEBP"])
def test_limits_hold_for_every_format_before_decoding(monkeypatch, picture, format_):
    data = saved(picture, format_)
    monkeypatch.setattr(Image, "open", lambda *a, **k: pytest.fail("the decoder was asked"))
    refusal(data, "image.too_large", limits=ImageLimits(max_pixels=1000))
    refusal(data, "image.too_many_bytes", limits=ImageLimits(max_bytes=100))
    header = read_header(data, "x")
    assert (header.format, header.width, header.height) == (format_, 51, 37)


def test_lossless_and_alpha_webp_headers(picture):
    for array, options in (
        (picture, {"lossless": True}),
        (np.dstack([picture, picture[..., 0]]), {}),
    ):
        header = read_header(saved(array, "WEBP", **options), "x")
        assert (header.width, header.height) == (51, 37)


def test_bigtiff_header():
    entries = [(256, 4, 60000), (257, 4, 50000)]
    data = b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, len(entries))
    data += b"".join(struct.pack("<HHQQ", tag, kind, 1, value) for tag, kind, value in entries)
    assert "60000 x 50000" in refusal(data, "image.too_large")


def test_bigtiff_that_points_beyond_any_memory():
    """Found by mutation: an offset that is no size at all for the reader."""
    refusal(b"II+\0" + struct.pack("<HHQ", 8, 0, 2**64 - 1), "image.damaged")


def test_damaged_tiff_says_nothing_beside_the_sentence(capfd):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = bytearray(saved(noise, "TIFF", compression="tiff_adobe_deflate"))
    data[100:400] = bytes(300)  # libtiff has much to say about this
    refusal(bytes(data), "image.damaged_data")
    print("heard", file=sys.stderr, flush=True)
    assert capfd.readouterr().err == "heard\n"


def test_too_little_memory_is_said(monkeypatch, picture):
    data = saved(picture, "PNG")
    monkeypatch.setattr(Image, "open", Mock(side_effect=MemoryError))
    refusal(data, "image.memory")


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_truncated(format_, share):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = saved(noise, format_)
    with pytest.raises(ImageError) as caught:
        read_image(data[: int(len(data) * share)])
    assert caught.value.code in (
        "image.damaged", "image.damaged_data", "image.unsupported", "image.format",
    )  # fmt: skip


def test_truncated_jpeg_says_so():
    data = saved(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8), "JPEG")
    assert "cut off" in refusal(data[: len(data) // 2], "image.damaged_data")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite_tiff(value):
    values = np.full((20, 20), 0.5, np.float32)
    values[3, 4] = value
    assert "1 pixels" in refusal(saved(values, "TIFF"), "image.not_finite")
    refusal(values, "image.not_finite")
    refusal(values.astype(np.float64), "image.not_finite")


def test_integer_and_double_tiff(tiff_bytes):
    refusal(saved(np.zeros((20, 20), np.int32), "TIFF"), "image.pixel_kind")
    double = tiff_bytes(np.zeros((20, 20), np.float64), format_=3)
    refusal(double, "image.unsupported")
    refusal(tiff_bytes(np.zeros((20, 20, 3), np.float32), format_=3), "image.unsupported")


@pytest.mark.parametrize(
    "array, code",
    [
        (np.zeros((20, 20, 2), np.uint8), "image.array_shape"),
        (np.zeros((2, 20, 20, 3), np.uint8), "image.array_shape"),
        (np.zeros((0, 20), np.uint8), "image.too_small"),
        (np.zeros((0, 20), np.float32), "image.too_small"),
        (np.zeros((20, 20), np.int64), "image.array_type"),
        (np.full((20, 20), 200.0), "image.array_range"),
        (np.full((20, 20), "a"), "image.array_type"),
    ],
)
def test_bad_arrays(array, code):
    refusal(array, code)


def test_names_are_printed_harmlessly():
    sentence = refusal(b"text", "image.format", name="a\x1b[31m\nb" + "c" * 1000)
    assert "\x1b" not in sentence


def test_jpeg_of_endless_segments_is_refused():
    refusal(b"\xff\xd8" + b"\xff\xe0\x00\x02" * 200_000, "image.damaged")


def test_two_sizes_in_one_file(picture):
    """A TIFF whose directory repeats the width must not get past the limits with the other one."""
    data = bytearray(saved(picture, "PNG"))
    data[16:24] = struct.pack(">II", 100, 100)  # without mending the checksum
    refusal(bytes(data), "image.unsupported")


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "BMP", "TIFF", "WEBP"])
def test_mutated_files_give_an_image_or_a_sentence(format_):
    generator = np.random.default_rng(7)
    original = saved(generator.integers(0, 256, (24, 24, 3), np.uint8), format_)
    for _ in range(60):
        data = bytearray(original)
        # Half the changes in the header, where they matter most.
        reach = len(data) if generator.random() < 0.5 else min(200, len(data))
        for _ in range(generator.integers(1, 8)):
            data[generator.integers(0, reach)] = generator.integers(0, 256)
        try:
            source = read_image(bytes(data), limits=ImageLimits(max_pixels=1_000_000))
        except FilmError as error:
            assert "\n" not in str(error)
        else:
            assert np.isfinite(source.luminance).all()
