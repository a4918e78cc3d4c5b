"""Computes the rows of a study one by one; what is done stays done."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from film_core.errors import Cancelled, SettingError
from film_core.fusion import Fuser
from film_core.images import PairedSources, SourceImage, compose
from film_core.metrics import Sources, find_metric, grey_levels
from film_core.runtime import Progress
from film_core.study.question import Question, Variant, plan
from film_core.study.result import Row, Study, measure_change
from film_core.study.shelf import RowShelf, fingerprint
from film_core.tasks import Task, find_task
from film_core.text import EncodedPair, encode_pair

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
    worker = _Worker(fuser, sources, found, names, shelf)
    rows: list[Row] = []
    report = progress or (lambda stage, done, detail: None)
    for number, variant in enumerate(variants, 1):
        report("study", (number - 1) / len(variants), variant.label)
        try:
            row = worker.row(variant, cancelled)
        except Cancelled:
            notes.append(f"Stopped after {len(rows)} of {len(variants)} rows.")
            break
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


class _Worker:
    """Fuses and measures the rows of one pair, the base first."""

    def __init__(
        self,
        fuser: Fuser,
        sources: PairedSources,
        task: Task,
        names: list[str] | None,
        shelf: RowShelf | None,
    ) -> None:
        self._fuser, self._sources, self._task, self._names = fuser, sources, task, names
        self._shelf = shelf
        self._measured = Sources(*(grey_levels(s.luminance) for s in (sources.a, sources.b)))
        self._base: np.ndarray | None = None
        self._base_text: EncodedPair | None = None
        self._fingerprint = fingerprint(fuser, sources, task, names)

    def row(self, variant: Variant, cancelled: Callable[[], bool] | None) -> Row:
        """Return the row of `variant`, from the shelf where it has it."""
        if self._base_text is None:  # the first row is the base
            self._fingerprint += "\0" + variant.text_a + "\0" + variant.text_b
        encoded = encode_pair(self._fuser.encoder, variant.text_a, variant.text_b)
        if self._base_text is None:
            self._base_text = encoded
        # The base is always computed: differences need it at full precision.
        if self._shelf is not None and self._base is not None:
            kept = self._shelf.load(self._fingerprint, variant)
            if kept is not None:
                return kept
        row = self._compute(variant, encoded, cancelled)
        if self._shelf is not None:
            self._shelf.save(self._fingerprint, row)
        return row

    def _compute(
        self, variant: Variant, encoded: EncodedPair, cancelled: Callable[[], bool] | None
    ) -> Row:
        begun = time.perf_counter()
        features = encoded.features
        if variant.kind == "random":
            features = random_features(features, variant.seed)
        luminance = self._fuser.fuse_features(features, cancelled=cancelled)
        if self._base is None:
            self._base = luminance
        metrics = {}
        if self._names != []:
            metrics = self._measured.measure(grey_levels(luminance), self._names)
        return Row(
            variant=variant,
            image=compose(luminance, self._sources, self._task),
            change=measure_change(luminance, self._base),
            metrics=metrics,
            seconds=time.perf_counter() - begun,
            notes=tuple(encoded.notes),
        )


def random_features(features: np.ndarray, seed: int | None) -> np.ndarray:
    """Return normal random numbers of the shape, mean and standard deviation of `features`.

    Args:
        features: (T, width) float32.
        seed: of the draw.
    """
    draw = np.random.default_rng(seed)
    return draw.normal(features.mean(), features.std(), features.shape).astype(np.float32)


def _check_memory(sources: PairedSources, rows: int) -> None:
    pixels = sources.width * sources.height
    if rows * pixels > MOST_PIXELS_KEPT:
        raise SettingError(
            "study.too_much",
            "{rows} rows of {width} x {height} pixels are more than {limit:.0f} million pixels to "
            "keep: leave out the words in turn, shorten the text, or use a smaller image.",
            rows=rows, width=sources.width, height=sources.height, limit=MOST_PIXELS_KEPT / 1e6,
        )  # fmt: skip
