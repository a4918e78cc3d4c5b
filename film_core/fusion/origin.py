"""What made a fused picture, small enough to travel in the picture itself or in a link.

Written as text entries of the PNG. Whoever reads them back can't know who wrote them, so every
value is checked before it is used.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from film_core.errors import ImageError
from film_core.tasks import TASKS

MOST_CHARACTERS = 20_000
_MOST_OF_A_NAME = 255  # as long as file systems take
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PREFIX = "film."
_UNSTORABLE = ("Cc", "Cs")


@dataclass(frozen=True)
class Origin:
    """What it takes to make a fused picture again, but for the two images themselves.

    Attributes:
        task: name of the task.
        weights: name of the weights.
        text_a, text_b: the two descriptions.
        sha256_a, sha256_b: of the source files, as 64 hexadecimal digits.
        instruction: what the network was told to do; "" for nothing.
    """

    task: str
    weights: str
    text_a: str
    text_b: str
    sha256_a: str
    sha256_b: str
    instruction: str = ""

    def entries(self) -> dict[str, str]:
        """Return the text entries for a PNG, as `film_core.images.write_image` takes them.

        Of a longer text the first 20,000 characters are stored, as many as are read back: far more
        than the 512 tokens of it that were encoded.
        """
        values = {
            f"{_PREFIX}{name}": _storable(value)[:MOST_CHARACTERS]
            for name, value in vars(self).items()
        }
        return {"Software": "FILM Studio", **values}

    def digest(self, source: str) -> str:
        """Return SHA-256 of source ``a`` or ``b``."""
        return self.sha256_a if source == "a" else self.sha256_b

    def text(self, source: str) -> str:
        """Return the description of source ``a`` or ``b``."""
        return self.text_a if source == "a" else self.text_b


def read_origin(entries: Mapping[str, str], name: str) -> Origin:
    """Return the Origin that `entries` hold; they may come from anywhere.

    Args:
        entries: keyword -> text, as of `film_core.images.read_text`, with or without "film.".
        name: what they were read from, for the sentence.

    Raises:
        ImageError: there is none, or a value that no picture of ours has.
    """
    given = {key.removeprefix(_PREFIX): value for key, value in entries.items()}
    if "task" not in given:
        raise ImageError(
            "origin.none",
            "'{name}' carries no parameters of FILM Studio: choose a PNG that was saved here, "
            "unchanged by other programs.",
            name=name,
        )  # fmt: skip
    fields = {field: given.get(field, "") for field in Origin.__dataclass_fields__}
    sound = {
        "task": fields["task"] in TASKS,
        "weights": _is_name(fields["weights"]),
        "text_a": _is_text(fields["text_a"]),
        "text_b": _is_text(fields["text_b"]),
        "instruction": _is_text(fields["instruction"]),
        "sha256_a": _DIGEST.fullmatch(fields["sha256_a"]) is not None,
        "sha256_b": _DIGEST.fullmatch(fields["sha256_b"]) is not None,
    }
    for field, is_sound in sound.items():
        if not is_sound:
            raise ImageError(
                "origin.damaged",
                "The parameters of '{name}' can't be used, their {field} is missing or wrong: "
                "choose a picture or link that FILM Studio made.",
                name=name, field=field,
            )  # fmt: skip
    return Origin(**fields)


def _is_name(text: str) -> bool:
    """Whether `text` can be the name of weights: some printable characters, no path."""
    fits = 0 < len(text) <= _MOST_OF_A_NAME and text.isprintable() and text.strip(". ") != ""
    return fits and not set(text) & set("/\\")


def _is_text(text: str) -> bool:
    """Whether `text` is one that could have been typed: no control characters, not endless."""
    return len(text) <= MOST_CHARACTERS and text == _storable(text)


def _storable(text: str) -> str:
    """Return `text` without control characters and halves of characters, which no PNG can hold."""
    return "".join(c for c in text if c in "\n\r\t" or unicodedata.category(c) not in _UNSTORABLE)
