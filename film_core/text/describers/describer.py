"""What a describer is, and which there are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from film_core.errors import unknown_name
from film_core.images.source import SourceImage
from film_core.tasks import Task


@dataclass(frozen=True)
class Step:
    """One question on the way to a description: which, the answer, and who gave it."""

    name: str
    answer: str
    author: str


@dataclass(frozen=True)
class Description:
    """A paragraph about one image.

    Attributes:
        text: the paragraph.
        author: who wrote it: "measured", or a model's name.
        steps: what it was made of, where it was made in several steps.
    """

    text: str
    author: str
    steps: tuple[Step, ...] = ()


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


@dataclass(frozen=True)
class Choices:
    """What some describers have to be told.

    Attributes:
        vlm: folder or cached name of a vision-language model; None where a setting names it.
        recipe: who answers which step of the recipe, such as "caption=vlm,merge=endpoint".
    """

    vlm: str | None = None
    recipe: str = ""


def _load_measured(choices: Choices) -> Describer:
    from film_core.text.describers.measured import MeasuredDescriber

    return MeasuredDescriber()


def _load_vlm(choices: Choices) -> Describer:
    from film_core.text.describers.model import ModelDescriber
    from film_core.text.describers.vlm import LocalModel

    return ModelDescriber("vlm", LocalModel(choices.vlm))


def _load_endpoint(choices: Choices) -> Describer:
    from film_core.text.describers.endpoint import Endpoint
    from film_core.text.describers.model import ModelDescriber

    return ModelDescriber("endpoint", Endpoint())


def _load_recipe(choices: Choices) -> Describer:
    from film_core.text.describers.recipe import load_recipe

    return load_recipe(choices)


DESCRIBERS: dict[str, Callable[[Choices], Describer]] = {
    "measured": _load_measured,
    "vlm": _load_vlm,
    "endpoint": _load_endpoint,
    "recipe": _load_recipe,
}


def describer_identity(describer: Describer) -> str:
    """Return what distinguishes describers whose answers differ: kind, model, each step's too.

    A model's name isn't enough: other weights may bear it, or another server know it.
    """
    writers = getattr(describer, "writers", None)
    if writers is not None:
        steps = ",".join(f"{step}={describer_identity(writer)}" for step, writer in writers.items())
        return f"{describer.name}({steps})"
    author, fingerprint = (getattr(describer, part, "") for part in ("author", "fingerprint"))
    return f"{describer.name}:{author}:{fingerprint}"


def load_describer(name: str = "measured", vlm: str | None = None, recipe: str = "") -> Describer:
    """Return the describer called `name`.

    Args:
        name: ``measured`` (always there), ``vlm``, ``endpoint`` or ``recipe``.
        vlm, recipe: see `Choices`.

    Raises:
        UnknownNameError: no such describer.
        SettingError, TextError: it isn't set up, or its model can't be used.
    """
    try:
        load = DESCRIBERS[str(name).strip().lower()]
    except KeyError:
        raise unknown_name("describer", name, DESCRIBERS) from None
    return load(Choices(vlm, recipe))
