"""Computes the rows of a study one by one; what is done stays done."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from film_core.errors import Cancelled, SettingError
from film_core.fusion import Fuser
from film_core.images import PairedSources, SourceImage
from film_core.metrics import find_metric
from film_core.runtime import Progress
from film_core.study.making import RowMaker
from film_core.study.question import Question, plan
from film_core.study.result import Row, Study
from film_core.study.shelf import RowShelf, fingerprint
from film_core.tasks import Task, find_task

MOST_PIXELS_KEPT = 400_000_000
"""Pixels of all rows' pictures together: about 1.2 GB in colour."""


def run_study(
    fuser: Fuser,
    image_a: SourceImage | str | Path | bytes | np.ndarray,
    image_b: SourceImage | str | Path | bytes | np.ndarray,
    task: str | Task,
    question: Question,
    shelf: RowShelf | None = None,
    on_row: Callable[[Row, int, int], None] | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Study:
    """Fuse one pair under every text that `question` asks for.

    Args:
        fuser: what fuses; the pair becomes its current one.
        image_a, image_b, task: as for `Fuser.set_images`.
        question: the texts.
        shelf: keeps rows on disk, so that a study that was stopped carries on where it was.
        on_row: given each row as it is ready, its number from 1, and how many there will be.
        progress: told of rows, ``("study", share, label)``.
        cancelled: asked all the time; True ends the study, and the rows so far are returned.

    Raises:
        UnknownNameError, ImageError, TextError, SettingError: as `Fuser.set_images`, `plan` and
            `Sources.measure`; also a study whose pictures would not fit into memory.
        OutputError: `shelf` can't be written.
    """
    found = task if isinstance(task, Task) else find_task(task)
    names = None if question.metrics is None else [find_metric(n).name for n in question.metrics]
    sources = fuser.set_images(image_a, image_b, found)
    base_a = fuser.describe("a") if question.text_a is None else question.text_a
    base_b = fuser.describe("b") if question.text_b is None else question.text_b
    variants, notes = plan(question, base_a, base_b, fuser.encoder)
    _check_memory(sources, len(variants))
    maker = RowMaker(fuser, names)
    key = fingerprint(fuser, sources, found, names) + f"\0{base_a}\0{base_b}"
    rows: list[Row] = []
    report = progress or (lambda stage, done, detail: None)
    for number, variant in enumerate(variants, 1):
        report("study", (number - 1) / len(variants), variant.label)
        # The base is always computed: differences need it at full precision.
        kept = shelf.load(key, variant) if shelf is not None and rows else None
        try:
            row = kept or maker.row(variant, cancelled)
        except Cancelled:
            notes.append(f"Stopped after {len(rows)} of {len(variants)} rows.")
            break
        if shelf is not None and kept is None:
            shelf.save(key, row)
        rows.append(row)
        if on_row is not None:
            on_row(row, number, len(variants))
    else:
        report("study", 1.0, "")
    notes = [*sources.notes, *notes, *(rows[0].notes if rows else ())]
    return Study(
        rows, len(variants), found.name, fuser.card.name, fuser.encoder.name, fuser.runtime.device,
        sources.width, sources.height, notes,
    )  # fmt: skip


def _check_memory(sources: PairedSources, rows: int) -> None:
    pixels = sources.width * sources.height
    if rows * pixels > MOST_PIXELS_KEPT:
        raise SettingError(
            "study.too_much",
            "{rows} rows of {width} x {height} pixels are more than {limit:.0f} million pixels to "
            "keep: leave out the words in turn, shorten the text, or use a smaller image.",
            rows=rows, width=sources.width, height=sources.height, limit=MOST_PIXELS_KEPT / 1e6,
        )  # fmt: skip
