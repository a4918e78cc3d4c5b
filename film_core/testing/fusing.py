"""Fuses every pair of a list, writes the pictures, and measures them beside the trivial rules."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from film_core.checkpoints.writing import output_error, write_atomically
from film_core.data import PairFiles, PairList
from film_core.data.pairs import images_by_stem, several_of
from film_core.errors import Cancelled, FilmError, MetricError, OutputError
from film_core.images import PairedSources, compose, pair, quantise, read_image, write_image
from film_core.metrics import FORMS, METRICS, RULES, Sources, grey_levels
from film_core.testing.scores import ScoreError, ScoreSheet
from film_core.text import describer_identity

Progress = Callable[[str, float | None, str], None]


@dataclass(frozen=True)
class Outcome:
    """What a test did.

    Attributes:
        sheet: all scores that its CSV holds, those of earlier runs too.
        rows: the rows of this test.
        images: names of the pairs of this test that have their scores: what to average over.
        skipped: {name: sentence} of what was left out.
    """

    sheet: ScoreSheet
    rows: list[str]
    images: list[str]
    skipped: dict[str, str]


def test_weights(
    fuser,
    listed: PairList,
    out: Path,
    names: list[str] | None,
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
        names: metrics to compute; a picture that is too small for one is left out. None for all
            twelve; those that a picture is too small for are nan.
        rules: measure mean, maximum and pyramid too.
        progress, cancelled: told of every pair; asked before every pair.

    Raises:
        ScoreError: the folder holds a test of other weights or sources, the weights are called
            like a rule, or none of the pairs can be used.
        OutputError: no room, no permission.
        Cancelled: `cancelled` said so; what was done is kept.
    """
    folder = out / listed.dataset
    row = _own_name(fuser.card.name)
    made_by = {"weights": row, "sha256": fuser.card.sha256, "describer": fuser.describer.name,
               "split": listed.split, "sources": _source_folders(listed),
               "identity": f"{fuser.identity} {describer_identity(fuser.describer)}"}  # fmt: skip
    sheet = _open(folder, made_by, _columns(names))
    images, skipped = [], dict(listed.skipped)
    for index, files in enumerate(listed.pairs):
        if cancelled is not None and cancelled():
            raise Cancelled()
        if progress is not None:
            progress("test", index / len(listed.pairs), files.name)
        grey = folder / "Gray" / f"{files.name}.png"
        if _is_measured(sheet, files, grey, row, rules):
            images.append(files.name)
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
        try:
            _measure(sheet, files, grey, sources, row, picture.astype(np.float32), names, rules)
        except MetricError as error:
            skipped[files.name] = f"'{files.name}': {error}"
            continue
        images.append(files.name)
    if progress is not None:
        progress("test", 1.0, listed.dataset)
    if not images:
        raise ScoreError(
            "test.nothing",
            "None of the {count} pairs of {dataset} can be used. {reason}",
            count=len(skipped), dataset=listed.dataset,
            reason=next(iter(skipped.values()), "The list is empty."),
        )  # fmt: skip
    return Outcome(sheet, [row, *(RULES if rules else ())], images, skipped)


test_weights.__test__ = False  # not a test of pytest's


def measure_folder(
    fused: Path,
    listed: PairList,
    row: str,
    csv: Path,
    names: list[str] | None,
    *,
    rules: bool = True,
    progress: Progress | None = None,
) -> Outcome:
    """Measure anybody's fused images: images of the pairs' names in the folder `fused`.

    Args:
        fused: folder of fused images; of colour ones the luminance is measured.
        listed: the sources.
        row: what to call them in the table.
        csv: where the scores are kept.
        names, rules, progress: as in `test_weights`.

    Raises:
        ScoreError: no folder, none of the pairs has an image in it, or a row called like a rule.
    """
    row = _own_name(row)
    if not fused.is_dir():
        raise ScoreError("table.no_folder", "There is no folder '{path}'.", path=str(fused))
    sheet, images, skipped = ScoreSheet(csv, _columns(names)), [], dict(listed.skipped)
    by_stem = images_by_stem(fused)
    for index, files in enumerate(listed.pairs):
        if progress is not None:
            progress("table", index / len(listed.pairs), files.name)
        if files.name not in by_stem:
            skipped[files.name] = f"'{files.name}' has no file in {fused}"
            continue
        if len(by_stem[files.name]) > 1:
            skipped[files.name] = several_of(files.name, by_stem[files.name])
            continue
        (picture,) = by_stem[files.name]
        if _is_measured(sheet, files, picture, row, rules):
            images.append(files.name)
            continue
        try:
            sources = pair(read_image(files.a), read_image(files.b))
            fused_levels = grey_levels(read_image(picture).luminance)
            _measure(sheet, files, picture, sources, row, fused_levels, names, rules)
            images.append(files.name)
        except OutputError:
            raise
        except FilmError as error:
            skipped[files.name] = f"'{files.name}': {error}"
    if not images:
        raise ScoreError(
            "table.nothing",
            "None of the {count} pairs has a usable fused image in '{path}': {reason}",
            count=len(listed.pairs), path=str(fused), reason=next(iter(skipped.values())),
        )  # fmt: skip
    return Outcome(sheet, [row, *(RULES if rules else ())], images, skipped)


