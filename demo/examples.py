"""The examples that come with the repository, with the results that were computed beforehand."""

import hashlib
import io
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "examples"
_THUMBNAIL = (192, 144)
PICTURES = ("a", "b", "fused", "attention")
_NEEDED = ("a", "b")


@dataclass(frozen=True)
class Example:
    """A pair that can be tried at once.

    Attributes:
        key: "<task>/<name>", also its folder below `FOLDER`.
        title: what it shows.
        about: the contents of its example.json (sentence, source, licence, ...).
        result: the contents of its result.json; None where it wasn't computed beforehand.
    """

    key: str
    title: str
    about: dict[str, Any]
    result: dict[str, Any] | None

    @property
    def task(self) -> str:
        """Name of its task."""
        return self.key.split("/")[0]

    def file(self, picture: str) -> Path:
        """Path of one of its PICTURES."""
        return FOLDER / self.key / f"{picture}.png"


@cache
def find_examples() -> dict[str, Example]:
    """Return the complete examples by key, in the order of their names."""
    found = {}
    for about_file in sorted(FOLDER.glob("*/*/example.json")):
        folder = about_file.parent
        if not all((folder / f"{name}.png").is_file() for name in _NEEDED):
            continue
        about = json.loads(about_file.read_text(encoding="utf-8"))
        result = None
        if (folder / "result.json").is_file() and (folder / "fused.png").is_file():
            result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        key = f"{folder.parent.name}/{folder.name}"
        found[key] = Example(key, about.get("title", folder.name.replace("-", " ")), about, result)
    return found


@cache
def _by_digests() -> dict[tuple[str, ...], Example]:
    return {
        tuple(
            hashlib.sha256(example.file(name).read_bytes()).hexdigest() for name in _NEEDED
        ): example
        for example in find_examples().values()
    }


def example_of(sha256_a: str, sha256_b: str) -> Example | None:
    """Return the example whose two files have these digests, None where there is none."""
    return _by_digests().get((sha256_a, sha256_b))


def examples_of(task: str) -> list[Example]:
    """Return the examples of `task`."""
    return [example for example in find_examples().values() if example.task == task]


@cache
def thumbnail(key: str, picture: str) -> bytes:
    """Return a small WebP of an example's picture."""
    from PIL import Image

    with Image.open(find_examples()[key].file(picture)) as image:
        small = image.convert("RGB")
    small.thumbnail(_THUMBNAIL)
    file = io.BytesIO()
    small.save(file, "WEBP", quality=82)
    return file.getvalue()
