"""Pairs of two folders."""

from pathlib import Path

from film_core.batch.limits import BatchError, BatchLimits
from film_core.batch.pairing import Item, Preview, Unpaired, match, printable, unsuitable
from film_core.errors import ImageError


def pairs_of_folders(
    folder_a: str | Path, folder_b: str | Path, limits: BatchLimits | None = None
) -> Preview:
    """Return what of two folders belongs together; folders within them are not looked into.

    Raises:
        BatchError: a folder isn't there or can't be read, both are the same, or they hold more
            files than `limits` allows.
    """
    limits = limits or BatchLimits()
    folder_a, folder_b = Path(folder_a), Path(folder_b)
    sides, unpaired = [], []
    if folder_a.is_dir() and folder_b.is_dir() and folder_a.samefile(folder_b):
        raise BatchError(
            "batch.one_folder",
            "A and B are the same folder, '{path}': give two, or a zip with both.",
            path=str(folder_a),
        )
    for folder in (folder_a, folder_b):
        items = []
        for path in _files(folder, limits):
            reason = unsuitable(path.name)
            raw = f"{folder.name}/{path.name}"
            shown = printable(raw)
            if reason is None:
                items.append(Item(shown, lambda path=path: read_file(path, limits), raw))
            else:
                unpaired.append(Unpaired(shown, reason.code, reason.sentence, reason.values))
        sides.append(items)
    preview = match(*sides)
    return Preview(preview.pairs, [*preview.unpaired, *unpaired])


def _files(folder: Path, limits: BatchLimits) -> list[Path]:
    try:
        # Hidden files are the system's; a link that leads nowhere is no file.
        files = [p for p in folder.iterdir() if not p.name.startswith(".") and p.is_file()]
    except OSError as failure:
        raise BatchError(
            "batch.no_folder", "The folder '{path}' can't be read ({reason}): check the path.",
            path=str(folder), reason=failure.strerror or str(failure),
        ) from None  # fmt: skip
    if len(files) > limits.max_entries:
        raise BatchError(
            "batch.too_many_files",
            "'{path}' holds {count} files; at most {limit} are looked at: split them up.",
            path=str(folder), count=len(files), limit=limits.max_entries,
        )  # fmt: skip
    return files


def read_file(path: Path, limits: BatchLimits) -> bytes:
    """Return the whole file at `path`; raises ImageError where it is too large or can't be read."""
    name = printable(path.name)
    try:
        limits.image.check_bytes(path.stat().st_size, name)
        with path.open("rb") as file:
            return file.read(limits.image.max_bytes)
    except (OSError, ValueError) as failure:  # ValueError: a null character in the path
        raise ImageError(
            "image.unreadable", "'{path}' can't be read ({reason}): copy the file again.",
            path=name, reason=getattr(failure, "strerror", None) or str(failure),
        ) from None  # fmt: skip
