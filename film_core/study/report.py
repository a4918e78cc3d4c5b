"""A study as files: pictures, a table, a JSON object, and two figures."""

import csv
import io
import json
import re
from pathlib import Path

from film_core.checkpoints.writing import output_error
from film_core.images import write_image
from film_core.images.writing import write_bytes
from film_core.study.question import KINDS
from film_core.study.result import Study

_FIGURES = ("differences.png", "words.png")
_PICTURE = re.compile(rf"\d{{3}}-({'|'.join(KINDS)})(-[\w-]*)?\.png")


def write_report(study: Study, folder: Path) -> dict[str, Path]:
    """Write `study` into `folder`, each file whole or not at all.

    ``study.json``, ``study.csv``, ``differences.png`` (every fused image with its difference map on
    the common scale), ``words.png`` (what leaving out each word changed), ``images/``. Pictures
    of an earlier study in the same folder are removed.

    Args:
        study: with at least one row.
        folder: exists.

    Returns:
        The files by what they are.

    Raises:
        OutputError: a file can't be written.
    """
    # matplotlib takes a second to import, which whoever wants no figure shouldn't wait for.
    from film_core.study.figures import draw_differences, draw_words

    images = folder / "images"
    try:
        images.mkdir(exist_ok=True)
        earlier = {path.name for path in images.iterdir() if _PICTURE.fullmatch(path.name)}
        earlier |= {name for name in _FIGURES if (folder / name).is_file()}
    except OSError as failure:
        raise output_error(images, failure) from None
    for number, row in enumerate(study.rows):
        variant = row.variant
        name = f"{number:03d}-{variant.kind}{_fit_for_file(variant.name)}.png"
        write_image(images / name, row.image, {"Text A": variant.text_a, "Text B": variant.text_b})
        earlier.discard(name)
    written = {"images": images}
    for name, content in (
        ("study.json", json.dumps(study.as_dict(), indent=2, ensure_ascii=False).encode()),
        ("study.csv", as_csv(study).encode("utf-8-sig")),  # spreadsheets need the mark for UTF-8
        ("differences.png", draw_differences(study)),
        ("words.png", draw_words(study)),
    ):
        if content:
            write_bytes(folder / name, content)
            written[name] = folder / name
            earlier.discard(name)
    for name in earlier:  # of another study in this folder: they belong to no row of the table
        ((folder if name in _FIGURES else images) / name).unlink(missing_ok=True)
    return written


def as_csv(study: Study) -> str:
    """Return the rows as comma-separated values, metrics last."""
    names = list(study.rows[0].metrics) if study.rows else []
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(
        ["kind", "label", "mean_change", "largest_change", *names, "text_a", "text_b", "seconds"]
    )
    for row in study.rows:
        values = [f"{row.metrics[name]:.6g}" if name in row.metrics else "" for name in names]
        change = [f"{row.change.mean:.6g}", f"{row.change.most:.6g}"]
        texts = [_inert(row.variant.text_a), _inert(row.variant.text_b)]
        label = _inert(row.variant.label)
        table.writerow(
            [row.variant.kind, label, *change, *values, *texts, f"{row.seconds:.3f}"]
        )  # fmt: skip
    return out.getvalue()


def _inert(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return "'" + text if text[:1] in "=+-@\t\r" and text else text


def _fit_for_file(name: str) -> str:
    safe = re.sub(r"[^\w-]+", "-", name)[:40].strip("-")
    return f"-{safe}" if safe else ""
