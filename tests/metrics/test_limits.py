"""Identical, flat, small and wrong inputs: known values, nan, or a sentence with what was seen."""

import math
import threading

import numpy as np
import pytest

from film_core.errors import Cancelled, MetricError, UnknownNameError
from film_core.metrics import (
    LOCAL_MAPS,
    METRICS,
    Sources,
    find_metric,
    grey_levels,
    local_map,
    mean_row,
    measure,
    paper_form,
)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    """(64, 80) float32 whole numbers from 0 to 250."""
    y, x = np.mgrid[:64, :80]
    return np.rint(125 + 125 * np.sin(x / 5) * np.cos(y / 8)).astype(np.float32)


def test_identical_inputs(image: np.ndarray) -> None:
    values = measure(image, image, image)
    assert values["MSE"] == 0 and values["PSNR"] == math.inf
    assert values["CC"] == pytest.approx(1, abs=1e-12)
    assert math.isnan(values["SCD"])  # nothing differs, so there is nothing to correlate
    assert values["VIFF"] == pytest.approx(2, abs=1e-9)
    assert values["SSIM"] == pytest.approx(2, abs=1e-6)
    assert values["MI"] == pytest.approx(2 * values["EN"] * math.log(2))
    # Even equal edges get no more than both sigmoids' value at perfect agreement.
    assert 0.9 < values["Qabf"] <= 0.9994 * 0.9879


def test_flat_images() -> None:
    flat = np.full((50, 60), 77, np.uint8)
    values = measure(flat, flat, flat)
    for name in ("CC", "SCD", "Qabf"):
        assert math.isnan(values[name]) and METRICS[name].undefined
    for name in ("EN", "SD", "SF", "AG", "MI", "MSE"):
        assert values[name] == 0
    assert values["VIFF"] == 2 and values["SSIM"] == pytest.approx(2)
    assert np.isnan(local_map("Qabf", flat, flat, flat)).all()
    assert not local_map("SSIM", flat, flat, flat).any()


@pytest.mark.parametrize("level", [0, 3, 254.7, 255])
def test_a_flat_fused_image_between_real_sources(image: np.ndarray, level: float) -> None:
    flat = np.full_like(image, level)
    values = measure(flat, image, image[::-1])
    assert math.isnan(values["CC"])
    assert values["VIFF"] == 0 and values["SD"] == pytest.approx(0, abs=1e-9)
    assert values["SCD"] < 0  # flat minus B is B inverted
    assert math.isnan(values["PSNR"]) == (level == 0)


def test_a_flat_source_leaves_the_other(image: np.ndarray) -> None:
    flat = np.zeros_like(image)
    values = measure(image, image, flat)
    assert math.isnan(values["CC"]) and math.isnan(values["SCD"])
    assert values["VIFF"] == pytest.approx(2) and values["Qabf"] > 0.9


def test_a_small_image_has_the_metrics_that_fit_it(image: np.ndarray) -> None:
    small = image[:16, :40]
    values = measure(np.maximum(small, small[::-1]), small, small[::-1])
    assert list(values) == list(METRICS)
    assert [name for name, value in values.items() if math.isnan(value)] == ["VIFF"]
    tiny = measure(image[:1, :1], image[:1, :1], image[:1, :1])
    assert tiny["EN"] == 0 and tiny["MSE"] == 0 and math.isnan(tiny["SSIM"])


@pytest.mark.parametrize(("name", "limit"), [("VIFF", 41), ("SSIM", 7), ("SF", 2), ("AG", 2)])
def test_too_small_for_a_metric_asked_for(image: np.ndarray, name: str, limit: int) -> None:
    enough, short = image[:limit, :64], image[: limit - 1, :64]
    assert math.isfinite(measure(enough, enough, enough, [name])[name])
    with pytest.raises(MetricError, match=f"at least {limit} pixels.* has 64 x {limit - 1}"):
        measure(short, short, short, [name])


@pytest.mark.parametrize(
    ("change", "code", "seen"),
    [
        (lambda i: i - 20, "metric.range", "-20 to 230"),
        (lambda i: i * 2, "metric.range", "0 to 500"),
        (lambda i: i / 255, "metric.unit_range", "0 to 0.98"),
        (lambda i: np.where(i > 200, np.nan, i), "metric.not_finite", "not finite"),
        (lambda i: np.where(i > 200, np.inf, i), "metric.not_finite", "not finite"),
        (lambda i: i[..., None], "metric.not_grey", "(64, 80, 1)"),
        (lambda i: i[:0], "metric.not_grey", "(0, 80)"),
        (lambda i: i > 9, "metric.not_grey", "bool"),
        (lambda i: i + 0j, "metric.not_grey", "complex"),
        (lambda i: i[:, :-1], "metric.sizes", "79 x 64"),
        (lambda i: i.T, "metric.sizes", "64 x 80"),
    ],
)
@pytest.mark.parametrize("position", [0, 1, 2])
def test_wrong_inputs_are_named(image: np.ndarray, change, code: str, seen: str, position) -> None:
    arguments = [image, image, image]
    arguments[position] = change(image)
    with pytest.raises(MetricError) as caught:
        measure(*arguments)
    assert caught.value.code == code
    assert seen in str(caught.value)
    role = ("fused image", "source a", "source b")[position]
    assert role in str(caught.value).lower() or code == "metric.sizes"


