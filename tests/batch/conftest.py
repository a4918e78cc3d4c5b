"""Pairs on disk and in zip files."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image


def png(seed=0, size=(40, 56)):
    """Return a PNG of soft noise, so that pictures differ and metrics are defined."""
    values = np.random.default_rng(seed).integers(0, 256, (size[0] // 8, size[1] // 8))
    picture = Image.fromarray(values.astype(np.uint8)).resize(size[::-1], Image.Resampling.BICUBIC)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def zipped():
    """Return a function that packs {name: bytes} or [(ZipInfo, bytes)] into the bytes of a zip."""

    def pack(entries, method=zipfile.ZIP_STORED):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            for name, content in entries.items() if isinstance(entries, dict) else entries:
                archive.writestr(name, content)
        return file.getvalue()

    return pack


@pytest.fixture
def folders(tmp_path):
    """Two folders of three pairs, and a file without a partner in each."""
    for side, first in (("ir", 0), ("vis", 10)):
        folder = tmp_path / side
        folder.mkdir()
        for number in (2, 10, 1):
            (folder / f"{number}.png").write_bytes(png(first + number))
    (tmp_path / "ir" / "lonely.png").write_bytes(png(5))
    (tmp_path / "vis" / "notes.txt").write_text("not an image")
    return tmp_path / "ir", tmp_path / "vis"
