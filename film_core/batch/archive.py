"""Pairs of a zip file from a stranger: nothing is unpacked to disk, and nothing without a bound.

Names are only ever compared and shown; no file is written under one. What an entry claims to
unpack to is checked before it is opened, and what it does unpack to while it is read.
"""

import io
import os
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from film_core.batch.directory import directory_size
from film_core.batch.limits import BatchError, BatchLimits
from film_core.batch.pairing import Item, Preview, Unpaired, match, printable, side_of, unsuitable
from film_core.errors import ImageError

_BLOCK = 1 << 20
_ENTRY_BYTES = 46 + 512  # of the directory: what each entry has, and a long name with its extras
_SYSTEM_FOLDERS = ("__MACOSX",)
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst")
# Compressions whose decoders bound their memory; the others aren't made by ordinary programs.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def open_archive(archive: str | os.PathLike | bytes, limits: BatchLimits | None = None) -> Preview:
    """Return what of a zip file belongs together.

    The two sides are told apart by folders (``IR``/``VI``, ``A``/``B``, …), by marks in the files'
    names (``_ir``, ``_vis``, …), or, where there are exactly two folders with images, by their
    order.

    Args:
        archive: path or bytes of the file; it is read again when an item is.
        limits: what is accepted; `BatchLimits()` if None.

    Raises:
        BatchError: no zip file, damaged, over a limit, or nothing that tells A from B.
    """
    limits = limits or BatchLimits()
    entries = _entries(archive, limits)
    items, unpaired = [], []
    total = 0
    for entry, path in zip(entries, _shown(entries), strict=True):
        raw = entry.filename
        total += entry.file_size
        reason = _refusal(entry, path, limits)
        if (
            raw.endswith("/")  # `is_dir` fails on an empty name
            or raw.split("/")[0] in _SYSTEM_FOLDERS
            or (not reason and _hidden(raw))
        ):
            continue
        if reason is None and (unfit := unsuitable(raw)) is not None:
            reason = replace(unfit, path=path)
        if reason is None:
            items.append(Item(path, lambda entry=entry: _read(archive, entry, limits), raw))
        else:
            unpaired.append(reason)
    if total > limits.max_unpacked_bytes:
        raise BatchError(
            "batch.unpacked",
            "The zip unpacks to {megabytes:.0f} MB; at most {limit:.0f} MB are accepted: split it.",
            megabytes=total / 1e6, limit=limits.max_unpacked_bytes / 1e6,
        )  # fmt: skip
    side_a, side_b, sideless = _sides(items)
    preview = match(side_a, side_b)
    for item in sideless:
        unpaired.append(
            Unpaired(
                item.path, "batch.no_side",
                "'{path}' doesn't say whether it is A or B: put it into a folder A or B.",
            )
        )  # fmt: skip
    return Preview(preview.pairs, [*preview.unpaired, *unpaired])


