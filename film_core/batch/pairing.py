"""Which two images belong together, by their names, and why the others don't.

Two files are a pair where their names agree, or agree once the part that tells the sides apart is
taken off: ``IR/0012.png`` and ``VI/0012.jpg``, ``0012_ir.png`` and ``0012_vis.png``. Letter case
and file type are ignored.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")

MARKS: dict[str, tuple[str, ...]] = {
    "a": ("a", "ir", "infrared", "thermal", "lwir", "mri", "mr", "over", "overexposed", "oe",
          "near", "source_a", "sourcea"),
    "b": ("b", "vi", "vis", "visible", "rgb", "t", "ct", "pet", "spect", "under", "underexposed",
          "ue", "far", "source_b", "sourceb"),
}  # fmt: skip
"""What names call the two sides; those of folders and those at either end of a file's name."""

_SEPARATORS = "_- ."
_MOST_BYTES = 240


@dataclass(frozen=True)
class Item:
    """One file.

    Attributes:
        path: as shown, with ``/``: relative to its folder or within its archive.
        read: returns the whole file; raises FilmError where it can't be read.
        raw: the path as the disk or the archive has it, by which files are told apart: different
            ones may be shown alike. "" where that is `path`.
    """

    path: str
    read: Callable[[], bytes]
    raw: str = ""

    @property
    def own_path(self) -> str:
        """The path that tells it from other files; it may hold what can't be shown."""
        return self.raw or self.path

    @property
    def stem(self) -> str:
        """The file's own name without folders and ending."""
        return PurePosixPath(self.own_path).stem


@dataclass(frozen=True)
class Pair:
    """Two files that belong together, and a name that no other pair has and any file may have."""

    name: str
    a: Item
    b: Item


@dataclass(frozen=True)
class Unpaired:
    """A file that isn't used; `code` and `values` let a page say why in another language."""

    path: str
    code: str
    sentence: str
    values: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence.format(path=self.path, **self.values)


@dataclass(frozen=True)
class Preview:
    """What would be fused, and what would not."""

    pairs: list[Pair]
    unpaired: list[Unpaired]


def unsuitable(path: str) -> Unpaired | None:
    """Return why the file at `path` is no image by its name, or None where it may be one."""
    if path.lower().endswith(IMAGE_SUFFIXES):
        return None
    return Unpaired(
        path, "batch.not_an_image", "'{path}' is none of {known}.",
        {"known": ", ".join(s[1:].upper() for s in IMAGE_SUFFIXES)},
    )  # fmt: skip


def match(items_a: Iterable[Item], items_b: Iterable[Item]) -> Preview:
    """Return the pairs of two lists of files in the order of their names.

    Args:
        items_a, items_b: files of either side, all images by their names.
    """
    unpaired: list[Unpaired] = []
    a = _by_stem(items_a, unpaired)
    b = _by_stem(items_b, unpaired)
    found: list[tuple[str, Item, Item]] = []
    for stem in a.keys() & b.keys():  # equal names first: MRI_CT_7 in both is no mark of a side
        one, other = a.pop(stem), b.pop(stem)
        found.append((one.stem, one, other))
    by_rest: dict[str, list[Item]] = {}
    for item in b.values():
        by_rest.setdefault(_without_mark(item.stem, "b"), []).append(item)
    for stem, item in sorted(a.items()):
        rest = _without_mark(item.stem, "a")
        if len(by_rest.get(rest, ())) == 1:
            partner = by_rest.pop(rest)[0]
            found.append((rest, a.pop(stem), b.pop(_folded(partner.stem))))
    taken: set[str] = set()
    pairs = [
        Pair(unique_name(safe_name(name), taken), one, other)
        for name, one, other in sorted(found, key=lambda each: _natural(each[0]))
    ]
    for items, other in ((a, "b"), (b, "a")):
        for item in sorted(items.values(), key=lambda one: _natural(one.own_path)):
            unpaired.append(
                Unpaired(
                    item.path, "batch.no_partner",
                    "'{path}' has no partner: side {other} has no image named '{name}'.",
                    {"other": other.upper(), "name": printable(PurePosixPath(item.path).stem)},
                )
            )  # fmt: skip
    return Preview(pairs, unpaired)


def side_of(path: str) -> str:
    """Return ``a`` or ``b`` where folder or name of `path` says so, else ""."""
    parts = PurePosixPath(path).parts
    for folder in reversed(parts[:-1]):
        for side, marks in MARKS.items():
            if folder.lower() in marks:
                return side
    for side in MARKS:
        if _without_mark(PurePosixPath(path).stem, side) != _folded(PurePosixPath(path).stem):
            return side
    return ""


def printable(name: str) -> str:
    """Return `name` as it can be shown and written as UTF-8, which not every file's name can be."""
    return "".join(c if c.isprintable() else "?" for c in name)


def safe_name(name: str) -> str:
    """Return `name` fit for a file on any system: letters, digits, ``_ - .``, at most 80.

    File systems count bytes, 255 of them: in UTF-8 there are at most 240, which leaves room for a
    number and an ending.
    """
    plain = unicodedata.normalize("NFC", name)
    kept = "".join(c if c.isalnum() or c in "_-." else "_" for c in plain)
    cut = kept.strip("._")[:80].encode()[:_MOST_BYTES].decode(errors="ignore")
    return cut or "pair"


def _by_stem(items: Iterable[Item], unpaired: list[Unpaired]) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for item in sorted(items, key=lambda one: _natural(one.own_path)):
        key = _folded(item.stem)
        if key in found:
            unpaired.append(
                Unpaired(
                    item.path, "batch.same_name",
                    "'{path}' has the same name as '{first}' on its side, which is used.",
                    {"first": found[key].path},
                )
            )  # fmt: skip
        else:
            found[key] = item
    return found


def _without_mark(stem: str, side: str) -> str:
    """Return `stem` in lower case without a mark of `side` at its end or start."""
    key = _folded(stem)
    for mark in sorted(MARKS[side], key=len, reverse=True):
        for separator in _SEPARATORS:
            if key.endswith(separator + mark) and len(key) > len(mark) + 1:
                return key[: -len(mark) - 1]
            if key.startswith(mark + separator) and len(key) > len(mark) + 1:
                return key[len(mark) + 1 :]
    return key


def _folded(stem: str) -> str:
    return unicodedata.normalize("NFC", stem).lower()


def unique_name(name: str, taken: set[str]) -> str:
    """Return `name`, with a number where it is among `taken` already, and add it to them."""
    candidate, number = name, 1
    while candidate.lower() in taken:
        number += 1
        candidate = f"{name}-{number}"
    taken.add(candidate.lower())
    return candidate


def _natural(text: str) -> list[tuple[int, int, str]]:
    """Sort key that puts 9 before 10."""
    return [
        (0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part)
        for part in re.split(r"([0-9]{1,18})", text.lower())
    ]
