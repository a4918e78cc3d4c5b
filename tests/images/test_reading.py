"""Every accepted format, depth and colour kind gives the luminance that BT.601 says."""

import io

import numpy as np
import pytest
from PIL import Image

from film_core.images import ImageLimits, read_image


def saved(array, format_, mode=None, **options):
    buffer = io.BytesIO()
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(buffer, format_, **options)
    return buffer.getvalue()


def luma(rgb, white=255.0):
    return (rgb[..., :3] @ np.array([0.299, 0.587, 0.114]) / white).astype(np.float32)


@pytest.mark.parametrize("format_", ["PNG", "BMP", "TIFF"])
def test_lossless_rgb_is_exact(picture, format_):
    source = read_image(saved(picture, format_))
    assert source.luminance.dtype == np.float32
    assert np.abs(source.luminance - luma(picture)).max() < 1e-6
    assert np.array_equal(source.rgb, picture)
    assert (source.width, source.height, source.bits) == (51, 37, 8)
    assert source.notes == []


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_compressed_tiff(picture, compression):
    assert np.array_equal(read_image(saved(picture, "TIFF", compression=compression)).rgb, picture)


@pytest.mark.parametrize("format_", ["JPEG", "WEBP"])
def test_lossy_rgb_is_close(picture, format_):
    source = read_image(saved(picture, format_, quality=95))
    assert np.abs(source.luminance - luma(picture)).mean() < 0.01


def test_lossless_webp_is_exact(picture):
    assert np.array_equal(read_image(saved(picture, "WEBP", lossless=True)).rgb, picture)


def test_chroma_gives_the_colour_back(picture):
    source = read_image(saved(picture, "PNG"))
    red = source.luminance + 1.402 * source.chroma[..., 1]
    blue = source.luminance + 1.772 * source.chroma[..., 0]
    assert np.abs(red * 255 - picture[..., 0]).max() < 1e-3
    assert np.abs(blue * 255 - picture[..., 2]).max() < 1e-3
    assert np.abs(source.chroma).max() <= 0.5 + 1e-6


def test_grey_and_grey_stored_as_rgb_are_one(picture):
    grey = picture[..., 0]
    one = read_image(saved(grey, "PNG"))
    three = read_image(saved(np.repeat(grey[..., None], 3, 2), "PNG"))
    assert one.chroma is None and three.chroma is None
    assert np.array_equal(one.luminance, three.luminance)
    assert np.array_equal(one.luminance, grey.astype(np.float32) * np.float32(1 / 255))


def test_palette(picture):
    quantised = Image.fromarray(picture).quantize(16)
    buffer = io.BytesIO()
    quantised.save(buffer, "PNG")
    assert np.array_equal(read_image(buffer.getvalue()).rgb, np.asarray(quantised.convert("RGB")))


def test_one_bit():
    bits = np.eye(20, dtype=bool)
    source = read_image(saved(bits, "PNG"))
    assert np.array_equal(source.luminance, bits.astype(np.float32))


def test_alpha_is_set_on_black_and_said(picture):
    rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    assert read_image(saved(rgba, "PNG")).notes == []
    rgba[:, :20, 3] = 0
    source = read_image(saved(rgba, "PNG"))
    assert source.luminance[:, :20].max() == 0
    assert np.array_equal(source.rgb[:, 20:], picture[:, 20:])
    assert any("black" in note for note in source.notes)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("above", [0, 1])
def test_a_transparent_grey_level_is_set_on_black_and_said(png_grey_bytes, bits, above):
    white = 2**bits - 1
    samples = np.random.default_rng(bits).integers(0, white + 1, (18, 23))
    samples[0, :2], samples[1, :2] = white, white - 1
    for transparent in (white, white - 1):
        # Bits of the chunk beyond the sample's depth don't count; Pillow reads all for one bit.
        stored = transparent + above * (white + 1) * (1 < bits < 16)
        source = read_image(png_grey_bytes(samples, bits, stored))
        expected = np.where(samples == transparent, 0, samples) / white
        assert np.abs(source.luminance - expected).max() < 1e-6
        assert source.bits == max(8, bits) and source.chroma is None
        assert [note.code for note in source.notes] == ["image.transparent"]
    unused = np.where(samples == white, 0, samples)
    source = read_image(png_grey_bytes(unused, bits, white))
    assert source.notes == [] and np.abs(source.luminance - unused / white).max() < 1e-6


