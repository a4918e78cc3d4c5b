"""What is in examples/: complete, readable, licensed, and nobody else's."""

import hashlib
import json
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from examples.catalogue import EXAMPLES, FOLDER
from examples.precompute import is_current, made_from
from film_core.checkpoints import WEIGHTS_FOLDER, read_weights, weights_for_task
from film_core.tasks import TASKS

LARGEST_FILE, LARGEST_FOLDER = 700_000, 12_000_000  # bytes


def test_every_task_has_two_examples():
    counts = Counter(example.task for example in EXAMPLES.values())
    assert set(counts) == set(TASKS)
    assert min(counts.values()) >= 2


def test_folders_and_catalogue_name_the_same_examples():
    folders = {f"{path.parent.parent.name}/{path.parent.name}" for path in FOLDER.glob("*/*/a.png")}
    assert folders == set(EXAMPLES)


@pytest.mark.parametrize("key", EXAMPLES)
def test_pictures_form_a_pair(key):
    with Image.open(FOLDER / key / "a.png") as a, Image.open(FOLDER / key / "b.png") as b:
        assert a.size == b.size
        assert min(a.size) >= 320 and max(a.size) <= 640
        first, second = (np.asarray(image.convert("L"), np.float32) for image in (a, b))
    for picture in (first, second):
        assert picture.std() > 15, "next to nothing is to be seen"
    assert np.abs(first - second).mean() > 3, "there is nothing to fuse"


@pytest.mark.parametrize("key", EXAMPLES)
def test_card_says_what_the_catalogue_says(key):
    card = json.loads((FOLDER / key / "example.json").read_text(encoding="utf-8"))
    assert card == EXAMPLES[key].card()
    assert all(card[entry].strip() for entry in ("title", "sentence", "source", "licence"))


def test_files_stay_small():
    sizes = [path.stat().st_size for path in FOLDER.rglob("*.png")]
    assert max(sizes) <= LARGEST_FILE
    assert sum(sizes) <= LARGEST_FOLDER


def test_no_picture_is_from_the_data_sets(shared):
    sizes = {path.stat().st_size: path for path in FOLDER.rglob("*.png")}
    ours = {hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.rglob("*.png")}
    compared = 0
    for path in (shared / "data").rglob("*"):
        if path.is_file() and path.stat().st_size in sizes:
            assert hashlib.sha256(path.read_bytes()).hexdigest() not in ours, path.name
        compared += 1
    assert compared > 100


@pytest.mark.parametrize("key", EXAMPLES)
def test_result_belongs_to_these_images_and_weights(key):
    example = EXAMPLES[key]
    weights = weights_for_task(example.task)
    if not (WEIGHTS_FOLDER / f"{weights}.safetensors").is_file():
        pytest.skip(f"there are no weights {weights} yet")
    _, card = read_weights(weights)
    assert is_current(example, made_from(example, card.sha256)), (
        "out of date: python -m examples.precompute"
    )
    result = json.loads((example.folder / "result.json").read_text(encoding="utf-8"))
    assert result["weights"] == weights
    assert result["text_a"] and result["text_b"]
    assert {"raw", "paper"} <= set(result["metrics"])
    assert {"mean", "maximum", "pyramid"} <= set(result["comparison"])
    with (
        Image.open(example.folder / "fused.png") as fused,
        Image.open(example.folder / "a.png") as source,
    ):
        assert fused.size == source.size
