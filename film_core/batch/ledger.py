"""What of a batch is done, on disk: a picture and a record for each pair, both whole or absent."""

import hashlib
import json
from pathlib import Path
from typing import Any

from film_core.batch.engine import Fused, Work
from film_core.errors import OutputError
from film_core.images.writing import write_bytes

_FORMAT = "film-batch 1"


class Ledger:
    """The folder of a batch's results.

    ``images/<name>.png`` is a fused picture, ``records/<name>.json`` says what made it. The record
    is written last: without it the pair counts as not done. ``tries/<name>`` counts how often a
    worker of a cluster has begun with a pair and not come to its end.

    Args:
        folder: made if it isn't there, in an existing one.

    Raises:
        OutputError: it can't be made.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.images, self.records = self.folder / "images", self.folder / "records"
        self._tries = self.folder / "tries"
        for path in (self.folder, self.images, self.records):
            self._make(path)

    def image(self, name: str) -> Path:
        """Return where the picture of the pair `name` lies or will lie."""
        return self.images / f"{name}.png"

    def keep(self, key: str, fused: Fused) -> None:
        """Write picture and record. Raises OutputError."""
        name = fused.pair.name
        write_bytes(self.image(name), fused.png)
        record = {"key": key, "sha256": hashlib.sha256(fused.png).hexdigest(), "facts": fused.facts}
        content = json.dumps(record, indent=1, ensure_ascii=False)
        write_bytes(self.records / f"{name}.json", content.encode())

    def count_try(self, name: str, run: str) -> int:
        """Note that the pair `name` is begun in `run`; return how often it has been, with this one.

        Raises:
            OutputError: it can't be written.
        """
        path = self._tries / f"{name}.json"
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
            count = before["count"] + 1 if before["run"] == run else 1
        except (OSError, ValueError, KeyError, TypeError):
            count = 1
        self._make(self._tries)
        write_bytes(path, json.dumps({"run": run, "count": count}).encode())
        return count

    def forget_tries(self, name: str) -> None:
        """Forget how often the pair `name` was begun: it has come to its end."""
        (self._tries / f"{name}.json").unlink(missing_ok=True)

    def _make(self, path: Path) -> None:
        try:
            path.mkdir(exist_ok=True)
        except OSError as failure:
            raise OutputError(
                "output.unwritable",
                "'{path}' can't be written ({reason}): choose another place or make room.",
                path=str(self.folder), reason=failure.strerror or str(failure),
            ) from None  # fmt: skip

    def find(self, key: str, name: str) -> dict[str, Any] | None:
        """Return the facts of a pair that is done already, None where it must be fused.

        A record of other inputs, one that is damaged, and a picture that isn't the one that was
        written count as not done.
        """
        try:
            record = json.loads((self.records / f"{name}.json").read_text(encoding="utf-8"))
            if record["key"] != key:
                return None
            digest = hashlib.sha256(self.image(name).read_bytes()).hexdigest()
            return record["facts"] if digest == record["sha256"] else None
        except (OSError, ValueError, KeyError, TypeError):
            return None


def key_of(work: Work, settings: str) -> str:
    """Return what names the inputs of one result: both files, the texts and the settings."""
    digest = hashlib.sha256()
    parts = [_FORMAT, settings]
    parts += ["-" if text is None else f"+{text}" for text in (work.text_a, work.text_b)]
    written = (part.encode(errors="surrogatepass") for part in parts)
    for part in (*written, work.content_a, work.content_b):
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()