@pytest.mark.parametrize("colour_type, channels", [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_png_16_bit_keeps_the_low_byte(png16_bytes, colour_type, channels):
    samples = np.random.default_rng(colour_type).integers(0, 65536, (18, 23, channels), np.uint16)
    if channels in (2, 4):
        samples[..., -1] = 65535
    source = read_image(png16_bytes(samples, colour_type))
    rgb = samples[..., :3] if channels > 2 else np.repeat(samples[..., :1], 3, 2)
    assert source.bits == 16
    assert np.abs(source.luminance - luma(rgb, 65535.0)).max() < 2e-7
    assert (source.chroma is None) == (channels < 3)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("planar", [1, 2])
@pytest.mark.parametrize("channels", [1, 3])
def test_tiff_16_bit_keeps_the_low_byte(tiff_bytes, order, compression, planar, channels):
    samples = np.random.default_rng(1).integers(0, 65536, (18, 23, channels), np.uint16)
    data = tiff_bytes(samples, order=order, compression=compression, planar=planar)
    source = read_image(data)
    rgb = samples if channels == 3 else np.repeat(samples, 3, 2)
    if (compression, planar, channels) == (8, 2, 3):  # the one kind that Pillow keeps 8 bits of
        assert source.bits == 8 and "8 of 16 bits" in source.notes[0]
        assert np.array_equal(source.rgb, samples >> 8)
        return
    assert source.bits == 16
    assert np.abs(source.luminance - luma(rgb, 65535.0)).max() < 2e-7


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_16_bit_alpha(tiff_bytes, order):
    samples = np.full((18, 23, 4), 40000, np.uint16)
    samples[:9, :, 3] = 0
    samples[9:, :, 3] = 65535
    source = read_image(tiff_bytes(samples, order=order, extra=2))
    assert source.luminance[:9].max() == 0
    assert np.allclose(source.luminance[9:], 40000 / 65535)


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_white_is_zero(tiff_bytes, order):
    samples = np.arange(16 * 16, dtype=np.uint16).reshape(16, 16) * 200
    source = read_image(tiff_bytes(samples, photometric=0))
    assert np.allclose(source.luminance, 1 - samples / 65535, atol=1e-6)
    eight = (samples // 256).astype(np.uint8)
    source = read_image(tiff_bytes(eight, photometric=0))
    assert np.allclose(source.luminance, 1 - eight / 255, atol=1e-6)


def test_float_tiff_in_the_unit_range_is_untouched():
    values = np.random.default_rng(2).random((17, 19), np.float32)
    source = read_image(saved(values, "TIFF"))
    assert source.bits == 32 and source.notes == []
    assert np.array_equal(source.luminance, values)


def test_float_tiff_of_temperatures_is_stretched_and_said():
    values = np.linspace(-5.0, 42.0, 17 * 19, dtype=np.float32).reshape(17, 19)
    source = read_image(saved(values, "TIFF"))
    assert source.luminance.min() == 0 and source.luminance.max() == 1
    assert any("-5" in note and "42" in note for note in source.notes)


def test_cmyk_is_converted_and_said(picture):
    source = read_image(saved(picture, "JPEG", mode="CMYK", quality=95))
    assert any("CMYK" in note for note in source.notes)
    assert np.abs(source.luminance - luma(picture)).mean() < 0.02


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(format_, orientation):
    """A white block at the top left as seen must end there, however the pixels are stored."""
    upright = np.zeros((32, 48, 3), np.uint8)
    upright[:16, :16] = 255
    turned = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.transpose(1, 0, 2), 6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).transpose(1, 0, 2), 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 100} if format_ in ("JPEG", "WEBP") else {}
    source = read_image(saved(np.ascontiguousarray(turned), format_, exif=exif, **options))
    assert (source.width, source.height) == (48, 32)
    assert np.abs(source.rgb.astype(int) - upright).max() < 30
    assert bool(source.notes) == (orientation != 1)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0no TIFF header", b"no EXIF at all", b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01",  # more tags than bytes
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x04\0\0\0six\0\0\0\0\0",  # a word
    ],
)  # fmt: skip
def test_damaged_exif_leaves_the_pixels_as_they_are(picture, format_, exif):
    options = {"lossless": True} if format_ == "WEBP" else {"quality": 95}
    source = read_image(saved(picture, format_, exif=exif, **options))
    assert source.notes == read_image(saved(picture, format_, **options)).notes
    assert np.array_equal(source.rgb, read_image(saved(picture, format_, **options)).rgb)


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF"])
def test_first_of_several_frames_is_used_and_said(picture, format_):
    buffer = io.BytesIO()
    frames = [Image.fromarray(255 - picture)]
    options = {"lossless": True} if format_ == "WEBP" else {}
    Image.fromarray(picture).save(buffer, format_, save_all=True, append_images=frames, **options)
    source = read_image(buffer.getvalue())
    assert np.array_equal(source.rgb, picture)
    assert any("first" in note for note in source.notes)


def test_arrays(picture):
    assert np.array_equal(read_image(picture).rgb, picture)
    grey = picture[..., 1]
    expected = grey / 255
    assert np.allclose(read_image(grey).luminance, expected)
    assert np.allclose(read_image(grey[..., None]).luminance, expected)
    assert np.allclose(read_image(expected).luminance, expected)
    assert np.allclose(read_image(grey.astype(np.uint16) * 257).luminance, expected)
    assert read_image(grey > 100).luminance.max() == 1.0


def test_path_gives_the_name(tmp_path, picture):
    path = tmp_path / "street.png"
    Image.fromarray(picture).save(path)
    assert read_image(path).name == "street.png"
    assert read_image(str(path), name="mine").name == "mine"


def test_dark_16_bit_is_said(png16_bytes):
    samples = np.full((16, 16, 1), 3000, np.uint16)
    assert "4.6 %" in read_image(png16_bytes(samples, 0)).notes[0]


def test_limits_are_settings(picture):
    assert read_image(picture, limits=ImageLimits(max_pixels=51 * 37)).width == 51
    assert read_image(picture[:5, :5], limits=ImageLimits(min_side=5)).width == 5


@pytest.mark.parametrize(("values", "dark"), [((300, 300), True), ((300, 60_000), False)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_dark_image_of_16_bits_is_told_by_all_of_its_pixels(values, dark, channels):
    samples = np.full((20, 40, channels), values[0], np.uint16)
    samples[:, 20:, :3] = values[1]  # far from the left border
    if channels == 4:
        samples[..., 3] = 65_535  # opaque, which isn't bright
    image = read_image(samples[..., 0] if channels == 1 else samples)
    assert any("16-bit range" in str(note) for note in image.notes) == dark
