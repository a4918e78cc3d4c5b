"""Encodes the descriptions of a data set."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from film_core.data import read_written
from film_core.errors import Cancelled, FilmError, OutputError
from film_core.tasks import Task
from film_core.text.batch.cache import AnswerCache
from film_core.text.batch.ledger import Ledger, Report
from film_core.text.encoding import Encoder, encode_pair, encoder_identity

Progress = Callable[[str, float | None, str], None]


def encode_texts(
    root: Path,
    out: Path,
    task: Task,
    dataset: str,
    encoder: Encoder,
    cache: AnswerCache,
    *,
    force: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Report:
    """Write ``out/TextFeature/<task>/<data set>/<name>.npy`` for every text in ``root/Text``.

    Each file is (1, T, width) float32, the tokens of A and then those of B, as published.

    Args:
        root, out: the layout's roots to read from and to write to.
        task, dataset: which folder.
        encoder: what encodes.
        cache: where features are kept.
        force: replace files that came from elsewhere, too.
        progress, cancelled: told of each pair, and asked before it.

    Raises:
        OutputError: no room, no permission.
        Cancelled: `cancelled` said so; what was written stays.
    """
    below = Path(task.name.upper()) / dataset
    folder = out / "TextFeature" / below
    ledger, report = Ledger(folder), Report(folder)
    names = written_names(root / "Text" / below)
    for index, name in enumerate(names):
        if cancelled is not None and cancelled():
            raise Cancelled()
        if progress is not None:
            progress("encode", index / len(names), name)
        try:
            _encode(root / "Text" / below, name, encoder, cache, ledger, report, force)
        except OutputError:
            raise
        except FilmError as error:
            report.failed[name] = f"'{name}': {error}"
    if progress is not None:
        progress("encode", 1.0, str(folder))
    return report


def written_names(folder: Path) -> list[str]:
    """Return the names of the pairs that have texts in `folder`, in order.

    Hidden files, such as the ._ ones that macOS puts beside others, are the system's.
    """
    stems = {path.stem for path in folder.glob("*.txt") if not path.name.startswith(".")}
    apart = {stem[:-2] for stem in stems if stem.endswith("_A") and f"{stem[:-2]}_B" in stems}
    halves = {f"{name}_{side}" for name in apart for side in "AB"}
    return sorted((stems - halves) | apart)


def _encode(folder, name, encoder, cache, ledger, report, force) -> None:
    text_a, text_b = read_written(folder, name)
    made_from = "\0".join([encoder_identity(encoder), text_a, text_b])
    key = hashlib.sha256(made_from.encode()).hexdigest()
    file = report.folder / f"{name}.npy"
    state = ledger.state(name, file, key)
    if state == "foreign" and not force:
        report.foreign.append(name)
    elif state == "current":
        report.kept.append(name)
    else:
        content = cache.get(key)
        if content is None:
            written = io.BytesIO()
            np.save(written, encode_pair(encoder, text_a, text_b).features[None])  # (1, T, width)
            content = written.getvalue()
            cache.put(key, content)
        ledger.write(name, file, content, key, encoder=encoder.name, width=encoder.width)
        report.written.append(name)
