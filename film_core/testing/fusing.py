"""Fuses every pair of a list, writes the pictures, and measures them beside the trivial rules."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from film_core.checkpoints.writing import output_error, write_atomically
from film_core.data import PairFiles, PairList
from film_core.errors import Cancelled, FilmError
from film_core.images import PairedSources, compose, pair, quantise, read_image, write_image
from film_core.metrics import FORMS, RULES, Sources, grey_levels
from film_core.testing.scores import ScoreError, ScoreSheet

Progress = Callable[[str, float | None, str], None]


@dataclass(frozen=True)
class Outcome:
    """What a test did: its scores, the rows in them, and {name: sentence} of what was left out."""

    sheet: ScoreSheet
    rows: list[str]
    skipped: dict[str, str]


def test_weights(
    fuser,
    listed: PairList,
    out: Path,
    names: list[str],
    *,
    rules: bool = True,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Outcome:
    """Fuse and measure the pairs of `listed`; what an earlier run did is kept.

    Writes ``Gray/<name>.png`` (fused luminance, 8 bit, not stretched), ``Color/<name>.png`` and
    ``metrics.csv`` below ``out/<data set>``.

    Args:
        fuser: from `load_fuser`.
        listed: what to fuse.
        out: folder of all tests.
        names: metrics to compute.
        rules: measure mean, maximum and pyramid too.
        progress, cancelled: told of every pair; asked before every pair.

    Raises:
        ScoreError: the folder holds a test of other weights.
        OutputError: no room, no permission.
        Cancelled: `cancelled` said so; what was done is kept.
    """
    folder = out / listed.dataset
    made_by = {"weights": fuser.card.name, "sha256": fuser.card.sha256,
               "describer": fuser.describer.name, "split": listed.split}  # fmt: skip
    sheet = _open(folder, made_by, names)
    row, skipped = fuser.card.name, dict(listed.skipped)
    rows = [row, *(RULES if rules else ())]
    for index, files in enumerate(listed.pairs):
        if cancelled is not None and cancelled():
            raise Cancelled()
        if progress is not None:
            progress("test", index / len(listed.pairs), files.name)
        grey = folder / "Gray" / f"{files.name}.png"
        if grey.is_file() and all(sheet.has(files.name, each) for each in rows):
            continue
        try:
            sources = pair(read_image(files.a), read_image(files.b))
            fuser.set_images(sources.a, sources.b, listed.task)
            fused = fuser.fuse(attention=False, compare=False).luminance
        except FilmError as error:
            skipped[files.name] = f"'{files.name}': {error}"
            continue
        picture = quantise(fused)
        write_image(grey, picture)
        write_image(folder / "Color" / f"{files.name}.png", compose(fused, sources, listed.task))
        _measure(sheet, files, sources, row, picture.astype(np.float32), rules)
    if progress is not None:
        progress("test", 1.0, listed.dataset)
    return Outcome(sheet, rows, skipped)


test_weights.__test__ = False  # not a test of pytest's


def measure_folder(
    fused: Path,
    listed: PairList,
    row: str,
    csv: Path,
    names: list[str],
    *,
    rules: bool = True,
    progress: Progress | None = None,
) -> Outcome:
    """Measure anybody's fused images: files of the pairs' names in the folder `fused`.

    Args:
        fused: folder of fused images; of colour ones the luminance is measured.
        listed: the sources.
        row: what to call them in the table.
        csv: where the scores are kept.
        names, rules, progress: as in `test_weights`.

    Raises:
        ScoreError: no folder, or none of the pairs has an image in it.
    """
    if not fused.is_dir():
        raise ScoreError("table.no_folder", "There is no folder '{path}'.", path=str(fused))
    sheet, skipped = ScoreSheet(csv, names), dict(listed.skipped)
    by_stem = {path.stem: path for path in sorted(fused.iterdir()) if path.is_file()}
    for index, files in enumerate(listed.pairs):
        if progress is not None:
            progress("table", index / len(listed.pairs), files.name)
        if files.name not in by_stem:
            skipped[files.name] = f"'{files.name}' has no file in {fused}"
            continue
        if sheet.has(files.name, row) and (not rules or sheet.has(files.name, "pyramid")):
            continue
        try:
            sources = pair(read_image(files.a), read_image(files.b))
            picture = grey_levels(read_image(by_stem[files.name]).luminance)
            _measure(sheet, files, sources, row, picture, rules)
        except FilmError as error:
            skipped[files.name] = f"'{files.name}': {error}"
    if not any(score.row == row for score in sheet.scores.values()):
        raise ScoreError(
            "table.nothing",
            "None of the {count} pairs has a usable fused image in '{path}': {reason}",
            count=len(listed.pairs), path=str(fused), reason=next(iter(skipped.values())),
        )  # fmt: skip
    return Outcome(sheet, [row, *(RULES if rules else ())], skipped)


def _measure(
    sheet: ScoreSheet, files: PairFiles, sources: PairedSources, row: str, fused: np.ndarray,
    rules: bool,
) -> None:  # fmt: skip
    a, b = grey_levels(sources.a.luminance), grey_levels(sources.b.luminance)
    against = Sources(a, b)
    candidates = {row: fused}
    if rules:
        candidates |= {name: rule.fuse(a, b) for name, rule in RULES.items()}
    for name, image in candidates.items():
        if not sheet.has(files.name, name):
            measured = {form: against.measure(image, sheet.names, form) for form in FORMS}
            sheet.add(files.name, name, measured)


def _open(folder: Path, made_by: dict[str, str], names: list[str]) -> ScoreSheet:
    note = folder / "test.json"
    try:
        for part in ("Gray", "Color"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        earlier = json.loads(note.read_text(encoding="utf-8")) if note.is_file() else made_by
    except OSError as error:
        raise output_error(folder, error) from None
    except ValueError:
        earlier = {}
    if earlier != made_by:
        raise ScoreError(
            "test.other_weights",
            "'{folder}' holds a test of other weights or settings; choose another --out or delete "
            "it.",
            folder=str(folder),
        )
    write_atomically(note, (json.dumps(made_by, indent=2) + "\n").encode())
    return ScoreSheet(folder / "metrics.csv", names)
