"""A tiny data set in the published layout, rendered here, and text parts without a network."""

import types

import numpy as np
import pytest
from PIL import Image


class CountingEncoder:
    """Features that can be recognised: one token a word, filled with the word's length."""

    name, width = "counting", 6

    def encode(self, text):
        lengths = [len(word) for word in text.split()] or [0]
        features = np.repeat(np.array(lengths, np.float32)[:, None], self.width, axis=1)
        return types.SimpleNamespace(features=features)


class PlainDescriber:
    """Names the source."""

    name = "plain"

    def describe(self, image, other, task, source):
        return types.SimpleNamespace(text=f"source {source} of {task.name}")


def picture(seed: int, height: int, width: int, colour: bool = False) -> Image.Image:
    random = np.random.default_rng(seed)
    shape = (height, width, 3) if colour else (height, width)
    return Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8))


@pytest.fixture
def encoder():
    return CountingEncoder()


@pytest.fixture
def describer():
    return PlainDescriber()


@pytest.fixture
def layout(tmp_path):
    """VLFDataset with RoadScene: three pairs, the last one portrait; train lists two of them."""
    root = tmp_path / "VLFDataset"
    folder = root / "Image" / "IVF" / "RoadScene"
    for index, (side, colour) in enumerate((("IR", False), ("VI", True))):
        (folder / side).mkdir(parents=True)
        for number, (height, width) in enumerate(((60, 80), (50, 70), (90, 64))):
            picture(10 * index + number, height, width, colour).save(
                folder / side / f"p{number}.png"
            )
    (folder / "train.txt").write_text("p0.png\np2.png\n")
    (folder / "test.txt").write_text("p1.png\n")
    return root
