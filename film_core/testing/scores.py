"""Metrics of every image in a CSV that grows as images are fused, and their means as a table."""

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from film_core.checkpoints.writing import output_error, write_atomically
from film_core.errors import FilmError
from film_core.metrics import FORMS, METRICS, mean_row

KEYS = ("image", "row", "form")


class ScoreError(FilmError):
    """A CSV of scores that can't be carried on with."""


@dataclass(frozen=True)
class Score:
    """Metrics of one image under one row (ours, or a rule) and form."""

    image: str
    row: str
    form: str
    values: dict[str, float]


class ScoreSheet:
    """The scores of a set of images, kept in a CSV file after every image.

    Args:
        path: the CSV; read if it is there.
        names: metrics in it, in order.

    Raises:
        ScoreError: the CSV is there with other columns, or can't be read.
    """

    def __init__(self, path: Path, names: Iterable[str]) -> None:
        self.path, self.names = path, list(names)
        self.scores: dict[tuple[str, str, str], Score] = {}
        if path.is_file():
            self._read()

    def has(self, image: str, row: str) -> bool:
        """Tell whether the image has its scores of every form."""
        return all((image, row, form) in self.scores for form in FORMS)

    def add(self, image: str, row: str, measured: dict[str, dict[str, float]]) -> None:
        """Take {form: {metric: value}} of an image and write the CSV.

        Raises:
            OutputError: no room, no permission.
        """
        for form, values in measured.items():
            self.scores[image, row, form] = Score(image, row, form, values)
        lines = [",".join((*KEYS, *self.names))]
        for score in self.scores.values():
            numbers = (repr(round(score.values[name], 6)) for name in self.names)
            lines.append(",".join((_quoted(score.image), score.row, score.form, *numbers)))
        write_atomically(self.path, ("\n".join(lines) + "\n").encode("utf-8"))

    def mean(self, row: str, form: str) -> dict[str, float]:
        """Return the mean of every metric over the images of a row, as `mean_row` takes it."""
        return mean_row([s.values for s in self.scores.values() if (s.row, s.form) == (row, form)])

    def table(self, title: str, rows: Iterable[str], form: str) -> str:
        """Return the means of `rows` in the field's print form: a line of names, a line a row."""
        rows = list(rows)
        images = {score.image for score in self.scores.values()}
        width = max(len(row) for row in (*rows, "higher is better"))
        heading = "".join(f"{name:>9}" for name in self.names)
        arrows = "".join(f"{'yes' if METRICS[n].higher_is_better else 'no':>9}" for n in self.names)
        lines = [
            f"{title}: mean of {len(images)} pairs, {form} form",
            "=" * (width + len(heading)),
            f"{'':<{width}}{heading}",
            f"{'higher is better':<{width}}{arrows}",
            "-" * (width + len(heading)),
        ]
        for row in rows:
            mean = self.mean(row, form)
            numbers = "".join(_number(mean.get(name, math.nan)) for name in self.names)
            lines.append(f"{row:<{width}}{numbers}")
        return "\n".join([*lines, "=" * (width + len(heading))])

    def _read(self) -> None:
        try:
            with open(self.path, newline="", encoding="utf-8") as file:
                reader = csv.DictReader(file)
                if reader.fieldnames != [*KEYS, *self.names]:
                    raise ScoreError(
                        "test.other_columns",
                        "'{path}' holds other metrics than asked for; delete it or choose another "
                        "--out.",
                        path=str(self.path),
                    )
                for line in reader:
                    values = {name: float(line[name]) for name in self.names}
                    key = tuple(line[key] for key in KEYS)
                    self.scores[key] = Score(*key, values)
        except OSError as error:
            raise output_error(self.path, error) from None
        except (ValueError, TypeError, csv.Error) as error:
            raise ScoreError(
                "test.bad_csv", "'{path}' is damaged ({reason}); delete it to start afresh.",
                path=str(self.path), reason=str(error)[:100],
            ) from None  # fmt: skip


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if set(name) & set(',"\n') else name


def _number(value: float) -> str:
    return f"{value:9.3f}" if math.isfinite(value) else f"{'-':>9}"
