"""Describes the pairs of a data set."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from film_core.data import PairFiles, PairList
from film_core.errors import Cancelled, FilmError, OutputError
from film_core.images import pair, read_image
from film_core.text.batch.cache import AnswerCache
from film_core.text.batch.ledger import Ledger, Report
from film_core.text.describers import Describer, Description, Step, describer_identity
from film_core.text.describers.prompts import VERSION

Progress = Callable[[str, float | None, str], None]


def describe_pairs(
    listed: PairList,
    root: Path,
    describer: Describer,
    cache: AnswerCache,
    *,
    force: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Report:
    """Write a file of two paragraphs for each pair, ``root/Text/<task>/<data set>/<name>.txt``.

    Args:
        listed: the pairs.
        root: the layout's root.
        describer: who writes.
        cache: where models' answers are kept; a measured one is quicker made than read.
        force: replace files that a person wrote or edited, too.
        progress, cancelled: told of each pair, and asked before it.

    Raises:
        OutputError: no room, no permission.
        Cancelled: `cancelled` said so; what was written stays.
    """
    folder = root / "Text" / listed.task.name.upper() / listed.dataset
    ledger, report = Ledger(folder), Report(folder, failed=dict(listed.skipped))
    for index, files in enumerate(listed.pairs):
        if cancelled is not None and cancelled():
            raise Cancelled()
        if progress is not None:
            progress("describe", index / len(listed.pairs), files.name)
        file = folder / f"{files.name}.txt"
        try:
            key = _key(files, listed.task.name, describer)
            state = ledger.state(files.name, file, key)
            if state == "foreign" and not force:
                report.foreign.append(files.name)
            elif state == "current":
                report.kept.append(files.name)
            else:
                a, b = _describe(files, listed, describer, cache, key)
                # A paragraph each; a line break within one would begin another.
                text = f"{' '.join(a.text.split())}\n\n{' '.join(b.text.split())}\n"
                ledger.write(
                    files.name, file, text.encode(), key,
                    author_a=a.author, author_b=b.author,
                    steps_a=[asdict(step) for step in a.steps],
                    steps_b=[asdict(step) for step in b.steps],
                )  # fmt: skip
                report.written.append(files.name)
        except OutputError:
            raise
        except FilmError as error:
            report.failed[files.name] = f"'{files.name}': {error}"
    if progress is not None:
        progress("describe", 1.0, str(folder))
    return report


def _describe(
    files: PairFiles, listed: PairList, describer: Describer, cache: AnswerCache, key: str
) -> tuple[Description, Description]:
    kept = _from_json(cache.get(key))
    if kept is not None:
        return kept
    both = pair(read_image(files.a), read_image(files.b))
    made = (
        describer.describe(both.a, both.b, listed.task, "a"),
        describer.describe(both.b, both.a, listed.task, "b"),
    )
    if describer.name != "measured":
        cache.put(key, json.dumps([asdict(one) for one in made]).encode())
    return made


def _from_json(content: bytes | None) -> tuple[Description, Description] | None:
    try:
        a, b = (
            Description(one["text"], one["author"], tuple(Step(**step) for step in one["steps"]))
            for one in json.loads(content or b"null")
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None  # nothing there, or damaged: it is made again
    return a, b


def _key(files: PairFiles, task: str, describer: Describer) -> str:
    """Return the SHA-256 of both images, the task, the describer and the wording of its prompts."""
    digest = hashlib.sha256()
    for path in (files.a, files.b):
        try:
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError:
            digest.update(bytes(32))  # reading the image says what is wrong with it
    digest.update("\0".join([task, describer_identity(describer), VERSION]).encode())
    return digest.hexdigest()
