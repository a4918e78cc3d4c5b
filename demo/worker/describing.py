"""The worker that has the host's model describe: an endpoint, a local model, or the recipe.

Apart from the reading worker, because an answer can take a minute and nobody's upload waits for it.
"""

import os
from collections.abc import Callable
from typing import Any

from demo.worker.reading import Reading
from demo.worker.secrecy import shut_memory


class Describing(Reading):
    """Operation: "describe"."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = {"describe": self._describe}

    def start(self, progress: Callable[..., None]) -> dict[str, Any]:
        """Load the model; raises FilmError where the host hasn't set it up."""
        from film_core.text import load_describer

        shut_memory()
        name = os.environ["FILM_STUDIO_WORKER_DESCRIBER"]
        progress("describer", None, name)
        recipe = os.environ.get("FILM_STUDIO_WORKER_RECIPE", "")
        self._describer = load_describer(name, recipe=recipe)
        return {"describer": name}


WORK = Describing()
