"""Pairs named by a table: a CSV file, or Parquet where there are many."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from film_core.batch.folders import read_file
from film_core.batch.limits import BatchError, BatchLimits
from film_core.batch.pairing import Item, Pair, printable, safe_name, unique_name
from film_core.batch.texts import Texts

_NEEDED = ("a", "b")


def pairs_of_list(path: Path, limits: BatchLimits | None = None) -> tuple[list[Pair], Texts]:
    """Return the pairs of a table and their texts.

    The columns ``a`` and ``b`` hold the files' paths, relative to the table's folder or absolute;
    ``name`` (else the name of A's file), ``text_a`` and ``text_b`` may be there too. Files are read
    when a pair's turn comes, so that one that is missing costs its own pair.

    Raises:
        BatchError: not there, no table, without these columns, or with too many rows.
    """
    limits = limits or BatchLimits()
    pairs, texts, taken = [], {}, set()
    try:
        for row in _rows(path):
            if not row.get("a") or not row.get("b"):
                raise ValueError(f"row {len(pairs) + 1} doesn't name both files")
            name = unique_name(safe_name(str(row.get("name") or Path(row["a"]).stem)), taken)
            pairs.append(Pair(name, *(_item(path.parent / row[side], limits) for side in _NEEDED)))
            if row.get("text_a") or row.get("text_b"):
                texts[name] = (row.get("text_a") or None, row.get("text_b") or None)
            limits.check_pairs(len(pairs))
    except (OSError, ValueError, csv.Error) as failure:
        raise BatchError(
            "batch.list",
            "The list '{path}' can't be read ({reason}): give a CSV or Parquet file with the "
            "columns a and b.",
            path=str(path), reason=" ".join(str(failure).split())[:160],
        ) from None  # fmt: skip
    limits.check_pairs(len(pairs))
    return pairs, texts


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix.lower() == ".parquet":
        yield from _parquet_rows(path)
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        _check_columns(table.fieldnames or ())
        yield from table


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        from pyarrow import parquet
    except ImportError:
        raise BatchError(
            "batch.no_parquet",
            "Parquet files need pyarrow: pip install -r requirements-ray.txt, or give a CSV file.",
        ) from None
    with parquet.ParquetFile(path) as file:
        _check_columns(file.schema_arrow.names)
        for part in file.iter_batches():
            yield from part.to_pylist()


def _check_columns(names: Any) -> None:
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise ValueError(f"it has no column {missing[0]}")


def _item(path: Path, limits: BatchLimits) -> Item:
    # Bound to the path alone, so that it can be sent to another machine.
    return Item(printable(str(path)), lambda: read_file(path, limits))
