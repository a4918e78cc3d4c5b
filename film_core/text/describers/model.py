"""A describer whose words come from a model that can be asked: by prompt, with or without image."""

from typing import Protocol

from film_core.images.source import SourceImage
from film_core.tasks import Task
from film_core.text.describers.answers import clean_answer
from film_core.text.describers.describer import Description
from film_core.text.describers.prompts import description_prompt


class Model(Protocol):
    """A vision-language model.

    Attributes:
        author: names it to people.
        fingerprint: tells it from others of that name.
    """

    author: str
    fingerprint: str

    def answer(
        self, prompt: str, image: SourceImage | None = None, step: str = "description"
    ) -> str:
        """Return what the model writes.

        Args:
            prompt: the question.
            image: what it is about; None for a question about text alone.
            step: "description", or the recipe's step; some models know it better than a prompt.

        Raises:
            TextError: the model can't be asked.
        """
        ...


class ModelDescriber:
    """Describes an image by one question to a model."""

    def __init__(self, name: str, model: Model) -> None:
        self.name = name
        self.model = model

    @property
    def author(self) -> str:
        """The model's name."""
        return self.model.author

    @property
    def fingerprint(self) -> str:
        """What tells the model from others of its name."""
        return self.model.fingerprint

    def describe(
        self, image: SourceImage, other: SourceImage | None, task: Task, source: str
    ) -> Description:
        """Return the model's paragraph; see `Describer.describe`. `other` is not shown to it.

        Raises:
            UnknownNameError: `source` is neither "a" nor "b".
            TextError: the model can't be asked, or its answer is no description.
        """
        prompt = description_prompt(task, source)
        return Description(clean_answer(self.model.answer(prompt, image), self.author), self.author)
