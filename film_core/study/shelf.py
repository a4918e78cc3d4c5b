"""Rows kept on disk, so that a study that was stopped carries on instead of starting again."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np

from film_core.errors import OutputError
from film_core.fusion import Fuser
from film_core.images import PairedSources
from film_core.images.writing import write_bytes
from film_core.npz import DAMAGED
from film_core.study.question import Variant
from film_core.study.result import Change, Row
from film_core.tasks import Task

_FORMAT = 2  # of the files; rows of another one are computed again


class RowShelf:
    """A folder of rows, one file each, named by what they were computed from.

    Args:
        folder: made if it isn't there.

    Raises:
        OutputError: the folder can't be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as failure:
            raise OutputError(
                "output.unwritable",
                "'{path}' can't be written ({reason}): choose another place or make room.",
                path=str(folder), reason=failure.strerror or str(failure),
            ) from None  # fmt: skip

    def save(self, fingerprint: str, row: Row) -> None:
        """Keep `row`. Raises OutputError."""
        facts = {
            "mean": row.change.mean, "most": row.change.most, "metrics": row.metrics,
            "seconds": row.seconds, "notes": list(row.notes),
        }  # fmt: skip
        content = io.BytesIO()
        np.savez_compressed(
            content, image=row.image, map=row.change.map, facts=np.array(json.dumps(facts))
        )
        write_bytes(self._path(fingerprint, row.variant), content.getvalue())

    def load(self, fingerprint: str, variant: Variant) -> Row | None:
        """Return the row that was kept for `variant`; None where there is none, or a damaged one.

        A damaged file is computed again and replaced.
        """
        path = self._path(fingerprint, variant)
        try:
            with np.load(path, allow_pickle=False) as kept:
                facts = json.loads(str(kept["facts"]))
                change = Change(facts["mean"], facts["most"], kept["map"])
                return Row(
                    variant, kept["image"], change, facts["metrics"], facts["seconds"],
                    tuple(facts["notes"]),
                )  # fmt: skip
        except (KeyError, *DAMAGED):
            return None

    def _path(self, fingerprint: str, variant: Variant) -> Path:
        text = "\0".join(
            (fingerprint, variant.text_a, variant.text_b, str(variant.seed), variant.kind)
        )
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.npz"


def fingerprint(fuser: Fuser, sources: PairedSources, task: Task, names: list[str] | None) -> str:
    """Return what names everything but the texts that rows depend on."""
    digest = hashlib.sha256()
    for image in (sources.a, sources.b):
        digest.update(image.luminance.tobytes())
        digest.update(b"" if image.chroma is None else image.chroma.tobytes())
    shape = f"{sources.width}x{sources.height}"
    return "\0".join(
        (str(_FORMAT), digest.hexdigest(), shape, task.name, fuser.identity, str(names))
    )
