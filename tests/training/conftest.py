"""Prepared files of tiny rendered pairs, and Jittor started once."""

import h5py
import numpy as np
import pytest


@pytest.fixture(scope="session")
def jittor_started():
    from film_core.runtime import start

    return start("cpu")


def write_prepared(path, dataset="Tiny", count=5, size=(56, 72), width=16, encoder="counting"):
    """Write `count` pairs of smooth shapes with noise; each is a little larger than the last."""
    random = np.random.default_rng(len(dataset))
    with h5py.File(path, "w") as file:
        file.attrs.update(task="ivf", dataset=dataset, encoder=encoder, size="original")
        for group in ("imageA", "imageB", "text"):
            file.create_group(group)
        for number in range(count):
            height, across = size[0] + number, size[1] + 2 * number
            y, x = np.mgrid[0:height, 0:across] / 20
            for group, phase in (("imageA", number), ("imageB", number + 2)):
                image = 0.5 + 0.35 * np.sin(x + phase) * np.cos(y * (1 + phase / 4))
                image += random.normal(0, 0.02, image.shape)
                file[group][f"p{number}"] = np.clip(image, 0, 1).astype(np.float32)[None]
            file["text"][f"p{number}"] = random.normal(size=(1, 9 + number, width)).astype("f4")
    return path


@pytest.fixture(name="write_prepared")
def write_prepared_fixture():
    return write_prepared


@pytest.fixture
def prepared(tmp_path):
    return write_prepared(tmp_path / "Tiny_train.h5")
