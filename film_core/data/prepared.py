"""Prepared data: H5 files as published, `imageA`, `imageB` and `text`, one entry a pair."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from film_core.data.pairs import DataError

SMALL = (288, 384)
"""Height and width of the published training images."""
SIZES = ("small", "original")
FORMAT = "film-studio prepared pairs 1"


@dataclass(frozen=True)
class PreparedPair:
    """One pair as the network takes it.

    Attributes:
        name: stem of the files.
        image_a, image_b: (1, H, W) float32 luminance in [0, 1].
        text: (1, T, width) float32.
        dataset: name of the data set.
    """

    name: str
    image_a: np.ndarray
    image_b: np.ndarray
    text: np.ndarray
    dataset: str = ""


class PreparedFile:
    """An open prepared file; pairs are read one at a time, and the file stays open.

    Args:
        path: an H5 file that `prepare` (or the published script) wrote.

    Attributes:
        names: the pairs in it, sorted.
        task, dataset, split, encoder, size: what it was prepared from and how; "" where the file
            doesn't say.
        holds_test_list: whether it was made of all pairs of a set that has a test list.
        width: values of a text token.

    Raises:
        DataError: not such a file, cut short, or with entries missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise DataError(
                "data.no_prepared",
                "There is no prepared file '{path}'; make it with `python -m film_core prepare`.",
                path=str(path),
            )
        try:
            self.file = h5py.File(path, "r")
            groups = {key: sorted(self.file[key]) for key in ("imageA", "imageB", "text")}
        except (OSError, KeyError, RuntimeError) as error:
            raise self._broken(error) from None
        if not groups["imageA"] or len({tuple(names) for names in groups.values()}) != 1:
            raise self._broken("imageA, imageB and text do not hold the same pairs")
        self.names: list[str] = groups["imageA"]
        attributes = self.file.attrs
        self.task = str(attributes.get("task", ""))
        self.dataset = str(attributes.get("dataset", path.stem.split("_")[0]))
        self.encoder = str(attributes.get("encoder", ""))
        self.size = str(attributes.get("size", ""))
        self.split = str(attributes.get("split", ""))
        self.holds_test_list = bool(attributes.get("holds_test_list", False))
        self.width = int(self.file["text"][self.names[0]].shape[-1])

    def __len__(self) -> int:
        return len(self.names)

    def digest(self) -> str:
        """Return a SHA-256 of which pairs these are and how they were prepared, not of pixels."""
        describer = str(self.file.attrs.get("describer", ""))
        told = [self.task, self.dataset, self.encoder, self.width, self.size, self.names]
        told += [self.split, describer]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def read(self, name: str) -> PreparedPair:
        """Return the pair called `name`.

        Raises:
            DataError: the file is damaged there.
        """
        try:
            a, b, text = (
                np.asarray(self.file[key][name][()], np.float32)
                for key in ("imageA", "imageB", "text")
            )
        except (OSError, KeyError, RuntimeError) as error:
            raise self._broken(error) from None
        if a.ndim != 3 or a.shape != b.shape or text.ndim != 3 or text.shape[-1] != self.width:
            raise self._broken(f"the pair '{name}' has shapes {a.shape}, {b.shape}, {text.shape}")
        return PreparedPair(name, a, b, text, self.dataset)

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def _broken(self, reason: object) -> DataError:
        return DataError(
            "data.broken_prepared",
            "The prepared file '{path}' can't be used ({reason}); delete it and run prepare again.",
            path=str(self.path), reason=str(reason)[:160],
        )  # fmt: skip


def open_prepared(paths: list[Path], task: str = "", encoder: str = "") -> list[PreparedFile]:
    """Open several prepared files that belong together.

    Raises:
        DataError: as `PreparedFile`, or files of different tasks, encoders or text widths.
    """
    files = [PreparedFile(path) for path in paths]
    for file in files:
        for what, seen, wanted in (
            ("task", file.task, task or files[0].task),
            ("text encoder", file.encoder, encoder or files[0].encoder),
            ("text width", file.width, files[0].width),
        ):
            if seen != wanted and seen and wanted:
                raise DataError(
                    "data.mixed",
                    "'{path}' was prepared with the {what} '{seen}', not '{wanted}'; prepare it "
                    "again or leave it out.",
                    path=str(file.path), what=what, seen=seen, wanted=wanted,
                )  # fmt: skip
    return files