def test_dark_images_are_not_taken_for_unit_range(image: np.ndarray) -> None:
    black = np.zeros_like(image)
    assert measure(black + 0.4, black, black)["MSE"] == pytest.approx(0.16)
    assert measure(image, black, image)["SSIM"] < 2
    binary = (image > 100).astype(np.float32)
    assert measure(binary, binary, black)["EN"] > 0


def test_rounding_of_a_scaled_sigmoid_is_forgiven(image: np.ndarray) -> None:
    above = image * np.float32(255 / image.max())
    above[0, 0] = np.nextafter(np.float32(255), np.float32(256))
    assert math.isfinite(measure(above, image, image)["EN"])


def test_paper_form_stretches_and_truncates() -> None:
    fused = np.array([[10, 20], [30, 40.0]])
    assert paper_form(fused).tolist() == [[0, 85], [170, 255]]
    assert paper_form(np.array([[0, 1, 2, 3.99, 4]])).tolist() == [[0, 63, 127, 254, 255]]
    whole = np.arange(256, dtype=np.float32)[None]
    np.testing.assert_array_equal(paper_form(whole), whole)
    np.testing.assert_array_equal(paper_form(whole[:, :101] + 50), np.trunc(whole[:, :101] * 2.55))


def test_paper_form_of_a_flat_image() -> None:
    flat = np.full((48, 48), 9.0)
    with pytest.raises(MetricError, match="9; a flat image"):
        paper_form(flat)
    source = np.arange(48 * 48).reshape(48, 48) % 256
    assert all(math.isnan(v) for v in measure(flat, source, source, form="paper").values())
    with pytest.raises(MetricError, match="flat"):
        local_map("SSIM", flat, source, source, form="paper")


def test_measuring_in_paper_form_is_measuring_the_stretched(image: np.ndarray) -> None:
    fused = image / 2 + 30
    sources = Sources(image, image[:, ::-1])
    assert sources.measure(fused, form="paper") == sources.measure(paper_form(fused))
    assert sources.measure(fused)["SD"] < sources.measure(fused, form="paper")["SD"]
    np.testing.assert_array_equal(
        sources.local_map("SSIM", fused, "paper"), sources.local_map("SSIM", paper_form(fused))
    )


def test_inputs_are_left_alone(image: np.ndarray) -> None:
    arrays = [image.copy(), image[::-1].copy(), image[:, ::-1].copy()]
    before = [array.copy() for array in arrays]
    measure(*arrays)
    local_map("Qabf", *arrays)
    for array, kept in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_mistyped_names_are_answered(image: np.ndarray) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'SSIM'"):
        measure(image, image, image, ["SIM"])
    with pytest.raises(UnknownNameError, match="did you mean 'paper'"):
        measure(image, image, image, form="papre")
    with pytest.raises(UnknownNameError, match="Qabf, SSIM"):
        local_map("EN", image, image, image)
    assert find_metric(" qabf ").name == "Qabf"


def test_names_choose_and_order(image: np.ndarray) -> None:
    assert list(measure(image, image, image, ["ssim", "EN"])) == ["SSIM", "EN"]
    assert measure(image, image, image, []) == {}


def test_metadata_is_complete() -> None:
    assert list(METRICS) == [
        "EN", "SD", "SF", "AG", "MI", "MSE", "PSNR", "CC", "SCD", "VIFF", "Qabf", "SSIM"
    ]  # fmt: skip
    assert [name for name, m in METRICS.items() if not m.higher_is_better] == ["MSE"]
    assert LOCAL_MAPS == ("Qabf", "SSIM")
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.long_name and metric.range_text
        assert metric.sentence.endswith(".") and metric.rewards_wrongly.endswith(".")


def test_mean_row_leaves_out_what_is_undefined() -> None:
    rows = [{"EN": 1.0, "Qabf": math.nan}, {"EN": 2.0, "Qabf": 0.5}]
    assert mean_row(rows) == {"EN": 1.5, "Qabf": 0.5}
    assert mean_row([{"PSNR": math.inf}, {"PSNR": 1.0}]) == {"PSNR": math.inf}
    assert math.isnan(mean_row(rows[:1])["Qabf"])
    assert mean_row([]) == {}


def test_grey_levels_round_and_clip() -> None:
    levels = grey_levels(np.array([[0, 0.5, 1, 1.2, -0.1, 100.4 / 255]]))
    assert levels.dtype == np.float32
    assert levels.tolist() == [[0, 128, 255, 255, 0, 100]]


def test_measuring_says_that_it_goes_on_and_can_be_stopped():
    draw = np.random.default_rng(3)
    a, b, fused = (draw.integers(0, 256, (1500, 2000)).astype(np.uint8) for _ in range(3))
    sources, calls = Sources(a, b), []

    def checkpoint():
        calls.append(None)
        if len(calls) == 2:
            raise Cancelled()

    with pytest.raises(Cancelled):
        sources.measure(fused, checkpoint=checkpoint)
    assert len(calls) == 2
    assert not [t for t in threading.enumerate() if t.name.startswith("metrics")]
    small = fused[:64, :64]
    measured = Sources(a[:64, :64], b[:64, :64])
    assert measured.measure(small, checkpoint=lambda: None) == measured.measure(small)