def _columns(names: list[str] | None) -> list[str]:
    return list(METRICS) if names is None else names


def _own_name(row: str) -> str:
    """Return `row`, which must not be the name of a rule: that one's scores would replace it."""
    if row in RULES:
        raise ScoreError(
            "table.rule",
            "'{row}' is the name of a rule that is measured too; call the images otherwise (table: "
            "--row NAME; weights: another name on their card).",
            row=row,
        )
    return row


def _source_folders(listed: PairList) -> list[str]:
    """Return the folders that the sources come from, in absolute form, each once."""
    sources = (source for files in listed.pairs for source in (files.a, files.b))
    return list(dict.fromkeys(os.path.abspath(source.parent) for source in sources))


def _digests(files: PairFiles, fused: Path) -> tuple[str, str]:
    """Return digests of the sources with the fused image, and of the sources alone."""
    both = hashlib.sha256()
    for path in (files.a, files.b):
        both.update(hashlib.sha256(path.read_bytes()).digest())
    alone = both.hexdigest()[:16]
    both.update(fused.read_bytes())
    return both.hexdigest()[:16], alone


def _is_measured(sheet: ScoreSheet, files: PairFiles, fused: Path, row: str, rules: bool) -> bool:
    """Tell whether the sheet has all scores of these very pictures."""
    try:
        own, alone = _digests(files, fused)
    except OSError:  # not there, or unreadable: reading it as an image says why
        return False
    needed = [(row, own), *((name, alone) for name in RULES if rules)]
    return all(sheet.has(files.name, name, pictures) for name, pictures in needed)


def _measure(
    sheet: ScoreSheet, files: PairFiles, picture: Path, sources: PairedSources, row: str,
    fused: np.ndarray, names: list[str] | None, rules: bool,
) -> None:  # fmt: skip
    """Add what the sheet doesn't have yet: `fused` as read from the file `picture`, and rules."""
    a, b = grey_levels(sources.a.luminance), grey_levels(sources.b.luminance)
    against = Sources(a, b)
    own, alone = _digests(files, picture)
    candidates = {row: (fused, own)}
    if rules:
        candidates |= {name: (rule.fuse(a, b), alone) for name, rule in RULES.items()}
    for name, (image, pictures) in candidates.items():
        if not sheet.has(files.name, name, pictures):
            measured = {form: against.measure(image, names, form) for form in FORMS}
            sheet.add(files.name, name, measured, pictures)


def _open(folder: Path, made_by: dict[str, object], names: list[str]) -> ScoreSheet:
    note = folder / "test.json"
    try:
        for part in ("Gray", "Color"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        earlier = json.loads(note.read_text(encoding="utf-8")) if note.is_file() else made_by
    except OSError as error:
        raise output_error(folder, error) from None
    except ValueError:
        earlier = None
    # Notes of earlier versions name less; the scores' digests tell sources apart.
    if not isinstance(earlier, dict) or {**made_by, **earlier} != made_by:
        raise ScoreError(
            "test.other_weights",
            "'{folder}' holds a test of other weights, sources or settings; choose another --out "
            "or delete it.",
            folder=str(folder),
        )
    write_atomically(note, (json.dumps(made_by, indent=2) + "\n").encode())
    return ScoreSheet(folder / "metrics.csv", names)
