"""Pairing, colour, and files that are whole or not there."""

import io
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from film_core.errors import ImageError, OutputError
from film_core.images import (
    compose,
    encode_png,
    pair,
    quantise,
    read_image,
    read_text,
    write_image,
)
from film_core.tasks import TASKS


@pytest.fixture
def rgb16():
    ramp = np.arange(40 * 30 * 3, dtype=np.uint32).reshape(40, 30, 3) * 17
    noise = np.random.default_rng(0).integers(0, 900, ramp.shape)
    return ((ramp + noise) % 65536).astype(np.uint16)


def test_equal_sizes_are_left_alone(picture):
    a, b = read_image(picture), read_image(picture[..., 0])
    paired = pair(a, b)
    assert paired.a is a and paired.b is b and paired.note == "" and paired.notes == []


@pytest.mark.parametrize("first_is_small", [True, False])
def test_the_smaller_is_resized_to_the_larger(first_is_small):
    y, x = np.mgrid[0:60, 0:80]
    large = np.stack([x * 3, y * 4, x + y], -1).astype(np.uint8)
    small = np.ascontiguousarray(large[::2, ::2])
    a, b = (
        read_image(small if first_is_small else large),
        read_image(large if first_is_small else small),
    )
    paired = pair(a, b)
    assert (paired.width, paired.height) == (80, 60)
    assert "40 x 30" in paired.note and "80 x 60" in paired.note
    assert paired.notes == [paired.note]
    resized = paired.a if first_is_small else paired.b
    assert resized.luminance.shape == (60, 80) and resized.luminance.dtype == np.float32
    assert resized.chroma.shape == (60, 80, 2) and resized.rgb.shape == (60, 80, 3)
    whole = paired.b if first_is_small else paired.a
    assert np.abs(resized.luminance - whole.luminance).mean() < 0.02


def test_two_percent_is_the_limit():
    square = read_image(np.zeros((100, 100), np.uint8))
    assert pair(square, read_image(np.zeros((100, 102), np.uint8))).width == 102
    with pytest.raises(ImageError) as caught:
        pair(square, read_image(np.zeros((100, 103), np.uint8), name="b.png"))
    assert caught.value.code == "pair.sizes"
    assert all(part in str(caught.value) for part in ("100 x 100", "103 x 100", "2 %", "b.png"))


def test_chroma_of_the_second_source(picture):
    paired = pair(read_image(picture[..., ::-1].copy()), read_image(picture))
    fused = compose(paired.b.luminance, paired, TASKS["ivf"])
    assert np.abs(fused.astype(int) - picture).max() <= 1  # its own luminance gives it back
    grey = pair(read_image(picture), read_image(picture[..., 0]))
    assert compose(grey.a.luminance, grey, TASKS["mif"]).ndim == 2


def test_weighted_chroma(picture):
    coloured, grey = read_image(picture), read_image(picture[..., 0])
    for paired in (pair(coloured, grey), pair(grey, coloured), pair(coloured, coloured)):
        fused = compose(coloured.luminance, paired, TASKS["mef"])
        assert np.abs(fused.astype(int) - picture).max() <= 1
    both_grey = pair(grey, grey)
    assert compose(grey.luminance, both_grey, TASKS["mff"]).ndim == 2


def test_weighted_chroma_is_the_published_average():
    """Cb 10 and 30 levels from grey: (10*10 + 30*30) / 40 = 25."""
    shape = (20, 20)

    def with_cb(levels):
        blue = np.round(128 + 1.772 * levels)
        green = 128 - 0.344136 * levels
        array = np.stack([np.full(shape, 128), np.full(shape, green), np.full(shape, blue)], -1)
        return read_image((array / 255).astype(np.float32))

    paired = pair(with_cb(10), with_cb(30))
    fused = compose(np.full(shape, 0.5, np.float32), paired, TASKS["mff"], bits=16)
    cb = (fused[..., 2] / 65535 - 0.5) / 1.772 * 255
    assert np.abs(cb - 25).max() < 0.3


def test_compose_refuses_another_size(picture):
    source = read_image(picture)
    with pytest.raises(ImageError, match="must be equal"):
        compose(np.zeros((5, 5)), pair(source, source), TASKS["ivf"])


