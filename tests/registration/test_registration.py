"""Known transforms are found again, between modalities too, and aligning undoes them."""

import warnings

import numpy as np
import pytest
from scipy import ndimage

from film_core.images import PairedSources, read_image
from film_core.registration import Registration, align, register


def scene(height=180, width=240):
    """Blocks and discs of random brightness: sharp outlines everywhere."""
    generator = np.random.default_rng(5)
    image = np.full((height, width), 0.4, np.float32)
    rows, columns = np.mgrid[0:height, 0:width]
    for _ in range(28):
        y, x = generator.integers(0, height), generator.integers(0, width)
        size, level = generator.integers(6, 26), generator.random()
        if generator.random() < 0.5:
            image[(rows - y) ** 2 + (columns - x) ** 2 < size**2] = level
        else:
            image[max(0, y - size) : y + size, max(0, x - size // 2) : x + size] = level
    return ndimage.gaussian_filter(image, 0.7)


def other_modality(image):
    """The same outlines with unrelated brightness, and noise."""
    levels = np.sin(image * 9) * 0.4 + 0.5
    return (levels + np.random.default_rng(1).normal(0, 0.02, image.shape)).astype(np.float32)


def moved(image, dx, dy, rotation, scale):
    """Return B such that a point p of A is at scale R p + d in it."""
    matrix = Registration(dx, dy, rotation, scale, 0, 0, 0, True).matrix()
    inverse = np.linalg.inv(matrix)
    centre = (np.array(image.shape) - 1) / 2
    offset = centre - inverse @ (centre + np.array([dy, dx]))
    return ndimage.affine_transform(image, inverse, offset, order=1, mode="reflect")


@pytest.mark.parametrize(
    ("dx", "dy", "rotation", "scale"),
    [
        (0, 0, 0, 1),
        (7, -4, 0, 1),
        (-15, 9, 0, 1),
        (3, 2, 2.5, 1),
        (-5, 4, -3, 1.06),
        (2, 0, 0, 0.93),
    ],
)
def test_a_known_transform_is_found(dx, dy, rotation, scale):
    image = scene()
    found = register(image, moved(other_modality(image), dx, dy, rotation, scale))
    assert found.certain
    assert found.dx == pytest.approx(dx, abs=0.8)
    assert found.dy == pytest.approx(dy, abs=0.8)
    assert found.rotation == pytest.approx(rotation, abs=0.5)
    assert found.scale == pytest.approx(scale, abs=0.012)
    assert found.agreement_aligned >= found.agreement


def test_unrelated_images_are_not_believed():
    noise = np.random.default_rng(3).random((120, 160)).astype(np.float32)
    assert not register(scene(120, 160), noise).certain


def test_aligning_undoes_the_transform_and_says_what_it_costs():
    image = scene()
    shifted = moved(image, 6, -5, 2, 1.03)
    sources = PairedSources(read_image(image), read_image(shifted))
    found = register(image, shifted)
    done = align(sources, found)
    before = np.abs(image - shifted).mean()
    after = np.abs(done.sources.a.luminance - done.sources.b.luminance).mean()
    assert after < 0.35 * before
    height, width = done.sources.a.luminance.shape
    assert done.sources.b.luminance.shape == (height, width)
    assert done.lost == pytest.approx(1 - height * width / image.size)
    assert 0.02 < done.lost < 0.25


def test_real_pairs_shifted_on_purpose_are_caught(shared):
    folder = shared / "data" / "VLFDataset" / "Image" / "IVF" / "RoadScene"
    names = (folder / "test.txt").read_text().split()[:1]
    for name in names:
        a = read_image(folder / "IR" / name).luminance
        b = read_image(folder / "VI" / name).luminance
        aligned, apart = register(a, b), register(a, moved(b, 9, 6, 0, 1))
        assert apart.displacement > aligned.displacement + 5, name


def test_registered_scans_of_one_head_raise_no_alarm(shared):
    folder = shared / "data" / "VLFDataset" / "Image" / "MIF" / "Harvard"
    names = (folder / "train.txt").read_text().split()
    for name in names[1::185]:
        images = [read_image(folder / side / name).luminance for side in ("MRI", "T")]
        found = register(*images)
        assert not found.certain or found.displacement < 1.5, name


@pytest.mark.parametrize("shape", [(16, 3000), (17, 2500), (3000, 16), (16, 2000), (16, 16)])
@pytest.mark.parametrize("flat", [False, True])
def test_strips_and_flat_images_are_answered_without_a_warning(shape, flat):
    draw = np.random.default_rng(3)
    a, b = (draw.random(shape, np.float32) * (0 if flat else 1) for _ in range(2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = register(a, b)
    assert np.isfinite([found.dx, found.dy, found.rotation, found.scale]).all()
    assert not flat or found.displacement == 0
