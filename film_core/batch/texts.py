"""Descriptions for a batch: from a table with a row for each pair."""

import csv
from pathlib import Path

from film_core.batch.limits import BatchError

_COLUMNS = ("name", "text_a", "text_b")
_MOST_BYTES = 20_000_000

Texts = dict[str, tuple[str | None, str | None]]
"""By pair name: both descriptions; None lets the describer write one."""


def texts_of(
    texts: Texts | None, name: str, text_a: str | None, text_b: str | None
) -> tuple[str | None, str | None]:
    """Return both descriptions of the pair `name`: its own, else those for all."""
    own_a, own_b = (texts or {}).get(name, (None, None))
    return text_a if own_a is None else own_a, text_b if own_b is None else own_b


def read_texts(path: Path) -> Texts:
    """Read a CSV file with the columns name, text_a, text_b; empty cells are the describer's.

    Raises:
        BatchError: not there, too large, not UTF-8, or without these columns.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES // 10**6} MB")
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                raise ValueError(f"it has no column {missing[0]}")
            return {
                row["name"].strip(): (row["text_a"] or None, row["text_b"] or None)
                for row in table
                if row["name"]
            }
    except (OSError, ValueError, csv.Error) as failure:
        raise BatchError(
            "batch.texts",
            "The texts '{path}' can't be read ({reason}): give a UTF-8 CSV file with the columns "
            "name, text_a and text_b.",
            path=str(path), reason=" ".join(str(failure).split())[:120],
        ) from None  # fmt: skip
