"""Finds the image pairs of a data set on disk, and says which can't be used and why."""

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
    """The two files of one pair; `name` is their common stem."""

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
        skipped: {name: sentence} of what can't.
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
        DataError: no such layout, folder or list.
        UnknownNameError: no data set of that name there; the closest is suggested.
    """
    if split not in SPLITS:
        raise unknown_name("split", split, SPLITS)
    folder, task = _dataset_folder(data, dataset)
    side_a, side_b = _sides(folder, dataset, task)
    in_a, in_b = _by_stem(side_a), _by_stem(side_b)
    if split == "all":
        names = sorted(in_a.keys() | in_b.keys())
    else:
        listed = folder / f"{split}.txt"
        try:
            lines = listed.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                "data.no_list",
                "The list '{path}' can't be read ({reason}); write one file name a line, or use "
                "--split all.",
                path=str(listed), reason=str(error),
            ) from None  # fmt: skip
        names = [_stem(line.strip()) for line in lines if line.strip()]
    return _matched(task, folder.name, split, names, (side_a, in_a), (side_b, in_b), data)


def pairs_of_folders(a: Path, b: Path, task: str, name: str = "") -> PairList:
    """Return the pairs of any two folders: files of equal stem belong together.

    Raises:
        DataError: a folder isn't there.
        UnknownNameError: no such task.
    """
    for side in (a, b):
        if not side.is_dir():
            raise DataError("data.no_folder", "There is no folder '{path}'.", path=str(side))
    in_a, in_b = _by_stem(a), _by_stem(b)
    names = sorted(in_a.keys() | in_b.keys())
    return _matched(find_task(task), name or a.parent.name, "all", names, (a, in_a), (b, in_b))


def _matched(task, dataset, split, names, a, b, root=None) -> PairList:
    (side_a, in_a), (side_b, in_b) = a, b
    pairs, skipped = [], {}
    for name in dict.fromkeys(names):
        if name in in_a and name in in_b:
            pairs.append(PairFiles(name, in_a[name], in_b[name]))
        else:
            absent = [
                str(side) for side, has in ((side_a, in_a), (side_b, in_b)) if name not in has
            ]
            skipped[name] = f"'{name}' has no file in {' nor in '.join(absent)}"
    if not pairs:
        raise DataError(
            "data.no_pairs",
            "No pair was found: '{a}' and '{b}' have no file name in common{split}.",
            a=str(side_a), b=str(side_b),
            split="" if split == "all" else f" that {split}.txt lists",
        )  # fmt: skip
    return PairList(task, dataset, split, pairs, skipped, root)


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


def _sides(folder: Path, dataset: str, task: Task) -> tuple[Path, Path]:
    published = ((task.source_a.folder, task.source_b.folder),)
    known = DATASETS.get(dataset)
    candidates = known.folders if known else published
    for a, b in candidates:
        if (folder / a).is_dir() and (folder / b).is_dir():
            return folder / a, folder / b
    raise DataError(
        "data.no_sides",
        "'{path}' has none of the folder pairs {pairs}; name the two with --a and --b.",
        path=str(folder), pairs=", ".join(f"{a}+{b}" for a, b in candidates),
    )  # fmt: skip


def _by_stem(folder: Path) -> dict[str, Path]:
    return {
        path.stem: path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    }


def _stem(name: str) -> str:
    return Path(name).stem if Path(name).suffix.lower() in IMAGE_SUFFIXES else name
