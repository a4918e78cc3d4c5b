"""Finds the image pairs of a data set on disk, and says which can't be used and why."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from film_core.data.datasets import DATASETS
from film_core.errors import FilmError, unknown_name
from film_core.tasks import TASKS, Task, find_task

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
SPLITS = ("train", "test", "all")


class DataError(FilmError):
    """A data set that isn't there, is incomplete, or can't be read."""


@dataclass(frozen=True)
class PairFiles:
    """The two files of one pair; `name` is their common stem.

    Where several second sources share a stem (CT and PET of one MRI), the name ends in the folder
    of the second: "slice07_PET".
    """

    name: str
    a: Path
    b: Path


@dataclass(frozen=True)
class PairList:
    """Pairs of one data set in a fixed order.

    Attributes:
        task: what the pairs are for.
        dataset: name of the set.
        split: "train", "test" or "all".
        pairs: what can be used.
        skipped: {name: sentence} of what can't: no partner, or several files of one stem.
        root: the layout's root where there is one; texts are looked for below it.
    """

    task: Task
    dataset: str
    split: str
    pairs: list[PairFiles]
    skipped: dict[str, str] = field(default_factory=dict)
    root: Path | None = None


def find_pairs(data: Path, dataset: str, split: str = "test") -> PairList:
    """Return the pairs of `dataset` in the layout ``data/Image/<task>/<dataset>/<A>/<B>``.

    `split` names the list beside the folders (``train.txt``: one file name a line); "all" takes
    every name that either folder has.

    Raises:
        DataError: no such layout, folder or list, or no pair at all.
        UnknownNameError: no data set of that name there; the closest is suggested.
    """
    if split not in SPLITS:
        raise unknown_name("split", split, SPLITS)
    folder, task = _dataset_folder(data, dataset)
    sides = [_Sides(a, b) for a, b in _side_folders(folder, task)]
    if split == "all":
        names = _all_names(sides)
    else:
        listed = folder / f"{split}.txt"
        try:
            lines = listed.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                "data.no_list",
                "The list '{path}' can't be read ({reason}); write one file name a line, or use "
                "--split all.",
                path=str(listed), reason=str(error),
            ) from None  # fmt: skip
        names = [_stem(line.strip()) for line in lines if line.strip()]
    return _matched(task, folder.name, split, names, sides, data)


def pairs_of_folders(a: Path, b: Path, task: str, name: str = "") -> PairList:
    """Return the pairs of any two folders: files of equal stem belong together.

    Raises:
        DataError: a folder isn't there, or no pair at all.
        UnknownNameError: no such task.
    """
    for side in (a, b):
        if not side.is_dir():
            raise DataError("data.no_folder", "There is no folder '{path}'.", path=str(side))
    sides = [_Sides(a, b)]
    # A relative folder such as "ir" has no parent by name until it is made absolute.
    name = name or Path(os.path.abspath(a)).parent.name or a.name
    return _matched(find_task(task), name, "all", _all_names(sides), sides)


def images_by_stem(folder: Path) -> dict[str, list[Path]]:
    """Return the images of `folder` by stem, in order; hidden files are the system's."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith("."):
            found.setdefault(path.stem, []).append(path)
    return found


def several_of(name: str, files: list[Path]) -> str:
    """Return what to say of several files in one folder that could all be meant by `name`."""
    listed = " or ".join(f"'{path.name}'" for path in files)
    return f"'{name}' could be {listed} in {files[0].parent}: keep one of them"


class _Sides:
    """Two folders that belong together, and {stem: files} of both."""

    def __init__(self, a: Path, b: Path) -> None:
        self.a, self.b = a, b
        self.in_a, self.in_b = images_by_stem(a), images_by_stem(b)

    def files(self, name: str) -> tuple[list[Path], list[Path]] | None:
        if name in self.in_a and name in self.in_b:
            return self.in_a[name], self.in_b[name]
        return None


def _all_names(sides: list[_Sides]) -> list[str]:
    return sorted(set().union(*(each.in_a.keys() | each.in_b.keys() for each in sides)))


def _matched(task, dataset, split, names, sides: list[_Sides], root=None) -> PairList:
    pairs, skipped, doubled = [], {}, {}
    for name in dict.fromkeys(names):
        found = [(each.b.name, files) for each in sides if (files := each.files(name))]
        for folder, both in found:
            own = name if len(found) == 1 else f"{name}_{folder}"
            doubts = [several_of(name, files) for files in both if len(files) > 1]
            if doubts:
                skipped[own] = doubled[own] = "; ".join(doubts)
            else:
                pairs.append(PairFiles(own, *(files[0] for files in both)))
        if not found:
            skipped[name] = f"'{name}' has no file in {' nor in '.join(_absent(name, sides))}"
    if not pairs and doubled:
        reason = next(iter(doubled.values()))
        raise DataError("data.doubled", "No pair can be used: {reason}.", reason=reason)
    if not pairs:
        raise DataError(
            "data.no_pairs",
            "No pair was found: '{a}' and '{b}' have no file name in common{split}.",
            a=str(sides[0].a), b="', '".join(str(each.b) for each in sides),
            split="" if split == "all" else f" that {split}.txt lists",
        )  # fmt: skip
    return PairList(task, dataset, split, pairs, skipped, root)


def _absent(name: str, sides: list[_Sides]) -> list[str]:
    """Return the folders that `name` would be needed in."""
    absent = [str(each.a) for each in sides if name not in each.in_a]
    absent += [str(each.b) for each in sides if name not in each.in_b]
    return list(dict.fromkeys(absent))


def _dataset_folder(data: Path, dataset: str) -> tuple[Path, Task]:
    image = data / "Image"
    if not image.is_dir():
        raise DataError(
            "data.no_layout",
            "'{path}' has no folder Image; give the folder that holds Image/<task>/<data set>, or "
            "two folders with --a and --b.",
            path=str(data),
        )
    found = {
        path.name: (path, task)
        for task in TASKS.values()
        for path in sorted(image.glob(f"{task.name.upper()}/*"))
        if path.is_dir()
    }
    for name, place in found.items():
        if name.lower() == dataset.lower():
            return place
    raise unknown_name("data set here", dataset, found)


def _side_folders(folder: Path, task: Task) -> list[tuple[Path, Path]]:
    """Return the pairs of folders that hold the set: several where one first source has several
    seconds (Harvard's MRI beside CT, PET and SPECT), else the first of the known namings."""
    known = {name.lower(): entry for name, entry in DATASETS.items()}.get(folder.name.lower())
    published = (task.source_a.folder, task.source_b.folder)
    candidates = known.folders if known else (published,)
    found = [(a, b) for a, b in candidates if (folder / a).is_dir() and (folder / b).is_dir()]
    if not found:
        raise DataError(
            "data.no_sides",
            "'{path}' has none of the folder pairs {pairs}; name the two with --a and --b.",
            path=str(folder), pairs=", ".join(f"{a}+{b}" for a, b in candidates),
        )  # fmt: skip
    if found[0] == published:
        found = found[:1]  # the published layout gathers all second sources in one folder
    return [(folder / a, folder / b) for a, b in found if a == found[0][0]]


def _stem(name: str) -> str:
    return Path(name).stem if Path(name).suffix.lower() in IMAGE_SUFFIXES else name
