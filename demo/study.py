"""What the page knows of a visit's prompt study: what to ask, and what came of it."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from demo.worker.job import Job

if TYPE_CHECKING:
    from film_core.study import Study, Variant

MOST_TEXTS = 12


@dataclass
class PromptStudy:
    """A study that is being put together, runs, or is done.

    Attributes:
        yours: own texts to compare: whose description each replaces, and the text.
        words: whether each word is left out in turn.
        controls: whether controls are compared.
        study: the rows so far; None before the first start.
        base: (H, W) float32, the base's fused luminance.
        about: task, both sources' digests and both texts that `study` is about.
        running: whether rows are being computed.
        number: of the row that is being computed, from 1.
        seconds: since the start.
        stopping: whether the visitor asked to stop.
        job: the row in the worker's line.
        pictures: addresses of each row's picture and map, and the map's scale.
        left: addresses of pictures that are shown no longer, to be taken off the shelf.
    """

    yours: list[tuple[Literal["a", "b"], str]] = field(default_factory=list)
    words: bool = True
    controls: bool = True
    study: "Study | None" = None
    base: np.ndarray | None = None
    about: tuple[str, ...] = ()
    running: bool = False
    number: int = 0
    seconds: float = 0.0
    stopping: bool = False
    job: Job | None = None
    pictures: "dict[Variant, tuple[str, str, float]]" = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    def continued(self) -> "PromptStudy":
        """Return the study with its rows for a page that opened anew; nothing runs for it yet."""
        return replace(
            self, yours=list(self.yours), pictures=dict(self.pictures), left=list(self.left),
            running=False, stopping=False, job=None,
        )  # fmt: skip

    def forget(self) -> None:
        """Drop the rows, as their images are there no longer; what to ask stays."""
        self.study, self.base, self.about, self.stopping = None, None, (), True
        self.left += [address for shown in self.pictures.values() for address in shown[:2]]
        self.pictures.clear()
