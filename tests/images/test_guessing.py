"""Guessing what two images are for, on made pictures and on real ones."""

import numpy as np
import pytest
from scipy import ndimage

from film_core.errors import ImageError
from film_core.images import guess, pair, read_image


@pytest.fixture(scope="module")
def scene():
    """A scene with coarse and fine structure, (192, 256) in [0, 1]."""
    draw = np.random.default_rng(3)
    coarse = ndimage.gaussian_filter(draw.normal(size=(192, 256)), 14)
    fine = ndimage.gaussian_filter(draw.normal(size=(192, 256)), 1)
    values = 0.5 + 0.2 * coarse / coarse.std() + 0.06 * fine / fine.std()
    return np.clip(values, 0, 1).astype(np.float32)


def coloured(luminance):
    tint = np.stack([luminance * 0.95, luminance, luminance * 0.8], axis=-1)
    return read_image(np.clip(tint, 0, 1).astype(np.float32))


def both_orders(first, second):
    """Return the guess, after checking that the other order gives the same, swapped."""
    said, other = guess(first, second), guess(second, first)
    assert said.task == other.task
    assert said.swapped != other.swapped
    assert said.certain == other.certain
    assert str(said) == str(other)
    return said


def test_grey_and_coloured_are_infrared_and_visible(scene):
    said = both_orders(read_image(1 - scene), coloured(scene))
    assert (said.task, said.swapped, said.certain) == ("ivf", False, True)


def test_a_black_frame_is_medical(scene):
    rows, columns = np.mgrid[-1:1:192j, -1:1:256j]
    head = (rows**2 + columns**2 < 0.6).astype(np.float32)
    skull = ((rows**2 + columns**2 > 0.45) * head).astype(np.float32)
    mri = read_image(scene * head * 0.8)
    assert both_orders(mri, coloured(ndimage.gaussian_filter(scene * head, 6))).task == "mif"
    said = both_orders(mri, read_image(np.maximum(skull, 0.3 * head)))
    assert (said.task, said.swapped, said.certain) == ("mif", False, True)
    assert "bone" in str(said)


def test_bright_and_dark_of_one_order_are_exposures(scene):
    said = both_orders(coloured(scene**0.3), coloured(scene**3))
    assert (said.task, said.swapped, said.certain) == ("mef", False, True)


def test_one_picture_sharp_below_and_above_is_focus(scene):
    soft = ndimage.gaussian_filter(scene, 3)
    below = np.linspace(0, 1, 192)[:, None] > 0.5
    near, far = np.where(below, scene, soft), np.where(below, soft, scene)
    said = both_orders(coloured(near), coloured(far))
    assert (said.task, said.swapped, said.certain) == ("mff", False, True)


def test_two_grey_images_of_other_order_are_never_certain(scene):
    said = both_orders(read_image(1 - scene), read_image(0.4 + 0.2 * scene))
    assert (said.task, said.swapped, said.certain) == ("ivf", False, False)


def test_images_of_other_sizes_are_refused(scene):
    with pytest.raises(ImageError, match="256 x 192 and 256 x 191"):
        guess(read_image(scene), read_image(scene[:-1]))


def test_flat_and_tiny_images_get_an_answer():
    flat = read_image(np.full((16, 16), 0.5, np.float32))
    assert guess(flat, flat).task in ("ivf", "mif", "mef", "mff")
    black = read_image(np.zeros((16, 400), np.float32))
    assert guess(black, flat.resized(400, 16)).task


@pytest.mark.parametrize(
    ("folder", "task", "sides"),
    [
        ("IVF/RoadScene", "ivf", ("IR", "VI")),
        ("IVF/MSRS", "ivf", ("IR", "VI")),
        ("MIF/Harvard", "mif", ("MRI", "T")),
        ("MEF/MEFB", "mef", ("OVER", "UNDER")),
    ],
)
def test_real_pairs_are_told_apart(shared, folder, task, sides):
    root = shared / "data" / "VLFDataset" / "Image" / folder
    names = (root / "train.txt").read_text().split("\n")[:6]
    for name in names:
        images = [read_image(root / side / name) for side in sides]
        sources = pair(*images)
        said = both_orders(sources.a, sources.b)
        assert (said.task, said.swapped) == (task, False), name
