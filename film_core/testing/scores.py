"""Metrics of every image in a CSV that grows as images are fused, and their means as a table."""

import csv
import io
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from film_core.checkpoints.writing import output_error, write_atomically
from film_core.errors import FilmError
from film_core.metrics import FORMS, METRICS, mean_row

KEYS = ("image", "row", "form")
PICTURES = "pictures"
"""Column of a digest of what was measured; empty in sheets of earlier versions."""


class ScoreError(FilmError):
    """A CSV of scores that can't be carried on with."""


@dataclass(frozen=True)
class Score:
    """Metrics of one image under one row (ours, or a rule) and form.

    `pictures` is a digest of the files that were measured: the sources, and the fused image where
    there is a file of it.
    """

    image: str
    row: str
    form: str
    values: dict[str, float]
    pictures: str = ""


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

    def has(self, image: str, row: str, pictures: str) -> bool:
        """Tell whether the image has its scores of every form, measured on these very pictures."""
        found = (self.scores.get((image, row, form)) for form in FORMS)
        return all(score is not None and score.pictures == pictures for score in found)

    def add(
        self, image: str, row: str, measured: dict[str, dict[str, float]], pictures: str = ""
    ) -> None:
        """Take {form: {metric: value}} of an image and write the CSV.

        Raises:
            OutputError: no room, no permission.
        """
        for form, values in measured.items():
            self.scores[image, row, form] = Score(image, row, form, values, pictures)
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow([*KEYS, PICTURES, *self.names])
        for score in self.scores.values():
            numbers = (repr(round(score.values[name], 6)) for name in self.names)
            writer.writerow([score.image, score.row, score.form, score.pictures, *numbers])
        write_atomically(self.path, lines.getvalue().encode("utf-8", "surrogateescape"))

    def mean(self, row: str, form: str, images: Collection[str] | None = None) -> dict[str, float]:
        """Return the mean of every metric over the images of a row, as `mean_row` takes it.

        `images` names those to average over; None takes all that the sheet has.
        """
        return mean_row([score.values for score in self._of(row, form, images)])

    def count(self, row: str, form: str, images: Collection[str] | None = None) -> int:
        """Return over how many images `mean` would average."""
        return len(self._of(row, form, images))

    def table(
        self, title: str, rows: Iterable[str], form: str, images: Collection[str] | None = None
    ) -> str:
        """Return the means of `rows` in the field's print form: a line of names, a line a row.

        The last column says over how many pairs a row was averaged.
        """
        rows = list(rows)
        if images is None:
            images = {score.image for score in self.scores.values()}
        width = max(len(row) for row in (*rows, "higher is better"))
        heading = "".join(f"{name:>9}" for name in self.names)
        arrows = "".join(f"{'yes' if METRICS[n].higher_is_better else 'no':>9}" for n in self.names)
        rule = width + len(heading) + 8
        lines = [
            f"{title}: mean of {len(images)} pairs, {form} form",
            "=" * rule,
            f"{'':<{width}}{heading}{'pairs':>8}",
            f"{'higher is better':<{width}}{arrows}",
            "-" * rule,
        ]
        for row in rows:
            mean = self.mean(row, form, images)
            numbers = "".join(_number(mean.get(name, math.nan)) for name in self.names)
            lines.append(f"{row:<{width}}{numbers}{self.count(row, form, images):>8}")
        return "\n".join([*lines, "=" * rule])

    def _of(self, row: str, form: str, images: Collection[str] | None) -> list[Score]:
        return [
            score for score in self.scores.values()
            if (score.row, score.form) == (row, form) and (images is None or score.image in images)
        ]  # fmt: skip

    def _read(self) -> None:
        try:
            # A byte-order mark is what a table program leaves that the CSV was saved with.
            with open(
                self.path, newline="", encoding="utf-8-sig", errors="surrogateescape"
            ) as file:
                reader = csv.DictReader(file)
                columns = [name for name in reader.fieldnames or () if name != PICTURES]
                if columns != [*KEYS, *self.names]:
                    raise ScoreError(
                        "test.other_columns",
                        "'{path}' holds other metrics than asked for; delete it or choose another "
                        "--out.",
                        path=str(self.path),
                    )
                for line in reader:
                    values = {name: float(line[name]) for name in self.names}
                    key = tuple(line[key] for key in KEYS)
                    self.scores[key] = Score(*key, values, line.get(PICTURES) or "")
        except OSError as error:
            raise output_error(self.path, error) from None
        except (ValueError, TypeError, csv.Error) as error:
            raise ScoreError(
                "test.bad_csv", "'{path}' is damaged ({reason}); delete it to start afresh.",
                path=str(self.path), reason=str(error)[:100],
            ) from None  # fmt: skip


def _number(value: float) -> str:
    return f"{value:9.3f}" if math.isfinite(value) else f"{'-':>9}"
