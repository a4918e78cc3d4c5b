"""The twelve metrics against the published Evaluator's values on real pairs."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from film_core.metrics import METRICS, RULES, mean_row, measure

RELATIVE = {name: 1e-4 for name in METRICS} | {"SSIM": 1e-3}


def luminance(path: Path) -> np.ndarray:
    """BT.601 luminance as OpenCV makes it of float32, rounded."""
    image = Image.open(path)
    if image.mode == "L":
        return np.asarray(image, np.float32)
    red, green, blue = np.moveaxis(np.asarray(image.convert("RGB"), np.float32), -1, 0)
    weights = np.float32(0.299), np.float32(0.587), np.float32(0.114)
    return np.rint(weights[0] * red + weights[1] * green + weights[2] * blue)


def stronger_laplacian(image_a: np.ndarray, image_b: np.ndarray) -> np.ndarray:
    """Per pixel the source with the larger |3x3 Laplacian|, A on ties, mirrored borders."""

    def strength(image: np.ndarray) -> np.ndarray:
        padded = np.pad(image, 1, mode="reflect")
        around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
        return np.abs(around - 4 * image)

    return np.where(strength(image_a) >= strength(image_b), image_a, image_b)


FUSE = {
    "mean": RULES["mean"].fuse,
    "max": RULES["maximum"].fuse,
    "laplacian-max": stronger_laplacian,
}


@pytest.mark.parametrize("case", range(24))
def test_published_values_are_met(shared: Path, case: int) -> None:
    reference = json.loads((shared / "golden/metrics/reference.json").read_text())[case]
    images = shared / "data/VLFDataset/Image"
    image_a, image_b = luminance(images / reference["a"]), luminance(images / reference["b"])
    fused = FUSE[reference["rule"]](image_a, image_b)
    values = measure(fused, image_a, image_b)
    assert list(values) == list(METRICS)
    for name, value in values.items():
        assert value == pytest.approx(reference[name], rel=RELATIVE[name]), name


def test_the_reference_holds_no_more_cases(shared: Path) -> None:
    assert len(json.loads((shared / "golden/metrics/reference.json").read_text())) == 24


@pytest.mark.slow
def test_rules_reach_their_known_values_on_roadscene(shared: Path) -> None:
    """Mean over the 50 test pairs: the figures that a trained FILM is compared with."""
    folder = shared / "data/VLFDataset/Image/IVF/RoadScene"
    rows: dict[str, list[dict[str, float]]] = {"maximum": [], "pyramid": []}
    for name in (folder / "test.txt").read_text().split():
        image_a, image_b = luminance(folder / "IR" / name), luminance(folder / "VI" / name)
        for rule, row in rows.items():
            fused = RULES[rule].fuse(image_a, image_b)
            row.append(measure(fused, image_a, image_b, ["VIFF", "Qabf"]))
    assert len(rows["maximum"]) == 50
    assert mean_row(rows["maximum"]) == pytest.approx({"VIFF": 0.853, "Qabf": 0.604}, abs=6e-4)
    assert mean_row(rows["pyramid"]) == pytest.approx({"VIFF": 0.696, "Qabf": 0.588}, abs=6e-4)
