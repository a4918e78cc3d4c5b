"""What a describer is, and which there are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from film_core.errors import unknown_name
from film_core.images.source import SourceImage
from film_core.tasks import Task


@dataclass(frozen=True)
class Description:
    """A paragraph about one image, and who wrote it ("measured", a model's name, ...)."""

    text: str
    author: str


class Describer(Protocol):
    """Writes a description of an image. `name` is as in `DESCRIBERS`."""

    name: str

    def describe(
        self, image: SourceImage, other: SourceImage | None, task: Task, source: str
    ) -> Description:
        """Describe `image`.

        Args:
            image: the image to describe.
            other: its partner of equal size, None while there is none.
            task: what the two are to be fused for.
            source: "a" or "b", which of the task's modalities `image` is.
        """
        ...


def _load_measured() -> Describer:
    from film_core.text.describers.measured import MeasuredDescriber

    return MeasuredDescriber()


DESCRIBERS: dict[str, Callable[[], Describer]] = {"measured": _load_measured}


def load_describer(name: str = "measured") -> Describer:
    """Return the describer called `name`.

    Raises:
        UnknownNameError: no such describer.
    """
    try:
        load = DESCRIBERS[str(name).strip().lower()]
    except KeyError:
        raise unknown_name("describer", name, DESCRIBERS) from None
    return load()
