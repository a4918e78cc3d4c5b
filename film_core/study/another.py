"""The description of another picture: a control that is a text, and wrong."""

from pathlib import Path

from film_core.images import PairedSources, pair, read_image
from film_core.tasks import Task
from film_core.text import Describer

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
"""The repository's own pairs: ``<task>/<name>/{a,b}.png``."""


def describe_another(
    sources: PairedSources, task: Task, describer: Describer, folder: Path = EXAMPLES
) -> tuple[str, str] | None:
    """Return both descriptions of the first example of `task` that isn't `sources` itself.

    None where there is no such example.
    """
    for example in sorted((folder / task.name).glob("*")):
        files = [example / f"{side}.png" for side in "ab"]
        if not all(file.is_file() for file in files):
            continue
        other = pair(*(read_image(file) for file in files))
        same = (
            other.a.luminance.shape == sources.a.luminance.shape
            and (other.a.luminance == sources.a.luminance).all()
        )
        if same:
            continue
        return (
            describer.describe(other.a, other.b, task, "a").text,
            describer.describe(other.b, other.a, task, "b").text,
        )
    return None
