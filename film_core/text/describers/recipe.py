"""The paper's recipe: caption, objects with boxes, regions, and a paragraph that merges them.

FILM's descriptions came from BLIP-2 (caption), GRiT (objects with boxes) and Segment Anything
(regions), merged by ChatGPT (Zhao et al., ICML 2024, section 3.1). Here each step is answered by
whichever describer is chosen for it, and every answer is kept with its author.
"""

from collections.abc import Callable, Mapping

from film_core.errors import SettingError, unknown_name
from film_core.images.source import SourceImage
from film_core.tasks import Task
from film_core.text.describers.answers import clean_answer, plain_lines
from film_core.text.describers.describer import (
    Choices,
    Describer,
    Description,
    Step,
    load_describer,
)
from film_core.text.describers.measured.steps import MEASURED_STEPS
from film_core.text.describers.model import ModelDescriber
from film_core.text.describers.prompts import merge_prompt, step_prompt

LOOKING = ("caption", "objects", "regions")
"""The steps that look at the image; "merge" follows and reads only their answers."""
STEPS = (*LOOKING, "merge")
_WRITERS = ("measured", "vlm", "endpoint")

Progress = Callable[[str, float | None, str], None]


class Recipe:
    """Describes an image in steps; see `Describer`.

    Attributes:
        writers: who answers which step.
    """

    name = "recipe"

    def __init__(self, writers: Mapping[str, Describer], progress: Progress | None = None) -> None:
        """Take {step: describer} for all of `STEPS`; `progress` is told of each step."""
        self.writers = dict(writers)
        self._progress = progress or (lambda stage, done, detail: None)

    def describe(
        self, image: SourceImage, other: SourceImage | None, task: Task, source: str
    ) -> Description:
        """Return the merged paragraph with all steps; see `Describer.describe`.

        Raises:
            UnknownNameError: `source` is neither "a" nor "b".
            TextError: a step that a model doesn't answer.
        """
        done: list[Step] = []
        for index, step in enumerate(LOOKING):
            self._progress(step, index / len(STEPS), self.writers[step].name)
            done.append(self._look(step, image, other, task, source))
        self._progress("merge", len(LOOKING) / len(STEPS), self.writers["merge"].name)
        found = {step.name: step.answer for step in done}
        merged = self._merge(found, task, source)
        authors = dict.fromkeys(step.author for step in (*done, merged))
        return Description(merged.answer, " + ".join(authors), (*done, merged))

    def _look(
        self, step: str, image: SourceImage, other: SourceImage | None, task: Task, source: str
    ) -> Step:
        writer = self.writers[step]
        if isinstance(writer, ModelDescriber):
            answer = writer.model.answer(step_prompt(step, task, source), image, step)
            return Step(step, plain_lines(answer, writer.author), writer.author)
        return Step(step, MEASURED_STEPS[step](image, other, task, source), writer.name)

    def _merge(self, found: dict[str, str], task: Task, source: str) -> Step:
        writer = self.writers["merge"]
        if isinstance(writer, ModelDescriber):
            answer = writer.model.answer(merge_prompt(task, source, found), None, "merge")
            return Step("merge", clean_answer(answer, writer.author), writer.author)
        joined = " ".join(_sentence(answer) for answer in found.values())
        return Step("merge", clean_answer(joined, writer.name), writer.name)


def load_recipe(choices: Choices) -> Recipe:
    """Return the recipe that `choices.recipe` states; unnamed steps are measured.

    Raises:
        UnknownNameError: a step or writer that doesn't exist.
        SettingError: not of the form "caption=vlm,merge=endpoint".
        TextError: a model that can't be used.
    """
    named = _read(choices.recipe)
    # One model for all of its steps, not one each.
    loaded = {
        writer: load_describer(writer, vlm=choices.vlm) for writer in dict.fromkeys(named.values())
    }
    return Recipe({step: loaded[writer] for step, writer in named.items()})


def _read(text: str) -> dict[str, str]:
    named = dict.fromkeys(STEPS, "measured")
    for part in filter(None, (part.strip() for part in text.split(","))):
        step, equals, writer = (piece.strip().lower() for piece in part.partition("="))
        if not equals:
            raise SettingError(
                "recipe.form",
                "The recipe part '{part}' isn't of the form step=describer, such as caption=vlm.",
                part=part[:60],
            )
        if step not in STEPS:
            raise unknown_name("step", step[:60], STEPS)
        if writer not in _WRITERS:
            raise unknown_name("describer for a step", writer[:60], _WRITERS)
        named[step] = writer
    return named


def _sentence(answer: str) -> str:
    words = "; ".join(line.strip() for line in answer.splitlines() if line.strip())
    return words if words.endswith((".", "!", "?")) else f"{words}."
