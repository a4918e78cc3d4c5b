"""Writes prepared H5 files: resumable after a kill, and never a half-written file at the end."""

import errno
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from film_core.checkpoints.writing import output_error
from film_core.data.pairs import DataError, PairFiles, PairList
from film_core.data.prepared import FORMAT, SIZES, SMALL
from film_core.data.texts import TextSource
from film_core.errors import Cancelled, FilmError, unknown_name
from film_core.images import PairedSources, pair, read_image

Progress = Callable[[str, float | None, str], None]


@dataclass(frozen=True)
class Report:
    """What `prepare` did: where to, how many pairs, and {name: sentence} of what was left out."""

    path: Path
    written: int
    kept: int
    skipped: dict[str, str]


def prepare(
    listed: PairList,
    path: Path,
    size: str,
    encoder,
    describer,
    *,
    strict: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Report:
    """Write the pairs of `listed` to the H5 file `path`.

    Pairs go to ``<path>.partial`` one by one; the file takes its name when it is complete. A
    second run with the same settings carries on where the first was stopped.

    Args:
        listed: what to prepare.
        path: where to.
        size: "small" (every pair 288x384, portrait ones transposed) or "original".
        encoder, describer: see `TextSource`.
        strict: fail on the first pair that can't be used instead of leaving it out.
        progress, cancelled: told of every pair; asked before every pair.

    Raises:
        DataError: with `strict`, the first pair that can't be used; a `.partial` of other settings.
        OutputError: no room, no permission.
        Cancelled: `cancelled` said so; what was written is kept for the next run.
    """
    if size not in SIZES:
        raise unknown_name("size", size, SIZES)
    skipped = dict(listed.skipped)
    if strict and skipped:
        raise _unusable(next(iter(skipped.values())))
    texts = TextSource(listed, encoder, describer)
    partial = path.with_name(path.name + ".partial")
    written = kept = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _open_partial(partial, _attributes(listed, size, encoder, describer)) as file:
            for index, files in enumerate(listed.pairs):
                if cancelled is not None and cancelled():
                    raise Cancelled()
                if progress is not None:
                    progress("prepare", index / len(listed.pairs), files.name)
                if files.name in file["text"]:
                    kept += 1
                    continue
                try:
                    _write_pair(file, files, size, texts)
                    written += 1
                except FilmError as error:
                    if strict:
                        raise
                    skipped[files.name] = f"'{files.name}': {error}"
            file.attrs["skipped"] = json.dumps(skipped)
        if written + kept == 0:
            partial.unlink()
            raise _unusable(next(iter(skipped.values())))
        os.replace(partial, path)
    except OSError as error:
        # h5py reports a full disk as an OSError with the reason in its text only.
        if "No space left" in str(error):
            error = OSError(errno.ENOSPC, "No space left on device")
        raise output_error(path, error) from None
    if progress is not None:
        progress("prepare", 1.0, path.name)
    return Report(path, written, kept, skipped)


def _unusable(reason: str) -> DataError:
    return DataError("data.unusable", "A pair can't be used: {reason}.", reason=reason.rstrip("."))


def _attributes(listed: PairList, size: str, encoder, describer) -> dict[str, str | int]:
    return {
        "format": FORMAT,
        "task": listed.task.name,
        "dataset": listed.dataset,
        "split": listed.split,
        "size": size,
        "encoder": encoder.name,
        "text_width": encoder.width,
        "describer": describer.name if describer is not None else "",
    }


def _open_partial(partial: Path, attributes: dict[str, str | int]) -> h5py.File:
    if partial.is_file():
        try:
            file = h5py.File(partial, "r+")
        except OSError:
            partial.unlink()  # a kill in the middle of a write left nothing that can be read
        else:
            if {key: file.attrs.get(key) for key in attributes} == attributes:
                return file
            file.close()
            raise DataError(
                "data.other_partial",
                "'{path}' was begun with other settings; delete it, or repeat those settings.",
                path=str(partial),
            )
    file = h5py.File(partial, "w")
    file.attrs.update(attributes)
    for group in ("imageA", "imageB", "text", "description"):
        file.create_group(group)
    return file


def _write_pair(file: h5py.File, files: PairFiles, size: str, texts: TextSource) -> None:
    sources = pair(read_image(files.a), read_image(files.b))
    text = texts.of(files.name, sources)
    for key, image in zip(("imageA", "imageB"), _sized(sources, size), strict=True):
        if files.name in file[key]:
            del file[key][files.name]  # left by a kill between the entries of a pair
        file[key].create_dataset(files.name, data=image, compression="lzf")
    if files.name in file["description"]:
        del file["description"][files.name]
    described = file["description"].create_group(files.name)
    described.attrs.update(a=text.text_a, b=text.text_b, origin=text.origin, tokens_a=text.tokens_a)
    # The text comes last: an entry in it means that the pair is complete.
    file["text"].create_dataset(files.name, data=text.features)
    file.flush()


def _sized(sources: PairedSources, size: str) -> tuple[np.ndarray, np.ndarray]:
    """Return both luminances as (1, H, W) float32 in the wanted size."""
    if size == "original":
        return sources.a.luminance[None], sources.b.luminance[None]
    height, width = SMALL
    portrait = sources.height > sources.width
    shape = (height, width) if portrait else (width, height)  # PIL's order is width, height
    images = (image.resized(*shape).luminance for image in (sources.a, sources.b))
    a, b = (image.T if portrait else image for image in images)
    return np.ascontiguousarray(a)[None], np.ascontiguousarray(b)[None]
