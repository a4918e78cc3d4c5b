"""Each metric against its definition written out slowly, on small images without ../shared."""

import math

import numpy as np
import pytest

from film_core.metrics import METRICS, local_map, measure
from film_core.metrics.separable import BLOCK, SeparableWindow, gaussian_window
from film_core.metrics.strips import strips

HEIGHT, WIDTH = 67, 90  # neither a multiple of a block or strip


@pytest.fixture(scope="module")
def images() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fused, A, B: smooth structure with noise, flat patches, whole numbers in 0..255."""
    random = np.random.default_rng(3)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    image_a = 120 + 90 * np.sin(x / 9) + random.normal(0, 6, (HEIGHT, WIDTH))
    image_b = 100 + 70 * np.cos(y / 7 + x / 30) + random.normal(0, 9, (HEIGHT, WIDTH))
    image_a[:20, :25] = 0
    image_b[:30, :20] = 255
    fused = np.maximum(image_a, image_b * 0.8) + random.normal(0, 2, (HEIGHT, WIDTH))
    fused[5:15, 5:15] = 40
    return tuple(np.rint(np.clip(image, 0, 255)).astype(np.float32)
                 for image in (fused, image_a, image_b))  # fmt: skip


def slow_vifp(reference: np.ndarray, distorted: np.ndarray) -> float:
    numerator = denominator = 0.0
    for scale, side in enumerate((17, 9, 5, 3)):
        distance = np.arange(side) - side // 2
        window = np.exp(-(distance[:, None] ** 2 + distance**2) / (2 * (side / 5) ** 2))
        window /= window.sum()

        def filtered(image: np.ndarray, window: np.ndarray = window) -> np.ndarray:
            views = np.lib.stride_tricks.sliding_window_view(image, window.shape)
            return np.einsum("ijkl,kl->ij", views, window)

        if scale:
            reference, distorted = filtered(reference)[::2, ::2], filtered(distorted)[::2, ::2]
        mean_r, mean_d = filtered(reference), filtered(distorted)
        s1 = np.maximum(filtered(reference**2) - mean_r**2, 0)
        s2 = np.maximum(filtered(distorted**2) - mean_d**2, 0)
        s12 = filtered(reference * distorted) - mean_r * mean_d
        gain = s12 / (s1 + 1e-10)
        rest = s2 - gain * s12
        flat = s1 < 1e-10
        gain[flat], rest[flat], s1[flat] = 0, s2[flat], 0
        flat = s2 < 1e-10
        gain[flat], rest[flat] = 0, 0
        inverted = gain < 0
        rest[inverted], gain[inverted] = s2[inverted], 0
        rest = np.maximum(rest, 1e-10)
        numerator += np.log10(1 + gain**2 * s1 / (rest + 2)).sum()
        denominator += np.log10(1 + s1 / 2).sum()
    return numerator / denominator


def slow_edges(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    height, width = image.shape
    padded = np.pad(image.astype(float), 1)
    strength, angle = np.zeros((2, height, width))
    for i in range(height):
        for j in range(width):
            p = padded[i : i + 3, j : j + 3]
            sx = p[0, 0] + 2 * p[1, 0] + p[2, 0] - p[0, 2] - 2 * p[1, 2] - p[2, 2]
            sy = p[2, 0] + 2 * p[2, 1] + p[2, 2] - p[0, 0] - 2 * p[0, 1] - p[0, 2]
            strength[i, j] = math.hypot(sx, sy)
            angle[i, j] = math.atan(sy / sx) if sx else math.pi / 2
    return strength, angle


def slow_qabf(fused: np.ndarray, *sources: np.ndarray) -> float:
    g_f, angle_f = slow_edges(fused)
    kept = weight = 0.0
    for source in sources:
        g, angle = slow_edges(source)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(g == g_f, g_f, np.minimum(g, g_f) / np.maximum(g, g_f))
        aligned = 1 - np.abs(angle - angle_f) / (math.pi / 2)
        quality = 0.9994 / (1 + np.exp(-15 * (ratio - 0.5)))
        quality *= 0.9879 / (1 + np.exp(-22 * (aligned - 0.8)))
        kept += (quality * g).sum()
        weight += g.sum()
    return kept / weight


def slow_ssim(first: np.ndarray, second: np.ndarray) -> float:
    windows = [np.lib.stride_tricks.sliding_window_view(i.astype(float), (7, 7)).reshape(-1, 49)
               for i in (first, second)]  # fmt: skip
    x, y = windows
    mean_x, mean_y = x.mean(1), y.mean(1)
    covariance = ((x - mean_x[:, None]) * (y - mean_y[:, None])).sum(1) / 48
    variances = x.var(1, ddof=1) + y.var(1, ddof=1)
    c1, c2 = 2.55**2, 7.65**2
    return float(
        ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)
         / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))).mean()
    )  # fmt: skip


def slow_information(first: np.ndarray, second: np.ndarray) -> float:
    joint = np.histogram2d(first.ravel(), second.ravel(), bins=np.arange(257) - 0.5)[0]
    joint /= joint.sum()
    total = 0.0
    for i, j in zip(*np.nonzero(joint), strict=True):
        total += joint[i, j] * math.log(joint[i, j] / (joint[i].sum() * joint[:, j].sum()))
    return total


def test_visual_information(images) -> None:
    fused, a, b = (image.astype(float) for image in images)
    expected = slow_vifp(a, fused) + slow_vifp(b, fused)
    assert measure(*images, ["VIFF"])["VIFF"] == pytest.approx(expected, rel=1e-7)


def test_gradient_preservation(images) -> None:
    assert measure(*images, ["Qabf"])["Qabf"] == pytest.approx(slow_qabf(*images), rel=1e-5)


def test_structural_similarity(images) -> None:
    fused, a, b = images
    expected = slow_ssim(fused, a) + slow_ssim(fused, b)
    assert measure(*images, ["SSIM"])["SSIM"] == pytest.approx(expected, rel=1e-5)


def test_mutual_information_and_entropy(images) -> None:
    fused, a, b = images
    values = measure(*images, ["MI", "EN"])
    assert values["MI"] == pytest.approx(slow_information(fused, a) + slow_information(fused, b))
    assert values["EN"] == pytest.approx(slow_information(fused, fused) / math.log(2))


def test_averages_over_the_image(images) -> None:
    fused, a, b = (image.astype(float) for image in images)
    values = measure(*images, ["SD", "SF", "AG", "MSE", "PSNR", "CC", "SCD"])
    across, down = np.diff(fused, axis=1), np.diff(fused, axis=0)
    gradient = np.gradient(fused)
    error = ((fused - a) ** 2).mean() / 2 + ((fused - b) ** 2).mean() / 2

    def correlation(x: np.ndarray, y: np.ndarray) -> float:
        return np.corrcoef(x.ravel(), y.ravel())[0, 1]

    expected = {
        "SD": fused.std(),
        "SF": math.sqrt((across**2).mean() + (down**2).mean()),
        "AG": np.sqrt((gradient[0] ** 2 + gradient[1] ** 2) / 2).mean(),
        "MSE": error,
        "PSNR": 10 * math.log10(fused.max() ** 2 / error),
        "CC": (correlation(fused, a) + correlation(fused, b)) / 2,
        "SCD": correlation(a, fused - b) + correlation(b, fused - a),
    }
    assert values == pytest.approx(expected, rel=1e-6)


def test_a_source_sees_no_difference_between_types(images) -> None:
    as_bytes = measure(*(image.astype(np.uint8) for image in images))
    assert as_bytes == measure(*images) == measure(*(image.astype(float) for image in images))


def test_both_sources_count_alike(images) -> None:
    fused, a, b = images
    assert measure(fused, a, b) == pytest.approx(measure(fused, b, a), rel=1e-9)


@pytest.mark.parametrize("shape", [(41, 41), (42, 203), (131, 45), (97, 700)])
def test_any_size_gives_finite_values_within_bounds(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    fused, a, b = random.integers(0, 256, (3, *shape)).astype(np.uint8)
    for name, value in measure(fused, a, b).items():
        assert math.isfinite(value), name
        assert METRICS[name].low is None or value >= METRICS[name].low, name
        assert METRICS[name].high is None or value <= METRICS[name].high, name


def test_the_map_of_lost_edges_averages_to_what_is_lost(images) -> None:
    lost = local_map("Qabf", *images)
    assert lost.shape == (HEIGHT, WIDTH) and lost.dtype == np.float32
    assert lost.mean(dtype=float) == pytest.approx(1 - slow_qabf(*images), rel=1e-5)


def test_the_map_of_lost_structure_averages_to_what_is_lost(images) -> None:
    lost = local_map("ssim", *images)
    assert lost.shape == (HEIGHT, WIDTH) and lost.dtype == np.float32
    ssim = measure(*images, ["SSIM"])["SSIM"]
    assert lost[3:-3, 3:-3].mean(dtype=float) == pytest.approx(1 - ssim / 2, abs=1e-6)
    assert (lost[:3] == lost[3]).all() and (lost[:, -3:] == lost[:, -4:-3]).all()


def test_a_local_map_shows_where_it_is_lost(images) -> None:
    _, a, _ = images
    damaged = a.copy()
    damaged[40:50, 50:60] = 128
    elsewhere = np.ones(a.shape, bool)
    elsewhere[36:54, 46:64] = False
    for name in ("Qabf", "SSIM"):
        lost = local_map(name, damaged, a, a)
        row, column = np.unravel_index(np.argmax(lost), lost.shape)
        assert 38 <= row < 52 and 48 <= column < 62
        assert lost[40:50, 50:60].mean() > 10 * lost[elsewhere].mean()


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("shape", [(17, 17), (48, 49), (2, 80, 333)])
def test_banded_products_are_the_window(step: int, shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).normal(size=shape)
    window = gaussian_window(17, 3.4, step)
    taps = np.exp(-((np.arange(17) - 8) ** 2) / (2 * 3.4**2))
    kernel = np.outer(taps, taps) / taps.sum() ** 2
    views = np.lib.stride_tricks.sliding_window_view(images, (17, 17), axis=(-2, -1))
    expected = np.einsum("...kl,kl->...", views, kernel)[..., ::step, ::step]
    np.testing.assert_allclose(window.valid(images), expected, rtol=1e-12, atol=1e-13)


def test_a_window_that_does_not_fit_gives_nothing() -> None:
    window = SeparableWindow(np.ones(5))
    assert window.count(4) == 0 and window.count(5) == 1
    assert window.valid(np.zeros((4, BLOCK))).shape == (0, BLOCK - 4)


@pytest.mark.parametrize(("rows", "width"), [(1, 1), (31, 10), (480, 640), (333, 100_000)])
def test_strips_cover_every_row_once(rows: int, width: int) -> None:
    seen = [row for results, _ in strips(rows, width, 6) for row in range(rows)[results]]
    assert seen == list(range(rows))
    assert all(taken.stop - taken.start == own.stop - own.start + 6
               for own, taken in strips(rows, width, 6))  # fmt: skip
