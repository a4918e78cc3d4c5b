"""How a result can be had again: a link to this page, and a command for a terminal."""

import shlex
from urllib.parse import parse_qsl, urlencode

from demo.state import Result, Source
from film_core.errors import ImageError
from film_core.fusion.origin import MOST_CHARACTERS, Origin, read_origin

_FIELDS = len(Origin.__dataclass_fields__)
_MOST_FRAGMENT = 12 * 2 * MOST_CHARACTERS  # both texts of characters that take three bytes each


def as_fragment(origin: Origin) -> str:
    """Return `origin` as the part of a link behind "#", which browsers keep to themselves."""
    return urlencode(vars(origin))


def read_fragment(fragment: str) -> Origin:
    """Return the Origin that the part of a link behind "#" holds; it may come from anywhere.

    Raises:
        ImageError: there is none in it, or none that could be of ours.
    """
    try:
        if len(fragment) > _MOST_FRAGMENT:
            raise ValueError("endless")
        given = dict(parse_qsl(fragment, keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError:
        raise ImageError(
            "origin.link", "This link can't be used, it is longer than any of ours: copy it again."
        ) from None
    return read_origin(given, "link")


def is_link(fragment: str) -> bool:
    """Whether `fragment` means to be one of ours; "#work" is a place on the page."""
    return "task=" in fragment


def as_command(result: Result) -> str:
    """Return the command that computes `result`, for a POSIX shell in the folder of the images."""
    images = [_path(result.sources[slot]) for slot in ("a", "b")]
    options = {
        "task": result.task, "weights": result.weights, "text-a": result.text_a,
        "text-b": result.text_b, "out": "fused.png",
    }  # fmt: skip
    if result.instruction:
        options["instruction"] = result.instruction
    given = [f"--{name}={value}" for name, value in options.items()]
    return shlex.join(["python", "-m", "film_core", "fuse", *images, *given])


def _path(source: Source) -> str:
    if source.picture.startswith("example/"):
        return f"examples/{source.picture.removeprefix('example/')}"
    return f"./{source.name}" if source.name.startswith("-") else source.name