def test_quantise_rounds_and_clips():
    values = np.array([-0.1, 0.0, 0.5 / 255, 0.51 / 255, 1.0, 1.2])
    assert quantise(values).tolist() == [0, 0, 0, 1, 255, 255]
    assert quantise(values, 16).tolist() == [0, 0, 128, 131, 65535, 65535]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_written_pictures_read_back_exactly(tmp_path, rgb16, dtype, channels):
    picture = (rgb16 if dtype == np.uint16 else rgb16 >> 8).astype(dtype)
    picture = picture if channels == 3 else picture[..., 0]
    write_image(tmp_path / "f.png", picture)
    source = read_image(tmp_path / "f.png")
    white = np.iinfo(dtype).max
    rgb = picture if channels == 3 else np.repeat(picture[..., None], 3, 2)
    expected = rgb @ np.array([0.299, 0.587, 0.114]) / white
    assert source.bits == np.iinfo(dtype).bits
    assert np.abs(source.luminance - expected).max() < 3e-7
    assert os.listdir(tmp_path) == ["f.png"]


def test_16_bit_rgb_is_a_valid_png_for_another_reader(rgb16):
    """Pillow keeps the high bytes; its own PNG checks (checksums, filters) must pass."""
    image = Image.open(io.BytesIO(encode_png(rgb16, {"a": "b"})))
    image.verify()
    image = Image.open(io.BytesIO(encode_png(rgb16)))
    assert np.array_equal(np.asarray(image), rgb16 >> 8)


def test_16_bit_filters_compress_smooth_pictures():
    y, x = np.mgrid[0:120, 0:160]
    smooth = np.stack([x * 300, y * 400, x * 100 + y * 50], -1).astype(np.uint16)
    assert len(encode_png(smooth)) < smooth.nbytes / 4


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_text_is_stored_and_read_back(tmp_path, rgb16, dtype):
    text = {"film:parameters": '{"task": "ivf"}', "Description": "夜 – naïve <b>" * 200, "e": ""}
    write_image(tmp_path / "f.png", rgb16.astype(dtype), text)
    assert read_text(tmp_path / "f.png") == text


def test_text_of_other_files(tmp_path, picture):
    write_image(tmp_path / "f.png", picture)
    assert read_text(tmp_path / "f.png") == {}
    Image.fromarray(picture).save(tmp_path / "f.jpg")
    with pytest.raises(ImageError, match="give a PNG"):
        read_text(tmp_path / "f.jpg")
    data = (tmp_path / "f.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError, match="damaged"):
        read_text(tmp_path / "cut.png")


@pytest.mark.parametrize(
    "text", [{"": "a"}, {"k" * 80: "a"}, {"夜": "a"}, {"a": "\ud800"}, {"a": "b\0"}]
)
def test_text_that_png_cannot_hold(picture, text):
    with pytest.raises(OutputError, match="79"):
        encode_png(picture, text)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((5, 5), np.float32),
        np.zeros((5, 5, 4), np.uint8),
        np.zeros((0, 5), np.uint8),
        np.zeros(5, np.uint8),
    ],
)
def test_pictures_that_png_cannot_hold(bad):
    with pytest.raises(OutputError, match="shape"):
        encode_png(bad)


def test_unwritable_places(tmp_path, picture):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").write_text("x")
    for path in (
        tmp_path / "absent" / "f.png",
        tmp_path / "folder.png",
        tmp_path / "file" / "f.png",
        "/proc/f.png",
        tmp_path / "a\0b.png",
        tmp_path / ("n" * 300 + ".png"),
    ):
        with pytest.raises(OutputError) as caught:
            write_image(path, picture)
        assert caught.value.code == "output.unwritable" and "\n" not in str(caught.value)
    with pytest.raises(OutputError, match="PNG"):
        write_image(tmp_path / "f.jpg", picture)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.png"]


def test_full_disk_leaves_the_old_file(tmp_path):
    """A limit on file size stands in for a full disk: the write fails half way, for real."""
    target = tmp_path / "f.png"
    target.write_bytes(b"the old file")
    program = (
        "import resource, sys, numpy as np\n"
        "from film_core.errors import OutputError\n"
        "from film_core.images import write_image\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "noise = np.random.default_rng(0).integers(0, 256, (200, 200), np.uint8)\n"
        "try:\n"
        "    write_image(sys.argv[1], noise)\n"
        "except OutputError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(target)], capture_output=True, text=True, check=True
    )
    assert "can't be written" in done.stdout and done.stderr == ""
    assert target.read_bytes() == b"the old file"
    assert os.listdir(tmp_path) == ["f.png"]


def test_readers_never_see_half_a_file(tmp_path, picture):
    target = tmp_path / "f.png"
    write_image(target, picture)
    failures = []

    def write():
        for _ in range(30):
            write_image(target, picture)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        try:
            read_image(target)
        except ImageError as error:
            failures.append(str(error))
    writer.join()
    assert failures == []
