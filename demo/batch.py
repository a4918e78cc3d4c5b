"""What the page knows of a visit's batch: the files, what pairs with what, what became of each."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from demo.worker.job import Job
from film_core.errors import FilmError

if TYPE_CHECKING:
    from film_core.batch import Unpaired


@dataclass(frozen=True)
class PairOfFiles:
    """Two files that belong together: their paths as shown, and a name that no other pair has."""

    name: str
    a: str
    b: str


@dataclass(frozen=True)
class PairOutcome:
    """What became of one pair.

    Attributes:
        state: "done" or "failed".
        picture: where the fused image is, "" where it failed.
        facts: as in `film_core.batch.Fused`; {} where it failed.
        error: why it failed.
    """

    state: Literal["done", "failed"]
    picture: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    error: FilmError | None = None


@dataclass
class PageBatch:
    """A batch that is being put together, runs, or is done.

    Attributes:
        files: the visitor's own files by side and path; empty where a zip was given.
        archive: the zip's bytes, b"" where files were given.
        archive_name: the visitor's name for it.
        pairs, unpaired: the preview.
        own_texts: whether the two texts of the page are used for all pairs, instead of a
            description of each image.
        about: what the outcomes depend on besides the files, as chosen at the start: task, network,
            instruction, and the text for A and for B, None for a description of each image.
        outcomes: by the pair's name.
        running, stopping: as in `PromptStudy`.
        seconds: since the start.
        started: how many outcomes there were at the start.
        job: the pair in the worker's line.
    """

    files: dict[Literal["a", "b"], dict[str, bytes]] = field(
        default_factory=lambda: {"a": {}, "b": {}}
    )
    archive: bytes = b""
    archive_name: str = ""
    pairs: list[PairOfFiles] = field(default_factory=list)
    unpaired: "list[Unpaired]" = field(default_factory=list)
    own_texts: bool = False
    about: tuple[str | None, ...] = ()
    outcomes: dict[str, PairOutcome] = field(default_factory=dict)
    running: bool = False
    stopping: bool = False
    seconds: float = 0.0
    started: int = 0
    job: Job | None = None

    def continued(self) -> "PageBatch":
        """Return the batch with its outcomes for a page that opened anew; nothing runs yet."""
        return replace(
            self, files={side: dict(files) for side, files in self.files.items()},
            outcomes=dict(self.outcomes), running=False, stopping=False, job=None,
        )  # fmt: skip

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return len(self.archive) + sum(
            len(data) for side in self.files.values() for data in side.values()
        )
