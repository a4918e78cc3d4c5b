"""Writes prepared H5 files: resumable after a kill, and never a half-written file at the end."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from film_core.checkpoints.writing import output_error, replace_atomically
from film_core.data.pairs import DataError, PairFiles, PairList
from film_core.data.pieces import Attributes, Pieces
from film_core.data.prepared import FORMAT, SIZES, SMALL
from film_core.data.texts import TextSource
from film_core.errors import Cancelled, FilmError, OutputError, unknown_name
from film_core.images import PairedSources, pair, read_image
from film_core.text import describer_identity

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

    Each pair is first a file in the folder ``<path>.partial``; the H5 file is made of those when
    all are there. A second run with the same settings carries on where the first was stopped; a
    pair whose images, text or features are other ones by then is made again.

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
    attributes = _attributes(listed, size, encoder, describer)
    done: dict[str, str] = {}
    written = kept = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made_by = {"described_by": "" if describer is None else describer_identity(describer)}
        pieces = Pieces(path.with_name(path.name + ".partial"), attributes | made_by)
        for index, files in enumerate(listed.pairs):
            if cancelled is not None and cancelled():
                raise Cancelled()
            if progress is not None:
                progress("prepare", index / len(listed.pairs), files.name)
            try:
                digest = _digest(files.a, files.b, *texts.files(files.name))
                if pieces.read(files.name, digest) is not None:
                    kept += 1
                else:
                    pieces.write(files.name, digest, *_prepared(files, size, texts))
                    written += 1
                done[files.name] = digest
            except OutputError:
                raise
            except FilmError as error:
                if strict:
                    raise
                skipped[files.name] = f"'{files.name}': {error}"
        if not done:
            pieces.remove()
            raise _unusable(next(iter(skipped.values())))
        attributes["skipped"] = json.dumps(skipped)
        replace_atomically(path, lambda unfinished: pieces.merge(unfinished, done, attributes))
        pieces.remove()
    except OSError as error:
        raise output_error(path, error) from None
    if progress is not None:
        progress("prepare", 1.0, path.name)
    return Report(path, written, kept, skipped)


def _unusable(reason: str) -> DataError:
    return DataError("data.unusable", "A pair can't be used: {reason}.", reason=reason.rstrip("."))


def _attributes(listed: PairList, size: str, encoder, describer) -> Attributes:
    return {
        "format": FORMAT,
        "task": listed.task.name,
        "dataset": listed.dataset,
        "split": listed.split,
        "holds_test_list": int(listed.split == "all" and _has_test_list(listed)),
        "size": size,
        "encoder": encoder.name,
        "text_width": encoder.width,
        "describer": describer.name if describer is not None else "",
    }


def _has_test_list(listed: PairList) -> bool:
    if listed.root is None:
        return False
    folder = listed.root / "Image" / listed.task.name.upper() / listed.dataset
    return (folder / "test.txt").is_file()


def _digest(*paths: Path) -> str:
    """Return a digest of the files' contents; which of them aren't there counts too.

    Raises:
        DataError: a file that can't be read.
    """
    parts = []
    for path in paths:
        try:
            parts.append(hashlib.sha256(path.read_bytes()).hexdigest())
        except FileNotFoundError:
            parts.append("-")
        except OSError as error:
            raise DataError(
                "data.unreadable", "'{path}' can't be read ({reason}).",
                path=str(path), reason=error.strerror or str(error),
            ) from None  # fmt: skip
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def _prepared(
    files: PairFiles, size: str, texts: TextSource
) -> tuple[dict[str, np.ndarray], Attributes]:
    """Return a pair's arrays, and its descriptions."""
    sources = pair(read_image(files.a), read_image(files.b))
    text = texts.of(files.name, sources)
    a, b = _sized(sources, size)
    return {"imageA": a, "imageB": b, "text": text.features}, {
        "a": text.text_a, "b": text.text_b, "origin": text.origin, "tokens_a": text.tokens_a,
    }  # fmt: skip


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
