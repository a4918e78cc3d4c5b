"""In the reading worker: what is in a stranger's zip, and the two files of one pair."""

from dataclasses import asdict
from typing import Any

from film_core.batch import BatchLimits, Preview, open_archive
from film_core.images import ImageLimits


def preview(request: dict[str, Any], archive: bytes) -> dict[str, Any]:
    """Return the pairs of a zip and what is left out, as messages."""
    found = _open(request, archive)
    return {
        "pairs": [{"name": p.name, "a": p.a.path, "b": p.b.path} for p in found.pairs],
        "unpaired": [asdict(one) for one in found.unpaired],
    }


def pair_contents(request: dict[str, Any], archive: bytes) -> dict[str, Any]:
    """Return the contents of the two files of one pair."""
    for pair in _open(request, archive).pairs:
        if (pair.a.path, pair.b.path) == (request["a_path"], request["b_path"]):
            return {"a": pair.a.read(), "b": pair.b.read()}
    raise KeyError("the page asked for a pair that isn't in the zip")


def _open(request: dict[str, Any], archive: bytes) -> Preview:
    limits = request["limits"]
    image = ImageLimits(max_pixels=limits["max_pixels"], max_bytes=limits["max_bytes"])
    return open_archive(
        archive, BatchLimits(max_archive_bytes=limits["max_archive_bytes"], image=image)
    )