def _entries(archive: str | os.PathLike | bytes, limits: BatchLimits) -> list[zipfile.ZipInfo]:
    try:
        size = len(archive) if isinstance(archive, bytes) else Path(archive).stat().st_size
        if size > limits.max_archive_bytes:
            raise BatchError(
                "batch.archive_bytes",
                "The zip has {megabytes:.0f} MB; at most {limit:.0f} MB are accepted: split it.",
                megabytes=size / 1e6, limit=limits.max_archive_bytes / 1e6,
            )  # fmt: skip
        with _file(archive) as file:
            count, length = directory_size(file)
            if limits.max_entries * _ENTRY_BYTES < length <= size:  # takes time and memory to parse
                raise _too_many(max(count, length // _ENTRY_BYTES), limits)
        with _opened(archive) as opened:
            entries = opened.infolist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as failure:
        raise BatchError(
            "batch.no_zip", "This is no zip file that can be read ({reason}): pack it again.",
            reason=" ".join(str(failure).split())[:120],
        ) from None  # fmt: skip
    if len(entries) > limits.max_entries:
        raise _too_many(len(entries), limits)
    return entries


def _too_many(count: int, limits: BatchLimits) -> BatchError:
    return BatchError(
        "batch.too_many_entries",
        "The zip holds {count} files; at most {limit} are looked at: split it.",
        count=count, limit=limits.max_entries,
    )  # fmt: skip


def _opened(archive: str | os.PathLike | bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(archive) if isinstance(archive, bytes) else archive)


def _file(archive: str | os.PathLike | bytes) -> BinaryIO:
    return io.BytesIO(archive) if isinstance(archive, bytes) else open(archive, "rb")


def _refusal(entry: zipfile.ZipInfo, path: str, limits: BatchLimits) -> Unpaired | None:
    """Return why `entry`, which is shown as `path`, is not touched, or None."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return Unpaired(path, "batch.link", "'{path}' is a link or a device, not an image.")
    raw = entry.filename
    parts = raw.replace("\\", "/").split("/")
    if raw.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        return Unpaired(path, "batch.outside", "'{path}' points outside of the zip; not touched.")
    if raw.lower().endswith(_ARCHIVES):
        return Unpaired(path, "batch.nested", "'{path}' is an archive within the zip: unpack it.")
    if entry.flag_bits & 1:
        return Unpaired(path, "batch.encrypted", "'{path}' is encrypted: pack it without password.")
    if entry.compress_type not in _METHODS:
        return Unpaired(
            path, "batch.method", "'{path}' is packed in an unusual way: pack it again."
        )
    if entry.file_size > limits.image.max_bytes:
        return Unpaired(
            path, "batch.entry_bytes",
            "'{path}' unpacks to {megabytes} MB; at most {limit} MB are read.",
            {"megabytes": entry.file_size // 10**6, "limit": limits.image.max_bytes // 10**6},
        )  # fmt: skip
    if entry.file_size > limits.max_ratio * max(entry.compress_size, 1024):
        return Unpaired(
            path, "batch.bomb",
            "'{path}' unpacks to {ratio} times its size, as no image does; not touched.",
            {"ratio": entry.file_size // max(entry.compress_size, 1)},
        )  # fmt: skip
    return None


def _read(archive: str | os.PathLike | bytes, entry: zipfile.ZipInfo, limits: BatchLimits) -> bytes:
    """Return the entry's content, which may not be longer than it claimed to be."""
    name = _printable(entry.filename)
    content = bytearray()
    try:
        with _opened(archive) as opened, opened.open(entry) as file:
            while block := file.read(_BLOCK):
                content += block
                if len(content) > min(entry.file_size, limits.image.max_bytes):
                    raise zipfile.BadZipFile("it is longer than it claims")
    except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zlib.error,
            zipfile.BadZipFile) as failure:  # fmt: skip
        raise ImageError(
            "batch.damaged_entry", "'{path}' can't be unpacked ({reason}): pack the zip again.",
            path=name, reason=" ".join(str(failure).split())[:120],
        ) from None  # fmt: skip
    return bytes(content)


def _sides(items: list[Item]) -> tuple[list[Item], list[Item], list[Item]]:
    """Return the items of A, those of B, and those of which nobody knows."""
    sides: dict[str, list[Item]] = {"a": [], "b": [], "": []}
    for item in items:
        sides[side_of(item.own_path)].append(item)
    folders = sorted({item.own_path.rpartition("/")[0] for item in items})
    if not (sides["a"] and sides["b"]) and len(folders) == 2:
        first = [item for item in items if item.own_path.rpartition("/")[0] == folders[0]]
        return first, [item for item in items if item not in first], []
    return sides["a"], sides["b"], sides[""]


def _hidden(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.startswith(".") or name == "Thumbs.db"


def _printable(name: str) -> str:
    return printable(name)[:240]


def _shown(entries: list[zipfile.ZipInfo]) -> Iterator[str]:
    """Yield what to show for each entry: different names that can't be told apart are numbered,
    for whoever has seen a preview asks for a pair by what was shown."""
    taken: dict[str, str] = {}
    numbers = Counter()
    for entry in entries:
        path = plain = _printable(entry.filename)
        while taken.setdefault(path, entry.filename) != entry.filename:
            numbers[plain] += 1
            path = f"{plain} ({numbers[plain] + 1})"
        yield path
