"""The rules that a learnt fusion has to beat."""

import numpy as np
import pytest

from film_core.metrics import RULES, Sources, compare
from film_core.metrics.rules import pyramid

SHAPES = [(16, 16), (64, 64), (61, 83), (131, 40), (1, 1), (5, 300)]


def pair_of_noise(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.random.default_rng(5).integers(0, 256, (2, *shape))
    return a.astype(np.float32), b.astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rule", list(RULES))
def test_a_rule_gives_8_bit_values_as_float(rule: str, shape: tuple[int, int]) -> None:
    fused = RULES[rule].fuse(*pair_of_noise(shape))
    assert fused.shape == shape and fused.dtype == np.float32
    assert fused.min() >= 0 and fused.max() <= 255
    np.testing.assert_array_equal(fused, np.rint(fused))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rule", list(RULES))
def test_equal_sources_come_out_unchanged(rule: str, shape: tuple[int, int]) -> None:
    image, _ = pair_of_noise(shape)
    np.testing.assert_array_equal(RULES[rule].fuse(image, image.copy()), image)


@pytest.mark.parametrize("rule", list(RULES))
def test_integers_do_not_overflow(rule: str) -> None:
    a, b = (image.astype(np.uint8) for image in pair_of_noise((40, 50)))
    expected = RULES[rule].fuse(a.astype(np.float32), b.astype(np.float32))
    np.testing.assert_array_equal(RULES[rule].fuse(a, b), expected)


def test_mean_and_maximum() -> None:
    a, b = np.array([[0, 10, 255]]), np.array([[3, 7, 255]])
    assert RULES["mean"].fuse(a, b).tolist() == [[2, 8, 255]]  # halves go to the even level
    assert RULES["maximum"].fuse(a, b).tolist() == [[3, 10, 255]]


def test_flat_images_stay_flat_in_a_pyramid() -> None:
    fused = pyramid(np.full((50, 37), 200), np.full((50, 37), 100))
    assert (fused == 150).all()  # borders included: expanding loses no brightness


def test_the_pyramid_keeps_detail_of_either_source() -> None:
    """Each half is sharp in one source: the fusion is sharp in both, the mean in neither."""
    sharp = np.where(np.indices((96, 96)).sum(0) // 2 % 2, 160.0, 96.0)
    a, b = np.full_like(sharp, 128), np.full_like(sharp, 128)
    a[:, :48], b[:, 48:] = sharp[:, :48], sharp[:, 48:]
    inside = np.s_[8:-8, 8:-8]
    assert np.abs(pyramid(a, b) - sharp)[inside].mean() < 6
    assert np.abs(RULES["mean"].fuse(a, b) - sharp)[inside].mean() > 12


def test_levels_are_bands_of_detail() -> None:
    a, b = pair_of_noise((100, 100))
    np.testing.assert_array_equal(pyramid(a, b, levels=0), np.rint((a + b) / 2))
    assert (pyramid(a, b, levels=1) != pyramid(a, b, levels=4)).any()


def test_compare_measures_rules_and_sources() -> None:
    a, b = pair_of_noise((50, 60))
    sources = Sources(a, b)
    rows = compare(sources, "paper", iter(["EN", "VIFF"]))
    assert list(rows) == ["mean", "maximum", "pyramid", "source A", "source B"]
    assert rows["source A"] == sources.measure(a, ["EN", "VIFF"], "paper")
    assert rows["maximum"] == sources.measure(np.maximum(a, b), ["EN", "VIFF"], "paper")
