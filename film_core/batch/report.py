"""A batch as one reads it: a table, a log, a contact sheet, and all of it in one zip."""

import csv
import io
import math
import os
import secrets
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from film_core.batch.running import STATES, Batch, Outcome
from film_core.errors import OutputError
from film_core.images import read_image
from film_core.images.writing import encode_png, write_bytes
from film_core.metrics import FORMS, METRICS, mean_row

_CELL = 200  # pixels of a thumbnail's longer side
_GAP = 8
_COLUMNS = 6
_MOST_CELLS = 300
_OLDEST = (1980, 1, 1, 0, 0, 0)  # the same results give the same zip


def write_report(batch: Batch, packed: bool = True) -> dict[str, Path]:
    """Write ``results.csv``, ``log.txt``, ``contact-sheet.png`` and, if `packed`, ``results.zip``.

    Returns:
        The files by name.

    Raises:
        OutputError: a file can't be written.
    """
    contents = {
        "results.csv": as_csv(batch).encode("utf-8-sig"),  # spreadsheets need the mark for UTF-8
        "log.txt": as_log(batch).encode(),
    }
    sheet = contact_sheet([one.image for one in batch.outcomes if one.image is not None])
    if sheet is not None:
        contents["contact-sheet.png"] = encode_png(sheet)
    for name, content in contents.items():
        write_bytes(batch.folder / name, content)
    names = list(contents)
    if packed:
        _write_zip(batch, contents)
        names.append("results.zip")
    return {name: batch.folder / name for name in names}


def as_csv(batch: Batch) -> str:
    """Return a line for each pair, metrics in both forms, and a line of means."""
    out = io.StringIO()
    table = csv.writer(out)
    columns = [(form, name) for form in FORMS for name in METRICS]
    table.writerow(
        ["name", "a", "b", "state", "width", "height", "seconds"]
        + [f"{name} ({form})" for form, name in columns]
        + ["text_a", "text_b", "remarks"]
    )
    for outcome in batch.outcomes:
        facts, pair = outcome.facts, outcome.pair
        measured = facts.get("metrics", {form: {} for form in FORMS})
        values = [_cell(measured[form].get(name)) for form, name in columns]
        size = [facts.get("width", ""), facts.get("height", "")]
        seconds = f"{facts['seconds']:.3f}" if facts else ""
        files = [_inert(pair.a.path), _inert(pair.b.path)]
        texts = [_inert(facts.get(name, "")) for name in ("text_a", "text_b")]
        row = [pair.name, *files, outcome.state, *size, seconds, *values, *texts]
        table.writerow([*row, _remarks(outcome)])
    fused = [outcome.facts["metrics"] for outcome in batch.outcomes if outcome.facts]
    if fused:
        means = {form: mean_row(_numbers(metrics[form]) for metrics in fused) for form in FORMS}
        numbers = [_cell(means[form][name]) for form, name in columns]
        table.writerow([f"mean of {len(fused)}", "", "", "", "", "", "", *numbers, "", "", ""])
    return out.getvalue()


def as_log(batch: Batch) -> str:
    """Return a line for each pair and one for all."""
    width = max((len(outcome.pair.name) for outcome in batch.outcomes), default=0)
    lines = []
    for outcome in batch.outcomes:
        remarks = _remarks(outcome)
        line = f"{outcome.pair.name:<{width}}  {STATES[outcome.state]}"
        lines.append(f"{line}. {remarks}" if remarks else f"{line}.")
    lines.append(summary(batch))
    return "\n".join(lines) + "\n"


def summary(batch: Batch) -> str:
    """Return one line: how many pairs were fused, kept, failed, and not reached."""
    counts = [f"{batch.count(state)} {state}" for state in STATES]
    missing = batch.planned - len(batch.outcomes)
    counts += [f"{missing} not reached"] if missing else []
    return f"{batch.planned} pairs: {', '.join(counts)}."


def contact_sheet(pictures: Sequence[Path | bytes]) -> np.ndarray | None:
    """Return pictures side by side, (H, W, 3) uint8; None if there is none.

    Args:
        pictures: PNG files or their contents, shown row by row; at most 300 are.
    """
    shown = pictures[:_MOST_CELLS]
    if not shown:
        return None
    columns = min(_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    step = _CELL + _GAP
    sheet = Image.new("RGB", (columns * step + _GAP, rows * step + _GAP), "white")
    for index, picture in enumerate(shown):
        row, column = divmod(index, columns)
        thumbnail = Image.fromarray(read_image(picture).rgb)
        thumbnail.thumbnail((_CELL, _CELL))
        spare = [(_CELL - side) // 2 for side in thumbnail.size]
        sheet.paste(thumbnail, (_GAP + column * step + spare[0], _GAP + row * step + spare[1]))
    return np.asarray(sheet)


def pack(file: BinaryIO, contents: dict[str, bytes], pictures: Iterable[tuple[str, bytes]]) -> None:
    """Write a zip into `file`: `contents` by name, and pictures by name below ``images/``."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in contents.items():
            _add(archive, name, content, zipfile.ZIP_DEFLATED)
        for name, content in pictures:  # PNG files are packed already
            _add(archive, f"images/{name}", content)


def _write_zip(batch: Batch, contents: dict[str, bytes]) -> None:
    """Write picture by picture: together they may not fit into memory."""
    target = batch.folder / "results.zip"
    partial = batch.folder / f".results.zip.{secrets.token_hex(6)}.partial"
    images = [outcome.image for outcome in batch.outcomes if outcome.image is not None]
    try:
        try:
            with partial.open("xb") as file:
                pack(file, contents, ((image.name, image.read_bytes()) for image in images))
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as failure:
        raise OutputError(
            "output.unwritable",
            "'{path}' can't be written ({reason}): choose another place or make room.",
            path=str(target), reason=failure.strerror or str(failure),
        ) from failure  # fmt: skip


def _add(
    archive: zipfile.ZipFile, name: str, content: bytes, method: int = zipfile.ZIP_STORED
) -> None:
    archive.writestr(zipfile.ZipInfo(name, _OLDEST), content, method)


def _cell(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.6g}"


def _numbers(values: dict[str, float | None]) -> dict[str, float]:
    return {name: math.nan if value is None else value for name, value in values.items()}


def _remarks(outcome: Outcome) -> str:
    if outcome.error is not None:
        return _inert(str(outcome.error))
    return _inert(" ".join(outcome.facts.get("notes", ())))


def _inert(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return "'" + text if text[:1] in "=+-@\t\r" and text else text
