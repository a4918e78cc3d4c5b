"""Who fuses the pairs of a batch: this process, or something larger behind the same face."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from film_core.as_json import finite
from film_core.batch.pairing import Pair
from film_core.errors import Cancelled, FilmError
from film_core.fusion import Fuser, Origin
from film_core.images import ImageLimits, encode_png, read_image
from film_core.tasks import Task, find_task
from film_core.text import describer_identity
from film_core.text.characters import check_storable

Cancelling = Callable[[], bool]


@dataclass(frozen=True)
class Work:
    """One pair with its files' contents, ready to be sent anywhere.

    Attributes:
        pair: which one.
        content_a, content_b: the two files.
        text_a, text_b: descriptions; None lets the describer write one.
    """

    pair: Pair
    content_a: bytes
    content_b: bytes
    text_a: str | None
    text_b: str | None


@dataclass(frozen=True)
class Fused:
    """What became of one pair: a picture and facts, or a sentence that says why not.

    Attributes:
        pair: which one.
        png: the fused picture as a PNG file, with its texts inside; b"" where it failed.
        facts: JSON-ready: width, height, texts, authors, metrics by form, seconds, notes.
        error: what went wrong, or None.
    """

    pair: Pair
    png: bytes
    facts: dict[str, Any]
    error: FilmError | None = None


class Engine(Protocol):
    """Fuses pairs.

    Attributes:
        settings: everything but the pair that the results depend on, as one string: results of
            equal settings and equal files are the same.
    """

    settings: str

    def run(self, work: Iterable[Work], cancelled: Cancelling) -> Iterator[Fused]:
        """Yield what becomes of each piece of work, in any order; stop soon after `cancelled`."""
        ...


class LocalEngine:
    """Fuses in this process, one pair after the other; the kernels use all cores for each.

    The kernels take batches of equal size, but work through them image by image with all threads,
    so a batch of small images is no faster: four of 64x64, 128x128 and 256x256 took 1.58, 2.09 and
    1.27 s together, and 1.44, 1.86 and 1.24 s one after the other (best of four, two busy cores).

    Args:
        fuser: what fuses.
        task: of all pairs.
        limits: of each image.
    """

    def __init__(self, fuser: Fuser, task: str | Task, limits: ImageLimits | None = None) -> None:
        self._fuser = fuser
        self._task = task if isinstance(task, Task) else find_task(task)
        self._limits = limits or ImageLimits()
        self.settings = "\n".join(
            (self._task.name, fuser.identity, describer_identity(fuser.describer))
        )

    def run(self, work: Iterable[Work], cancelled: Cancelling) -> Iterator[Fused]:
        """Yield results in the order of `work`."""
        for piece in work:
            if cancelled():
                return
            try:
                yield self._fuse(piece, cancelled)
            except Cancelled:
                return
            except FilmError as error:  # this pair can't be fused; the others can
                yield Fused(piece.pair, b"", {}, error)

    def _fuse(self, work: Work, cancelled: Cancelling) -> Fused:
        pair = work.pair
        check_storable(work.text_a, work.text_b)
        images = [
            read_image(content, item.path, self._limits)
            for content, item in ((work.content_a, pair.a), (work.content_b, pair.b))
        ]
        self._fuser.set_images(*images, self._task)
        result = self._fuser.fuse(
            work.text_a, work.text_b, attention=False, compare=False, cancelled=cancelled
        )
        facts = {
            "height": result.luminance.shape[0], "width": result.luminance.shape[1],
            "text_a": result.text_a, "text_b": result.text_b,
            "author_a": result.author_a, "author_b": result.author_b,
            "weights": result.weights, "encoder": result.encoder, "device": result.device,
            "metrics": finite(result.metrics), "seconds": result.timings["total"],
            "notes": result.notes,
        }  # fmt: skip
        digests = (
            hashlib.sha256(content).hexdigest() for content in (work.content_a, work.content_b)
        )
        made = Origin(result.task, result.weights, result.text_a, result.text_b, *digests)
        return Fused(pair, encode_png(result.image, made.entries()), facts)


ENGINES = ("local", "ray")
"""What ``--engine`` takes: this process, or a cluster (`film_core.batch.cluster`)."""
